"""Leads as their offices and people change them; a lead is told of when something of it changed, and only then."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.events.intake import TipReceivedV1
from tests.builders import new_id
from tests.integration.linker.graph import Graph, a_referral, a_review, a_tip, amended, email, refs_of

SHARED = email("someone@example.org")


async def a_lead(graph: Graph, *refs: str) -> tuple[dict[str, Any], list[TipReceivedV1]]:
    """Open a lead of tips that are all actionable; return it and them."""
    value = email(f"{refs[0]}@example.org")
    tips = [a_tip(ref, value) for ref in refs]
    graph.clock.move(timedelta(days=1))
    await graph.tell(*tips, *(a_review(tip.tip_id) for tip in tips))
    lead = next(lead for lead in await graph.live_leads() if refs_of(lead) == set(refs))
    await graph.news()
    return lead, tips


async def test_a_lead_opens_with_the_first_actionable_tip_and_closes_with_the_last(graph: Graph) -> None:
    tip = a_tip("CT-1", SHARED)
    await graph.tell(tip, a_tip("CT-2", SHARED))
    assert "lead.opened" not in await graph.news()
    await graph.tell(a_review(tip.tip_id))
    assert await graph.news() == ["lead.opened"]
    await graph.tell(a_review(tip.tip_id, 2, "not_actionable"))
    assert await graph.news() == ["lead.closed"]
    assert await graph.live_leads() == []


async def test_a_live_referral_makes_the_lead_referred_and_its_end_open_again(graph: Graph) -> None:
    lead, _ = await a_lead(graph, "CT-1")
    states = []
    for version, state in enumerate(["queued", "sent", "acknowledged", "accepted", "recalled"], start=1):
        await graph.tell(a_referral(UUID(lead["lead_id"]), version, state=state))
        (now,) = await graph.live_leads()
        states.append(now["state"])
    assert states == ["open", "referred", "referred", "referred", "open"]
    assert await graph.news() == ["lead.updated", "lead.updated"]


async def test_an_older_state_of_a_referral_that_comes_late_changes_nothing(graph: Graph) -> None:
    lead, _ = await a_lead(graph, "CT-1")
    await graph.tell(a_referral(UUID(lead["lead_id"]), 3, state="recalled"))
    await graph.tell(a_referral(UUID(lead["lead_id"]), 2, state="sent"))
    assert await graph.news() == []


async def test_a_closed_referral_closes_the_lead_until_there_is_an_actionable_tip_it_did_not_cover(
    graph: Graph,
) -> None:
    lead, (tip,) = await a_lead(graph, "CT-1")
    covered = {"tip_ids": [tip.tip_id], "outcome": "arrest"}
    await graph.tell(a_referral(UUID(lead["lead_id"]), 5, state="closed", **covered))
    assert await graph.news() == ["lead.closed"]
    late = a_tip("CT-2", email("CT-1@example.org"))
    await graph.tell(late)
    assert await graph.live_leads() == []
    await graph.news()
    await graph.tell(a_review(late.tip_id))
    assert [each["state"] for each in await graph.live_leads()] == ["open"]
    assert (await graph.news())[0] == "lead.updated"


async def test_a_lead_that_absorbs_another_is_told_of_under_both_ids(graph: Graph) -> None:
    older, (one,) = await a_lead(graph, "CT-1")
    younger, (two,) = await a_lead(graph, "CT-2")
    await graph.tell(amended(two, email("CT-1@example.org")))
    (merged,) = await graph.events("lead.merged")
    (updated,) = await graph.events("lead.updated")
    assert (merged["payload"]["lead_id"], merged["payload"]["merged_into"]) == (younger["lead_id"], older["lead_id"])
    assert (updated["payload"]["lead_id"], updated["payload"]["aliases"]) == (older["lead_id"], [younger["lead_id"]])
    await graph.judge(one.tip_id, two.tip_id, "different")
    assert {lead["lead_id"] for lead in await graph.live_leads()} == {older["lead_id"], younger["lead_id"]}


async def test_people_join_and_part_what_no_value_does(graph: Graph) -> None:
    _, (one,) = await a_lead(graph, "CT-1")
    _, (two, three) = await a_lead(graph, "CT-2", "CT-3")
    same = await graph.judge(one.tip_id, two.tip_id, "same")
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2", "CT-3"})}
    different = await graph.judge(three.tip_id, one.tip_id, "different")
    assert len(await graph.clusters()) == 2
    await graph.withdraw(different)
    assert len(await graph.clusters()) == 1
    await graph.withdraw(same)
    assert await graph.clusters() == {frozenset({"CT-1"}), frozenset({"CT-2", "CT-3"})}


async def test_the_newest_judgement_of_a_pair_counts_and_withdrawal_restores_the_one_before(graph: Graph) -> None:
    _, (one,) = await a_lead(graph, "CT-1")
    _, (two,) = await a_lead(graph, "CT-2")
    await graph.judge(one.tip_id, two.tip_id, "same")
    newer = await graph.judge(two.tip_id, one.tip_id, "unsure")
    assert len(await graph.clusters()) == 2
    await graph.withdraw(newer)
    assert len(await graph.clusters()) == 1
    told = await graph.events("judgement.recorded", "judgement.withdrawn")
    assert [(event["type"], event["subject"]["version"]) for event in told] == [
        ("judgement.recorded", 1),
        ("judgement.recorded", 2),
        ("judgement.withdrawn", 3),
    ]
    assert len({event["subject"]["id"] for event in told}) == 1
    assert told[0]["actor"]["id"] == "ceiu.analyst"


async def test_a_judgement_stands_when_its_tips_are_amended(graph: Graph) -> None:
    _, (one, two) = await a_lead(graph, "CT-1", "CT-2")
    await graph.judge(one.tip_id, two.tip_id, "different")
    await graph.tell(amended(two, email("CT-1@example.org"), email("more@example.org")))
    assert len(await graph.clusters()) == 2
    assert all(len(lead["related"]) == 0 for lead in await graph.live_leads())


async def test_a_repeat_of_everything_an_office_says_publishes_nothing(graph: Graph) -> None:
    lead, _ = await a_lead(graph, "CT-1")
    said = a_referral(UUID(lead["lead_id"]), 2, state="accepted", referral_id=new_id())
    await graph.tell(said)
    await graph.news()
    await graph.tell(said, said)
    assert await graph.news() == []
