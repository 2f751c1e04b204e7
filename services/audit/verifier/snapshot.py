"""What the verifier reads from, whichever it is: a database at one moment, or a dump of one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.audit.domain.check import StoredEntry, StoredHead


class Damaged(Exception):
    """Something could not be read; the text says why."""


class Unreadable(Exception):
    """Nothing can be read, or no more of it; the text says why."""


@dataclass(frozen=True, slots=True)
class StoredLogCheckpoint:
    """A row of `log_checkpoint`, with who cosigned it and their lines, in the same order."""

    checkpoint_id: int
    head_id: int
    size: int
    frontier: bytes
    note: str
    witnesses: Sequence[str]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event stands: a log and an index, with what its leaf is made from."""

    head_id: int
    index: int
    header: bytes
    commit: bytes


Vectors = list[tuple[int, str, list[StoredLogCheckpoint]]]


class Source(Protocol):
    """Says where to read, so that another process can read the same; it can be pickled."""

    def open(self) -> "AbstractAsyncContextManager[Snapshot]":
        """Begin to read.

        Raises:
            Unreadable: on entering, or within: the source is away, or went away.
        """


class Snapshot(Protocol):
    """One moment of the log. What cannot be read of it raises `Damaged` within `readable`."""

    def readable(self) -> AbstractAsyncContextManager[None]:
        """Turn what damaged bytes raise into `Damaged`; the snapshot can be read on after it."""

    async def share(self) -> Source:
        """Return where others can read the same moment as long as this one stands."""

    async def list_stored_heads(self) -> list[StoredHead]:
        """Return every head by topic and partition, with the group's fence."""

    async def list_headless_fences(self) -> list[tuple[str, int]]:
        """Return the partitions that were read from and have no log, and the offset their fence stands at."""

    async def read_entries(self, head: StoredHead, *, start: int, limit: int) -> list[StoredEntry]:
        """Return the next entries of a log, by index from `start` on."""

    async def find_unfounded_duplicate(self, head: StoredHead, duplicates: Sequence[StoredEntry]) -> int | None:
        """Return the first of these entries whose event id no earlier event of the log has."""

    async def find_repeated_event(self, head: StoredHead) -> int | None:
        """Return an entry of kind event whose id an earlier one of the log has too."""

    async def find_orphan(self, heads: Sequence[StoredHead]) -> tuple[int, int] | None:
        """Return head id and index of an entry that belongs to none of the heads."""

    async def find_unfounded_event(self) -> tuple[int, int] | None:
        """Return head id and index of what auditors can search though no entry of a log is there for it."""

    async def has_checkpoints(self) -> bool:
        """Return whether this log is of a release that signs."""

    def read_vectors(self, *, at_once: int) -> AsyncIterator[Vectors]:
        """Yield all checkpoints in their order, some at a time: id, note, and the log checkpoints made with it."""

    async def find_newest_vector(self) -> str | None:
        """Return the note of the newest checkpoint, None before the first."""

    async def read_signed(self, head: StoredHead, *, above: int, until: int) -> list[tuple[int, bytes, int]]:
        """Return size, frontier and checkpoint id of the log's checkpoints of these sizes, the first left out."""

    async def find_signed_max(self, head: StoredHead) -> int:
        """Return the size of the log's newest checkpoint, 0 without one."""

    async def find_frontier(self, head: StoredHead, size: int) -> bytes | None:
        """Return the frontier kept with the log's checkpoint of a size."""

    async def read_tiles(
        self, head: StoredHead, level: int, *, first: int, beyond: int
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return root and hashes of the tiles of a level with these indexes."""

    async def count_tiles(self, head: StoredHead) -> Mapping[int, int]:
        """Return how many tiles each level has, by its highest index."""

    async def count_lost(self, heads: Sequence[StoredHead]) -> int:
        """Return how many tiles belong to no log, and how many cosignatures to no checkpoint."""

    async def find_missing(self) -> int | None:
        """Return the first checkpoint that is missing, though what was signed of single logs with it is there."""

    async def find_event(self, event_id: UUID) -> Placed | None:
        """Return where an event stands first, by head and index."""

    async def list_proving(self, head: StoredHead, *, index: int) -> list[StoredLogCheckpoint]:
        """Return some of the log's checkpoints that cover an entry: cosigned ones first, of each the newest."""
