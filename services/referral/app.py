"""The composition root of referral."""

import json
from collections.abc import Callable
from pathlib import Path

import structlog

from services.referral.domain.directory import Directory, parse_directory
from services.referral.handlers import Desk, list_facts
from services.referral.http import ROUTES
from services.referral.settings import ReferralSettings
from services.referral.stream import build_handler
from shared.db.pool import Pool
from shared.events.topics import topics_read_by
from shared.kafka.consume import Progress
from shared.periodic import Periodic
from shared.service import Service, Tools

FOLDER = Path(__file__).parent
PERIOD_S = 2.0

log = structlog.get_logger()


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


class Teller(Periodic):
    """A worker's part that tells the directory, once it has started, and then is done."""

    def __init__(self, pool: Pool, desk: Desk, on_commit: Callable[[], None] = lambda: None) -> None:
        super().__init__(period_s=PERIOD_S)
        self._pool = pool
        self._desk = desk
        self._on_commit = on_commit

    async def work(self) -> None:
        """Tell what was not told by a worker before."""
        async with self._pool.acquire() as connection, connection.transaction():
            count = await self._desk.tell_offices(connection)
        if count:
            log.info("offices_told", offices=count)
            self._on_commit()
        self.drain()


def build_more(tools: Tools[ReferralSettings], _: Progress, on_commit: Callable[[], None]) -> list[Periodic]:
    """Return what a worker does besides carrying leads."""
    return [Teller(tools.pool, build_desk(tools), on_commit)]


SERVICE = Service(
    name="referral",
    settings=ReferralSettings,
    folder=FOLDER,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("referral"),
    build_handler=lambda tools: build_handler(tools, build_desk(tools)),
    build_more=build_more,
    list_facts=list_facts,
    has_dead_letters=True,
)
