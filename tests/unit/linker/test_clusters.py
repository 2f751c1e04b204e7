"""Clusters are a function of the set: of who holds what, who judged what, and the rules; never of an order.

Properties run over small worlds with low caps, so that values pass their cap and come back, and judgements contradict
one another. `_Desk` works through arrivals as the store is told to in the package's docstring, loading only the
touched components; whatever the order, it must end where one clustering of everything ends.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.cluster import (
    Cluster,
    Judged,
    Judgement,
    Membership,
    Pair,
    cluster,
    derived_id,
    moves,
    newest_judgements,
    pair_of,
)
from services.linker.domain.evidence import Key
from services.linker.domain.rules import FOUNDATION, KeyStat, Rules, TypeRule, crossing

START = datetime(2026, 3, 1, tzinfo=UTC)
TIPS = [UUID(f"0195{number:04x}-0000-7000-8000-{7919 * (9 - number):012x}") for number in range(9)]
RULES = Rules(
    "test", {"email": TypeRule("strong", 4, 5.0), "phone": TypeRule("strong", 3, 9.0), "url": TypeRule("medium", 9, 9)}
)
KEYS = [Key(kind, f"{kind}{number}") for kind in ("email", "phone", "url") for number in range(4)]

Held = Mapping[UUID, frozenset[Key]]
Item = TypeVar("Item")
WORDS: list[Judged] = ["same", "different", "different", "unsure"]

held_values = st.frozensets(st.sampled_from(KEYS), max_size=4)
worlds = st.dictionaries(st.sampled_from(TIPS), held_values, min_size=2, max_size=len(TIPS))


@st.composite
def judgement_lists(draw: st.DrawFn, words: tuple[Judged, ...] = tuple(WORDS)) -> list[Judgement]:
    made = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(TIPS), min_size=2, max_size=2, unique=True),
                st.sampled_from(words),
                st.integers(0, 3),
                st.booleans(),
            ),
            max_size=8,
        )
    )
    return [
        Judgement(UUID(int=number), left, right, word, START + timedelta(days=day), is_withdrawn and day == 3)
        for number, ((left, right), word, day, is_withdrawn) in enumerate(made)
    ]


def shared_of(held: Held, rules: Rules = RULES) -> dict[Key, frozenset[UUID]]:
    holders = {key: frozenset(tip for tip, keys in held.items() if key in keys) for key in KEYS}
    return {key: tips for key, tips in holders.items() if rules.standing(key.type, KeyStat(len(tips))) == "joins"}


def clusters_of(held: Held, judgements: Iterable[Judgement] = (), rules: Rules = RULES) -> tuple[Cluster, ...]:
    present = [each for each in judgements if each.left_tip_id in held and each.right_tip_id in held]
    return cluster(held, shared_of(held, rules), newest_judgements(present), rules=rules)


def edges_of(held: Held, judgements: Mapping[Pair, Judgement]) -> set[Pair]:
    """Return every pair that something ties together, the slow and obvious way."""
    tied = {pair_of(*pair) for tips in shared_of(held).values() for pair in combinations(tips, 2)}
    return tied | {pair for pair, each in judgements.items() if each.decision == "same" and set(pair) <= held.keys()}


def components_of(tips: Iterable[UUID], edges: Iterable[Pair]) -> set[frozenset[UUID]]:
    groups = [{tip} for tip in tips]
    for left, right in edges:
        together = [group for group in groups if left in group or right in group]
        joined = {tip for group in together for tip in group}
        groups = [group for group in groups if group not in together] + [joined]
    return {frozenset(group) for group in groups}


def shuffled(items: Iterable[Item], chance: Random) -> list[Item]:
    order = list(items)
    chance.shuffle(order)
    return order


def sets_of(clusters: Iterable[Cluster]) -> set[frozenset[UUID]]:
    return {frozenset(found.tip_ids) for found in clusters}


class _Desk:
    """The store, in memory: keeps memberships, and at each change loads no more than the touched components."""

    def __init__(self) -> None:
        self.held: dict[UUID, frozenset[Key]] = {}
        self.judgements: list[Judgement] = []
        self.memberships: dict[UUID, Membership] = {}

    def take_tip(self, tip_id: UUID, keys: frozenset[Key]) -> None:
        changed = keys ^ self.held.get(tip_id, frozenset())
        joined_before = shared_of(self.held)
        self.held[tip_id] = keys
        joining_now = shared_of(self.held)
        touched = {tip_id}
        for key in changed:
            touched |= joined_before.get(key, frozenset()) | joining_now.get(key, frozenset())
        for pair in newest_judgements(self.judgements):
            if tip_id in pair:
                touched |= set(pair) & self.held.keys()
        self._recompute(touched)

    def take_judgement(self, judgement: Judgement) -> None:
        self.judgements.append(judgement)
        self._recompute({judgement.left_tip_id, judgement.right_tip_id} & self.held.keys())

    def _recompute(self, touched: set[UUID]) -> None:
        components = {self.memberships[tip].component_id for tip in touched if tip in self.memberships}
        loaded = touched | {tip for tip, at in self.memberships.items() if at.component_id in components}
        shared = {key: tips for key, tips in shared_of(self.held).items() if tips & loaded}
        newest = newest_judgements(self.judgements)
        judged = {pair: each for pair, each in newest.items() if set(pair) & loaded and set(pair) <= self.held.keys()}
        found = cluster(loaded, shared, judged, rules=RULES)
        for move in moves(found, self.memberships):
            self.memberships[move.tip_id] = move.now


@given(worlds, judgement_lists())
def test_clusters_partition_the_tips_and_keep_different_ones_apart(held: Held, judgements: list[Judgement]) -> None:
    clusters = clusters_of(held, judgements)
    assert sorted(tip for found in clusters for tip in found.tip_ids) == sorted(held)
    newest = newest_judgements(judgements)
    for found in clusters:
        for pair in combinations(found.tip_ids, 2):
            assert pair not in newest or newest[pair].decision != "different"


@given(worlds, judgement_lists(words=("same", "unsure")))
def test_without_a_different_pair_clusters_are_connected_components(held: Held, judgements: list[Judgement]) -> None:
    clusters = clusters_of(held, judgements)
    assert sets_of(clusters) == components_of(held, edges_of(held, newest_judgements(judgements)))
    assert all(found.related == () for found in clusters)


@given(worlds, judgement_lists())
def test_a_cluster_holds_together_by_itself_and_takes_in_all_it_may(held: Held, judgements: list[Judgement]) -> None:
    newest = newest_judgements(judgements)
    edges = edges_of(held, newest)
    clusters = sets_of(clusters_of(held, judgements))
    for tips in clusters:
        inside = {pair for pair in edges if set(pair) <= tips}
        assert components_of(tips, inside) == {tips}
    for left, right in combinations(clusters, 2):
        between = {pair_of(a, b) for a in left for b in right}
        is_tied = bool(between & edges)
        is_kept_apart = any(newest[pair].decision == "different" for pair in between & newest.keys())
        assert is_kept_apart or not is_tied


@given(worlds, judgement_lists())
def test_related_tips_are_those_an_edge_ties_to_another_cluster(held: Held, judgements: list[Judgement]) -> None:
    newest = newest_judgements(judgements)
    edges = {pair for pair in edges_of(held, newest) if pair not in newest or newest[pair].decision != "different"}
    for found in clusters_of(held, judgements):
        inside = set(found.tip_ids)
        tied = {tip for pair in edges if len(inside & set(pair)) == 1 for tip in set(pair) - inside}
        assert found.related == tuple(sorted(tied))


@given(worlds, judgement_lists(), st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(held: Held, judgements: list[Judgement], chance: Random) -> None:
    expected = clusters_of(held, judgements)
    present = [each for each in judgements if each.left_tip_id in held and each.right_tip_id in held]
    shared, newest = shared_of(held), newest_judgements(shuffled(present, chance))
    found = cluster(
        shuffled(held, chance),
        {key: shuffled(shared[key], chance) for key in shuffled(shared, chance)},
        {pair: newest[pair] for pair in shuffled(newest, chance)},
        rules=RULES,
    )
    assert found == expected


@given(worlds, judgement_lists())
def test_a_component_is_clustered_the_same_alone_and_among_others(held: Held, judgements: list[Judgement]) -> None:
    clusters = clusters_of(held, judgements)
    shared, newest = shared_of(held), newest_judgements(judgements)
    apart: set[Cluster] = set()
    for component in {found.component_id for found in clusters}:
        tips = {tip for found in clusters if found.component_id == component for tip in found.tip_ids}
        own_shared = {key: holders for key, holders in shared.items() if holders & tips}
        own_judged = {pair: each for pair, each in newest.items() if set(pair) <= tips}
        apart |= set(cluster(tips, own_shared, own_judged, rules=RULES))
    assert apart == set(clusters)


@given(
    st.lists(st.tuples(st.sampled_from(TIPS), held_values), min_size=1, max_size=16),
    judgement_lists(),
    st.randoms(use_true_random=False),
)
def test_arrivals_amendments_and_judgements_in_any_order_end_the_same(
    arrivals: list[tuple[UUID, frozenset[Key]]], judgements: list[Judgement], chance: Random
) -> None:
    desk = _Desk()
    for tip_id, keys in arrivals:
        desk.take_tip(tip_id, keys)
    for judgement in judgements:
        desk.take_judgement(judgement)
    final = dict(arrivals)

    others = _Desk()
    steps: list[Judgement | tuple[UUID, frozenset[Key]]] = [*final.items(), *judgements]
    chance.shuffle(steps)
    for step in steps:
        if isinstance(step, Judgement):
            others.take_judgement(step)
        else:
            others.take_tip(*step)

    expected = {
        tip: Membership(found.cluster_id, found.component_id)
        for found in clusters_of(final, judgements)
        for tip in found.tip_ids
    }
    assert desk.memberships == expected
    assert others.memberships == expected


def test_a_value_that_passes_its_cap_parts_its_holders_and_joins_them_again_below_it() -> None:
    desk, key = _Desk(), Key("phone", "phone0")
    for tip in TIPS[:3]:
        desk.take_tip(tip, frozenset({key}))
    assert len({at.cluster_id for at in desk.memberships.values()}) == 1
    desk.take_tip(TIPS[3], frozenset({key}))
    assert len({at.cluster_id for at in desk.memberships.values()}) == 4
    desk.take_tip(TIPS[1], frozenset())
    assert len({at.cluster_id for at in desk.memberships.values()}) == 2


def test_a_component_breaks_at_its_lightest_value() -> None:
    heavy, light = Key("phone", "phone0"), Key("email", "email0")
    other = Key("phone", "phone1")
    held = {
        TIPS[0]: frozenset({heavy}),
        TIPS[1]: frozenset({heavy, light}),
        TIPS[2]: frozenset({other, light}),
        TIPS[3]: frozenset({other}),
    }
    apart = Judgement(UUID(int=1), TIPS[3], TIPS[0], "different", START)
    assert sets_of(clusters_of(held, [apart])) == {frozenset(TIPS[:2]), frozenset(TIPS[2:4])}


def test_a_tip_goes_with_the_first_of_the_values_holders_that_takes_it() -> None:
    held = {tip: frozenset({KEYS[0]}) for tip in TIPS[:4]}
    apart = [
        Judgement(UUID(int=1), TIPS[0], TIPS[1], "different", START),
        Judgement(UUID(int=2), TIPS[1], TIPS[2], "different", START),
        Judgement(UUID(int=3), TIPS[2], TIPS[3], "different", START),
    ]
    first, second = clusters_of(held, apart)
    assert (first.tip_ids, second.tip_ids) == ((TIPS[0], TIPS[2]), (TIPS[1], TIPS[3]))


def test_the_newest_judgement_of_a_pair_counts_and_a_withdrawn_one_does_not() -> None:
    held = {TIPS[0]: frozenset({KEYS[0]}), TIPS[1]: frozenset({KEYS[0]})}
    first = Judgement(UUID(int=1), TIPS[0], TIPS[1], "different", START)
    second = Judgement(UUID(int=2), TIPS[1], TIPS[0], "same", START + timedelta(days=1))
    withdrawn = Judgement(UUID(int=2), TIPS[1], TIPS[0], "same", START + timedelta(days=1), is_withdrawn=True)
    unsure = Judgement(UUID(int=3), TIPS[1], TIPS[0], "unsure", START + timedelta(days=2))
    assert len(clusters_of(held, [first])) == 2
    assert len(clusters_of(held, [second, first])) == 1
    assert len(clusters_of(held, [first, withdrawn])) == 2
    assert len(clusters_of(held, [unsure, first])) == 1


def test_of_judgements_that_contradict_one_another_the_later_same_stands() -> None:
    held = {tip: frozenset[Key]() for tip in TIPS[:3]}
    older, newer = (
        Judgement(UUID(int=day), TIPS[day], TIPS[day + 1], "same", START + timedelta(days=day)) for day in (0, 1)
    )
    apart = Judgement(UUID(int=9), TIPS[0], TIPS[2], "different", START)
    found = clusters_of(held, [older, newer, apart])
    assert sets_of(found) == {frozenset({TIPS[0]}), frozenset(TIPS[1:3])}
    assert found[0].related == (TIPS[1],)


def test_a_cluster_keeps_its_id_while_younger_tips_join_and_no_other_has_it() -> None:
    key = KEYS[0]
    alone = clusters_of({TIPS[0]: frozenset({key})})
    grown = clusters_of({tip: frozenset({key}) for tip in TIPS[:3]})
    assert grown[0].cluster_id == alone[0].cluster_id
    assert len({derived_id("cluster", tip) for tip in TIPS}) == len(TIPS)


@given(st.sets(st.uuids(version=4), min_size=2, max_size=4))
def test_a_cluster_is_named_after_its_oldest_tip(tips: set[UUID]) -> None:
    (found,) = cluster(tips, {KEYS[0]: tips}, {}, rules=RULES)
    assert found == Cluster(derived_id("cluster", min(tips)), min(tips), tuple(sorted(tips)))


def test_a_derived_id_is_a_uuid_7_with_the_time_of_its_tip() -> None:
    derived = derived_id("cluster", TIPS[4])
    assert (derived.version, derived.variant) == (7, TIPS[4].variant)
    assert derived.bytes[:6] == TIPS[4].bytes[:6]
    assert derived not in (TIPS[4], derived_id("lead", TIPS[4]))


def test_a_component_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="not whole"):
        cluster(TIPS[:1], {KEYS[0]: TIPS[:2]}, {}, rules=RULES)
    same = Judgement(UUID(int=1), TIPS[0], TIPS[5], "same", START)
    with pytest.raises(ValueError, match="not whole"):
        cluster(TIPS[:1], {}, newest_judgements([same]), rules=RULES)


def test_moves_name_only_the_tips_that_are_filed_elsewhere() -> None:
    held = {TIPS[1]: frozenset({KEYS[0]}), TIPS[2]: frozenset({KEYS[0]})}
    filed = {move.tip_id: move.now for move in moves(clusters_of(held), {})}
    assert moves(clusters_of(held), filed) == ()
    older = {**held, TIPS[0]: frozenset({KEYS[0]})}
    moved = moves(clusters_of(older), filed)
    assert [move.tip_id for move in moved] == TIPS[:3]
    assert [move.previous for move in moved] == [None, filed[TIPS[1]], filed[TIPS[2]]]
    assert all(move.changes_cluster and move.cluster_size == 3 for move in moved)


@pytest.mark.parametrize(
    ("key_type", "stat", "standing"),
    [
        ("email", KeyStat(1), "single"),
        ("email", KeyStat(2), "joins"),
        ("email", KeyStat(50), "joins"),
        ("email", KeyStat(51), "too_common"),
        ("sha256", KeyStat(2, viral_count=1), "viral"),
        ("sha256", KeyStat(1, viral_count=1), "single"),
        ("url", KeyStat(2), "shows"),
        ("ip", KeyStat(2), "unruled"),
    ],
)
def test_standing_of_a_value(key_type: str, stat: KeyStat, standing: str) -> None:
    assert FOUNDATION.standing(key_type, stat) == standing


def test_a_crossing_is_told_once_each_way() -> None:
    steps = [crossing("email", KeyStat(count), KeyStat(count + 1), FOUNDATION) for count in range(60)]
    assert [count for count, step in enumerate(steps) if step == "capped"] == [50]
    assert steps.count(None) == 59
    assert crossing("email", KeyStat(51), KeyStat(50), FOUNDATION) == "uncapped"
    assert crossing("sha256", KeyStat(2), KeyStat(3, viral_count=1), FOUNDATION) == "capped"


def test_a_rarer_value_weighs_more_and_none_weighs_less_than_nothing() -> None:
    for key_type, rule in FOUNDATION.types.items():
        weights = [FOUNDATION.weight(key_type, count) for count in range(2, rule.tip_count_max + 1)]
        assert weights[0] == rule.weight
        assert weights == sorted(weights, reverse=True)
        assert weights[-1] > 0
    assert FOUNDATION.weight("url", 10**6) == 0.0


def test_a_tip_is_not_judged_against_itself() -> None:
    with pytest.raises(ValueError, match="two tips"):
        pair_of(TIPS[0], TIPS[0])
