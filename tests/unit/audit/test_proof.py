"""Proofs are those of RFC 9162, and prove nothing else."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.merkle import Frontier, leaf_hash, node_hash
from services.audit.domain.proof import (
    PROOF_MAX,
    Root,
    consistency_path,
    inclusion_path,
    verify_consistency,
    verify_inclusion,
)

DATA = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
LEAVES = [leaf_hash(data) for data in DATA]
"""The test leaves of the first Certificate Transparency log, and what it published of them."""
ROOT_OF_8 = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")


def naive_root(leaves: list[bytes]) -> bytes:
    """Return the Merkle Tree Hash as the RFC defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH as the RFC defines it."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(old: int, leaves: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """Return SUBPROOF as the RFC defines it."""
    if old == len(leaves):
        return [] if is_whole else [naive_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*naive_proof(old, leaves[:split], is_whole=is_whole), naive_root(leaves[split:])]
    return [*naive_proof(old - split, leaves[split:], is_whole=False), naive_root(leaves[:split])]


def roots_of(leaves: list[bytes]) -> Root:
    """Return what gives the root of a perfect subtree, and of nothing else."""

    def root(first: int, end: int) -> bytes:
        width = end - first
        assert width & (width - 1) == 0
        assert first % width == 0
        assert end <= len(leaves)
        return Frontier().extend(leaves[first:end]).root()

    return root


def test_the_root_over_the_published_leaves_is_the_published_one() -> None:
    assert naive_root(LEAVES) == Frontier().extend(LEAVES).root() == ROOT_OF_8


@pytest.mark.parametrize("size", range(1, 9))
def test_proofs_over_the_published_leaves_are_those_of_the_definition(size: int) -> None:
    leaves = LEAVES[:size]
    for index in range(size):
        assert inclusion_path(index, size, roots_of(leaves)) == naive_path(index, leaves)
        assert consistency_path(index + 1, size, roots_of(leaves)) == naive_proof(index + 1, leaves)


@given(st.integers(1, 200), st.data())
def test_any_leaf_and_any_earlier_tree_can_be_proved_and_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = [sha256(number.to_bytes(2, "big")).digest() for number in range(size)]
    root, roots = naive_root(leaves), roots_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, roots)
    assert len(path) <= PROOF_MAX
    assert verify_inclusion(leaves[index], index, size, path, root)
    old = data.draw(st.integers(1, size))
    proof = consistency_path(old, size, roots)
    assert proof == naive_proof(old, leaves)
    assert verify_consistency(old, size, proof, naive_root(leaves[:old]), root)

    other = data.draw(st.binary(min_size=32, max_size=32))
    if other not in leaves:
        assert not verify_inclusion(other, index, size, path, root)
        assert not verify_inclusion(leaves[index], index, size, path, other)
        assert not verify_inclusion(leaves[index], index, size, [*path, other], root)
        assert not verify_consistency(old, size, proof, other, root)
        assert not verify_consistency(old, size, [*proof, other], naive_root(leaves[:old]), root)
        if path:
            place = data.draw(st.integers(0, len(path) - 1))
            assert not verify_inclusion(leaves[index], index, size, [*path[:place], other, *path[place + 1 :]], root)
        if proof:
            place = data.draw(st.integers(0, len(proof) - 1))
            changed = [*proof[:place], other, *proof[place + 1 :]]
            assert not verify_consistency(old, size, changed, naive_root(leaves[:old]), root)


def test_what_is_not_in_the_tree_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="has no leaf 8"):
        inclusion_path(8, 8, roots_of(LEAVES))
    with pytest.raises(ValueError, match="does not continue one of 9"):
        consistency_path(9, 8, roots_of(LEAVES))
    assert not verify_inclusion(LEAVES[0], 8, 8, [], LEAVES[0])
    assert not verify_consistency(0, 8, [], b"", ROOT_OF_8)
