"""The composition root of the linker."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from services.linker.domain.rules import FOUNDATION
from services.linker.handlers.republish import republish
from services.linker.handlers.turn import Desk
from services.linker.http import ROUTES
from services.linker.settings import LinkerSettings
from services.linker.stream import build_handler
from shared.db.pool import open_pool
from shared.events.topics import topics_read_by
from shared.kafka.outbox import Outbox, OutboxGate
from shared.service import OUTBOX_SHARDS, Command, Service, Tools

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def build_desk(tools: Tools[LinkerSettings]) -> Desk:
    """Return what the routes use."""
    return Desk(tools.clock, tools.outbox, FOUNDATION)


def add_since(parser: argparse.ArgumentParser) -> None:
    """Let the command take a time."""
    parser.add_argument("--since", type=_moment, default=BEGINNING, metavar="TIME", help="ISO 8601, with its zone")


async def run_republish(settings: LinkerSettings, chosen: argparse.Namespace) -> int:
    """Send the newest event about each lead, cluster and tip's links again, with progress on standard output."""
    pool = await open_pool(settings.database_url.get_secret_value(), size=2, name="linker-republish")
    try:
        gate = OutboxGate(rows_max=settings.outbox_rows_max)
        count = await republish(pool, Outbox(shards=OUTBOX_SHARDS), gate, since=chosen.since, report=_report)
    finally:
        await pool.close()
    sys.stdout.write(f"{count} events are in the outbox again\n")
    return 0


def _report(count: int) -> None:
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs its zone, such as 2026-03-01T10:00:00Z")
    return moment


SERVICE = Service(
    name="linker",
    settings=LinkerSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("linker"),
    build_handler=build_handler,
    commands={"republish": Command("send the newest events again, under their old ids", run_republish, add_since)},
)
"""The linker, described."""
