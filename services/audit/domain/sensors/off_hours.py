"""A peak at hours in which this person never works."""

from datetime import timedelta

from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, crowded, flag

PAST = timedelta(days=28)
KNOWN_FOR = timedelta(days=14)
DAYS_MIN = 8
"""On fewer days nobody has a habit yet."""
SHARE_MAX = 0.1
"""An hour is usual when the person worked in it, or in the hour before or after, on more than a tenth of their days."""
REQUESTS_MIN = 7
"""Whoever stays longer to finish something looks up fewer."""
REQUESTS_IN_SHIFTS_MIN = 25
"""Of officers whose shifts may move: the first night of another is full of travellers, not all of listed flights."""
IN_SHIFTS = frozenset({"cbp.att", "cbp.supervisor"})
NEW_FOR = timedelta(hours=24)
"""Who is called in at night is called in because of something: that was heard of in the last day."""

REASON = "a peak of look-ups at hours in which this person does not work, about nothing that is new"


def see_off_hours(day: Day) -> list[Flag]:
    """Flag a day with a peak outside the person's own hours; nobody has any before two weeks of work."""
    usual = usual_hours(day)
    if usual is None:
        return []
    odd = [asked for asked in day.asked if asked.occurred_at.hour not in usual and not _is_about_news(asked)]
    requests_min = REQUESTS_IN_SHIFTS_MIN if day.role in IN_SHIFTS else REQUESTS_MIN
    peak = crowded(day, odd, at_least=requests_min, of=lambda asked: asked.request_id)
    return flag("off_hours", day, REASON, peak, since=SHIFT)


def usual_hours(day: Day) -> frozenset[int] | None:
    """Return the hours of the day (UTC, 0 to 23) in which the person works; None while too little is known."""
    dates = {hour.date() for hour in day.past_hours}
    if len(dates) < DAYS_MIN or day.start - min(day.past_hours) < KNOWN_FOR:
        return None
    return frozenset(hour for hour in range(24) if _days(day, hour) > SHARE_MAX * len(dates))


def _days(day: Day, hour: int) -> int:
    near = {(hour + step) % 24 for step in (-1, 0, 1)}
    return len({past.date() for past in day.past_hours if past.hour in near})


def _is_about_news(asked: Asked) -> bool:
    return asked.told_at is not None and asked.occurred_at - asked.told_at <= NEW_FOR
