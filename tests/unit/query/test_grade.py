"""From what is recorded and what is asked to a grade with its reasons."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.query.domain.evidence import HOLDERS_MAX, HeldKey, Record
from services.query.domain.grade import Match, find_matches
from services.query.domain.question import Asked, read_question
from services.query.domain.words import Name, readings_of
from shared.identifiers import normalise_identifier
from tests.builders import new_id

EMAIL = "ana.lopez@example.org"
PHONE = "+12025552143"


def a_key(type_: str, value: str, *, scope: str = "") -> HeldKey:
    found = normalise_identifier(type_, value)
    assert found is not None
    return HeldKey(type_, found.exact, found.canonical, scope)


def a_record(
    *keys: HeldKey, name: str | None = None, birth_date: str | None = None, person_id: UUID | None = None
) -> Record:
    names = (Name(name, readings_of(name)),) if name else ()
    return Record(
        record_id=new_id(),
        tip_id=new_id(),
        person_id=person_id or new_id(),
        names=names,
        birth_date=birth_date,
        keys=keys,
    )


def matches_of(asked: dict[str, Any], *records: Record) -> list[Match]:
    return find_matches(read_question(Asked(**asked), today=date(2026, 3, 1)), records)


def grade_of(asked: dict[str, Any], *records: Record) -> str | None:
    matches = matches_of(asked, *records)
    assert len(matches) <= 1
    return str(matches[0].grade) if matches else None


ANA = {"name": "LOPEZ ANA MARIA"}
BORN = {**ANA, "birth_date": "1980-02-03"}
MAILED = {**BORN, "emails": (EMAIL,)}


@pytest.mark.parametrize(
    ("asked", "record", "grade"),
    [
        # A name, alone and with a birth date.
        (ANA, a_record(name="Ana María López"), "name_only"),
        (ANA, a_record(name="Ana María López", birth_date="1980-02-03"), "name_only"),
        (BORN, a_record(name="Ana María López"), "name_only"),
        (BORN, a_record(name="Ana María López", birth_date="1980-02-03"), "confirmed"),
        (BORN, a_record(name="Anna Lopez", birth_date="1980-02-03"), "confirmed"),
        (BORN, a_record(name="Ana María López", birth_date="1980-03-02"), "probable"),
        (BORN, a_record(name="Ana María López", birth_date="1980"), "probable"),
        (BORN, a_record(name="Ana María López", birth_date="1980-02"), "probable"),
        (BORN, a_record(name="Ana María López", birth_date="1980-01-01"), "probable"),
        ({**ANA, "birth_date": "1980-01-01"}, a_record(name="Ana Lopez", birth_date="1980-01-01"), "probable"),
        (BORN, a_record(name="Ana María López", birth_date="1975-02-03"), "contradicted"),
        (BORN, a_record(name="Ana María López", birth_date="1975"), "name_only"),
        (BORN, a_record(name="A. Lopez", birth_date="1980-02-03"), "probable"),
        (BORN, a_record(name="A. Lopez", birth_date="1980"), "name_only"),
        (BORN, a_record(name="A. Lopez", birth_date="1975-02-03"), "contradicted"),
        (BORN, a_record(name="Eva María López", birth_date="1980-02-03"), "probable"),
        (BORN, a_record(name="Eva María López", birth_date="1980"), None),
        (ANA, a_record(name="Eva María López"), None),
        (BORN, a_record(name="Peter Brown", birth_date="1980-02-03"), None),
        # An identifier.
        ({"emails": (EMAIL,)}, a_record(a_key("email", EMAIL)), "confirmed"),
        ({"phones": (PHONE,)}, a_record(a_key("phone", PHONE)), "confirmed"),
        ({"documents": ("P1234567",)}, a_record(a_key("document", "p 1234567", scope="US")), "confirmed"),
        ({"usernames": ("dark_77",)}, a_record(a_key("username", "dark_77", scope="kik")), "probable"),
        ({"emails": ("ana.lopez@gmail.com",)}, a_record(a_key("email", "analopez+x@gmail.com")), "probable"),
        # Both.
        (MAILED, a_record(a_key("email", EMAIL), name="Bo Li", birth_date="1975-02-03"), "probable"),
        (MAILED, a_record(a_key("email", EMAIL), name="Bo Li"), "confirmed"),
        (MAILED, a_record(a_key("email", EMAIL), name="Ana Lopez", birth_date="1975-02-03"), "confirmed"),
        ({**ANA, "usernames": ("dark_77",)}, a_record(a_key("username", "dark_77"), name="Ana Lopez"), "confirmed"),
        ({**ANA, "usernames": ("dark_77",)}, a_record(a_key("username", "dark_77"), name="Bo Li"), "probable"),
        (
            {**BORN, "usernames": ("dark_77",)},
            a_record(a_key("username", "dark_77"), birth_date="1975-02-03"),
            "contradicted",
        ),
        ({**ANA, "emails": (EMAIL,)}, a_record(name="Ana Lopez"), "name_only"),
    ],
)  # fmt: skip
def test_grade_follows_from_what_agrees(asked: dict[str, Any], record: Record, grade: str | None) -> None:
    assert grade_of(asked, record) == grade


def test_evidence_names_what_was_given_and_what_is_recorded() -> None:
    record = a_record(a_key("email", EMAIL), name="Ana López", birth_date="1975-02-03")
    [match] = matches_of({**BORN, "emails": (EMAIL,), "phones": (PHONE,)}, record)
    assert [(item.field, item.given, item.recorded) for item in match.speaking_for] == [
        ("name", "LOPEZ ANA MARIA", "Ana López"),
        ("email", EMAIL, EMAIL),
    ]
    assert [(item.field, item.given, item.recorded) for item in match.against] == [
        ("birth_date", "1980-02-03", "1975-02-03")
    ]
    assert [(item.field, item.given, item.recorded) for item in match.missing] == [("phone", PHONE, None)]
    assert match.score == sum(item.weight for item in (*match.speaking_for, *match.against))


def test_no_value_is_told_of_a_field_that_was_not_asked_for() -> None:
    record = a_record(a_key("email", EMAIL), name="Ana López", birth_date="1975-02-03")
    [match] = matches_of({"emails": (EMAIL,)}, record)
    [hint] = match.missing
    assert (hint.field, hint.given, hint.recorded) == ("birth_date", None, None)
    told = repr((match.speaking_for, match.against, match.missing))
    assert "López" not in told
    assert "1975" not in told


def test_a_value_that_says_nothing_is_shown_as_not_looked_for() -> None:
    [match] = matches_of({**ANA, "emails": ("none@none.com",)}, a_record(name="Ana López"))
    [item] = match.missing
    assert item.detail.startswith("not looked for")


def test_a_name_that_differs_speaks_against_an_identifier_that_agrees() -> None:
    [match] = matches_of({**ANA, "emails": (EMAIL,)}, a_record(a_key("email", EMAIL), name="Bo Li"))
    assert [(item.field, item.recorded) for item in match.against] == [("name", "Bo Li")]


def test_records_of_one_person_answer_together_under_the_oldest() -> None:
    person_id = new_id()
    first = a_record(a_key("email", EMAIL), person_id=person_id)
    second = a_record(name="Ana Lopez", person_id=person_id)
    third = a_record(name="Ana Lopez", birth_date="1980-02-03", person_id=person_id)
    [match] = matches_of({**BORN, "emails": (EMAIL,)}, third, second, first)
    assert match.record_id == first.record_id
    assert match.tip_ids == (first.tip_id, second.tip_id, third.tip_id)
    assert {item.field for item in match.speaking_for} == {"name", "birth_date", "email"}


def test_a_birth_date_known_from_another_record_of_the_person_contradicts() -> None:
    person_id = new_id()
    records = (
        a_record(name="Ana Lopez", person_id=person_id),
        a_record(name="Ana Lopez", birth_date="1975-02-03", person_id=person_id),
    )
    assert grade_of(BORN, *records) == "contradicted"


def test_conflicting_birth_dates_of_one_person_are_all_shown() -> None:
    person_id = new_id()
    dates = ("1980-02-03", "1975-02-03", "1976")
    records = [a_record(name="Ana Lopez", birth_date=born, person_id=person_id) for born in dates]
    [match] = matches_of(BORN, *records)
    assert match.grade == "confirmed"
    assert [item.recorded for item in match.against] == ["1976", "1975-02-03"]


def test_a_companion_in_the_same_cluster_says_nothing_of_the_person_asked_for() -> None:
    person_id = new_id()
    asked_for = a_record(name="Ana Lopez", person_id=person_id)
    companion = a_record(name="Bo Li", birth_date="1980-02-03", person_id=person_id)
    [match] = matches_of(BORN, asked_for, companion)
    assert match.grade == "name_only"
    assert match.tip_ids == (asked_for.tip_id,)


def test_an_identifier_that_many_people_hold_is_worth_a_step_less() -> None:
    records = [a_record(a_key("email", EMAIL)) for _ in range(HOLDERS_MAX + 1)]
    assert {match.grade for match in matches_of({"emails": (EMAIL,)}, *records)} == {"probable"}
    assert {match.grade for match in matches_of({"emails": (EMAIL,)}, *records[1:])} == {"confirmed"}


def test_matches_come_best_first_and_always_in_the_same_order() -> None:
    contradicted = a_record(name="Ana Maria Lopez", birth_date="1975-02-03")
    name_only = a_record(name="Ana Maria Lopez")
    probable = a_record(name="Ana Maria Lopez", birth_date="1980")
    confirmed = a_record(name="Ana Maria Lopez", birth_date="1980-02-03")
    twin = a_record(name="Ana Maria Lopez", birth_date="1980-02-03")
    records = [contradicted, twin, name_only, probable, confirmed]
    order = [record.record_id for record in (confirmed, twin, probable, name_only, contradicted)]
    assert [match.record_id for match in matches_of(BORN, *records)] == order
    assert [match.record_id for match in matches_of(BORN, *reversed(records))] == order
