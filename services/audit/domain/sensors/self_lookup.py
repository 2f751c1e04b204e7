"""Whoever asks is asked for."""

from services.audit.domain.sensors.day import Day, Flag, flag

REASON = "a person looked up their own name or identifiers"


def see_self_lookup(day: Day) -> list[Flag]:
    """Flag a day on which a person looked themselves up; one time is enough."""
    return flag("self_lookup", day, REASON, (asked.event_id for asked in day.asked_today if asked.is_self))
