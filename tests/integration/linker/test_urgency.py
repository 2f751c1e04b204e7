"""How urgent tips and leads are: the clock of their evidence, the tier that is told of each tip, what reopens them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.linker.app import SERVICE
from services.linker.domain.rules import RULES
from tests.conftest import Caller, CallService
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import (
    Graph,
    a_referral,
    a_result,
    a_review,
    a_tip,
    amended,
    email,
    of_tip,
    refs_of,
)

DAY = timedelta(days=1)
CLUSTERED, LINKED = "tip.clustered", "tip.linked"


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


async def get(caller: Caller, path: str, **query: Any) -> dict[str, Any]:
    response = await caller.client.get(path, params=query, headers=caller.as_("ceiu.analyst"))
    assert response.status_code == 200, response.text
    return dict(response.json())


async def perishing(caller: Caller, **query: Any) -> list[str]:
    """Return the references of the leads that perish within 30 days, page by page."""
    refs: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(caller, "/v1/leads", perishing_in_days=30, limit=2, **query, **cursor)
        refs += [lead["tips"][0]["source_ref"] for lead in page["items"]]
        if page["cursor"] is None:
            return refs
        cursor = {"cursor": page["cursor"]}


async def a_lead(graph: Graph, ref: str, **fields: Any) -> tuple[UUID, UUID]:
    """Open a lead of one tip; return its id and the tip's."""
    tip = a_tip(ref, email(f"{ref}@example.org"), **fields)
    await graph.tell(tip, a_review(tip.tip_id))
    (lead,) = [lead for lead in await graph.live_leads() if refs_of(lead) == {ref}]
    return UUID(lead["lead_id"]), tip.tip_id


async def test_a_preservation_letter_moves_the_expiry_of_a_lead_and_says_so(graph: Graph, caller: Caller) -> None:
    lead_id, tip_id = await a_lead(graph, "CT-1")
    graph.clock.move(350 * DAY)
    assert await perishing(caller) == ["CT-1"]
    await graph.tell(a_result(tip_id, kind="preservation_letter", served_at=graph.clock.now()))
    assert await perishing(caller) == []
    lead = await get(caller, f"/v1/leads/{lead_id}")
    moved = START.replace(year=START.year + 1) + 90 * DAY
    assert lead["factors"][-1] == {
        "factor": "evidence_preserved",
        "effect": f"expiry moved to {moved.date()}",
        "source_tip_id": str(tip_id),
    }
    (clock,) = lead["evidence"]
    assert lead["evidence_expires_at"] == clock["expires_at"] == moved.isoformat().replace("+00:00", "Z")
    assert clock["preserved_until"] == (graph.clock.now() + 90 * DAY).isoformat().replace("+00:00", "Z")


async def test_what_research_found_before_it_told_its_times_is_still_read(graph: Graph) -> None:
    _, tip_id = await a_lead(graph, "CT-1")
    old = """INSERT INTO research (tip_id, research_number, content) VALUES ($1, 1, '{"parties": [], "files": []}')"""
    await graph.pool.execute(old, tip_id)
    await graph.tell(a_result(tip_id, number=2, served_at=START, due_at=START + DAY))
    (lead,) = await graph.live_leads()
    assert lead["factors"][-1]["factor"] == "evidence_preserved"


async def test_perishing_leads_come_by_tier_then_expiry_and_closed_ones_only_when_asked(
    graph: Graph, caller: Caller
) -> None:
    late, early = {"reported_at": START - 345 * DAY}, {"reported_at": START - 350 * DAY}
    await a_lead(graph, "late", **late)
    await a_lead(graph, "early", **early)
    await a_lead(graph, "urgent", urgency={"escalated": True}, **late)
    await a_lead(graph, "fresh")
    closed, tip_id = await a_lead(graph, "closed", **early)
    await graph.tell(a_referral(closed, 5, state="closed", tip_ids=[tip_id]))
    assert await perishing(caller) == ["urgent", "early", "late"]
    assert await perishing(caller, state="closed") == ["closed"]
    assert await perishing(caller, tier="T1") == ["urgent"]


async def test_the_tier_of_each_tip_is_told_with_its_cluster_and_again_when_it_is_another(graph: Graph) -> None:
    tip = a_tip("CT-1", email("a@example.org"))
    other = a_tip("CT-2", email("a@example.org"), urgency={"escalated": True})
    await graph.tell(tip, other)
    told = await graph.events(CLUSTERED)
    assert {each["payload"]["tip_id"]: each["payload"]["tier"] for each in told} == {
        str(tip.tip_id): "T4",
        str(other.tip_id): "T1",
    }
    await graph.news()
    same = [email("a@example.org")]
    await graph.tell(amended(tip, *same, urgency={"child_in_immediate_danger": True}))
    (event,) = await graph.events(CLUSTERED)
    assert (event["subject"]["version"], event["payload"]["tier"]) == (2, "T0")
    assert event["payload"]["previous_cluster_id"] == event["payload"]["cluster_id"] == told[0]["payload"]["cluster_id"]
    await graph.news()
    await graph.tell(a_tip("CT-1", *same, tip_id=tip.tip_id, version=3, urgency={"child_in_immediate_danger": True}))
    await graph.tell(a_review(tip.tip_id, decision="not_actionable"))
    assert CLUSTERED not in await graph.news(), "the tier is the tip's own, whatever was decided"


async def test_a_research_result_that_joins_a_tip_to_an_office_closed_lead_reopens_it(graph: Graph) -> None:
    closed, old = await a_lead(graph, "old")
    await graph.tell(a_referral(closed, 5, state="closed", tip_ids=[old], outcome="arrest"))
    assert await graph.live_leads() == []
    _, new = await a_lead(graph, "new", urgency={"contact_access": True})
    await graph.tell(a_result(new, email("old@example.org")))
    (lead,) = await graph.live_leads()
    assert refs_of(lead) == {"old", "new"}
    assert (lead["state"], lead["tier"]) == ("open", "T1")


async def test_a_research_result_that_links_a_rejected_tip_to_an_actionable_one_is_told_for_review(
    graph: Graph,
) -> None:
    _, actionable = await a_lead(graph, "good")
    rejected = a_tip("bad", email("bad@example.org"))
    await graph.tell(rejected, a_review(rejected.tip_id, decision="not_actionable"))
    assert not any(each["is_linked_to_actionable"] for each in of_tip(await graph.events(LINKED), rejected.tip_id))
    await graph.news()
    await graph.tell(a_result(actionable, email("bad@example.org")))
    assert [each["is_linked_to_actionable"] for each in of_tip(await graph.events(LINKED), rejected.tip_id)] == [True]


async def test_a_model_that_was_learned_is_told_in_its_own_transaction(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email("a@example.org")), a_tip("CT-2", email("a@example.org")))
    model = await graph.learner().learn()
    (event,) = await graph.events("model.learned")
    assert event["subject"] == {"kind": "model", "id": model.version, "version": 1}
    assert (event["payload"]["model_version"], event["payload"]["rules_version"]) == (model.version, RULES.version)
    assert event["payload"]["tip_count"] == 2
