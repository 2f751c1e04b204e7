"""What the verifier reads: all of it in one snapshot, by statements of its own."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.audit.domain.check import StoredEntry, StoredHead

GROUP = "audit"
"""The consumer group whose fence says how far each partition was read."""
CONNECT_TIMEOUT_S, COMMAND_TIMEOUT_S = 10.0, 60.0
SETTINGS = {"application_name": "audit-verify", "search_path": "audit", "jit": "off", "lock_timeout": "30000"}

SNAPSHOT_ID = re.compile(r"[0-9A-F-]{1,64}")

Connection = Any
"""asyncpg's, which has no types."""

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
SELECT_HAS_CHECKPOINTS = "SELECT to_regclass('log_checkpoint') IS NOT NULL"
SELECT_VECTORS = "SELECT id, note FROM checkpoint ORDER BY id"
SELECT_LOG_CHECKPOINTS = """
SELECT log_checkpoint.checkpoint_id, log_checkpoint.head_id, log_checkpoint.size, log_checkpoint.frontier,
    log_checkpoint.note,
    array(
        SELECT cosignature.line FROM cosignature
        WHERE cosignature.head_id = log_checkpoint.head_id AND cosignature.size = log_checkpoint.size
        ORDER BY cosignature.witness
    ) AS lines
FROM log_checkpoint WHERE log_checkpoint.checkpoint_id BETWEEN $1 AND $2
ORDER BY log_checkpoint.checkpoint_id, log_checkpoint.head_id"""
SELECT_SIGNED_SIZES = """
SELECT log_checkpoint.size, log_checkpoint.frontier, log_checkpoint.checkpoint_id FROM log_checkpoint
WHERE log_checkpoint.head_id = $1 AND log_checkpoint.size > $2 AND log_checkpoint.size <= $3
ORDER BY log_checkpoint.size"""
SELECT_SIGNED_MAX = "SELECT COALESCE(max(log_checkpoint.size), 0) FROM log_checkpoint WHERE log_checkpoint.head_id = $1"
SELECT_FRONTIER = "SELECT frontier FROM log_checkpoint WHERE head_id = $1 AND size = $2"
SELECT_TILES = """
SELECT tile.index, tile.root, tile.hashes FROM tile
WHERE tile.head_id = $1 AND tile.level = $2 AND tile.index >= $3 AND tile.index < $4
ORDER BY tile.index"""
SELECT_TILE_LEVELS = "SELECT level, max(index) + 1 AS count FROM tile WHERE head_id = $1 GROUP BY level ORDER BY level"
SELECT_LOST = """
SELECT (SELECT count(*) FROM tile WHERE tile.head_id <> ALL ($1::integer[]))
    + (
        SELECT count(*) FROM cosignature
        WHERE NOT EXISTS (
            SELECT FROM log_checkpoint
            WHERE log_checkpoint.head_id = cosignature.head_id AND log_checkpoint.size = cosignature.size
        )
    )"""
SELECT_MISSING = """
SELECT min(log_checkpoint.checkpoint_id) FROM log_checkpoint
WHERE NOT EXISTS (SELECT FROM checkpoint WHERE checkpoint.id = log_checkpoint.checkpoint_id)"""


@dataclass(frozen=True, slots=True)
class StoredLogCheckpoint:
    """A row of `log_checkpoint`, with the lines of its cosignatures."""

    checkpoint_id: int
    head_id: int
    size: int
    frontier: bytes
    note: str
    lines: Sequence[str]


async def connect(url: str) -> Connection:
    """Return a connection for the one snapshot."""
    return await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S, server_settings=SETTINGS
    )


async def list_stored_heads(snapshot: Connection) -> list[StoredHead]:
    """Return every head by topic and partition, with the group's fence."""
    return [StoredHead(**dict(row)) for row in await snapshot.fetch(SELECT_STORED_HEADS, GROUP)]


async def list_headless_fences(snapshot: Connection) -> list[tuple[str, int]]:
    """Return the partitions that the group has read from and that have no log, and the offset their fence stands at."""
    rows = await snapshot.fetch(SELECT_HEADLESS_FENCES, GROUP)
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


async def export_snapshot(snapshot: Connection) -> str:
    """Return the id under which other connections can read in the same snapshot while this transaction stands."""
    found: str = await snapshot.fetchval("SELECT pg_export_snapshot()")
    return found


async def enter_snapshot(transaction: Connection, snapshot_id: str) -> None:
    """Let a transaction that has not begun to read do so in an exported snapshot."""
    if not SNAPSHOT_ID.fullmatch(snapshot_id):
        raise ValueError("no id of a snapshot")
    await transaction.execute(f"SET TRANSACTION SNAPSHOT '{snapshot_id}'")


async def has_checkpoints(snapshot: Connection) -> bool:
    """Return whether this log is of a release that signs."""
    found: bool = await snapshot.fetchval(SELECT_HAS_CHECKPOINTS)
    return found


async def read_vectors(
    snapshot: Connection, *, at_once: int
) -> AsyncIterator[list[tuple[int, str, list[StoredLogCheckpoint]]]]:
    """Yield all checkpoints in their order, some at a time: id, note, and the log checkpoints made with it."""
    cursor = await snapshot.cursor(SELECT_VECTORS)
    while page := await cursor.fetch(at_once):
        rows = await snapshot.fetch(SELECT_LOG_CHECKPOINTS, page[0]["id"], page[-1]["id"])
        logs = defaultdict[int, list[StoredLogCheckpoint]](list)
        for row in rows:
            logs[row["checkpoint_id"]].append(StoredLogCheckpoint(*row.values()))
        yield [(row["id"], row["note"], logs[row["id"]]) for row in page]


async def read_signed(
    snapshot: Connection, head: StoredHead, *, above: int, until: int
) -> list[tuple[int, bytes, int]]:
    """Return size, frontier and checkpoint id of the log's checkpoints of these sizes, the first of them left out."""
    return [tuple(row) for row in await snapshot.fetch(SELECT_SIGNED_SIZES, head.id, above, until)]


async def find_signed_max(snapshot: Connection, head: StoredHead) -> int:
    """Return the size of the log's newest checkpoint, 0 without one."""
    found: int = await snapshot.fetchval(SELECT_SIGNED_MAX, head.id)
    return found


async def find_frontier(snapshot: Connection, head: StoredHead, size: int) -> bytes | None:
    """Return the frontier kept with the log's checkpoint of a size."""
    found: bytes | None = await snapshot.fetchval(SELECT_FRONTIER, head.id, size)
    return found


async def read_tiles(
    snapshot: Connection, head: StoredHead, level: int, *, first: int, beyond: int
) -> dict[int, tuple[bytes, bytes]]:
    """Return root and hashes of the tiles of a level with these indexes."""
    rows = await snapshot.fetch(SELECT_TILES, head.id, level, first, beyond)
    return {row["index"]: (row["root"], row["hashes"]) for row in rows}


async def count_tiles(snapshot: Connection, head: StoredHead) -> Mapping[int, int]:
    """Return how many tiles each level has, by its highest index."""
    return {row["level"]: row["count"] for row in await snapshot.fetch(SELECT_TILE_LEVELS, head.id)}


async def count_lost(snapshot: Connection, heads: Sequence[StoredHead]) -> int:
    """Return how many tiles belong to no log, and how many cosignatures to no checkpoint."""
    count: int = await snapshot.fetchval(SELECT_LOST, [head.id for head in heads])
    return count


async def find_missing(snapshot: Connection) -> int | None:
    """Return the first checkpoint that is missing, though what was signed of single logs with it is there."""
    found: int | None = await snapshot.fetchval(SELECT_MISSING)
    return found
