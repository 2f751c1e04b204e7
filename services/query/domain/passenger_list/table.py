"""Passenger lists as tables: one line a passenger, the columns named by the first."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from services.query.domain.manifest import (
    FLIGHT_CHARS_MAX,
    REFERENCE_CHARS_MAX,
    Departure,
    Manifest,
    Passenger,
    askable,
    is_label,
    read_departure,
)
from services.query.domain.passenger_list.paxlst import PASSENGERS_MAX
from services.query.domain.question import Asked
from shared.errors import FieldError, Rejected

CELL_CHARS_MAX = 1_000
ERRORS_MAX = 100
NAME_COLUMNS = ("name", "surname", "given_names")
COLUMNS = (
    *NAME_COLUMNS, "traveller_ref", "kind", "birth_date", "email", "username", "phone", "document", "flight",
    "departs_at",
)  # fmt: skip
"""Every column there is; a file has one of the first three or an identifier, and any others in any order. `flight` and
`departs_at` say the same in each line, unless they are given beside the file."""


def read_table(raw: bytes, *, flight: str | None, departs_at: str | None, today: date) -> Manifest:
    """Return the list; commas, semicolons or tabs part the cells, quoted as RFC 4180 has it.

    Raises:
        Rejected: it is not UTF-8 or not such a table, a column is unknown, a line has other cells than the header, the
            flight or its departure is missing or not the same everywhere, or there are too many lines; each is named.
    """
    rows = _rows(raw)
    said = {"flight": flight, "departs_at": departs_at}
    errors: list[FieldError] = []
    for column, given in said.items():
        values = {row[column] for _, row in rows if row.get(column)} | ({given} if given else set())
        if len(values) == 1:
            said[column] = values.pop()
        else:
            errors.append(FieldError((column,), "is missing" if not values else "must be the same in every line"))
    if said["flight"] and not is_label(said["flight"], chars_max=FLIGHT_CHARS_MAX):
        errors.append(FieldError(("flight",), f"must have 1 to {FLIGHT_CHARS_MAX} printable characters"))
    departure = _departure(said["departs_at"], errors)
    passengers = [_passenger(number, row, place, today, errors) for place, (number, row) in enumerate(rows, 1)]
    met: set[str] = set()
    for (number, _), passenger in zip(rows, passengers, strict=True):
        if passenger.traveller_ref in met:
            errors.append(FieldError(("line", number, "traveller_ref"), "is that of another passenger too"))
        met.add(passenger.traveller_ref)
    if errors or departure is None:
        raise Rejected("some lines are not valid", errors=errors[:ERRORS_MAX])
    assert said["flight"] is not None
    return Manifest("csv", said["flight"], departure, tuple(passengers))


def _departure(text: str | None, errors: list[FieldError]) -> Departure | None:
    try:
        return read_departure(text) if text else None
    except ValueError as error:
        errors.append(FieldError(("departs_at",), str(error)))
        return None


def _rows(raw: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return each line's number and its cells by column; empty lines are passed over."""
    text = _text(raw)
    head = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    columns: list[str] = []
    try:
        for cells in reader:
            if not cells or not any(map(str.strip, cells)):
                continue
            _check_size(reader.line_num, cells)
            if not columns:
                columns = _header(cells)
                continue
            if len(rows) == PASSENGERS_MAX:
                raise _wrong(reader.line_num, f"is one more than the {PASSENGERS_MAX} passengers a list may have")
            if len(cells) != len(columns):
                raise _wrong(reader.line_num, f"has {len(cells)} cells, the header {len(columns)}")
            rows.append((reader.line_num, {c: cell.strip() for c, cell in zip(columns, cells, strict=True)}))
    except csv.Error:
        raise _wrong(reader.line_num, "is not CSV: its quotes do not pair, or a cell never ends") from None
    if not rows:
        raise _wrong(1, "and those after it list no passenger")
    return rows


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Rejected("the text is not UTF-8", errors=[FieldError(("line", line), "is not UTF-8")]) from None
    before, nul, _ = text.partition("\0")
    if nul:
        raise _wrong(before.count("\n") + 1, "holds a NUL character")
    return text


def _check_size(line: int, cells: Sequence[str]) -> None:
    if len(cells) > len(COLUMNS):
        raise _wrong(line, f"has more cells than the {len(COLUMNS)} columns that there are")
    if any(len(cell) > CELL_CHARS_MAX for cell in cells):
        raise _wrong(line, f"has a cell of more than {CELL_CHARS_MAX} characters")


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    errors = [FieldError((name[:40],), "is not a column of a passenger list") for name in names if name not in COLUMNS]
    errors += [FieldError((name,), "is named twice") for name in COLUMNS if names.count(name) > 1]
    if errors:
        raise Rejected("the first line must name the columns", errors=errors[:ERRORS_MAX])
    return names


def _passenger(number: int, row: Mapping[str, str], place: int, today: date, errors: list[FieldError]) -> Passenger:
    name = " ".join(filter(None, (row.get(column) for column in NAME_COLUMNS)))
    given = Asked(
        name=name or None,
        birth_date=row.get("birth_date") or None,
        emails=tuple(filter(None, (row.get("email"),))),
        usernames=tuple(filter(None, (row.get("username"),))),
        phones=tuple(filter(None, (row.get("phone"),))),
        documents=tuple(filter(None, (row.get("document"),))),
    )
    if row.get("name") and row.get("surname"):
        errors.append(FieldError(("line", number, "name"), "and surname are both given"))
    asked, remarks = askable(given, today=today)
    reference = row.get("traveller_ref") or str(place)
    kind = row.get("kind") or "passenger"
    for column, label in (("traveller_ref", reference), ("kind", kind)):
        if not is_label(label, chars_max=REFERENCE_CHARS_MAX):
            sentence = f"must have 1 to {REFERENCE_CHARS_MAX} printable characters"
            errors.append(FieldError(("line", number, column), sentence))
    return Passenger(reference, kind, asked, remarks)


def _wrong(line: int, sentence: str) -> Rejected:
    return Rejected(f"line {line} {sentence}", errors=[FieldError(("line", line), sentence)])
