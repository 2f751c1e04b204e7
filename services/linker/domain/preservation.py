"""Until when a tip's evidence can still be had: the time its source gives it, and what stops that clock.

A letter or a summons is a fact with its own times, so that the end is a function of what is known, never of the
present day, and no order of arrival changes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from types import MappingProxyType

from services.linker.domain.facts import Order

PRESERVATION_YEAR_FROM = datetime(2024, 5, 7, tzinfo=UTC)
"""Pub. L. 118-59: a provider keeps what it reported for one year; before that day it was 90 days."""
PRESERVATION_BEFORE = timedelta(days=90)
RETENTION_DAYS: Mapping[str, int] = MappingProxyType({"tipline": 90, "foreign_police": 90, "interpol": 90})
"""Sources whose evidence nobody is bound to keep for a year, and how many days it is assumed to last.

The year is that of a provider who reported to the CyberTipline (18 USC 2258A(h)). Behind a call to the tip line or a
report from abroad there is no such provider, only what its logs still have: 90 days is the order of what they keep, and
a clock that runs out too early costs a look, one that runs out too late the evidence. Police and our own offices often
pass on what began as a CyberTip, which their tips do not tell: they have the year. Leads take up other numbers when
they are linked anew: raise the version of `rules.RULES` with them.
"""
LETTER_HOLDS = timedelta(days=90)
"""18 USC 2703(f): what a preservation letter names is kept for 90 days from its service; another letter renews it.

A summons or subpoena that names no day by which to answer is given as long.
"""

FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """When a tip's evidence expires; `preserved_until`, when the last order that counts ends, None without one."""

    expires_at: datetime
    preserved_until: datetime | None = None


def clock_of(source: str, reported_at: datetime, orders: Iterable[Order] = ()) -> Clock:
    """Return the clock of a tip: it stands still while an order holds, as long as it had not run out by then.

    Time that several orders hold counts once, and time before the report does not. An order holds from its service
    until it was returned; if it was not, a letter for 90 days and a summons or subpoena until it was due. The clock
    never runs out earlier than without orders, and their order does not matter.
    """
    expires_at = expiry_of(source, reported_at)
    held_until = None
    for starts_at, ends_at in sorted(_held(order) for order in orders):
        if starts_at > expires_at:
            break
        counted_from = max(starts_at, reported_at, held_until or starts_at)
        if counted_from < ends_at:
            expires_at = _later(expires_at, ends_at - counted_from)
            held_until = ends_at
    return Clock(expires_at, held_until)


def expiry_of(source: str, reported_at: datetime) -> datetime:
    """Return until when what a source reported is kept unless an order holds it, in UTC.

    A year from 29 February ends on 28 February. A report before 7 May 2024 (UTC) has 90 days at most.
    """
    if reported_at.year in (MINYEAR, MAXYEAR):
        # No calendar has the day after; what claims such a date is not a reason to stop.
        return FOR_EVER
    reported_at = reported_at.astimezone(UTC)
    if source in RETENTION_DAYS:
        return _later(reported_at, timedelta(days=RETENTION_DAYS[source]))
    if reported_at < PRESERVATION_YEAR_FROM:
        return reported_at + PRESERVATION_BEFORE
    is_leap_day = (reported_at.month, reported_at.day) == (2, 29)
    return reported_at.replace(year=reported_at.year + 1, day=28 if is_leap_day else reported_at.day)


def _held(order: Order) -> tuple[datetime, datetime]:
    """Return from when until when an order holds; it may end before it starts, and then holds nothing."""
    if order.returned_at is not None:
        return order.served_at, order.returned_at
    if order.kind != "preservation_letter" and order.due_at is not None:
        return order.served_at, order.due_at
    return order.served_at, _later(order.served_at, LETTER_HOLDS)


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment + by if by < FOR_EVER - moment else FOR_EVER
