"""Passenger lists as tables: read whole, or refused by line and column."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.domain.passenger_list import PASSENGERS_MAX, PassengerList, read_table
from shared.errors import Rejected
from tests.depth import deep

HEADER = "flight,departs_at,traveller_ref,surname,given_names,birth_date,email,phone,document_number\n"
ROWS = (
    "ZZ123,2027-03-03T10:40,A,LOPEZ,ANA MARIA,1980-02-03,ana@example.org,+12025552143,X1234567\n"
    'ZZ123,2027-03-03T10:40,,"LI, JR",BO,,,,\n'
)


def read(text: str | bytes, **given: Any) -> PassengerList:
    raw = text.encode() if isinstance(text, str) else text
    return read_table(raw, **{"flight": None, "departs_at": None, **given})


def refused(text: str | bytes, **given: Any) -> list[tuple[str | int, ...]]:
    with pytest.raises(Rejected) as caught:
        read(text, **given)
    return [error.loc for error in caught.value.errors]


def test_a_table_is_read_with_its_flight_and_people() -> None:
    found = read(HEADER + ROWS)
    assert (found.flight, found.departs_at) == ("ZZ123", "2027-03-03T10:40")
    ana, li = found.passengers
    assert (ana.ref, ana.name, ana.birth_date, ana.number) == ("A", "LOPEZ ANA MARIA", "1980-02-03", 2)
    assert (ana.emails, ana.phones, ana.documents) == (("ana@example.org",), ("+12025552143",), ("X1234567",))
    assert (li.ref, li.name, li.birth_date, li.emails) == ("2", "LI, JR BO", None, ())


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n\n"])
def test_marks_and_line_ends_of_other_programs_are_read(change: Any) -> None:
    assert read(change(HEADER + ROWS)).passengers == read(HEADER + ROWS).passengers


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_read(separator: str) -> None:
    assert (
        read(f"name{separator}email\nAna Lopez{separator}\n", flight="Z1", departs_at="x").passengers[0].name
        == "Ana Lopez"
    )


def test_flight_and_departure_may_be_given_beside_the_table() -> None:
    assert read("name\nAna Lopez\n", flight="ZZ9", departs_at="2027-03-03T10:40").flight == "ZZ9"
    assert refused("name\nAna Lopez\n", flight="ZZ9") == [("departs_at",)]
    assert refused(HEADER + ROWS, flight="ZZ9") == [("line", 2, "flight"), ("line", 3, "flight")]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [("line", 1)]),
        ("name,shoe_size\n", [("line", 1, "shoe_size")]),
        ("name,name\n", [("line", 1, "name")]),
        ("birth_date\n1980\n", [("line", 1)]),
        (HEADER, [("flight",), ("departs_at",)]),
        (HEADER + ROWS + "ZZ9,2027-03-03T10:40,,LI,BO,,,,\n", [("line", 4, "flight")]),
        (HEADER + ROWS + "ZZ123\n", [("line", 4)]),
        (HEADER + ROWS.replace("LOPEZ", "L" * 101), [("line", 2, "surname")]),
        (HEADER + ROWS + '"', [("line", 4)]),
        ((HEADER + ROWS).encode().replace(b"BO", b"B\xff"), [("line", 3)]),
        ("name,kind\nAna Lopez,pilot\n", [("line", 2, "kind"), ("flight",), ("departs_at",)]),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_by_line_and_column(text: str, places: list[Any]) -> None:
    assert refused(text) == places


def test_a_table_names_at_most_so_many_people() -> None:
    rows = "Ana Lopez\n" * (PASSENGERS_MAX + 1)
    assert refused("name\n" + rows, flight="Z", departs_at="x") == [("line", PASSENGERS_MAX + 2)]


@settings(max_examples=deep(200), deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused_with_a_place(raw: bytes, has_header: bool) -> None:
    try:
        read((HEADER.encode() if has_header else b"") + raw)
    except Rejected as error:
        assert error.errors
