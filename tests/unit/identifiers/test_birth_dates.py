"""Birth dates."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identifiers import BirthDate, compare_birth_dates, parse_birth_date

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@st.composite
def birth_dates(draw: st.DrawFn) -> BirthDate:
    day = draw(DAYS)
    parts = draw(st.integers(1, 3))
    return BirthDate(*(day.year, day.month, day.day)[:parts])


@given(birth_dates())
def test_every_birth_date_reads_back_from_its_text(given_date: BirthDate) -> None:
    assert parse_birth_date(str(given_date)) == given_date


def test_three_precisions_are_read() -> None:
    assert parse_birth_date("1980") == BirthDate(1980)
    assert parse_birth_date("1980-02") == BirthDate(1980, 2)
    assert parse_birth_date("1980-02-29") == BirthDate(1980, 2, 29)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is written"), ("80", "is written"), ("1980-2-3", "is written"), ("1980-02-03T00", "is written"),
        (" 1980", "is written"), ("1980-", "is written"), ("03-02-1980", "is written"), ("19８0", "is written"),
        ("-980", "is written"), ("+980", "is written"), ("1_80", "is written"), ("1980-02-03-04", "is written"),
        ("\ud800980", "is written"), ("1980\x00", "is written"), ("-" * 10_000, "is written"),
        ("1899", "the year"), ("2101-01-01", "the year"), ("0000", "the year"), ("1980-00", "the month"),
        ("1980-13-01", "the month"), ("1981-02-29", "a day"), ("1980-04-31", "a day"), ("1980-01-00", "a day"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_sentence(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        parse_birth_date(text)
    assert not text or text not in str(caught.value)


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_any_text_is_read_or_refused_as_a_plain_value_error(text: str) -> None:
    # UnicodeError is a ValueError too, and its message would repeat the value.
    caught = None
    try:
        parse_birth_date(text)
    except ValueError as error:
        caught = type(error)
    assert caught in (None, ValueError)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1980-02-03", "1980-02-03", "equal"), ("1980", "1980", "equal"),
        ("1980", "1980-02-03", "compatible"), ("1980-02", "1980-02-03", "compatible"),
        ("1980", "1980-02", "compatible"), ("1980", "1980-01-01", "compatible"),
        ("1980-02-03", "1980-03-02", "close"), ("1980-01-01", "1980-07-09", "close"),
        ("1980-02-03", "1980-02-04", "different"), ("1980-02-03", "1981-02-03", "different"),
        ("1980-02-03", "1981-03-02", "different"), ("1980-02", "1980-03", "different"),
        ("1980-02", "1980-03-02", "different"),
        ("1980", "1981-01-01", "different"), ("1980-01-01", "1981-07-09", "different"),
    ],
)  # fmt: skip
def test_comparison(left: str, right: str, expected: str) -> None:
    assert compare_birth_dates(parse_birth_date(left), parse_birth_date(right)) == expected


@given(birth_dates(), birth_dates())
def test_comparison_does_not_depend_on_the_order(left: BirthDate, right: BirthDate) -> None:
    assert compare_birth_dates(left, right) == compare_birth_dates(right, left)
    assert (compare_birth_dates(left, right) == "equal") == (left == right)


@given(DAYS, st.integers(1, 3), st.integers(1, 3))
def test_a_date_never_contradicts_its_own_less_precise_form(day: date, left: int, right: int) -> None:
    parts = (day.year, day.month, day.day)
    match = compare_birth_dates(BirthDate(*parts[:left]), BirthDate(*parts[:right]))
    assert match == ("equal" if left == right else "compatible")


def test_dates_sort_by_time_and_the_less_precise_first() -> None:
    texts = ["1980", "1980-02", "1980-02-03", "1980-02-04", "1980-03", "1981"]
    assert [str(found) for found in sorted(map(parse_birth_date, reversed(texts)))] == texts
