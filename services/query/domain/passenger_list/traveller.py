"""What the segments of a passenger list say of one traveller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.query.domain.manifest import REFERENCE_CHARS_MAX, Passenger, askable, is_label
from services.query.domain.passenger_list.edifact import Segment
from services.query.domain.question import Asked

KINDS = {"FL": "passenger", "FM": "crew", "DDU": "transit passenger", "DDT": "transit crew"}
UNKNOWN_KIND = "unknown"
VALUES_MAX = 20
"""Documents, e-mails, phones and remarks of one traveller; a file that gives more is not worth more."""
_COMMUNICATIONS = {"EM": "emails", "TE": "phones"}


@dataclass(slots=True)
class Traveller:
    """What is read of one traveller; `reference` is "" when the list gives none."""

    kind: str
    name: str = ""
    birth_date: str | None = None
    reference: str = ""
    documents: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def begin_traveller(segment: Segment) -> Traveller:
    """Return the traveller whom a segment `NAD` names."""
    kind = KINDS.get(segment.qualifier, UNKNOWN_KIND)
    traveller = Traveller(kind, _name(segment))
    if kind == UNKNOWN_KIND:
        traveller.remarks.append(f"segment {segment.number} names a traveller of a kind that is not known")
    return traveller


def read_detail(traveller: Traveller, segment: Segment, *, today: date) -> None:
    """Add what a segment says of a traveller; it is passed over when that is nothing to look for."""
    match segment.tag, segment.qualifier:
        case "DTM", "329":
            born = _birth_date(segment.component(0, 1), today)
            if born is None:
                _add(traveller.remarks, f"the birth date of segment {segment.number} cannot be read")
            traveller.birth_date = born or traveller.birth_date
        case "DOC", _:
            _add(traveller.documents, segment.component(1))
        case "RFF", "ABO":
            traveller.reference = segment.component(0, 1)
            if not is_label(traveller.reference, chars_max=REFERENCE_CHARS_MAX):
                traveller.reference = ""
                _add(traveller.remarks, f"the reference of segment {segment.number} cannot be kept")
        case "COM", value if kind := _COMMUNICATIONS.get(segment.component(0, 1)):
            _add(getattr(traveller, kind), value)


def passengers_of(travellers: Sequence[Traveller], *, today: date) -> tuple[Passenger, ...]:
    """Return the travellers as passengers, whose references differ."""
    return tuple(
        _passenger(traveller, reference, today)
        for traveller, reference in zip(travellers, _references(travellers), strict=True)
    )


def _passenger(traveller: Traveller, reference: str, today: date) -> Passenger:
    given = Asked(
        name=traveller.name or None,
        birth_date=traveller.birth_date,
        emails=tuple(traveller.emails),
        phones=tuple(traveller.phones),
        documents=tuple(traveller.documents),
    )
    asked, remarks = askable(given, today=today)
    return Passenger(reference, traveller.kind, asked, (*traveller.remarks, *remarks))


def _references(travellers: Sequence[Traveller]) -> Iterator[str]:
    """Yield what each is called: as the list says; by their place when it says nothing, or what it says of another."""
    given = {traveller.reference for traveller in travellers}
    met = {""}
    for place, traveller in enumerate(travellers, 1):
        reference = traveller.reference
        if reference in met:
            reference = str(place)
            while reference in given:
                reference += "."
        met.add(reference)
        yield reference


def _add(values: list[str], value: str) -> None:
    if value and value not in values and len(values) < VALUES_MAX:
        values.append(value)


def _name(segment: Segment) -> str:
    """Return surname, given and middle name, which stand in the fourth element, or in a short form in the second."""
    composite = next((segment.elements[place] for place in (3, 2, 1) if segment.component(place)), ())
    return " ".join(part for part in composite[:5] if part)


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
