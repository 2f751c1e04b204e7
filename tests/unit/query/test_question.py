"""What can be asked, and what is refused, naming the field."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.domain.question import Asked, read_question
from services.query.domain.words import WORDS_MAX
from shared.errors import Rejected

TODAY = date(2026, 3, 1)


def faults_of(asked: Asked) -> list[tuple[str | int, ...]]:
    with pytest.raises(Rejected) as caught:
        read_question(asked, today=TODAY)
    return [error.loc for error in caught.value.errors]


@pytest.mark.parametrize(
    "name",
    ["a", " ", "!!", "A B", "LOP*", "Lop%z Ana", "Ana\u202eLopez", "Ana\nLopez", "Ana\x07", "\u200b"],
)
def test_a_name_that_cannot_be_looked_for_is_refused(name: str) -> None:
    assert faults_of(Asked(name=name)) == [("name",)]


def test_a_name_of_many_initials_is_looked_for_by_its_words() -> None:
    question = read_question(Asked(name="a " * 12 + "Smith " + "b " * 12 + "Jones"), today=TODAY)
    [reading] = question.readings
    assert [word for word in reading if len(word) > 1] == ["smith", "jones"]
    assert len(reading) == WORDS_MAX


@pytest.mark.parametrize("birth_date", ["1980-02-30", "80-02-03", "1980-2-3", "2026-03-02", "2027", "1899", "soon"])
def test_a_birth_date_that_nobody_has_is_refused(birth_date: str) -> None:
    assert faults_of(Asked(name="Ana Lopez", birth_date=birth_date)) == [("birth_date",)]


@pytest.mark.parametrize("birth_date", ["1980", "1980-02", "1980-02-03", "2026-03-01", "2026"])
def test_a_birth_date_may_be_less_precise_than_a_day(birth_date: str) -> None:
    question = read_question(Asked(name="Ana Lopez", birth_date=birth_date), today=TODAY)
    assert str(question.birth_date) == birth_date


def test_every_field_that_cannot_be_read_is_named_by_its_place() -> None:
    asked = Asked(
        emails=("a@example.org", "no address"), usernames=("@",), phones=("555 0143",), documents=("P-123", "¿?")
    )
    assert faults_of(asked) == [("emails", 1), ("usernames", 0), ("phones", 0), ("documents", 1)]


@pytest.mark.parametrize("value", ["night*", "*night", "%night%", "nigh?", "@night*", "*", "?"])
def test_a_pattern_is_no_user_name(value: str) -> None:
    assert faults_of(Asked(usernames=("dark_77", value))) == [("usernames", 1)]


@pytest.mark.parametrize("value", ["*@gmail.com", "ana*@gmail.com", "%ana@example.org", "<ana?@example.org>"])
def test_a_pattern_is_no_email_address(value: str) -> None:
    assert faults_of(Asked(emails=(value,))) == [("emails", 0)]


@pytest.mark.parametrize("value", ["+1202555*", "+1202555????", "+12025552143?", "1202555%"])
def test_a_pattern_is_no_phone_number_and_no_document(value: str) -> None:
    assert faults_of(Asked(phones=(value,), documents=(value,))) == [("phones", 0), ("documents", 0)]


def test_a_sign_within_an_identifier_is_a_sign_like_others() -> None:
    asked = Asked(emails=("ana%example.org@example.net", "a*b@example.org"), usernames=("d*rk_77", "what?ever"))
    keys = read_question(asked, today=TODAY).search_keys
    assert [key.canonical for key in keys] == [*asked.emails, *asked.usernames]


def test_a_birth_date_alone_is_not_enough() -> None:
    assert faults_of(Asked(birth_date="1980-02-03")) == [()]


def test_identifiers_are_compared_in_their_one_form() -> None:
    asked = Asked(
        emails=("<Ana.Lopez+x@GMAIL.com>",),
        usernames=("@Dark_77",),
        phones=("+1 (202) 555-2143",),
        documents=("p-1234567",),
    )
    keys = read_question(asked, today=TODAY).search_keys
    assert [key.canonical for key in keys] == ["analopez@gmail.com", "dark_77", "+12025552143", "P1234567"]


def test_an_identifier_that_everybody_writes_is_not_looked_for() -> None:
    question = read_question(Asked(emails=("none@none.com",), usernames=("unknown",)), today=TODAY)
    assert question.search_keys == ()
    assert all(key.reason for key in question.keys)


@given(st.text(min_size=1, max_size=200), st.text(max_size=10), st.lists(st.text(min_size=1, max_size=50), max_size=3))
def test_whatever_is_asked_is_read_or_refused(name: str, birth_date: str, values: list[str]) -> None:
    given_values = tuple(values)
    asked = Asked(name, birth_date, given_values, given_values, given_values, given_values)
    try:
        read_question(asked, today=TODAY)
    except Rejected as error:
        # Either outcome is right; a refusal names a field.
        assert error.errors
