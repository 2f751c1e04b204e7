"""How far the log was followed, for whoever says something once and for all of a time that is over."""

from datetime import datetime

from services.audit.domain.lookup import time_of
from services.audit.store.sensors import list_unread
from shared.db.pool import Connection


async def is_followed(connection: Connection, until: datetime) -> bool:
    """Return whether of no log the next entry to be followed is from before a time."""
    return all(at >= until for header in await list_unread(connection) if (at := time_of(header)))
