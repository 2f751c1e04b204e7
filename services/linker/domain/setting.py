"""Where, on which platform and when something is said to have happened: circumstances, which are nobody's.

They never link. Beside something that does they speak for one person or against it, as much as was learned of two tips
that share a value of its kind: whoever share a phone number live in one country, one person or not; of two who came to
the same handle that says a lot.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from services.linker.domain.facts import TipContent
from shared.identifiers.account import normalise_service
from shared.identifiers.country import find_country
from shared.identifiers.text import fold, is_placeholder, tidy

ATTRIBUTES = ("country", "city", "platform")
GAPS_DAYS = (3, 14, 45, 120, 250)
"""The classes of the time between two reports: so many days or fewer, and more than the last."""
GAP_CLASSES = len(GAPS_DAYS) + 1
NO_PLATFORMS = frozenset({"app", "internet", "multiple", "online", "other", "web", "website"})
"""What sources write, folded, where they name no platform."""
VALUES_MAX, DAYS_MAX = 8, 64
"""Of more values the first are kept, and of more days every other one."""

Told = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What some tips together say of it: the values of each attribute, folded and sorted, and the days of the reports.

    `days`, those of the reports in UTC, are ordinals in order.
    """

    told: tuple[Told, ...] = ((),) * len(ATTRIBUTES)
    days: tuple[int, ...] = ()


NOWHERE = Setting()


def setting_of(content: TipContent) -> Setting:
    """Return the setting of one tip."""
    city, platform = fold(tidy(content.place.city or "")), normalise_service(content.platform or "")
    told = (
        fold(find_country(content.place.country) or ""),
        "" if is_placeholder(city) else city,
        "" if platform in NO_PLATFORMS else platform,
    )
    return Setting(tuple((word,) if word else () for word in told), (content.reported_at.astimezone(UTC).toordinal(),))


def merge_settings(left: Setting, right: Setting) -> Setting:
    """Return what the tips of both say together."""
    days = sorted({*left.days, *right.days})
    while len(days) > DAYS_MAX:
        days = days[::2]
    return Setting(
        tuple(
            mine if mine == theirs else tuple(sorted({*mine, *theirs})[:VALUES_MAX])
            for mine, theirs in zip(left.told, right.told, strict=True)
        ),
        tuple(days),
    )


def compare_told(left: Setting, right: Setting) -> tuple[bool | None, ...]:
    """Return of each attribute whether the two have a value in common; None where one tells none."""
    return tuple(
        [
            not set(mine).isdisjoint(theirs) if mine and theirs else None
            for mine, theirs in zip(left.told, right.told, strict=True)
        ]
    )


def gap_class(left: int, right: int) -> int:
    """Return the class of the time between two days."""
    return bisect_left(GAPS_DAYS, abs(left - right))


def mean_ratio(left: Sequence[int], right: Sequence[int], ratios: Sequence[float]) -> float:
    """Return the mean, over all pairs of days, of a ratio by the days between the two (`by_days`).

    A person's reports come around times of theirs, and another came with any one of those: it is as likely as the mean.
    """
    last = len(ratios) - 1
    found = [ratios[min(last, abs(one - other))] for one in left for other in right]
    return sum(found) / len(found)


def by_days(ratios: Sequence[float]) -> Sequence[float]:
    """Return what holds of each class of time, by the days in it; the last entry is that of all longer times."""
    return [ratios[gap_class(0, days)] for days in range(GAPS_DAYS[-1] + 2)]
