"""Clusters are a function of the set: of who holds what, how subjects are described, who judged what, and the model.

Properties run over small worlds with low caps, so that values pass their cap and come back, descriptions contradict
one another, and judgements too. `_Desk` works through arrivals as the handlers do, loading only the touched
components; whatever the order, it must end where one clustering of everything ends.
"""

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from typing import TypeVar
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.tip import tip_id_of
from services.linker.domain.cluster import (
    Cluster,
    Judged,
    Judgement,
    Membership,
    Pair,
    Shared,
    cluster,
    moves,
    newest_judgements,
    pair_of,
)
from services.linker.domain.evidence import Key
from services.linker.domain.model import ANY, Learned, Model, Tally
from services.linker.domain.profile import NOBODY, Profile
from services.linker.domain.rules import Rules, TypeRule

START = datetime(2026, 3, 1, tzinfo=UTC)
TIPS = [UUID(f"0195{number:04x}-0000-7000-8000-{7919 * (9 - number):012x}") for number in range(9)]
LOW_CAPS = Rules(
    "test",
    {
        "email": TypeRule("handle", 0.97, 4),
        "phone": TypeRule("phone", 0.75, 3),
        "handle": TypeRule("handle", 0.50, 9),
        "ip": TypeRule("network", 0.30, 4, joins=False),
        "extension": TypeRule("phone", 0.30, 9, joins=False),
    },
)
SMALL = Model(
    Learned(kinds=tuple(((kind, ANY, ANY, ANY), rule.reliability, 0.3) for kind, rule in LOW_CAPS.types.items())),
    LOW_CAPS,
)
"""As if what is assumed had been learned: only then it counts how large clusters are, and who of them holds a value."""
KEYS = [Key(kind, f"{kind}{number}") for kind in LOW_CAPS.types for number in range(3)]
PEOPLE = [
    NOBODY,
    Profile((("dark", "joe"),), ("1980-02-13",)),
    Profile((("dark", "j"),), ()),
    Profile((("mila", "weiss"),), ("1991-11-30",)),
]


@dataclass(frozen=True)
class _Said:
    keys: frozenset[Key]
    profile: Profile = NOBODY


World = Mapping[UUID, _Said]
Item = TypeVar("Item")
WORDS: tuple[Judged, ...] = ("same", "different", "different", "unsure")

sayings = st.builds(_Said, st.frozensets(st.sampled_from(KEYS), max_size=4), st.sampled_from(PEOPLE))
worlds = st.dictionaries(st.sampled_from(TIPS), sayings, min_size=2, max_size=len(TIPS))


@st.composite
def judgement_lists(draw: st.DrawFn, words: tuple[Judged, ...] = WORDS) -> list[Judgement]:
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


def shared_of(world: World) -> dict[Key, Shared]:
    """Return what the store holds of the values: who shares them, and how reliable that makes them."""
    found = {}
    for key in KEYS:
        holders = frozenset(tip for tip, said in world.items() if key in said.keys)
        reliability = SMALL.reliability(key, len(holders), Tally())
        if reliability > 0:
            found[key] = Shared(holders, reliability, joins=SMALL.is_sure(len(holders), reliability))
    return found


def shared_among(tips: set[UUID], shared: Mapping[Key, Shared]) -> dict[Key, Shared]:
    """Return the values that several of the tips share, as the store gives them: others are but a number."""
    held = {key: tips.intersection(value.tip_ids) for key, value in shared.items()}
    return {
        key: replace(shared[key], tip_ids=inside, others_count=len(shared[key].tip_ids) - len(inside))
        for key, inside in held.items()
        if len(inside) > 1
    }


def joining_of(world: World) -> dict[Key, frozenset[UUID]]:
    return {
        key: frozenset(value.tip_ids)
        for key, value in shared_of(world).items()
        if SMALL.standing(key.type, len(value.tip_ids), 0, value.reliability) == "joins"
    }


def clusters_of(world: World, judgements: Iterable[Judgement] = ()) -> tuple[Cluster, ...]:
    profiles = {tip: said.profile for tip, said in world.items()}
    return cluster(world, shared_of(world), profiles, present(newest_judgements(judgements), world), model=SMALL)


def present(newest: Mapping[Pair, Judgement], tips: Iterable[UUID]) -> dict[Pair, Judgement]:
    known = set(tips)
    return {pair: each for pair, each in newest.items() if set(pair) <= known}


def edges_of(world: World, judgements: Mapping[Pair, Judgement]) -> set[Pair]:
    """Return every pair that something ties together, the slow and obvious way."""
    tied = {pair_of(*pair) for tips in joining_of(world).values() for pair in combinations(tips, 2)}
    return tied | {pair for pair, each in present(judgements, world).items() if each.decision == "same"}


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
        self.world: dict[UUID, _Said] = {}
        self.judgements: list[Judgement] = []
        self.memberships: dict[UUID, Membership] = {}

    def take_tip(self, tip_id: UUID, said: _Said) -> None:
        changed = said.keys | self.world.get(tip_id, _Said(frozenset())).keys
        before, joined_before = shared_of(self.world), joining_of(self.world)
        self.world[tip_id] = said
        now, joining_now = shared_of(self.world), joining_of(self.world)
        touched = {tip_id}
        for key in changed:
            touched |= joined_before.get(key, frozenset()) | joining_now.get(key, frozenset())
            if key in before or key in now:
                touched |= self._holders_in_one_component(key)
        for pair in newest_judgements(self.judgements):
            if tip_id in pair:
                touched |= set(pair) & self.world.keys()
        self._recompute(touched)

    def take_judgement(self, judgement: Judgement) -> None:
        self.judgements.append(judgement)
        self._recompute({judgement.left_tip_id, judgement.right_tip_id} & self.world.keys())

    def _holders_in_one_component(self, key: Key) -> set[UUID]:
        holders = [tip for tip, said in self.world.items() if key in said.keys and tip in self.memberships]
        at = {tip: self.memberships[tip].component_id for tip in holders}
        return {tip for tip in holders if list(at.values()).count(at[tip]) > 1}

    def _recompute(self, touched: set[UUID]) -> None:
        components = {self.memberships[tip].component_id for tip in touched if tip in self.memberships}
        loaded = touched | {tip for tip, at in self.memberships.items() if at.component_id in components}
        found = cluster(
            loaded,
            shared_among(loaded, shared_of(self.world)),
            {tip: self.world[tip].profile for tip in loaded},
            present(newest_judgements(self.judgements), loaded),
            model=SMALL,
        )
        for move in moves(found, self.memberships):
            self.memberships[move.tip_id] = move.now


@given(worlds, judgement_lists())
def test_clusters_partition_the_tips_and_keep_different_ones_apart(world: World, judgements: list[Judgement]) -> None:
    clusters = clusters_of(world, judgements)
    assert sorted(tip for found in clusters for tip in found.tip_ids) == sorted(world)
    newest = newest_judgements(judgements)
    for found in clusters:
        for pair in combinations(found.tip_ids, 2):
            assert pair not in newest or newest[pair].decision != "different"


@given(worlds, judgement_lists())
def test_who_is_judged_the_same_is_together_unless_other_judgements_contradict(
    world: World, judgements: list[Judgement]
) -> None:
    newest = present(newest_judgements(judgements), world)
    same = [pair for pair, each in newest.items() if each.decision == "same"]
    different = [pair for pair, each in newest.items() if each.decision == "different"]
    clusters = sets_of(clusters_of(world, judgements))
    for tips in components_of(world, same):
        if not any(set(pair) <= tips for pair in different):
            assert any(tips <= together for together in clusters)


@given(worlds, judgement_lists())
def test_a_component_is_what_joining_values_and_same_judgements_connect(
    world: World, judgements: list[Judgement]
) -> None:
    found = clusters_of(world, judgements)
    ids = {each.component_id for each in found}
    together = {frozenset(tip for each in found if each.component_id == at for tip in each.tip_ids) for at in ids}
    assert together == components_of(world, edges_of(world, newest_judgements(judgements)))
    assert ids == {min(tips) for tips in together}


@given(worlds, judgement_lists())
def test_a_cluster_holds_together_by_itself(world: World, judgements: list[Judgement]) -> None:
    edges = edges_of(world, newest_judgements(judgements))
    for tips in sets_of(clusters_of(world, judgements)):
        assert components_of(tips, {pair for pair in edges if set(pair) <= tips}) == {tips}


@given(worlds, judgement_lists())
def test_related_tips_are_those_an_edge_ties_to_another_cluster(world: World, judgements: list[Judgement]) -> None:
    newest = newest_judgements(judgements)
    edges = {pair for pair in edges_of(world, newest) if pair not in newest or newest[pair].decision != "different"}
    for found in clusters_of(world, judgements):
        inside = set(found.tip_ids)
        tied = {tip for pair in edges if len(inside & set(pair)) == 1 for tip in set(pair) - inside}
        assert found.related == tuple(sorted(tied))


@given(worlds, judgement_lists(), st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(world: World, judgements: list[Judgement], chance: Random) -> None:
    shared, newest = shared_of(world), present(newest_judgements(shuffled(judgements, chance)), world)
    found = cluster(
        shuffled(world, chance),
        {key: replace(shared[key], tip_ids=shuffled(shared[key].tip_ids, chance)) for key in shuffled(shared, chance)},
        {tip: world[tip].profile for tip in shuffled(world, chance)},
        {pair: newest[pair] for pair in shuffled(newest, chance)},
        model=SMALL,
    )
    assert found == clusters_of(world, judgements)


@given(worlds, judgement_lists(), st.permutations(TIPS))
def test_who_was_posted_first_names_a_cluster_and_decides_nothing(
    world: World, judgements: list[Judgement], order: list[UUID]
) -> None:
    """Tips of the same references, posted in another order: other ids, of which the last part stays."""
    anew = {tip: tip_id_of(other, "police", str(tip)) for tip, other in zip(TIPS, order, strict=True)}
    before = {tip: tip_id_of(tip, "police", str(tip)) for tip in TIPS}
    first, second = (
        clusters_of({ids[tip]: said for tip, said in world.items()}, [_judged_of(each, ids) for each in judgements])
        for ids in (before, anew)
    )
    again = {anew[tip]: before[tip] for tip in TIPS}
    assert sets_of(first) == {frozenset(map(again.__getitem__, tips)) for tips in sets_of(second)}


def _judged_of(judgement: Judgement, ids: Mapping[UUID, UUID]) -> Judgement:
    left, right = judgement.left_tip_id, judgement.right_tip_id
    return replace(judgement, left_tip_id=ids[left], right_tip_id=ids[right])


@given(worlds, judgement_lists())
def test_a_component_is_clustered_the_same_alone_and_among_others(world: World, judgements: list[Judgement]) -> None:
    clusters = clusters_of(world, judgements)
    shared, newest = shared_of(world), newest_judgements(judgements)
    apart: set[Cluster] = set()
    for component in {found.component_id for found in clusters}:
        tips = {tip for found in clusters if found.component_id == component for tip in found.tip_ids}
        profiles = {tip: world[tip].profile for tip in tips}
        apart |= set(cluster(tips, shared_among(tips, shared), profiles, present(newest, tips), model=SMALL))
    assert apart == set(clusters)


def test_who_tells_a_kind_of_value_does_not_hang_on_other_components_at_hand() -> None:
    """A number that one of two tells weighs less when the other tells another; not when a stranger tells that too."""
    email, phone, extension = Key("email", "email0"), Key("phone", "phone0"), Key("extension", "extension0")
    alone = {
        TIPS[0]: _Said(frozenset({email, phone})),
        TIPS[1]: _Said(frozenset({email, extension})),
        TIPS[2]: _Said(frozenset({phone})),
    }
    stranger = {TIPS[3]: _Said(frozenset({extension}))}
    assert sets_of(clusters_of(alone)) == {frozenset(alone)}
    assert sets_of(clusters_of(alone | stranger)) == {frozenset(alone), frozenset(stranger)}


@given(
    st.lists(st.tuples(st.sampled_from(TIPS), sayings), min_size=1, max_size=16),
    judgement_lists(),
    st.randoms(use_true_random=False),
)
def test_arrivals_amendments_and_judgements_in_any_order_end_the_same(
    arrivals: list[tuple[UUID, _Said]], judgements: list[Judgement], chance: Random
) -> None:
    desk = _Desk()
    for tip_id, said in arrivals:
        desk.take_tip(tip_id, said)
    for judgement in judgements:
        desk.take_judgement(judgement)
    final = dict(arrivals)

    others = _Desk()
    steps: list[Judgement | tuple[UUID, _Said]] = [*final.items(), *judgements]
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
    desk, said = _Desk(), _Said(frozenset({Key("email", "email0")}))
    for tip in TIPS[:4]:
        desk.take_tip(tip, said)
    assert len({at.cluster_id for at in desk.memberships.values()}) == 1
    desk.take_tip(TIPS[4], said)
    assert len({at.cluster_id for at in desk.memberships.values()}) == 5
    desk.take_tip(TIPS[1], _Said(frozenset()))
    assert len({at.cluster_id for at in desk.memberships.values()}) == 2


def test_a_clustering_leaves_nothing_behind_that_only_the_collector_finds() -> None:
    """A worker looks for circles in memory seldom: with one in each region, it would hold many regions at a time."""
    shared = {KEYS[0]: Shared(frozenset(TIPS[:3]), 0.97), KEYS[1]: Shared(frozenset(TIPS[2:4]), 0.97)}
    gc.collect()
    gc.disable()
    try:
        cluster(TIPS, shared, {}, {}, model=SMALL)
        assert gc.collect() == 0
    finally:
        gc.enable()
