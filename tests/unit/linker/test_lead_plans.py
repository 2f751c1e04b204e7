"""Leads follow their anchor: opened, merged, split, closed and reopened as clusters and decisions change.

`_Registry` keeps leads as the store does and replans on each change. The property walks random histories of
partitions, decisions, holds and referrals over six tips and checks after each step what must always hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.cluster import Cluster, Membership, derived_id
from services.linker.domain.evidence import Key
from services.linker.domain.facts import Decision, TipFacts
from services.linker.domain.lead import Lead, LeadChange, plan_leads
from services.linker.domain.priority import Tier
from services.linker.domain.snapshot import Hold, LeadSnapshot, Priority

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A, B, C, D, E, F = TIPS = [UUID(f"0195{number:04x}-0000-7000-8000-{number:012x}") for number in range(6)]


def clusters_of(*groups: Sequence[UUID]) -> list[Cluster]:
    return [
        Cluster(derived_id("cluster", min(group)), min(min(each) for each in groups), tuple(sorted(group)))
        for group in groups
    ]


def facts(tip_id: UUID, decision: Decision | None) -> TipFacts:
    return TipFacts(tip_id, 1, "ncmec", f"CT-{tip_id.hex[-2:]}", NOW, "possession", decision=decision)


class _Registry:
    """The leads as the store keeps them, one day passing with each change."""

    def __init__(self) -> None:
        self.leads: dict[UUID, Lead] = {}
        self.snapshots: dict[UUID, LeadSnapshot] = {}
        self.memberships: dict[UUID, Membership] = {}
        self.clusters: list[Cluster] = []
        self.decisions: dict[UUID, Decision | None] = {}
        self.holds: dict[UUID, Hold] = {}
        """By the lead's anchor."""
        self.now = NOW

    def becomes(
        self, *groups: Sequence[UUID], actionable: Sequence[UUID] = (), rejected: Sequence[UUID] = ()
    ) -> dict[UUID, LeadChange]:
        self.clusters = clusters_of(*groups)
        self.decisions = {
            tip: "actionable" if tip in actionable else "not_actionable" for tip in (*rejected, *actionable)
        }
        return self.replan()

    def replan(self) -> dict[UUID, LeadChange]:
        """Return the changes by anchor."""
        self.now += timedelta(days=1)
        tips = {tip: facts(tip, self.decisions.get(tip)) for each in self.clusters for tip in each.tip_ids}
        leads = list(self.leads.values())
        holds = {
            each.cluster_id: self.holds[tip] for each in self.clusters for tip in each.tip_ids if tip in self.holds
        }
        changes = plan_leads(self.clusters, tips, leads, previous=self.memberships, holds=holds, now=self.now)
        reverse = plan_leads(
            self.clusters[::-1], tips, leads[::-1], previous=self.memberships, holds=holds, now=self.now
        )
        assert reverse == changes
        for change in changes:
            before = self.leads.get(change.lead.lead_id)
            assert change.lead.version == change.snapshot.version == (before.version if before else 0) + 1
            self.leads[change.lead.lead_id] = change.lead
            self.snapshots[change.lead.lead_id] = change.snapshot
        assert len({change.lead.lead_id for change in changes}) == len(changes)
        for each in self.clusters:
            for tip in each.tip_ids:
                self.memberships[tip] = Membership(each.cluster_id, each.component_id)
        return {change.lead.anchor_tip_id: change for change in changes}

    def lead(self, anchor: UUID) -> Lead:
        return next(lead for lead in self.leads.values() if lead.anchor_tip_id == anchor)

    def snapshot(self, anchor: UUID) -> LeadSnapshot:
        return self.snapshots[self.lead(anchor).lead_id]

    def amend(self, anchor: UUID, **values: object) -> None:
        lead = self.lead(anchor)
        self.leads[lead.lead_id] = replace(lead, **values)  # type: ignore[arg-type]  # named by the tests below


def kinds(changes: Mapping[UUID, LeadChange]) -> dict[UUID, str]:
    return {anchor: change.kind for anchor, change in changes.items()}


def test_a_cluster_gets_a_lead_with_its_first_actionable_tip_and_only_then() -> None:
    registry = _Registry()
    assert registry.becomes([A, B], [C], rejected=[C]) == {}
    assert kinds(registry.becomes([A, B], [C], actionable=[B], rejected=[C])) == {B: "opened"}
    snapshot = registry.snapshot(B)
    assert [(tip.tip_id, tip.is_actionable) for tip in snapshot.tips] == [(A, False), (B, True)]
    assert (snapshot.version, snapshot.state, snapshot.split_from) == (1, "open", None)


def test_nothing_is_published_when_nothing_changed() -> None:
    registry = _Registry()
    registry.becomes([A, B], [C], actionable=[A, C])
    assert registry.replan() == {}


def test_a_lead_is_updated_when_a_tip_joins_and_keeps_its_id_under_an_older_tip() -> None:
    registry = _Registry()
    registry.becomes([B], actionable=[B])
    assert kinds(registry.becomes([A, B], actionable=[B])) == {B: "updated"}
    assert registry.snapshot(B).tip_count == 2
    assert registry.snapshot(B).cluster_id == derived_id("cluster", A)


def test_of_two_leads_that_meet_the_one_opened_first_stands() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[B])
    registry.becomes([A], [B], actionable=[A, B])
    assert kinds(registry.becomes([A, B], actionable=[A, B])) == {B: "updated", A: "merged"}
    assert registry.snapshot(B).aliases == (registry.lead(A).lead_id,)
    assert registry.snapshot(A).merged_into == registry.lead(B).lead_id
    assert (registry.snapshot(A).state, registry.snapshot(A).tips) == ("closed", ())


def test_of_two_leads_opened_at_once_the_older_tips_stands() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[A, B])
    assert kinds(registry.becomes([A, B], actionable=[A, B])) == {A: "updated", B: "merged"}


def test_an_absorbed_lead_stays_silent_until_the_lead_it_went_into_is_absorbed_itself() -> None:
    registry = _Registry()
    registry.becomes([C], actionable=[C])
    registry.becomes([B], [C], actionable=[B, C])
    registry.becomes([A], [B], [C], actionable=[A, B, C])
    registry.becomes([A, B], [C], actionable=[A, B, C])
    assert kinds(registry.becomes([A, B, D], [C], actionable=[A, B, C])) == {B: "updated"}
    assert kinds(registry.becomes([A, B, C, D], actionable=[A, B, C])) == {
        C: "updated",
        B: "merged",
        A: "merged",
    }
    assert registry.snapshot(C).aliases == (registry.lead(B).lead_id, registry.lead(A).lead_id)


def test_a_new_name_of_the_cluster_is_no_news_of_an_absorbed_lead() -> None:
    registry = _Registry()
    registry.becomes([B], [C], actionable=[B, C])
    registry.becomes([B, C], actionable=[B, C])
    assert kinds(registry.becomes([A, B, C], actionable=[B, C])) == {B: "updated"}


def test_an_absorbed_lead_loses_its_hold_and_where_it_split_from() -> None:
    registry = _Registry()
    registry.becomes([A, B], actionable=[A, B])
    registry.becomes([A], [B], actionable=[A, B])
    registry.holds = {B: Hold("many_tips")}
    registry.replan()
    assert registry.snapshot(B).state == "held"
    registry.holds = {}
    registry.becomes([A, B], actionable=[A, B])
    assert (registry.snapshot(B).held_by, registry.snapshot(B).split_from) == (None, None)


def test_a_split_leaves_the_lead_with_its_anchor_and_opens_one_for_the_other_part() -> None:
    registry = _Registry()
    registry.becomes([A, B, C], actionable=[A, C])
    assert kinds(registry.becomes([A], [B, C], actionable=[A, C])) == {A: "updated", C: "opened"}
    assert registry.snapshot(C).split_from == registry.lead(A).lead_id
    assert kinds(registry.becomes([A], [B, C, D], actionable=[A, C])) == {C: "updated"}
    assert registry.snapshot(C).split_from == registry.lead(A).lead_id


def test_a_part_without_an_actionable_tip_gets_no_lead() -> None:
    registry = _Registry()
    registry.becomes([A, B], actionable=[A])
    assert kinds(registry.becomes([A], [B], actionable=[A])) == {A: "updated"}


def test_leads_that_merged_come_back_under_their_ids_when_their_tips_part_again() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[A, B])
    first = {tip: registry.lead(tip).lead_id for tip in (A, B)}
    registry.becomes([A, B], actionable=[A, B])
    assert kinds(registry.becomes([A], [B], actionable=[A, B])) == {A: "updated", B: "reopened"}
    assert {tip: registry.lead(tip).lead_id for tip in (A, B)} == first
    assert registry.snapshot(B).split_from == first[A]
    assert registry.snapshot(B).merged_into is None
    assert registry.snapshot(A).aliases == ()
    assert len(registry.leads) == 2


def test_an_absorbed_lead_whose_part_has_no_actionable_tip_left_is_closed_by_itself() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[A, B])
    registry.becomes([A, B], actionable=[A, B])
    assert kinds(registry.becomes([A], [B], actionable=[A], rejected=[B])) == {A: "updated", B: "closed"}
    assert registry.snapshot(B).merged_into is None


def test_a_lead_closes_without_an_actionable_tip_and_reopens_with_one() -> None:
    registry = _Registry()
    registry.becomes([A, B], actionable=[A])
    assert kinds(registry.becomes([A, B], rejected=[A])) == {A: "closed"}
    assert kinds(registry.becomes([A, B], actionable=[B], rejected=[A])) == {A: "reopened"}
    assert registry.snapshot(A).state == "open"


def test_a_closed_lead_gives_way_to_a_younger_live_one() -> None:
    registry = _Registry()
    registry.becomes([A], actionable=[A])
    registry.becomes([A], [B], actionable=[B], rejected=[A])
    assert kinds(registry.becomes([A, B], actionable=[B], rejected=[A])) == {A: "merged", B: "updated"}
    assert registry.replan() == {}


def test_a_hold_a_referral_and_its_end_show_in_the_state() -> None:
    registry = _Registry()
    registry.becomes([A], actionable=[A])
    registry.holds = {A: Hold("weak_bridge", Key("email", "a@example.org"))}
    assert kinds(registry.replan()) == {A: "updated"}
    assert registry.snapshot(A).state == "held"
    registry.amend(A, is_referred=True)
    assert registry.replan() == {}
    registry.holds = {}
    registry.replan()
    assert registry.snapshot(A).state == "referred"
    registry.amend(A, is_referred=False)
    registry.replan()
    assert registry.snapshot(A).state == "open"
    assert registry.lead(A).version == 4


def test_a_lead_whose_tips_its_office_dealt_with_is_closed_until_another_is_actionable() -> None:
    registry = _Registry()
    registry.becomes([A, B], actionable=[A])
    registry.amend(A, concluded=frozenset({A, B}))
    assert kinds(registry.replan()) == {A: "closed"}
    assert kinds(registry.becomes([A, B, C], actionable=[A, B])) == {A: "updated"}
    assert registry.snapshot(A).state == "closed"
    assert kinds(registry.becomes([A, B, C], actionable=[A, B, C])) == {A: "reopened"}
    assert registry.snapshot(A).state == "open"


def test_what_an_office_dealt_with_stays_so_when_its_lead_is_absorbed() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[A])
    registry.becomes([A], [B], actionable=[A, B])
    registry.amend(A, concluded=frozenset({A}))
    registry.amend(B, concluded=frozenset({B}))
    registry.replan()
    registry.becomes([A, B], actionable=[A, B])
    assert registry.snapshot(A).state == "closed"
    assert registry.lead(B).merged_into == registry.lead(A).lead_id


def test_a_tier_set_by_hand_stands_over_what_the_tips_say() -> None:
    registry = _Registry()
    registry.becomes([A], actionable=[A])
    registry.amend(A, priority=Priority("T0", "seen on a stream", "T4"))
    assert kinds(registry.replan()) == {A: "updated"}
    snapshot = registry.snapshot(A)
    assert (snapshot.tier, snapshot.priority_reason) == ("T0", "seen on a stream")
    assert [(each.factor, each.source_tip_id) for each in snapshot.factors] == [
        ("manual", None),
        ("incident_possession", A),
    ]
    registry.amend(A, priority=Priority("T0", "seen twice", "T4"))
    assert kinds(registry.replan()) == {A: "updated"}
    registry.amend(A, priority=None)
    registry.replan()
    assert (registry.snapshot(A).tier, registry.snapshot(A).priority_reason) == ("T4", None)


@pytest.mark.parametrize(
    ("chosen", "over", "own", "tier"),
    [
        ("T4", "T2", "T2", "T4"),
        ("T4", "T2", "T3", "T4"),
        ("T4", "T2", "T0", "T0"),
        ("T1", "T3", "T2", "T1"),
        ("T1", "T3", "T0", "T0"),
        ("T4", "T0", "T0", "T4"),
    ],
)
def test_a_tier_set_by_hand_gives_way_to_what_is_more_urgent_than_was_known(
    chosen: Tier, over: Tier, own: Tier, tier: Tier
) -> None:
    assert Priority(chosen, "by what was known", over).tier_with(own) == tier


def test_a_component_without_a_leads_anchor_is_refused() -> None:
    registry = _Registry()
    registry.becomes([A], [B], actionable=[A])
    with pytest.raises(ValueError, match="not whole"):
        registry.becomes([B])


steps = st.lists(
    st.tuples(
        st.lists(st.integers(0, 3), min_size=6, max_size=6),
        st.lists(st.sampled_from([None, "actionable", "not_actionable"]), min_size=6, max_size=6),
        st.randoms(use_true_random=False),
    ),
    min_size=1,
    max_size=7,
)


@given(steps)
def test_whatever_happens_each_actionable_cluster_has_exactly_one_live_lead(
    history: list[tuple[list[int], list[Decision | None], Random]],
) -> None:
    registry = _Registry()
    for labels, decisions, chance in history:
        for lead in registry.leads.values():
            registry.amend(
                lead.anchor_tip_id,
                is_referred=chance.random() < 0.4,
            )
        registry.holds = {tip: Hold("many_tips") for tip in TIPS if chance.random() < 0.2}
        groups = [[tip for tip, at in zip(TIPS, labels, strict=True) if at == label] for label in set(labels)]
        decided = dict(zip(TIPS, decisions, strict=True))
        registry.becomes(
            *groups,
            actionable=[tip for tip in TIPS if decided[tip] == "actionable"],
            rejected=[tip for tip in TIPS if decided[tip] == "not_actionable"],
        )
        _assert_consistent(registry)
        assert registry.replan() == {}


def _assert_consistent(registry: _Registry) -> None:
    for each in registry.clusters:
        anchored = [lead for lead in registry.leads.values() if lead.anchor_tip_id in each.tip_ids]
        standing = [lead for lead in anchored if lead.merged_into is None]
        is_alive = any(registry.decisions.get(tip) == "actionable" for tip in each.tip_ids)
        assert len(standing) == (1 if anchored else 0)
        assert not is_alive or anchored
        for lead in standing:
            snapshot = registry.snapshots[lead.lead_id]
            assert (lead.state != "closed") == is_alive
            assert lead.cluster_id == each.cluster_id
            assert [tip.tip_id for tip in snapshot.tips] == list(each.tip_ids)
            assert set(snapshot.aliases) == {other.lead_id for other in anchored} - {lead.lead_id}
            assert all(other.merged_into == lead.lead_id for other in anchored if other is not lead)
    for lead in registry.leads.values():
        snapshot = registry.snapshots[lead.lead_id]
        assert (snapshot.version, snapshot.state) == (lead.version, lead.state)
        assert (snapshot.merged_into, snapshot.split_from) == (lead.merged_into, lead.split_from)
        assert lead.split_from != lead.lead_id
