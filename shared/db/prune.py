"""Keeps the delivery tables from growing for ever: what no repeat can ask about any more is deleted, in small steps."""

from datetime import timedelta

from shared.db.pool import Pool
from shared.periodic import Periodic

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


class Janitor(Periodic):
    """A worker's part that prunes every ten minutes."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(period_s=PERIOD_S)
        self._pool = pool

    async def work(self) -> None:
        """Delete what is too old, from every table."""
        for statement, kept in STATEMENTS:
            await self._prune(statement, kept)

    async def _prune(self, statement: str, kept: timedelta) -> None:
        deleted = STEP_ROWS
        while deleted == STEP_ROWS and not self.is_draining:
            deleted = int((await self._pool.execute(statement, kept, STEP_ROWS)).rpartition(" ")[2])
