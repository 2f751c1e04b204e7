"""Waking the relay, which may be another process, when rows were committed for it.

A NOTIFY within the writers' own transactions would cost more than it tells: PostgreSQL takes one lock for all of them,
in the whole cluster, and holds it until the commit is on disk, so that they commit one after another.
"""

import asyncio

import structlog

from shared.db.pool import TRANSIENT, Pool

log = structlog.get_logger()

NOTIFY = "SELECT pg_notify(current_schema() || '_outbox', '')"


class Bell:
    """Rung after each commit; tells the relay at most every `pace_s`, as often as it looks while rows keep coming.

    A ring that is lost costs the relay's next look.
    """

    def __init__(self, pool: Pool, *, pace_s: float) -> None:
        self._pool = pool
        self._pace_s = pace_s
        self._rung = asyncio.Event()
        self._draining = False

    def ring(self) -> None:
        """Say that rows may wait, of a transaction that is committed."""
        self._rung.set()

    def drain(self) -> None:
        """Let `run` return, after one more call."""
        self._draining = True
        self._rung.set()

    async def run(self) -> None:
        """Tell the relay until drained."""
        while not self._draining:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._pool.execute(NOTIFY)
            except TRANSIENT as error:
                log.warning("bell_unheard", error=type(error).__name__)
            await asyncio.sleep(self._pace_s)
