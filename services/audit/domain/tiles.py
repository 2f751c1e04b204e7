"""The tree's hashes, 256 to a tile: what proofs are made from without a look at every leaf.

A level's tiles are made of the hashes of that level: leaves at level 0, above it the roots of the tiles below. Only
full tiles are kept: what is not in one yet is at hand, the leaves in their entries and the roots in their tiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.audit.domain.merkle import Frontier, perfect_root

TILE_HASHES = 256


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile; `hashes` are its 256."""

    level: int
    index: int
    root: bytes
    hashes: tuple[bytes, ...]


def begun(size: int) -> int:
    """Return how many of a level's first `size` hashes lie in full tiles."""
    return size - size % TILE_HASHES


def full_tiles(level: int, start: int, hashes: Sequence[bytes]) -> list[Tile]:
    """Return the full tiles of some hashes of a level, of which the first begins a tile at position `start`."""
    if start % TILE_HASHES:
        raise ValueError(f"no tile begins at {start}")
    tiles = []
    for first in range(0, begun(len(hashes)), TILE_HASHES):
        inside = tuple(hashes[first : first + TILE_HASHES])
        tiles.append(Tile(level, (start + first) // TILE_HASHES, perfect_root(inside), inside))
    return tiles


@dataclass(frozen=True, slots=True)
class Span:
    """Hashes of one level of a log, all in one tile: from `first` to before `beyond` within it."""

    head_id: int
    level: int
    tile: int
    first: int
    beyond: int

    @property
    def start(self) -> int:
        """The position of its first hash in the level."""
        return self.tile * TILE_HASHES + self.first

    @property
    def end(self) -> int:
        """The position behind its last hash in the level."""
        return self.tile * TILE_HASHES + self.beyond

    def cut(self, hashes: list[bytes]) -> list[bytes]:
        """Return its hashes, given all of its tile."""
        return hashes[self.first : self.beyond]


def span_under(head_id: int, first: int, end: int) -> Span:
    """Return the hashes, 1 to 128, from which the root of a perfect, aligned subtree of a log's leaves is made."""
    level, size = 0, end - first
    while size >= TILE_HASHES:
        first, size, level = first // TILE_HASHES, size // TILE_HASHES, level + 1
    tile, place = divmod(first, TILE_HASHES)
    return Span(head_id, level, tile, place, place + size)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of one level."""
    return Frontier().extend(hashes).root()
