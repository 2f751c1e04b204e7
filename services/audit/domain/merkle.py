"""The running root of a growing list: RFC 9162, section 2.1, kept as the roots of its perfect subtrees."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Frontier:
    """The tree over the first `size` leaves: the roots of its perfect subtrees, largest (leftmost) first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the tree with these leaf hashes appended."""
        size, peaks = self.size, list(self.peaks)
        left = list(leaves)
        place, count = 0, len(left)
        while place < count:
            # The largest perfect tree that begins here and is full: level by level is faster than one by one.
            width = 1 << (count - place).bit_length() - 1
            if size:
                width = min(width, size & -size)
            node, place = perfect_root(left[place : place + width]), place + width
            size = _append(peaks, size, node, width)
        return Frontier(size, tuple(peaks))

    def extend_by(self, roots: Iterable[bytes], *, width: int) -> "Frontier":
        """Return the tree with perfect subtrees of so many leaves appended; its size is a multiple of that."""
        if self.size % width:
            raise ValueError(f"no subtree of {width} leaves begins at {self.size}")
        size, peaks = self.size, list(self.peaks)
        for root in roots:
            size = _append(peaks, size, root, width)
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """Return the Merkle Tree Hash; of no leaves at all, the hash of the empty string."""
        if not self.peaks:
            return hashlib.sha256().digest()
        root, *left = reversed(self.peaks)
        for peak in left:
            root = node_hash(peak, root)
        return root

    def spans(self) -> list[tuple[int, int]]:
        """Return for each peak the leaves it covers, as first index and the index after the last."""
        spans, start = [], 0
        for level in reversed(range(self.size.bit_length())):
            if self.size >> level & 1:
                spans.append((start, start + (1 << level)))
                start += 1 << level
        return spans

    def encode(self) -> bytes:
        """Return the peaks one after the other."""
        return b"".join(self.peaks)


def decode_frontier(size: int, raw: bytes) -> Frontier:
    """Return the frontier of that size with these peaks.

    Raises:
        ValueError: a tree of that size has another number of peaks.
    """
    if size < 0 or len(raw) != HASH_BYTES * size.bit_count():
        raise ValueError(f"{len(raw)} bytes are not the frontier of {size} leaves")
    return Frontier(size, tuple(raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES)))


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of one level, whose number is a power of two."""
    level = hashes
    while len(level) > 1:
        pairs = iter(level)
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return level[0]


def _append(peaks: list[bytes], size: int, node: bytes, width: int) -> int:
    """Append a perfect subtree to the peaks of a tree of that size, which it is aligned to; return the new size."""
    size += width
    level = size // width
    while level & 1 == 0:
        node = node_hash(peaks.pop(), node)
        level >>= 1
    peaks.append(node)
    return size


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()
