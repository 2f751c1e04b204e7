"""What auditors read of sensors: flags, and look-ups with what explains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.store.log import PLAN_EACH
from shared.db.pool import Connection, Row

FLAG_EVENTS_SHOWN = 20
REASONS_SHOWN = 20

LIST_FLAGS = """
SELECT found.flag_id, found.sensor, found.actor_id, found.reason, found.from_at, found.to_at, rests.event_ids,
    rests.count
FROM (
        SELECT flag.flag_id, flag.sensor, flag.actor_id, flag.reason, flag.from_at, flag.to_at FROM flag
        WHERE ($1::text IS NULL OR flag.actor_id = $1)
            AND ($2::text IS NULL OR flag.sensor = $2)
            AND ($3::timestamptz IS NULL OR flag.to_at > $3)
            AND ($4::timestamptz IS NULL OR flag.from_at < $4)
            AND ($5::timestamptz IS NULL OR (flag.to_at, flag.flag_id) < ($5, $6::uuid))
        ORDER BY flag.to_at DESC, flag.flag_id DESC
        LIMIT $7
    ) AS found
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, (array_agg(flag_event.event_id ORDER BY flag_event.event_id))[:$8] AS event_ids
        FROM flag_event WHERE flag_event.flag_id = found.flag_id
    ) AS rests
ORDER BY found.to_at DESC, found.flag_id DESC"""
# Those that nothing explains come first: $5 is None at the start, false within them, true behind them; the others are
# looked for only where these do not fill the page. A passenger list may explain a look-up by itself and by its
# screenings: that is one reason.
LIST_LOOKUPS = """
WITH unexplained AS (
    SELECT false AS is_explained, lookup.event_id, lookup.lookup_id, lookup.actor_id, lookup.agency, lookup.office,
        lookup.purpose, lookup.reference, lookup.occurred_at, lookup.match_count
    FROM lookup
    WHERE $4::boolean IS NOT TRUE AND $5::boolean IS NOT TRUE
        AND ($1::text IS NULL OR lookup.actor_id = $1)
        AND ($2::timestamptz IS NULL OR lookup.occurred_at >= $2)
        AND ($3::timestamptz IS NULL OR lookup.occurred_at < $3)
        AND ($5 IS NULL OR (lookup.occurred_at, lookup.event_id) < ($6::timestamptz, $7::uuid))
        AND NOT lookup.is_explained
    ORDER BY lookup.occurred_at DESC, lookup.event_id DESC
    LIMIT $8
)
SELECT found.is_explained, found.event_id, found.lookup_id, found.actor_id, found.agency, found.office, found.purpose,
    found.reference, found.occurred_at, found.match_count, told.kinds, told.ids
FROM (
        SELECT is_explained, event_id, lookup_id, actor_id, agency, office, purpose, reference, occurred_at, match_count
        FROM unexplained
        UNION ALL
        (
            SELECT true AS is_explained, lookup.event_id, lookup.lookup_id, lookup.actor_id, lookup.agency,
                lookup.office, lookup.purpose, lookup.reference, lookup.occurred_at, lookup.match_count
            FROM lookup
            WHERE $4 IS NOT FALSE AND (SELECT count(*) FROM unexplained) < $8
                AND ($1 IS NULL OR lookup.actor_id = $1)
                AND ($2 IS NULL OR lookup.occurred_at >= $2)
                AND ($3 IS NULL OR lookup.occurred_at < $3)
                AND ($5 IS NOT TRUE OR (lookup.occurred_at, lookup.event_id) < ($6, $7))
                AND lookup.is_explained
            ORDER BY lookup.occurred_at DESC, lookup.event_id DESC
            LIMIT $8
        )
    ) AS found
    CROSS JOIN LATERAL (
        SELECT (array_agg(reason.kind ORDER BY reason.kind, reason.id))[:$9] AS kinds,
            (array_agg(reason.id ORDER BY reason.kind, reason.id))[:$9] AS ids
        FROM (
            SELECT DISTINCT lookup_reason.kind, lookup_reason.id FROM lookup_reason
            WHERE lookup_reason.event_id = found.event_id
        ) AS reason
    ) AS told
ORDER BY found.is_explained, found.occurred_at DESC, found.event_id DESC
LIMIT $8"""


@dataclass(frozen=True, slots=True)
class KeptFlag:
    """A flag; `event_ids` are the first of `count` events that it rests on."""

    flag_id: UUID
    sensor: str
    actor_id: str
    reason: str
    from_at: datetime
    to_at: datetime
    event_ids: Sequence[UUID]
    count: int


@dataclass(frozen=True, slots=True)
class KeptLookup:
    """A look-up, with kind and id of each of its reasons; an office is empty where there is none."""

    is_explained: bool
    event_id: UUID
    lookup_id: UUID
    actor_id: str
    agency: str
    office: str
    purpose: str
    reference: str
    occurred_at: datetime
    match_count: int
    reasons: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Within:
    """Whose, and when: `from_at` counts in, `to_at` does not; None does not matter."""

    actor_id: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


async def list_flags(
    transaction: Connection, within: Within, *, sensor: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[KeptFlag]:
    """Return the first `limit` flags whose windows touch a time, the latest first, behind `before`."""
    await transaction.execute(PLAN_EACH)
    at, flag_id = before or (None, None)
    rows = await transaction.fetch(
        LIST_FLAGS, within.actor_id, sensor, within.from_at, within.to_at, at, flag_id, limit, FLAG_EVENTS_SHOWN
    )
    return [KeptFlag(*row.values()) for row in rows]


async def list_lookups(
    transaction: Connection,
    within: Within,
    *,
    explained: bool | None,
    after: tuple[bool, datetime, UUID] | None,
    limit: int,
) -> list[KeptLookup]:
    """Return the first `limit` look-ups behind `after`: those that nothing explains, then the others, the newest first.

    `explained` leaves only those that something explains, or only those that nothing does.
    """
    await transaction.execute(PLAN_EACH)
    stage, at, event_id = after or (None, None, None)
    rows = await transaction.fetch(
        LIST_LOOKUPS,
        within.actor_id,
        within.from_at,
        within.to_at,
        explained,
        stage,
        at,
        event_id,
        limit,
        REASONS_SHOWN,
    )
    return [_lookup(row) for row in rows]


def _lookup(row: Row) -> KeptLookup:
    fields = dict(row)
    kinds, ids = fields.pop("kinds"), fields.pop("ids")
    return KeptLookup(**fields, reasons=list(zip(kinds or (), ids or (), strict=True)))
