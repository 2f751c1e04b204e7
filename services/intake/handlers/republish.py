"""The facts of intake, for whoever must start from the beginning: every content, review and research result."""

from datetime import datetime

from services.intake import store
from services.intake.handlers.announce import TIPS_TOPIC
from shared.db.pool import Connection
from shared.kafka.outbox import Outgoing
from shared.kafka.republish import Page, Place

TIPS_AT_ONCE = 200


async def list_facts(transaction: Connection, *, since: datetime, after: Place) -> Page:
    """Return a page of what was stored from `since` on, tip by tip in the order of their ids."""
    tip_ids = await store.list_tip_ids(transaction, after=after[1], limit=TIPS_AT_ONCE)
    events = await store.list_events(transaction, tip_ids, since)
    records = [Outgoing(TIPS_TOPIC, str(tip_id).encode(), event) for tip_id, event in events]
    return Page(records, last=("", tip_ids[-1]) if tip_ids else None)
