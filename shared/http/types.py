"""Types of fields read strictly, in bodies and in queries alike: times, days, birth dates, texts that say something.

Each takes its text in one form only. A looser parser would also take seconds since 1970, a time without a zone, or a
date with hours, and store something the sender never meant.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.identifiers import parse_birth_date

YEAR_MIN = 1900
YEAR_MAX = 2199
"""A time outside is a slip of a keyboard or a clock; inside, it fits every calendar it will meet."""

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_WHOLE = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AFTER_LEAP_SECONDS = ((1, 1, 0, 0, 0), (7, 1, 0, 0, 0))
"""Month, day, hour, minute and second."""
_FIRST_TO_SEE_A_DAY = timezone(timedelta(hours=14))


def read_time(text: object) -> datetime:
    """Return the time in UTC that an RFC 3339 text names, such as `2026-03-01T10:00:00.5+01:00`.

    A leap second (23:59:60 UTC at the end of a June or December) is the second that follows, as PostgreSQL has it.

    Raises:
        PydanticCustomError: it is not of that form, has no offset, does not exist, or lies outside 1900 to 2199.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text.upper()):
        raise _wrong("must be a time as in RFC 3339, with an offset: 2026-03-01T10:00:00Z")
    text = text.upper()
    is_leap = text[17:19] == "60"
    try:
        time = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if is_leap else text).astimezone(UTC)
        time += timedelta(seconds=is_leap)
    except ValueError:
        raise _wrong("must be a time that exists") from None
    except OverflowError:
        raise _outside() from None
    if is_leap and (time.month, time.day, time.hour, time.minute, time.second) not in _AFTER_LEAP_SECONDS:
        raise _wrong("must be a time that exists")
    if not YEAR_MIN <= time.year <= YEAR_MAX:
        raise _outside()
    return time


def read_day(text: object) -> date:
    """Return the day that a text `YYYY-MM-DD` names.

    Raises:
        PydanticCustomError: it is not of that form, does not exist, or lies outside 1900 to 2199.
    """
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise _wrong("must be a date: YYYY-MM-DD")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _wrong("must be a date that exists") from None
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise _outside()
    return day


def read_birth_date(text: object) -> str:
    """Return a text `YYYY`, `YYYY-MM` or `YYYY-MM-DD` that names a year from 1900 on, and no day still to come.

    Raises:
        PydanticCustomError: it is not of that form, or nobody can be born then.
    """
    if not isinstance(text, str):
        raise _wrong("a birth date is written YYYY, YYYY-MM or YYYY-MM-DD")
    try:
        parse_birth_date(text)
    except ValueError as error:
        raise _wrong(str(error)) from None
    # As texts, partial dates sort before every day they contain; and today is what it is anywhere on Earth.
    if text > datetime.now(_FIRST_TO_SEE_A_DAY).date().isoformat():
        raise _wrong("the birth date lies in the future")
    return text


def read_whole(text: object) -> int:
    """Return the number that a query's parameter writes in digits; in a body, an int is strict already.

    Raises:
        PydanticCustomError: there is anything but ASCII digits, or more of them than a number of the database has.
    """
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise _wrong("must be a whole number, in digits")
    return int(text)


@dataclass(frozen=True, slots=True)
class NotBlank:
    """Of a text: refuses one that shows nothing, be it empty, white space or characters without a glyph.

    Used as `Annotated[str, Field(max_length=200), NotBlank()]`; the text stays as it was given.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Look at the text once everything else that is asked of it holds."""
        return core_schema.no_info_after_validator_function(_require_glyph, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say so as well as a pattern can."""
        return {**handler(schema), "minLength": 1, "pattern": r"\S"}


Time = Annotated[datetime, BeforeValidator(read_time)]
"""A time as in RFC 3339 with an offset; read as UTC."""
Day = Annotated[date, BeforeValidator(read_day)]
"""A date `YYYY-MM-DD`."""
DIGITS = BeforeValidator(read_whole)
"""Of a number in a query: written in digits. Stands behind its limits: `Annotated[int, Query(ge=1), DIGITS]`."""
BirthDate = Annotated[
    str,
    BeforeValidator(read_birth_date),
    WithJsonSchema({"type": "string", "pattern": r"^(19|2[01])[0-9]{2}(-[0-9]{2}(-[0-9]{2})?)?$"}),
]
"""A birth date as it is known: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, from 1900 on and not in the future."""


def _require_glyph(text: str) -> str:
    # Separators (Z), and control, format, private and unassigned characters (C).
    if all(unicodedata.category(char)[0] in "CZ" for char in text):
        raise _wrong("must say something")
    return text


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("strict_type", sentence)


def _outside() -> PydanticCustomError:
    return _wrong(f"must lie in the years {YEAR_MIN} to {YEAR_MAX}")
