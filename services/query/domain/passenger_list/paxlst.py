"""Passenger lists as UN/EDIFACT messages: PAXLST (WCO, IATA and ICAO guide), and the same passengers in CUSRES.

Which element holds what is from that guide and from how airlines use it. Segments that say nothing of a traveller or
the flight are passed over.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.query.domain.manifest import FLIGHT_CHARS_MAX, Departure, Manifest, is_label, read_departure
from services.query.domain.passenger_list.edifact import Segment, read_segments, refused
from services.query.domain.passenger_list.envelope import Envelope
from services.query.domain.passenger_list.traveller import KINDS, Traveller, begin_traveller, passengers_of, read_detail
from shared.errors import FieldError, Rejected

PASSENGERS_MAX = 2_000
REMARKS_MAX = 20
"""On the list as a whole."""
SAME_FLIGHT_MAX = timedelta(hours=12)
"""Departures further apart than this are not one flight put off, but the flight of another day."""
_MESSAGES = frozenset({"PAXLST", "CUSRES"})
_SENDER = "MS"
_FLIGHT = re.compile(r"([A-Z0-9]{2,3}?)0*([0-9]{1,4}[A-Z]?)")


@dataclass(slots=True)
class _Leg:
    """A leg of the flight, by the number of its segment; across the border is the one that LOC+125 departs from."""

    segment: int
    flight: str
    is_across: bool = False
    departure: Departure | None = None


@dataclass(slots=True)
class _Reading:
    """What is read so far.

    `legs`, and `traveller` of whom the segments to come speak, are those of the message; `leg` is the one that names
    the flight, `departure` the latest of any leg.
    """

    today: date
    travellers: list[Traveller] = field(default_factory=list)
    leg: _Leg | None = None
    departure: Departure | None = None
    legs: list[_Leg] = field(default_factory=list)
    traveller: Traveller | None = None
    remarks: list[str] = field(default_factory=list)
    envelope: Envelope = field(default_factory=Envelope)
    is_list: bool = False
    lists: int = 0
    travellers_before: int = 0


def read_paxlst(raw: bytes, *, today: date) -> Manifest:
    """Return the passenger list of one flight; several messages of it (passengers and crew, or parts) make one list.

    A count of travellers (`CNT+42`) that is not theirs is remarked, as many senders write another.

    Raises:
        Rejected: it is no EDIFACT, is cut off, does not hold what it counts, it holds no list, several flights or days,
            no flight or departure, or too many travellers; the segment's number is named.
    """
    reading, last = _Reading(today), 0
    for segment in read_segments(raw):
        last = segment.number
        _read_segment(reading, segment)
    reading.envelope.check_ended(last)
    if not reading.lists:
        raise refused(max(last, 1), "comes last, and no passenger list (PAXLST) came before it")
    if reading.leg is None:
        raise Rejected("the list names no flight", errors=[FieldError(("TDT",), "no segment TDT+20 names a flight")])
    if reading.departure is None:
        sentence = "no segment DTM+189 gives the time of departure"
        raise Rejected("the list has no time of departure", errors=[FieldError(("DTM",), sentence)])
    passengers = passengers_of(reading.travellers, today=today)
    return Manifest("edifact", reading.leg.flight, reading.departure, passengers, tuple(reading.remarks))


def _read_segment(reading: _Reading, segment: Segment) -> None:
    reading.envelope.read(segment)
    match segment.tag:
        case "UNH":
            _open(reading, segment)
        case "UNT":
            if reading.legs:
                _name_flight(reading)
        case _ if reading.envelope.is_in_message and reading.is_list:
            _read_content(reading, segment)


def _open(reading: _Reading, segment: Segment) -> None:
    reading.travellers_before = len(reading.travellers)
    reading.legs, reading.traveller = [], None
    reading.is_list = segment.component(1) in _MESSAGES
    reading.lists += reading.is_list
    if not reading.is_list and len(reading.remarks) < REMARKS_MAX:
        reading.remarks.append(f"the message of segment {segment.number} is no passenger list and was passed over")


def _read_content(reading: _Reading, segment: Segment) -> None:
    match segment.tag, segment.qualifier:
        case "NAD", kind:
            # Behind the flight stand its travellers. Whoever else is named, what follows is not of the one before.
            is_traveller = kind in KINDS or (bool(reading.legs) and kind != _SENDER)
            reading.traveller = _add_traveller(reading, segment) if is_traveller else None
        case "TDT", "20" | "34":
            _read_leg(reading, segment)
        case "LOC", "125" if reading.legs:
            reading.legs[-1].is_across = True
        case "DTM", "189":
            _add_departure(reading, segment)
        case "CNT", "42":
            _check_count(reading, segment)
        case _ if reading.traveller is not None:
            read_detail(reading.traveller, segment, today=reading.today)


def _add_traveller(reading: _Reading, segment: Segment) -> Traveller:
    if len(reading.travellers) == PASSENGERS_MAX:
        raise refused(segment.number, f"names one traveller more than the {PASSENGERS_MAX} a list may have")
    reading.travellers.append(begin_traveller(segment))
    return reading.travellers[-1]


def _read_leg(reading: _Reading, segment: Segment) -> None:
    given = re.sub(r"\s", "", segment.component(1)).upper()
    carrier = segment.component(4).upper()
    if given.isdecimal() and carrier:
        given = carrier + given
    found = _FLIGHT.fullmatch(given)
    flight = f"{found.group(1)}{found.group(2)}" if found else given
    if not flight:
        return
    if not is_label(flight, chars_max=FLIGHT_CHARS_MAX):
        raise refused(segment.number, f"names a flight with other than 1 to {FLIGHT_CHARS_MAX} printable characters")
    reading.legs.append(_Leg(segment.number, flight))


def _name_flight(reading: _Reading) -> None:
    """Name the flight after the leg across the border, else the first: legs before and after may be other flights."""
    leg = next((leg for leg in reading.legs if leg.is_across), reading.legs[0])
    before = reading.leg or leg
    if leg.flight != before.flight:
        raise refused(leg.segment, "names another flight: send the list of each flight by itself")
    if leg.departure and before.departure and _are_far_apart(leg.departure, before.departure):
        raise refused(leg.segment, "names the flight of another day: send the list of each flight by itself")
    reading.leg = leg


def _are_far_apart(left: Departure, right: Departure) -> bool:
    return abs(left.latest - right.latest) > SAME_FLIGHT_MAX


def _check_count(reading: _Reading, segment: Segment) -> None:
    found, said = len(reading.travellers) - reading.travellers_before, segment.component(0, 1)
    counts = said[:9] if said.isdecimal() else "no"
    if counts != str(found) and len(reading.remarks) < REMARKS_MAX:
        reading.remarks.append(f"segment {segment.number} counts {counts} travellers, and {found} are listed")


def _add_departure(reading: _Reading, segment: Segment) -> None:
    """Take the latest departure of the flight's legs; a list is live until a day after that."""
    try:
        departure = read_departure(_moment(segment.component(0, 1)) or "")
    except ValueError:
        sentence = "gives a departure that cannot be read as YYMMDDhhmm or CCYYMMDDhhmm"
        raise refused(segment.number, sentence) from None
    reading.departure = max(reading.departure or departure, departure, key=lambda each: each.latest)
    if reading.legs:
        reading.legs[-1].departure = departure


def _moment(digits: str) -> str | None:
    """Return `YYMMDD`, `CCYYMMDD` or either with `hhmm` as local RFC 3339 time; a day without an hour is its last."""
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in (6, 8, 10, 12):
        return None
    whole = digits if len(digits) in (8, 12) else f"20{digits}"
    hour = f"{whole[8:10]}:{whole[10:12]}" if len(whole) == 12 else "23:59"
    return f"{whole[:4]}-{whole[4:6]}-{whole[6:8]}T{hour}"
