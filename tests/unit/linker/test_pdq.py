"""Wherever two hashes at most 31 bits apart are stored, the probes of one meet a chunk of the other."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.pdq import BITS, CHUNKS, Load, choose_probes, chunks_of, distance, parse_pdq

NO_LOAD = Load(1_000_000)
hashes = st.integers(0, 2**BITS - 1)
CHUNK_OF_BIT = [next(i for i, chunk in enumerate(chunks_of(1 << bit)) if chunk & 0xFFFF) for bit in range(BITS)]
BITS_OF_CHUNK = [[bit for bit in range(BITS) if CHUNK_OF_BIT[bit] == number] for number in range(CHUNKS)]


def flipped(pdq: int, *bits: int) -> int:
    for bit in bits:
        pdq ^= 1 << bit
    return pdq


@st.composite
def even_flips(draw: st.DrawFn) -> list[int]:
    """31 bits, two of each chunk but one: no other 31 are as hard to find."""
    lucky = draw(st.integers(0, CHUNKS - 1))
    picks = (draw(st.permutations(bits))[: 1 if i == lucky else 2] for i, bits in enumerate(BITS_OF_CHUNK))
    return [bit for pick in picks for bit in pick]


@st.composite
def loads(draw: st.DrawFn, *of: int) -> Load:
    """What statistics may say of chunks of these hashes and of their neighbours, right or wrong."""
    near = st.sampled_from([chunk ^ mask for pdq in of for chunk in chunks_of(pdq) for mask in (0, 1, 0x8000, 0x11)])
    common = draw(st.dictionaries(near, st.floats(0, 10_000_000), max_size=24))
    return Load(draw(st.floats(0, 10_000_000)), common)


def meet(probes: tuple[int, ...], other: int) -> bool:
    return not probes or not set(probes).isdisjoint(chunks_of(other))


def test_a_hash_is_64_hex_digits_in_either_case() -> None:
    assert parse_pdq("0" * 63 + "f", 50) == 15
    assert parse_pdq("0" * 63 + "F", 100) == 15
    assert parse_pdq("f" * 64, 77) == 2**BITS - 1


@pytest.mark.parametrize("text", ["", "f" * 63, "f" * 65, "g" * 64, "0x" + "f" * 62, "f" * 64 + "\n", "_" + "f" * 63])
def test_what_is_no_hash_is_no_evidence(text: str) -> None:
    assert parse_pdq(text, 100) is None


@pytest.mark.parametrize(("quality", "is_kept"), [(None, False), (0, False), (49, False), (50, True), (100, True)])
def test_a_hash_of_unknown_quality_or_below_50_is_no_evidence(quality: int | None, is_kept: bool) -> None:
    assert (parse_pdq("f" * 64, quality) is not None) == is_kept


def test_a_chunk_takes_one_bit_of_each_row_and_each_column() -> None:
    """So that a picture that leaves a row or a column blank shares no chunk for that."""
    assert sorted(bit for bits in BITS_OF_CHUNK for bit in bits) == list(range(BITS))
    for bits in BITS_OF_CHUNK:
        assert {bit // 16 for bit in bits} == set(range(16))
        assert {bit % 16 for bit in bits} == set(range(16))


@given(hashes)
def test_chunks_are_numbered_and_hold_every_bit_once(pdq: int) -> None:
    chunks = chunks_of(pdq)
    assert [chunk >> 16 for chunk in chunks] == list(range(CHUNKS))
    assert sum((chunk & 0xFFFF).bit_count() for chunk in chunks) == pdq.bit_count()


@given(hashes, st.sets(st.integers(0, BITS - 1)))
def test_a_distance_is_the_number_of_flipped_bits(pdq: int, bits: set[int]) -> None:
    assert distance(pdq, flipped(pdq, *bits)) == len(bits) == distance(flipped(pdq, *bits), pdq)


@given(hashes)
def test_without_common_chunks_each_is_varied_by_one_bit(pdq: int) -> None:
    probes = choose_probes(pdq, NO_LOAD)
    assert len(set(probes)) == len(probes) == 272
    for number, chunk in enumerate(chunks_of(pdq)):
        values = [probe for probe in probes if probe >> 16 == number]
        assert sorted((value ^ chunk).bit_count() for value in values) == [0, *[1] * 16]


@given(hashes, st.sets(st.integers(0, BITS - 1), max_size=31))
def test_hashes_at_most_31_apart_share_a_probe(pdq: int, bits: set[int]) -> None:
    assert meet(choose_probes(pdq, NO_LOAD), flipped(pdq, *bits))


@given(hashes, even_flips())
def test_hashes_31_evenly_spread_bits_apart_share_a_probe(pdq: int, bits: list[int]) -> None:
    assert len(bits) == 31
    assert meet(choose_probes(pdq, NO_LOAD), flipped(pdq, *bits))


@given(hashes)
def test_two_flips_in_every_chunk_are_just_out_of_reach(pdq: int) -> None:
    """The bound is sharp: 32 bits may share none, so no probe could be saved."""
    other = flipped(pdq, *(bit for bits in BITS_OF_CHUNK for bit in bits[:2]))
    assert distance(pdq, other) == 32
    assert not meet(choose_probes(pdq, NO_LOAD), other)


@given(st.data(), hashes, even_flips() | st.lists(st.integers(0, BITS - 1), max_size=31, unique=True))
def test_whatever_the_statistics_say_hashes_at_most_31_apart_share_a_probe(
    data: st.DataObject, pdq: int, bits: list[int]
) -> None:
    load = data.draw(loads(pdq, flipped(pdq, *bits)))
    assert meet(choose_probes(pdq, load), flipped(pdq, *bits))


@given(st.data(), hashes, st.integers(0, 31))
def test_a_shorter_distance_takes_fewer_probes_and_misses_nothing(
    data: st.DataObject, pdq: int, distance_max: int
) -> None:
    bits = data.draw(st.lists(st.integers(0, BITS - 1), max_size=distance_max, unique=True))
    probes = choose_probes(pdq, NO_LOAD, distance_max=distance_max)
    assert meet(probes, flipped(pdq, *bits))
    assert len(probes) == (distance_max + 1 if distance_max < 16 else 272 - 16 * (31 - distance_max))


@pytest.mark.parametrize("distance_max", [-1, 32])
def test_a_distance_out_of_range_is_refused(distance_max: int) -> None:
    with pytest.raises(ValueError, match="no distance"):
        choose_probes(0, NO_LOAD, distance_max=distance_max)


def test_a_common_chunk_is_avoided_and_made_up_for_elsewhere() -> None:
    """One chunk held by half of a million hashes is left out, or varied past; two others are varied by two bits."""
    pdq = Random(7).getrandbits(BITS)
    common = chunks_of(pdq)[3]
    probes = choose_probes(pdq, Load(1_000_000, {common: 560_000}))
    assert common not in probes
    counts = sorted(sum(probe >> 16 == number for probe in probes) for number in range(CHUNKS))
    assert counts == [0, *[17] * 13, 137, 137]


def test_a_common_neighbour_of_a_chunk_is_avoided_too() -> None:
    pdq = Random(8).getrandbits(BITS)
    neighbour = chunks_of(pdq)[5] ^ 4
    assert neighbour not in choose_probes(pdq, Load(1_000_000, {neighbour: 560_000}))


def test_common_chunks_of_other_hashes_change_nothing() -> None:
    pdq = Random(9).getrandbits(BITS)
    far = {chunk ^ 0xFFFF: 900_000.0 for chunk in chunks_of(pdq)}
    assert choose_probes(pdq, Load(1_000_000, far)) == choose_probes(pdq, NO_LOAD)


def test_when_every_chunk_is_common_all_hashes_are_read() -> None:
    pdq = Random(10).getrandbits(BITS)
    assert choose_probes(pdq, Load(1_000_000, dict.fromkeys(chunks_of(pdq), 500_000))) == ()
