"""From evidence to a grade, one person at a time; then the people found, best first.

An officer acts on the grade within seconds, so the rules are few, and each is one line of `_grade`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.query.domain.evidence import (
    BirthFact,
    Compared,
    Evidence,
    KeyStrength,
    Named,
    Record,
    compare_records,
    match_names,
    weigh_birth_dates,
    weigh_keys,
    weigh_names,
)
from services.query.domain.names import NameLevel
from services.query.domain.question import Question
from services.query.domain.rarity import UNKNOWN, Rarity


class Grade(StrEnum):
    """How sure it is that the person asked for is the person recorded, surest first."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    NAME_ONLY = "name_only"
    CONTRADICTED = "contradicted"


_RANK = {grade: place for place, grade in enumerate(Grade)}


@dataclass(frozen=True, slots=True)
class Match:
    """One person found. `score` sums the weights; `tip_ids` are the tips the match rests on, oldest first.

    `record_id` is the oldest of the records it rests on.
    """

    person_id: UUID
    record_id: UUID
    grade: Grade
    score: float
    speaking_for: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    missing: tuple[Evidence, ...]
    tip_ids: tuple[UUID, ...]


def find_matches(
    question: Question, records: Sequence[Record], rarity: Rarity = UNKNOWN, *, compared: Compared | None = None
) -> list[Match]:
    """Return the people among the records who answer the question, best first; the order is the same every time.

    `compared` is what `compare_records` says of them, where that is known already.
    """
    people: defaultdict[UUID, list[Named]] = defaultdict(list)
    holders: defaultdict[tuple[str, str], set[UUID]] = defaultdict(set)
    compared = compare_records(question, records) if compared is None else compared
    for named in match_names(compared, sorted(records, key=lambda record: record.record_id), rarity):
        record, _ = named
        people[record.person_id].append(named)
        for key in record.keys:
            holders[key.type, key.canonical].add(record.person_id)
    counts = {key: len(people_of_key) for key, people_of_key in holders.items()}
    bases = [_basis(theirs) for theirs in people.values()]
    matches = [match for basis in bases if basis and (match := _match(question, basis, counts))]
    return sorted(matches, key=lambda match: (_RANK[match.grade], -match.score, match.record_id))


def _match(question: Question, named: Sequence[Named], holders: Mapping[tuple[str, str], int]) -> Match | None:
    basis = [record for record, _ in named]
    level, name_evidence = weigh_names(question, named)
    birth, birth_evidence = weigh_birth_dates(question, basis)
    strength, key_evidence = weigh_keys(question, basis, holders)
    grade = _grade(level, birth, strength, is_other_name=any(item.weight < 0 for item in name_evidence))
    if grade is None:
        return None
    evidence = [*name_evidence, *birth_evidence, *key_evidence]
    return Match(
        person_id=basis[0].person_id,
        record_id=basis[0].record_id,
        grade=grade,
        score=round(sum([item.weight for item in evidence]), 1),
        speaking_for=tuple([item for item in evidence if item.weight > 0]),
        against=tuple([item for item in evidence if item.weight < 0]),
        missing=tuple([item for item in evidence if item.weight == 0]),
        tip_ids=tuple(sorted({record.tip_id for record in basis})),
    )


def _basis(named: Sequence[Named]) -> list[Named]:
    """Return the records that answer by themselves; a name that agrees in part counts when there is nothing better.

    A cluster may hold several people of one case. Whoever shares neither the name nor an identifier asked for says
    nothing of the person asked for.
    """
    matching = [(record, best) for record, best in named if record.keys or best]
    better = [each for each in matching if each[0].keys or (each[1] and each[1][0].level > NameLevel.PARTIAL)]
    return better or matching


def _grade(
    name: NameLevel | None, birth: BirthFact | None, key: KeyStrength | None, *, is_other_name: bool
) -> Grade | None:
    """Return the grade, or None when it is no match at all."""
    is_other_day, is_same_day = birth is BirthFact.OTHER_DAY, birth is BirthFact.SAME_DAY
    is_strong_name = name is NameLevel.STRONG
    if key is KeyStrength.STRONG:
        # Families share addresses and telephones: one that comes with another name and another birth date is theirs.
        return Grade.PROBABLE if is_other_name and is_other_day else Grade.CONFIRMED
    if key is KeyStrength.SUPPORTING:
        if is_other_day:
            return Grade.PROBABLE if is_strong_name else Grade.CONTRADICTED
        return Grade.CONFIRMED if is_strong_name or (name and is_same_day) else Grade.PROBABLE
    if name is None or name is NameLevel.PARTIAL:
        if is_same_day and name:
            return Grade.PROBABLE
        return Grade.NAME_ONLY if key else None
    if is_other_day:
        return Grade.CONTRADICTED
    if is_same_day:
        return Grade.CONFIRMED if is_strong_name else Grade.PROBABLE
    return Grade.PROBABLE if is_strong_name and birth is BirthFact.FITTING else Grade.NAME_ONLY
