"""What a sensor is given, and what it says."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol, TypeVar
from uuid import UUID

DAY = timedelta(days=1)
SHIFT = timedelta(hours=12)
"""The longest shift that there is: eight hours, and staying late. What is too much for a day's work is too much within
any such stretch of time; so midnight, which is an evening in America, cuts nothing in two."""
SMALL_REQUEST_LOOKUPS = 4
"""A request that asks for more people at once is a list, not one look-up after another."""


@dataclass(frozen=True, slots=True)
class Own:
    """A reason that rests on nobody's word but that of whoever asked; of a passenger list, how many are on it."""

    kind: str
    id: str
    people: int | None


@dataclass(frozen=True, slots=True)
class Lent:
    """A passenger list that explains a look-up and that somebody else submitted, and how many are on it."""

    id: str
    people: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up that somebody made by hand; those that a passenger list's screening made are none.

    `told_at` is when what explains it was last news to the person (their own research on it is none), None when nothing
    explains it but a tip of their own. `own` are its reasons when all of them are the person's own, `lent` the lists of
    others among its reasons. `visits` are the person's look-ups by this actor in the last 30 days, this one included,
    that were made after `told_at`; without that those that nothing explains either.
    """

    event_id: UUID
    occurred_at: datetime
    request_id: UUID
    names_reason: bool
    """Whether its reference looks like a flight or a case."""
    is_for_traveller: bool
    """Its purpose is to target a traveller."""
    is_for_redress: bool
    """Its purpose is to answer a request for redress, of which the log does not know."""
    is_self: bool
    person: bytes
    """Whom it asks for, as a key."""
    likeness: frozenset[bytes]
    told_at: datetime | None
    own: tuple[Own, ...]
    visits: tuple[tuple[UUID, datetime], ...]
    lent: tuple[Lent, ...] = ()

    @property
    def is_explained(self) -> bool:
        """Whether anything on record explains it; a tip of one's own does not."""
        return self.told_at is not None

    @property
    def is_unexplained(self) -> bool:
        """Whether nothing on record explains it, not even what the person said themselves."""
        return self.told_at is None and not self.own


@dataclass(frozen=True, slots=True)
class Viewed:
    """A person was shown so many records at once."""

    event_id: UUID
    occurred_at: datetime
    record_count: int


@dataclass(frozen=True, slots=True)
class Day:
    """A person's day, in UTC: what they did, in order of time, and when they worked before.

    `start` is midnight. `asked` and `viewed` begin a shift earlier, for what goes on over midnight. `past_hours` are
    the hours (their starts) of the four weeks before in which the person did anything at all.
    """

    actor_id: str
    role: str
    start: datetime
    asked: tuple[Asked, ...] = ()
    viewed: tuple[Viewed, ...] = ()
    past_hours: tuple[datetime, ...] = ()

    @property
    def end(self) -> datetime:
        """The next midnight."""
        return self.start + DAY

    @property
    def asked_today(self) -> list[Asked]:
        """What was asked since midnight."""
        return [each for each in self.asked if each.occurred_at >= self.start]


@dataclass(frozen=True, slots=True)
class Flag:
    """What a sensor says: its reason, and the events that it rests on.

    There is one for each sensor, actor, `start` and reason; a reason has no numbers that grow with the day.
    """

    sensor: str
    actor_id: str
    start: datetime
    end: datetime
    reason: str
    event_ids: tuple[UUID, ...]


def part_requests(asked: Sequence[Asked]) -> tuple[list[Asked], list[Asked]]:
    """Return the look-ups of small requests and those of lists, each in order of time."""
    ordered = sorted(asked, key=lambda each: each.request_id)
    requests = [list(request) for _, request in groupby(ordered, key=lambda each: each.request_id)]
    small = [each for request in requests if len(request) <= SMALL_REQUEST_LOOKUPS for each in request]
    large = [each for request in requests if len(request) > SMALL_REQUEST_LOOKUPS for each in request]
    return sorted(small, key=_when), sorted(large, key=_when)


class Seen(Protocol):
    """Something that a person did at a time."""

    @property
    def event_id(self) -> UUID:
        """The event that tells of it."""

    @property
    def occurred_at(self) -> datetime:
        """When it was."""


SeenT = TypeVar("SeenT", bound=Seen)


def crowded(
    day: Day,
    seen: Sequence[SeenT],
    *,
    at_least: float,
    of: Callable[[SeenT], Hashable],
    weight: Callable[[SeenT], int] = lambda _: 1,
    within: timedelta = SHIFT,
    heavy_alone: bool = False,
) -> Iterator[UUID]:
    """Yield the events of every stretch of time that ends on this day and holds too much, each once, in order of time.

    Things alike in `of` count once. `seen` is in order of time. With `heavy_alone` those that weigh less than the mean
    of their stretch are left out: they were there, and do not make it too much.
    """
    held: Counter[Hashable] = Counter()
    total = first = told = 0
    for last, each in enumerate(seen):
        held[of(each)] += 1
        total += weight(each) if held[of(each)] == 1 else 0
        while each.occurred_at - seen[first].occurred_at > within:
            held[of(seen[first])] -= 1
            total -= weight(seen[first]) if not held[of(seen[first])] else 0
            first += 1
        if total >= at_least and each.occurred_at >= day.start:
            least = total / (last + 1 - first) if heavy_alone else 0
            yield from (member.event_id for member in seen[max(first, told) : last + 1] if weight(member) >= least)
            told = last + 1


def flag(sensor: str, day: Day, reason: str, evidence: Iterable[UUID], *, since: timedelta = timedelta()) -> list[Flag]:
    """Return the flag of a day, whose window begins `since` before it; none without evidence."""
    event_ids = tuple(dict.fromkeys(evidence))
    return [Flag(sensor, day.actor_id, day.start - since, day.end, reason, event_ids)] if event_ids else []


def _when(asked: Asked) -> datetime:
    return asked.occurred_at
