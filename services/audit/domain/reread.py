"""What is signed was read again: entries whose bytes hash to their leaves, one after the other, as the head has it."""

import hashlib
from collections.abc import Sequence

from services.audit.domain.merkle import Frontier, leaf_hash

Reread = tuple[int, bytes, bytes, bytes, bytes]
"""An entry as it is stored: index, header, commit, leaf, body."""


class Unsound(Exception):
    """What is stored is not what was written, first at `index`; the text says in what way."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def leaves_of(entries: Sequence[Reread], *, first: int, beyond: int) -> list[bytes]:
    """Return the leaves of the entries with these indexes, made from their bytes.

    Raises:
        Unsound: one is missing, or its bytes do not hash to its leaf.
    """
    leaves = []
    for expected, (index, header, commit, leaf, body) in zip(range(first, beyond), entries, strict=False):
        if index != expected:
            raise Unsound(expected, "it is missing")
        if hashlib.sha256(body).digest() != commit:
            raise Unsound(index, "its body does not hash to its commit")
        if leaf_hash(header + commit) != leaf:
            raise Unsound(index, "its header and commit do not hash to its leaf")
        leaves.append(leaf)
    if len(leaves) != beyond - first:
        raise Unsound(first + len(leaves), "it is missing")
    return leaves


def compare_with_head(tree: Frontier, head: Frontier) -> None:
    """Compare what was read with what the head keeps of it.

    Raises:
        Unsound: it is another tree; the subtree that differs first bounds the place.
    """
    for (first, _), ours, theirs in zip(head.spans(), tree.peaks, head.peaks, strict=True):
        if ours != theirs:
            raise Unsound(first, "the entries from here on do not hash to what the head keeps of them")
