"""How two descriptions of a person agree: support for other evidence, and the yardstick by which it is learned."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.facts import GivenIdentifier, Party, Research, Role, TipContent
from services.linker.domain.profile import (
    BIRTHS_MAX,
    NAMES_MAX,
    NOBODY,
    WORDS_MAX,
    Profile,
    compare_births,
    compare_names,
    merge,
    profile_of,
)
from services.linker.domain.setting import Setting

REPORTED_AT = datetime(2026, 3, 1, tzinfo=UTC)
SETTING = Setting(days=(REPORTED_AT.toordinal(),))
"""Of a tip that tells no place and no platform."""


def a_tip(*parties: Party) -> TipContent:
    return TipContent(UUID(int=1), 1, "ncmec", "CT-1", REPORTED_AT, "possession", parties=parties)


def a_party(*names: str, born: str | None = None, role: Role = "subject") -> Party:
    return Party(UUID(int=2), role, names=names, birth_date=born)


def named(*names: str) -> Profile:
    return profile_of(a_tip(a_party(*names)))


def born(*births: str) -> Profile:
    return profile_of(a_tip(*(a_party(born=birth) for birth in births)))


WORDS = st.text("abcdeij", min_size=1, max_size=6)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
BIRTHS = st.sampled_from(["1980", "1980-02", "1980-01-01", "1980-02-03", "1980-03-02", "1980-02-04", "1991-11-30"])
PROFILES = st.builds(
    lambda names, births: merge(named(*names), born(*births)), st.lists(NAMES, max_size=3), st.lists(BIRTHS, max_size=3)
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Maria Gonzalez", "GONZALEZ, Maria"),
        ("María González", "Maria Gonzalez"),
        ("J. Smith", "John Smith"),
        ("Smith, J", "John Smith"),
        ("John Q. Smith", "John Smith"),
        ("John", "John Smith"),
        ("Jonh Smith", "John Smith"),
        ("Jon Smith", "John Smith"),
        ("Dmitri Sokolov", "Dmitry Sokolov"),
        ("Seán O'Neill", "Sean ONeill"),
    ],
)
def test_names_in_another_order_with_initials_or_a_typo_agree(left: str, right: str) -> None:
    assert compare_names(named(left), named(right)) == "agrees"


@pytest.mark.parametrize(
    ("left", "right"),
    [("Yuri Ivanov", "Iurii Ivanov"), ("Anna Braun", "Anna Brown"), ("Mohammed Hassan", "Muhammad Hassan")],
)
def test_names_in_another_transliteration_are_near_or_better(left: str, right: str) -> None:
    assert compare_names(named(left), named(right)) in ("near", "agrees")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("John Smith", "Peter Miller"),
        ("Maria Gonzalez", "Maria Lopez"),
        ("John Smith", "John Miller"),
        ("J. Smith", "P. Smith"),
    ],
)
def test_other_people_differ_or_nothing_is_said_of_them(left: str, right: str) -> None:
    assert compare_names(named(left), named(right)) in ("differs", None)


def test_quite_other_names_differ() -> None:
    assert compare_names(named("John Smith"), named("Peter Miller")) == "differs"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Yves Lefèvre", "Sylvie Lefèvre"),
        ("Arturo Ramírez", "Ramírez, Maria"),
        ("Oleg Vinogradov-Nasa", "Sergei Vinogradov-Nasa"),
        ("J. Smith", "P. Smith"),
    ],
)
def test_two_of_one_family_differ_by_their_own_names(left: str, right: str) -> None:
    assert compare_names(named(left), named(right)) == "differs"


def test_each_word_of_a_name_is_compared_once() -> None:
    assert compare_names(named("John John"), named("John Smith")) != "agrees"


def test_of_several_names_the_closest_two_count() -> None:
    alias = named("Dark Knight", "John Smith")
    assert compare_names(alias, named("Smith John")) == "agrees"
    assert compare_names(alias, named("Peter Miller")) == "differs"


@pytest.mark.parametrize(
    ("name", "type", "value", "is_echo"),
    [
        ("Alena Weiss", "username", "alena77", True),
        ("Joe Weiss", "email", "jweiss.80@example.org", True),
        ("Kn1ght 94", "username", "d4rk_knight1994", True),  # Look-alikes are read as letters.
        ("MagicFalcon", "payment", "falcon17", True),  # The handle is in the name.
        ("Joe Weiss", "username", "nightowl", False),
        ("Jo Li", "username", "jolibois", False),  # Two letters are anywhere.
        ("Joe Example", "email", "nightowl@example.org", False),  # Who serves the mail is no handle.
        ("Joe Weiss", "document", "JOE123456", False),
    ],
)
def test_a_name_that_a_handle_of_the_tip_repeats_is_an_echo(name: str, type: str, value: str, is_echo: bool) -> None:
    party = Party(UUID(int=2), "subject", names=(name, "Mila Braun"), identifiers=(GivenIdentifier(type, value),))
    found = profile_of(a_tip(party))
    assert bool(found.echoes) == is_echo
    assert set(found.without_echoes().names) == set(found.names) - set(found.echoes)
    assert set(found.names) == set(named(name, "Mila Braun").names)


def test_a_victims_handle_echoes_nobody() -> None:
    victim = Party(UUID(int=3), "victim", identifiers=(GivenIdentifier("username", "alena77"),))
    assert profile_of(a_tip(a_party("Alena Weiss"), victim)).echoes == ()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1980-02-13", "1980-02-13", "agrees"),
        ("1980-02-03", "1980-03-02", "near"),  # Day and month swapped.
        ("1980-02-13", "1980-02-14", "near"),  # One digit slipped, here and below.
        ("1980-02-13", "1990-02-13", "near"),
        ("1980-02-13", "1985-09-24", "differs"),
        ("1980-02-13", "1981-02-14", "differs"),
        ("1980-01-01", "1980-01-01", None),  # The first of January stands for "year only".
        ("1980-01-01", "1980-02-13", None),
        ("1980-01-01", "1981-02-13", None),
        ("1980-01-01", "1982-02-13", "differs"),
        ("1980", "1980", None),
        ("1980", "1980-02-13", None),
        ("1980-02", "1980-02-13", None),
        ("1980", "1981-02-13", None),
        ("1980", "1982-02-13", "differs"),
    ],
)
def test_birth_dates(left: str, right: str, expected: str | None) -> None:
    assert compare_births(born(left), born(right)) == expected
    assert compare_births(born(right), born(left)) == expected


def test_of_several_birth_dates_the_closest_two_count_and_one_that_says_nothing_withholds_a_contradiction() -> None:
    assert compare_births(born("1991-11-30", "1980-02-13"), born("1980-02-13")) == "agrees"
    assert compare_births(born("1991-11-30", "1980-02-14"), born("1980-02-13")) == "near"
    assert compare_births(born("1991-11-30", "1975-05-17"), born("1980-02-13")) == "differs"
    assert compare_births(born("1991-11-30", "1980"), born("1980-02-13")) is None


@given(PROFILES)
def test_where_one_side_tells_nothing_nothing_is_said(profile: Profile) -> None:
    assert compare_names(profile, NOBODY) is None
    assert compare_births(NOBODY, profile) is None


@given(PROFILES, PROFILES)
def test_no_side_goes_first(left: Profile, right: Profile) -> None:
    assert compare_names(left, right) == compare_names(right, left)
    assert compare_births(left, right) == compare_births(right, left)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_a_description_agrees_with_itself(names: list[str]) -> None:
    assert compare_names(named(*names), named(*names)) == "agrees"


@given(PROFILES, PROFILES, PROFILES)
def test_descriptions_merge_in_any_order(one: Profile, two: Profile, three: Profile) -> None:
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one
    assert merge(one, NOBODY) == one


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim"])
def test_only_subjects_are_described(role: Role) -> None:
    assert profile_of(a_tip(a_party("Joe Dark", born="1980-02-13", role=role))) == Profile(setting=SETTING)


def test_research_describes_subjects_too() -> None:
    found = profile_of(a_tip(a_party("Joe Dark")), [Research(parties=(a_party("Dark, Joseph", born="1980-02-13"),))])
    assert found == Profile((("dark", "joe"), ("dark", "joseph")), ("1980-02-13",), setting=SETTING)


@pytest.mark.parametrize("birth", ["13 Feb 1980", "1980-02-30", "1880-02-13", ""])
def test_a_birth_date_that_cannot_be_read_is_left_out(birth: str) -> None:
    assert profile_of(a_tip(a_party("...", born=birth))) == Profile(setting=SETTING)


def test_the_order_in_which_names_are_given_does_not_matter() -> None:
    assert named("Joe Dark", "Mila Weiss") == named("Weiss Mila", "Dark Joe")


def test_what_is_compared_is_bounded() -> None:
    long = named(*(f"name{number} " + " ".join(f"w{word}" for word in range(40)) for number in range(40)))
    many = born(*(f"1980-02-{day:02}" for day in range(1, 29)))
    assert (len(long.names), len(many.births)) == (NAMES_MAX, BIRTHS_MAX)
    assert all(len(name) <= WORDS_MAX for name in long.names)
    both = merge(merge(long, many), merge(named("Aaron A"), born("1950-05-05")))
    assert (len(both.names), len(both.births)) == (NAMES_MAX, BIRTHS_MAX)


def test_a_report_of_two_people_names_several_and_one_with_two_accounts_does_not() -> None:
    def told(*people: Party, found: tuple[Party, ...] = ()) -> bool:
        return profile_of(a_tip(*people), [Research(parties=found)]).names_several

    ann, bob, heron = a_party("Ann Reed"), a_party("Bob Moss"), a_party("Red Heron")
    assert told(ann, bob)
    assert told(a_party("Ann Reed", born="1980-02-13"), ann, bob)
    assert told(a_party(), a_party()), "two that nobody describes are two"
    assert not told(ann, ann)
    assert not told(a_party(born="1980-02-13"), a_party("Ann", born="1980-02-13"))
    assert not told(ann, a_party("Bob Moss", role="victim"))
    assert not told(ann, found=(heron,)), "research tells more of whom the tip is of"
    assert told(ann, found=(heron, bob))
