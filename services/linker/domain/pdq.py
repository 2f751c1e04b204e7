"""Near-duplicate pictures: PDQ hashes, what one looks like, and how far two of them are apart.

A PDQ hash (Facebook, 2019) is 256 bits, and copies of one picture differ in a few.
"""

from dataclasses import dataclass
from re import compile as pattern
from uuid import UUID

BITS = 256
DISTANCE_MAX = 31
"""Bits in which copies of one picture may differ: the limit that PDQ's authors recommend."""
QUALITY_MIN = 50
"""Below it a picture has too few features for its hash to mean anything; also by PDQ's authors."""

_HEX = pattern(r"[0-9a-fA-F]{64}")
_PARTS = (1, 2, 4, 8, 16, 32)
"""Lengths in hex digits of what a made-up hash repeats."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a tip, by its hash. Unique by (tip_id, number); `is_viral`: its source says that it circulates."""

    tip_id: UUID
    number: int
    pdq: int
    is_viral: bool = False


def parse_pdq(text: str, quality: int | None) -> int | None:
    """Return a hash from its 64 hex digits, as a number of 256 bits, most significant first.

    None when it is not that, or the quality is below 50 or unknown: then it is no evidence.
    """
    is_usable = quality is not None and quality >= QUALITY_MIN and _HEX.fullmatch(text) is not None
    return int(text, 16) if is_usable else None


def is_blank(pdq: int) -> bool:
    """Return whether a hash stands for no picture: near all zeros or all ones, or one part of it over and over."""
    ones = pdq.bit_count()
    text = f"{pdq:0{BITS // 4}x}"
    repeats = (text[:length] * (len(text) // length) == text for length in _PARTS)
    return min(ones, BITS - ones) <= DISTANCE_MAX or any(repeats)


def distance(left: int, right: int) -> int:
    """Return in how many of the 256 bits two hashes differ."""
    return (left ^ right).bit_count()
