"""Passenger lists as tables: the columns, and how a record becomes a person.

A list is read whole or not at all: every cell that cannot be read is named by the number of its record, the header
being 1, and its column.
"""

import csv
from collections.abc import Sequence

from services.query.domain.passenger_list.listed import (
    NAME_CHARS_MAX,
    PASSENGERS_MAX,
    REF_CHARS_MAX,
    ListedPerson,
    PassengerList,
    with_references,
)
from shared.errors import FieldError, Rejected

COLUMNS = (
    "flight", "departs_at", "traveller_ref", "kind", "name", "surname", "given_names", "birth_date", "email",
    "username", "phone", "document_number", "nationality",
)  # fmt: skip
"""Every column there is; a file names those it has, in any order, and at least one to look a person up by.

A nationality is taken, and not looked for."""
LOOKED_FOR = frozenset({"name", "surname", "email", "username", "phone", "document_number"})
SEPARATORS = ",;\t"
CELLS_MAX = {"flight": 20, "traveller_ref": REF_CHARS_MAX, "name": NAME_CHARS_MAX}
CELL_CHARS_MAX = 100
"""Of a column that has no limit of its own: two of them make a name."""
KINDS = frozenset({"passenger", "crew", "transit_passenger", "transit_crew"})
ERRORS_MAX = 100


def read_table(raw: bytes, *, flight: str | None, departs_at: str | None) -> PassengerList:
    """Return the passenger list of a table; flight and departure may be given beside it instead of in each record.

    Raises:
        Rejected: it is no table, has other columns, or some cells cannot be read, each named by line and column.
    """
    rows = _rows_of(raw)
    columns = _read_header(rows[0] if rows else [])
    faults: list[FieldError] = []
    people: list[ListedPerson] = []
    said: dict[str, set[str]] = {
        "flight": {flight} if flight else set(),
        "departs_at": {departs_at} if departs_at else set(),
    }
    for line, cells in enumerate(rows[1:], 2):
        if len(cells) != len(columns):
            faults.append(FieldError(("line", line), f"has {len(cells)} cells, and the header {len(columns)}"))
            continue
        record = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()}
        faults += _faults_of(record, line)
        for name, values in said.items():
            values.update({record[name]} if name in record else ())
            if len(values) > 1:
                faults.append(FieldError(("line", line, name), "is not that of the others; a list is of one flight"))
        people.append(_person_of(record, line))
    faults += [FieldError((name,), "is missing: in a column, or as a parameter") for name in said if not said[name]]
    if not people and not faults:
        faults.append(FieldError(("line", 2), "the table lists nobody"))
    if faults:
        raise Rejected("the passenger list cannot be read", errors=faults[:ERRORS_MAX])
    departs = next(iter(said["departs_at"]))
    return PassengerList(next(iter(said["flight"])), departs, departs, with_references(people))


def _rows_of(raw: bytes) -> list[list[str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        fault = FieldError(("line", line), "the text is not UTF-8")
        raise Rejected("the passenger list cannot be read", errors=[fault]) from error
    head = text[: text.find("\n") + 1 or None]
    separator = max(SEPARATORS, key=head.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True):
            if not any(cell.strip() for cell in row):
                continue
            rows.append(row)
            if len(rows) > PASSENGERS_MAX + 1:
                fault = FieldError(("line", len(rows)), f"a list has at most {PASSENGERS_MAX} people")
                raise Rejected("the passenger list cannot be read", errors=[fault])
    except csv.Error as error:
        fault = FieldError(("line", len(rows) + 1), "is not CSV: its quotes or its length are not as RFC 4180 has them")
        raise Rejected("the passenger list cannot be read", errors=[fault]) from error
    return rows


def _read_header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    errors = [
        FieldError(("line", 1, name[:40]), "is not a column of a passenger list")
        for name in names
        if name not in COLUMNS
    ]
    errors += [FieldError(("line", 1, name), "is named twice") for name in COLUMNS if names.count(name) > 1]
    if not errors and LOOKED_FOR.isdisjoint(names):
        errors.append(FieldError(("line", 1), f"names none of the columns {', '.join(sorted(LOOKED_FOR))}"))
    if errors:
        raise Rejected("the first line must name the columns", errors=errors[:ERRORS_MAX])
    return names


def _faults_of(record: dict[str, str], line: int) -> list[FieldError]:
    faults = [
        FieldError(("line", line, name), f"has more than {chars_max} characters")
        for name, cell in record.items()
        if len(cell) > (chars_max := CELLS_MAX.get(name, CELL_CHARS_MAX))
    ]
    if record.get("kind", "passenger") not in KINDS:
        faults.append(FieldError(("line", line, "kind"), f"must be one of {', '.join(sorted(KINDS))}"))
    return faults


def _person_of(record: dict[str, str], line: int) -> ListedPerson:
    name = record.get("name") or " ".join(filter(None, (record.get("surname"), record.get("given_names"))))
    return ListedPerson(
        number=line,
        ref=record.get("traveller_ref", ""),
        name=name or None,
        birth_date=record.get("birth_date"),
        documents=_one(record, "document_number"),
        kind=record.get("kind", "passenger"),
        emails=_one(record, "email"),
        phones=_one(record, "phone"),
        usernames=_one(record, "username"),
    )


def _one(record: dict[str, str], name: str) -> tuple[str, ...]:
    return (record[name],) if name in record else ()
