"""The log in a folder of files that PostgreSQL's COPY wrote, as `database.py` has it write them.

The small tables, and where each entry stands in its file, go into an SQLite database that is removed afterwards, so
that memory stays bounded. Nothing here is asynchronous: nobody else waits.
"""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from services.audit.domain.check import StoredEntry, StoredHead
from services.audit.domain.header import FACTS
from services.audit.verifier.copyfile import Reader, Row, integer, moment, octets, read_fields, read_rows, text, uuid
from services.audit.verifier.snapshot import Damaged, Placed, Source, StoredLogCheckpoint, Unreadable, Vectors

GROUP = "audit"
"""The consumer group whose fence says how far each partition was read."""
TABLES: Mapping[str, Sequence[Reader]] = {
    "head": (integer, text, integer, integer, integer, octets, integer),
    "fence": (text, text, integer, integer),
    "checkpoint": (integer, text),
    "log_checkpoint": (integer, integer, octets, integer, text),
    "cosignature": (integer, integer, text, text),
    "tile": (integer, integer, integer, octets, octets),
}
ENTRY = (integer, integer, integer, text, uuid, text, moment, text, text, text, text, octets, octets, octets, octets)
ENTRY_REQUIRED = (True, True, True, True, *(7 * (False,)), *(4 * (True,)))
SIGNED = ("checkpoint", "log_checkpoint", "cosignature", "tile")
DAMAGE = (ValueError, OverflowError, OSError, sqlite3.Error)

CREATE = """
CREATE TABLE head (id, topic, partition, size, next_offset, frontier, projected);
CREATE TABLE fence (consumer_group, topic, partition, next_offset);
CREATE TABLE checkpoint (id, note);
CREATE TABLE log_checkpoint (head_id, size, frontier, checkpoint_id, note);
CREATE TABLE cosignature (head_id, size, witness, line);
CREATE TABLE tile (head_id, level, "index", root, hashes);
CREATE TABLE entry (head_id, "index", event_id, is_event, place);
CREATE TABLE damage (name, reason);
"""
CREATE_INDEXES = """
CREATE INDEX checkpoint_id ON checkpoint (id);
CREATE INDEX log_checkpoint_size ON log_checkpoint (head_id, size);
CREATE INDEX log_checkpoint_of ON log_checkpoint (checkpoint_id, head_id);
CREATE INDEX cosignature_size ON cosignature (head_id, size);
CREATE INDEX tile_index ON tile (head_id, level, "index");
CREATE INDEX entry_index ON entry (head_id, "index", place);
CREATE INDEX entry_event ON entry (event_id, head_id, "index") WHERE is_event;
"""
INSERT_INTO = {
    "head": "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?, ?)",
    "fence": "INSERT INTO fence VALUES (?, ?, ?, ?)",
    "checkpoint": "INSERT INTO checkpoint VALUES (?, ?)",
    "log_checkpoint": "INSERT INTO log_checkpoint VALUES (?, ?, ?, ?, ?)",
    "cosignature": "INSERT INTO cosignature VALUES (?, ?, ?, ?)",
    "tile": "INSERT INTO tile VALUES (?, ?, ?, ?, ?)",
    "entry": "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
}
INSERT_DAMAGE = "INSERT INTO damage VALUES (?, ?)"
SELECT_DAMAGE = "SELECT name, reason FROM damage"
SELECT_HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier, fence.next_offset,
    head.projected
FROM head LEFT JOIN fence
    ON fence.consumer_group = ? AND fence.topic = head.topic AND fence.partition = head.partition
ORDER BY head.topic, head.partition"""
SELECT_HEADLESS_FENCES = """
SELECT topic, partition, next_offset FROM fence
WHERE consumer_group = ? AND next_offset > 0
    AND NOT EXISTS (SELECT 1 FROM head WHERE head.topic = fence.topic AND head.partition = fence.partition)
ORDER BY topic, partition"""
SELECT_PLACES = 'SELECT place FROM entry WHERE head_id = ? AND "index" >= ? ORDER BY "index", place LIMIT ?'
SELECT_EARLIER = 'SELECT 1 FROM entry WHERE is_event AND event_id = ? AND head_id = ? AND "index" < ? LIMIT 1'
SELECT_REPEATED = """
SELECT min("index") FROM entry AS later
WHERE is_event AND head_id = ? AND EXISTS (
    SELECT 1 FROM entry AS earlier
    WHERE earlier.is_event AND earlier.event_id = later.event_id AND earlier.head_id = later.head_id
        AND earlier."index" < later."index")"""
SELECT_ORPHAN = """
SELECT head_id, "index" FROM entry WHERE head_id NOT IN (SELECT id FROM head) ORDER BY head_id, "index" LIMIT 1"""
SELECT_NEWEST_VECTOR = "SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1"
SELECT_VECTORS = "SELECT id, note FROM checkpoint ORDER BY id"
SELECT_OF_VECTOR = """
SELECT checkpoint_id, head_id, size, frontier, note FROM log_checkpoint WHERE checkpoint_id = ? ORDER BY head_id"""
SELECT_LINES = "SELECT witness, line FROM cosignature WHERE head_id = ? AND size = ? ORDER BY witness"
SELECT_SIGNED = """
SELECT size, frontier, checkpoint_id FROM log_checkpoint WHERE head_id = ? AND size > ? AND size <= ? ORDER BY size"""
SELECT_SIGNED_MAX = "SELECT COALESCE(max(size), 0) FROM log_checkpoint WHERE head_id = ?"
SELECT_FRONTIER = "SELECT frontier FROM log_checkpoint WHERE head_id = ? AND size = ?"
SELECT_TILES = """
SELECT "index", root, hashes FROM tile WHERE head_id = ? AND level = ? AND "index" >= ? AND "index" < ? """
SELECT_TILE_LEVELS = 'SELECT level, max("index") + 1 FROM tile WHERE head_id = ? GROUP BY level ORDER BY level'
SELECT_LOST = """
SELECT (SELECT count(*) FROM tile WHERE head_id NOT IN (SELECT id FROM head))
    + (
        SELECT count(*) FROM cosignature
        WHERE NOT EXISTS (
            SELECT 1 FROM log_checkpoint
            WHERE log_checkpoint.head_id = cosignature.head_id AND log_checkpoint.size = cosignature.size
        )
    )"""
SELECT_MISSING = """
SELECT min(checkpoint_id) FROM log_checkpoint
WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE checkpoint.id = log_checkpoint.checkpoint_id)"""
SELECT_EVENT = 'SELECT head_id, place FROM entry WHERE is_event AND event_id = ? ORDER BY head_id, "index" LIMIT 1'
SELECT_PROVING = """
SELECT checkpoint_id, head_id, size, frontier, note FROM log_checkpoint WHERE head_id = ? AND size > ?
ORDER BY EXISTS (
        SELECT 1 FROM cosignature
        WHERE cosignature.head_id = log_checkpoint.head_id AND cosignature.size = log_checkpoint.size
    ) DESC, size DESC
LIMIT 100"""


@dataclass(frozen=True, slots=True)
class DumpSource:
    """A folder, and where its small tables and the places of its entries were put, once they were."""

    folder: Path
    database: Path | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["DumpSnapshot"]:
        """Begin to read."""
        _require(self.folder)
        try:
            with tempfile.TemporaryDirectory(prefix="audit-verify-") as scratch:
                path = self.database or Path(scratch) / "tables"
                with closing(sqlite3.connect(path)) as tables, (self.folder / "entry.copy").open("rb") as entries:
                    if self.database is None:
                        _load(tables, self.folder)
                    yield DumpSnapshot(tables, entries, DumpSource(self.folder, path))
        except (OSError, sqlite3.Error, ValueError, TypeError) as error:
            raise Unreadable(f"the dump could not be read to the end ({type(error).__name__})") from error


class DumpSnapshot:
    """A dump, which is of one moment. A table whose file is damaged is read up to there, and then `Damaged`."""

    def __init__(self, tables: sqlite3.Connection, entries: BinaryIO, source: DumpSource) -> None:
        self._tables = tables
        self._entries = entries
        self._source = source
        self._damage: dict[str, str] = dict(tables.execute(SELECT_DAMAGE))

    @asynccontextmanager
    async def readable(self) -> AsyncIterator[None]:
        """Turn what damaged bytes raise into `Damaged`."""
        try:
            yield
        except DAMAGE as error:
            raise Damaged(f"the dump holds what is no value of its column ({type(error).__name__})") from error

    async def share(self) -> Source:
        """Return the dump with its tables made."""
        return self._source

    async def list_stored_heads(self) -> list[StoredHead]:
        """Return every head by topic and partition, with the group's fence."""
        self._need("head", "fence")
        return [StoredHead(*row) for row in self._tables.execute(SELECT_HEADS, (GROUP,))]

    async def list_headless_fences(self) -> list[tuple[str, int]]:
        """Return the partitions that were read from and have no log, and the offset their fence stands at."""
        rows = self._tables.execute(SELECT_HEADLESS_FENCES, (GROUP,))
        return [(f"{topic}[{partition}]", next_offset) for topic, partition, next_offset in rows]

    async def read_entries(self, head: StoredHead, *, start: int, limit: int) -> list[StoredEntry]:
        """Return the next entries of a log, by index from `start` on."""
        places = [place for (place,) in self._tables.execute(SELECT_PLACES, (head.id, start, limit))]
        entries = [_entry(row) for row in self._rows(places)]
        if len(entries) < limit and start + len(entries) < head.size:
            self._need("entry")
        return entries

    async def find_unfounded_duplicate(self, head: StoredHead, duplicates: Sequence[StoredEntry]) -> int | None:
        """Return the first of these entries whose event id no earlier event of the log has."""
        for entry in duplicates:
            asked = (entry.event_id.bytes if entry.event_id else None, head.id, entry.index)
            if self._one(SELECT_EARLIER, *asked) is None:
                return entry.index
        return None

    async def find_repeated_event(self, head: StoredHead) -> int | None:
        """Return an entry of kind event whose id an earlier one of the log has too."""
        found: int | None = self._one(SELECT_REPEATED, head.id)
        return found

    async def find_orphan(self, heads: Sequence[StoredHead]) -> tuple[int, int] | None:
        """Return head id and index of an entry that belongs to none of the heads."""
        self._need("entry")
        row = self._tables.execute(SELECT_ORPHAN).fetchone()
        return None if row is None else (row[0], row[1])

    async def find_unfounded_event(self) -> tuple[int, int] | None:
        """A dump has what auditors search beside its entries only."""
        return None

    async def has_checkpoints(self) -> bool:
        """Return whether the dump holds what was signed."""
        return (self._source.folder / "checkpoint.copy").exists()

    async def read_vectors(self, *, at_once: int) -> AsyncIterator[Vectors]:
        """Yield all checkpoints in their order, some at a time: id, note, and the log checkpoints made with it."""
        cursor = self._tables.execute(SELECT_VECTORS)
        while page := cursor.fetchmany(at_once):
            yield [(id_, note, self._logs(SELECT_OF_VECTOR, id_)) for id_, note in page]
        self._need("checkpoint", "log_checkpoint", "cosignature")

    async def find_newest_vector(self) -> str | None:
        """Return the note of the newest checkpoint, None before the first."""
        found: str | None = self._one(SELECT_NEWEST_VECTOR)
        return found

    async def read_signed(self, head: StoredHead, *, above: int, until: int) -> list[tuple[int, bytes, int]]:
        """Return size, frontier and checkpoint id of the log's checkpoints of these sizes, the first left out."""
        return self._tables.execute(SELECT_SIGNED, (head.id, above, until)).fetchall()

    async def find_signed_max(self, head: StoredHead) -> int:
        """Return the size of the log's newest checkpoint, 0 without one."""
        found: int = self._one(SELECT_SIGNED_MAX, head.id)
        return found

    async def find_frontier(self, head: StoredHead, size: int) -> bytes | None:
        """Return the frontier kept with the log's checkpoint of a size."""
        found: bytes | None = self._one(SELECT_FRONTIER, head.id, size)
        return found

    async def read_tiles(
        self, head: StoredHead, level: int, *, first: int, beyond: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return root and hashes of the tiles of a level with these indexes."""
        rows = self._tables.execute(SELECT_TILES, (head.id, level, first, beyond))
        return {index: (root, hashes) for index, root, hashes in rows}

    async def count_tiles(self, head: StoredHead) -> Mapping[int, int]:
        """Return how many tiles each level has, by its highest index."""
        return dict(self._tables.execute(SELECT_TILE_LEVELS, (head.id,)))

    async def count_lost(self, heads: Sequence[StoredHead]) -> int:
        """Return how many tiles belong to no log, and how many cosignatures to no checkpoint."""
        self._need("tile")
        found: int = self._one(SELECT_LOST)
        return found

    async def find_missing(self) -> int | None:
        """Return the first checkpoint that is missing, though what was signed of single logs with it is there."""
        found: int | None = self._one(SELECT_MISSING)
        return found

    async def find_event(self, event_id: UUID) -> Placed | None:
        """Return where an event stands first, by head and index."""
        row = self._tables.execute(SELECT_EVENT, (event_id.bytes,)).fetchone()
        if row is None:
            return None
        (fields,) = self._rows([row[1]])
        entry = _entry(fields)
        return Placed(row[0], entry.index, entry.header, entry.commit)

    async def list_proving(self, head: StoredHead, *, index: int) -> list[StoredLogCheckpoint]:
        """Return some of the log's checkpoints that cover an entry: cosigned ones first, of each the newest."""
        return self._logs(SELECT_PROVING, head.id, index)

    def _need(self, *names: str) -> None:
        for name in names:
            if name in self._damage:
                raise Damaged(f"{name}.copy cannot be read: {self._damage[name]}")

    def _one(self, statement: str, *values: object) -> Any:
        row = self._tables.execute(statement, values).fetchone()
        return None if row is None else row[0]

    def _logs(self, statement: str, *values: object) -> list[StoredLogCheckpoint]:
        found = []
        for id_, head_id, size, frontier, note in self._tables.execute(statement, values).fetchall():
            lines = self._tables.execute(SELECT_LINES, (head_id, size)).fetchall()
            witnesses = [witness for witness, _ in lines]
            found.append(
                StoredLogCheckpoint(id_, head_id, size, frontier, note, witnesses, [line for _, line in lines])
            )
        return found

    def _rows(self, places: Sequence[int]) -> Iterator[Row]:
        """Yield the rows at these places, which are one behind the other in a dump that was not touched."""
        rows: Iterator[tuple[int, Row]] = iter(())
        for place in places:
            at, row = next(rows, (-1, []))
            if at != place:
                rows = read_rows(self._entries, len(ENTRY), start=place)
                _, row = next(rows)
            yield row


def _require(folder: Path) -> None:
    """Look whether the files are there; those of checkpoints only if one of them is.

    Raises:
        Unreadable: one is not.
    """
    names = ["head", "fence", "entry"]
    if any((folder / f"{name}.copy").exists() for name in SIGNED):
        names += SIGNED
    missing = [f"{name}.copy" for name in names if not (folder / f"{name}.copy").is_file()]
    if missing:
        raise Unreadable(f"the dump has no {', '.join(missing)}")


def _load(tables: sqlite3.Connection, folder: Path) -> None:
    """Put the small tables, and where each entry stands, into the database; and which file is damaged, and where."""
    tables.executescript(CREATE)
    tables.execute("PRAGMA synchronous = OFF")
    for name in ("entry", *TABLES):
        path = folder / f"{name}.copy"
        if path.exists():
            with path.open("rb") as file:
                rows = _places(file) if name == "entry" else _values(file, TABLES[name])
                try:
                    tables.executemany(INSERT_INTO[name], rows)
                except DAMAGE as error:
                    tables.execute(INSERT_DAMAGE, (name, str(error)))
    tables.executescript(CREATE_INDEXES)
    tables.commit()


def _values(file: BinaryIO, readers: Sequence[Reader]) -> Iterator[list[Any]]:
    required = [True] * len(readers)
    for _, row in read_rows(file, len(readers)):
        yield read_fields(row, readers, required=required)


def _places(file: BinaryIO) -> Iterator[tuple[int, int, bytes | None, bool, int]]:
    for place, row in read_rows(file, len(ENTRY)):
        head_id, index, _, kind, event_id, *_ = row
        if head_id is None or index is None:
            raise ValueError(f"an entry without a place at byte {place}")
        yield integer(head_id), integer(index), event_id, kind == b"event", place


def _entry(row: Row) -> StoredEntry:
    _, index, offset, kind, *values = read_fields(row, ENTRY, required=ENTRY_REQUIRED)
    return StoredEntry(index, offset, kind, *values[len(FACTS) :], *values[: len(FACTS)])
