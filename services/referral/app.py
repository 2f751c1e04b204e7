"""The composition root of referral."""

import argparse
import json
from datetime import datetime
from pathlib import Path

from services.referral.domain.directory import Directory, parse_directory
from services.referral.handlers import Desk, republish
from services.referral.http import ROUTES
from services.referral.settings import ReferralSettings
from services.referral.stream import build_handler
from shared.clock import SystemClock
from shared.events.topics import topics_read_by
from shared.metrics import Metrics
from shared.service import Command, Service, Tools, open_tools

FOLDER = Path(__file__).parent


def load_directory() -> Directory:
    """Return the directory of field offices.

    Raises:
        Rejected: the file does not say what it must; each fault is named.
    """
    return parse_directory(json.loads((FOLDER / "offices.json").read_text(encoding="utf-8")))


def build_desk(tools: Tools[ReferralSettings]) -> Desk:
    """Return what routes and stream use."""
    return Desk(
        clock=tools.clock,
        outbox=tools.outbox,
        directory=load_directory(),
        confidence_min=tools.settings.routing_confidence_min,
    )


async def _republish(settings: ReferralSettings, arguments: argparse.Namespace) -> int:
    tools = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="republish")
    try:
        await republish(tools.pool, tools.outbox, since=arguments.since, tell=print)
    finally:
        await tools.pool.close()
    return 0


def _add_since(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=datetime.fromisoformat, help="only what was published from this time on")


SERVICE = Service(
    name="referral",
    settings=ReferralSettings,
    folder=FOLDER,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("referral"),
    build_handler=lambda tools: build_handler(tools, build_desk(tools)),
    commands={"republish": Command("put published events through the outbox again, unchanged", _republish, _add_since)},
)
