"""Tips as a table, for sources that keep spreadsheets (`POST /v1/uploads`)."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.local.synth.world import SyntheticTip

COLUMNS = (
    "source_ref", "source", "reported_at", "incident_type", "occurred_at", "platform", "narrative",
    "country", "region", "city", "postal_code",
    "subject_name", "subject_birth_date", "subject_email", "subject_username", "subject_service",
    "subject_phone", "subject_phone_region", "victim_name", "related_refs",
)  # fmt: skip


def to_csv(tips: Iterable[SyntheticTip]) -> str:
    """Return the tips as CSV (RFC 4180, with header, CRLF), one row a tip."""
    return "".join(csv_lines(tips))


def csv_lines(tips: Iterable[SyntheticTip]) -> Iterator[str]:
    """Yield the header, then one row a tip, each with its line end.

    A row has room for one subject, with the first of each kind of identifier, and the first victim's name; what has no
    column is left out, an unknown value is an empty cell, and related references are joined by `;`.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    yield buffer.getvalue()
    for made in tips:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(_row(made.tip))
        yield buffer.getvalue()


def _row(tip: dict[str, Any]) -> dict[str, str]:
    incident = tip["incident"]
    subject = _first(tip.get("parties", ()), "role", "subject")
    victim = _first(tip.get("parties", ()), "role", "victim")
    identifiers = subject.get("identifiers", ())
    username = _first(identifiers, "type", "username")
    phone = _first(identifiers, "type", "phone")
    row = {column: tip[column] for column in ("source_ref", "source", "reported_at")}
    row["incident_type"] = incident["type"]
    for column in ("occurred_at", "platform", "narrative", "country", "region", "city", "postal_code"):
        row[column] = incident.get(column, "")
    return row | {
        "subject_name": next(iter(subject.get("names", ())), ""),
        "subject_birth_date": subject.get("birth_date", ""),
        "subject_email": _first(identifiers, "type", "email").get("value", ""),
        "subject_username": username.get("value", ""),
        "subject_service": username.get("service", ""),
        "subject_phone": phone.get("value", ""),
        "subject_phone_region": phone.get("region", ""),
        "victim_name": next(iter(victim.get("names", ())), ""),
        "related_refs": ";".join(tip.get("related_refs", ())),
    }


def _first(items: Iterable[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return next((item for item in items if item[key] == value), {})
