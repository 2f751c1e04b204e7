"""What people keep of a handle from one service to the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identifiers.handles import FAMILY_CHARS_MIN, HANDLE_CHARS_MIN, family_of, handle_of

NAMES = st.text("abdkrx0173 ._-~+|'\"@ÄßΣ", max_size=14)


@pytest.mark.parametrize(
    "name", ["nightowl77", "Night.Owl.77", "night_owl-77", "NIGHT OWL 77", "@night+owl~77", "ｎｉｇｈｔｏｗｌ77"]
)
def test_separators_and_letter_case_make_no_other_handle(name: str) -> None:
    assert handle_of(name) == "nightowl77"


@pytest.mark.parametrize("name", ["", "abc", "a.b-c", "___", "@joe"])
def test_what_is_short_is_no_handle(name: str) -> None:
    assert handle_of(name) == ""


@pytest.mark.parametrize(
    "handle", ["nightowl", "nightowl1990", "007nightowl", "xxnightowl77", "x0night0wl", "nigh7owl"]
)
def test_digits_around_and_in_place_of_letters_make_no_other_family(handle: str) -> None:
    assert family_of(handle) == "nightowl"


@pytest.mark.parametrize(("handle", "family"), [("d4rkness", "darkness"), ("5h4d0w", "hadow"), ("b0$$m4n", "bossman")])
def test_digits_that_stand_for_letters_become_those_except_at_the_front(handle: str, family: str) -> None:
    assert family_of(handle) == family


@pytest.mark.parametrize("handle", ["", "12345678", "dark1990", "x1234567", "xxxx"])
def test_what_is_short_without_its_decoration_has_no_family(handle: str) -> None:
    assert family_of(handle) == ""


def test_other_names_are_other_families() -> None:
    assert family_of("nightowl77") != family_of("nighthawk77")


@given(NAMES)
def test_a_handle_is_its_own_handle_and_a_family_is_no_longer_than_it(name: str) -> None:
    handle = handle_of(name)
    assert handle_of(handle) == handle
    assert handle == "" or len(handle) >= HANDLE_CHARS_MIN
    family = family_of(handle)
    assert family == "" or FAMILY_CHARS_MIN <= len(family) <= len(handle)
