"""All SQL of audit. Entries are only ever added and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit.domain.header import FACTS, fact_columns
from services.audit.domain.log import Entry, Head, NotNext, Reading
from services.audit.domain.merkle import decode_frontier
from shared.db.pool import Connection, Row

INT8_MAX = 2**63 - 1

PLAN_EACH = "SET LOCAL plan_cache_mode = force_custom_plan"
"""A plan made while the log was small would be kept for too long, and one made for no filter would suit none."""

# The writer

INSERT_HEADS = """
INSERT INTO head (topic, partition, size, next_offset, frontier)
SELECT place.topic, place.partition, 0, place.first_offset, ''
FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS place (topic, partition, first_offset)
WHERE NOT EXISTS (SELECT FROM head WHERE head.topic = place.topic AND head.partition = place.partition)
ON CONFLICT ON CONSTRAINT head_place DO NOTHING"""
SELECT_HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier
FROM head JOIN unnest($1::text[], $2::integer[]) AS place (topic, partition)
    ON head.topic = place.topic AND head.partition = place.partition"""
# OFFSET 0 makes each id one probe of the index: few are known, and the rest of the log is of no interest.
SELECT_KNOWN = """
SELECT found.head_id, asked.event_id
FROM unnest($1::uuid[]) AS asked (event_id)
    CROSS JOIN LATERAL (
        SELECT entry.head_id FROM entry WHERE entry.event_id = asked.event_id AND entry.kind = 'event' OFFSET 0
    ) AS found"""
MOVE_HEADS = """
UPDATE head SET size = move.size, next_offset = move.next_offset, frontier = move.frontier
FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
    AS move (id, expected_offset, size, next_offset, frontier)
WHERE head.id = move.id AND head.next_offset = move.expected_offset"""
ENTRY_COLUMNS = ("head_id", "index", "kafka_offset", "kind", *FACTS, "header", "commit", "leaf", "body")

# The list

LIST_ENTRIES = """
SELECT head.topic, head.partition, entry.index, entry.event_id, entry.type, entry.occurred_at, entry.subject_kind,
    entry.subject_id, entry.actor_id, entry.outcome
FROM head
    CROSS JOIN LATERAL (
        SELECT entry.index, entry.event_id, entry.type, entry.occurred_at, entry.subject_kind, entry.subject_id,
            entry.actor_id, entry.outcome
        FROM entry
        WHERE entry.head_id = head.id AND entry.kind = 'event'
            AND ($1::text IS NULL OR entry.actor_id = $1)
            AND ($2::text IS NULL OR entry.subject_id = $2)
            AND ($3::text IS NULL OR entry.type = $3)
            AND ($4::timestamptz IS NULL OR entry.occurred_at >= $4)
            AND ($5::timestamptz IS NULL OR entry.occurred_at < $5)
            AND entry.index > CASE WHEN head.topic = $6 AND head.partition = $7 THEN $8::bigint ELSE -1 END
        ORDER BY entry.index
        LIMIT $9
    ) AS entry
WHERE $6::text IS NULL OR (head.topic, head.partition) >= ($6::text COLLATE "C", $7::integer)
ORDER BY head.topic, head.partition, entry.index
LIMIT $9"""


async def load_heads(transaction: Connection, firsts: Mapping[tuple[str, int], int]) -> dict[int, Head]:
    """Return the heads of these partitions by id; a log without one begins at its partition's given offset."""
    places = sorted(firsts)
    topics, partitions = [topic for topic, _ in places], [partition for _, partition in places]
    rows = await transaction.fetch(SELECT_HEADS, topics, partitions)
    if len(rows) < len(places):
        await transaction.execute(INSERT_HEADS, topics, partitions, [firsts[place] for place in places])
        rows = await transaction.fetch(SELECT_HEADS, topics, partitions)
    return {row["id"]: _head(row) for row in rows}


async def find_known(transaction: Connection, readings: Mapping[int, Sequence[Reading]]) -> dict[int, set[UUID]]:
    """Return for each head which of its readings' event ids its log has already."""
    asked = [reading.event_id for mine in readings.values() for reading in mine if reading.event_id is not None]
    await transaction.execute(PLAN_EACH)
    known: dict[int, set[UUID]] = {id_: set() for id_ in readings}
    for row in await transaction.fetch(SELECT_KNOWN, asked):
        # The same event on another topic or partition is not a repeat.
        if row["head_id"] in known:
            known[row["head_id"]].add(row["event_id"])
    return known


async def move_heads(transaction: Connection, heads: Mapping[int, tuple[Head, Head]]) -> None:
    """Move each head from where it was to where it is now, if it is still where it was.

    Raises:
        NotNext: one is not: another writer moved it.
    """
    old, new = [head for head, _ in heads.values()], [head for _, head in heads.values()]
    status = await transaction.execute(
        MOVE_HEADS,
        list(heads),
        [head.next_offset for head in old],
        [head.frontier.size for head in new],
        [head.next_offset for head in new],
        [head.frontier.encode() for head in new],
    )
    if status != f"UPDATE {len(heads)}":
        raise NotNext("another writer has added to the log since this one read its end")


async def add_entries(transaction: Connection, entries: Mapping[int, Sequence[Entry]]) -> None:
    """Add entries to the logs of these heads, in one COPY."""
    rows = (_row(id_, entry) for id_, mine in entries.items() for entry in mine)
    await transaction.copy_records_to_table("entry", records=rows, columns=ENTRY_COLUMNS)


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
    return [Listed(Place(*list(row.values())[:3]), *list(row.values())[3:]) for row in rows]


def _head(row: Row) -> Head:
    return Head(row["topic"], row["partition"], row["next_offset"], decode_frontier(row["size"], row["frontier"]))


def _row(head_id: int, entry: Entry) -> tuple[Any, ...]:
    header = entry.header
    return (
        head_id,
        entry.index,
        header.offset,
        entry.kind,
        *fact_columns(header),
        entry.header_bytes,
        entry.commit,
        entry.leaf,
        entry.body,
    )
