"""All PDQ hashes there are, in memory, to be compared with one: so nothing that is near can be missed.

A million take 32 MB, and comparing all with one a millisecond or two, whatever they look like. DECISIONS.md no. 39.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.linker.domain.pdq import BITS, DISTANCE_MAX

HASH_BYTES = BITS // 8
_WORDS = HASH_BYTES // 8
_HALF = _WORDS // 2
_WORD = np.dtype(">u8")
_BLOCK = 1 << 15
"""Hashes compared in one go, with each that is asked for: what is worked on stays in the processor's cache."""
_ROOM_MIN = 1 << 10


class KnownHashes:
    """Hashes that were added, and those of them near one."""

    def __init__(self) -> None:
        self.newest = 0
        """The number of the newest that was added (`pdq.number`), from 1 on."""
        self._count = 0
        self._words: NDArray[np.uint64] = np.empty((_WORDS, _ROOM_MIN), np.uint64)

    def add(self, hashes: bytes, newest: int) -> None:
        """Take in some more hashes, 32 bytes each, most significant first; what is added twice is found once."""
        added = np.frombuffer(hashes, _WORD).reshape(-1, _WORDS).T
        count = self._count + added.shape[1]
        if count > self._words.shape[1]:
            # A quarter more than is needed: rarely copied, and little room for nothing.
            words = np.empty((_WORDS, count + count // 4), np.uint64)
            words[:, : self._count] = self._words[:, : self._count]
            self._words = words
        self._words[:, self._count : count] = added
        self._count, self.newest = count, newest

    def find_near(self, pdqs: Iterable[int]) -> dict[int, dict[int, int]]:
        """Return for each of the hashes the distance of every other within 31 bits."""
        asked = {pdq: np.frombuffer(pdq.to_bytes(HASH_BYTES), _WORD).astype(np.uint64) for pdq in pdqs}
        near: dict[int, dict[int, int]] = {pdq: {} for pdq in asked}
        for first in range(0, self._count, _BLOCK):
            words = self._words[:, first : min(first + _BLOCK, self._count)]
            for pdq, row in asked.items():
                near[pdq] |= _near_among(words, row)
        for pdq in asked:
            near[pdq].pop(pdq, None)
        return near


def _near_among(words: NDArray[np.uint64], asked: NDArray[np.uint64]) -> dict[int, int]:
    # Who differs in more than 31 bits of the first half is out, and that is nearly everyone.
    distances = _distances(words[:_HALF], asked[:_HALF])
    places = np.flatnonzero(distances <= DISTANCE_MAX)
    if not len(places):
        return {}
    distances = distances[places] + _distances(words[_HALF:, places], asked[_HALF:])
    is_near = distances <= DISTANCE_MAX
    found = words[:, places[is_near]].T.astype(_WORD)
    return dict(zip(map(_number, found), distances[is_near].tolist(), strict=True))


def _distances(words: NDArray[np.uint64], asked: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return in how many bits each column differs from what was asked for: two words, so 128 at most."""
    distances: NDArray[np.uint8] = np.bitwise_count(words[0] ^ asked[0]) + np.bitwise_count(words[1] ^ asked[1])
    return distances


def _number(words: NDArray[np.uint64]) -> int:
    return int.from_bytes(words.tobytes())
