"""How far the log was followed, for whoever says something once and for all of a time that is over."""

from collections.abc import Mapping
from datetime import datetime

from services.audit.store.projection import list_unread
from shared.db.pool import Connection


async def find_unfollowed(connection: Connection) -> datetime | None:
    """Return the earliest time of what each log has next to be followed; None where all of it is."""
    return min((at for header in await list_unread(connection) if (at := header.moment)), default=None)


async def is_followed(connection: Connection, ends: Mapping[tuple[str, int], int]) -> bool:
    """Return whether of no topic and partition an entry from before the offset given is yet to be followed."""
    unread = await list_unread(connection)
    return not any(header.offset < ends.get((header.topic, header.partition), 0) for header in unread)
