"""Far more records seen than work takes."""

from services.audit.domain.sensors.day import Day, Flag, flag

RECORDS_MAX = {
    "hsi.agent": 600,
    "cbp.att": 3_000,
    "cbp.supervisor": 3_000,
    "ceiu.analyst": 3_000,
    # To read the log, five hundred entries at a time, is their work.
    "auditor": 100_000,
    "privacy.officer": 100_000,
}
RECORDS_OTHERS_MAX = 6_000
"""Shown on one day. A busy analyst pages through dozens of lists of fifty, an agent through those of one office."""

REASON = "more records were shown on one day than this role's work takes"


def see_bulk_view(day: Day) -> list[Flag]:
    """Flag a day on which somebody was shown too many records."""
    if sum(viewed.record_count for viewed in day.viewed) <= RECORDS_MAX.get(day.role, RECORDS_OTHERS_MAX):
        return []
    return flag("bulk_view", day, REASON, (viewed.event_id for viewed in day.viewed))
