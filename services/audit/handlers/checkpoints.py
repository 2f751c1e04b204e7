"""Sign what the logs have become, after reading it again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.audit.domain.merkle import Frontier
from services.audit.domain.reread import Unsound, compare_with_head, leaves_of
from services.audit.domain.signer import Signer
from services.audit.domain.tiles import TILE_HASHES, Tile, begun, full_tiles
from services.audit.store import checkpoints as store
from services.audit.store.checkpoints import LogCheckpoint, SignedLog
from shared.clock import Clock
from shared.db.pool import Connection

READ_AT_ONCE = 500
"""Entries held in memory at once; the largest has a little over 256 KiB."""
SIGNED_AT_ONCE = 20_000
"""Entries read again for one checkpoint: what has grown by more is signed for by the next ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one checkpoint did: the entries it signed for, whether more wait, and where the logs are not sound."""

    entry_count: int = 0
    has_more: bool = False
    unsound: Mapping[str, Unsound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Grown:
    """A log that has grown: its tree up to where it was read again, and the tiles of leaves that are full now."""

    log: SignedLog
    tree: Frontier
    tiles: Sequence[Tile]


async def sign_grown(
    reader: Connection, transaction: Connection, signer: Signer, clock: Clock, *, skipped: Collection[str] = ()
) -> Step:
    """Make one checkpoint of all logs, if one has grown; what was added since the last is read again on `reader`.

    A log that is not sound is signed no further than it was: what is signed is never contradicted. Those at `skipped`
    places are not looked at.
    """
    if not await store.try_lock(transaction):
        return Step()
    logs = await store.list_logs(transaction)
    looked_at = [each for each in logs if each.place not in skipped]
    shrunk = {each.place: error for each in looked_at if (error := _shrunk(each))}
    ranges = _ranges(each for each in looked_at if each.place not in shrunk)
    if not ranges:
        return Step(unsound=shrunk)
    grown, unsound = await _reread(reader, logs, ranges)
    if grown:
        trees = {each.log.id: each.tree for each in grown}
        now = {each: trees.get(each.id, each.signed) for each in logs}
        note = signer.sign_all([(each.topic, each.partition, tree) for each, tree in now.items() if tree.size])
        signed = [
            LogCheckpoint(each.log.id, each.tree, signer.sign_log(each.log.topic, each.log.partition, each.tree))
            for each in grown
        ]
        await store.add_checkpoint(transaction, note, signed, made_at=clock.now())
        await _add_tiles(transaction, grown)
    return Step(
        sum(each.tree.size - each.log.signed.size for each in grown),
        any(each.tree.size < each.log.head.size for each in grown),
        shrunk | unsound,
    )


def _shrunk(each: SignedLog) -> Unsound | None:
    """Return what is wrong with a log whose head says less than was signed, or something else."""
    if each.head.size < each.signed.size:
        return Unsound(each.head.size, f"{each.signed.size} entries were signed, and the head counts {each.head.size}")
    try:
        if each.head.size == each.signed.size:
            compare_with_head(each.signed, each.head)
    except Unsound as error:
        return error
    return None


def _ranges(logs: Iterable[SignedLog]) -> dict[int, tuple[int, int]]:
    """Return of each log that has grown which entries are to be signed for, as many in all as one checkpoint may."""
    ranges, left = {}, SIGNED_AT_ONCE
    for each in logs:
        beyond = min(each.head.size, each.signed.size + left)
        if beyond > each.signed.size:
            ranges[each.id] = each.signed.size, beyond
            left -= beyond - each.signed.size
    return ranges


async def _reread(
    reader: Connection, logs: Sequence[SignedLog], ranges: Mapping[int, tuple[int, int]]
) -> tuple[list[_Grown], dict[str, Unsound]]:
    """Return what each log that has grown was found to be, and what was wrong with the others."""
    leaves: dict[int, list[bytes]] = {head_id: [] for head_id in ranges}
    unsound: dict[int, Unsound] = {}
    for page in _pages(ranges):
        wanted = {head_id: part for head_id, part in page.items() if head_id not in unsound}
        found = await store.reread(reader, wanted)
        for head_id, (first, beyond) in wanted.items():
            try:
                leaves[head_id] += leaves_of(found.get(head_id, ()), first=first, beyond=beyond)
            except Unsound as error:
                unsound[head_id] = error
    # A tile that is completed now began with leaves that were signed for before.
    begins = {
        each.id: (begun(each.signed.size), each.signed.size)
        for each in logs
        if each.id in ranges and begun(ranges[each.id][1]) > begun(each.signed.size) < each.signed.size
    }
    before = await store.load_leaves(reader, begins) if begins else {}
    grown = []
    for each in logs:
        if each.id in ranges and each.id not in unsound:
            try:
                tree, tiles = _grow(each, before.get(each.id, ()), leaves[each.id])
                if tree.size == each.head.size:
                    compare_with_head(tree, each.head)
            except Unsound as error:
                unsound[each.id] = error
            else:
                grown.append(_Grown(each, tree, tiles))
    places = {each.id: each.place for each in logs}
    return grown, {places[id_]: error for id_, error in unsound.items()}


def _grow(each: SignedLog, before: Sequence[bytes], leaves: Sequence[bytes]) -> tuple[Frontier, Sequence[Tile]]:
    """Return the tree with these leaves, and the tiles that they fill; `before` are those that the first began with.

    Raises:
        Unsound: what was signed for is not what it was.
    """
    first = begun(each.signed.size)
    if begun(each.signed.size + len(leaves)) == first:
        return each.signed.extend(leaves), ()
    base = Frontier(first, each.signed.peaks[: first.bit_count()])
    if base.extend(before) != each.signed:
        raise Unsound(first, "leaves that were signed for are others now")
    whole = [*before, *leaves]
    tiles = full_tiles(0, first, whole)
    tree = base.extend_by((tile.root for tile in tiles), width=TILE_HASHES)
    return tree.extend(whole[begun(len(whole)) :]), tiles


def _pages(ranges: Mapping[int, tuple[int, int]]) -> Iterable[dict[int, tuple[int, int]]]:
    """Yield the ranges in parts of so many entries as are held at once."""
    page: dict[int, tuple[int, int]] = {}
    left = READ_AT_ONCE
    for head_id, (start, beyond) in ranges.items():
        first = start
        while first < beyond:
            end = min(beyond, first + left)
            page[head_id] = first, end
            left -= end - first
            first = end
            if not left:
                yield page
                page, left = {}, READ_AT_ONCE
    if page:
        yield page


async def _add_tiles(transaction: Connection, grown: Sequence[_Grown]) -> None:
    """Store the tiles that are full now, level by level."""
    level = 0
    full = {each.log.id: each.tiles for each in grown}
    while full := {head_id: tiles for head_id, tiles in full.items() if tiles}:
        await store.add_tiles(transaction, [(head_id, tile) for head_id, tiles in full.items() for tile in tiles])
        # Of the level above, the roots from the last full tile on; those just stored among them.
        ranges = {head_id: (begun(tiles[0].index), tiles[-1].index + 1) for head_id, tiles in full.items()}
        ripe = {id_: part for id_, part in ranges.items() if begun(part[1]) > part[0]}
        roots = await store.load_roots(transaction, ripe, level=level) if ripe else {}
        level += 1
        full = {head_id: full_tiles(level, ripe[head_id][0], found) for head_id, found in roots.items()}
