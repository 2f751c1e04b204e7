"""The composition root of query."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from services.query.domain.answer import Contact
from services.query.handlers import lookups, screening
from services.query.handlers.desk import Desk
from services.query.handlers.rebuild import await_rebuild, begin_rebuild, spell_anew
from services.query.handlers.screening import Patience, Step
from services.query.http import ROUTES
from services.query.settings import QuerySettings
from services.query.store import manifests, passengers, statistics
from services.query.store.search import PLANNED_ONCE
from services.query.stream import build_handler
from shared.clock import Clock, SystemClock
from shared.db.pool import Connection, Pool
from shared.events.topics import topics_read_by
from shared.kafka.consume import Progress
from shared.kafka.part import Part
from shared.metrics import Metrics
from shared.periodic import Periodic
from shared.service import Command, Service, Tools, open_tools

PERIOD_S = 0.25
"""Whoever submits a list waits for its first answers."""
PATIENCE = Patience()
OWNERS = ("intake", "linker", "referral")
"""Whose facts are projected."""
PACE_S = 0.2
"""Query publishes what was done, for the audit and for deconfliction; nobody waits for that, and whoever asks again
would wait for the processor that many small batches take."""
FOLD_PERIOD_S = 60.0
FOLDED_AT_ONCE = 20_000


def build_desk(tools: Tools[QuerySettings]) -> Desk:
    """Return what every use case is given."""
    settings = tools.settings
    ceiu = Contact(settings.ceiu_office, settings.ceiu_name, settings.ceiu_phone)
    return Desk(clock=tools.clock, outbox=tools.outbox, ceiu=ceiu)


async def rehearse(tools: Tools[QuerySettings], connection: Connection) -> None:
    """Look nobody up."""
    async with connection.transaction():
        await lookups.rehearse(build_desk(tools), connection)


class Screener(Periodic):
    """A worker's part that looks up the passengers of lists, as long as some wait."""

    def __init__(self, pool: Pool, desk: Desk, metrics: Metrics, on_commit: Callable[[], None] = lambda: None) -> None:
        super().__init__(period_s=PERIOD_S)
        self._pool = pool
        self._desk = desk
        self._metrics = metrics
        self._on_commit = on_commit

    async def work(self) -> None:
        """Look up all who wait."""
        await self.measure()
        while not self.is_draining and await self.look_up_some():
            await self.measure()

    async def look_up_some(self) -> int:
        """Look up some passengers who wait; return how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            step = await screening.screen_some(self._desk, connection)
        return _finish(step, self._metrics, self._on_commit)

    async def measure(self) -> None:
        """Show how much there is to do."""
        async with self._pool.acquire() as connection:
            queue = await manifests.measure_queue(connection)
        self._metrics.manifests_live.set(queue.live)
        self._metrics.waiting_rows.labels("screening").set(queue.waiting)
        self._metrics.waiting_age_seconds.labels("screening").set(queue.waiting_age_s)
        self._metrics.waiting_rows.labels("sweep").set(queue.touched)
        self._metrics.waiting_age_seconds.labels("sweep").set(queue.touched_age_s)


class Sweeper(Periodic):
    """A worker's part that looks passengers of live lists up again when something changed that may concern them."""

    def __init__(
        self,
        pool: Pool,
        desk: Desk,
        metrics: Metrics,
        on_commit: Callable[[], None] = lambda: None,
        *,
        patience: Patience = PATIENCE,
    ) -> None:
        super().__init__(period_s=PERIOD_S)
        self._pool = pool
        self._desk = desk
        self._metrics = metrics
        self._on_commit = on_commit
        self._patience = patience

    async def work(self) -> None:
        """Find who is concerned, look them up again, and let go of lists whose flight is over."""
        while not self.is_draining and await self.find_some():
            pass
        while not self.is_draining and await self.look_up_some():
            pass
        while not self.is_draining and await self.unfile_one():
            pass

    async def find_some(self) -> int:
        """Find the passengers whom some touched tips may concern; return how many tips that were."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await screening.find_touched(self._desk, connection, self._patience)

    async def look_up_some(self) -> int:
        """Look up some touched passengers again; return how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            step = await screening.sweep_some(self._desk, connection)
        return _finish(step, self._metrics, self._on_commit)

    async def unfile_one(self) -> bool:
        """Let go of one list whose flight is over; return whether there was one."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await passengers.unfile_one(connection, now=self._desk.clock.now())


class Folder(Periodic):
    """A worker's part that puts what statistics count of look-ups together, day by day, once a day is over."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        super().__init__(period_s=FOLD_PERIOD_S)
        self._pool = pool
        self._clock = clock

    async def work(self) -> None:
        """Fold all days that are over."""
        while not self.is_draining and await self.fold_some() == FOLDED_AT_ONCE:
            pass

    async def fold_some(self) -> int:
        """Fold some look-ups of the days that are over; return how many."""
        today = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._pool.acquire() as connection, connection.transaction():
            return await statistics.fold_lookups(connection, before=today, count_max=FOLDED_AT_ONCE)


def build_more(tools: Tools[QuerySettings], _: Progress, on_commit: Callable[[], None]) -> list[Part]:
    """Return what a worker does besides applying what arrives."""
    desk = build_desk(tools)
    return [
        Screener(tools.pool, desk, tools.metrics, on_commit),
        Sweeper(tools.pool, desk, tools.metrics, on_commit),
        Folder(tools.pool, tools.clock),
    ]


def _finish(step: Step, metrics: Metrics, on_commit: Callable[[], None]) -> int:
    """Ring for what was committed, and show how long alerts took; return how many passengers were looked at."""
    if step.passenger_count:
        on_commit()
    for delay_s in step.delays_s:
        metrics.alert_seconds.observe(delay_s)
    return step.passenger_count


async def _rebuild(settings: QuerySettings, chosen: argparse.Namespace) -> int:
    """Let everything be told again, have that done if asked to, and wait for it; 2 when some of it was not."""
    # It reads and marks whole tables, which is done best by scanning them.
    planned_freely = replace(SERVICE, database_settings={})
    tools = await open_tools(planned_freely, settings, Metrics(), SystemClock(), process="rebuild")
    try:
        if not chosen.go_on:
            _say(f"{await spell_anew(tools.pool, _say):,} words of names may be found by whatever is like them now")
            whole = await begin_rebuild(tools.pool)
            _say(f"{whole:,} facts are to be told again; until then what is known answers")
        senders = [await _republish(owner) for owner in OWNERS] if chosen.republish else []
        if not senders:
            _say("now run: " + "; ".join(f"python -m services.{owner} republish" for owner in OWNERS))
        left = await await_rebuild(tools.pool, _say)
        for sender in senders:
            await sender.wait()
    finally:
        await tools.pool.close()
    if left:
        _say(f"{left:,} facts were not told again: run republish of every owner, then this with --go-on")
        return 2
    _say("everything was told again")
    return 0


def _rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--republish", action="store_true", help="run republish of the owners here, side by side")
    parser.add_argument("--go-on", action="store_true", help="wait for a rebuild that was begun before")


async def _republish(owner: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", f"services.{owner}", "republish")


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


SERVICE = Service(
    name="query",
    settings=QuerySettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("query"),
    build_handler=build_handler,
    build_more=build_more,
    rehearse=rehearse,
    database_settings=PLANNED_ONCE,
    pace_s=PACE_S,
    has_dead_letters=True,
    commands={
        "rebuild": Command(
            "build the projection anew from what its owners send again; answers stay up", _rebuild, _rebuild_arguments
        )
    },
)
