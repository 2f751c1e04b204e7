"""What auditors read of sensors: flags, and look-ups with what explains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.domain.explain import Standing
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
SELECT_MOVES = "SELECT COALESCE(max(stood.number), 0) FROM stood"
# Those that stand so and have not moved since, and those that stood so and have. A passenger list may explain a look-up
# by itself and by its screenings: that is one reason.
LIST_LOOKUPS = """
WITH since AS (
    SELECT DISTINCT ON (stood.event_id) stood.event_id, stood.standing FROM stood
    WHERE stood.number > $9
    ORDER BY stood.event_id, stood.number
)
SELECT $4 AS standing, found.event_id, found.lookup_id, found.actor_id, found.agency, found.office, found.purpose,
    found.reference, found.occurred_at, found.match_count, told.kinds, told.ids, told.are_own
FROM (
        (
            SELECT lookup.event_id, lookup.lookup_id, lookup.actor_id, lookup.agency, lookup.office, lookup.purpose,
                lookup.reference, lookup.occurred_at, lookup.match_count
            FROM lookup
            WHERE ($1::text IS NULL OR lookup.actor_id = $1)
                AND ($2::timestamptz IS NULL OR lookup.occurred_at >= $2)
                AND ($3::timestamptz IS NULL OR lookup.occurred_at < $3)
                AND lookup.standing = $4
                AND NOT EXISTS (SELECT FROM stood WHERE stood.event_id = lookup.event_id AND stood.number > $9)
                AND ($5::timestamptz IS NULL OR (lookup.occurred_at, lookup.event_id) < ($5, $6::uuid))
            ORDER BY lookup.occurred_at DESC, lookup.event_id DESC
            LIMIT $7
        )
        UNION ALL
        (
            SELECT lookup.event_id, lookup.lookup_id, lookup.actor_id, lookup.agency, lookup.office, lookup.purpose,
                lookup.reference, lookup.occurred_at, lookup.match_count
            FROM since JOIN lookup ON lookup.event_id = since.event_id
            WHERE ($1::text IS NULL OR lookup.actor_id = $1)
                AND ($2::timestamptz IS NULL OR lookup.occurred_at >= $2)
                AND ($3::timestamptz IS NULL OR lookup.occurred_at < $3)
                AND since.standing = $4
                AND ($5::timestamptz IS NULL OR (lookup.occurred_at, lookup.event_id) < ($5, $6::uuid))
            ORDER BY lookup.occurred_at DESC, lookup.event_id DESC
            LIMIT $7
        )
        ORDER BY occurred_at DESC, event_id DESC
        LIMIT $7
    ) AS found
    CROSS JOIN LATERAL (
        SELECT (array_agg(reason.kind ORDER BY reason.kind, reason.id))[:$8] AS kinds,
            (array_agg(reason.id ORDER BY reason.kind, reason.id))[:$8] AS ids,
            (array_agg(reason.is_own ORDER BY reason.kind, reason.id))[:$8] AS are_own
        FROM (
            SELECT lookup_reason.kind, lookup_reason.id, bool_and(lookup_reason.is_own) AS is_own FROM lookup_reason
            WHERE lookup_reason.event_id = found.event_id
            GROUP BY lookup_reason.kind, lookup_reason.id
        ) AS reason
    ) AS told
ORDER BY found.occurred_at DESC, found.event_id DESC"""


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
    """A look-up, with kind, id, and whether it is their own, of each reason; an office is empty where there is none."""

    standing: Standing
    event_id: UUID
    lookup_id: UUID
    actor_id: str
    agency: str
    office: str
    purpose: str
    reference: str
    occurred_at: datetime
    match_count: int
    reasons: Sequence[tuple[str, str, bool]]


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


async def count_moves(transaction: Connection) -> int:
    """Return how often how a look-up stands has changed by now."""
    number: int = await transaction.fetchval(SELECT_MOVES)
    return number


async def list_lookups(
    transaction: Connection,
    within: Within,
    *,
    standings: Sequence[Standing],
    moves: int,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[KeptLookup]:
    """Return the first `limit` look-ups of these standings, one standing after another, of each the newest first.

    They stand as they did after so many `moves`. Of the first standing only those behind `after`.
    """
    await transaction.execute(PLAN_EACH)
    whose = (within.actor_id, within.from_at, within.to_at)
    found: list[KeptLookup] = []
    for standing in standings:
        if len(found) < limit:
            place = after if after and standing == standings[0] else (None, None)
            left = limit - len(found)
            rows = await transaction.fetch(LIST_LOOKUPS, *whose, standing, *place, left, REASONS_SHOWN, moves)
            found += [_lookup(row) for row in rows]
    return found


def _lookup(row: Row) -> KeptLookup:
    fields = dict(row)
    told = [fields.pop(name) or () for name in ("kinds", "ids", "are_own")]
    return KeptLookup(**fields, reasons=list(zip(*told, strict=True)))
