"""What makes a cluster and what does not, by hand-made cases: evidence, descriptions, judgements, ids and moves.

That clusters are a function of the set is shown in `test_cluster_properties.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.linker.domain.cluster import (
    Cluster,
    Judgement,
    Shared,
    cluster,
    derived_id,
    moves,
    newest_judgements,
    pair_of,
)
from services.linker.domain.evidence import Key
from services.linker.domain.model import Learned, Model, Rates, odds_bits
from services.linker.domain.profile import Profile
from services.linker.domain.rules import RULES
from tests.depth import deep

START = datetime(2026, 3, 1, tzinfo=UTC)
TIPS = [UUID(f"0195{number:04x}-0000-7000-8000-{7919 * (9 - number):012x}") for number in range(9)]
REAL = Model()
LEARNED = Model(Learned(kinds=((("url", 0, 3, 2), 0.5, 0.35),)))
"""As if something was learned of a kind that no test here is about."""
WEAK_TYPES = ("ip", "ip_net", "sha256", "sha1", "md5")
JOE, MILA = Profile((("dark", "joe"),), ("1980-02-13",)), Profile((("mila", "weiss"),), ("1991-11-30",))
A, B, C, D = TIPS[:4]
EMAIL, PHONE, DEVICE = Key("email", "dark@example.org"), Key("phone", "+12125550100"), Key("device", "d1", "imei")


def sets_of(clusters: Iterable[Cluster]) -> set[frozenset[UUID]]:
    return {frozenset(found.tip_ids) for found in clusters}


def sets_by(
    shared: Mapping[Key, Shared],
    profiles: Mapping[UUID, Profile] | None = None,
    judgements: Iterable[Judgement] = (),
    *,
    tips: Iterable[UUID] = (),
    model: Model = REAL,
) -> set[frozenset[UUID]]:
    """Return the clusters of the holders of some values, and of other tips, as sets."""
    known = {tip for value in shared.values() for tip in value.tip_ids} | set(tips)
    return sets_of(cluster(known, shared, profiles or {}, newest_judgements(judgements), model=model))


def alone(*tips: UUID) -> set[frozenset[UUID]]:
    return {frozenset({tip}) for tip in tips}


def test_two_tips_with_a_reliable_value_are_one_cluster_and_with_a_doubtful_one_are_related() -> None:
    assert sets_by({EMAIL: Shared([A, B], 0.9)}) == {frozenset({A, B})}
    found = cluster([A, B], {EMAIL: Shared([A, B], 0.55)}, {}, {}, model=REAL)
    assert [(each.tip_ids, each.related) for each in found] == [((A,), (B,)), ((B,), (A,))]


def test_however_much_a_household_shares_two_who_are_described_otherwise_stay_two() -> None:
    home = {EMAIL: 0.97, PHONE: 0.97, DEVICE: 0.97, Key("address", "1 main st springfield"): 0.97}
    shared = {key: Shared([A, B], reliability) for key, reliability in home.items()}
    truthful = Model(replace(LEARNED.learned, births=Rates(0.97, 0.001), names=Rates(0.97, 0.002), pair_bits=0.0))
    assert sets_by(shared, {A: JOE}, model=truthful) == {frozenset({A, B})}
    assert sets_by(shared, {A: JOE, B: MILA}, model=truthful) == alone(A, B)


@pytest.mark.parametrize(("email", "phone", "together"), [(0.97, 0.9, {A, B}), (0.9, 0.97, {A, C})])
def test_the_surest_pair_goes_first(email: float, phone: float, together: set[UUID]) -> None:
    shared = {EMAIL: Shared([A, B], email), PHONE: Shared([A, C], phone)}
    expected = {frozenset(together), frozenset({A, B, C} - together)}
    apart = Judgement(UUID(int=1), B, C, "different", START)
    assert sets_by(shared, judgements=[apart]) == expected
    # What A leaves open, its surest partner tells: the other, born on another day, is kept out.
    assert sets_by(shared, {B: Profile(births=JOE.births), C: Profile(births=MILA.births)}) == expected


@pytest.mark.parametrize("key_type", WEAK_TYPES)
def test_a_weak_kind_never_joins_by_itself_however_reliable(key_type: str) -> None:
    one, other = Shared([A, B], 0.98), Shared([A, B], 0.98)
    shared = {Key(key_type, "one"): one, Key(key_type, "other"): other}
    found = cluster([A, B], shared, {A: JOE, B: JOE}, {}, model=REAL)
    assert sets_of(found) == alone(A, B)
    assert [(each.component_id, each.related) for each in found] == [(A, ()), (B, ())]


def test_all_weak_kinds_together_join_nobody() -> None:
    assert sets_by({Key(kind, "v"): Shared([A, B], 0.98) for kind in WEAK_TYPES}, {A: JOE, B: JOE}) == alone(A, B)


def test_a_weak_kind_supports_a_value_that_falls_short() -> None:
    short = {PHONE: Shared([A, B], 0.55)}
    assert sets_by(short) == alone(A, B)
    assert sets_by({**short, Key("ip", "203.0.113.9 1"): Shared([A, B], 0.3)}) == {frozenset({A, B})}


def test_names_and_birth_dates_alone_never_join() -> None:
    assert sets_by({}, dict.fromkeys(TIPS, JOE), tips=TIPS) == alone(*TIPS)


def test_names_and_birth_dates_support_a_value_that_falls_short() -> None:
    short = {PHONE: Shared([A, B], 0.55)}
    assert sets_by(short, {A: JOE, B: JOE}) == {frozenset({A, B})}
    assert sets_by(short, {A: JOE, B: MILA}) == alone(A, B)


def test_two_people_of_one_household_with_one_mailbox_are_parted_by_their_birth_dates() -> None:
    mailbox, phone = {EMAIL: Shared([A, B, C, D], 0.94)}, {PHONE: Shared([A, B], 0.94), DEVICE: Shared([C, D], 0.94)}
    father, son = Profile(births=("1961-05-17",)), Profile(births=("1992-10-28",))
    said = {A: father, B: father, C: son, D: son}
    assert sets_by(mailbox) == {frozenset({A, B, C, D})}
    assert sets_by(mailbox, said) == {frozenset({A, B}), frozenset({C, D})}
    assert sets_by(mailbox | phone, said) == {frozenset({A, B}), frozenset({C, D})}


def test_a_value_that_does_not_join_makes_no_component() -> None:
    least = RULES.joining_min[0]
    below = cluster([A, B], {EMAIL: Shared([A, B], 0.9, joins=False)}, {A: JOE, B: JOE}, {}, model=REAL)
    assert [(each.tip_ids, each.component_id, each.related) for each in below] == [((A,), A, ()), ((B,), B, ())]
    at = cluster([A, B], {EMAIL: Shared([A, B], least)}, {}, {}, model=REAL)
    assert [(each.tip_ids, each.component_id, each.related) for each in at] == [((A,), A, (B,)), ((B,), A, (A,))]


def test_of_one_group_the_best_value_counts_and_another_group_counts_besides() -> None:
    one, other = Key("email", "dark@example.org"), Key("username", "dark", "chatb")
    assert sets_by({one: Shared([A, B], 0.55), other: Shared([A, B], 0.55)}) == alone(A, B)
    assert sets_by({one: Shared([A, B], 0.55), PHONE: Shared([A, B], 0.55)}) == {frozenset({A, B})}


def test_clusters_are_compared_as_wholes() -> None:
    # A and B alone fall short; what A shares with C decides once B and C are together.
    shared = {PHONE: Shared([A, B], 0.55), EMAIL: Shared([B, C], 0.95), Key("ip", "203.0.113.9 1"): Shared([A, C], 0.3)}
    assert sets_by(shared) == {frozenset({A, B, C})}
    assert sets_by({PHONE: shared[PHONE], EMAIL: shared[EMAIL]}) == {frozenset({A}), frozenset({B, C})}


def test_a_pair_that_fell_short_is_looked_at_again_when_its_clusters_have_grown() -> None:
    # A and B come before B and C; only when B is with C and D does what A shares with D count.
    shared = {
        EMAIL: Shared([C, D], 0.95),
        PHONE: Shared([A, B], 0.55),
        DEVICE: Shared([B, C], 0.55),
        Key("ip", "203.0.113.9 1"): Shared([A, D], 0.3),
        Key("ip", "203.0.113.9 2"): Shared([B, D], 0.3),
    }
    assert sets_by(shared) == {frozenset({A, B, C, D})}


@pytest.mark.parametrize(
    ("left", "right", "joined"), [(1, 1, True), (1, 4, True), (4, 1, True), (2, 2, False), (4, 4, False)]
)
def test_the_larger_the_smaller_of_two_clusters_is_the_more_it_takes(left: int, right: int, joined: bool) -> None:
    one, other = TIPS[:left], TIPS[4 : 4 + right]
    groups = {Key("email", f"{tips[0]}@example.org"): Shared(tips, 0.97) for tips in (one, other) if len(tips) > 1}
    bridge = {PHONE: Shared([one[0], other[-1]], 0.8)}
    expected = {frozenset([*one, *other])} if joined else {frozenset(one), frozenset(other)}
    assert sets_by(groups | bridge, model=LEARNED) == expected
    second = {DEVICE: Shared([one[-1], other[0]], 0.9)}
    assert sets_by(groups | bridge | second, model=LEARNED) == {frozenset([*one, *other])}


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        (Key("email", "d4rk.lord@example.org"), False),
        (Key("handle_family", "darklord"), False),
        (Key("username", "xDarkLord_99", "y"), False),
        (Key("username", "sunny", "x"), True),
        (Key("email", "sunny@example.org"), True),
    ],
)
def test_handles_of_one_making_are_one_piece_of_evidence_and_of_two_makings_two(second: Key, joined: bool) -> None:
    one, other = TIPS[:4], TIPS[4:8]
    groups = {Key("phone", f"+1212555010{tips[0].int % 10}"): Shared(tips, 0.97) for tips in (one, other)}
    first = {Key("username", "darklord77", "x"): Shared([one[0], other[-1]], 0.94)}
    apart, together = {frozenset(one), frozenset(other)}, {frozenset([*one, *other])}
    assert sets_by(groups | first, model=LEARNED) == apart
    both = groups | first | {second: Shared([one[-1], other[0]], 0.9)}
    assert sets_by(both, model=LEARNED) == (together if joined else apart)


def test_before_anything_is_learned_one_identifier_joins_two_groups() -> None:
    """There are few tips then, and no reason to think that strangers share it."""
    one, other = TIPS[:4], TIPS[4:8]
    groups = {Key("email", f"{tips[0]}@example.org"): Shared(tips, 0.97) for tips in (one, other)}
    assert sets_by(groups | {PHONE: Shared([one[0], other[-1]], 0.85)}) == {frozenset([*one, *other])}


@settings(max_examples=deep(20), deadline=None)
@given(st.permutations(range(100)), st.sampled_from([0.75, 0.8, 0.82]))
def test_a_chain_of_likely_links_does_not_run_away(order: list[int], reliability: float) -> None:
    ids = [UUID(f"0195{number:04x}-0000-7000-8000-{number:012x}") for number in order]
    links = {Key("phone", f"+1212555{place:04}"): Shared(pair, reliability) for place, pair in enumerate(pairwise(ids))}
    # Beyond this size, growth asks for more than one such value says.
    largest = RULES.grown * 2 ** ((odds_bits(reliability) - RULES.pair_bits_unlearned) / RULES.growth_bits)
    assert max(map(len, sets_by(links))) <= largest < 75


@pytest.mark.parametrize("others", [True, False])
def test_a_phone_told_once_among_many_that_tell_another_joins_no_lone_tip(*, others: bool) -> None:
    """Where nobody tells another it does: then it is simply not told."""
    *many, lone = TIPS
    shared = {EMAIL: Shared(many, 0.97), PHONE: Shared([many[0], lone], 0.85)}
    if others:
        shared[Key("phone", "+12125550199")] = Shared(many[1:], 0.85)
    found = sets_by(shared, model=LEARNED)
    assert found == ({frozenset(many), frozenset({lone})} if others else {frozenset(TIPS)})


def test_many_tips_with_one_reliable_value_are_one_cluster() -> None:
    ids = [UUID(f"0195{number:04x}-0000-7000-8000-{number:012x}") for number in range(60)]
    assert sets_by({EMAIL: Shared(ids, 0.97)}) == {frozenset(ids)}


@pytest.mark.parametrize("number", [2, 10, 60])
def test_a_reliable_value_joins_its_tips_though_nothing_else_does(number: int) -> None:
    ids = [UUID(f"0195{place:04x}-0000-7000-8000-{place:012x}") for place in range(number)]
    assert sets_by({EMAIL: Shared(ids, 0.97)}, model=LEARNED) == {frozenset(ids)}


def test_the_more_clusters_hold_a_hint_that_nothing_else_joins_the_less_it_joins() -> None:
    hint, two, five = Key("handle", "dark77"), TIPS[:2], TIPS[:5]
    assert sets_by({hint: Shared(two, 0.85)}, model=LEARNED) == {frozenset(two)}
    assert sets_by({hint: Shared(five, 0.85)}, model=LEARNED) == alone(*five)
    # Where other values have brought the others together, two are left that it can mean.
    others = {EMAIL: Shared(five[1:], 0.97)}
    assert sets_by({hint: Shared(five, 0.85), **others}, model=LEARNED) == {frozenset(five)}
    # Before anything is learned, there are few tips that something else could have joined.
    assert sets_by({hint: Shared(five, 0.85)}) == {frozenset(five)}


def test_a_tip_goes_with_the_first_of_the_values_holders_that_takes_it() -> None:
    apart = [
        Judgement(UUID(int=1), A, B, "different", START),
        Judgement(UUID(int=2), B, C, "different", START),
        Judgement(UUID(int=3), C, D, "different", START),
    ]
    assert sets_by({EMAIL: Shared([A, B, C, D], 0.95)}, judgements=apart) == {frozenset({A, C}), frozenset({B, D})}


def test_a_persons_word_goes_before_all_evidence() -> None:
    strong = {EMAIL: Shared([A, B], 0.98), PHONE: Shared([A, B], 0.98), DEVICE: Shared([A, B], 0.98)}
    assert sets_by(strong, {A: JOE, B: JOE}, [Judgement(UUID(int=1), A, B, "different", START)]) == alone(A, B)
    same = Judgement(UUID(int=1), A, B, "same", START)
    assert sets_by({}, {A: JOE, B: MILA}, [same], tips=[A, B]) == {frozenset({A, B})}


def test_the_newest_judgement_of_a_pair_counts_and_a_withdrawn_one_does_not() -> None:
    shared = {EMAIL: Shared([A, B], 0.95)}
    first = Judgement(UUID(int=1), A, B, "different", START)
    second = Judgement(UUID(int=2), B, A, "same", START + timedelta(days=1))
    withdrawn = Judgement(UUID(int=2), B, A, "same", START + timedelta(days=1), is_withdrawn=True)
    unsure = Judgement(UUID(int=3), B, A, "unsure", START + timedelta(days=2))
    assert sets_by(shared, judgements=[first]) == alone(A, B)
    assert sets_by(shared, judgements=[second, first]) == {frozenset({A, B})}
    assert sets_by(shared, judgements=[first, withdrawn]) == alone(A, B)
    assert sets_by(shared, judgements=[unsure, first]) == {frozenset({A, B})}


def test_an_unsure_judgement_neither_joins_nor_parts() -> None:
    unsure = Judgement(UUID(int=1), A, B, "unsure", START)
    assert sets_by({}, judgements=[unsure], tips=[A, B]) == alone(A, B)
    assert sets_by({EMAIL: Shared([A, B], 0.95)}, judgements=[unsure]) == {frozenset({A, B})}


def test_of_judgements_that_contradict_one_another_the_later_same_stands() -> None:
    older, newer = (
        Judgement(UUID(int=day), TIPS[day], TIPS[day + 1], "same", START + timedelta(days=day)) for day in (0, 1)
    )
    apart = Judgement(UUID(int=9), A, C, "different", START)
    found = cluster([A, B, C], {}, {}, newest_judgements([older, newer, apart]), model=REAL)
    assert sets_of(found) == {frozenset({A}), frozenset({B, C})}
    assert found[0].related == (B,)


def test_a_judgement_with_a_tip_that_is_not_at_hand_says_nothing() -> None:
    same = Judgement(UUID(int=1), A, D, "same", START)
    (found,) = cluster([A], {}, {}, newest_judgements([same]), model=REAL)
    assert (found.tip_ids, found.related) == ((A,), ())


def test_a_cluster_keeps_its_id_while_younger_tips_join_and_no_other_has_it() -> None:
    (single,) = cluster([A], {}, {}, {}, model=REAL)
    (grown,) = cluster([A, B, C], {EMAIL: Shared([A, B, C], 0.95)}, {}, {}, model=REAL)
    assert grown.cluster_id == single.cluster_id
    assert len({derived_id("cluster", tip) for tip in TIPS}) == len(TIPS)


@given(st.sets(st.uuids(version=4), min_size=2, max_size=4))
def test_a_cluster_is_named_after_its_oldest_tip(tips: set[UUID]) -> None:
    (found,) = cluster(tips, {EMAIL: Shared(tips, 0.95)}, {}, {}, model=REAL)
    assert found == Cluster(derived_id("cluster", min(tips)), min(tips), tuple(sorted(tips)))


def test_a_derived_id_is_a_uuid_7_with_the_time_of_its_tip() -> None:
    derived = derived_id("cluster", TIPS[4])
    assert (derived.version, derived.variant) == (7, TIPS[4].variant)
    assert derived.bytes[:6] == TIPS[4].bytes[:6]
    assert derived not in (TIPS[4], derived_id("lead", TIPS[4]))


def test_a_component_that_is_not_whole_is_refused_and_one_that_a_weak_value_leaves_is_whole() -> None:
    with pytest.raises(ValueError, match="not whole"):
        cluster([A], {EMAIL: Shared([A, B], 0.95)}, {}, {}, model=REAL)
    assert (
        len(
            cluster(
                [A], {EMAIL: Shared([A, B], 0.9, joins=False), Key("ip", "v"): Shared([A, B], 0.9)}, {}, {}, model=REAL
            )
        )
        == 1
    )


def test_moves_name_only_the_tips_that_are_filed_elsewhere() -> None:
    young = cluster([B, C], {EMAIL: Shared([B, C], 0.95)}, {}, {}, model=REAL)
    filed = {move.tip_id: move.now for move in moves(young, {})}
    assert moves(young, filed) == ()
    older = cluster([A, B, C], {EMAIL: Shared([A, B, C], 0.95)}, {}, {}, model=REAL)
    moved = moves(older, filed)
    assert [move.tip_id for move in moved] == [A, B, C]
    assert [move.previous for move in moved] == [None, filed[B], filed[C]]
    assert all(move.changes_cluster and move.cluster_size == 3 for move in moved)


def test_a_tip_is_not_judged_against_itself() -> None:
    with pytest.raises(ValueError, match="two tips"):
        pair_of(A, A)
