"""What a sensor is given, and what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

DAY = timedelta(days=1)
SMALL_REQUEST_LOOKUPS = 4
"""A request that asks for more people at once is a list, not one look-up after another."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up that somebody made by hand; those that a passenger list's screening made are none.

    `told_at` is when the newest of what explains it was heard, None when nothing does. `visits` are the person's
    look-ups by this actor in the last 30 days, this one included, that were made after `told_at`.
    """

    event_id: UUID
    occurred_at: datetime
    request_id: UUID
    names_reason: bool
    """Whether its reference looks like a flight or a case."""
    is_for_traveller: bool
    """Its purpose is to target a traveller."""
    is_self: bool
    person: bytes
    """Whom it asks for, as a key."""
    likeness: frozenset[bytes]
    told_at: datetime | None
    visits: tuple[tuple[UUID, datetime], ...]

    @property
    def is_explained(self) -> bool:
        """Whether anything on record explains it."""
        return self.told_at is not None


@dataclass(frozen=True, slots=True)
class Viewed:
    """A person was shown so many records at once."""

    event_id: UUID
    occurred_at: datetime
    record_count: int


@dataclass(frozen=True, slots=True)
class Day:
    """A person's day: what they did from `start` (midnight, UTC) on, in order of time, and when they worked before.

    `past_hours` are the hours (their starts) of the four weeks before in which the person did anything at all.
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


def flag(sensor: str, day: Day, reason: str, evidence: Iterable[UUID], *, since: timedelta = timedelta()) -> list[Flag]:
    """Return the flag of a day, whose window begins `since` before it; none without evidence."""
    event_ids = tuple(dict.fromkeys(evidence))
    return [Flag(sensor, day.actor_id, day.start - since, day.end, reason, event_ids)] if event_ids else []
