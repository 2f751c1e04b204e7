"""Far more records seen than work takes."""

from uuid import UUID

from services.audit.domain.sensors.day import SHIFT, Day, Flag, Viewed, crowded, flag

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
"""Shown in one shift. A busy analyst pages through dozens of lists of fifty, an agent through those of one office."""

REASON = "more records were shown at a stretch than this role's work takes"


def see_bulk_view(day: Day) -> list[Flag]:
    """Flag a day on which somebody was shown too many records, on the pages that showed most of them."""
    records_max = RECORDS_MAX.get(day.role, RECORDS_OTHERS_MAX)
    viewed = crowded(day, day.viewed, at_least=records_max + 1, of=_itself, weight=_record_count, heavy_alone=True)
    return flag("bulk_view", day, REASON, viewed, since=SHIFT)


def _itself(viewed: Viewed) -> UUID:
    return viewed.event_id


def _record_count(viewed: Viewed) -> int:
    return viewed.record_count
