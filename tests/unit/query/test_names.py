"""Which names agree, and how far; and that close spellings are found."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.query.domain.name_keys import (
    spelling_keys,
)
from services.query.domain.names import NameLevel, NameMatch, compare_readings
from services.query.domain.words import is_searchable, major_words, readings_of

STRONG, WEAK, PARTIAL = NameLevel.STRONG, NameLevel.WEAK, NameLevel.PARTIAL
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = st.text(LETTERS, min_size=6, max_size=10)


def compared(left: str, right: str) -> NameMatch | None:
    return compare_readings(readings_of(left), readings_of(right))


@pytest.mark.parametrize(
    ("asked", "recorded", "level"),
    [
        ("LOPEZ ANA MARIA", "Ana María López", STRONG),
        ("Lopez, Ana", "Ana María López", STRONG),
        ("Ana María López", "Ana Lopez", STRONG),
        ("Jon Smith", "John Smith", STRONG),
        ("Jonh Smith", "John Smith", STRONG),
        ("Smyth John", "John Smith", STRONG),
        ("John Q Smith", "John Smith", STRONG),
        ("Muhammad Al-Rashid", "Mohammed Alrashid", STRONG),
        ("alrashid muhammad", "Muhammad al Rashid", STRONG),
        ("ANAMARIA LOPEZ", "Ana María López", STRONG),
        ("O'Neill Sean", "Sean ONeill", STRONG),
        ("Łuczak Józef", "Jozef Luczak", STRONG),
        ("García-Pérez Ana", "Ana Garcia", STRONG),
        ("MR JOHN SMITH", "John Smith", STRONG),
        ("A Lopez", "Ana Lopez", WEAK),
        ("J Q Smith", "John Quincy Smith", WEAK),
        ("Иванов И", "Иван Иванов", WEAK),
        ("Suharto", "Suharto", WEAK),
        ("Suhartp", "Suharto", WEAK),
        ("李娜", "李 娜", STRONG),
        ("Lopez", "Ana Lopez", WEAK),
        ("Min Ah-im", "Min Ah-mi", WEAK),
        ("Rosa Plat Ono Vich", "Rosa Platonovich", WEAK),
        ("Ana Fernandez", "Eva Fernandez", None),
        ("JC Juncker", "Jean-Claude Juncker", WEAK),
        ("Es Sayed, Kader", "Abd el Kader Mahmoud el Sayed", STRONG),
        ("Alshafee El-Sheikh", "Elshafee el Sheikh", STRONG),
        ("Mawlawi Rahim Gul", "Qari Gul Rahim", STRONG),
        ("حسين المزدوي", "Hussein El-Mazdaoui", STRONG),
        ("박희준", "Park Hee-jun", STRONG),
        ("曾国藩", "Zeng Guofan", STRONG),
        ("曾国藩", "Zeng Guo Fan", STRONG),
        ("田中", "Tanaka", WEAK),
        ("Ганна Гориненко", "Hanna Horynenko", STRONG),
        ("संजय शर्मा", "Sanjay Sharma", STRONG),
        ("Μπάμπης Ντίνου", "Bampis Dinou", STRONG),
        ("Ana Lopez Garcia", "Ana Lopez Perez", PARTIAL),
        ("Juan de la Cruz", "Ana de la Cruz", None),
        ("Ana Lopez", "Eva Lopez", None),
        ("Maria", "Mario Rossi", None),
        ("Ana Lopez", "Ann Perez", None),
        ("A B", "Ana Bello", None),
        ("Peter Brown", "John Smith", None),
        ("", "John Smith", None),
    ],
)
def test_names_agree_as_far_as_people_would_say(asked: str, recorded: str, level: NameLevel | None) -> None:
    match = compared(asked, recorded)
    assert (match.level if match else None) == level


def test_the_closer_name_ranks_higher() -> None:
    matches = [
        compared("Ana Maria Lopez", other) for other in ("Ana Maria Lopez", "Anna Maria Lopez", "Ana Lopez", "A Lopez")
    ]
    assert all(matches)
    assert matches == sorted(matches, reverse=True)  # type: ignore[type-var]  # none is None, as asserted


def test_the_same_name_ranks_before_one_that_is_alike_in_more_words() -> None:
    same, alike = compared("郝华宁", "Hao Huaning"), compared("郝华宁", "Zhao Hua Ding")
    assert same is not None
    assert alike is not None
    assert same > alike


def test_the_detail_says_in_words_what_agrees() -> None:
    match = compared("Robrt Q Smith", "Robert Smith")
    assert match is not None
    assert match.detail == "1 word the same, 1 word spelled alike, 1 word only given"


@given(st.lists(WORDS, min_size=2, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_a_names_words_does_not_count(words: list[str], chance: random.Random) -> None:
    assume(list(major_words(words)) == words)
    shuffled = list(words)
    chance.shuffle(shuffled)
    match = compare_readings([tuple(words)], [tuple(shuffled)])
    assert match is not None
    assert (match.level, match.bits) == (NameLevel.STRONG, 8.0 * len(words))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared(left: str, right: str) -> None:
    assert compared(left, right) == compared(left, right)


@given(st.text(LETTERS, min_size=4, max_size=12), st.randoms(use_true_random=False))
def test_words_one_slip_apart_meet_in_a_key(word: str, chance: random.Random) -> None:
    place = chance.randrange(len(word))
    rest, letter = word[place + 1 :], chance.choice(LETTERS)
    slips = [word[:place] + rest, word[:place] + letter + rest, word[:place] + letter + word[place:]]
    if rest:
        slips.append(word[:place] + rest[0] + word[place] + rest[1:])
    for slipped in slips:
        assert spelling_keys(word) & spelling_keys(slipped), slipped


@pytest.mark.parametrize(("word", "is_it"), [("li", True), ("李", True), ("j", False), ("и", False)])
def test_an_initial_is_not_looked_for(word: str, *, is_it: bool) -> None:
    assert is_searchable(word) is is_it
