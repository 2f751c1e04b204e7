"""Look-ups without a flight or case."""

from collections.abc import Sequence

from services.audit.domain.sensors.day import Asked, Day, Flag, flag

NAMELESS_REQUESTS_MIN = 4
"""References that name nothing. Honest people write one such now and then, hardly three on a day."""
UNEXPLAINED_REQUESTS_MIN = {"hsi.agent": 24, "ceiu.analyst": 32, "ceiu.supervisor": 32}
UNEXPLAINED_REQUESTS_OTHERS_MIN = 65
"""References that look like a flight or a case, of which nothing is on record. CBP looks up passengers of flights whose
list was not submitted; the CEIU answers redress requests."""

NAMELESS = "the references of look-ups name neither a flight nor a case"
UNEXPLAINED = "more look-ups than this role's work takes name a flight or case of which nothing is on record"


def see_no_reason(day: Day) -> list[Flag]:
    """Flag a day on which too many requests to look somebody up have no reason; for each way of having none."""
    unexplained = [asked for asked in day.asked if not asked.is_explained]
    nameless = [asked for asked in unexplained if not asked.names_reason]
    flags = []
    if _requests(nameless) >= NAMELESS_REQUESTS_MIN:
        flags += flag("no_reason", day, NAMELESS, (asked.event_id for asked in nameless))
    if _requests(unexplained) >= UNEXPLAINED_REQUESTS_MIN.get(day.role, UNEXPLAINED_REQUESTS_OTHERS_MIN):
        flags += flag("no_reason", day, UNEXPLAINED, (asked.event_id for asked in unexplained))
    return flags


def _requests(asked: Sequence[Asked]) -> int:
    return len({each.request_id for each in asked})
