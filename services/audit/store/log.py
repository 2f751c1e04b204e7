"""All SQL of the log's writer. Entries are only ever added."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.audit.domain.log import Entry, Head, NotNext, Reading
from services.audit.domain.merkle import decode_frontier
from shared.db.pool import Connection, Row

PLAN_EACH = "SET LOCAL plan_cache_mode = force_custom_plan"
"""A plan made while the log was small would be kept for too long, and one made for no filter would suit none."""

# The writer

INSERT_HEADS = """
INSERT INTO head (topic, partition, size, next_offset, frontier)
SELECT place.topic, place.partition, 0, place.first_offset, ''
FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS place (topic, partition, first_offset)
WHERE NOT EXISTS (SELECT FROM head WHERE head.topic = place.topic AND head.partition = place.partition)
ON CONFLICT ON CONSTRAINT head_place DO NOTHING"""
# Another writer waits here until this one is done, and then sees that it is late. In one order, so that no two wait for
# each other.
LOCK_HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier
FROM head JOIN unnest($1::text[], $2::integer[]) AS place (topic, partition)
    ON head.topic = place.topic AND head.partition = place.partition
ORDER BY head.id
FOR UPDATE OF head"""
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
ENTRY_COLUMNS = ("head_id", "index", "kafka_offset", "kind", "event_id", "header", "commit", "leaf", "body")


async def lock_heads(transaction: Connection, firsts: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], Head]:
    """Return the heads of these partitions, which nobody else moves before the transaction ends.

    A log that there is not begins at its partition's given offset.
    """
    places = sorted(firsts)
    topics, partitions = [topic for topic, _ in places], [partition for _, partition in places]
    await transaction.execute(PLAN_EACH)
    rows = await transaction.fetch(LOCK_HEADS, topics, partitions)
    if len(rows) < len(places):
        await transaction.execute(INSERT_HEADS, topics, partitions, [firsts[place] for place in places])
        rows = await transaction.fetch(LOCK_HEADS, topics, partitions)
    return {(row["topic"], row["partition"]): _head(row) for row in rows}


async def find_known(transaction: Connection, logs: Sequence[tuple[Head, Sequence[Reading]]]) -> dict[int, set[UUID]]:
    """Return by head which event ids of its log's readings the log has already."""
    asked = [reading.event_id for _, readings in logs for reading in readings if reading.event_id is not None]
    known = {head.id: set[UUID]() for head, _ in logs}
    for row in await transaction.fetch(SELECT_KNOWN, asked):
        # The same event on another topic or partition is not a repeat.
        if row["head_id"] in known:
            known[row["head_id"]].add(row["event_id"])
    return known


async def move_heads(transaction: Connection, moves: Sequence[tuple[Head, Head]]) -> None:
    """Move each head from where it was to where it is now, if it is still where it was.

    Raises:
        NotNext: one is not: another writer moved it.
    """
    status = await transaction.execute(
        MOVE_HEADS,
        [head.id for head, _ in moves],
        [head.next_offset for head, _ in moves],
        [head.frontier.size for _, head in moves],
        [head.next_offset for _, head in moves],
        [head.frontier.encode() for _, head in moves],
    )
    if status != f"UPDATE {len(moves)}":
        raise NotNext("another writer has added to the log since this one read its end")


async def add_entries(transaction: Connection, added: Iterable[tuple[Head, Sequence[Entry]]]) -> None:
    """Add entries to the logs of these heads, in one COPY."""
    rows = (_row(head.id, entry) for head, entries in added for entry in entries)
    await transaction.copy_records_to_table("entry", records=rows, columns=ENTRY_COLUMNS)


def _head(row: Row) -> Head:
    frontier = decode_frontier(row["size"], row["frontier"])
    return Head(row["id"], row["topic"], row["partition"], row["next_offset"], frontier)


def _row(head_id: int, entry: Entry) -> tuple[Any, ...]:
    facts = entry.header.facts
    event_id = None if facts is None else facts.event_id
    place = (head_id, entry.index, entry.header.offset, entry.kind, event_id)
    return (*place, entry.header_bytes, entry.commit, entry.leaf, entry.body)
