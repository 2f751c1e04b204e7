"""The composition root of referral."""

import json
from pathlib import Path

from services.referral.domain.directory import Directory, parse_directory
from services.referral.handlers import Desk, list_facts
from services.referral.http import ROUTES
from services.referral.settings import ReferralSettings
from services.referral.stream import build_handler
from shared.events.topics import topics_read_by
from shared.service import Service, Tools

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


SERVICE = Service(
    name="referral",
    settings=ReferralSettings,
    folder=FOLDER,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("referral"),
    build_handler=lambda tools: build_handler(tools, build_desk(tools)),
    list_facts=list_facts,
    has_dead_letters=True,
)
