"""However a stream is cut on its way, the same lines come out; none is ever held beyond its bound."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.lines import Line, Splitter

CELLS = st.text(st.sampled_from('ab",\n\r é'), max_size=8)


def split(data: bytes, sizes: list[int], *, bytes_max: int = 1_000, is_quoted: bool = False) -> list[Line]:
    """Feed the data in pieces of these sizes, then the rest."""
    splitter = Splitter(bytes_max=bytes_max, is_quoted=is_quoted)
    lines: list[Line] = []
    for size in sizes:
        lines += splitter.feed(data[:size])
        data = data[size:]
    return [*lines, *splitter.feed(data), *splitter.end()]


@given(st.lists(st.binary(max_size=12).filter(lambda line: not {10, 13} & set(line))), st.lists(st.integers(0, 9)))
def test_lines_come_out_as_they_went_in(lines: list[bytes], sizes: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    assert [line.raw for line in split(data, sizes)] == lines
    assert [line.number for line in split(data, sizes)] == list(range(1, len(lines) + 1))
    assert [line.raw for line in split(data.replace(b"\n", b"\r\n"), sizes)] == lines


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6), st.lists(st.integers(0, 9)))
def test_records_come_out_as_the_csv_module_wrote_them(rows: list[list[str]], sizes: list[int]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    records = split(text.getvalue().encode(), sizes, is_quoted=True)
    assert [next(csv.reader([(record.raw or b"").decode()], strict=True)) for record in records] == rows
    assert [record.number for record in records] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_line_over_the_bound_is_dropped_and_the_next_is_not(end: bytes, step: int) -> None:
    data = b"a" * 10 + b"\r\n" + b"b" * 11 + b"\n" + b"c" * 50 + b"\r\n" + b"d" * 10 + end
    lines = split(data, [step] * 100, bytes_max=10)
    assert [line.raw for line in lines] == [b"a" * 10, None, None, b"d" * 10]


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_record_over_the_bound_still_ends_where_its_quote_does(step: int) -> None:
    data = b'a,"' + b"x" * 30 + b'\n"",\n' + b"x" * 30 + b'"\nb,c\n'
    assert [record.raw for record in split(data, [step] * 100, bytes_max=10, is_quoted=True)] == [None, b"b,c"]


def test_a_quote_that_never_closes_ends_with_the_stream() -> None:
    assert [r.raw for r in split(b'a,"b\nc\n', [], is_quoted=True)] == [b'a,"b\nc\n']


def test_nothing_is_no_line() -> None:
    assert split(b"", []) == []
