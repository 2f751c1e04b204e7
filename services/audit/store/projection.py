"""All SQL of what follows the log: entries not looked at yet, what can be searched for, producers and their numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.domain.header import Header, decode_header
from services.audit.domain.producers import Numbers
from shared.db.pool import Connection, Row

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7300, 1)"
SELECT_WAITING = """
SELECT COALESCE(sum(GREATEST(head.size - COALESCE(projected.index, 0), 0)), 0)::bigint
FROM head LEFT JOIN projected ON projected.head_id = head.id"""
# Of each log as many as of all together, so that one long log does not hold up the others for more than one step. The
# range has an end, or without statistics all that is left of a log would be read and sorted for each step.
SELECT_UNPROJECTED = """
SELECT head.id AS head_id, head.topic, head.partition, entry.index, entry.kind, entry.header, entry.body,
    before.kafka_offset AS offset_before
FROM head
    LEFT JOIN projected ON projected.head_id = head.id
    CROSS JOIN LATERAL (
        SELECT min(entry.index) AS index FROM entry
        WHERE entry.head_id = head.id AND entry.index >= COALESCE(projected.index, 0)
    ) AS next
    CROSS JOIN LATERAL (
        SELECT entry.index, entry.kind, entry.header, entry.body FROM entry
        WHERE entry.head_id = head.id AND entry.index >= next.index
            AND entry.index < LEAST(next.index + $1, head.size)
        ORDER BY entry.index
        LIMIT $1
    ) AS entry
    LEFT JOIN LATERAL (
        SELECT previous.kafka_offset FROM entry AS previous
        WHERE previous.head_id = head.id AND previous.index = entry.index - 1
        LIMIT 1
    ) AS before ON true
WHERE head.size > COALESCE(projected.index, 0)
ORDER BY head.topic, head.partition, entry.index
LIMIT $1"""
SELECT_UNREAD = """
SELECT unread.header
FROM head
    LEFT JOIN projected ON projected.head_id = head.id
    CROSS JOIN LATERAL (
        SELECT entry.header FROM entry
        WHERE entry.head_id = head.id AND entry.index >= COALESCE(projected.index, 0)
        ORDER BY entry.index
        LIMIT 1
    ) AS unread
WHERE head.size > COALESCE(projected.index, 0)"""
# What was followed is in `event`, but for entries behind its last one that are no events: these are followed anew.
TAKE_BACK_PROJECTED = """
UPDATE projected SET index = COALESCE(
    (SELECT event.index + 1 FROM event WHERE event.head_id = projected.head_id ORDER BY event.index DESC LIMIT 1), 0)
FROM head
WHERE head.id = projected.head_id AND projected.index > head.size
RETURNING head.topic, head.partition"""
MOVE_PROJECTED = """
INSERT INTO projected (head_id, index)
SELECT * FROM unnest($1::integer[], $2::bigint[])
ON CONFLICT ON CONSTRAINT projected_pkey DO UPDATE SET index = excluded.index"""
# What was filled in before stays as it is: a log may be followed anew from any place.
INSERT_EVENTS = """
INSERT INTO event (head_id, index, occurred_at, type, subject_kind, subject_id, actor_id, outcome, is_verified)
SELECT row.head_id, row.index, row.occurred_at, row.type, row.subject_kind, row.subject_id, row.actor_id, row.outcome,
    row.is_verified
FROM unnest($1::integer[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::boolean[])
    AS row (head_id, index, occurred_at, type, subject_kind, subject_id, actor_id, outcome, is_verified)
ON CONFLICT ON CONSTRAINT event_pkey DO NOTHING
RETURNING head_id, index"""
INSERT_SHOWN = """
INSERT INTO shown (record_id, head_id, index)
SELECT DISTINCT * FROM unnest($1::text[], $2::integer[], $3::bigint[])
ON CONFLICT ON CONSTRAINT shown_pkey DO NOTHING"""
SELECT_NUMBERS = "SELECT name, numbers FROM producer"
ADD_NUMBERS = """
INSERT INTO producer (name, numbers)
SELECT given.name, range_agg(int8range(given.number, given.number, '[]'))
FROM unnest($1::text[], $2::bigint[]) AS given (name, number)
GROUP BY given.name
ON CONFLICT ON CONSTRAINT producer_pkey DO UPDATE SET numbers = producer.numbers + excluded.numbers"""
CLOSE_HOLES = """
UPDATE producer SET numbers = producer.numbers + closed.numbers
FROM (
        SELECT given.name, range_agg(int8range(given.first, given.last, '[]')) AS numbers
        FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS given (name, first, last)
        GROUP BY given.name
    ) AS closed
WHERE producer.name = closed.name"""
INSERT_ANOMALIES = """
INSERT INTO anomaly (kind, head_id, index, noticed_at)
SELECT given.kind, given.head_id, given.index, $4
FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS given (kind, head_id, index)
ON CONFLICT ON CONSTRAINT anomaly_pkey DO NOTHING
RETURNING kind, head_id, index"""
INSERT_SET_ASIDE = """
INSERT INTO anomaly (kind, head_id, index, noticed_at, error) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT anomaly_pkey DO NOTHING
RETURNING kind"""
INSERT_MISSING = """
INSERT INTO missing_number (producer, first, last, noticed_at)
SELECT given.producer, given.first, given.last, $4
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS given (producer, first, last)
ON CONFLICT ON CONSTRAINT missing_number_pkey DO NOTHING
RETURNING producer, first, last"""

Place = tuple[int, int]
"""Head and index."""


@dataclass(frozen=True, slots=True)
class Unprojected:
    """An entry nobody has followed yet; `offset_before` is Kafka's offset of the entry before it, None of the first."""

    head_id: int
    topic: str
    partition: int
    index: int
    kind: str
    header: bytes
    body: bytes
    offset_before: int | None

    @property
    def place(self) -> Place:
        """Head and index."""
        return self.head_id, self.index


async def try_lock(transaction: Connection) -> bool:
    """Return whether this transaction is the one that follows the log now."""
    taken: bool = await transaction.fetchval(TRY_LOCK)
    return taken


async def count_waiting(connection: Connection) -> int:
    """Return how many entries nobody has followed yet."""
    count: int = await connection.fetchval(SELECT_WAITING)
    return count


async def read_unprojected(transaction: Connection, *, limit: int) -> list[Unprojected]:
    """Return the next entries of all logs, in the order of topic, partition and index."""
    return [Unprojected(*row.values()) for row in await transaction.fetch(SELECT_UNPROJECTED, limit)]


async def list_unread(transaction: Connection) -> list[Header]:
    """Return the header of the first entry of each log that is not followed yet."""
    return [decode_header(row["header"]) for row in await transaction.fetch(SELECT_UNREAD)]


async def take_back_projected(transaction: Connection) -> list[tuple[str, int]]:
    """Let no log count as followed beyond its end; return topic and partition of each that did."""
    rows = await transaction.fetch(TAKE_BACK_PROJECTED)
    return [(row["topic"], row["partition"]) for row in rows]


async def move_projected(transaction: Connection, ends: Mapping[int, int]) -> None:
    """Note for each head up to which entry its log was followed."""
    await transaction.execute(MOVE_PROJECTED, list(ends), list(ends.values()))


async def add_events(transaction: Connection, events: Iterable[tuple[Place, Header, bool | None]]) -> set[Place]:
    """Add what the headers of events say, and whether their MAC is right; return those that were not there before."""
    rows = [_event_row(place, header, is_verified) for place, header, is_verified in events]
    if not rows:
        return set()
    new = await transaction.fetch(INSERT_EVENTS, *(list(column) for column in zip(*rows, strict=True)))
    return {(row["head_id"], row["index"]) for row in new}


async def add_shown(transaction: Connection, shown: Sequence[tuple[str, Place]]) -> None:
    """Add which records events showed."""
    ids, heads, indexes = [id_ for id_, _ in shown], [p[0] for _, p in shown], [p[1] for _, p in shown]
    await transaction.execute(INSERT_SHOWN, ids, heads, indexes)


async def load_numbers(connection: Connection) -> dict[str, Numbers]:
    """Return the numbers of each producer's records in the log."""
    return {row["name"]: _numbers(row) for row in await connection.fetch(SELECT_NUMBERS)}


async def add_numbers(transaction: Connection, numbers: Sequence[tuple[str, int]]) -> None:
    """Add producers' numbers."""
    await transaction.execute(ADD_NUMBERS, [name for name, _ in numbers], [number for _, number in numbers])


async def close_holes(transaction: Connection, holes: Sequence[tuple[str, int, int]]) -> None:
    """Take producers' missing numbers for numbers that are there."""
    await transaction.execute(CLOSE_HOLES, *(list(column) for column in zip(*holes, strict=True)))


async def add_anomalies(
    transaction: Connection, anomalies: Sequence[tuple[str, Place]], *, at: datetime
) -> set[tuple[str, Place]]:
    """Add what is wrong with entries; return what was not known before."""
    kinds, heads, indexes = [k for k, _ in anomalies], [p[0] for _, p in anomalies], [p[1] for _, p in anomalies]
    rows = await transaction.fetch(INSERT_ANOMALIES, kinds, heads, indexes, at)
    return {(row["kind"], (row["head_id"], row["index"])) for row in rows}


async def add_set_aside(transaction: Connection, kind: str, place: Place, *, error: str, at: datetime) -> bool:
    """Add what could not be done with an entry, and the error's class; return whether that was not known before."""
    return await transaction.fetchval(INSERT_SET_ASIDE, kind, *place, at, error) is not None


async def add_missing(
    transaction: Connection, holes: Sequence[tuple[str, int, int]], *, at: datetime
) -> list[tuple[str, int, int]]:
    """Add producers' missing numbers, first and last of each run; return what was not known before."""
    columns = [list(column) for column in zip(*holes, strict=True)]
    rows = await transaction.fetch(INSERT_MISSING, *columns, at)
    return [tuple(row.values()) for row in rows]


def _event_row(place: Place, header: Header, is_verified: bool | None) -> tuple[Any, ...]:
    facts = header.facts
    assert facts is not None
    texts = (facts.type, facts.subject_kind, facts.subject_id, facts.actor_id, facts.outcome)
    return (*place, facts.occurred_at, *texts, is_verified)


def _numbers(row: Row) -> Numbers:
    runs: list[Any] = row["numbers"]
    # PostgreSQL gives every range of whole numbers with its end left out.
    return Numbers([(run.lower, run.upper - 1) for run in runs])
