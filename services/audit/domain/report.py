"""The periodic audit: what a month's report says, and when it is late."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

SETTLING = timedelta(days=1)
"""So long after a month's end its report is made: what happened at its end is in the log by then."""
LATE_AFTER = timedelta(days=35)
"""So long after a month's beginning its report has both signatures, or an alarm is raised (issue 6, point 7)."""
SIGNING_ROLES = ("system.admin", "program.manager")
REFUSALS = frozenset({"auth.refused", "request.refused"})
LOOKING = frozenset({"record.viewed", "lookup.answered", "answer.repeated"})
LOGIN = "session.opened"


@dataclass(frozen=True, slots=True)
class Deeds:
    """How often an actor did something with an outcome; of logins how many. `actor` is None for who was not known."""

    actor: str | None
    type: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class Lookups:
    """How many look-ups a person made for a purpose, how many found someone, and how many nothing explains.

    What whoever asked had said themselves explains none here; nor does the purpose of redress.
    """

    actor: str
    agency: str
    office: str
    purpose: str
    count: int
    matched: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verifier said, and when; exit code as there, None where it came to no result, which `said` explains."""

    at: datetime
    exit_code: int | None
    said: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verifications:
    """What the verifier said of the whole log itself, and of what auditors are shown, which is derived from it."""

    log: Verification
    derived: Verification


@dataclass(frozen=True, slots=True)
class Findings:
    """What the log says of a month: deeds of people and systems, look-ups, flags, and what is wrong or missing."""

    entry_count: int
    deeds: Sequence[Deeds]
    lookups: Sequence[Lookups]
    flags: Sequence[tuple[str, int]]
    anomalies: Sequence[tuple[str, int]]
    missing_numbers: int


def month_of(moment: date) -> date:
    """Return the first day of a moment's month, in UTC."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    return day.replace(day=1)


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def months_due(first: date | None, made: Iterable[date], now: datetime) -> list[date]:
    """Return the months that are over and have no report, oldest first; `first` is the month of the oldest event."""
    due, known, month = [], {*made}, first
    while month is not None and _midnight(month_after(month)) + SETTLING <= now:
        if month not in known:
            due.append(month)
        month = month_after(month)
    return due


def months_late(first: date | None, signed: Iterable[date], now: datetime) -> list[date]:
    """Return the months whose report should have both signatures by now and has not, oldest first."""
    late, known, month = [], {*signed}, first
    while month is not None and _midnight(month) + LATE_AFTER <= now:
        if month not in known:
            late.append(month)
        month = month_after(month)
    return late


def write_report(month: date, found: Findings, verified: Verifications) -> tuple[str, bytes]:
    """Return the report of a month as canonical JSON (sorted keys, no spaces), and the SHA-256 of its UTF-8 bytes."""
    lookups: dict[str, dict[str, Any]] = {}
    for each in found.lookups:
        person = lookups.setdefault(each.actor, {"units": {}, "purposes": defaultdict(Counter)})
        # Whoever moved to another office within the month has rows of both.
        person["units"]["/".join(filter(None, (each.agency, each.office)))] = None
        person["purposes"][each.purpose].update(
            {"count": each.count, "matched": each.matched, "unexplained": each.unexplained}
        )
    changes = [deed for deed in found.deeds if deed.type not in REFUSALS | LOOKING | {LOGIN}]
    document = {
        "month": month.isoformat(),
        "until": month_after(month).isoformat(),
        "entries": found.entry_count,
        "lookups": {actor: {**person, "units": [*person["units"]]} for actor, person in lookups.items()},
        "lookups_unexplained": sum(each.unexplained for each in found.lookups),
        "logins": _by_actor(deed for deed in found.deeds if deed.type == LOGIN),
        "refused": {
            outcome: _by_actor(deed for deed in found.deeds if deed.type in REFUSALS and deed.outcome == outcome)
            for outcome in ("denied", "failed")
        },
        "views": _by_actor(deed for deed in found.deeds if deed.type in LOOKING - {"lookup.answered"}),
        "changes": {type_: _by_actor(mine) for type_, mine in _by_type(changes).items()},
        "flags": dict(found.flags),
        "anomalies": dict(found.anomalies),
        "missing_numbers": found.missing_numbers,
        "verification": _said(verified.log),
        "verification_derived": _said(verified.derived),
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text, hashlib.sha256(text.encode()).digest()


def _said(verification: Verification) -> dict[str, Any]:
    return {**asdict(verification), "at": verification.at.isoformat()}


def _by_actor(deeds: Iterable[Deeds]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for deed in deeds:
        counts[deed.actor or "(unknown)"] += deed.count
    return dict(counts)


def _by_type(deeds: Iterable[Deeds]) -> dict[str, list[Deeds]]:
    found: dict[str, list[Deeds]] = defaultdict(list)
    for deed in deeds:
        found[deed.type].append(deed)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
