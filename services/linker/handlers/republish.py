"""The facts of the linker, for whoever must start from the beginning: the newest event about each thing."""

from datetime import datetime

from services.linker.handlers.announce import TOPICS
from services.linker.store import graph, leads
from shared.db.pool import Connection
from shared.kafka.outbox import Outgoing
from shared.kafka.republish import Page, Place

EVENTS_AT_ONCE = 200


async def list_facts(transaction: Connection, *, since: datetime, after: Place) -> Page:
    """Return a page of the newest events about all that is kept, of those that occurred from `since` on.

    It takes the graph's lock, so that no older event gets behind a newer one.
    """
    await graph.lock_graph(transaction)
    found = await leads.list_announcements(transaction, after, since=since, count_max=EVENTS_AT_ONCE)
    records = [Outgoing(TOPICS[kind], str(subject_id).encode(), event) for kind, subject_id, event in found]
    return Page(records, last=found[-1][:2] if found else None)
