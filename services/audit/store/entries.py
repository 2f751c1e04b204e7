"""All SQL of looking into the log: events by what they say, an actor's by their time, and who was shown a record."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.store.log import PLAN_EACH
from shared.db.pool import Connection, Row

INT8_MAX = 2**63 - 1

LIST_ENTRIES = """
SELECT head.topic, head.partition, event.index, entry.event_id, event.type, event.occurred_at, event.subject_kind,
    event.subject_id, event.actor_id, event.outcome, event.is_verified
FROM head
    CROSS JOIN LATERAL (
        SELECT event.*
        FROM event
        WHERE event.head_id = head.id
            AND ($1::text IS NULL OR event.actor_id = $1)
            AND ($2::text IS NULL OR event.subject_id = $2)
            AND ($3::text IS NULL OR event.type = $3)
            AND ($4::timestamptz IS NULL OR event.occurred_at >= $4)
            AND ($5::timestamptz IS NULL OR event.occurred_at < $5)
            AND event.index > CASE WHEN head.topic = $6 AND head.partition = $7 THEN $8::bigint ELSE -1 END
        ORDER BY event.index
        LIMIT $9
    ) AS event
    JOIN entry ON entry.head_id = head.id AND entry.index = event.index
WHERE $6::text IS NULL OR (head.topic, head.partition) >= ($6::text COLLATE "C", $7::integer)
ORDER BY head.topic, head.partition, event.index
LIMIT $9"""
WITH_BODY = """
SELECT head.topic, head.partition, event.index, entry.event_id, event.type, event.occurred_at, event.subject_kind,
    event.subject_id, event.actor_id, event.outcome, event.is_verified, entry.body
FROM event
    JOIN head ON head.id = event.head_id
    JOIN entry ON entry.head_id = event.head_id AND entry.index = event.index"""
LIST_TIMELINE = f"""{WITH_BODY}
WHERE event.actor_id = $1 AND event.occurred_at >= $2 AND event.occurred_at < $3
    AND ($4::timestamptz IS NULL OR (event.occurred_at, entry.event_id) > ($4, $5::uuid))
ORDER BY event.occurred_at, entry.event_id
LIMIT $6"""
# Whoever was shown all tips was shown each that there was.
LIST_VIEWS = f"""{WITH_BODY}
    JOIN shown ON shown.head_id = event.head_id AND shown.index = event.index
WHERE shown.record_id = ANY (ARRAY[$1::text, 'all'])
    AND (shown.record_id = $1 OR EXISTS (
        SELECT FROM event AS told
        WHERE told.subject_id = $1 AND told.subject_kind = 'tip' AND told.occurred_at <= event.occurred_at))
    AND ($2::timestamptz IS NULL OR (event.occurred_at, entry.event_id) < ($2, $3::uuid))
ORDER BY event.occurred_at DESC, entry.event_id DESC
LIMIT $4"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events to list; what is None does not matter. `from_at` counts in, `to_at` does not."""

    actor_id: str | None = None
    subject_id: str | None = None
    type: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands; lists are in this order."""

    topic: str
    partition: int
    index: int


@dataclass(frozen=True, slots=True)
class Moment:
    """When an event happened, and its id where two happened at once; an actor's events are in this order."""

    occurred_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of kind event, as it is listed."""

    place: Place
    event_id: UUID
    type: str
    occurred_at: datetime
    subject_kind: str
    subject_id: str
    actor_id: str | None
    outcome: str
    is_verified: bool | None

    @property
    def moment(self) -> Moment:
        """Its place among events in the order of time."""
        return Moment(self.occurred_at, self.event_id)


async def list_entries(transaction: Connection, filters: Filters, *, after: Place | None, limit: int) -> list[Listed]:
    """Return the first `limit` events behind `after` that pass the filters, in order of their places."""
    await transaction.execute(PLAN_EACH)
    rows = await transaction.fetch(
        LIST_ENTRIES,
        filters.actor_id,
        filters.subject_id,
        filters.type,
        filters.from_at,
        filters.to_at,
        after and after.topic,
        after and after.partition,
        after and after.index,
        limit,
    )
    return [_listed(row) for row in rows]


async def list_timeline(
    transaction: Connection, actor_id: str, from_at: datetime, to_at: datetime, *, after: Moment | None, limit: int
) -> list[tuple[Listed, bytes]]:
    """Return an actor's first `limit` events of a time behind `after`, with their bodies, oldest first."""
    await transaction.execute(PLAN_EACH)
    rows = await transaction.fetch(
        LIST_TIMELINE, actor_id, from_at, to_at, after and after.occurred_at, after and after.event_id, limit
    )
    return [(_listed(row), row["body"]) for row in rows]


async def list_views(
    transaction: Connection, record_id: str, *, before: Moment | None, limit: int
) -> list[tuple[Listed, bytes]]:
    """Return the last `limit` events before `before` that showed or changed a record, with bodies, newest first.

    Of a tip also those that showed all there were then.
    """
    await transaction.execute(PLAN_EACH)
    rows = await transaction.fetch(
        LIST_VIEWS, record_id, before and before.occurred_at, before and before.event_id, limit
    )
    return [(_listed(row), row["body"]) for row in rows]


def _listed(row: Row) -> Listed:
    topic, partition, index, *others = list(row.values())[:11]
    return Listed(Place(topic, partition, index), *others)
