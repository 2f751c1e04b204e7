"""How much the pump applies at once."""

from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.consume import Record, first_of


def of(sizes: list[int]) -> list[Record]:
    return [Record("t", 0, offset, None, b"x" * size, (), 0) for offset, size in enumerate(sizes)]


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_a_batch_is_the_most_that_fits_or_one_record(sizes: list[int], bytes_max: int) -> None:
    records = of(sizes)
    batch = first_of(records, bytes_max)
    assert batch == records[: len(batch)]
    assert len(batch) == 1 or sum(sizes[: len(batch)]) <= bytes_max
    assert len(batch) == len(sizes) or sum(sizes[: len(batch) + 1]) > bytes_max


def test_a_record_without_a_value_takes_no_room() -> None:
    records = [Record("t", 0, 0, None, None, (), 0), *of([5, 5])]
    assert first_of(records, 5) == records[:2]
