"""Passenger lists as UN/EDIFACT messages: PAXLST (WCO, IATA and ICAO guide), and the same passengers in CUSRES.

Which element holds what is from that guide and from how airlines use it. Segments that say nothing of a traveller or
the flight are passed over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.query.domain.manifest import Departure, Manifest, Passenger, askable, read_departure
from services.query.domain.passenger_list.edifact import Segment, read_segments, refused
from services.query.domain.question import Asked
from shared.errors import FieldError, Rejected

PASSENGERS_MAX = 2_000
DOCUMENTS_MAX = 20
_MESSAGES = frozenset({"PAXLST", "CUSRES"})
_KINDS = {"FL": "passenger", "FM": "crew", "DDU": "transit passenger", "DDT": "transit crew"}
_FLIGHT = re.compile(r"([A-Z0-9]{2,3}?)0*([0-9]{1,4}[A-Z]?)")
_COMMUNICATIONS = {"EM": "emails", "TE": "phones"}


@dataclass(slots=True)
class _Person:
    """What is read of one traveller."""

    segment: int
    kind: str
    name: str = ""
    birth_date: str | None = None
    reference: str = ""
    documents: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """What is read so far. `opened` is the UNH of a message not yet ended, `interchange` the UNB of one."""

    today: date
    people: list[_Person] = field(default_factory=list)
    flight: str = ""
    departures: list[tuple[str, int]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    opened: Segment | None = None
    interchange: Segment | None = None
    is_list: bool = False
    lists: int = 0
    people_before: int = 0


def read_paxlst(raw: bytes, *, today: date) -> Manifest:
    """Return the passenger list of one flight; several messages of it (passengers and crew, or parts) make one list.

    A count of travellers (`CNT+42`) that is not theirs is remarked, as many senders write another; a message whose own
    count of segments (`UNT`) is wrong is refused, since then some of it was lost or put in.

    Raises:
        Rejected: it is no EDIFACT, is cut off, a message is not as long as it says, it holds no list, several flights,
            no flight or departure, or too many travellers; the segment's number is named.
    """
    reading, last = _Reading(today), 0
    for segment in read_segments(raw):
        last = segment.number
        _read_segment(reading, segment)
    _check_ended(reading, last)
    if not reading.lists:
        raise refused(max(last, 1), "comes last, and no passenger list (PAXLST) came before it")
    if not reading.flight:
        raise Rejected("the list names no flight", errors=[FieldError(("TDT",), "no segment TDT+20 names a flight")])
    people = [_passenger(person, place, today) for place, person in enumerate(reading.people, 1)]
    return Manifest("edifact", reading.flight, _departure(reading), _distinct(people), tuple(reading.remarks))


def _read_segment(reading: _Reading, segment: Segment) -> None:
    match segment.tag:
        case "UNB":
            _check_ended(reading, segment.number)
            reading.interchange = segment
        case "UNZ":
            if reading.opened is not None:
                raise refused(segment.number, f"ends the interchange within the message of segment {_at(reading)}")
            reading.interchange = None
        case "UNH":
            _open(reading, segment)
        case "UNT":
            _close(reading, segment)
        case _ if reading.opened is not None and reading.is_list:
            _read_content(reading, segment)


def _open(reading: _Reading, segment: Segment) -> None:
    if reading.opened is not None:
        raise refused(segment.number, f"begins a message before that of segment {_at(reading)} is ended by UNT")
    reading.opened = segment
    reading.people_before = len(reading.people)
    reading.is_list = segment.component(1) in _MESSAGES
    reading.lists += reading.is_list
    if not reading.is_list:
        reading.remarks.append(f"the message of segment {segment.number} is no passenger list and was passed over")


def _close(reading: _Reading, segment: Segment) -> None:
    if reading.opened is None:
        raise refused(segment.number, "ends a message that was not begun")
    length = segment.number - reading.opened.number + 1
    if not segment.qualifier.isdecimal() or int(segment.qualifier[:9]) != length:
        raise refused(segment.number, f"counts other segments than the {length} of its message")
    reading.opened = None


def _check_ended(reading: _Reading, last: int) -> None:
    if reading.opened is not None:
        raise refused(last, f"comes last, and the message of segment {_at(reading)} is not ended by UNT")
    if reading.interchange is not None:
        raise refused(
            last, f"comes last, and the interchange of segment {reading.interchange.number} is not ended by UNZ"
        )


def _at(reading: _Reading) -> int:
    assert reading.opened is not None
    return reading.opened.number


def _read_content(reading: _Reading, segment: Segment) -> None:
    person = reading.people[-1] if len(reading.people) > reading.people_before else None
    match segment.tag, segment.qualifier:
        case "NAD", kind if kind in _KINDS:
            if len(reading.people) == PASSENGERS_MAX:
                raise refused(segment.number, f"names one traveller more than the {PASSENGERS_MAX} a list may have")
            reading.people.append(_Person(segment.number, _KINDS[kind], _name(segment)))
        case "TDT", "20" | "34":
            _read_flight(reading, segment)
        case "DTM", "189":
            reading.departures.append((segment.component(0, 1), segment.number))
        case "CNT", "42":
            _check_count(reading, segment)
        case _ if person is not None:
            _read_detail(person, segment, reading)


def _read_detail(person: _Person, segment: Segment, reading: _Reading) -> None:
    match segment.tag, segment.qualifier:
        case "DTM", "329":
            born = _birth_date(segment.component(0, 1), reading.today)
            if born is None:
                person.remarks.append(f"the birth date of segment {segment.number} cannot be read")
            person.birth_date = born or person.birth_date
        case "DOC", _:
            number = segment.component(1)
            if number and number not in person.documents and len(person.documents) < DOCUMENTS_MAX:
                person.documents.append(number)
        case "RFF", "ABO":
            person.reference = segment.component(0, 1)
        case "COM", value if segment.component(0, 1) in _COMMUNICATIONS:
            values = getattr(person, _COMMUNICATIONS[segment.component(0, 1)])
            if value and len(values) < DOCUMENTS_MAX:
                values.append(value)


def _name(segment: Segment) -> str:
    """Return surname, given and middle name, which stand in the fourth element, or in a short form in the second."""
    composite = next((segment.elements[place] for place in (3, 2, 1) if segment.component(place)), ())
    return " ".join(part for part in composite[:5] if part)


def _read_flight(reading: _Reading, segment: Segment) -> None:
    given = re.sub(r"\s", "", segment.component(1)).upper()
    carrier = segment.component(4).upper()
    if given.isdecimal() and carrier:
        given = carrier + given
    found = _FLIGHT.fullmatch(given)
    flight = f"{found.group(1)}{found.group(2)}" if found else given
    if not flight:
        return
    if len(flight) > 20:
        raise refused(segment.number, "names a flight of more than 20 characters")
    if reading.flight not in ("", flight):
        raise refused(segment.number, "names another flight: send the list of each flight by itself")
    reading.flight = flight


def _check_count(reading: _Reading, segment: Segment) -> None:
    found, said = len(reading.people) - reading.people_before, segment.component(0, 1)
    if said != str(found):
        reading.remarks.append(f"segment {segment.number} counts {said[:9] or 'no'} travellers, and {found} are listed")


def _departure(reading: _Reading) -> Departure:
    """Return the latest departure of the flight's legs; a list is live until a day after that."""
    found = []
    for text, number in reading.departures:
        moment = _moment(text)
        try:
            found.append(read_departure(moment or ""))
        except ValueError:
            raise refused(number, "gives a departure that cannot be read as YYMMDDhhmm or CCYYMMDDhhmm") from None
    if not found:
        sentence = "no segment DTM+189 gives the time of departure"
        raise Rejected("the list has no time of departure", errors=[FieldError(("DTM",), sentence)])
    return max(found, key=lambda departure: departure.latest)


def _moment(digits: str) -> str | None:
    """Return `YYMMDD`, `CCYYMMDD` or either with `hhmm` as local RFC 3339 time; a day without an hour is its last."""
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in (6, 8, 10, 12):
        return None
    whole = digits if len(digits) in (8, 12) else f"20{digits}"
    hour = f"{whole[8:10]}:{whole[10:12]}" if len(whole) == 12 else "23:59"
    return f"{whole[:4]}-{whole[4:6]}-{whole[6:8]}T{hour}"


def _birth_date(digits: str, today: date) -> str | None:
    """Return `YYMMDD` or `CCYYMMDD` as a date; two digits are of the newest year that is not to come."""
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in (6, 8):
        return None
    centuries = (digits,) if len(digits) == 8 else (f"20{digits}", f"19{digits}")
    for whole in centuries:
        try:
            born = date(int(whole[:4]), int(whole[4:6]), int(whole[6:]))
        except ValueError:
            continue
        if born <= today:
            return born.isoformat()
    return None


def _passenger(person: _Person, place: int, today: date) -> Passenger:
    given = Asked(
        name=person.name or None,
        birth_date=person.birth_date,
        emails=tuple(person.emails),
        phones=tuple(person.phones),
        documents=tuple(person.documents),
    )
    asked, remarks = askable(given, today=today)
    return Passenger(person.reference[:64] or str(place), person.kind, asked, (*person.remarks, *remarks))


def _distinct(people: Sequence[Passenger]) -> tuple[Passenger, ...]:
    """Return the passengers, those whose reference another has too under their place."""
    met: set[str] = set()
    distinct = []
    for place, each in enumerate(people, 1):
        reference = each.traveller_ref if each.traveller_ref not in met else f"{place}."
        met.add(reference)
        distinct.append(Passenger(reference, each.kind, each.asked, each.remarks))
    return tuple(distinct)
