"""Proofs of RFC 9162, section 2.1: that a leaf is in a tree, and that a tree continues another.

They are made from the roots of perfect subtrees alone, each of 2**k leaves, the first of which is divisible by that.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence

from services.audit.domain.merkle import node_hash

PROOF_MAX = 63
"""Hashes of a proof in a tree of 2**63 leaves."""

Root = Callable[[int, int], bytes]
"""Gives the root over the leaves from the first to before the second, which make a perfect subtree."""


def inclusion_path(index: int, size: int, root: Root) -> list[bytes]:
    """Return the proof that the leaf `index` is in the tree of `size` leaves, from the leaf's neighbour up.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_subtree(middle, end, root))
            end = middle
        else:
            path.append(_subtree(first, middle, root))
            first = middle
    return path[::-1]


def consistency_path(old: int, size: int, root: Root) -> list[bytes]:
    """Return the proof that the tree of `size` leaves continues the one of the first `old`.

    Raises:
        ValueError: it has fewer leaves, or `old` is none.
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} leaves does not continue one of {old}")
    path, first, end, is_whole = [], 0, size, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(_subtree(middle, end, root))
            end = middle
        else:
            path.append(_subtree(first, middle, root))
            first, is_whole = middle, False
    if not is_whole:
        path.append(_subtree(first, end, root))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether the path proves that the leaf stands at this index in the tree with this root."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Return whether the path proves that the tree with this root continues the one with the old root."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    # Where the old tree is perfect, its root is the first hash.
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_node = node = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_node, node = node_hash(sibling, old_node), node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old_node == old_root and node == root


def proof_text(data: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """Return a file that proves by itself that an entry is in a log (C2SP tlog-proof).

    `data` is what the leaf is the hash of, and `note` the log's checkpoint with the lines of its witnesses.
    """
    hashes = "".join(f"{b64encode(node).decode()}\n" for node in path)
    return f"c2sp.org/tlog-proof@v1\nextra {b64encode(data).decode()}\nindex {index}\n{hashes}\n{note}"


def _split(size: int) -> int:
    """Return the largest power of two below a size above 1."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(first: int, end: int, root: Root) -> bytes:
    """Return the root over any leaves that a tree's step splits off: perfect subtrees, joined from the right."""
    parts, place = [], first
    while place < end:
        width = 1 << (end - place).bit_length() - 1
        parts.append(root(place, place + width))
        place += width
    node = parts.pop()
    while parts:
        node = node_hash(parts.pop(), node)
    return node
