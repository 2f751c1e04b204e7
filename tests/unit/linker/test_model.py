"""How reliable a value is: from its kind, from how many tips hold it, and from what its own holders say."""

from collections.abc import Callable
from dataclasses import replace
from math import log2
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.evidence import Key
from services.linker.domain.model import (
    AGREE_BITS_MAX,
    ANY,
    DIFFER_BITS_MIN,
    HOLDERS_FOR_COMPANY,
    Learned,
    Model,
    Rates,
    Tally,
    letter_bits,
    odds_bits,
    size_class,
)
from services.linker.domain.rules import RULES
from services.linker.domain.setting import ATTRIBUTES, GAP_CLASSES

START = Model()
EMAIL, PHONE = Key("email", "dark@example.org"), Key("phone", "+12125550100")
COMMON_NAMES = ["lucky", "lucky7", "luck", "luke", "lucy", "duck", "ducky", "rocky", "vicky"] * 20 + ["anna", "dark"]
LETTERED = Model(Learned(letters=letter_bits(COMMON_NAMES, pairs_max=2_000)))

rates = st.builds(Rates, st.sampled_from([0.8, 0.9]), st.sampled_from([0.001, 0.01]))
learneds = st.builds(
    Learned,
    births=rates,
    names=rates,
    kinds=st.sampled_from([(), ((("phone", 0, 3, 2), 0.5, 0.35),), ((("phone", 0, 3, 2), 0.6, 0.35),)]),
    letters=st.sampled_from([(), (("ab", 2.0),), (("ab", 2.1),)]),
)


@st.composite
def tallies(draw: st.DrawFn, pairs: int = 10) -> Tally:
    told = [draw(st.integers(0, pairs)) for _ in range(2)]
    births, names = ((float(draw(st.integers(0, count))), float(count)) for count in told)
    return Tally(pairs, births, names, draw(st.integers(0, pairs)))


@given(st.sampled_from(sorted(RULES.types)), st.integers(0, 200), tallies())
def test_a_value_of_one_holder_or_above_its_cap_says_nothing(key_type: str, tip_count: int, tally: Tally) -> None:
    reliability = START.reliability(Key(key_type, "v"), tip_count, tally)
    assert (reliability > 0) == (2 <= tip_count <= RULES.types[key_type].tip_count_max)
    assert reliability < 1


def test_what_has_no_rule_says_nothing() -> None:
    assert START.reliability(Key("name", "joe dark"), 2, Tally()) == 0


@given(st.sampled_from(sorted(RULES.types)), st.integers(2, 40), tallies())
def test_reliabilities_move_by_half_bits(key_type: str, tip_count: int, tally: Tally) -> None:
    half_bits = 2 * odds_bits(START.reliability(Key(key_type, "v"), tip_count, tally))
    assert half_bits == pytest.approx(round(half_bits), abs=0.02)


@pytest.mark.parametrize(
    "told",
    [lambda agreed: Tally(6, births=(agreed, 6.0)), lambda agreed: Tally(6, names=(agreed, 6.0))],
    ids=["births", "names"],
)
def test_agreement_of_the_holders_raises_a_value_and_contradiction_lowers_it(told: Callable[[float], Tally]) -> None:
    found = [START.reliability(PHONE, 4, told(agreed)) for agreed in range(7)]
    silent = START.reliability(PHONE, 4, Tally(6))
    assert found == sorted(found)
    assert found[0] < RULES.joining_min[0] < silent < found[-1]


@given(tallies(), tallies())
def test_more_agreement_never_makes_a_value_less_reliable(one: Tally, other: Tally) -> None:
    less = replace(one, births=(min(one.births[0], other.births[0]), one.births[1]))
    assert START.reliability(EMAIL, 5, less) <= START.reliability(EMAIL, 5, one)


def test_one_contradiction_weighs_against_a_value_that_was_thought_sure() -> None:
    sure = Model(Learned(kinds=((("email", 0, 3, 2), 1.0, 0.35),)))
    contradicted = sure.reliability(EMAIL, 2, Tally(1, births=(0.0, 1.0)))
    assert contradicted < sure.reliability(EMAIL, 2, Tally(1))
    vain = Model(Learned(kinds=((("email", 0, 3, 2), 0.0, 0.35),)))
    assert vain.reliability(EMAIL, 2, Tally(1, births=(1.0, 1.0))) > vain.reliability(EMAIL, 2, Tally(1))


def test_pairs_of_one_values_holders_count_as_its_links_and_not_each() -> None:
    # Four of ten holders contradict: it must not weigh as 45 independent pairs would.
    few, many = Tally(3, births=(2.0, 3.0)), Tally(30, births=(20.0, 30.0))
    assert START.reliability(PHONE, 3, few) == START.reliability(PHONE, 3, many)


@pytest.mark.parametrize("key_type", sorted(RULES.types))
def test_its_holders_prove_no_more_of_a_value_than_its_kind_allows(key_type: str) -> None:
    """A stranger may be among sixty tips of one person who thought of the same word."""
    proven = START.reliability(Key(key_type, "v"), 40, Tally(120, (120.0, 120.0), (120.0, 120.0), 120))
    assert proven == pytest.approx(RULES.types[key_type].reliability_max, abs=0.02)
    assert RULES.types["handle_family"].reliability_max < RULES.types["handle"].reliability_max < 0.96


def test_many_holders_that_share_nothing_else_make_a_value_less_reliable() -> None:
    def of(tip_count: int, company: int) -> float:
        pairs = tip_count * (tip_count - 1) // 2
        return START.reliability(PHONE, tip_count, Tally(pairs, company=company))

    assert of(12, 0) < START.reliability(PHONE, 12, Tally()) < of(12, 40)
    below = HOLDERS_FOR_COMPANY - 1
    assert of(below, 0) == of(below, 3)


def test_what_was_learned_of_a_kind_replaces_what_was_assumed_of_it() -> None:
    learned = Model(Learned(kinds=((("phone", 0, 3, 2), 0.3, 0.35),)))
    assert learned.reliability(PHONE, 2, Tally()) < 0.5 < START.reliability(PHONE, 2, Tally())
    # Of the same type, but more common: another kind, of which nothing was learned.
    assert learned.reliability(PHONE, 3, Tally()) == START.reliability(PHONE, 3, Tally())
    assert learned.reliability(EMAIL, 2, Tally()) == START.reliability(EMAIL, 2, Tally())


@pytest.mark.parametrize("key_type", sorted(RULES.types))
def test_before_anything_is_learned_a_value_is_about_as_reliable_as_the_rules_say(key_type: str) -> None:
    # Half a bit of rounding, and the part of shared values that are one person's all the same.
    assert START.reliability(Key(key_type, "v"), 2, Tally()) == pytest.approx(
        RULES.types[key_type].reliability, abs=0.1
    )


def test_size_classes_are_powers_of_two() -> None:
    assert [size_class(count) for count in (2, 3, 4, 5, 8, 9, 80)] == [2, 4, 4, 8, 8, 16, 128]


def test_what_many_come_up_with_surprises_less_than_what_nobody_would() -> None:
    assert LETTERED.surprise_bits("lucky") < LETTERED.surprise_bits("7-9xq")
    assert LETTERED.surprise_bits("lucky") < LETTERED.surprise_bits("lucky-moon") < LETTERED.surprise_bits("zqxj-7w9k")


def test_before_letters_are_learned_only_length_surprises() -> None:
    assert START.surprise_bits("lucky") == START.surprise_bits("q7zx9") < START.surprise_bits("lucky1")


def test_punctuation_and_case_are_no_surprise() -> None:
    assert len({LETTERED.surprise_bits(name) for name in ("darklord", "Dark.Lord", "dark_lord", "DARK-LORD")}) == 1


def test_handles_that_many_come_up_with_are_another_kind_than_rare_ones() -> None:
    common, rare = Key("handle", "lucky"), Key("handle", "zqxj7w9k")
    kind = LETTERED.kind_of(common, 2)
    assert kind != LETTERED.kind_of(rare, 2)
    learned = Model(replace(LETTERED.learned, kinds=((kind, 0.05, 0.35),)))
    assert learned.reliability(common, 2, Tally()) < learned.reliability(rare, 2, Tally())


def test_only_what_people_think_up_has_a_surprise() -> None:
    for key in (EMAIL, PHONE, Key("account", "zqxj7w9kzqxj7w9k", "sociala")):
        assert LETTERED.kind_of(key, 2)[1] == 0
    assert LETTERED.kind_of(Key("username", "zqxj7w9kzqxj7w9k", "sociala"), 2)[1] > 0


@given(learneds, learneds)
def test_a_version_changes_when_and_only_when_numbers_change(one: Learned, other: Learned) -> None:
    assert (Model(one).version == Model(other).version) == (one == other)
    assert Model(one).version.startswith(f"{RULES.version}.")


def test_other_rules_are_another_version() -> None:
    assert Model(Learned(), replace(RULES, version="2026-12-01")).version != START.version


@given(st.lists(st.text("abc7", min_size=1, max_size=6), max_size=20), st.randoms(use_true_random=False))
def test_letters_do_not_depend_on_the_order_of_the_handles(handles: list[str], chance: Random) -> None:
    others = list(handles)
    chance.shuffle(others)
    assert letter_bits(handles, pairs_max=8) == letter_bits(others, pairs_max=8)
    assert len(letter_bits(handles, pairs_max=8)) <= 8


def test_the_commonest_pairs_of_letters_are_kept_and_a_commoner_one_has_fewer_bits() -> None:
    bits = dict(letter_bits(["ab"] * 8 + ["ac"] * 2 + ["xy"], pairs_max=4))
    assert set(bits) == {"^a", "ab", "b$", "ac"}
    assert bits["ab"] < bits["ac"]


@given(st.floats(0.3, 0.97), st.floats(0.0001, 0.25))
def test_agreement_speaks_for_one_person_and_contradiction_against_within_bounds(same: float, chance: float) -> None:
    found = Rates(same, chance)
    assert 0 < found.agree_bits() <= AGREE_BITS_MAX
    assert DIFFER_BITS_MIN <= found.differ_bits < 0
    assert found.shared_bits(1, 1) > 0 > found.shared_bits(0, 1)
    assert found.shared_bits(0, 0) == 0


def test_what_strangers_often_have_in_common_says_less() -> None:
    assert Rates(0.9, 0.2).agree_bits() < Rates(0.9, 0.02).agree_bits()


def test_the_more_names_are_compared_the_less_it_says_that_two_agree() -> None:
    found = [Rates(0.9, 0.002).agree_bits(compared) for compared in (4, 8, 64, 1_000)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[1] > found[2] > found[3] == 0


def test_a_value_says_less_of_two_clusters_by_the_pairs_that_it_may_mean() -> None:
    learned = Model(Learned(kinds=((("email", ANY, ANY, ANY), 0.9, 0.3),)))
    assert [learned.crowd_bits(count, is_hint=True) for count in (1, 2, 3, 5)] == [0, 0, log2(3), log2(10)]
    assert learned.crowd_bits(80) == learned.rules.crowd_bits_max
    assert Model().crowd_bits(80) == 0


def test_a_value_says_less_of_a_cluster_whose_tips_mostly_tell_another() -> None:
    learned = Model(Learned(kinds=((("email", ANY, ANY, ANY), 0.9, 0.3),)))
    assert learned.share_bits("phone", 7, 7) == 0
    assert [learned.share_bits("phone", 1, tellers) for tellers in (2, 8)] == [1.0, 3.0]
    assert 0 < learned.share_bits("handle", 1, 8) < 1
    assert Model().share_bits("phone", 1, 8) == 0


@given(st.lists(st.integers(1, 120), max_size=len(Tally().counts())))
def test_a_tally_is_the_numbers_it_was_made_of_and_those_left_out_are_zero(counts: list[int]) -> None:
    told = Tally.of(counts)
    assert told.counts() == [*counts, *[0.0] * (len(Tally().counts()) - len(counts))]
    assert Tally.of(told.counts()) == told
    assert told.plus(told) == told.times(2)
    assert (len(told.settings), len(told.sure_settings), len(told.sure_gaps)) == (
        len(ATTRIBUTES),
        len(ATTRIBUTES),
        GAP_CLASSES,
    )
