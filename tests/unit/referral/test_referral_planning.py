"""What a new version of a lead does to its referral: each rule, and what holds through any history."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.directory import parse_directory
from services.referral.domain.lifecycle import Response, ResponseType, respond
from services.referral.domain.planning import LeadFacts, LeadState, describe_news, plan
from services.referral.domain.referral import (
    FINAL,
    Change,
    ChangeType,
    Content,
    Message,
    MessageType,
    ReferralFacts,
    State,
)
from services.referral.domain.routing import Routing
from shared.errors import Conflict
from shared.events.linker import LeadPlace, LeadSubject
from shared.events.referral import ReferredTip
from tests.depth import deep

OFFICES_FILE = Path(__file__).resolve().parents[3] / "services" / "referral" / "offices.json"
DIRECTORY = parse_directory(json.loads(OFFICES_FILE.read_text(encoding="utf-8")))

LEAD = UUID(int=100)
NEW_ID = UUID(int=200)
TO_BOSTON = Routing("sac-boston", 0.8, "subject's address in MA: HSI Boston (1 tip says so)", ("sac-buffalo",))
TO_NEWARK = Routing("sac-newark", 0.95, "subject's address in NJ: HSI Newark (1 tip says so)")
TO_QUEUE = Routing(None, 0.1, "subject's address in the US, state not known", ())


def content(tips: Sequence[int] = (1,), *, tier: str = "T3", names: Sequence[str] = ()) -> Content:
    return Content(
        tier=tier,
        tips=tuple(ReferredTip(tip_id=UUID(int=number), source="ncmec", source_ref=f"CT-{number}") for number in tips),
        tip_count=len(tips),
        subjects=tuple(
            LeadSubject(party_id=UUID(int=number), tip_id=UUID(int=1), names=[name])
            for number, name in enumerate(names)
        ),
    )


def lead(version: int = 1, state: LeadState = LeadState.OPEN, **parts: object) -> LeadFacts:
    return replace(LeadFacts(LEAD, version, state, content()), **parts)  # type: ignore[arg-type]


def plan_one(given_lead: LeadFacts, current: ReferralFacts | None = None, routing: Routing = TO_BOSTON) -> Change:
    change = plan(given_lead, current, routing, new_id=NEW_ID)
    assert change is not None
    return change


def opened(routing: Routing = TO_BOSTON, **parts: object) -> ReferralFacts:
    return replace(plan_one(lead(), routing=routing).referral, **parts)  # type: ignore[arg-type]


def in_state(state: State) -> ReferralFacts:
    return opened(TO_QUEUE if state is State.QUEUED else TO_BOSTON, state=state)


def test_an_open_lead_is_sent_to_the_office_it_is_routed_to() -> None:
    change = plan_one(lead(version=7))
    assert change.type is ChangeType.OPENED
    assert change.messages == (Message(MessageType.SENT, "sac-boston", TO_BOSTON.reason),)
    referral = change.referral
    assert (referral.referral_id, referral.lead_id, referral.lead_version) == (NEW_ID, LEAD, 7)
    assert (referral.version, referral.state, referral.office) == (1, State.SENT, "sac-boston")
    assert (referral.confidence, referral.reason) == (TO_BOSTON.confidence, TO_BOSTON.reason)
    assert referral.alternatives == TO_BOSTON.alternatives


def test_an_open_lead_without_a_sure_office_is_queued_with_the_reason() -> None:
    change = plan_one(lead(), routing=TO_QUEUE)
    assert (change.type, change.messages) == (ChangeType.OPENED, ())
    assert (change.referral.state, change.referral.office) == (State.QUEUED, None)
    assert change.referral.reason == TO_QUEUE.reason


def test_a_lead_marked_referred_that_has_no_referral_gets_one() -> None:
    assert plan_one(lead(state=LeadState.REFERRED)).type is ChangeType.OPENED


@pytest.mark.parametrize(
    "unready", [lead(state=LeadState.HELD), lead(state=LeadState.CLOSED), lead(merged_into=UUID(int=5))]
)
def test_a_held_closed_or_absorbed_lead_is_not_referred(unready: LeadFacts) -> None:
    assert plan(unready, None, TO_BOSTON, new_id=NEW_ID) is None


def test_a_released_lead_is_referred() -> None:
    assert plan(lead(1, LeadState.HELD), None, TO_BOSTON, new_id=NEW_ID) is None
    assert plan_one(lead(2)).type is ChangeType.OPENED


@pytest.mark.parametrize("version", [1, 2, 3])
def test_repeats_and_older_versions_of_a_lead_change_nothing(version: int) -> None:
    current = opened(lead_version=3)
    late = lead(version, LeadState.CLOSED)
    assert plan(late, current, TO_BOSTON, new_id=NEW_ID) is None
    assert plan(lead(version), None, TO_BOSTON, new_id=NEW_ID, seen_version=3) is None


@pytest.mark.parametrize("state", [State.SENT, State.ACKNOWLEDGED, State.ACCEPTED])
@pytest.mark.parametrize(
    ("news", "words"),
    [
        (content([1, 2]), "1 tip added"),
        (content([2, 3]), "2 tips added; 1 tip removed"),
        (replace(content(), tip_count=1_200), "1200 tips, was 1"),
        (content(tier="T1"), "tier T1, was T3"),
        (content(names=["Ana María López"]), "subjects changed"),
        (replace(content(), places=(LeadPlace(role="subject", source_tip_id=UUID(int=1)),)), "places changed"),
        (replace(content(), evidence_expires_at=datetime(2027, 1, 1, tzinfo=UTC)), "expiry of evidence changed"),
    ],
)
def test_news_is_sent_to_the_office_that_has_the_referral(state: State, news: Content, words: str) -> None:
    change = plan_one(lead(2, content=news), in_state(state), TO_NEWARK)
    assert change.type is ChangeType.CHANGED
    assert change.messages == (Message(MessageType.UPDATED, "sac-boston", words),)
    assert (change.referral.version, change.referral.state) == (2, state)
    assert (change.referral.content, change.referral.lead_version) == (news, 2)


@pytest.mark.parametrize("state", [State.QUEUED, State.SENT, State.ACKNOWLEDGED, State.ACCEPTED])
def test_what_no_office_cares_about_changes_nothing(state: State) -> None:
    before = replace(content([1, 2], names=["Ana", "Bea"]), summary="two tips")
    after = replace(before, subjects=before.subjects[::-1], tips=before.tips[::-1], summary="2 tips")
    routing = TO_QUEUE if state is State.QUEUED else TO_BOSTON
    current = replace(in_state(state), content=before)
    assert describe_news(before, after) == ""
    assert plan(lead(2, LeadState.REFERRED, content=after), current, routing, new_id=NEW_ID) is None


def test_a_queued_referral_is_sent_once_its_lead_has_a_sure_place() -> None:
    change = plan_one(lead(2, content=content([1, 2])), opened(TO_QUEUE))
    assert change.type is ChangeType.CHANGED
    assert change.messages == (Message(MessageType.SENT, "sac-boston", TO_BOSTON.reason),)
    assert (change.referral.state, change.referral.version) == (State.SENT, 2)
    assert change.referral.referral_id == NEW_ID


def test_a_queued_referral_shows_news_without_a_message() -> None:
    change = plan_one(lead(2, content=content([1, 2])), opened(TO_QUEUE), TO_QUEUE)
    assert (change.type, change.messages, change.referral.state) == (ChangeType.CHANGED, (), State.QUEUED)
    assert change.referral.content == content([1, 2])


def test_a_referral_is_not_sent_back_to_an_office_that_refused_it() -> None:
    declined = respond(opened(), Response(ResponseType.DECLINED, reason="not ours"), DIRECTORY).referral
    assert plan(lead(2), declined, TO_BOSTON, new_id=NEW_ID) is None
    change = plan_one(lead(2, content=content([1, 2])), declined)
    assert (change.referral.state, change.messages) == (State.QUEUED, ())
    assert "refused before by sac-boston" in change.referral.reason
    assert plan_one(lead(3, content=content([1, 2])), declined, TO_NEWARK).referral.office == "sac-newark"


def test_a_refusal_is_remembered_beyond_the_referral() -> None:
    recalled = opened(state=State.RECALLED, refused_by=frozenset({"sac-boston"}))
    change = plan_one(lead(2), recalled)
    assert (change.type, change.referral.state) == (ChangeType.OPENED, State.QUEUED)
    assert change.referral.refused_by == {"sac-boston"}


@pytest.mark.parametrize("state", [State.SENT, State.ACKNOWLEDGED, State.ACCEPTED])
@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (lead(2, LeadState.CLOSED, content=content([])), "no actionable tip is left"),
        (lead(2, merged_into=UUID(int=5)), "merged into another"),
        (lead(2, LeadState.CLOSED, merged_into=UUID(int=5)), "merged into another"),
    ],
)
def test_a_lead_that_ended_is_recalled_from_its_office(state: State, ended: LeadFacts, words: str) -> None:
    change = plan_one(ended, in_state(state))
    assert change.type is ChangeType.WITHDRAWN
    assert [(message.type, message.office) for message in change.messages] == [(MessageType.RECALLED, "sac-boston")]
    assert words in change.messages[0].reason
    assert (change.referral.state, change.referral.version) == (State.RECALLED, 2)
    assert change.referral.content == content(), "the office is told of what it had"


@pytest.mark.parametrize(
    "ended", [lead(2, LeadState.CLOSED), lead(2, LeadState.HELD), lead(2, merged_into=UUID(int=5))]
)
def test_a_queued_referral_of_an_ended_or_held_lead_is_recalled_from_nobody(ended: LeadFacts) -> None:
    change = plan_one(ended, opened(TO_QUEUE))
    assert (change.type, change.messages, change.referral.state) == (ChangeType.WITHDRAWN, (), State.RECALLED)


def test_a_held_lead_stays_with_its_office_and_release_brings_one_update() -> None:
    current = opened()
    assert plan(lead(2, LeadState.HELD, content=content([1, 2])), current, TO_BOSTON, new_id=NEW_ID) is None
    change = plan_one(lead(3, content=content([1, 2, 3])), current)
    assert change.messages == (Message(MessageType.UPDATED, "sac-boston", "2 tips added"),)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize(
    "ended", [lead(2, LeadState.CLOSED), lead(2, LeadState.HELD), lead(2, merged_into=UUID(int=5))]
)
def test_a_final_referral_is_not_recalled_again(state: State, ended: LeadFacts) -> None:
    assert plan(ended, in_state(state), TO_BOSTON, new_id=NEW_ID) is None


def test_a_lead_that_comes_back_after_a_recall_gets_a_new_referral() -> None:
    change = plan_one(lead(2), replace(in_state(State.RECALLED), referral_id=UUID(int=1)))
    assert (change.type, change.referral.referral_id, change.referral.version) == (ChangeType.OPENED, NEW_ID, 1)


def test_after_an_office_closed_it_only_tips_it_was_not_told_of_open_another() -> None:
    closed = in_state(State.CLOSED)
    assert plan(lead(2, content=content(tier="T0")), closed, TO_BOSTON, new_id=NEW_ID) is None
    assert plan(lead(2, content=content([])), closed, TO_BOSTON, new_id=NEW_ID) is None
    assert plan_one(lead(2, content=content([1, 2])), closed).type is ChangeType.OPENED
    assert plan_one(lead(2, content=replace(content(), tip_count=1_001)), closed).type is ChangeType.OPENED


SNAPSHOTS = st.builds(
    lambda version, state, tips, merged: lead(
        version, state, content=content(sorted(tips)), merged_into=UUID(int=5) if merged else None
    ),
    st.integers(1, 12),
    st.sampled_from(LeadState),
    st.sets(st.integers(1, 4), max_size=4),
    st.sampled_from([False, False, False, True]),
)
RESPONSES = st.sampled_from(
    [
        Response(ResponseType.ACKNOWLEDGED),
        Response(ResponseType.ACCEPTED),
        Response(ResponseType.DECLINED, reason="not ours"),
        Response(ResponseType.REROUTE, office="sac-newark", reason="moved"),
        Response(ResponseType.REROUTE, office="ceiu", reason="unknown"),
        Response(ResponseType.STATUS, note="at work"),
        Response(ResponseType.CLOSED, outcome="arrest"),
    ]
)
ROUTINGS = st.sampled_from([TO_BOSTON, TO_NEWARK, TO_QUEUE])
HISTORIES = st.lists(st.one_of(st.tuples(SNAPSHOTS, ROUTINGS), RESPONSES), max_size=30)


def replay(history: Sequence[tuple[LeadFacts, Routing] | Response]) -> tuple[list[Change], LeadFacts | None]:
    """Apply a history as the shell does; return the changes it made, and the newest version of the lead."""
    changes: list[Change] = []
    newest: LeadFacts | None = None
    current: ReferralFacts | None = None
    for number, step in enumerate(history):
        change = None
        if isinstance(step, Response):
            try:
                change = respond(current, step, DIRECTORY) if current else None
            except Conflict:
                continue
        else:
            snapshot, routing = step
            seen = newest.version if newest else 0
            change = plan(snapshot, current, routing, new_id=UUID(int=1_000 + number), seen_version=seen)
            newest = snapshot if newest is None or snapshot.version > newest.version else newest
        if change:
            changes.append(change)
            current = change.referral
    return changes, newest


@settings(max_examples=deep(200))
@given(HISTORIES)
def test_a_lead_has_at_most_one_live_referral_and_dense_versions(
    history: list[tuple[LeadFacts, Routing] | Response],
) -> None:
    newest_of: dict[UUID, ReferralFacts] = {}
    for change in replay(history)[0]:
        referral = change.referral
        before = newest_of.get(referral.referral_id)
        assert referral.version == (before.version + 1 if before else 1)
        assert before is None or before.is_live, "nothing happens after the end"
        newest_of[referral.referral_id] = referral
        assert sum(facts.is_live for facts in newest_of.values()) <= 1


@settings(max_examples=deep(200))
@given(HISTORIES)
def test_each_lead_version_opens_at_most_one_referral(history: list[tuple[LeadFacts, Routing] | Response]) -> None:
    openings = [change.referral for change in replay(history)[0] if change.type is ChangeType.OPENED]
    assert len({referral.lead_version for referral in openings}) == len(openings)


@settings(max_examples=deep(200))
@given(HISTORIES)
def test_an_office_hears_of_a_referral_between_sent_and_recalled_only(
    history: list[tuple[LeadFacts, Routing] | Response],
) -> None:
    having: dict[UUID, str] = {}
    for change in replay(history)[0]:
        referral = change.referral
        for message in change.messages:
            holder = having.get(referral.referral_id)
            assert holder == (None if message.type is MessageType.SENT else message.office)
            if message.type is MessageType.SENT:
                having[referral.referral_id] = message.office
            elif message.type is MessageType.RECALLED:
                del having[referral.referral_id]
        if referral.state is State.QUEUED:
            having.pop(referral.referral_id, None)
        assert having.get(referral.referral_id) == (referral.office if referral.state is not State.RECALLED else None)


@settings(max_examples=deep(200))
@given(HISTORIES)
def test_no_ready_lead_is_lost_and_no_ended_one_goes_on(history: list[tuple[LeadFacts, Routing] | Response]) -> None:
    changes, newest = replay(history)
    current = changes[-1].referral if changes else None
    if newest is None:
        return
    is_over = newest.merged_into is not None or newest.state is LeadState.CLOSED
    if is_over:
        assert current is None or not current.is_live
    elif newest.state is not LeadState.HELD:
        assert current is not None
        assert current.state is not State.RECALLED
        # Whoever has it has been told all there is; a closed one lacks no tip.
        told = current.content.tip_ids
        assert newest.content.tip_ids <= told if current.state is State.CLOSED else newest.content.tip_ids == told


@settings(max_examples=deep(200))
@given(HISTORIES)
def test_applying_the_newest_version_again_changes_nothing(
    history: list[tuple[LeadFacts, Routing] | Response],
) -> None:
    changes, newest = replay(history)
    if newest is not None:
        again, _ = replay([*history, (newest, TO_BOSTON)])
        assert again == changes
