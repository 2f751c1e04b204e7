"""What a field of a strict type takes, and what it refuses, in a body and in a query alike."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from shared.errors import Rejected
from shared.http.body import Body, parse_json
from shared.http.types import DIGITS, BirthDate, Day, NotBlank, Time


class Form(Body):
    """A body with one field of each type."""

    at: Time | None = None
    on: Day | None = None
    born: BirthDate | None = None
    reason: Annotated[str, Field(max_length=10), NotBlank()] | None = None


def read(**fields: Any) -> Form:
    return parse_json(json.dumps(fields).encode(), Form)


def is_refused(**fields: Any) -> bool:
    try:
        read(**fields)
    except Rejected as error:
        assert [fault.loc for fault in error.errors] == [(name,) for name in fields]
        return True
    return False


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2198, 12, 31)),  # noqa: DTZ001  # the offset is drawn beside it
    st.timedeltas(timedelta(hours=-14), timedelta(hours=14)),
)
def test_a_time_is_read_as_the_moment_it_names(moment: datetime, offset: timedelta) -> None:
    minutes = round(offset / timedelta(minutes=1))
    text = f"{moment.isoformat()}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    expected = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)
    assert read(at=text).at == expected
    assert TypeAdapter(Time).validate_python(text) == expected
    assert read(at=expected.isoformat().replace("+00:00", "z").replace("T", "t")).at == expected


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2015-06-30t19:59:60.5-04:00", "2015-07-01T00:00:00.500000+00:00"),
    ],
)
def test_a_leap_second_is_the_second_that_follows(text: str, following: str) -> None:
    assert read(at=text).at == datetime.fromisoformat(following)


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60-05:00",
        "2016-12-31T23:58:60Z",
        "2016-03-31T23:59:60Z",
        "9999-12-31T23:59:60Z",
        "2016-12-31T23:59:61Z",
        "",
        "1",
        "1767225600",
        1_767_225_600,
        1.5,
        True,
        "2026-03-01",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00:00Z",
        "2026-03-01T10:00Z",
        "2026-03-01T10Z",
        "20260301T100000Z",
        "2026-03-01T10:00:00+0100",
        "2026-03-01T10:00:00+01",
        "2026-03-01T10:00:00 01:00",
        "2026-W09-7T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T10:00:00+24:00",
        "1899-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "２０２６-03-01T10:00:00Z",
        " 2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00Z\n",
    ],
)
def test_a_time_in_any_other_form_is_refused(text: object) -> None:
    assert is_refused(at=text)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1767225600", 0, "20260301", "2026-03", "2026-3-1", "2026-02-30", "2026-03-01T00:00:00Z", "1899-12-31"],
)
def test_a_day_in_any_other_form_is_refused(text: object) -> None:
    assert is_refused(on=text)
    assert read(on="2026-03-01").on == date(2026, 3, 1)


@pytest.mark.parametrize("text", ["1900", "1980", "1980-02", "1980-02-29", datetime.now(UTC).date().isoformat()])
def test_a_birth_date_is_a_year_a_month_or_a_day(text: str) -> None:
    assert read(born=text).born == text


@pytest.mark.parametrize(
    "text",
    ["", "80", "1899", "9999", "2101", "1980-13", "1980-2", "1981-02-29", "1980-02-03T00:00:00Z", "١٩٨٠", 1980, "soon"]
    + [(datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (2, 40, 400)],
)
def test_a_birth_date_that_nobody_has_is_refused(text: object) -> None:
    assert is_refused(born=text)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0\u2003", "\u200b\ufeff", "\u202e", "x" * 11, None, 7])
def test_a_text_that_says_nothing_is_refused(text: object) -> None:
    assert is_refused(reason=text) or text is None


@pytest.mark.parametrize("text", ["x", "  so  ", "理由", "👍", "?"])
def test_a_text_that_says_something_stays_as_it_is(text: str) -> None:
    assert read(reason=text).reason == text


def test_a_query_is_read_as_strictly_as_a_body() -> None:
    for type_, text in ((Time, "1"), (Day, "1"), (BirthDate, "9999")):
        with pytest.raises(ValidationError):
            TypeAdapter(type_).validate_python(text)


@pytest.mark.parametrize("text", ["", "+5", "-5", "5.0", "1_0", " 5", "5 ", "٥", "0x5", "1e2", "9" * 19, 5, None])
def test_a_number_of_a_query_is_written_in_digits(text: object) -> None:
    number = TypeAdapter(Annotated[int, Field(ge=0, le=500), DIGITS])
    with pytest.raises(ValidationError):
        number.validate_python(text)
    assert number.validate_python("050") == 50
    assert (number.json_schema()["minimum"], number.json_schema()["maximum"]) == (0, 500)


def test_the_schema_tells_what_is_taken() -> None:
    fields = Form.model_json_schema()["properties"]
    told = {name: field["anyOf"][0] for name, field in fields.items()}
    assert (told["at"]["format"], told["on"]["format"]) == ("date-time", "date")
    assert told["born"]["pattern"].startswith("^(19")
    assert told["reason"] == {"type": "string", "minLength": 1, "maxLength": 10, "pattern": r"\S"}
