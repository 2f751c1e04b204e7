"""What the records of one person say of each field that was asked for.

Each field takes the best that any of the records says of it; what contradicts is shown beside it. Of fields that were
not asked for no value is ever told; only that a birth date is on record, because giving it would settle most doubts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from services.query.domain.names import Comparison, NameLevel, NameMatch, compare, name_bits
from services.query.domain.question import AskedKey, Question
from services.query.domain.rarity import Rarity
from services.query.domain.words import Name, Reading
from shared.identifiers import BirthDate, BirthDateMatch, compare_birth_dates, parse_birth_date

CONFLICTS_SHOWN_MAX = 3
HOLDERS_MAX = 5
"""An identifier on record for more people says little of any one of them: Senzing's default for e-mails and logins."""


class BirthFact(IntEnum):
    """What the birth dates say together, best last."""

    OTHER_DAY = 1
    """Both are known to the day and differ: two people, unless one of the two is wrong."""
    OTHER = 2
    """They differ, but one is not known to the day, and may be somebody's guess."""
    FITTING = 3
    """They fit, but one is not known to the day, or an entry slip or a filler lies between them."""
    SAME_DAY = 4


class KeyStrength(IntEnum):
    """What an identifier that agrees is worth, most last."""

    WEAK = 1
    SUPPORTING = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class HeldKey:
    """An identifier of a record. `scope` is the service or the issuing country, "" when none is known."""

    type: str
    exact: str
    canonical: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One subject party of one tip. `person_id` is the cluster it is in, or the tip itself while that is not known.

    `birth_date` is readable; `keys` are only those that were asked for.
    """

    record_id: UUID
    tip_id: UUID
    person_id: UUID
    names: tuple[Name, ...] = ()
    birth_date: str | None = None
    keys: tuple[HeldKey, ...] = ()


class Evidence(NamedTuple):
    """One reason. `weight` is in bits: positive for, negative against, 0.0 when something is missing."""

    field: str
    given: str | None
    recorded: str | None
    detail: str
    weight: float


Compared = Mapping[tuple[Reading, ...], Comparison]
"""Names on record that agree with the one asked for, by their readings; many records of one look-up carry the same."""
BestName = tuple[NameMatch, str]
"""How a record's closest name agrees with the one asked for, and that name as recorded."""
Named = tuple[Record, BestName | None]
"""A record, with its closest name if any agrees."""

_OTHER_NAME_WEIGHT = -6.0
_LEAST_WEIGHT = 0.5
_SAME_DAY_WEIGHT = 14.5
"""One in 23,700: the days of 65 years, within which most people who travel were born."""
_PART_WEIGHT = {"month": 9.6, "year": 6.0}
_CLOSE_WEIGHT = 5.0
_OTHER_DAY_WEIGHTS = {1: -1.0, 2: -3.0}
_OTHER_DATE_WEIGHT = -5.0
"""One birth date in thirty is another on the other record of a person; those of one digit off more often."""
_BIRTH_DETAIL: dict[BirthDateMatch, str] = {
    "equal": "the same date",
    "compatible": "one is less precise and contains the other",
    "close": "day and month swapped, or 1 January standing for an unknown day",
    "different": "another date",
}
_KEY_WEIGHT = {"document": 20.0, "email": 18.0, "phone": 14.0, "username": 8.0}
_WEAKENED = 0.6
"""The share of an identifier's weight that each step down in strength leaves."""


def score_record(question: Question, record: Record, rarity: Rarity) -> float:
    """Return what name and birth date of a record say for (above 0) or against its being the person asked for, in bits.

    It is the sum of an answer's weights, also where it is too little for an answer. Source: Fellegi and Sunter (1969).
    """
    names = max((name_bits(question.readings, name.readings, rarity) for name in record.names), default=0.0)
    _, births = weigh_birth_dates(question, [record])
    return names + sum(item.weight for item in births)


def compare_records(question: Question, records: Sequence[Record]) -> Compared:
    """Return those of the records' names that agree with the one asked for, compared with it."""
    names = dict.fromkeys(name.readings for record in records for name in record.names)
    compared = ((readings, compare(question.readings, readings)) for readings in names)
    return {readings: comparison for readings, comparison in compared if comparison.agreements}


def match_names(compared: Compared, records: Sequence[Record], rarity: Rarity) -> list[Named]:
    """Return each record, in order, with its name that agrees best."""
    matches = {readings: comparison.match(rarity) for readings, comparison in compared.items()}
    named: list[Named] = []
    for record in records:
        best: BestName | None = None
        for name in record.names:
            match = matches.get(name.readings)
            if match is not None and (best is None or match > best[0]):
                best = match, name.given
        named.append((record, best))
    return named


def weigh_names(question: Question, named: Sequence[Named]) -> tuple[NameLevel | None, list[Evidence]]:
    """Return how far the name asked for agrees at best, and why; None when no name agrees or none was asked for."""
    if question.name is None:
        return None, []
    found = [best for _, best in named if best]
    if found:
        match, name = max(found, key=lambda best: best[0])
        # What agrees is not against it, however much else there is.
        weight = max(match.bits, _LEAST_WEIGHT)
        return match.level, [_item("name", question.name, name, match.detail, weight)]
    recorded = next((record.names[0].given for record, _ in named if record.names), None)
    if recorded is None:
        return None, [_missing("name", question.name, "no name is on record")]
    return None, [_item("name", question.name, recorded, "another name", _OTHER_NAME_WEIGHT)]


def weigh_birth_dates(question: Question, records: Sequence[Record]) -> tuple[BirthFact | None, list[Evidence]]:
    """Return what the birth dates on record say at best, and why, conflicts included; None when nothing."""
    given, dates = question.birth_date, {record.birth_date for record in records if record.birth_date}
    if given is None:
        detail = "a birth date is on record; giving it would settle more"
        return None, [_missing("birth_date", None, detail)] if dates else []
    recorded = sorted({parse_birth_date(date) for date in dates})
    if not recorded:
        return None, [_missing("birth_date", str(given), "no birth date is on record")]
    facts = sorted(((_birth_fact(given, date), date) for date in recorded), key=lambda found: (-found[0], found[1]))
    best = facts[0][0]
    shown = facts[:1] if best >= BirthFact.FITTING else []
    shown += [found for found in facts if found[0] < BirthFact.FITTING][:CONFLICTS_SHOWN_MAX]
    return best, [
        _item(
            "birth_date",
            str(given),
            str(date),
            _BIRTH_DETAIL[compare_birth_dates(given, date)],
            _birth_weight(given, date),
        )
        for _, date in shown
    ]


def weigh_keys(
    question: Question, records: Sequence[Record], holders: Mapping[tuple[str, str], int]
) -> tuple[KeyStrength | None, list[Evidence]]:
    """Return the strength of the best identifier that agrees, and what is to be said of each; None when none agrees.

    `holders` counts the people found with an identifier, by type and canonical key.
    """
    held = [key for record in records for key in record.keys]
    strengths: list[KeyStrength] = []
    evidence: list[Evidence] = []
    for asked in question.keys:
        same = [key for key in held if (key.type, key.canonical) == (asked.type, asked.canonical)]
        if same:
            strength, item = _weigh_key(asked, same, holders.get((asked.type, asked.canonical), 1))
            strengths.append(strength)
            evidence.append(item)
        else:
            reason = f"not looked for, as it tells nobody apart: {asked.reason}" if asked.reason else "not on record"
            evidence.append(_missing(asked.type, asked.given, reason))
    return max(strengths, default=None), evidence


def _birth_fact(given: BirthDate, recorded: BirthDate) -> BirthFact:
    match = compare_birth_dates(given, recorded)
    if match == "different":
        is_full = given.day is not None and recorded.day is not None
        return BirthFact.OTHER_DAY if is_full else BirthFact.OTHER
    # 1 January is what registers write for an unknown day, so that two of them agree on no more than the year.
    is_telling = given.day is not None and (given.month, given.day) != (1, 1)
    return BirthFact.SAME_DAY if match == "equal" and is_telling else BirthFact.FITTING


def _birth_weight(given: BirthDate, recorded: BirthDate) -> float:
    match _birth_fact(given, recorded):
        case BirthFact.SAME_DAY:
            return _SAME_DAY_WEIGHT
        case BirthFact.FITTING if compare_birth_dates(given, recorded) == "close":
            return _CLOSE_WEIGHT
        case BirthFact.FITTING:
            return _PART_WEIGHT["month" if _is_month_known(given) and _is_month_known(recorded) else "year"]
        case BirthFact.OTHER_DAY:
            digits = sum(left != right for left, right in zip(str(given), str(recorded), strict=True))
            return _OTHER_DAY_WEIGHTS.get(digits, _OTHER_DATE_WEIGHT)
        case BirthFact.OTHER:
            return _OTHER_DATE_WEIGHT


def _is_month_known(date: BirthDate) -> bool:
    return date.month is not None and (date.month, date.day) != (1, 1)


def _weigh_key(asked: AskedKey, same: Sequence[HeldKey], holder_count: int) -> tuple[KeyStrength, Evidence]:
    """Weigh an identifier that is on record; a user name counts less, as the service is not known to be the same."""
    held = next((key for key in same if key.exact == asked.exact), same[0])
    details = ["the same" if held.exact == asked.exact else "the same by its provider's rules, in another spelling"]
    scopes = sorted({key.scope for key in same if key.scope})
    if scopes:
        details.append(f"{'on' if asked.type == 'username' else 'issued by'} {', '.join(scopes)}")
    if holder_count > HOLDERS_MAX:
        details.append(f"on record for {holder_count} people, so that it says little")
    steps = (held.exact != asked.exact) + (holder_count > HOLDERS_MAX)
    full = KeyStrength.SUPPORTING if asked.type == "username" else KeyStrength.STRONG
    weight = _KEY_WEIGHT[asked.type] * _WEAKENED**steps
    item = _item(asked.type, asked.given, held.exact, "; ".join(details), weight)
    return KeyStrength(max(full - steps, KeyStrength.WEAK)), item


def _item(field: str, given: str, recorded: str, detail: str, weight: float) -> Evidence:
    return Evidence(field, given, recorded, detail, round(weight, 1))


def _missing(field: str, given: str | None, detail: str) -> Evidence:
    return Evidence(field, given, None, detail, 0.0)
