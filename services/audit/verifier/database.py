"""The log in PostgreSQL: all of it in one snapshot, by statements of the verifier's own."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from services.audit.domain.check import StoredEntry, StoredHead
from services.audit.verifier.snapshot import Damaged, Placed, Source, StoredLogCheckpoint, Unreadable, Vectors

GROUP = "audit"
"""The consumer group whose fence says how far each partition was read."""
CONNECT_TIMEOUT_S, COMMAND_TIMEOUT_S, CLOSE_TIMEOUT_S = 10.0, 60.0, 5.0
WHOLE_LOG_TIMEOUT_S = 3_600.0
SETTINGS = {
    "application_name": "audit-verify",
    "search_path": "audit",
    "jit": "off",
    "lock_timeout": "30000",
    # Without statistics PostgreSQL else reads all that is left of a log, sorts it and takes a page, for each page.
    "enable_bitmapscan": "off",
}

UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What is raised when the database is away, or goes away."""
DAMAGE = (
    asyncpg.InternalServerError,
    asyncpg.PostgresSystemError,
    asyncpg.DataError,
    asyncpg.FeatureNotSupportedError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    OverflowError,
)
"""What PostgreSQL or its client raises when stored bytes are not what they should be: a value's compression that there
is not, or a length that cannot be, among them."""

# One for all that is read: nothing is written, so there is never more to go back to.
UNSEARCHED = (None,) * 6
"""The columns of `event` where there is no row."""
SAVEPOINT, ROLLBACK, RELEASE = "SAVEPOINT readable", "ROLLBACK TO SAVEPOINT readable", "RELEASE SAVEPOINT readable"
SNAPSHOT_ID = re.compile(r"[0-9A-F-]{1,64}")

Connection = Any
"""asyncpg's, which has no types."""

SELECT_STORED_HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier, fence.next_offset AS fence,
    COALESCE(projected.index, 0) AS projected
FROM head
    LEFT JOIN fence ON fence.consumer_group = $1 AND fence.topic = head.topic AND fence.partition = head.partition
    LEFT JOIN projected ON projected.head_id = head.id
ORDER BY head.topic, head.partition"""
SELECT_HEADLESS_FENCES = """
SELECT fence.topic, fence.partition, fence.next_offset FROM fence
WHERE fence.consumer_group = $1 AND fence.next_offset > 0
    AND NOT EXISTS (SELECT FROM head WHERE head.topic = fence.topic AND head.partition = fence.partition)
ORDER BY fence.topic, fence.partition"""
# Apart, since to join them costs more than to put them together here. In order: while its statistics know nothing of a
# log yet, PostgreSQL else reads all of that by another index, and again for each page.
SELECT_STORED_ENTRIES = """
SELECT entry.index, entry.kafka_offset, entry.kind, entry.header, entry.commit, entry.leaf, entry.body, entry.event_id
FROM entry
WHERE entry.head_id = $1 AND entry.index >= $2
ORDER BY entry.index
LIMIT $3"""
SELECT_STORED_EVENTS = """
SELECT event.index, event.type, event.occurred_at, event.subject_kind, event.subject_id, event.actor_id, event.outcome
FROM event
WHERE event.head_id = $1 AND event.index >= $2 AND event.index <= $3
ORDER BY event.index"""
COPY_ENTRIES = """
SELECT entry.head_id, entry.index, entry.kafka_offset, entry.kind, entry.event_id, event.type, event.occurred_at,
    event.subject_kind, event.subject_id, event.actor_id, event.outcome, entry.header, entry.commit, entry.leaf,
    entry.body
FROM entry LEFT JOIN event ON event.head_id = entry.head_id AND event.index = entry.index
ORDER BY entry.head_id, entry.index"""
COPIES = {
    "head": """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier,
    COALESCE(projected.index, 0) AS projected
FROM head LEFT JOIN projected ON projected.head_id = head.id
ORDER BY head.id""",
    "fence": "SELECT consumer_group, topic, partition, next_offset FROM fence",
    "entry": COPY_ENTRIES,
}
COPIES_SIGNED = {
    "checkpoint": "SELECT id, note FROM checkpoint ORDER BY id",
    "log_checkpoint": """
SELECT head_id, size, frontier, checkpoint_id, note FROM log_checkpoint ORDER BY checkpoint_id, head_id""",
    "cosignature": "SELECT head_id, size, witness, line FROM cosignature ORDER BY head_id, size, witness",
    "tile": "SELECT head_id, level, index, root, hashes FROM tile ORDER BY head_id, level, index",
}
"""What of each table is written to a dump; the second are not there in a log of a release that signed nothing."""
SELECT_UNFOUNDED_DUPLICATE = """
SELECT min(asked.index)
FROM unnest($2::bigint[], $3::uuid[]) AS asked (index, event_id)
WHERE NOT EXISTS (
    SELECT FROM entry
    WHERE entry.head_id = $1 AND entry.event_id = asked.event_id AND entry.kind = 'event'
        AND entry.index < asked.index)"""
SELECT_HAS_REPEATS = """
SELECT count(*) > count(DISTINCT entry.event_id) FROM entry WHERE entry.head_id = $1 AND entry.kind = 'event'"""
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
SELECT_UNFOUNDED_EVENT = """
SELECT event.head_id, event.index FROM event LEFT JOIN head ON head.id = event.head_id
WHERE head.id IS NULL OR event.index >= head.size
ORDER BY event.head_id, event.index
LIMIT 1"""
SELECT_HAS_CHECKPOINTS = "SELECT to_regclass('log_checkpoint') IS NOT NULL"
SELECT_NEWEST_VECTOR = "SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1"
SELECT_VECTORS = "SELECT id, note FROM checkpoint ORDER BY id"
WITH_LINES = """
SELECT log_checkpoint.checkpoint_id, log_checkpoint.head_id, log_checkpoint.size, log_checkpoint.frontier,
    log_checkpoint.note,
    array(
        SELECT cosignature.witness FROM cosignature
        WHERE cosignature.head_id = log_checkpoint.head_id AND cosignature.size = log_checkpoint.size
        ORDER BY cosignature.witness
    ) AS witnesses,
    array(
        SELECT cosignature.line FROM cosignature
        WHERE cosignature.head_id = log_checkpoint.head_id AND cosignature.size = log_checkpoint.size
        ORDER BY cosignature.witness
    ) AS lines
FROM log_checkpoint"""
SELECT_LOG_CHECKPOINTS = f"""{WITH_LINES}
WHERE log_checkpoint.checkpoint_id BETWEEN $1 AND $2
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
SELECT_EVENT = """
SELECT entry.head_id, entry.index, entry.header, entry.commit FROM entry
WHERE entry.event_id = $1 AND entry.kind = 'event'
ORDER BY entry.head_id, entry.index
LIMIT 1"""
SELECT_PROVING = f"""{WITH_LINES}
WHERE log_checkpoint.head_id = $1 AND log_checkpoint.size > $2
ORDER BY EXISTS (
        SELECT FROM cosignature
        WHERE cosignature.head_id = log_checkpoint.head_id AND cosignature.size = log_checkpoint.size
    ) DESC, log_checkpoint.size DESC
LIMIT 100"""
SELECT_MISSING = """
SELECT min(log_checkpoint.checkpoint_id) FROM log_checkpoint
WHERE NOT EXISTS (SELECT FROM checkpoint WHERE checkpoint.id = log_checkpoint.checkpoint_id)"""


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """A database, and the id of a snapshot that others read in, if they do."""

    url: str
    snapshot_id: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["DatabaseSnapshot"]:
        """Begin to read, in a transaction that sees one moment."""
        try:
            connection = await asyncpg.connect(
                self.url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S, server_settings=SETTINGS
            )
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    if self.snapshot_id:
                        await _enter_snapshot(connection, self.snapshot_id)
                    await connection.execute(SAVEPOINT)
                    yield DatabaseSnapshot(connection, self.url)
            finally:
                await connection.close(timeout=CLOSE_TIMEOUT_S)
        except (*UNREACHABLE, ValueError, TypeError) as error:
            raise Unreadable(f"the database could not be read to the end ({reason_of(error)})") from error


class DatabaseSnapshot:
    """A database at one moment."""

    def __init__(self, connection: Connection, url: str) -> None:
        self._connection = connection
        self._url = url

    @asynccontextmanager
    async def readable(self) -> AsyncIterator[None]:
        """Turn what damaged bytes raise into `Damaged`; the savepoint keeps the snapshot usable."""
        try:
            yield
        except DAMAGE as error:
            await self._connection.execute(ROLLBACK)
            raise Damaged(f"the database cannot read it ({reason_of(error)})") from error

    async def share(self) -> Source:
        """Export the snapshot: other connections can read in it while this transaction stands."""
        # Not from behind a savepoint.
        await self._connection.execute(RELEASE)
        snapshot_id = await self._connection.fetchval("SELECT pg_export_snapshot()")
        await self._connection.execute(SAVEPOINT)
        return DatabaseSource(self._url, snapshot_id)

    async def write_dump(self, folder: Path) -> None:
        """Write what `dump.py` reads: of each table a file, as COPY ... TO ... (FORMAT binary) does."""
        copies = COPIES | COPIES_SIGNED if await self.has_checkpoints() else COPIES
        for name, query in copies.items():
            await self._connection.copy_from_query(
                query, output=folder / f"{name}.copy", format="binary", timeout=WHOLE_LOG_TIMEOUT_S
            )

    async def list_stored_heads(self) -> list[StoredHead]:
        """Return every head by topic and partition, with the group's fence."""
        return [StoredHead(**dict(row)) for row in await self._connection.fetch(SELECT_STORED_HEADS, GROUP)]

    async def list_headless_fences(self) -> list[tuple[str, int]]:
        """Return the partitions that were read from and have no log, and the offset their fence stands at."""
        rows = await self._connection.fetch(SELECT_HEADLESS_FENCES, GROUP)
        return [(f"{row['topic']}[{row['partition']}]", row["next_offset"]) for row in rows]

    async def read_entries(self, head: StoredHead, *, start: int, limit: int) -> list[StoredEntry]:
        """Return the next entries of a log, by index from `start` on."""
        rows = await self._connection.fetch(SELECT_STORED_ENTRIES, head.id, start, limit)
        if not rows:
            return []
        events = await self._connection.fetch(SELECT_STORED_EVENTS, head.id, rows[0]["index"], rows[-1]["index"])
        searched = {event[0]: event[1:] for event in events}
        return [StoredEntry._make((*row, *searched.get(row[0], UNSEARCHED))) for row in rows]

    async def find_unfounded_duplicate(self, head: StoredHead, duplicates: Sequence[StoredEntry]) -> int | None:
        """Return the first of these entries whose event id no earlier event of the log has."""
        indexes, ids = [entry.index for entry in duplicates], [entry.event_id for entry in duplicates]
        found: int | None = await self._connection.fetchval(SELECT_UNFOUNDED_DUPLICATE, head.id, indexes, ids)
        return found

    async def find_repeated_event(self, head: StoredHead) -> int | None:
        """Return an entry of kind event whose id an earlier one of the log has too."""
        # To count is several times faster than to find the place.
        if not await self._connection.fetchval(SELECT_HAS_REPEATS, head.id, timeout=WHOLE_LOG_TIMEOUT_S):
            return None
        found: int | None = await self._connection.fetchval(SELECT_REPEATED_EVENT, head.id, timeout=WHOLE_LOG_TIMEOUT_S)
        return found

    async def find_orphan(self, heads: Sequence[StoredHead]) -> tuple[int, int] | None:
        """Return head id and index of an entry that belongs to none of the heads."""
        row = await self._connection.fetchrow(SELECT_ORPHAN, [head.id for head in heads], timeout=WHOLE_LOG_TIMEOUT_S)
        return None if row is None else (row["head_id"], row["index"])

    async def find_unfounded_event(self) -> tuple[int, int] | None:
        """Return head id and index of what auditors can search though no entry of a log is there for it."""
        row = await self._connection.fetchrow(SELECT_UNFOUNDED_EVENT, timeout=WHOLE_LOG_TIMEOUT_S)
        return None if row is None else (row["head_id"], row["index"])

    async def has_checkpoints(self) -> bool:
        """Return whether this log is of a release that signs."""
        found: bool = await self._connection.fetchval(SELECT_HAS_CHECKPOINTS)
        return found

    async def read_vectors(self, *, at_once: int) -> AsyncIterator[Vectors]:
        """Yield all checkpoints in their order, some at a time: id, note, and the log checkpoints made with it."""
        cursor = await self._connection.cursor(SELECT_VECTORS)
        while page := await cursor.fetch(at_once):
            rows = await self._connection.fetch(SELECT_LOG_CHECKPOINTS, page[0]["id"], page[-1]["id"])
            logs = defaultdict[int, list[StoredLogCheckpoint]](list)
            for row in rows:
                logs[row["checkpoint_id"]].append(StoredLogCheckpoint(*row.values()))
            yield [(row["id"], row["note"], logs[row["id"]]) for row in page]

    async def find_newest_vector(self) -> str | None:
        """Return the note of the newest checkpoint, None before the first."""
        note: str | None = await self._connection.fetchval(SELECT_NEWEST_VECTOR)
        return note

    async def read_signed(self, head: StoredHead, *, above: int, until: int) -> list[tuple[int, bytes, int]]:
        """Return size, frontier and checkpoint id of the log's checkpoints of these sizes, the first left out."""
        return [tuple(row) for row in await self._connection.fetch(SELECT_SIGNED_SIZES, head.id, above, until)]

    async def find_signed_max(self, head: StoredHead) -> int:
        """Return the size of the log's newest checkpoint, 0 without one."""
        found: int = await self._connection.fetchval(SELECT_SIGNED_MAX, head.id)
        return found

    async def find_frontier(self, head: StoredHead, size: int) -> bytes | None:
        """Return the frontier kept with the log's checkpoint of a size."""
        found: bytes | None = await self._connection.fetchval(SELECT_FRONTIER, head.id, size)
        return found

    async def read_tiles(
        self, head: StoredHead, level: int, *, first: int, beyond: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return root and hashes of the tiles of a level with these indexes."""
        rows = await self._connection.fetch(SELECT_TILES, head.id, level, first, beyond)
        return {row["index"]: (row["root"], row["hashes"]) for row in rows}

    async def count_tiles(self, head: StoredHead) -> Mapping[int, int]:
        """Return how many tiles each level has, by its highest index."""
        return {row["level"]: row["count"] for row in await self._connection.fetch(SELECT_TILE_LEVELS, head.id)}

    async def count_lost(self, heads: Sequence[StoredHead]) -> int:
        """Return how many tiles belong to no log, and how many cosignatures to no checkpoint."""
        count: int = await self._connection.fetchval(SELECT_LOST, [head.id for head in heads])
        return count

    async def find_missing(self) -> int | None:
        """Return the first checkpoint that is missing, though what was signed of single logs with it is there."""
        found: int | None = await self._connection.fetchval(SELECT_MISSING)
        return found

    async def find_event(self, event_id: UUID) -> Placed | None:
        """Return where an event stands first, by head and index."""
        row = await self._connection.fetchrow(SELECT_EVENT, event_id)
        return None if row is None else Placed(*row.values())

    async def list_proving(self, head: StoredHead, *, index: int) -> list[StoredLogCheckpoint]:
        """Return some of the log's checkpoints that cover an entry: cosigned ones first, of each the newest."""
        rows = await self._connection.fetch(SELECT_PROVING, head.id, index)
        return [StoredLogCheckpoint(*row.values()) for row in rows]


def reason_of(error: BaseException) -> str:
    """Kinds of errors, not their texts, which may quote a value; a server's own damage report names the page."""
    if isinstance(error, asyncpg.InternalServerError | asyncpg.PostgresSystemError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


async def _enter_snapshot(transaction: Connection, snapshot_id: str) -> None:
    """Let a transaction that has not begun to read do so in an exported snapshot."""
    if not SNAPSHOT_ID.fullmatch(snapshot_id):
        raise ValueError("no id of a snapshot")
    await transaction.execute(f"SET TRANSACTION SNAPSHOT '{snapshot_id}'")
