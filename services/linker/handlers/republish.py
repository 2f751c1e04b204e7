"""Sending again, under their old ids, the newest events about leads, clusters and links."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.linker.handlers.announce import LEADS_TOPIC, LINKS_TOPIC
from services.linker.store import graph, leads
from shared.db.pool import Pool
from shared.kafka.outbox import Outbox, OutboxGate, Outgoing

BATCH_EVENTS = 1_000


async def republish(
    pool: Pool, outbox: Outbox, gate: OutboxGate, *, since: datetime, report: Callable[[int], None]
) -> int:
    """Put every kept event that occurred from `since` on through the outbox, and return how many there were.

    Each batch is a transaction of its own under the graph's lock, so that no older event gets behind a newer one.
    `report` is told how many are done after each. To run it again is harmless to all who have the events.

    Raises:
        Unavailable: the outbox is full; what was put there stays.
    """
    after, count = ("", UUID(int=0)), 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await gate.check(connection)
            await graph.lock_graph(connection)
            found = await leads.list_announcements(connection, after, since=since, count_max=BATCH_EVENTS)
            await outbox.put(
                connection,
                [
                    Outgoing(LEADS_TOPIC if kind == "lead" else LINKS_TOPIC, str(subject_id).encode(), event)
                    for kind, subject_id, event in found
                ],
            )
        if not found:
            return count
        after, count = found[-1][:2], count + len(found)
        report(count)
