"""A passenger list: its flight, whom of it a look-up can ask for, and how far it is."""

import re
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

from services.query.domain.question import Asked, read_question
from shared.errors import FieldError, Rejected

LIVE_AFTER_DEPARTURE = timedelta(hours=24)
FLIGHT_CHARS_MAX = 20
REFERENCE_CHARS_MAX = 64
"""Of what a list calls one of its passengers."""
YEAR_MIN, YEAR_MAX = 1900, 2199
_LAST_TIME_ZONE = timezone(timedelta(hours=-12))
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")

Format = Literal["edifact", "csv", "json"]
ManifestState = Literal["waiting", "screening", "screened", "ended"]


@dataclass(frozen=True, slots=True)
class Departure:
    """When a flight departs: as it was given, and the latest moment that may be."""

    given: str
    latest: datetime

    @property
    def ends_at(self) -> datetime:
        """From then on the flight is over, and nothing is told of its passengers unasked."""
        return self.latest + LIVE_AFTER_DEPARTURE


@dataclass(frozen=True, slots=True)
class Passenger:
    """One person of a list. `asked` is None when nothing is known that can be looked for; `remarks` then say why."""

    traveller_ref: str
    kind: str
    asked: Asked | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A passenger list as it was submitted; the references of its passengers differ."""

    format: Format
    flight: str
    departure: Departure
    passengers: tuple[Passenger, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How many passengers of a list are looked up by now, out of how many."""

    screened: int
    total: int


def read_departure(text: str) -> Departure:
    """Read an RFC 3339 time; without an offset it is a local time, which is latest in the zone UTC-12.

    Raises:
        ValueError: it is not of that form, or no such time exists; the message may be shown.
    """
    if not _TIME.fullmatch(text.upper()):
        raise ValueError("must be a time as in RFC 3339, such as 2026-03-03T10:40:00Z, or without the offset if local")
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("must be a time that exists") from None
    if not YEAR_MIN <= time.year <= YEAR_MAX:
        raise ValueError(f"must lie in the years {YEAR_MIN} to {YEAR_MAX}")
    return Departure(text, (time if time.tzinfo else time.replace(tzinfo=_LAST_TIME_ZONE)).astimezone(UTC))


def is_label(text: str, *, chars_max: int) -> bool:
    """Return whether a text can be kept and shown as what something is called: printable, and not too long."""
    return 0 < len(text) <= chars_max and text.isprintable() and not text.isspace()


def askable(asked: Asked, *, today: date) -> tuple[Asked | None, tuple[str, ...]]:
    """Return what of it a look-up can ask for, None when nothing, and a remark on each kind of value left out.

    A value that cannot be looked for does not keep the others of its field from it, such as a passport beside a visa
    without a number; nor does a passenger whose name cannot be searched for keep the others of a list from it.
    """
    remarks: list[str] = []
    while True:
        try:
            read_question(asked, today=today)
        except Rejected as error:
            bad = [fault for fault in error.errors if fault.loc]
            if not bad:
                return None, (*remarks, "nothing that can be looked for is known")
            remarks += dict.fromkeys(_remark(fault) for fault in bad)
            asked = _without(asked, {fault.loc for fault in bad})
        else:
            return asked, tuple(remarks)


def state_of(progress: Progress, *, is_over: bool) -> ManifestState:
    """Return how far a list is; one whose flight is over is ended once nobody waits any more."""
    if progress.screened < progress.total:
        return "screening" if progress.screened else "waiting"
    return "ended" if is_over else "screened"


def _remark(fault: FieldError) -> str:
    field, *place = fault.loc
    return f"{f'a value of {field}' if place else field} was left out: {fault.msg}"


def _without(asked: Asked, bad: Set[tuple[str | int, ...]]) -> Asked:
    def kept(field: str) -> tuple[str, ...]:
        return tuple(value for place, value in enumerate(getattr(asked, field)) if (field, place) not in bad)

    return Asked(
        name=None if ("name",) in bad else asked.name,
        birth_date=None if ("birth_date",) in bad else asked.birth_date,
        emails=kept("emails"),
        usernames=kept("usernames"),
        phones=kept("phones"),
        documents=kept("documents"),
    )
