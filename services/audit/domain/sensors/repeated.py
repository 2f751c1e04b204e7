"""One person again and again without a new event."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, flag

WITHIN = timedelta(days=30)
VISITS_DAYS_MIN = 5
"""Days on which one person was looked up since anything new was heard of them, when nothing on record explains it, or
only what whoever asks has said themselves. An evening that goes on over midnight is one day."""
VISITS_DAYS_EXPLAINED_MIN = 8
"""The same, when something does: whoever works on a case looks again for weeks to see whether there is news."""

REASON = "one person was looked up on many days while nothing new was heard of them"


def see_repeated(day: Day) -> list[Flag]:
    """Flag a day on which somebody is looked up yet again. Its window begins 29 days before."""
    visits = sorted({visit for asked in day.asked_today if _is_too_often(asked) for visit in asked.visits}, key=_when)
    return flag("repeated", day, REASON, (event_id for event_id, _ in visits), since=WITHIN - timedelta(days=1))


def _is_too_often(asked: Asked) -> bool:
    return _days(at for _, at in asked.visits) >= (VISITS_DAYS_EXPLAINED_MIN if asked.is_explained else VISITS_DAYS_MIN)


def _days(times: Iterable[datetime]) -> int:
    days, since = 0, None
    for at in sorted(times):
        if since is None or at - since > SHIFT:
            days, since = days + 1, at
    return days


def _when(visit: tuple[UUID, datetime]) -> datetime:
    return visit[1]
