"""Look-ups without a flight or case."""

from uuid import UUID

from services.audit.domain.sensors.day import SHIFT, Asked, Day, Flag, crowded, flag

NAMELESS_REQUESTS_MIN = 4
"""References that name nothing. Honest people write one such now and then, hardly three on a day."""
UNEXPLAINED_REQUESTS_MIN = {"hsi.agent": 24, "ceiu.analyst": 32, "ceiu.supervisor": 32}
UNEXPLAINED_REQUESTS_OTHERS_MIN = 65
"""References that look like a flight or a case, of which nothing is on record. CBP looks up passengers of flights whose
list was not submitted."""
REDRESS_REQUESTS_MIN = 24
"""Requests for redress do not come through here, so that no look-up for one is explained. They are no abuse as such:
those who answer them reach a dozen or so in a shift."""

NAMELESS = "the references of look-ups name neither a flight nor a case"
UNEXPLAINED = "more look-ups than this role's work takes name a flight or case of which nothing is on record"
REDRESS = "more look-ups than work takes are said to answer requests for redress"


def see_no_reason(day: Day) -> list[Flag]:
    """Flag a day on which too many requests to look somebody up have no reason; for each way of having none."""
    unexplained = [asked for asked in day.asked if asked.is_unexplained]
    ways = {
        NAMELESS: ([asked for asked in unexplained if not asked.names_reason], NAMELESS_REQUESTS_MIN),
        UNEXPLAINED: (
            [asked for asked in unexplained if not asked.is_for_redress],
            UNEXPLAINED_REQUESTS_MIN.get(day.role, UNEXPLAINED_REQUESTS_OTHERS_MIN),
        ),
        REDRESS: ([asked for asked in unexplained if asked.is_for_redress], REDRESS_REQUESTS_MIN),
    }
    return [
        found
        for way, (asked, requests_min) in ways.items()
        for found in flag("no_reason", day, way, crowded(day, asked, at_least=requests_min, of=_request), since=SHIFT)
    ]


def _request(asked: Asked) -> UUID:
    return asked.request_id
