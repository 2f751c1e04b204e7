"""What events say of their actors besides who they are: for an actor's day, and for who looked at a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.domain.record import decode_body
from services.audit.store import entries as store
from services.audit.store.entries import Listed, Moment
from shared.db.pool import Connection
from shared.events.envelope import Actor, decode


@dataclass(frozen=True, slots=True)
class Told:
    """An event with who did it, and what it says besides personal data."""

    listed: Listed
    actor: Actor | None
    payload: Mapping[str, Any]


async def list_timeline(
    transaction: Connection, actor_id: str, from_at: datetime, to_at: datetime, *, after: Moment | None, limit: int
) -> Sequence[Told]:
    """Return the first `limit` things an actor did in a time, oldest first, behind `after`."""
    found = await store.list_timeline(transaction, actor_id, from_at, to_at, after=after, limit=limit)
    return [_told(*each) for each in found]


async def list_views(transaction: Connection, record_id: str, *, before: Moment | None, limit: int) -> Sequence[Told]:
    """Return the last `limit` times that somebody was shown a record or changed it, newest first, before `before`."""
    found = await store.list_views(transaction, record_id, before=before, limit=limit)
    return [_told(*each) for each in found]


def _told(listed: Listed, body: bytes) -> Told:
    envelope = decode(decode_body(body).value)
    payload = {name: value for name, value in envelope.payload.items() if name != "personal"}
    return Told(listed, envelope.actor, payload)
