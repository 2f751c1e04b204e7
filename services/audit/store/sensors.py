"""What sensors keep, what they are given of a person's day, and what they say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from uuid import UUID, uuid5

from services.audit.domain.explain import Reason
from services.audit.domain.lookup import REDRESS, TRAVELLER, Lookup, View
from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, Lent, Own, Viewed
from services.audit.domain.sensors.off_hours import PAST
from services.audit.domain.sensors.repeated import WITHIN
from shared.db.pool import Connection, Row

DAY_LOOKUPS_MAX = 2_000
"""Of one person and day, the first so many look-ups and views are seen, and of the shift before it. Who does more by
hand is flagged by then."""
VISITS_MAX = 100
FIXED_ENDS = ("manifest", "notice")
"""Kinds of reasons whose end never changes, so that what names them can end with them: a flight number comes daily."""
FLAG_IDS = UUID("6f1a2c1e-7d53-5b0e-9a7c-3d1f0c5b8e21")
"""The namespace of flags' ids, so that what is flagged again has the same id."""

_KEYS = ("likeness", "names", "sought", "listed")
_PLAIN = attrgetter(*(each.name for each in fields(Lookup) if each.name not in _KEYS))

# A few rows of large tables are asked for, by index. Before PostgreSQL has statistics of what just came in, it would
# rather read tables whole; and a plan made for one array is not right for all.
PLAN_BY_INDEX = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"""

# Keeping. A list of keys travels as the text of an array: the driver has no arrays of arrays of unequal length.

INSERT_LOOKUPS = """
INSERT INTO lookup (event_id, occurred_at, lookup_id, request_id, match_count, is_person, names_reason, is_self,
    actor_id, role, agency, office, purpose, reference, request, person, likeness, names, sought)
SELECT row.event_id, row.occurred_at, row.lookup_id, row.request_id, row.match_count, row.is_person, row.names_reason,
    row.is_self, row.actor_id, row.role, row.agency, row.office, row.purpose, row.reference, row.request, row.person,
    row.likeness::bytea[], row.names::bytea[], row.sought::bytea[]
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::integer[], $6::boolean[], $7::boolean[],
    $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[],
    $16::bytea[], $17::text[], $18::text[], $19::text[])
    AS row (event_id, occurred_at, lookup_id, request_id, match_count, is_person, names_reason, is_self, actor_id, role,
        agency, office, purpose, reference, request, person, likeness, names, sought)
ON CONFLICT ON CONSTRAINT lookup_pkey DO NOTHING
RETURNING event_id"""
INSERT_LISTED = """
INSERT INTO listed (request, passenger, at)
SELECT row.request, row.passenger, row.at
FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[]) AS row (request, passenger, at)
ON CONFLICT ON CONSTRAINT listed_pkey DO UPDATE SET at = excluded.at WHERE excluded.at < listed.at
RETURNING passenger, at"""
INSERT_REASONS = """
INSERT INTO reason (event_id, kind, id, state_of, at, until, units, rests_on, actor_id, request, list, people)
SELECT row.event_id, row.kind, row.id, row.state_of, row.at, COALESCE(row.until, 'infinity'), row.units::text[],
    row.rests_on::text[], row.actor_id, row.request, row.list, row.people
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
    $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::integer[])
    AS row (event_id, kind, id, state_of, at, until, units, rests_on, actor_id, request, list, people)
ON CONFLICT ON CONSTRAINT reason_pkey DO NOTHING
RETURNING state_of"""
INSERT_REASON_NAMES = """
INSERT INTO reason_name (name, state_of, until)
SELECT row.name, row.state_of, COALESCE(row.until, 'infinity')
FROM unnest($1::bytea[], $2::text[], $3::timestamptz[]) AS row (name, state_of, until)
ON CONFLICT ON CONSTRAINT reason_name_pkey DO NOTHING"""
INSERT_VIEWS = """
INSERT INTO viewed (event_id, occurred_at, record_count, actor_id, role)
SELECT row.event_id, row.occurred_at, row.record_count, row.actor_id, row.role
FROM unnest($1::uuid[], $2::timestamptz[], $3::integer[], $4::text[], $5::text[])
    AS row (event_id, occurred_at, record_count, actor_id, role)
ON CONFLICT ON CONSTRAINT viewed_pkey DO NOTHING"""
INSERT_HOURS = """
INSERT INTO worked (actor_id, hour)
SELECT row.actor_id, row.hour FROM unnest($1::text[], $2::timestamptz[]) AS row (actor_id, hour)
ON CONFLICT ON CONSTRAINT worked_pkey DO NOTHING"""
INSERT_DUE = """
INSERT INTO due (event_id, actor_id, occurred_at)
SELECT row.event_id, row.actor_id, row.occurred_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS row (event_id, actor_id, occurred_at)
ON CONFLICT ON CONSTRAINT due_pkey DO NOTHING"""
# What new look-ups, states of reasons and passengers may have changed. A state may bring a name under which the states
# before it explain, or a word on which others rest, or say whose a notice is: the look-ups of its thing's time are
# touched. OFFSET 0: the planner would else work out how every look-up stands, and compare each reason ever told with
# the hundreds of a batch.
UPDATE_STANDING = """
WITH changed AS (
    SELECT given.state_of FROM unnest($2::text[]) AS given (state_of)
    UNION
    SELECT resting.state_of
    FROM unnest($2::text[]) AS given (state_of)
        CROSS JOIN LATERAL (
            SELECT reason.state_of FROM reason WHERE reason.rests_on && ARRAY[given.state_of] OFFSET 0
        ) AS resting
    UNION
    SELECT raised.state_of
    FROM reason AS said JOIN reason AS raised ON raised.request = said.request AND raised.kind = 'notice'
    WHERE said.state_of = ANY ($2) AND said.kind = 'tip'
), touched AS (
    SELECT given.event_id FROM unnest($1::uuid[]) AS given (event_id)
    UNION
    SELECT lookup.event_id FROM lookup
    WHERE lookup.occurred_at >= $4
        AND EXISTS (SELECT FROM unnest(lookup.sought) AS sought (key) WHERE sought.key = ANY ($3::bytea[]))
    UNION
    SELECT lookup.event_id
    FROM changed
        CROSS JOIN LATERAL (
            SELECT min(reason.at) - interval '10 minutes' AS from_at, max(reason.until) AS to_at FROM reason
            WHERE reason.state_of = changed.state_of
        ) AS time
        CROSS JOIN LATERAL (
            SELECT array_agg(reason_name.name) AS names FROM reason_name WHERE reason_name.state_of = changed.state_of
        ) AS known
        JOIN lookup ON lookup.names && known.names
            AND lookup.occurred_at >= time.from_at AND lookup.occurred_at <= time.to_at
), moved AS (
    SELECT lookup.event_id, lookup.standing AS former, now.standing
    FROM touched
        JOIN lookup ON lookup.event_id = touched.event_id
        CROSS JOIN LATERAL (
            SELECT lookup_standing.standing FROM lookup_standing
            WHERE lookup_standing.event_id = touched.event_id
            OFFSET 0
        ) AS now
    WHERE now.standing <> lookup.standing
), kept AS (
    INSERT INTO stood (event_id, standing)
    SELECT moved.event_id, moved.former FROM moved WHERE moved.event_id <> ALL ($1::uuid[])
)
UPDATE lookup SET standing = moved.standing
FROM moved
WHERE lookup.event_id = moved.event_id"""

# The clock. What no service sent does not turn it, nor what is dated ahead: an event of next year would have all judged
# before its time.

MOVE_HEARD = """
INSERT INTO heard (head_id, at)
SELECT given.head_id, given.at FROM unnest($1::integer[], $2::timestamptz[]) AS given (head_id, at)
ON CONFLICT ON CONSTRAINT heard_pkey DO UPDATE SET at = excluded.at WHERE excluded.at > heard.at"""
SELECT_NEWEST = "SELECT max(heard.at) FROM heard"
# An array is looked for by key, each once. A join is not: with statistics of a moment when the table was empty, as it
# mostly is, all that is due was compared with all that was to be taken.
TAKE_DUE = """
DELETE FROM due
WHERE due.event_id = ANY (ARRAY(
    SELECT first.event_id FROM due AS first WHERE first.occurred_at <= $1 ORDER BY first.occurred_at LIMIT $2))
RETURNING due.event_id, due.actor_id, due.occurred_at"""
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7300, 4)"
SELECT_FIRST_DUE = "SELECT min(due.occurred_at) FROM due"
SELECT_PLACE = """
SELECT head.topic, head.partition, head.id, entry.index
FROM entry JOIN head ON head.id = entry.head_id
WHERE entry.event_id = $1 AND entry.kind = 'event'
ORDER BY head.id
LIMIT 1"""

# A person's day

# A list of one's own is news of those on it, who travel, and a tip of one's own is none.
# OFFSET 0: with the limit in view, the planner would walk through all that somebody ever asked, latest first.
SELECT_ASKED = """
SELECT day.actor_id, day.start, asked.role, asked.event_id, asked.occurred_at, asked.request_id, asked.names_reason,
    asked.purpose, asked.is_self, asked.person, asked.likeness, told.at AS told_at, told.are_own, told.kinds,
    told.ids, told.people, told.owns, visit.event_ids, visit.times
FROM unnest($1::text[], $2::timestamptz[]) AS day (actor_id, start)
    CROSS JOIN LATERAL (
        VALUES (day.start - $7::interval, day.start), (day.start, day.start + interval '1 day')
    ) AS part (from_at, to_at)
    CROSS JOIN LATERAL (
        SELECT lookup.event_id, lookup.occurred_at, lookup.request_id, lookup.names_reason, lookup.purpose,
            lookup.is_self, lookup.person, lookup.likeness, lookup.role
        FROM lookup
        WHERE lookup.actor_id = day.actor_id
            AND lookup.occurred_at >= part.from_at AND lookup.occurred_at < part.to_at
            AND lookup.occurred_at <= $3
            AND NOT EXISTS (SELECT FROM reason_name WHERE reason_name.name = lookup.request)
        ORDER BY lookup.occurred_at, lookup.event_id
        LIMIT $4
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT max(lookup_reason.news_at) FILTER (WHERE NOT lookup_reason.is_own OR lookup_reason.kind = 'manifest')
                AS at,
            bool_and(lookup_reason.is_own) AS are_own, array_agg(lookup_reason.kind) AS kinds,
            array_agg(lookup_reason.id) AS ids, array_agg(lookup_reason.people) AS people,
            array_agg(lookup_reason.is_own) AS owns
        FROM lookup_reason WHERE lookup_reason.event_id = asked.event_id
    ) AS told
    CROSS JOIN LATERAL (
        SELECT array_agg(earlier.event_id) AS event_ids, array_agg(earlier.occurred_at) AS times
        FROM (
            SELECT same.event_id, same.occurred_at
            FROM (
                SELECT lookup.event_id, lookup.occurred_at FROM lookup
                WHERE lookup.actor_id = day.actor_id AND lookup.person = asked.person
                    AND lookup.occurred_at <= asked.occurred_at
                    AND lookup.occurred_at > GREATEST(asked.occurred_at - $5::interval, told.at)
                OFFSET 0
            ) AS same
            WHERE told.at IS NOT NULL OR NOT EXISTS (
                SELECT FROM lookup_reason
                WHERE lookup_reason.event_id = same.event_id
                    AND (NOT lookup_reason.is_own OR lookup_reason.kind = 'manifest')
            )
            ORDER BY same.occurred_at DESC
            LIMIT $6
        ) AS earlier
    ) AS visit
ORDER BY day.actor_id, day.start, asked.occurred_at, asked.event_id"""
SELECT_VIEWED = """
SELECT day.actor_id, day.start, seen.role, seen.event_id, seen.occurred_at, seen.record_count
FROM unnest($1::text[], $2::timestamptz[]) AS day (actor_id, start)
    CROSS JOIN LATERAL (
        VALUES (day.start - $5::interval, day.start), (day.start, day.start + interval '1 day')
    ) AS part (from_at, to_at)
    CROSS JOIN LATERAL (
        SELECT viewed.event_id, viewed.occurred_at, viewed.record_count, viewed.role FROM viewed
        WHERE viewed.actor_id = day.actor_id
            AND viewed.occurred_at >= part.from_at AND viewed.occurred_at < part.to_at
            AND viewed.occurred_at <= $3
        ORDER BY viewed.occurred_at, viewed.event_id
        LIMIT $4
    ) AS seen
ORDER BY day.actor_id, day.start, seen.occurred_at, seen.event_id"""
SELECT_WORKED = """
SELECT day.actor_id, day.start, array_agg(worked.hour ORDER BY worked.hour) AS hours
FROM unnest($1::text[], $2::timestamptz[]) AS day (actor_id, start)
    JOIN worked ON worked.actor_id = day.actor_id
        AND worked.hour >= day.start - $3::interval AND worked.hour < day.start
GROUP BY day.actor_id, day.start"""

# What is said

INSERT_FLAGS = """
INSERT INTO flag (flag_id, sensor, actor_id, from_at, to_at, reason)
SELECT row.flag_id, row.sensor, row.actor_id, row.from_at, row.to_at, row.reason
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[])
    AS row (flag_id, sensor, actor_id, from_at, to_at, reason)
ON CONFLICT ON CONSTRAINT flag_once DO NOTHING
RETURNING flag.flag_id, flag.sensor"""
INSERT_FLAG_EVENTS = """
INSERT INTO flag_event (flag_id, event_id)
SELECT row.flag_id, row.event_id FROM unnest($1::uuid[], $2::uuid[]) AS row (flag_id, event_id)
ON CONFLICT ON CONSTRAINT flag_event_pkey DO NOTHING"""


async def add_lookups(
    transaction: Connection, lookups: Sequence[Lookup]
) -> tuple[list[UUID], list[tuple[bytes, datetime]]]:
    """Keep look-ups; those that are kept already stay as they are.

    Return the new ones, and the passengers that they show to be on a list, each with the time from which on.
    """
    rows = [(*_PLAIN(each), *map(_array_of, (each.likeness, each.names, each.sought))) for each in lookups]
    new = await _insert(transaction, INSERT_LOOKUPS, rows)
    # Of each key the earliest, whatever comes first: the latest stand first, and are replaced.
    latest_first = sorted(lookups, key=attrgetter("occurred_at"), reverse=True)
    listed = {(each.request, key): each.occurred_at for each in latest_first for key in each.listed}
    told = await _insert(transaction, INSERT_LISTED, [(*key, listed[key]) for key in sorted(listed)])
    people = [(each.event_id, each.actor_id, each.occurred_at) for each in lookups if each.is_person]
    await _insert(transaction, INSERT_DUE, people)
    return [row["event_id"] for row in new], [(row["passenger"], row["at"]) for row in told]


async def add_views(transaction: Connection, views: Sequence[View]) -> None:
    """Keep views of records."""
    rows = [(each.event_id, each.occurred_at, each.record_count, each.actor_id, each.role) for each in views]
    await _insert(transaction, INSERT_VIEWS, rows)
    await _insert(transaction, INSERT_DUE, [(each.event_id, each.actor_id, each.occurred_at) for each in views])


async def add_reasons(transaction: Connection, reasons: Sequence[Reason]) -> list[str]:
    """Keep what explains look-ups; return of which things there are new states."""
    rows = [
        (
            *(each.event_id, each.kind, each.id, each.state_of, each.at, each.until, _texts_of(each.units)),
            *(_texts_of(each.rests_on), each.actor_id, each.request, each.list, each.people),
        )
        for each in reasons
    ]
    new = await _insert(transaction, INSERT_REASONS, rows)
    names = {
        (name, each.state_of): each.until if each.kind in FIXED_ENDS else None
        for each in reasons
        for name in each.names
    }
    # Always in one order, so that two transactions cannot wait for each other.
    await _insert(transaction, INSERT_REASON_NAMES, [(*key, names[key]) for key in sorted(names)])
    return [row["state_of"] for row in new]


async def update_standing(
    transaction: Connection, lookups: Sequence[UUID], states: Sequence[str], listed: Sequence[tuple[bytes, datetime]]
) -> None:
    """Keep up how look-ups stand, after these look-ups, states of things and passengers became known."""
    if lookups or states or listed:
        await transaction.execute(PLAN_BY_INDEX)
        earliest = min((at for _, at in listed), default=None)
        await transaction.execute(UPDATE_STANDING, lookups, states, [key for key, _ in listed], earliest)


async def add_hours(transaction: Connection, hours: Iterable[tuple[str, datetime]]) -> None:
    """Keep in which hours somebody worked."""
    await _insert(transaction, INSERT_HOURS, sorted(set(hours)))


async def add_heard(transaction: Connection, latest: Mapping[int, datetime]) -> None:
    """Keep up to when each log tells of what happened; what is earlier than is known changes nothing."""
    await _insert(transaction, MOVE_HEARD, sorted(latest.items()))


async def find_newest(transaction: Connection) -> datetime | None:
    """Return the latest time at which anything happened that was followed and not forged, None while nothing was."""
    found: datetime | None = await transaction.fetchval(SELECT_NEWEST)
    return found


async def try_lock(transaction: Connection) -> bool:
    """Return whether this transaction is the one that judges now."""
    taken: bool = await transaction.fetchval(TRY_LOCK)
    return taken


async def find_first_due(connection: Connection) -> datetime | None:
    """Return when the earliest event happened that is yet to be judged, None while there is none."""
    found: datetime | None = await connection.fetchval(SELECT_FIRST_DUE)
    return found


async def take_due(transaction: Connection, *, until: datetime, limit: int) -> list[tuple[UUID, str, datetime]]:
    """Take the earliest events that are due by then; return the id of each, who did it, and when."""
    await transaction.execute(PLAN_BY_INDEX)
    rows = await transaction.fetch(TAKE_DUE, until, limit)
    return [(row["event_id"], row["actor_id"], row["occurred_at"]) for row in rows]


async def find_place(transaction: Connection, event_id: UUID) -> tuple[str, int, tuple[int, int]] | None:
    """Return topic, partition, and head and index of an event's entry, the first of several."""
    row = await transaction.fetchrow(SELECT_PLACE, event_id)
    return None if row is None else (row["topic"], row["partition"], (row["id"], row["index"]))


async def load_days(transaction: Connection, days: Sequence[tuple[str, datetime]], *, until: datetime) -> list[Day]:
    """Return what these persons did on these days and in the shift before, as far as it lies no later than `until`."""
    await transaction.execute(PLAN_BY_INDEX)
    actors, starts = [actor for actor, _ in days], [start for _, start in days]
    asked = await transaction.fetch(SELECT_ASKED, actors, starts, until, DAY_LOOKUPS_MAX, WITHIN, VISITS_MAX, SHIFT)
    viewed = await transaction.fetch(SELECT_VIEWED, actors, starts, until, DAY_LOOKUPS_MAX, SHIFT)
    worked = await transaction.fetch(SELECT_WORKED, actors, starts, PAST)
    roles = {(row["actor_id"], row["start"]): row["role"] for row in (*viewed, *asked)}
    asked_on: dict[tuple[str, datetime], list[Asked]] = {day: [] for day in days}
    for row in asked:
        asked_on[row["actor_id"], row["start"]].append(
            Asked(
                event_id=row["event_id"],
                occurred_at=row["occurred_at"],
                request_id=row["request_id"],
                names_reason=row["names_reason"],
                is_for_traveller=row["purpose"] == TRAVELLER,
                is_for_redress=row["purpose"] == REDRESS,
                is_self=row["is_self"],
                person=row["person"],
                likeness=frozenset(row["likeness"]),
                told_at=row["told_at"],
                own=_own(row),
                visits=tuple(zip(row["event_ids"] or (), row["times"] or (), strict=True)),
                lent=_lent(row),
            )
        )
    viewed_on: dict[tuple[str, datetime], list[Viewed]] = {day: [] for day in days}
    for row in viewed:
        seen = Viewed(row["event_id"], row["occurred_at"], row["record_count"])
        viewed_on[row["actor_id"], row["start"]].append(seen)
    hours = {(row["actor_id"], row["start"]): tuple(row["hours"]) for row in worked}
    return [
        Day(day[0], roles.get(day, ""), day[1], tuple(asked_on[day]), tuple(viewed_on[day]), hours.get(day, ()))
        for day in days
    ]


async def add_flags(transaction: Connection, flags: Sequence[Flag]) -> list[tuple[UUID, str]]:
    """Keep flags and the events they rest on; return the id and sensor of those that are new."""
    named = {flag_id_of(flag): flag for flag in flags}
    rows = [(flag_id, flag.sensor, flag.actor_id, flag.start, flag.end, flag.reason) for flag_id, flag in named.items()]
    if not rows:
        return []
    new = await transaction.fetch(INSERT_FLAGS, *(list(column) for column in zip(*rows, strict=True)))
    events = [(flag_id, event_id) for flag_id, flag in named.items() for event_id in flag.event_ids]
    await _insert(transaction, INSERT_FLAG_EVENTS, events)
    return [(row["flag_id"], row["sensor"]) for row in new]


def flag_id_of(flag: Flag) -> UUID:
    """Return a flag's id: the same whenever the same is said."""
    return uuid5(FLAG_IDS, "\x1f".join((flag.sensor, flag.actor_id, flag.start.isoformat(), flag.reason)))


def day_of(at: datetime) -> datetime:
    """Return the midnight (UTC) before a time in UTC."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _own(row: Row) -> tuple[Own, ...]:
    if not row["are_own"]:
        return ()
    return tuple(Own(*each) for each in zip(row["kinds"], row["ids"], row["people"], strict=True))


def _lent(row: Row) -> tuple[Lent, ...]:
    told = zip(*(row[name] or () for name in ("kinds", "ids", "people", "owns")), strict=True)
    return tuple(
        Lent(id_, people)
        for kind, id_, people, is_own in told
        if kind == "manifest" and people is not None and not is_own
    )


async def _insert(transaction: Connection, statement: str, rows: Sequence[Sequence[object]]) -> Sequence[Row]:
    if not rows:
        return ()
    returned: Sequence[Row] = await transaction.fetch(statement, *(list(column) for column in zip(*rows, strict=True)))
    return returned


def _array_of(keys: Iterable[bytes]) -> str:
    return "{" + ",".join(f'"\\\\x{key.hex()}"' for key in keys) + "}"


def _texts_of(texts: Iterable[str]) -> str:
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"
