"""Of all hashes that were added, those near one are found: what comparing them one by one as numbers finds."""

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.known_hashes import HASH_BYTES, KnownHashes
from services.linker.domain.pdq import BITS, DISTANCE_MAX, distance

hashes = st.integers(0, 2**BITS - 1)
bits = st.integers(0, BITS - 1)


def known_of(*batches: Iterable[int]) -> KnownHashes:
    known = KnownHashes()
    for number, batch in enumerate(batches, start=1):
        known.add(b"".join(pdq.to_bytes(HASH_BYTES) for pdq in batch), number)
    return known


def near_to(pdq: int, known: KnownHashes) -> dict[int, int]:
    return known.find_near([pdq])[pdq]


def flipped(pdq: int, bits: Iterable[int]) -> int:
    return pdq ^ sum(1 << bit for bit in set(bits))


def by_force(asked: int, others: Iterable[int]) -> dict[int, int]:
    return {other: distance(asked, other) for other in others if 0 < distance(asked, other) <= DISTANCE_MAX}


@given(hashes, st.lists(st.sets(bits, max_size=40), max_size=20), st.lists(hashes, max_size=20))
def test_what_is_found_is_what_comparing_each_finds(pdq: int, copies: list[set[int]], strangers: list[int]) -> None:
    others = [flipped(pdq, bits) for bits in copies] + strangers
    assert near_to(pdq, known_of(others)) == by_force(pdq, others)


@pytest.mark.parametrize("first", [0, 64, 112, 128, 192])
@pytest.mark.parametrize("count", [31, 32])
def test_wherever_the_flips_are_31_are_found_and_32_are_not(first: int, count: int) -> None:
    pdq = Random(first).getrandbits(BITS)
    other = flipped(pdq, range(first, first + count))
    assert near_to(pdq, known_of([other])) == ({other: 31} if count == 31 else {})


@pytest.mark.parametrize("pdq", [0, 2**BITS - 1])
def test_all_bits_differ_at_most(pdq: int) -> None:
    assert near_to(pdq, known_of([pdq ^ (2**BITS - 1)])) == {}


def test_among_many_added_bit_by_bit_the_copies_of_each_are_found() -> None:
    """Enough for several blocks and for more room several times; copies lie at the edges of both."""
    rng = Random(3)
    strangers = [rng.getrandbits(BITS) for _ in range(40_000)]
    parts = [strangers[at : at + 1_777] for at in range(0, len(strangers), 1_777)]
    known = known_of(*parts)
    for place in (0, 1_023, 1_024, 1_776, 1_777, 32_766, 32_767, 32_768, 39_999):
        assert near_to(strangers[place] ^ 5, known) == {strangers[place]: 2}
    assert known.newest == len(parts)


@given(st.lists(hashes, min_size=1, max_size=5), st.sets(bits, max_size=3))
def test_together_each_finds_what_it_finds_alone(asked: list[int], bits: set[int]) -> None:
    known = known_of(asked, [flipped(pdq, bits) for pdq in asked])
    assert known.find_near(asked) == {pdq: near_to(pdq, known) for pdq in asked}


def test_where_all_are_alike_all_are_found() -> None:
    rng = Random(4)
    blank = rng.getrandbits(BITS)
    alike = {flipped(blank, rng.sample(range(BITS), 15)) for _ in range(3_000)}
    assert near_to(blank, known_of(alike)) == by_force(blank, alike)


def test_a_hash_is_not_near_itself_and_added_twice_it_is_found_once() -> None:
    known = known_of([7, 6], [7])
    assert near_to(7, known) == {6: 1}
    assert near_to(6, known) == {7: 1}


def test_nothing_is_near_as_long_as_nothing_was_added() -> None:
    assert near_to(1, KnownHashes()) == {}
