"""A table's header is checked, its rows become tips, and errors name its columns."""

from typing import Any

import orjson
import pytest

from deploy.local.synth import COLUMNS as SYNTHETIC_COLUMNS
from deploy.local.synth import csv_lines, generate
from services.intake.domain.table import COLUMNS, column_of, read_cells, read_header, tip_of_row
from shared.errors import Rejected
from tests.unit.intake.bodies import read

REQUIRED = "source_ref,source,reported_at,incident_type"


def a_row(**cells: str) -> dict[str, Any]:
    row = {"source_ref": "R-1", "source": "police", "reported_at": "2026-03-01T10:00:00Z", "incident_type": "other"}
    return tip_of_row(list(row | cells), list((row | cells).values()))


def test_the_documented_columns_are_those_the_synthetic_files_have() -> None:
    assert COLUMNS == SYNTHETIC_COLUMNS


@pytest.mark.parametrize("header", [REQUIRED, f"\ufeff{REQUIRED}", f'narrative ,"city",{REQUIRED}', ",".join(COLUMNS)])
def test_a_good_header_is_read(header: str) -> None:
    assert set(read_header(header.encode())) >= set(REQUIRED.split(","))


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (None, REQUIRED.split(",")),
        (b"", REQUIRED.split(",")),
        (b"source_ref,source,reported_at", ["incident_type"]),
        (f"{REQUIRED},color".encode(), ["color"]),
        (f"{REQUIRED},".encode(), [""]),
        (f"{REQUIRED},city,city".encode(), ["city"]),
        (REQUIRED.replace(",", ";").encode(), [REQUIRED.replace(",", ";"), *REQUIRED.split(",")]),
    ],
)
def test_a_bad_header_is_refused_by_column(header: bytes | None, named: list[str]) -> None:
    with pytest.raises(Rejected) as refused:
        read_header(header)
    assert [error.loc for error in refused.value.errors] == [(name,) for name in named]


def test_a_row_becomes_a_tip_of_one_subject_and_one_victim() -> None:
    assert a_row(
        platform="chatB", city=" Inventville ", country="", subject_name="Rosa Invented", subject_birth_date="1980",
        subject_email="r@example.org", subject_username="rr", subject_service="chatB", subject_phone="555 0100",
        subject_phone_region="US", victim_name="N", related_refs="A; B;;",
    ) == {
        "source_ref": "R-1",
        "source": "police",
        "reported_at": "2026-03-01T10:00:00Z",
        "incident": {"type": "other", "platform": "chatB", "city": "Inventville"},
        "parties": [
            {
                "role": "subject",
                "names": ["Rosa Invented"],
                "birth_date": "1980",
                "identifiers": [
                    {"type": "email", "value": "r@example.org"},
                    {"type": "username", "value": "rr", "service": "chatB"},
                    {"type": "phone", "value": "555 0100", "region": "US"},
                ],
            },
            {"role": "victim", "names": ["N"]},
        ],
        "related_refs": ["A", "B"],
    }  # fmt: skip


def test_a_row_without_people_has_no_parties() -> None:
    assert "parties" not in a_row(subject_service="chatB", subject_phone_region="US")


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"source_ref": ""}, "source_ref"),
        ({"incident_type": "theft"}, "incident_type"),
        ({"incident_type": ""}, "incident_type"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"reported_at": "2026-03-01"}, "reported_at"),
        ({"country": "x" * 101}, "country"),
        ({"subject_name": "x" * 301}, "subject_name"),
        ({"subject_birth_date": "1.2.1980"}, "subject_birth_date"),
        ({"subject_email": "x" * 4_001}, "subject_email"),
        ({"subject_email": "a@b.example", "subject_phone": "x" * 4_001}, "subject_phone"),
        ({"subject_username": "a", "subject_service": "x" * 301}, "subject_service"),
        ({"subject_phone": "1", "subject_phone_region": "x" * 101}, "subject_phone_region"),
        ({"subject_name": "a", "victim_name": "x" * 301}, "victim_name"),
        ({"related_refs": "x" * 201}, "related_refs"),
        ({"source": "nobody"}, "source"),
    ],
)
def test_an_error_in_a_row_names_its_column(cells: dict[str, str], column: str) -> None:
    tip = a_row(**cells)
    with pytest.raises(Rejected) as refused:
        read(orjson.dumps(tip), "ceiu.analyst")
    assert [column_of(error.loc, tip) for error in refused.value.errors] == [(column,)]


@pytest.mark.parametrize("cells", [["a"], ["a", "b", "c"], []])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_refused(cells: list[str]) -> None:
    with pytest.raises(Rejected, match=r"cells"):
        tip_of_row(["source_ref", "source"], cells)


@pytest.mark.parametrize("raw", [b'"open', b'"a"b,c', "é".encode("latin-1")])
def test_a_row_that_is_not_csv_or_not_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected):
        read_cells(raw)


def test_every_synthetic_row_is_read() -> None:
    header, *rows = csv_lines(generate(3, 200))
    columns = read_header(header.strip().encode())
    for row in rows:
        tip = tip_of_row(columns, read_cells(row.removesuffix("\r\n").encode()))
        assert read(orjson.dumps(tip), "ceiu.analyst").source_ref == tip["source_ref"]


@pytest.mark.parametrize("raw", [b'a,"b', b"a\rb,c", b'a,"b"c'])
def test_a_row_that_is_no_csv_is_called_so_in_our_words(raw: bytes) -> None:
    with pytest.raises(Rejected, match=r"^the line is not CSV: its quotes do not pair, or it has a carriage return"):
        read_cells(raw)
