"""The three forms a passenger list may be posted in, each read whole or not at all."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import Request
from pydantic import Field

from services.query.domain.manifest import Departure, Format, Manifest, Passenger, askable, read_departure
from services.query.domain.passenger_list import (
    COLUMNS,
    PASSENGERS_MAX,
    ListedPerson,
    PassengerList,
    looks_like_edifact,
    read_paxlst,
    read_table,
)
from services.query.domain.question import Asked, read_question
from services.query.http.batches import TravellerRef
from services.query.http.lookups import PersonAsked
from shared.errors import FieldError, Rejected
from shared.http.body import ERRORS_MAX, JSON, Body, parse_json, require_media_type
from shared.http.types import NotBlank

EDIFACT, CSV = "application/edifact", "text/csv"
MAYBE_EDIFACT = ("text/plain", "application/octet-stream")
FLIGHT_CHARS_MAX = 20

COLUMN_OF = {"emails": "email", "usernames": "username", "phones": "phone", "documents": "document_number"}
"""The column that a field of a question comes from; others are called the same."""

Reader = Callable[[bytes, date], Manifest]


class PassengerForm(PersonAsked):
    """A person on the list; without a reference they are called by their place, counted from 1."""

    traveller_ref: TravellerRef | None = None


class ManifestForm(Body):
    """A passenger list in JSON."""

    flight: Annotated[str, Field(max_length=FLIGHT_CHARS_MAX), NotBlank()]
    departs_at: str
    """RFC 3339; without an offset it is a local time."""
    passengers: Annotated[list[PassengerForm], Field(min_length=1, max_length=PASSENGERS_MAX)]


def require_list(request: Request) -> None:
    """Pass when the body is declared as one of the forms of a list, before it is read; raises as `reader_of`."""
    if media_type_of(request) not in (EDIFACT, *MAYBE_EDIFACT):
        require_media_type(request, CSV if media_type_of(request) == CSV else JSON)


def reader_of(request: Request, raw: bytes, *, flight: str | None, departs_at: str | None) -> Reader:
    """Return what reads a list of the form that the request declares.

    Raises:
        Rejected: `unsupported_media_type` or `media_refused` for any other form; or parameters that only a table takes.
    """
    declared = media_type_of(request)
    if declared == CSV:
        return partial(_read_csv, flight=flight, departs_at=departs_at)
    given = [name for name, value in (("flight", flight), ("departs_at", departs_at)) if value is not None]
    if given:
        errors = [FieldError(("query", name), f"goes with {CSV} alone") for name in given]
        raise Rejected("some parameters are not valid", errors=errors)
    if declared == EDIFACT or (declared in MAYBE_EDIFACT and looks_like_edifact(raw)):
        return _read_edifact
    require_media_type(request, JSON)
    return _read_json


def media_type_of(request: Request) -> str:
    """Return the declared type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read_json(raw: bytes, today: date) -> Manifest:
    form = parse_json(raw, ManifestForm)
    passengers = [
        Passenger(each.traveller_ref or str(place), "passenger", each.asked)
        for place, each in enumerate(form.passengers, 1)
    ]
    faults: list[FieldError] = []
    departure = _departure_of(form.departs_at, form.departs_at, faults)
    met: set[str] = set()
    for place, passenger in enumerate(passengers):
        if passenger.traveller_ref in met:
            faults.append(FieldError(("passengers", place, "traveller_ref"), "is that of another passenger too"))
        met.add(passenger.traveller_ref)
        faults += [
            FieldError(("passengers", place, *fault.loc), fault.msg) for fault in _faults_of(passenger.asked, today)
        ]
    return _whole("json", form.flight, departure, passengers, faults)


def _read_csv(raw: bytes, today: date, *, flight: str | None, departs_at: str | None) -> Manifest:
    listed = read_table(raw, flight=flight, departs_at=departs_at)
    faults: list[FieldError] = []
    departure = _departure_of(listed.departs_at, listed.departs_last, faults)
    if len(listed.flight) > FLIGHT_CHARS_MAX:
        faults.append(FieldError(("flight",), f"has more than {FLIGHT_CHARS_MAX} characters"))
    for person in listed.passengers:
        for fault in _faults_of(_asked_of(person), today):
            columns = [COLUMN_OF.get(str(fault.loc[0]), fault.loc[0])] if fault.loc else []
            faults.append(FieldError(("line", person.number, *columns), fault.msg))
    passengers = [Passenger(person.ref, person.kind, _asked_of(person)) for person in listed.passengers]
    return _whole("csv", listed.flight, departure, passengers, faults, listed.remarks)


def _read_edifact(raw: bytes, today: date) -> Manifest:
    listed: PassengerList = read_paxlst(raw, today=today)
    faults: list[FieldError] = []
    departure = _departure_of(listed.departs_at, listed.departs_last, faults)
    passengers = []
    for person in listed.passengers:
        asked, remarks = askable(_asked_of(person), today=today)
        passengers.append(Passenger(person.ref, person.kind, asked, (*person.remarks, *remarks)))
    return _whole("edifact", listed.flight, departure, passengers, faults, listed.remarks)


def _whole(
    format_: Format,
    flight: str,
    departure: Departure | None,
    passengers: Sequence[Passenger],
    faults: Sequence[FieldError],
    remarks: Sequence[str] = (),
) -> Manifest:
    if departure is None or faults:
        raise Rejected("some fields are not valid", errors=faults[:ERRORS_MAX])
    return Manifest(format_, flight, departure, tuple(passengers), tuple(remarks))


def _departure_of(given: str, last: str, faults: list[FieldError]) -> Departure | None:
    """Return the departure, live until the last of its legs; None, and a fault more, when one is no time."""
    try:
        return Departure(given, max(read_departure(given).latest, read_departure(last).latest))
    except ValueError as error:
        faults.append(FieldError(("departs_at",), str(error)))
        return None


def _asked_of(person: ListedPerson) -> Asked:
    return Asked(
        name=person.name,
        birth_date=person.birth_date,
        emails=person.emails,
        usernames=person.usernames,
        phones=person.phones,
        documents=person.documents,
    )


def _faults_of(asked: Asked | None, today: date) -> Iterator[FieldError]:
    """Yield what keeps a person of whom everything must be readable from being looked for."""
    assert asked is not None
    try:
        read_question(asked, today=today)
    except Rejected as error:
        yield from error.errors


MANIFEST_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            EDIFACT: {
                "schema": {"type": "string"},
                "description": "UN/EDIFACT PAXLST of one flight; also as text/plain or application/octet-stream.",
            },
            CSV: {
                "schema": {"type": "string"},
                "description": f"UTF-8 with a header, in any order: {', '.join(COLUMNS)}. Flight and departure may be "
                "given as parameters instead. `line` counts records, the header being 1.",
            },
        }
    }
}
"""The forms besides JSON, as OpenAPI tells of them."""
