"""Stored facts through the outbox once more, byte for byte, for whoever must start from the beginning."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from services.intake import store
from services.intake.handlers.announce import TIPS_TOPIC
from shared.db.pool import Pool
from shared.errors import Unavailable
from shared.kafka.outbox import Outbox, OutboxGate, Outgoing

TIPS_AT_ONCE = 500
ROOM_WAIT_S = 1.0


async def republish(
    pool: Pool, outbox: Outbox, gate: OutboxGate, *, since: datetime | None, tell: Callable[[str], None]
) -> int:
    """Publish again every content, review and research result stored from `since` on; return how many.

    It goes tip by tip, in the order of their ids, and waits while the outbox is full.
    """
    start, after, count = since or datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0), 0
    while True:
        await _wait_for_room(pool, gate, tell)
        async with pool.acquire() as connection, connection.transaction():
            tip_ids = await store.list_tip_ids(connection, after=after, limit=TIPS_AT_ONCE)
            events = await store.list_events(connection, tip_ids, start)
            await outbox.put(connection, [Outgoing(TIPS_TOPIC, str(id_).encode(), event) for id_, event in events])
        if not tip_ids:
            break
        after, count = tip_ids[-1], count + len(events)
        tell(f"{count} events so far, up to tip {after}")
    tell(f"{count} events republished")
    return count


async def _wait_for_room(pool: Pool, gate: OutboxGate, tell: Callable[[str], None]) -> None:
    while True:
        try:
            async with pool.acquire() as connection:
                return await gate.check(connection)
        except Unavailable as error:
            tell(error.detail)
        await asyncio.sleep(ROOM_WAIT_S)
