"""Near-duplicate pictures: PDQ hashes, how far two of them are apart, and where to look for all that are near one.

A PDQ hash (Facebook, 2019) is 256 bits, and copies of one picture differ in a few. The bits are cut into 16 chunks, and
an index tells which hashes hold a chunk's value. Two hashes that differ in 31 bits differ in at most one bit of some
chunk: with two or more in each there would be 32. So whoever looks for all values within one bit of each chunk, 16 x 17
of them, meets every hash that is near. Other cuts (13 chunks of 20 bits, 11 of 24) need far more values for the same.

A chunk is a diagonal of the 16 x 16 grid: one bit of each row and each column. Neighbours resemble one another, and a
smooth picture may leave a whole row as many others do. On generated pictures the most common chunk was shared by 13 %
(radial shades) and 2.4 % (blurred blocks) when chunks were rows, by 3.7 % and 0.9 % as diagonals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, combinations
from math import comb
from re import compile as pattern
from uuid import UUID

BITS = 256
DISTANCE_MAX = 31
"""Bits in which copies of one picture may differ: the limit that PDQ's authors recommend."""
QUALITY_MIN = 50
"""Below it a picture has too few features for its hash to mean anything; also by PDQ's authors."""
CHUNKS = 16
CHUNK_BITS = BITS // CHUNKS

_HEX = pattern(r"[0-9a-fA-F]{64}")
_PARTS = (1, 2, 4, 8, 16, 32)
"""Lengths in hex digits of what a made-up hash repeats."""
_RADIUS_MAX = 3
"""Bits by which a chunk's value may be varied: 697 values. A fourth would add 1,820."""
_PROBE_COST = 5.0
"""What it takes to look a value up, in units of one hash that is found there and compared (measured: 1.6 µs)."""
_SCAN_COST = 1 / 12
"""What it takes to compare a hash while all are read in order, in the same unit."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a tip, by its hash. Unique by (tip_id, number); `is_viral`: its source says that it circulates."""

    tip_id: UUID
    number: int
    pdq: int
    is_viral: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """About how many hashes there are, and how many hold each of the most common chunks.

    It steers where is looked, never what is found, so it may be old, incomplete or empty.
    """

    hash_count: float = 0.0
    common: Mapping[int, float] = field(default_factory=dict)


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


def chunks_of(pdq: int) -> tuple[int, ...]:
    """Return the 16 chunks of a hash, each below 2**20: its number (0 to 15), then its 16 bits."""
    bits = f"{pdq:0{BITS}b}"
    rows = (bits[at : at + CHUNK_BITS] for at in range(0, BITS, CHUNK_BITS))
    turned = "".join(row[number:] + row[:number] for number, row in enumerate(rows))
    return tuple(number << CHUNK_BITS | int(turned[number::CHUNKS], 2) for number in range(CHUNKS))


def choose_probes(pdq: int, load: Load, *, distance_max: int = DISTANCE_MAX) -> tuple[int, ...]:
    """Return chunks such that every hash within `distance_max` (0 to 31) of this one holds at least one of them.

    Nothing is returned when it takes less to compare all hashes there are. Chunk i is varied by up to r(i) bits, or not
    looked at when r(i) is -1. A hash that holds none of the probes differs in r(i) + 1 bits or more of every chunk;
    so it is enough that these add up to more than `distance_max`. At 31 that is 1 everywhere, 272 probes, unless common
    chunks are among them: then those are left out, and others varied by more bits, whatever takes least.

    Raises:
        ValueError: the distance is out of range.

    Source: the general pigeonhole principle of Qin et al., "GPH: Similarity Search in Hamming Space" (ICDE 2018).
    """
    if not 0 <= distance_max <= DISTANCE_MAX:
        raise ValueError(f"{distance_max} is no distance from 0 to {DISTANCE_MAX}")
    chunks, wanted = chunks_of(pdq), distance_max + 1
    probes = tuple(_probes(chunks, _even_radii(wanted)))
    if load.common.keys().isdisjoint(probes):
        return probes
    cost, radii = _cheapest_radii(_costs(chunks, load), wanted)
    return tuple(_probes(chunks, radii)) if cost < load.hash_count * _SCAN_COST else ()


def _probes(chunks: Sequence[int], radii: Sequence[int]) -> Iterator[int]:
    for chunk, radius in zip(chunks, radii, strict=True):
        for mask in _masks(radius):
            yield chunk ^ mask


@cache
def _masks(radius: int) -> tuple[int, ...]:
    """Return every way to flip up to `radius` bits of a chunk; none at -1."""
    flips = (bits for count in range(radius + 1) for bits in combinations(range(CHUNK_BITS), count))
    return tuple(sum(1 << bit for bit in bits) for bits in flips)


def _even_radii(wanted: int) -> tuple[int, ...]:
    """Return the cheapest radii when all chunks are alike."""
    each, over = divmod(wanted, CHUNKS)
    return tuple(each - 1 + (number < over) for number in range(CHUNKS))


def _costs(chunks: Sequence[int], load: Load) -> list[list[float]]:
    """Return for each chunk what it costs to vary it by -1, 0, … bits."""
    rarely = _PROBE_COST + load.hash_count / 2**CHUNK_BITS
    rings = [[comb(CHUNK_BITS, radius) * rarely for radius in range(_RADIUS_MAX + 1)] for _ in chunks]
    for key, count in load.common.items():
        number = key >> CHUNK_BITS
        radius = distance(key, chunks[number])
        if radius <= _RADIUS_MAX:
            rings[number][radius] += count
    return [list(accumulate(ring, initial=0.0)) for ring in rings]


def _cheapest_radii(costs: Sequence[Sequence[float]], wanted: int) -> tuple[float, tuple[int, ...]]:
    """Return the least sum of costs with radii that, one added to each, come to `wanted` or more, and these radii."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for chunk in costs:
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for covered, (cost, radii) in best.items():
            for radius, more in enumerate(chunk, start=-1):
                now = min(covered + radius + 1, wanted)
                found = cost + more, (*radii, radius)
                reached[now] = min(reached.get(now, found), found)
        best = reached
    return best[wanted]
