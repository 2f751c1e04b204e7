"""The part of audit's worker that lets sensors judge what is due, behind what was followed."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from aiokafka.errors import KafkaError

from services.audit.handlers.aside import Halving
from services.audit.handlers.followed import KafkaEnd
from services.audit.handlers.sensors import DUE_AT_ONCE, PATIENCE, QUIET, Sensors, read_until
from services.audit.settings import AuditSettings
from services.audit.store import sensors as store
from shared.periodic import Periodic
from shared.service import Tools

JUDGE_PERIOD_S = 0.5
ASK_PERIOD_S = 10.0
"""In silence Kafka is asked no more often whether all is read that it holds."""

log = structlog.get_logger()


class Judging(Periodic):
    """Lets sensors judge. Of several workers one is at it at a time.

    What is due waits for a later event; in silence, for the clock. An error that one person's day may be to blame for
    sets that event aside, on record.
    """

    def __init__(self, tools: Tools[AuditSettings], sensors: Sensors, on_commit: Callable[[], None]) -> None:
        super().__init__(period_s=JUDGE_PERIOD_S, stands_apart=True)
        self._tools = tools
        self._sensors = sensors
        self._on_commit = on_commit
        self._halving = Halving(DUE_AT_ONCE)
        self._end = KafkaEnd(tools.settings, tools.pool)
        self._ask_at = 0.0

    async def work(self) -> None:
        """Judge all that is due."""
        async with self._tools.pool.acquire() as connection:
            first = await store.find_first_due(connection)
            until = None if first is None else await read_until(connection)
        if first is None:
            return
        if until is None or until < first:
            until = await self._read_quiet(first)
        while until is not None and not self.is_draining and await self.judge(until):
            pass

    async def judge(self, until: datetime) -> bool:
        """Judge by one step, or by none but a smaller one next; return whether there was anything."""
        try:
            return await self._step(until)
        # Whatever it is that a sensor stumbles over: at whose day, is found by halves.
        except Exception as error:
            if not self._halving.can_take_less(error):
                raise
            return True

    async def _step(self, until: datetime) -> bool:
        tools = self._tools
        async with tools.pool.acquire() as connection, connection.transaction():
            if not await store.try_lock(connection):
                return False
            if (limit := self._halving.limit) > 1:
                count, error = await self._sensors.judge(connection, until=until, limit=limit), None
            else:
                count, error = await self._sensors.judge_one(
                    connection, until=until, outbox=tools.outbox, clock=tools.clock
                )
        self._halving.take_more()
        if error is not None:
            tools.metrics.anomalies.labels("not_judged").inc()
            log.error("day_set_aside", error=type(error).__name__, exc_info=error)
            self._on_commit()
        return count > 0

    async def _read_quiet(self, first: datetime) -> datetime | None:
        """Return up to when can be judged if nothing later comes, or None: not yet, or not all is followed."""
        now = self._tools.clock.now()
        if first > now - QUIET - PATIENCE or time.monotonic() < self._ask_at:
            return None
        self._ask_at = time.monotonic() + ASK_PERIOD_S
        try:
            lack = await self._end.find_lack(await self._end.read())
        except KafkaError as error:
            lack = type(error).__name__
        if lack is not None:
            log.info("judging_waits", reason=lack)
            return None
        async with self._tools.pool.acquire() as connection:
            return await read_until(connection, quiet_at=now)
