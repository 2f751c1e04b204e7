"""Passenger lists as tables."""

import csv
import io
import time
import tracemalloc
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.domain.manifest import Manifest
from services.query.domain.passenger_list.paxlst import PASSENGERS_MAX
from services.query.domain.passenger_list.table import read_table
from shared.errors import Rejected

HEAD = "traveller_ref,surname,given_names,birth_date,document,flight,departs_at\n"
ANA = "1A,LOPEZ,ANA MARIA,1980-02-03,X1234567,XY123,2026-03-03T10:40:00Z\n"
JOHN = "1B,DOE,JOHN,,,XY123,2026-03-03T10:40:00Z\n"


def read(text: str | bytes, flight: str | None = None, departs_at: str | None = None) -> Manifest:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_table(raw, flight=flight, departs_at=departs_at, today=date(2026, 3, 1))


def test_a_table_is_a_list() -> None:
    manifest = read(HEAD + ANA + "\n" + JOHN)
    assert (manifest.format, manifest.flight, manifest.departure.given) == ("csv", "XY123", "2026-03-03T10:40:00Z")
    ana, john = manifest.passengers
    assert ana.asked is not None
    assert (ana.asked.name, ana.asked.birth_date, ana.asked.documents) == (
        "LOPEZ ANA MARIA",
        "1980-02-03",
        ("X1234567",),
    )
    assert john.asked is not None
    assert (john.traveller_ref, john.asked.name, john.asked.birth_date) == ("1B", "DOE JOHN", None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_are_parted_by_what_the_first_line_uses(delimiter: str) -> None:
    text = (HEAD + ANA).replace(",", delimiter).replace("\n", "\r\n")
    assert read(b"\xef\xbb\xbf" + text.encode()).passengers == read(HEAD + ANA).passengers


def test_flight_and_departure_may_be_given_beside_the_table() -> None:
    manifest = read('name\n"Lopez, Ana"\n', flight="XY1", departs_at="2026-03-03T10:40:00+07:00")
    assert manifest.flight == "XY1"
    assert manifest.passengers[0].asked is not None
    assert manifest.passengers[0].asked.name == "Lopez, Ana"


def test_a_field_that_cannot_be_read_is_remarked() -> None:
    [passenger] = read(HEAD + ANA.replace("1980-02-03", "3.2.1980")).passengers
    assert passenger.asked is not None
    assert passenger.asked.birth_date is None
    assert passenger.remarks[0].startswith("birth_date was left out")


@pytest.mark.parametrize(
    ("text", "loc"),
    [
        ("", ("line", 1)),
        (HEAD, ("line", 1)),
        ("name,shoe size\nA B,43\n", ("shoe size",)),
        ("name,name\nA B,C D\n", ("name",)),
        (HEAD + ANA + "1A,X\n", ("line", 3)),
        (HEAD + '"1A,X\n', ("line", 2)),
        (HEAD + ANA + ANA, ("line", 3, "traveller_ref")),
        (HEAD + ANA + JOHN.replace("XY123", "XY9"), ("flight",)),
        ("name\nAna Lopez\n", ("flight",)),
        (HEAD + ANA.replace("2026-03-03T10:40:00Z", "soon"), ("departs_at",)),
        (b"name\nAna\nL\xf3pez\n", ("line", 3)),
        ("name\n" + "A B\n" * (PASSENGERS_MAX + 1), ("line", PASSENGERS_MAX + 2)),
        (HEAD + ANA + "1B,D\0E\n", ("line", 3)),
        (HEAD + ANA.replace("1A", "A" * 65), ("line", 2, "traveller_ref")),
        (HEAD + ANA.replace("1A", "1\x07A"), ("line", 2, "traveller_ref")),
        (HEAD + ANA.replace("XY123", "X" * 21), ("flight",)),
        ("name,kind,flight,departs_at\nAna Lopez," + "k" * 65 + ",XY1,2026-03-03T10:40\n", ("line", 2, "kind")),
        ("x," * 4_000_000, ("line", 1)),
        ("name\n" + "a," * 4_000_000, ("line", 2)),
        ("name\n" + "a" * 8_000_000, ("line", 2)),
        ('name\n"' + "a\n" * 4_000_000, ("line", 65_538)),
        ("\n" * 8_000_000, ("line", 1)),
    ],
)
def test_what_is_wrong_is_named(text: str | bytes, loc: tuple[str | int, ...]) -> None:
    started = time.process_time()
    with pytest.raises(Rejected) as caught:
        read(text)
    assert caught.value.errors[0].loc == loc
    assert time.process_time() - started < 2.0


def test_a_hostile_table_takes_no_memory_that_query_does_not_have() -> None:
    raw = b"x," * 4_000_000
    tracemalloc.start()
    with pytest.raises(Rejected):
        read(raw)
    taken_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken_bytes < 150 * 1024 * 1024


@given(st.binary(max_size=500) | st.text('surname,brthd;\t"\n\r 0-', max_size=500).map(str.encode))
def test_any_bytes_are_a_table_or_refused(raw: bytes) -> None:
    try:
        manifest = read(b"name,kind\n" + raw, flight="XY123", departs_at="2026-03-03T10:40:00Z")
    except Rejected as error:
        assert error.errors
    else:
        assert manifest.passengers


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_a_table_that_was_written_reads_back(people: list[tuple[str, str]], delimiter: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(["surname", "given_names", "kind"])
    writer.writerows([surname, given_names, "crew"] for surname, given_names in people)
    read_back = read(written.getvalue(), flight="XY1", departs_at="2026-03-03T10:40")
    assert len(read_back.passengers) == len(people)
    for (surname, given_names), passenger in zip(people, read_back.passengers, strict=True):
        assert passenger.kind == "crew"
        if passenger.asked is not None:
            assert passenger.asked.name == " ".join(filter(None, (surname, given_names)))
