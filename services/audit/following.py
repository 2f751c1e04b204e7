"""The part of audit's worker that follows the log behind its end."""

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from aiokafka.errors import KafkaError

from services.audit.domain.producers import Keys
from services.audit.handlers.aside import Halving
from services.audit.handlers.followed import KafkaEnd
from services.audit.handlers.project import (
    READ_AT_ONCE,
    Follower,
    Step,
    find_holes,
    follow_log,
    follow_one,
    tell_missing,
)
from services.audit.settings import AuditSettings
from services.audit.store import projection as store
from shared.kafka.reach import Offsets
from shared.periodic import Periodic
from shared.service import Tools

FOLLOW_PERIOD_S = 0.5
SET_ASIDE_PAUSE_S = 1.0
"""After an entry that was set aside: if it is a follower that fails, and at every entry, it does little before it is
mended."""
MISSING_AFTER_S = 60.0
"""A number that is left out for so long, and is not in what Kafka held by then, will not come any more: relays send a
batch and wait until Kafka has it before they take the next."""
ASK_PERIOD_S = 10.0
"""Kafka is asked no more often whether all is followed that it held."""
HOLES_SAID = 100
"""At once, in lines of the log; the events tell of all."""

log = structlog.get_logger()


class Following(Periodic):
    """Follows the log. Of several workers one is at it at a time.

    Whatever fails here, the log is written and signed on. An error that an entry may be to blame for halves the step
    until it is that entry's alone; what of it cannot be followed is set aside, on record.
    """

    def __init__(
        self,
        tools: Tools[AuditSettings],
        keys: Keys,
        followers: Sequence[Follower],
        on_commit: Callable[[], None],
    ) -> None:
        super().__init__(period_s=FOLLOW_PERIOD_S, stands_apart=True)
        self._tools = tools
        self._keys = keys
        self._followers = followers
        self._on_commit = on_commit
        self._halving = Halving(READ_AT_ONCE)
        self._holes: dict[tuple[str, int, int], float] = {}
        """Numbers that are left out, and since when."""
        self._told: set[tuple[str, int, int]] = set()
        """Those of them that were told of."""
        self._has_news = True
        """Whether anything was followed since the numbers were looked at."""
        self._end = KafkaEnd(tools.settings, tools.pool)
        self._asked: tuple[Offsets, set[tuple[str, int, int]]] | None = None
        """What Kafka held when numbers had been left out for long, and which: all of it is to be followed first."""
        self._ask_at = 0.0

    async def work(self) -> None:
        """Follow to the log's end, then look at what is missing."""
        while not self.is_draining and await self.follow():
            self._has_news = True
        async with self._tools.pool.acquire() as connection:
            waiting = await store.count_waiting(connection)
        self._tools.metrics.waiting_rows.labels("follow").set(waiting)
        if self._keys and (self._has_news or self._holes):
            self._has_news = False
            await self.look_for_missing()

    async def follow(self) -> bool:
        """Follow by one step, or by none but a smaller one next; return whether there was anything."""
        try:
            step = await self._step()
        # Whatever it is that a follower stumbles over: at which entry, is found by halves.
        except Exception as error:
            if not self._halving.can_take_less(error):
                raise
            return True
        self._halving.take_more()
        for (kind, topic), count in step.anomalies.items():
            self._tools.metrics.anomalies.labels(kind).inc(count)
            log.error("audit_anomaly", kind=kind, topic=topic, entries=count)
        if step.anomalies:
            self._on_commit()
        if step.errors:
            for cause in step.errors:
                log.error("entry_set_aside", error=type(cause).__name__, exc_info=cause)
            await self.rest(SET_ASIDE_PAUSE_S)
        return step.entry_count > 0

    async def _step(self) -> Step:
        async with self._tools.pool.acquire() as connection, connection.transaction():
            if not await store.try_lock(connection):
                return Step()
            for topic, partition in await store.take_back_projected(connection):
                log.error("followed_beyond_end", topic=topic, partition=partition)
            follow = follow_one if self._halving.limit == 1 else partial(follow_log, limit=self._halving.limit)
            return await follow(
                connection,
                keys=self._keys,
                followers=self._followers,
                outbox=self._tools.outbox,
                clock=self._tools.clock,
            )

    async def look_for_missing(self) -> None:
        """Tell of numbers that have been left out for too long."""
        now = time.monotonic()
        async with self._tools.pool.acquire() as connection:
            holes = await find_holes(connection)
        self._holes = {hole: self._holes.get(hole, now) for hole in holes}
        ripe = [hole for hole, since in self._holes.items() if now - since >= MISSING_AFTER_S]
        self._tools.metrics.missing_numbers.set(sum(last - first + 1 for _, first, last in ripe))
        if self._told.issuperset(ripe) or not (gone := await self._find_gone(set(ripe))):
            return
        async with self._tools.pool.acquire() as connection, connection.transaction():
            told, closed = await tell_missing(connection, sorted(gone), self._tools.outbox, self._tools.clock)
        self._told = gone
        for producer, first, last in told[:HOLES_SAID]:
            log.error("audit_numbers_missing", producer=producer, first=first, last=last)
        for producer, first, last in closed:
            self._tools.metrics.anomalies.labels("scattered_numbers").inc()
            log.error("audit_numbers_scattered", producer=producer, first=first, last=last)
        if told or closed:
            self._on_commit()

    async def _find_gone(self, ripe: set[tuple[str, int, int]]) -> set[tuple[str, int, int]]:
        """Return those that were ripe when Kafka was asked where it ends, once all is followed that it held then."""
        if time.monotonic() < self._ask_at:
            return set()
        self._ask_at = time.monotonic() + ASK_PERIOD_S
        try:
            if self._asked is None:
                self._asked = await self._end.read(), ripe
            ends, asked_of = self._asked
            lack = await self._end.find_lack(ends)
        except KafkaError as error:
            log.info("missing_numbers_wait", reason=type(error).__name__)
            return set()
        if lack is not None:
            log.info("missing_numbers_wait", reason=lack)
            return set()
        self._asked = None
        return ripe & asked_of
