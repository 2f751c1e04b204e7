"""Tiles hold the tree's hashes, 256 each, and any perfect subtree's root follows from one of them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.merkle import Frontier
from services.audit.domain.tiles import TILE_HASHES, Span, Tile, begun, full_tiles, root_of, span_under

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(3 * TILE_HASHES + 5)]


def test_only_full_tiles_are_made_and_each_has_the_root_of_its_hashes() -> None:
    tiles = full_tiles(0, 0, LEAVES)
    assert [tile.index for tile in tiles] == [0, 1, 2]
    assert tiles[1].hashes == tuple(LEAVES[TILE_HASHES : 2 * TILE_HASHES])
    assert tiles[0].root == Frontier().extend(LEAVES[:TILE_HASHES]).root()


def test_tiles_that_are_made_step_by_step_are_those_made_at_once() -> None:
    made: list[Tile] = []
    for size, end in ((0, 100), (100, 300), (300, 300), (300, 600), (600, len(LEAVES))):
        made += full_tiles(0, begun(size), LEAVES[begun(size) : end])
    assert made == full_tiles(0, 0, LEAVES)


def test_hashes_that_do_not_begin_a_tile_are_refused() -> None:
    with pytest.raises(ValueError, match="no tile begins at 255"):
        full_tiles(0, 255, LEAVES)


@given(st.integers(0, 20), st.integers(0, 2**20))
def test_a_perfect_subtree_is_made_of_few_hashes_of_one_tile(height: int, number: int) -> None:
    first, size = number << height, 1 << height
    span = span_under(7, first, first + size)
    width = TILE_HASHES**span.level
    assert (span.start * width, span.end * width) == (first, first + size)
    assert 0 <= span.first < span.beyond <= TILE_HASHES
    assert span.beyond - span.first < TILE_HASHES


def test_the_root_of_a_subtree_follows_from_its_span() -> None:
    tiles = full_tiles(0, 0, LEAVES)
    inside = span_under(1, 256 + 64, 256 + 128)
    assert inside == Span(1, 0, 1, 64, 128)
    assert root_of(inside.cut(list(tiles[1].hashes))) == Frontier().extend(LEAVES[320:384]).root()
    above = span_under(1, 0, 512)
    assert above == Span(1, 1, 0, 0, 2)
    assert root_of([tile.root for tile in tiles][above.start : above.end]) == Frontier().extend(LEAVES[:512]).root()
