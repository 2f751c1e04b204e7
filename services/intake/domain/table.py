"""Tips as a table: the columns of an upload, and how a row becomes a tip.

A row has room for one subject with one identifier of each kind, and for one victim's name.
"""

import csv
from collections.abc import Sequence
from typing import Any

from shared.errors import FieldError, Rejected

REQUIRED = ("source_ref", "source", "reported_at", "incident_type")
COLUMNS = (
    *REQUIRED, "occurred_at", "platform", "narrative", "country", "region", "city", "postal_code",
    "subject_name", "subject_birth_date", "subject_email", "subject_username", "subject_service",
    "subject_phone", "subject_phone_region", "victim_name", "related_refs",
)  # fmt: skip
"""Every column there is; a file may leave out any but the first four, and put them in any order."""

_INCIDENT = ("occurred_at", "platform", "narrative", "country", "region", "city", "postal_code")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_header(raw: bytes | None) -> list[str]:
    """Return the columns that the first record names.

    Raises:
        Rejected: there is none, one is unknown or named twice, or a required one is missing; each is named.
    """
    names = [name.strip() for name in read_cells((raw or b"").removeprefix(_BYTE_ORDER_MARK))]
    errors = [FieldError((name,), "is not a column of an upload") for name in names if name not in COLUMNS]
    errors += [FieldError((name,), "is named twice") for name in COLUMNS if names.count(name) > 1]
    errors += [FieldError((name,), "is a required column") for name in REQUIRED if name not in names]
    if errors:
        raise Rejected("the first line must name the columns", errors=errors[:100])
    return names


def read_cells(raw: bytes) -> list[str]:
    """Return the cells of one record of comma-separated UTF-8.

    Raises:
        Rejected: it is not UTF-8, or its quotes are not as RFC 4180 has them.
    """
    try:
        rows = list(csv.reader([raw.decode()], strict=True))
    except UnicodeDecodeError as error:
        raise Rejected("the text is not UTF-8") from error
    except csv.Error as error:
        raise Rejected("the line is not CSV: its quotes do not pair, or it has a carriage return within") from error
    return rows[0] if rows else []


def tip_of_row(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Return a row as the tip that a source would post; empty cells are left out.

    Raises:
        Rejected: it has more or fewer cells than the header, so that no cell can be trusted to stand where it belongs.
    """
    if len(cells) != len(columns):
        raise Rejected(f"the line has {len(cells)} cells, the header {len(columns)}")
    row = {column: text for column, cell in zip(columns, cells, strict=True) if (text := cell.strip())}
    tip: dict[str, Any] = {column: row[column] for column in ("source_ref", "source", "reported_at") if column in row}
    tip["incident"] = {column: row[column] for column in _INCIDENT if column in row}
    if "incident_type" in row:
        tip["incident"]["type"] = row["incident_type"]
    parties = [party for party in (_subject(row), _victim(row)) if party]
    if parties:
        tip["parties"] = parties
    if refs := [ref.strip() for ref in row.get("related_refs", "").split(";") if ref.strip()]:
        tip["related_refs"] = refs
    return tip


def column_of(place: tuple[str | int, ...], tip: dict[str, Any]) -> tuple[str | int, ...]:
    """Return the column from which the value at this place of `tip` came; the place itself when it is none's."""
    match place:
        case ("parties", int(index), "identifiers", int(number), "value", *_):
            return (f"subject_{tip['parties'][index]['identifiers'][number]['type']}",)
        case ("parties", int(), "identifiers", int(), "service", *_):
            return ("subject_service",)
        case ("parties", int(), "identifiers", int(), "region", *_):
            return ("subject_phone_region",)
        case ("parties", int(index), "names", *_):
            return (f"{tip['parties'][index]['role']}_name",)
        case ("parties", int(), "birth_date", *_):
            return ("subject_birth_date",)
        case ("incident", "type"):
            return ("incident_type",)
        case ("incident", str(column)) | (str(column), *_):
            return (column,)
    return place


def _subject(row: dict[str, str]) -> dict[str, Any]:
    identifiers: list[dict[str, str]] = []
    for type_, detail, detail_column in (
        ("email", None, None),
        ("username", "service", "subject_service"),
        ("phone", "region", "subject_phone_region"),
    ):
        if value := row.get(f"subject_{type_}"):
            identifiers.append({"type": type_, "value": value})
            if detail and detail_column in row:
                identifiers[-1][detail] = row[detail_column]
    party: dict[str, Any] = {"role": "subject"}
    if "subject_name" in row:
        party["names"] = [row["subject_name"]]
    if "subject_birth_date" in row:
        party["birth_date"] = row["subject_birth_date"]
    if identifiers:
        party["identifiers"] = identifiers
    return party if len(party) > 1 else {}


def _victim(row: dict[str, str]) -> dict[str, Any]:
    return {"role": "victim", "names": [row["victim_name"]]} if "victim_name" in row else {}
