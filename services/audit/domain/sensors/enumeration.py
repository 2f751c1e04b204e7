"""Going through people: neighbours one after another, or a list of people without a reason."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from services.audit.domain.sensors.day import SMALL_REQUEST_LOOKUPS, Asked, Day, Flag, flag

ALIKE_WITHIN = timedelta(minutes=30)
ALIKE_PERSONS_MIN = 8
"""Who share a word of their name, or a number but for its last digits. A family is smaller, and the commonest word of
a name is in one of fifty: that eight of an officer's look-ups in half an hour share it by chance does not happen."""
LIST_WITHIN = timedelta(hours=1)
LIST_PERSONS_MIN = {"hsi.agent": 16, "ceiu.analyst": 18, "ceiu.supervisor": 18}
LIST_PERSONS_OTHERS_MIN = 30
"""Looked up one by one, with nothing on record that explains it."""
BATCH_PERSONS_MIN = 30
"""In the lists of one day that nothing explains, and that are not about travellers of a flight: cut in two, a list is
still one."""

ALIKE = "people who share a name, or numbers that count up, were looked up one after another"
LISTED = "many people in a row were looked up of whom nothing on record explains it"


def see_enumeration(day: Day) -> list[Flag]:
    """Flag a day on which people were gone through; for each way of doing so."""
    alike, listed = _alike(day.asked), [*_batches(day.asked), *_listed(day)]
    return [*flag("enumeration", day, ALIKE, alike), *flag("enumeration", day, LISTED, listed)]


def _alike(asked: Sequence[Asked]) -> Iterator[UUID]:
    by_key: dict[bytes, list[Asked]] = defaultdict(list)
    for each in _one_by_one(asked):
        for key in each.likeness:
            by_key[key].append(each)
    for alike in by_key.values():
        yield from _crowded(alike, within=ALIKE_WITHIN, persons_min=ALIKE_PERSONS_MIN)


def _listed(day: Day) -> Iterator[UUID]:
    unexplained = [each for each in _one_by_one(day.asked) if not each.is_explained]
    persons_min = LIST_PERSONS_MIN.get(day.role, LIST_PERSONS_OTHERS_MIN)
    yield from _crowded(unexplained, within=LIST_WITHIN, persons_min=persons_min)


def _batches(asked: Sequence[Asked]) -> Iterator[UUID]:
    lists = (request for request in _requests(asked) if len(request) > SMALL_REQUEST_LOOKUPS)
    doubtful = [
        each
        for request in lists
        for each in request
        if not each.is_explained and not (each.is_for_traveller and each.names_reason)
    ]
    if len({each.person for each in doubtful}) >= BATCH_PERSONS_MIN:
        yield from (each.event_id for each in doubtful)


def _crowded(asked: Sequence[Asked], *, within: timedelta, persons_min: int) -> Iterator[UUID]:
    """Yield the look-ups of every stretch of time that holds so many persons; some more than once."""
    first = 0
    for last, each in enumerate(asked):
        while each.occurred_at - asked[first].occurred_at > within:
            first += 1
        stretch = asked[first : last + 1]
        if len(stretch) >= persons_min and len({member.person for member in stretch}) >= persons_min:
            yield from (member.event_id for member in stretch)


def _one_by_one(asked: Sequence[Asked]) -> list[Asked]:
    """Return the look-ups of small requests, in order of time."""
    small = [request for request in _requests(asked) if len(request) <= SMALL_REQUEST_LOOKUPS]
    return sorted((each for request in small for each in request), key=lambda each: each.occurred_at)


def _requests(asked: Sequence[Asked]) -> list[list[Asked]]:
    ordered = sorted(asked, key=lambda each: each.request_id)
    return [list(request) for _, request in groupby(ordered, key=lambda each: each.request_id)]
