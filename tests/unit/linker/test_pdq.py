"""What a PDQ hash looks like, and how far two of them are apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.pdq import BITS, distance, parse_pdq

hashes = st.integers(0, 2**BITS - 1)


def flipped(pdq: int, *bits: int) -> int:
    for bit in bits:
        pdq ^= 1 << bit
    return pdq


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


@given(hashes, st.sets(st.integers(0, BITS - 1)))
def test_a_distance_is_the_number_of_flipped_bits(pdq: int, bits: set[int]) -> None:
    assert distance(pdq, flipped(pdq, *bits)) == len(bits) == distance(flipped(pdq, *bits), pdq)
