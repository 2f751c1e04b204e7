"""Going through people: neighbours one after another, or a list of people without a reason."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, crowded, flag, part_requests

ALIKE_WITHIN = timedelta(minutes=30)
ALIKE_PERSONS_MIN = 8
"""Who share a word of their name, or a number but for its last digits. A family is smaller, and the commonest word of
a name is in one of fifty: that eight of an officer's look-ups in half an hour share it by chance does not happen."""
LIST_WITHIN = timedelta(hours=1)
LIST_PERSONS_MIN = {"hsi.agent": 16, "ceiu.analyst": 18, "ceiu.supervisor": 18}
LIST_PERSONS_OTHERS_MIN = 30
"""Looked up one by one, with nothing on record that explains it."""
BATCH_PERSONS_MIN = 30
"""In the lists of one shift that nothing explains: cut in two, a list is still one."""
BATCH_TRAVELLERS_MIN = 50
"""The same, of lists that are said to be travellers of a flight: CBP takes the part of an unlisted flight that it wants
to know more of, and submits a whole one as a passenger list."""

ALIKE = "people who share a name, or numbers that count up, were looked up one after another"
LISTED = "many people in a row were looked up of whom nothing on record explains it"


def see_enumeration(day: Day) -> list[Flag]:
    """Flag a day on which people were gone through; for each way of doing so."""
    one_by_one, lists = part_requests(day.asked)
    listed = [*_lists(day, lists), *_listed(day, one_by_one)]
    return [
        *flag("enumeration", day, ALIKE, _alike(day, one_by_one), since=SHIFT),
        *flag("enumeration", day, LISTED, listed, since=SHIFT),
    ]


def _alike(day: Day, one_by_one: Sequence[Asked]) -> Iterator[UUID]:
    by_key: dict[bytes, list[Asked]] = defaultdict(list)
    for each in one_by_one:
        for key in each.likeness:
            by_key[key].append(each)
    for alike in by_key.values():
        yield from crowded(day, alike, at_least=ALIKE_PERSONS_MIN, of=_person, within=ALIKE_WITHIN)


def _listed(day: Day, one_by_one: Sequence[Asked]) -> Iterator[UUID]:
    unexplained = [each for each in one_by_one if each.is_unexplained]
    persons_min = LIST_PERSONS_MIN.get(day.role, LIST_PERSONS_OTHERS_MIN)
    yield from crowded(day, unexplained, at_least=persons_min, of=_person, within=LIST_WITHIN)


def _lists(day: Day, lists: Sequence[Asked]) -> Iterator[UUID]:
    unexplained = [each for each in lists if each.is_unexplained]
    travellers = [each for each in unexplained if each.is_for_traveller and each.names_reason]
    others = [each for each in unexplained if not (each.is_for_traveller and each.names_reason)]
    yield from crowded(day, others, at_least=BATCH_PERSONS_MIN, of=_person)
    yield from crowded(day, travellers, at_least=BATCH_TRAVELLERS_MIN, of=_person)


def _person(asked: Asked) -> bytes:
    return asked.person
