"""One person again and again without a new event."""

from datetime import timedelta

from services.audit.domain.sensors.day import Day, Flag, flag

WITHIN = timedelta(days=30)
VISITS_DAYS_MIN = 5
"""Days on which one person was looked up since anything new was heard of them. Whoever works on a case looks again
after a week or two, or on the next days while it is hot."""

REASON = "one person was looked up on many days while nothing new was heard of them"


def see_repeated(day: Day) -> list[Flag]:
    """Flag a day on which somebody is looked up yet again. Its window begins 29 days before."""
    visits = [
        visit
        for asked in day.asked
        if len({at.date() for _, at in asked.visits}) >= VISITS_DAYS_MIN
        for visit in sorted(asked.visits, key=lambda visit: visit[1])
    ]
    return flag("repeated", day, REASON, (event_id for event_id, _ in visits), since=WITHIN - timedelta(days=1))
