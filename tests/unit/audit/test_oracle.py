"""Trees and proofs are those of others: the published vectors, the example of RFC 9162, and `pymerkle` on any tree."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion

from services.audit.domain import proof as ours
from services.audit.domain.merkle import Frontier, leaf_hash, node_hash
from services.audit.domain.proof import Root, consistency_path, inclusion_path

DATA = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
"""The leaves of the test vectors of the certificate-transparency project."""

INCLUSION = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
"""By index and size, what that project's own tests say."""
CONSISTENCY = {
    (1, 1): (),
    (1, 8): INCLUSION[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): INCLUSION[1, 5][1:],
}

LEAVES_OF_SEVEN, PAIRS_OF_SEVEN = "abcdefj", {"g": "ab", "h": "cd", "i": "ef", "k": "gh", "l": "ij"}
"""The tree of seven leaves of RFC 9162, section 2.1.5: its nodes by name, each a leaf or made of two."""


def roots_of(data: list[bytes]) -> Root:
    return lambda first, end: Frontier().extend(leaf_hash(each) for each in data[first:end]).root()


def hex_of(path: list[bytes]) -> tuple[str, ...]:
    return tuple(node.hex() for node in path)


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_is_proved_as_in_the_published_vectors(index: int, size: int) -> None:
    assert hex_of(inclusion_path(index, size, roots_of(DATA))) == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_consistency_is_proved_as_in_the_published_vectors(old: int, size: int) -> None:
    assert hex_of(consistency_path(old, size, roots_of(DATA))) == CONSISTENCY[old, size]


def test_the_example_of_the_rfc_is_proved_as_it_says() -> None:
    def node(name: str) -> bytes:
        if name in LEAVES_OF_SEVEN:
            return leaf_hash(DATA[LEAVES_OF_SEVEN.index(name)])
        pair = PAIRS_OF_SEVEN[name]
        return node_hash(node(pair[0]), node(pair[1]))

    for index, names in {0: "bhl", 3: "cgl", 4: "fjk", 6: "ik"}.items():
        assert inclusion_path(index, 7, roots_of(DATA)) == [node(name) for name in names]
    for old, names in {3: "cdgl", 4: "l", 6: "ijk"}.items():
        assert consistency_path(old, 7, roots_of(DATA)) == [node(name) for name in names]


@given(st.integers(1, 300), st.data())
def test_pymerkle_makes_the_same_roots_and_proofs_and_accepts_no_others(size: int, data: st.DataObject) -> None:
    entries = [sha256(number.to_bytes(2, "big")).digest()[: number % 40] for number in range(size)]
    tree = InmemoryTree(algorithm="sha256", disable_cache=True)
    tree.append_entries(entries)
    roots = roots_of(entries)
    root = roots(0, size)
    assert tree.get_root() == root

    index = data.draw(st.integers(0, size - 1))
    theirs = tree.prove_inclusion(index + 1)
    path = inclusion_path(index, size, roots)
    assert theirs.path == [leaf_hash(entries[index]), *path]
    verify_inclusion(leaf_hash(entries[index]), root, theirs)

    old = data.draw(st.integers(1, size))
    old_root = roots(0, old)
    assert tree.get_root(old) == old_root
    consistent = tree.prove_consistency(old)
    proof = consistency_path(old, size, roots)
    found = joined(consistent.path, consistent.rule, consistent.subset)
    assert (found[1:] if old in (size, old & -old) else found) == proof
    verify_consistency(old_root, root, consistent)
    other = data.draw(st.sampled_from([root, bytes(32), leaf_hash(b"")]))
    assert ours.verify_consistency(old, size, proof, other, root) == is_accepted(other, root, consistent)
    assert ours.verify_consistency(old, size, proof, old_root, other) == is_accepted(old_root, other, consistent)


def joined(path: list[bytes], rule: list[int], subset: list[int]) -> list[bytes]:
    """Return a proof of pymerkle's with the hashes that the RFC has.

    Where the old tree ends on the border of a subtree, pymerkle goes down to the first leaf behind it, and gives what
    it passes; the RFC gives that subtree's root. It always begins with the old tree's last subtree, which the RFC
    leaves out where that is all of the old tree.
    """
    place, behind = 1, []
    if not subset[0]:
        node = path[0]
        while not subset[place]:
            node, place = node_hash(path[place], node) if rule[place - 1] else node_hash(node, path[place]), place + 1
        behind = [node]
        place += 1
    return [path[place - 1] if behind else path[0], *behind, *path[place:]]


def is_accepted(old_root: bytes, root: bytes, proof: object) -> bool:
    try:
        verify_consistency(old_root, root, proof)
    except InvalidProof:
        return False
    return True
