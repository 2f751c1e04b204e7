"""The invented people of the look-up's bench, and the ways in which their names are written otherwise."""

import csv
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from services.query.domain.words import readings_of
from tests.bench.lookup.cultures import CULTURES
from tests.bench.lookup.damage import BIRTH_DATES, KINDS
from tests.bench.lookup.population import Person, people
from tests.bench.lookup.variants import read_sets, records_of

SEED = 3
PEOPLE = list(people(4_000, SEED))


def written_as(kind: str) -> list[tuple[Person, str]]:
    chance = Random(SEED)
    written = [(person, KINDS[kind](person, chance)) for person in PEOPLE]
    return [(person, name) for person, name in written if name]


def letters(text: str) -> Counter[str]:
    return Counter(re.sub(r"[\s.-]", "", text.lower()))


def test_the_same_seed_makes_the_same_people_and_another_others() -> None:
    assert list(people(300, SEED)) == list(people(300, SEED))
    assert list(people(300, SEED)) != list(people(300, SEED + 1))


def test_a_larger_population_begins_with_the_smaller_one() -> None:
    assert list(islice(people(10_000_000, SEED), 300)) == list(people(300, SEED))


def test_the_people_are_as_varied_as_a_register() -> None:
    assert len(CULTURES) >= 30
    assert {person.culture for person in PEOPLE} == set(CULTURES)
    assert len({person.name for person in PEOPLE}) > 0.95 * len(PEOPLE)
    born = Counter(len(person.born or "") for person in PEOPLE)
    assert set(born) == {0, 4, 10}, "some birth dates are missing, some a year only"
    assert any(person.born and person.born.endswith("-01-01") for person in PEOPLE)
    assert any(len(person.names) == 2 for person in PEOPLE), "some are on record in two scripts"
    assert any(person.email for person in PEOPLE)


def test_a_common_surname_is_common_and_most_surnames_are_rare() -> None:
    surnames = Counter(surname for person in PEOPLE if person.culture == "english" for surname in person.surnames)
    (_, most), *_ = surnames.most_common(1)
    assert most > 5
    assert sum(count == 1 for count in surnames.values()) > len(surnames) / 2


def test_names_are_read_by_the_product() -> None:
    assert all(readings_of(name) for person in PEOPLE for name in person.names)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_can_be_asked_for_often_enough(kind: str) -> None:
    assert len(written_as(kind)) >= 60


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "exact"])
def test_no_question_is_the_name_on_record(kind: str) -> None:
    assert [person.name for person, name in written_as(kind) if name == person.name] == []


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_the_same_for_the_same_seed(kind: str) -> None:
    assert written_as(kind) == written_as(kind)


def test_exact_is_exact() -> None:
    assert all(name == person.name for person, name in written_as("exact"))


@pytest.mark.parametrize(("kind", "typos"), [("one typo", 1), ("two typos", 2)])
def test_typos_change_as_many_letters_as_they_say(kind: str, typos: int) -> None:
    for person, name in written_as(kind):
        more, less = letters(name) - letters(person.name), letters(person.name) - letters(name)
        assert max(more.total(), less.total()) <= typos
        assert len(name.split()) == len(person.name.split())


@pytest.mark.parametrize("kind", ["swap", "hyphen"])
def test_order_and_hyphens_keep_every_letter(kind: str) -> None:
    assert all(letters(name.upper()) == letters(person.name.upper()) for person, name in written_as(kind))


def test_a_swapped_name_has_its_surnames_on_the_other_side() -> None:
    for person, name in written_as("swap"):
        is_first = CULTURES[person.culture].is_surname_first
        assert name.startswith((person.given if is_first else person.surnames)[0].upper())


def test_a_missing_part_is_missing_and_an_extra_one_is_there() -> None:
    for person, name in written_as("missing middle"):
        assert set(name.split()) < set(person.name.split())
        assert person.given[0] in name
        assert person.surnames[0] in name
    for person, name in written_as("extra part"):
        assert set(person.name.split()) < set(name.split())


def test_initials_are_of_given_names_only() -> None:
    for person, name in written_as("initials"):
        assert all(surname in name for surname in person.surnames)
        assert [word[0] for word in person.given] == [word[0] for word in name.split() if word.endswith(".")]


def test_a_name_in_its_script_has_no_latin_letter() -> None:
    assert all(not re.search("[A-Za-z]", name) for _, name in written_as("script"))


def test_a_nickname_stands_for_the_first_given_name() -> None:
    for person, name in written_as("nickname"):
        assert CULTURES[person.culture].nicknames[person.given[0]] in name
        assert all(surname in name for surname in person.surnames)


def test_spellings_and_nicknames_are_of_names_that_somebody_bears() -> None:
    for name, culture in CULTURES.items():
        parts = {*culture.given, *culture.surnames}
        assert set(culture.spellings) <= parts, name
        assert all(usual != other for usual, other in culture.spellings.items()), name


def test_birth_dates_are_given_otherwise() -> None:
    chance = Random(SEED)
    for person in PEOPLE:
        swapped, year, _ = (damage(person, chance) for damage in BIRTH_DATES.values())
        assert swapped is None or (swapped != person.born and sorted(swapped) == sorted(person.born or ""))
        assert year is None or (person.born or "").startswith(f"{year}-")


def test_several_spellings_of_one_person_are_one_record_in_one_half(tmp_path: Path) -> None:
    with (tmp_path / "invented.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows(
            [("recorded", "asked"), ("Ana Roe", "Anna Roe"), ("Ana Roe", "A. Roe"), ("Jo Poe", "Joe Poe")]
        )
    (variants,) = read_sets([tmp_path]).values()
    assert [variant.asked for variant in variants] == ["Anna Roe", "A. Roe", "Joe Poe"]
    assert list(records_of("invented", variants)) == ["Ana Roe", "Jo Poe"]
    assert len({variant.is_held_out for variant in variants if variant.recorded == "Ana Roe"}) == 1
    assert not set(records_of("a", variants).values()) & set(records_of("b", variants).values())
