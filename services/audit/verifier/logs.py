"""One log, re-read from its first entry: entries, tiles, and every root that was signed of it."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from services.audit.domain.check import Expected, Finding, LogCheck, StoredEntry, StoredHead
from services.audit.domain.merkle import HASH_BYTES, Frontier, decode_frontier
from services.audit.domain.tiles import TILE_HASHES, full_tiles
from services.audit.verifier import database
from services.audit.verifier.database import Connection
from services.audit.verifier.signed import Pin

PAGE_ENTRIES = 2 * TILE_HASHES
"""Held in memory at once, whole tiles; an entry has at most a little over 256 KiB."""
WHOLE_LOG_TIMEOUT_S = 3_600.0
DAMAGE = (asyncpg.InternalServerError, asyncpg.PostgresSystemError, asyncpg.DataError, ValueError, OverflowError)
"""What PostgreSQL or its client raises when stored bytes are not what they should be."""


class Damaged(Exception):
    """Something could not be read; the text says why."""


class LogReader:
    """Reads the logs of one snapshot; what it read is counted in `kinds`, and told to `advance` page by page."""

    def __init__(
        self, snapshot: Connection, *, has_checkpoints: bool, kinds: Counter[str], advance: Callable[[int], None]
    ) -> None:
        self._snapshot = snapshot
        self._has_checkpoints = has_checkpoints
        self._kinds = kinds
        self._advance = advance

    async def verify(self, head: StoredHead, pins: Sequence[Pin], since: Pin | None) -> list[Finding]:
        """Return what is wrong with a log: the first thing in its entries, and then what is missing of it.

        `since` is a pin below which entries are not read again, if the tree up to there is kept.
        """
        start = await self._start(head, since)
        check = LogCheck(head, start)
        signed_max = await database.find_signed_max(self._snapshot, head) if self._has_checkpoints else 0
        tiles = _Tiles(signed_max, start.size)
        while check.finding is None:
            first = check.next_index
            entries, damage = await self._read_page(head, first)
            check.expect(await self._expected(head, pins, above=first, until=first + len(entries)))
            if check.take(entries):
                await self._check_duplicates(head, check, entries)
                if self._has_checkpoints and check.finding is None:
                    found = await self._tiles(head, 0, first // TILE_HASHES, (first + len(entries)) // TILE_HASHES)
                    tiles.take(check, [entry.leaf for entry in entries], found)
                if damage is not None and check.finding is None:
                    check.damaged(check.next_index, damage)
            self._kinds.update(entry.kind for entry in entries)
            self._advance(len(entries))
            if len(entries) < PAGE_ENTRIES:
                break
        if check.finding is None:
            await self._check_repeats(head, check)
        if check.finding is None and self._has_checkpoints:
            await self._check_upper_tiles(head, check, tiles)
        return [*check.finish(), *_outrun(head, pins, signed_max)]

    async def _start(self, head: StoredHead, since: Pin | None) -> Frontier:
        """Return the kept tree at the pinned size, cut to whole pages; an empty one when none is kept."""
        if since is None or not self._has_checkpoints:
            return Frontier()
        kept = await database.find_frontier(self._snapshot, head, since.size)
        if kept is None:
            return Frontier()
        try:
            tree = decode_frontier(since.size, kept)
        except ValueError:
            return Frontier()
        if tree.root() != since.root:
            return Frontier()
        size = since.size - since.size % PAGE_ENTRIES
        return Frontier(size, tree.peaks[: size.bit_count()])

    async def _expected(self, head: StoredHead, pins: Sequence[Pin], *, above: int, until: int) -> list[Expected]:
        found = [Expected(pin.size, pin.root, pin.by) for pin in pins if above < pin.size <= until]
        if self._has_checkpoints:
            for size, frontier, id_ in await database.read_signed(self._snapshot, head, above=above, until=until):
                try:
                    found.append(Expected(size, decode_frontier(size, frontier).root(), f"checkpoint {id_}"))
                except ValueError:
                    continue  # It is named among the checkpoints.
        return sorted(found, key=lambda signed: signed.size)

    async def _read_page(self, head: StoredHead, start: int) -> tuple[list[StoredEntry], str | None]:
        """Return the next entries; when one of them cannot be read, those before it and why."""
        try:
            async with readable(self._snapshot):
                return await database.read_entries(self._snapshot, head, start=start, limit=PAGE_ENTRIES), None
        except Damaged:
            entries: list[StoredEntry] = []
        # One by one, to find the place.
        while len(entries) < PAGE_ENTRIES:
            try:
                async with readable(self._snapshot):
                    one = await database.read_entries(self._snapshot, head, start=start + len(entries), limit=1)
            except Damaged as error:
                return entries, str(error)
            entries += one
            if not one:
                break
        return entries, None

    async def _tiles(self, head: StoredHead, level: int, first: int, beyond: int) -> dict[int, tuple[bytes, bytes]]:
        try:
            async with readable(self._snapshot):
                return await database.read_tiles(self._snapshot, head, level, first=first, beyond=beyond)
        except Damaged:
            return {}

    async def _check_duplicates(self, head: StoredHead, check: LogCheck, entries: Sequence[StoredEntry]) -> None:
        duplicates = [entry for entry in entries if entry.kind == "duplicate"]
        if not duplicates:
            return
        try:
            async with readable(self._snapshot):
                unfounded = await database.find_unfounded_duplicate(self._snapshot, head, duplicates)
        except Damaged as error:
            check.damaged(None, str(error))
            return
        if unfounded is not None:
            check.repeated(unfounded, is_event=False)

    async def _check_repeats(self, head: StoredHead, check: LogCheck) -> None:
        try:
            async with readable(self._snapshot):
                repeated = await database.find_repeated_event(self._snapshot, head, timeout_s=WHOLE_LOG_TIMEOUT_S)
        except Damaged as error:
            check.damaged(None, str(error))
            return
        if repeated is not None:
            check.repeated(repeated, is_event=True)

    async def _check_upper_tiles(self, head: StoredHead, check: LogCheck, tiles: "_Tiles") -> None:
        """Compare the tiles above the leaves with the roots of those below, and how many there are."""
        counts = dict(await database.count_tiles(self._snapshot, head))
        level, full = 0, tiles.full_count
        while counts.pop(level, 0) == full:
            if not full and not counts:
                return
            level, full = level + 1, full // TILE_HASHES
            if tiles.is_whole and full:
                found = await self._tiles(head, level, 0, full)
                tiles.check_level(check, level, found)
                if check.finding is not None:
                    return
        check.damaged(None, f"it has more or fewer tiles of level {level} than the {full} that were signed")


class _Tiles:
    """Compares stored tiles with the leaves that were read, and keeps the roots for the level above."""

    def __init__(self, signed_size: int, start: int) -> None:
        self.full_count = signed_size // TILE_HASHES
        self.is_whole = start == 0
        """Whether the leaves were read from the first on, so that the levels above follow from them."""
        self._roots: list[bytes] = []

    def take(self, check: LogCheck, leaves: Sequence[bytes], stored: dict[int, tuple[bytes, bytes]]) -> None:
        """Compare the tiles of a page of leaves, the last that were taken."""
        for tile in full_tiles(0, check.next_index - len(leaves), leaves):
            if tile.index < self.full_count:
                self._roots.append(tile.root)
                self._compare(check, 0, tile.index, tile.root, b"".join(tile.hashes), stored.get(tile.index))

    def check_level(self, check: LogCheck, level: int, stored: dict[int, tuple[bytes, bytes]]) -> None:
        """Compare the tiles of the next level, and keep their roots."""
        made = full_tiles(level, 0, self._roots)
        for tile in made:
            self._compare(check, level, tile.index, tile.root, b"".join(tile.hashes), stored.get(tile.index))
        self._roots = [tile.root for tile in made]

    def _compare(
        self, check: LogCheck, level: int, index: int, root: bytes, hashes: bytes, stored: tuple[bytes, bytes] | None
    ) -> None:
        if check.finding is not None or stored == (root, hashes):
            return
        width = TILE_HASHES**level
        first = index * TILE_HASHES
        if stored is not None and len(stored[1]) == len(hashes):
            places = range(0, len(hashes), HASH_BYTES)
            differing = (n for n in places if stored[1][n : n + HASH_BYTES] != hashes[n : n + HASH_BYTES])
            first += next(differing, 0) // HASH_BYTES
        state = "is missing or cannot be read" if stored is None else "does not hold the hashes of the entries"
        check.damaged(first * width, f"tile {index} of level {level} {state}")


def _outrun(head: StoredHead, pins: Sequence[Pin], signed_max: int) -> list[Finding]:
    """Return what was signed of more entries than there are."""
    beyond = [(pin.size, pin.by) for pin in pins if pin.size > head.size]
    if signed_max > head.size:
        beyond.append((signed_max, "its own newest checkpoint"))
    return [outrun(head.place, size, by, has=head.size) for size, by in beyond]


def outrun(place: str, size: int, by: str, *, has: int) -> Finding:
    """Return that a log has fewer entries than were signed."""
    reason = f"{by} says that it had {size} entries, and it has {has}: this database lags, or it was rolled back or cut"
    return Finding(place, has, reason, is_tampered=False)


@asynccontextmanager
async def readable(snapshot: Connection) -> AsyncIterator[None]:
    """Turn what damaged bytes raise into `Damaged`; the savepoint keeps the snapshot usable."""
    try:
        async with snapshot.transaction():
            yield
    except DAMAGE as error:
        raise Damaged(f"the database cannot read it ({reason_of(error)})") from error


def reason_of(error: BaseException) -> str:
    """Kinds of errors, not their texts, which may quote a value; a server's own damage report names the page."""
    if isinstance(error, asyncpg.InternalServerError | asyncpg.PostgresSystemError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__
