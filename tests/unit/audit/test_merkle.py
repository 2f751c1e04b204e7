"""The running root is that of RFC 9162, whatever the leaves and however they come."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.merkle import Frontier, decode_frontier, leaf_hash, node_hash

LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The test vectors of the Certificate Transparency implementations: the root of the first n leaves."""

leaf_lists = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def merkle_tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(merkle_tree_hash(leaves[:split]), merkle_tree_hash(leaves[split:]))


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    frontier = Frontier().extend(leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size])
    assert frontier.root().hex() == ROOTS[size]


@given(leaf_lists)
def test_the_root_is_that_of_the_recursive_definition(leaves: list[bytes]) -> None:
    assert Frontier().extend(leaves).root() == merkle_tree_hash(leaves)


@given(leaf_lists, st.integers(0, 70))
def test_the_frontier_does_not_depend_on_how_leaves_are_batched(leaves: list[bytes], cut: int) -> None:
    assert Frontier().extend(leaves[:cut]).extend(leaves[cut:]) == Frontier().extend(leaves)


@given(leaf_lists)
def test_each_peak_is_the_root_of_the_leaves_it_covers(leaves: list[bytes]) -> None:
    frontier = Frontier().extend(leaves)
    assert [merkle_tree_hash(leaves[first:end]) for first, end in frontier.spans()] == list(frontier.peaks)
    assert [first for first, _ in frontier.spans()] == [0, *(end for _, end in frontier.spans())][: len(frontier.peaks)]


@given(leaf_lists)
def test_a_frontier_is_read_back_as_it_was_written(leaves: list[bytes]) -> None:
    frontier = Frontier().extend(leaves)
    assert decode_frontier(frontier.size, frontier.encode()) == frontier


@pytest.mark.parametrize(("size", "length"), [(0, 32), (3, 32), (3, 96), (4, 31), (-1, 32)])
def test_a_frontier_of_another_size_is_refused(size: int, length: int) -> None:
    with pytest.raises(ValueError, match="frontier"):
        decode_frontier(size, bytes(length))


@given(st.lists(st.integers(1, 700), min_size=1, max_size=4))
def test_roots_of_many_leaves_do_not_depend_on_how_they_come(counts: list[int]) -> None:
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(sum(counts))]
    frontier, taken = Frontier(), 0
    for count in counts:
        frontier, taken = frontier.extend(leaves[taken : taken + count]), taken + count
    assert frontier.root() == merkle_tree_hash(leaves)
    assert decode_frontier(frontier.size, frontier.encode()) == frontier
