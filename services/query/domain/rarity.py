"""How rare words of names are in our own records: what it says that two people share one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2

BITS_MIN, BITS_MAX = 1.0, 12.0
"""A word that everybody has says something still, and of one that nobody else has we know only that few have it."""
BITS_UNKNOWN = 8.0
RECORDS_MIN = 1_000
"""Fewer records do not tell how common a word is. Nor may an answer from few records tell that there is one more, of
which its reader must not know."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """In how many of the records a word is, as far as that was looked up; what was not is taken for rare."""

    record_count: int = 0
    holders: Mapping[str, int] = field(default_factory=dict)

    def bits_of(self, left: str, right: str) -> float:
        """Return how surprising it is that two names share words as common as these, in bits: 1.0 to 12.0."""
        if self.record_count < RECORDS_MIN:
            return BITS_UNKNOWN
        holders = max(self.holders.get(left, 1), self.holders.get(right, 1), 1)
        return min(max(log2(self.record_count / holders), BITS_MIN), BITS_MAX)

    def joined_with(self, other: "Rarity") -> "Rarity":
        """Return what was looked up here and there, of the same records."""
        return Rarity(max(self.record_count, other.record_count), {**self.holders, **other.holders})


UNKNOWN = Rarity()
"""Nothing was looked up."""
