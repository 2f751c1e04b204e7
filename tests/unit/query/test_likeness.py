"""How alike two words of names are, and what that says in bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.domain.forms import forms_of
from services.query.domain.likeness import FORM, INITIAL, NEAR, OTHER, SAME, SLIP, SOUND, likeness
from services.query.domain.names import compare_readings, name_bits
from services.query.domain.rarity import BITS_MAX, BITS_UNKNOWN, RECORDS_MIN, Rarity
from services.query.domain.sounds import sounds_of
from services.query.domain.words import readings_of


@pytest.mark.parametrize(
    ("left", "right", "quality"),
    [
        ("lopez", "lopez", SAME),
        ("bob", "robert", FORM),
        ("pepe", "jose", FORM),
        ("mohammed", "محمد", FORM),
        ("li", "lee", FORM),
        ("sasha", "oleksandr", FORM),
        ("hee", "hui", FORM),
        ("tulio", "marcotulio", NEAR),
        ("marty", "martinek", NEAR),
        ("tommy", "tomislav", NEAR),
        ("mbkhafy", "mabkhafi", SLIP),
        ("hsyn", "hussein", SOUND),
        ("mzdwy", "mazdaoui", SOUND),
        ("moreno", "marianu", OTHER),
        ("lopez", "lopes", SLIP),
        ("rodriguez", "rodrigues", SLIP),
        ("kowalczyk", "kovalcyk", SLIP),
        ("najafabadi", "nadschafabadi", SOUND),
        ("hlsein", "hussein", NEAR),
        ("min", "mun", NEAR),
        ("ana", "eva", OTHER),
        ("a", "ana", INITIAL),
        ("j", "ana", OTHER),
        ("bo", "li", OTHER),
    ],
)
def test_words_are_as_alike_as_people_would_say(left: str, right: str, quality: float) -> None:
    assert likeness(left, right) == quality
    assert likeness(right, left) == quality


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_likeness_has_no_order(left: str, right: str) -> None:
    assert likeness(left, right) == likeness(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("mohammed", "muhamad"),
        ("vladimir", "wladimir"),
        ("rashid", "rachid"),
        ("khalid", "halid"),
        ("kim", "gim"),
        ("mrwn", "marwan"),
        ("mzdwy", "mazdaoui"),
        ("selenskyj", "zelenskyy"),
        ("mihajlo", "mykhailo"),
    ],
)
def test_transliterations_sound_alike(left: str, right: str) -> None:
    assert sounds_of(left) & sounds_of(right)


def test_what_has_hardly_a_sound_has_none() -> None:
    assert [sounds_of(word) for word in ("li", "wu", "a", "王", "123")] == [frozenset()] * 5


def test_a_word_that_is_no_name_has_no_forms() -> None:
    assert forms_of("qqzzx") == frozenset()


def test_sharing_a_rare_word_says_more_than_sharing_a_common_one() -> None:
    rarity = Rarity(1_000_000, {"maria": 20_000, "garcia": 10_000, "zamorano": 3})
    common = name_bits(readings_of("Maria Garcia"), readings_of("Garcia Maria"), rarity)
    rare = name_bits(readings_of("Maria Zamorano"), readings_of("Maria Zamorano"), rarity)
    assert common == pytest.approx(5.64 + 6.64, abs=0.02)
    assert rare == pytest.approx(5.64 + BITS_MAX, abs=0.02)


def test_few_records_do_not_tell_how_rare_a_word_is() -> None:
    for count in (0, 1, RECORDS_MIN - 1):
        assert Rarity(count, {"ana": 1}).bits_of("ana", "ana") == BITS_UNKNOWN


def test_more_that_disagrees_says_less() -> None:
    asked = readings_of("Ana Maria Lopez")
    written = ("Ana Maria Lopez", "Ana Maria Lopes", "Ana Lopez", "Ana Maria Lopez Garcia Perez", "Ana Eva Lopez")
    bits = [match.bits for name in written if (match := compare_readings(asked, readings_of(name)))]
    assert len(bits) == len(written)
    assert bits[0] == max(bits)
    assert bits[-1] == min(bits)
