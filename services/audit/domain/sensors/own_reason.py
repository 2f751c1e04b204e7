"""Reasons that somebody made for themselves, or had somebody make for them."""

from collections import defaultdict
from uuid import UUID

from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, Lent, Own, crowded, flag, part_requests

LIST_PERSONS_MIN = 6
LIST_SHARE_MIN = 0.6
"""So much of a passenger list looked up again by hand, by whoever submitted it, or by one other person, for whom it may
have been: the list's screening had answered for all. Officers look at some of a flight."""
CASE_PERSONS_MIN = 12
"""Looked up under a tip that nobody else has seen: its subject and whom they know are fewer."""

LISTED = "most of a passenger list was looked up once more, person by person, by whoever submitted it"
LENT = "most of a passenger list that somebody else had submitted was looked up once more, person by person"
TIPPED = "many people were looked up because of a tip of whoever asked, which nobody else has reviewed"


def see_own_reason(day: Day) -> list[Flag]:
    """Flag a day on which a person's look-ups rest on what they said themselves; for each way of doing so."""
    by_own: dict[Own, list[Asked]] = defaultdict(list)
    one_by_one, _ = part_requests(day.asked)
    for asked in one_by_one:
        for own in asked.own:
            by_own[own].append(asked)
    by_lent: dict[Lent, list[Asked]] = defaultdict(list)
    for asked in one_by_one:
        for lent in asked.lent:
            by_lent[lent].append(asked)
    listed: list[UUID] = []
    tipped: list[UUID] = []
    for own, asked_for in by_own.items():
        if own.people is None:
            tipped += crowded(day, asked_for, at_least=CASE_PERSONS_MIN, of=_person)
        else:
            listed += crowded(day, asked_for, at_least=_most_of(own.people), of=_person)
    borrowed = [
        event_id
        for lent, asked_for in by_lent.items()
        for event_id in crowded(day, asked_for, at_least=_most_of(lent.people), of=_person)
    ]
    return [
        *flag("own_reason", day, LISTED, listed, since=SHIFT),
        *flag("own_reason", day, LENT, borrowed, since=SHIFT),
        *flag("own_reason", day, TIPPED, tipped, since=SHIFT),
    ]


def _most_of(people: int) -> float:
    return max(LIST_PERSONS_MIN, LIST_SHARE_MIN * people)


def _person(asked: Asked) -> bytes:
    return asked.person
