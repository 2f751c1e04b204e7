"""All SQL of audit. Entries are only ever added and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit.domain.check import StoredEntry, StoredHead
from services.audit.domain.header import FACTS, fact_columns
from services.audit.domain.log import Entry, Head, NotNext, Reading
from services.audit.domain.merkle import decode_frontier
from shared.db.pool import Connection, Row

GROUP = "audit"
"""The consumer group whose fence says how far each partition was read."""
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

# The verifier

SELECT_STORED_HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier, fence.next_offset AS fence
FROM head LEFT JOIN fence
    ON fence.consumer_group = $1 AND fence.topic = head.topic AND fence.partition = head.partition
ORDER BY head.topic, head.partition"""
SELECT_HEADLESS_FENCES = """
SELECT fence.topic, fence.partition, fence.next_offset FROM fence
WHERE fence.consumer_group = $1 AND fence.next_offset > 0
    AND NOT EXISTS (SELECT FROM head WHERE head.topic = fence.topic AND head.partition = fence.partition)
ORDER BY fence.topic, fence.partition"""
SELECT_STORED_ENTRIES = """
SELECT entry.index, entry.kafka_offset, entry.kind, entry.event_id, entry.type, entry.occurred_at, entry.subject_kind,
    entry.subject_id, entry.actor_id, entry.outcome, entry.header, entry.commit, entry.leaf, entry.body
FROM entry
WHERE entry.head_id = $1 AND entry.index >= $2
ORDER BY entry.index
LIMIT $3"""
SELECT_UNFOUNDED_DUPLICATE = """
SELECT min(asked.index)
FROM unnest($2::bigint[], $3::uuid[]) AS asked (index, event_id)
WHERE NOT EXISTS (
    SELECT FROM entry
    WHERE entry.head_id = $1 AND entry.event_id = asked.event_id AND entry.kind = 'event'
        AND entry.index < asked.index)"""
SELECT_REPEATED_EVENT = """
SELECT min(repeat.index)
FROM (
    SELECT (array_agg(entry.index ORDER BY entry.index))[2] AS index
    FROM entry
    WHERE entry.head_id = $1 AND entry.kind = 'event'
    GROUP BY entry.event_id
    HAVING count(*) > 1
) AS repeat"""
SELECT_ORPHAN = """
SELECT entry.head_id, entry.index FROM entry
WHERE entry.head_id <> ALL ($1::integer[])
ORDER BY entry.head_id, entry.index
LIMIT 1"""


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


async def list_stored_heads(snapshot: Connection, *, group: str) -> list[StoredHead]:
    """Return every head by topic and partition, with the group's fence."""
    return [StoredHead(**dict(row)) for row in await snapshot.fetch(SELECT_STORED_HEADS, group)]


async def list_headless_fences(snapshot: Connection, *, group: str) -> list[tuple[str, int]]:
    """Return the partitions that the group has read from and that have no log, and the offset their fence stands at."""
    rows = await snapshot.fetch(SELECT_HEADLESS_FENCES, group)
    return [(f"{row['topic']}[{row['partition']}]", row["next_offset"]) for row in rows]


async def read_entries(snapshot: Connection, head: StoredHead, *, start: int, limit: int) -> list[StoredEntry]:
    """Return the next entries of a log, by index from `start` on."""
    return [StoredEntry(*row.values()) for row in await snapshot.fetch(SELECT_STORED_ENTRIES, head.id, start, limit)]


async def find_unfounded_duplicate(
    snapshot: Connection, head: StoredHead, duplicates: Sequence[StoredEntry]
) -> int | None:
    """Return the first of these entries whose event id no earlier event of the log has."""
    indexes, ids = [entry.index for entry in duplicates], [entry.event_id for entry in duplicates]
    found: int | None = await snapshot.fetchval(SELECT_UNFOUNDED_DUPLICATE, head.id, indexes, ids)
    return found


async def find_repeated_event(snapshot: Connection, head: StoredHead, *, timeout_s: float) -> int | None:
    """Return an entry of kind event whose id an earlier one of the log has too."""
    found: int | None = await snapshot.fetchval(SELECT_REPEATED_EVENT, head.id, timeout=timeout_s)
    return found


async def find_orphan(snapshot: Connection, heads: Sequence[StoredHead], *, timeout_s: float) -> tuple[int, int] | None:
    """Return head id and index of an entry that belongs to none of the heads."""
    row = await snapshot.fetchrow(SELECT_ORPHAN, [head.id for head in heads], timeout=timeout_s)
    return None if row is None else (row["head_id"], row["index"])


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
