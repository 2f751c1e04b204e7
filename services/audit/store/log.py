"""All SQL of the log's writer. Entries are only ever added."""

from collections.abc import Mapping, Sequence
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
ENTRY_COLUMNS = ("head_id", "index", "kafka_offset", "kind", "event_id", "header", "commit", "leaf", "body")


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


def _head(row: Row) -> Head:
    return Head(row["topic"], row["partition"], row["next_offset"], decode_frontier(row["size"], row["frontier"]))


def _row(head_id: int, entry: Entry) -> tuple[Any, ...]:
    facts = entry.header.facts
    event_id = None if facts is None else facts.event_id
    place = (head_id, entry.index, entry.header.offset, entry.kind, event_id)
    return (*place, entry.header_bytes, entry.commit, entry.leaf, entry.body)
