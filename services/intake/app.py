"""The composition root of intake."""

import argparse
from datetime import datetime
from pathlib import Path

from services.intake.handlers.republish import republish
from services.intake.handlers.take import Sources
from services.intake.http import ROUTES
from services.intake.http.reading import Parts
from services.intake.settings import IntakeSettings
from services.intake.stream import build_handler
from shared.clock import SystemClock
from shared.events.topics import topics_read_by
from shared.kafka.outbox import OutboxGate
from shared.metrics import Metrics
from shared.service import Command, Service, Tools, open_tools

FOLDER = Path(__file__).parent


def build_parts(tools: Tools[IntakeSettings]) -> Parts:
    """Return what the routes use besides the edge."""
    return Parts(Sources(), chunk_lines=tools.settings.batch_chunk_lines)


async def _republish(settings: IntakeSettings, arguments: argparse.Namespace) -> int:
    tools = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="republish")
    try:
        gate = OutboxGate(rows_max=settings.outbox_rows_max)
        await republish(tools.pool, tools.outbox, gate, since=arguments.since, tell=print)
    finally:
        await tools.pool.close()
    return 0


def _add_since(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=_time, metavar="TIME", help="only what was stored from this time on, with its offset"
    )


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs an offset, such as 2026-03-01T10:00:00Z")
    return time


SERVICE = Service(
    name="intake",
    settings=IntakeSettings,
    folder=FOLDER,
    routes=ROUTES,
    build_parts=build_parts,
    topics=topics_read_by("intake"),
    build_handler=build_handler,
    commands={"republish": Command("put stored facts through the outbox again, unchanged", _republish, _add_since)},
)
