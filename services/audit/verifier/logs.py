"""One log, re-read from its first entry: entries, tiles, and every root that was signed of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from services.audit.domain.check import Expected, Finding, LogCheck, StoredEntry, StoredHead
from services.audit.domain.merkle import HASH_BYTES, Frontier, decode_frontier
from services.audit.domain.tiles import TILE_HASHES, Tile, full_tiles
from services.audit.verifier.signed import Pin
from services.audit.verifier.snapshot import Damaged, Snapshot

PAGE_ENTRIES = 2 * TILE_HASHES
"""Held in memory at once, whole tiles; an entry has at most a little over 256 KiB."""
SPAN_ENTRIES = 8 * PAGE_ENTRIES
"""What was signed of so many, and their tiles, are read at once: there is little of it, and each statement costs."""


class LogReader:
    """Reads the logs of one snapshot; what it read is counted in `kinds`, and told to `advance` page by page."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        has_checkpoints: bool,
        sound_below: int,
        kinds: Counter[str],
        advance: Callable[[int], None],
    ) -> None:
        self._snapshot = snapshot
        self._sound_below = sound_below
        self._has_checkpoints = has_checkpoints
        self._kinds = kinds
        self._advance = advance

    async def verify(self, head: StoredHead, pins: Sequence[Pin], since: Pin | None) -> list[Finding]:
        """Return what is wrong with a log: the first thing in its entries, and then what is missing of it.

        `since` is a pin below which entries are not read again, if the tree up to there is kept.
        """
        check = LogCheck(head)
        try:
            async with self._snapshot.readable():
                start = await self._start(head, since)
                signed_max = await self._snapshot.find_signed_max(head) if self._has_checkpoints else 0
                beyond = await self._beyond(head, pins, signed_max)
        except Damaged as error:
            check.damaged(None, str(error))
            return list(check.finish())
        check = LogCheck(head, start)
        tiles = _Tiles(signed_max, start.size)
        kept: dict[int, tuple[bytes, bytes]] = {}
        span_ends = start.size
        while check.finding is None:
            first = check.next_index
            if first == span_ends:
                span_ends = first + SPAN_ENTRIES
                await self._expect(check, head, pins, above=first, until=span_ends)
                kept = await self._tiles(head, 0, first // TILE_HASHES, span_ends // TILE_HASHES)
            entries, damage = await self._read_page(head, first)
            made = full_tiles(0, first, [entry.leaf for entry in entries])
            if check.finding is None and check.take(entries, [tile.root for tile in made]):
                await self._check_duplicates(head, check, entries)
            if self._has_checkpoints:
                tiles.take(check, made, kept)
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
        return [*check.finish(), *beyond]

    async def _start(self, head: StoredHead, since: Pin | None) -> Frontier:
        """Return the kept tree at the pinned size, cut to whole pages; an empty one when none is kept."""
        if since is None or not self._has_checkpoints or since.size > head.size:
            return Frontier()
        kept = await self._snapshot.find_frontier(head, since.size)
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

    async def _expect(self, check: LogCheck, head: StoredHead, pins: Sequence[Pin], *, above: int, until: int) -> None:
        try:
            check.expect(await self._expected(head, pins, above=above, until=until))
        except Damaged as error:
            check.damaged(None, str(error))

    async def _expected(self, head: StoredHead, pins: Sequence[Pin], *, above: int, until: int) -> list[Expected]:
        found = [Expected(pin.size, pin.root, pin.by) for pin in pins if above < pin.size <= until]
        if self._has_checkpoints:
            async with self._snapshot.readable():
                signed = await self._snapshot.read_signed(head, above=above, until=until)
            for size, frontier, id_ in signed:
                if id_ >= self._sound_below:
                    continue
                try:
                    found.append(Expected(size, decode_frontier(size, frontier).root(), f"checkpoint {id_}"))
                except ValueError:
                    continue  # It is named among the checkpoints.
        return sorted(found, key=lambda each: each.size)

    async def _beyond(self, head: StoredHead, pins: Sequence[Pin], signed_max: int) -> list[Finding]:
        """Return what was signed of more entries than there are."""
        found = []
        for pin in pins:
            if pin.size <= head.size:
                continue
            kept = await self._snapshot.find_frontier(head, pin.size) if self._has_checkpoints else None
            found.append(_contradiction(head, pin, kept) or outrun(head.place, pin.size, pin.by, has=head.size))
        if signed_max > head.size:
            found.append(outrun(head.place, signed_max, "its own newest checkpoint", has=head.size))
        return found

    async def _read_page(self, head: StoredHead, start: int) -> tuple[list[StoredEntry], str | None]:
        """Return the next entries; when one of them cannot be read, those before it and why."""
        try:
            async with self._snapshot.readable():
                return await self._snapshot.read_entries(head, start=start, limit=PAGE_ENTRIES), None
        except Damaged:
            entries: list[StoredEntry] = []
        # One by one, to find the place.
        while len(entries) < PAGE_ENTRIES:
            try:
                async with self._snapshot.readable():
                    one = await self._snapshot.read_entries(head, start=start + len(entries), limit=1)
            except Damaged as error:
                return entries, str(error)
            entries += one
            if not one:
                break
        return entries, None

    async def _tiles(self, head: StoredHead, level: int, first: int, beyond: int) -> dict[int, tuple[bytes, bytes]]:
        if not self._has_checkpoints:
            return {}
        try:
            async with self._snapshot.readable():
                return await self._snapshot.read_tiles(head, level, first=first, beyond=beyond)
        except Damaged:
            found: dict[int, tuple[bytes, bytes]] = {}
        # One by one, to find those that can be.
        for index in range(first, beyond):
            with suppress(Damaged):
                async with self._snapshot.readable():
                    found |= await self._snapshot.read_tiles(head, level, first=index, beyond=index + 1)
        return found

    async def _check_duplicates(self, head: StoredHead, check: LogCheck, entries: Sequence[StoredEntry]) -> None:
        duplicates = [entry for entry in entries if entry.kind == "duplicate"]
        if not duplicates:
            return
        try:
            async with self._snapshot.readable():
                unfounded = await self._snapshot.find_unfounded_duplicate(head, duplicates)
        except Damaged as error:
            check.damaged(None, str(error))
            return
        if unfounded is not None:
            check.repeated(unfounded, is_event=False)

    async def _check_repeats(self, head: StoredHead, check: LogCheck) -> None:
        try:
            async with self._snapshot.readable():
                repeated = await self._snapshot.find_repeated_event(head)
        except Damaged as error:
            check.damaged(None, str(error))
            return
        if repeated is not None:
            check.repeated(repeated, is_event=True)

    async def _check_upper_tiles(self, head: StoredHead, check: LogCheck, tiles: "_Tiles") -> None:
        """Compare the tiles above the leaves with the roots of those below, and how many there are."""
        try:
            async with self._snapshot.readable():
                counts = dict(await self._snapshot.count_tiles(head))
        except Damaged as error:
            check.damaged(None, str(error))
            return
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

    def take(self, check: LogCheck, made: Sequence[Tile], stored: dict[int, tuple[bytes, bytes]]) -> None:
        """Compare the tiles of a page of leaves; they say where it is that a root is another."""
        for tile in made:
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
        if stored == (root, hashes):
            return
        width = TILE_HASHES**level
        first = index * TILE_HASHES
        if stored is not None and len(stored[1]) == len(hashes):
            places = range(0, len(hashes), HASH_BYTES)
            differing = (n for n in places if stored[1][n : n + HASH_BYTES] != hashes[n : n + HASH_BYTES])
            first += next(differing, 0) // HASH_BYTES
        state = "is missing or cannot be read" if stored is None else "does not hold the hashes of the entries"
        check.narrow(first * width, f"tile {index} of level {level} {state}")


def _contradiction(head: StoredHead, pin: Pin, kept: bytes | None) -> Finding | None:
    """Return that the database's own checkpoint of a size says something else than what was kept elsewhere."""
    try:
        if kept is None or decode_frontier(pin.size, kept).root() == pin.root:
            return None
    except ValueError:
        return None  # It is named among the checkpoints.
    reason = f"{pin.by} and the database's own checkpoint say different things of the first {pin.size} entries"
    return Finding(head.place, head.size, reason)


def outrun(place: str, size: int, by: str, *, has: int) -> Finding:
    """Return that a log has fewer entries than were signed."""
    reason = f"{by} says that it had {size} entries, and it has {has}: this database lags, or it was rolled back or cut"
    return Finding(place, has, reason, is_tampered=False)
