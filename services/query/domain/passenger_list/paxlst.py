"""PAXLST: the segments of a passenger list into people and their flight.

Written after the shapes of real messages: several legs, crew beside passengers, several messages and interchanges of
one flight, groups (UNG, UNE), counts that are wrong. A person of whom something cannot be read stays on the list with a
remark.

A file that breaks off is refused, and so is one whose UNT counts other segments than there are: both mean that people
may be missing. That CNT counts other people than there are is a remark, since systems that send real lists do it.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.query.domain.passenger_list.edifact import Segment, read_segments, rejected
from services.query.domain.passenger_list.listed import (
    NAME_CHARS_MAX,
    PASSENGERS_MAX,
    REF_CHARS_MAX,
    REMARKS_MAX,
    VALUES_MAX,
    ListedPerson,
    PassengerList,
    with_references,
)

MESSAGES = frozenset({"PAXLST", "CUSRES"})
KINDS = {"FL": "passenger", "FM": "crew", "DDU": "transit_passenger", "DDT": "transit_crew"}
AGE_MAX = 110
DEPARTURE, BIRTH, DEPARTURE_AIRPORT = "189", "329", "125"
COUNTS = {"42": False, "41": True}
"""What CNT counts: passengers, and crew."""
_TIMES = {10: "20{0}-{1}-{2}T{3}:{4}", 12: "{0}-{1}-{2}T{3}:{4}"}
_PARTS = {10: re.compile(r"(..)(..)(..)(..)(..)"), 12: re.compile(r"(....)(..)(..)(..)(..)")}
_FLIGHT = re.compile(r"([A-Z0-9]{2,3}?)0*([0-9]{1,4}[A-Z]?)")


@dataclass(slots=True)
class _Leg:
    number: int
    flight: str
    departs_at: str = ""
    is_border: bool = False


@dataclass(slots=True)
class _Reading:
    """What was read so far; `opened` are the numbers of the segments that a later one must close, by its tag."""

    today: date
    people: list[ListedPerson] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    legs: list[_Leg] = field(default_factory=list)
    flights: list[_Leg] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)
    has_begun: bool = False
    is_person: bool = False
    message_people: int = 0


def read_paxlst(raw: bytes, *, today: date) -> PassengerList:
    """Return the passenger list of a file.

    Raises:
        Rejected: naming the segment that cannot be read, counts wrongly, is not closed, or is of another flight.
    """
    reading = _Reading(today)
    last = 0
    for segment in read_segments(raw):
        last = segment.number
        if not reading.has_begun and segment.tag != "UNB":
            break
        reading.has_begun = True
        _read(reading, segment)
    if not reading.has_begun:
        raise rejected(1, "a passenger list begins with UNA or UNB")
    for tag, name in (("UNT", "message"), ("UNZ", "interchange")):
        if tag in reading.opened:
            raise rejected(last + 1, f"the file is cut off: {tag} is missing, which ends the {name}")
    return _list_of(reading, last)


def _read(reading: _Reading, segment: Segment) -> None:
    if (read := _READ.get(segment.tag)) is not None:
        read(reading, segment)
    elif reading.is_person:
        reading.people[-1] = _with(reading.people[-1], segment, reading.today)
    elif segment.tag == "TDT":
        flight = _flight_of(segment.value(1) or segment.value(7), segment.value(4))
        reading.legs.append(_Leg(segment.number, flight))
    elif reading.legs:
        _read_leg(reading.legs[-1], segment)


def _open(reading: _Reading, closed_by: str, segment: Segment) -> None:
    if closed_by in reading.opened:
        raise rejected(segment.number, f"{closed_by} is missing before it")
    reading.opened[closed_by] = segment.number


def _close(reading: _Reading, segment: Segment) -> int:
    """Return the number of the segment that this one ends."""
    if segment.tag not in reading.opened:
        raise rejected(segment.number, "ends what did not begin")
    return reading.opened.pop(segment.tag)


def _begin_interchange(reading: _Reading, segment: Segment) -> None:
    _open(reading, "UNZ", segment)


def _end_interchange(reading: _Reading, segment: Segment) -> None:
    if "UNT" in reading.opened:
        raise rejected(segment.number, "UNT is missing before it")
    _close(reading, segment)


def _begin_message(reading: _Reading, segment: Segment) -> None:
    _open(reading, "UNT", segment)
    if segment.value(1) not in MESSAGES:
        raise rejected(segment.number, "is no passenger list: the message must be PAXLST")
    reading.legs, reading.is_person, reading.message_people = [], False, len(reading.people)


def _end_message(reading: _Reading, segment: Segment) -> None:
    began = _close(reading, segment)
    counted, there_are = segment.value(0), segment.number - began + 1
    if not counted.isdecimal() or int(counted[:9]) != there_are:
        raise rejected(segment.number, f"counts other segments than there are in its message, which is {there_are}")
    if reading.legs:
        leg = next((leg for leg in reading.legs if leg.is_border), reading.legs[0])
        last = max((leg.departs_at for leg in reading.legs), default="")
        if reading.flights and (reading.flights[0].flight, reading.flights[0].departs_at) != (
            leg.flight,
            leg.departs_at,
        ):
            raise rejected(leg.number, "is of another flight than those before; a list is of one")
        reading.flights += [leg, replace(leg, departs_at=last)]
    reading.is_person = False


def _read_leg(leg: _Leg, segment: Segment) -> None:
    if segment.tag == "LOC" and segment.value(0) == DEPARTURE_AIRPORT:
        leg.is_border = True
    elif segment.tag == "DTM" and segment.value(0) == DEPARTURE:
        leg.departs_at = _time_of(segment)


def _begin_person(reading: _Reading, segment: Segment) -> None:
    kind = KINDS.get(segment.value(0).upper())
    reading.is_person = kind is not None
    if kind is None:
        return
    if len(reading.people) >= PASSENGERS_MAX:
        raise rejected(segment.number, f"a list has at most {PASSENGERS_MAX} people")
    parts = segment.elements[3] if len(segment.elements) > 3 else ()
    name = " ".join(part for part in parts if part)
    person = ListedPerson(segment.number, name=name[:NAME_CHARS_MAX] or None, kind=kind)
    if not name or len(name) > NAME_CHARS_MAX:
        person = person.remarked(f"segment {segment.number}: {'is too long a name' if name else 'has no name'}")
    reading.people.append(person)


def _with(person: ListedPerson, segment: Segment, today: date) -> ListedPerson:
    """Return a person with what a segment says of them; what is not understood is passed over."""
    said = segment.value(1)
    match segment.tag, segment.value(0).upper():
        case "DTM", code if code == BIRTH:
            born = _birth_date_of(segment.value(0, 1), today)
            if born is None:
                return person.remarked(f"segment {segment.number}: is no birth date")
            return replace(person, birth_date=born)
        case "DOC", _ if said:
            return replace(person, documents=(*person.documents, said)[:VALUES_MAX])
        case "RFF", "ABO" if len(segment.value(0, 1)) <= REF_CHARS_MAX:
            return replace(person, ref=segment.value(0, 1))
        case "COM", _:
            return _with_contact(person, segment)
    return person


def _with_contact(person: ListedPerson, segment: Segment) -> ListedPerson:
    for element in segment.elements:
        match element:
            case (address, "EM") if address:
                # The sign @ is no letter of the smallest character set, and written // there.
                person = replace(person, emails=(*person.emails, address.replace("//", "@"))[:VALUES_MAX])
            case (number, "TE" | "AL") if number:
                person = replace(person, phones=(*person.phones, number)[:VALUES_MAX])
    return person


def _check_count(reading: _Reading, segment: Segment) -> None:
    is_crew = COUNTS.get(segment.value(0))
    if is_crew is None:
        return
    counted = segment.value(0, 1) or segment.value(1)
    people = reading.people[reading.message_people :]
    there_are = sum(person.kind.endswith("crew") == is_crew for person in people)
    if counted.lstrip("0") != str(there_are).lstrip("0"):
        _remark(reading, segment, f"counts other people than the {there_are} there are")


def _leave_out(reading: _Reading, segment: Segment) -> None:
    _remark(reading, segment, "what stands behind the end of the file was left out")


def _remark(reading: _Reading, segment: Segment, sentence: str) -> None:
    if len(reading.remarks) < REMARKS_MAX:
        reading.remarks.append(f"segment {segment.number}: {sentence}")


def _list_of(reading: _Reading, last: int) -> PassengerList:
    if not reading.flights or not reading.flights[0].flight:
        raise rejected(last, "the list names no flight: TDT is missing before it")
    flight = reading.flights[0]
    if not flight.departs_at:
        raise rejected(flight.number, "the flight has no departure: DTM+189 is missing, or is no time")
    if not reading.people:
        raise rejected(last, "the list names nobody: NAD+FL is missing before it")
    departs_last = max(each.departs_at for each in reading.flights)
    people = with_references(reading.people)
    return PassengerList(flight.flight, flight.departs_at, departs_last, people, tuple(reading.remarks))


def _flight_of(number: str, carrier: str) -> str:
    """Return the flight number as airlines write it: the carrier, and the number without leading zeros."""
    whole = number.replace(" ", "").upper()
    if whole.isdecimal():
        whole = carrier.upper() + whole
    found = _FLIGHT.fullmatch(whole)
    return (found[1] + found[2] if found else whole)[:20]


def _time_of(segment: Segment) -> str:
    """Return a time `YYMMDDhhmm` or `CCYYMMDDhhmm` as RFC 3339 has a local one; "" when there is none such."""
    digits = segment.value(0, 1).replace(" ", "")[:12]
    parts = _PARTS[len(digits)].fullmatch(digits) if digits.isdecimal() and len(digits) in _PARTS else None
    if parts is None:
        return ""
    time = _TIMES[len(digits)].format(*parts.groups())
    try:
        return datetime.fromisoformat(time).isoformat(timespec="minutes")
    except ValueError:
        return ""


def _birth_date_of(digits: str, today: date) -> str | None:
    """Return a date `YYMMDD` or `CCYYMMDD`; of a short year's centuries, the newest that is not in the future.

    Zeros stand for a month or day that is not known.
    """
    if not digits.isdecimal() or not digits.isascii() or len(digits) not in (6, 8):
        return None
    if len(digits) == 6:
        digits = ("20" if "20" + digits <= f"{today:%Y%m%d}" else "19") + digits
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if digits > f"{today:%Y%m%d}" or year < today.year - AGE_MAX:
        return None
    if month == 0:
        return f"{year}" if day == 0 else None
    if month > 12 or day > calendar.monthrange(year, month)[1]:
        return None
    return f"{year}-{month:02}" if day == 0 else f"{year}-{month:02}-{day:02}"


_READ: dict[str, Callable[[_Reading, Segment], None]] = {
    "UNB": _begin_interchange,
    "UNH": _begin_message,
    "UNT": _end_message,
    "UNZ": _end_interchange,
    "NAD": _begin_person,
    "CNT": _check_count,
    "...": _leave_out,
}
