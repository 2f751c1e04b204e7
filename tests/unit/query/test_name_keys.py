"""What a name is filed under, and that whoever writes it otherwise looks there."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.domain.name_keys import (
    ALIKE_MAX,
    PAIR_ROWS_MAX,
    PROBES_MAX,
    SLOTS_MAX,
    WHOLE_NAMES_MAX,
    WHOLE_SLOT_MIN,
    WORD_ROWS_MAX,
    filed_words,
    filing_keys,
    most_alike,
    parts_to_find,
    plan_for,
    spelling_keys,
    words_to_find,
)
from services.query.domain.words import readings_of
from shared.identifiers import BirthDate, parse_birth_date

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BORN = parse_birth_date("1980-02-03")


def is_found(asked: str, recorded: str, *, given_date: BirthDate | None = None, born: BirthDate | None = None) -> bool:
    """Return whether a look-up looks under a key of the recorded name, as the index of words would let it."""
    on_record = filed_words(readings_of(recorded))
    readings = readings_of(asked)
    wanted = {word: spelling_keys(word) for word in words_to_find(readings)}
    wanted = {part: frozenset((part,)) for part in parts_to_find(wanted)} | wanted
    found = {word: [w for w in on_record if spelling_keys(w) & keys] for word, keys in wanted.items()}
    alike = {word: most_alike(word, others) for word, others in found.items() if others}
    probes = {probe.key for probe in plan_for(readings, given_date, alike).probes}
    return bool(probes & filing_keys(readings_of(recorded), born))


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ("LOPEZ ANA", "Ana María López"),
        ("Jonh Smtih", "John Smith"),
        ("Bob Smith", "Robert Smith"),
        ("Peggy Miller", "Margaret Miller"),
        ("Pepe García", "José García"),
        ("Sasha Ivanoff", "Aleksandr Ivanov"),
        ("Muhamad Rachid", "Mohammed Rashid"),
        ("J. Quincy", "John Quincy"),
        ("alrashid muhammad", "Muhammad al Rashid"),
        ("Muhammad Al-Rashid", "Mohammed Alrashid"),
        ("Anamaria Lopez", "Ana Maria Lopez"),
        ("AlisherUsmanov", "Alisher Usmanov"),
        ("Usmanovalisher", "Alisher Usmanov"),
        ("Hung Do", "Do Minh Hung"),
        ("Le Van Anh", "Anh Le Van"),
        ("王小明", "Wang Xiaoming"),
        ("Wang Xiao Ming", "王小明"),
        ("HSIEH CHING-TING", "Xie Jingting"),
        ("Xie Jingting", "Hsieh Ching-ting"),
        ("Mao Tse-tung", "毛泽东"),
        ("김민수", "Kim Minsu"),
        ("Иван Петров", "Ivan Petrov"),
        ("محمد حسن", "Mohammed Hassan"),
        ("Müller Jörg", "Joerg Mueller"),
        ("Suharto", "Suharto"),
    ],
)
def test_a_name_written_otherwise_is_looked_for_where_it_is_filed(asked: str, recorded: str) -> None:
    assert is_found(asked, recorded)


def test_strangers_are_not_looked_at() -> None:
    assert not is_found("Peter Brown", "Ana Lopez")
    assert not is_found("Maria Garcia", "Juan Lopez")


@pytest.mark.parametrize(
    ("given_date", "recorded", "is_it"),
    [("1980-02-03", "1980-02-03", True), ("1980-03-02", "1980-02-03", True), ("1980-02-04", "1980-02-03", False),
     ("1980", "1980-02-03", False), ("1980-01-01", "1980-01-01", False)],
)  # fmt: skip
def test_a_full_birth_date_finds_another_name(given_date: str, recorded: str, *, is_it: bool) -> None:
    dates = {"given_date": parse_birth_date(given_date), "born": parse_birth_date(recorded)}
    assert is_found("Peter Brown", "Ana Lopez", **dates) is is_it


@given(st.text(LETTERS, min_size=4, max_size=12), st.randoms(use_true_random=False))
def test_words_one_slip_apart_meet_in_a_key(word: str, chance: random.Random) -> None:
    place = chance.randrange(len(word))
    rest, letter = word[place + 1 :], chance.choice(LETTERS)
    slips = [word[:place] + rest, word[:place] + letter + rest, word[:place] + letter + word[place:]]
    if rest:
        slips.append(word[:place] + rest[0] + word[place] + rest[1:])
    for slipped in slips:
        assert spelling_keys(word) & spelling_keys(slipped), slipped


@given(st.text(max_size=1_500))
def test_a_name_of_any_length_costs_little(name: str) -> None:
    readings = readings_of(name)
    words = words_to_find(readings)
    alike = {word: {f"{word}{number}": 0.8 for number in range(ALIKE_MAX)} for word in words}
    probes = plan_for(readings, BORN, alike).probes
    ways = len(readings) * 13
    assert len(probes) <= ways * 3 * PROBES_MAX + 2
    assert len(filing_keys(readings, BORN)) <= 2 * 13 * 100 + 1
    assert all(-(2**31) <= probe.key < 2**31 for probe in probes)


def test_collections_of_names_are_kept_apart() -> None:
    readings = readings_of("Ana Lopez")
    assert not filing_keys(readings, BORN) & filing_keys(readings, BORN, space="p")


def test_the_spellings_of_one_word_are_one_slot() -> None:
    readings = readings_of("Ana Lopez")
    alike = {"ana": {"ana": 1.0, "anna": 0.8, "ane": 0.6}, "lopez": {"lopez": 1.0, "lopes": 0.8}}
    slots = {probe.slot for probe in plan_for(readings, BORN, alike).probes}
    assert len(slots) == len(("ana", "lopez", "both", "birth date"))


def test_a_word_is_not_filed_with_its_own_initial() -> None:
    alone, beside = filing_keys(readings_of("Ana"), None), filing_keys(readings_of("Ana Lopez"), None)
    assert len(alone) == 1
    assert len(beside) == len(("ana", "lopez", "ana lopez", "ana l.", "lopez a."))


def test_pairs_of_rare_words_are_met_instead_of_looked_for() -> None:
    """A name that holds two rare words is found by each; a pair with a common word has to be looked for."""
    alike = {"ana": {"ana": 1.0, "anna": 0.8}, "lopez": {"lopez": 1.0, "lopes": 0.8}}
    holders = {"ana": WORD_ROWS_MAX, "anna": 3, "lopez": WORD_ROWS_MAX + 1, "lopes": 1}
    plan = plan_for(readings_of("Ana Lopez"), None, alike, holders=holders)
    looked_for = {probe.key for probe in plan.probes if probe.rows_max == PAIR_ROWS_MAX}
    pairs = [
        plan_for([pair], None, {word: {word: 1.0} for word in pair}) for pair in (("ana", "lopez"), ("anna", "lopez"))
    ]
    assert looked_for == {probe.key for pair in pairs for probe in pair.probes if probe.rows_max == PAIR_ROWS_MAX}
    whole = {probe.slot for probe in plan.probes if probe.slot >= WHOLE_SLOT_MIN}
    assert [divmod(meeting.both, SLOTS_MAX) for meeting in plan.meetings] == [tuple(sorted(whole))]


def test_one_word_does_not_meet_itself() -> None:
    """Whoever is called Anna is not found for holding both Ana and Anne."""
    alike = {"ana": {"ana": 1.0, "anna": 0.8}, "anne": {"anne": 1.0, "anna": 0.8}}
    plan = plan_for(readings_of("Ana Anne"), None, alike, holders={"ana": 1, "anna": 1, "anne": 1})
    assert not plan.meetings


def test_a_common_word_beside_others_is_not_read_alone() -> None:
    alike = {"ana": {"ana": 1.0}, "lopez": {"lopez": 1.0}}
    holders = {"ana": 1_000, "lopez": 1_000}
    beside = plan_for(readings_of("Ana Lopez"), None, alike, holders=holders)
    alone = plan_for(readings_of("Ana"), None, alike, holders=holders)
    assert not {probe.key for probe in beside.probes} & {probe.key for probe in alone.probes}
    assert alone.probes


def test_no_more_names_of_rare_words_are_read_than_are_worth_it() -> None:
    words = [f"word{letter}" for letter in LETTERS[:3]]
    alike = {word: {f"{word}{number}": 0.8 for number in range(ALIKE_MAX)} for word in words}
    holders = {other: WORD_ROWS_MAX for like in alike.values() for other in like}
    plan = plan_for([tuple(words)], None, alike, holders=holders)
    read = sum(probe.slot >= WHOLE_SLOT_MIN for probe in plan.probes)
    assert read == WHOLE_NAMES_MAX // WORD_ROWS_MAX


@pytest.mark.parametrize(("is_known", "is_looked_for"), [(True, False), (False, True)])
def test_other_names_with_the_initial_are_read_of_a_word_that_nobody_has(
    *, is_known: bool, is_looked_for: bool
) -> None:
    """A word with two slips is nobody's, and not found by its spelling; of one on record they would be in the way."""
    beside = filing_keys(readings_of("Alma Lopez"), None) & filing_keys(readings_of("Adela Lopez"), None)
    [initial] = beside - filing_keys(readings_of("Lopez"), None)
    alike = {"lopez": {"lopez": 1.0}, "ana": {"ana": 1.0, "anna": 0.8} if is_known else {"anna": 0.8}}
    keys = {probe.key for probe in plan_for(readings_of("Ana Lopez"), None, alike).probes}
    assert (initial in keys) is is_looked_for
    assert keys & (filing_keys(readings_of("A Lopez"), None) - beside)
