"""How sure a step must be is learned: the least at which so much of the whole is right as the rules ask for."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.linker.domain.caution import Component, Value, cautious, components_of
from services.linker.domain.cluster import Shared, cluster, expect
from services.linker.domain.evidence import Key
from services.linker.domain.model import ANY, NOTHING_TOLD, Learned, Model
from services.linker.domain.profile import Profile
from services.linker.domain.rules import RULES
from tests.depth import deep

SURE, DOUBTFUL, HOPELESS = "email", "phone", "url"
MODEL = Model(
    Learned(
        kinds=tuple(
            ((kind, ANY, ANY, ANY), reliability, 0.3)
            for kind, reliability in ((SURE, 0.97), (DOUBTFUL, 0.75), (HOPELESS, 0.05))
        )
    )
)
NOBODY: Mapping[UUID, Profile] = {}
NUMBERS = count(1)


def a_tip() -> UUID:
    number = next(NUMBERS)
    return UUID(int=number << 80 | 0x7 << 76 | 0x2 << 62 | Random(number).getrandbits(62))


def pairs_by(kind: str, number: int) -> dict[Key, Value]:
    """Return values of a kind, each of which two tips hold that hold nothing else."""
    return {Key(kind, f"{kind} {place}"): Value(2, NOTHING_TOLD, [a_tip(), a_tip()]) for place in range(number)}


def needed(values: Mapping[Key, Value], *, right_min: float) -> float:
    model = replace(MODEL, rules=replace(RULES, right_min=right_min))
    tips = {tip_id for value in values.values() for tip_id in value.tip_ids}
    return cautious(model, components_of(tips, values, model), NOBODY).pair_bits


def right_at(bits: float, components: list[Component]) -> float:
    model = replace(MODEL, learned=replace(MODEL.learned, pair_bits=bits))
    found = [expect(each.tip_ids, each.shared, NOBODY, model=model) for each in components]
    pairs, wrong = sum(pairs for pairs, _ in found), sum(wrong for _, wrong in found)
    return 1 - wrong / pairs if pairs else 1.0


def test_where_most_is_sure_a_doubtful_step_is_taken_and_where_much_is_doubtful_it_is_not() -> None:
    assert needed(pairs_by(SURE, 90) | pairs_by(DOUBTFUL, 2), right_min=0.92) == RULES.pair_bits[0]
    assert needed(pairs_by(SURE, 90) | pairs_by(DOUBTFUL, 60), right_min=0.92) > RULES.pair_bits[0]
    assert needed({}, right_min=0.92) == RULES.pair_bits[0]


def test_where_nothing_is_sure_enough_it_is_as_cautious_as_the_rules_allow() -> None:
    assert needed(pairs_by(SURE, 20), right_min=0.999) == RULES.pair_bits[-1]


@settings(max_examples=deep(20), deadline=None)
@given(sure=st.integers(0, 30), doubtful=st.integers(0, 30), crowd=st.integers(0, 5), seed=st.integers(0, 99))
def test_it_is_the_least_that_makes_enough_of_the_whole_right_whatever_came_first(
    sure: int, doubtful: int, crowd: int, seed: int
) -> None:
    values = pairs_by(SURE, sure) | pairs_by(DOUBTFUL, doubtful)
    for place in range(crowd):
        tips = [a_tip() for _ in range(4)]
        values[Key(SURE, f"many {place}")] = Value(3, NOTHING_TOLD, tips[:3])
        values[Key(DOUBTFUL, f"beside {place}")] = Value(2, NOTHING_TOLD, tips[2:])
    tips = sorted({tip_id for value in values.values() for tip_id in value.tip_ids})
    components = components_of(tips, values, MODEL)
    found = cautious(MODEL, components, NOBODY).pair_bits
    enough = [bits for bits in RULES.pair_bits if right_at(bits, components) >= RULES.right_min]
    assert found == min(enough, default=RULES.pair_bits[-1])
    chance = Random(seed)
    shuffled = dict(chance.sample(list(values.items()), len(values)))
    assert components_of(chance.sample(tips, len(tips)), shuffled, MODEL) == components


def test_components_are_whole_and_know_who_else_holds_what_they_share() -> None:
    one, two, three, four, alone = (a_tip() for _ in range(5))
    values = {
        Key(SURE, "a"): Value(2, NOTHING_TOLD, [one, two]),
        Key(DOUBTFUL, "b"): Value(2, NOTHING_TOLD, [two, three]),
        Key("sha256", "c"): Value(4, NOTHING_TOLD, [one, three, four, alone]),
        Key(HOPELESS, "d"): Value(2, NOTHING_TOLD, [four, alone]),
    }
    (found,) = components_of([one, two, three, four, alone], values, MODEL)
    assert set(found.tip_ids) == {one, two, three}
    assert {key.value for key in found.shared} == {"a", "b", "c"}
    shown = found.shared[Key("sha256", "c")]
    assert (set(shown.tip_ids), shown.others_count) == ({one, three}, 2)


@pytest.mark.parametrize(("reliability", "pairs"), [(0.9, 1), (0.97, 1), (0.3, 0)])
def test_what_is_expected_is_what_the_odds_of_the_steps_say(reliability: float, pairs: int) -> None:
    tips = [a_tip(), a_tip()]
    shared = {Key(SURE, "a"): Shared(tips, reliability)}
    found, wrong = expect(tips, shared, NOBODY, model=MODEL)
    assert found == pairs
    assert wrong == pytest.approx(pairs * (1 - reliability), abs=1e-4)
    assert len(cluster(tips, shared, NOBODY, {}, model=MODEL)) == 2 - pairs


def test_pairs_of_clusters_that_are_not_wholly_one_persons_are_not_all_right() -> None:
    """Beside two that are sure come a third and a fourth, each by a phone that fewer and fewer of the others tell."""
    tips = [a_tip() for _ in range(4)]
    shared = {
        Key(DOUBTFUL, "left"): Shared(tips[:2], 0.9),
        Key(SURE, "middle"): Shared(tips[1:3], 0.9999),
        Key(DOUBTFUL, "right"): Shared(tips[2:], 0.9),
    }
    pairs, wrong = expect(tips, shared, NOBODY, model=MODEL)
    assert pairs == 6
    third, fourth = 9 / 2 / (1 + 9 / 2), 9 / 3 / (1 + 9 / 3)
    own = third * 3 + (1 - third) * 2
    assert wrong == pytest.approx((2 - third * 2) + (3 - fourth * own), abs=0.01)


def test_three_tips_put_together_in_two_steps_are_three_pairs() -> None:
    tips = [a_tip() for _ in range(3)]
    found, wrong = expect(tips, {Key(SURE, "a"): Shared(tips, 0.97)}, NOBODY, model=MODEL)
    assert found == 3
    assert 0.03 < wrong < 0.3
