"""Tier, factors and expiry of a lead are a function of its tips."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.facts import IncidentType, TipFacts, Urgency
from services.linker.domain.preservation import expiry_of
from services.linker.domain.priority import Factor, assess

REPORTED = datetime(2026, 3, 1, 10, tzinfo=UTC)


def uid(number: int) -> UUID:
    return UUID(f"01950000-0000-7000-8000-{number:012x}")


def tip(number: int = 1, incident: IncidentType = "possession", **urgency: Any) -> TipFacts:
    return TipFacts(
        uid(number), 1, "ncmec", f"CT-{number}", REPORTED, incident,
        urgency=Urgency(**urgency), decision="actionable",
    )  # fmt: skip


incidents = st.sampled_from(
    ["possession", "distribution", "production", "enticement", "travel", "trafficking", "other"]
)
tips = st.builds(
    TipFacts,
    st.integers(1, 30).map(uid),
    st.just(1),
    st.just("ncmec"),
    st.just("CT"),
    st.integers(-2_000, 2_000).map(lambda days: REPORTED + timedelta(days=days)),
    incidents,
    urgency=st.builds(Urgency, *[st.booleans()] * 4, st.none() | st.dates(date(2026, 1, 1)), *[st.booleans()] * 2),
    decision=st.sampled_from([None, "actionable", "not_actionable"]),
)
leads = st.lists(tips, max_size=6, unique_by=lambda each: each.tip_id)


@pytest.mark.parametrize(
    ("member", "tier", "reason"),
    [
        (tip(child_in_immediate_danger=True), "T0", "child_in_immediate_danger"),
        (tip(escalated=True), "T1", "escalated"),
        (tip(victim_identifiable=True), "T1", "victim_identifiable"),
        (tip(contact_access=True), "T1", "contact_access"),
        (tip(travel_on=date(2026, 3, 15)), "T1", "travel_within_14_days"),
        (tip(travel_on=date(2026, 2, 28)), "T1", "travel_within_14_days"),
        (tip(travel_on=date(2026, 3, 16)), "T2", "travel_planned"),
        (tip(travel_on=date(2026, 2, 27)), "T4", "incident_possession"),
        (tip(incident="production"), "T2", "incident_production"),
        (tip(incident="enticement"), "T2", "incident_enticement"),
        (tip(incident="travel"), "T2", "incident_travel"),
        (tip(incident="trafficking"), "T2", "incident_trafficking"),
        (tip(incident="distribution"), "T3", "incident_distribution"),
        (tip(incident="possession"), "T4", "incident_possession"),
        (tip(incident="other"), "T4", "incident_other"),
        (tip(incident="production", viral=True), "T4", "viral"),
        (tip(incident="distribution", informational=True), "T4", "informational"),
        (tip(incident="distribution", informational=True, escalated=True), "T1", "escalated"),
        (tip(viral=True, child_in_immediate_danger=True), "T0", "child_in_immediate_danger"),
    ],
)
def test_tier_of_one_tip_and_the_factor_it_rests_on(member: TipFacts, tier: str, reason: str) -> None:
    assessment = assess([member])
    assert assessment.tier == tier
    assert assessment.factors[0].factor == reason
    assert assessment.factors[0].source_tip_id == member.tip_id


def test_a_second_actionable_tip_is_a_repeat_and_the_tip_that_made_it_is_named() -> None:
    assessment = assess([tip(2), tip(1)])
    assert assessment.factors == (
        Factor("repeat", "raises to T2", uid(2)),
        Factor("incident_possession", "keeps at T4", uid(1)),
    )


@pytest.mark.parametrize("second", [replace(tip(2), decision=None), tip(2, viral=True), tip(2, informational=True)])
def test_an_unreviewed_or_lowered_tip_makes_no_repeat(second: TipFacts) -> None:
    assert assess([tip(1), second]).tier == "T4"


def test_an_unreviewed_tip_raises_the_tier_but_a_rejected_one_does_not() -> None:
    pressing = tip(2, child_in_immediate_danger=True)
    assert assess([tip(1), replace(pressing, decision=None)]).tier == "T0"
    assert assess([tip(1), replace(pressing, decision="not_actionable")]) == assess([tip(1)])


def test_of_five_hundred_viral_reports_the_one_with_a_child_in_danger_decides() -> None:
    crowd = [tip(number, viral=True) for number in range(2, 502)]
    assert assess(crowd).tier == "T4"
    assert assess([*crowd, tip(1, viral=True, child_in_immediate_danger=True)]).tier == "T0"


@given(leads, st.randoms(use_true_random=False))
def test_no_order_of_tips_changes_the_assessment(members: list[TipFacts], chance: Random) -> None:
    expected = assess(members)
    chance.shuffle(members)
    assert assess(members) == expected


@given(leads, tips)
def test_another_tip_never_makes_a_lead_less_urgent(members: list[TipFacts], another: TipFacts) -> None:
    assert assess([*members, another]).tier <= assess(members).tier


@given(leads)
def test_the_tier_is_that_of_the_first_factor_and_each_factor_names_a_member(members: list[TipFacts]) -> None:
    assessment = assess(members)
    assert [factor.effect[-2:] for factor in assessment.factors] == sorted(
        factor.effect[-2:] for factor in assessment.factors
    )
    if assessment.factors:
        assert assessment.factors[0].effect.endswith(assessment.tier)
    assert {factor.source_tip_id for factor in assessment.factors} <= {
        member.tip_id for member in members if member.counts
    }
    assert len({factor.factor for factor in assessment.factors}) == len(assessment.factors)


def test_without_a_speaking_tip_nothing_is_urgent_and_nothing_expires() -> None:
    assessment = assess([replace(tip(1, escalated=True), decision="not_actionable")])
    assert (assessment.tier, assessment.factors, assessment.evidence_expires_at) == ("T4", (), None)


@pytest.mark.parametrize(
    ("reported_at", "expires_at"),
    [
        (datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2027, 3, 1, 10, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2029, 2, 28, tzinfo=UTC)),
        (datetime(2024, 5, 7, tzinfo=UTC), datetime(2025, 5, 7, tzinfo=UTC)),
        (datetime(2024, 5, 6, 23, 59, tzinfo=UTC), datetime(2024, 8, 4, 23, 59, tzinfo=UTC)),
        (datetime(2024, 5, 7, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 8, 4, 23, tzinfo=UTC)),
        (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_evidence_expires_a_year_after_the_report_and_after_90_days_before_the_report_act(
    reported_at: datetime, expires_at: datetime
) -> None:
    assert expiry_of("ncmec", reported_at) == expires_at


def test_the_earliest_expiry_of_the_tips_is_the_leads() -> None:
    older = replace(tip(2), reported_at=REPORTED - timedelta(days=30))
    assert assess([tip(1), older]).evidence_expires_at == expiry_of("ncmec", older.reported_at)
