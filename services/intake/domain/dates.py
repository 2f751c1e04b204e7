"""Times that say where they are meant, and birth dates that may be partial."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

YEAR_MIN = 1900
YEAR_MAX = 2199
"""A time outside is a slip of a keyboard or a clock; inside, it fits every calendar it will meet."""
BIRTH_DATE_PATTERN = r"^\d{4}(-\d{2}(-\d{2})?)?$"

_DASHED = re.compile(r"\d{4}-")


def read_time(text: object, parse: Callable[[object], datetime]) -> datetime:
    """Return the time in UTC; `parse` reads ISO 8601 and demands an offset.

    Raises:
        ValueError: it is no text of that form, has no offset, or lies outside the years 1900 to 2199.
    """
    # The parser would take a number of seconds in quotes, which says neither date nor offset.
    if not isinstance(text, str) or not _DASHED.match(text):
        raise ValueError("must be a time as in RFC 3339, with an offset")
    try:
        time = parse(text).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"must lie in the years {YEAR_MIN} to {YEAR_MAX}") from None
    if not YEAR_MIN <= time.year <= YEAR_MAX:
        raise ValueError(f"must lie in the years {YEAR_MIN} to {YEAR_MAX}")
    return time


def read_date(text: object, parse: Callable[[object], date]) -> date:
    """Return the date that a text `YYYY-MM-DD` names; raises ValueError otherwise."""
    if not isinstance(text, str) or not _DASHED.match(text):
        raise ValueError("must be a date, YYYY-MM-DD")
    return parse(text)


def check_birth_date(text: str) -> str:
    """Return the text when it is a real year, month or day: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

    Raises:
        ValueError: there is no such month or day, or the year is 0.
    """
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        raise ValueError("must be a real date: YYYY, YYYY-MM or YYYY-MM-DD") from None
    return text
