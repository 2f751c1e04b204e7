"""Birth dates as sources know them: a year, a month, or a day."""

import calendar
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from typing import Literal

YEAR_MIN = 1900
YEAR_MAX = 2100
DATES_KEPT = 10_000
"""The same dates are read again and again."""

BirthDateMatch = Literal["equal", "compatible", "close", "different"]


@total_ordering
@dataclass(frozen=True, slots=True)
class BirthDate:
    """A date to the precision known: `month` and `day` may be None, `day` only is None when the month is known.

    Sorted by time; a less precise date comes before the more precise ones it contains.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __lt__(self, other: "BirthDate") -> bool:
        return self._sort_key() < other._sort_key()

    def __str__(self) -> str:
        parts = (f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None))
        return "-".join(parts)

    def _sort_key(self) -> tuple[int, int, int]:
        return self.year, self.month or 0, self.day or 0


@lru_cache(maxsize=DATES_KEPT)
def parse_birth_date(text: str) -> BirthDate:
    """Read `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, in ASCII digits and nothing around them.

    Raises:
        ValueError: another form, a year outside 1900-2100, or a day the calendar does not have; the message is a
            sentence that may be shown to the sender and does not repeat the value.
    """
    parts = text.split("-", maxsplit=3)
    if [len(part) for part in parts] not in ([4], [4, 2], [4, 2, 2]) or not _is_digits(parts):
        raise ValueError("a birth date is written YYYY, YYYY-MM or YYYY-MM-DD")
    year = int(parts[0])
    month = int(parts[1]) if len(parts) > 1 else None
    day = int(parts[2]) if len(parts) > 2 else None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise ValueError(f"the year of a birth date lies between {YEAR_MIN} and {YEAR_MAX}")
    if month is not None and not 1 <= month <= 12:
        raise ValueError("the month of a birth date lies between 01 and 12")
    if month is not None and day is not None and not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise ValueError("the birth date names a day that its month does not have")
    return BirthDate(year, month, day)


def compare_birth_dates(left: BirthDate, right: BirthDate) -> BirthDateMatch:
    """Return how two birth dates agree; the order of the two does not matter.

    equal: the same date to the same precision (two equal years are little evidence: look at `day`).
    compatible: one is less precise and contains the other.
    close: an entry slip or a filler explains the difference: day and month swapped, or 1 January, which stands for
        "year only known" in many registers, against another day of that year.
    different: anything else.
    """
    if left == right:
        return "equal"
    if left.year != right.year:
        return "different"
    if _is_unknown_or_equal(left.month, right.month) and _is_unknown_or_equal(left.day, right.day):
        return "compatible"
    is_swapped = (left.month, left.day) == (right.day, right.month)
    is_filler = (1, 1) in ((left.month, left.day), (right.month, right.day))
    return "close" if is_swapped or is_filler else "different"


def _is_digits(parts: list[str]) -> bool:
    return all(part.isascii() and part.isdecimal() for part in parts)


def _is_unknown_or_equal(left: int | None, right: int | None) -> bool:
    return left is None or right is None or left == right
