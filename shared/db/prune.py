"""Keeps the delivery tables from growing for ever: what no repeat can ask about any more is deleted, in small steps."""

import asyncio
from datetime import timedelta

import structlog

from shared.db.pool import TRANSIENT, Pool

PERIOD_S = 600.0
STEP_ROWS = 5_000
REPEATS_KEPT = timedelta(days=100)
"""A topic keeps its records for 90 days; nothing older can come back."""
ANSWERS_KEPT = timedelta(hours=24)

PRUNE_INBOX = """
DELETE FROM inbox WHERE event_id IN (
    SELECT event_id FROM inbox WHERE received_at < now() - $1::interval LIMIT $2)"""
PRUNE_ONCE = "DELETE FROM once WHERE key IN (SELECT key FROM once WHERE done_at < now() - $1::interval LIMIT $2)"
PRUNE_IDEMPOTENCY = """
DELETE FROM idempotency WHERE (principal, key) IN (
    SELECT principal, key FROM idempotency WHERE created_at < now() - $1::interval LIMIT $2)"""

STATEMENTS = ((PRUNE_INBOX, REPEATS_KEPT), (PRUNE_ONCE, REPEATS_KEPT), (PRUNE_IDEMPOTENCY, ANSWERS_KEPT))

log = structlog.get_logger()


class Janitor:
    """A worker's part that prunes every ten minutes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Prune until drained."""
        while not self._draining.is_set():
            try:
                for statement, kept in STATEMENTS:
                    await self._prune(statement, kept)
            except TRANSIENT as error:
                log.warning("prune_postponed", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._draining.wait(), timeout=PERIOD_S)
            except TimeoutError:
                continue

    async def _prune(self, statement: str, kept: timedelta) -> None:
        deleted = STEP_ROWS
        while deleted == STEP_ROWS and not self._draining.is_set():
            deleted = int((await self._pool.execute(statement, kept, STEP_ROWS)).rpartition(" ")[2])
