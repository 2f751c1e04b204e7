"""What people may ask of the linker and decide, and who sees which lead."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from services.linker.app import SERVICE
from services.linker.http.reads import cluster_lines
from shared.db.pool import Pool
from tests.builders import new_id
from tests.conftest import Caller, CallService
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import Graph, a_referral, a_review, a_tip, amended, email, refs_of

SHARED = email("Some.One+x@gmail.com")
ACTIVITY = "SELECT value FROM outbox WHERE topic = 'linker.activity' ORDER BY id"


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


async def get(caller: Caller, path: str, account: str = "ceiu.analyst", **query: Any) -> httpx.Response:
    return await caller.client.get(path, params=query, headers=caller.as_(account))


async def post(caller: Caller, path: str, body: Any, account: str = "ceiu.analyst", **headers: str) -> httpx.Response:
    return await caller.client.post(path, json=body, headers=caller.as_(account, **headers))


async def a_lead(graph: Graph, *refs: str, **fields: Any) -> tuple[str, list[UUID]]:
    """Open a lead of tips that share an address; return its id and their ids."""
    tips = [a_tip(ref, email(f"{refs[0]}@example.org"), **fields) for ref in refs]
    await graph.tell(*tips, *(a_review(tip.tip_id) for tip in tips))
    lead = next(lead for lead in await graph.live_leads() if refs_of(lead) == set(refs))
    graph.clock.move(timedelta(minutes=1))
    return lead["lead_id"], [tip.tip_id for tip in tips]


def a_judgement(left: UUID, right: UUID, decision: str = "different") -> dict[str, Any]:
    return {"left_tip_id": str(left), "right_tip_id": str(right), "decision": decision, "reason": "invented"}


async def viewed(pool: Pool) -> list[dict[str, Any]]:
    events = [orjson.loads(row["value"]) for row in await pool.fetch(ACTIVITY)]
    return [event["payload"] for event in events if event["type"] == "record.viewed"]


async def test_the_links_of_a_tip_say_why_strongest_first(graph: Graph, caller: Caller) -> None:
    one, two = a_tip("CT-1", SHARED, email("b@example.org")), a_tip("CT-2", email("someone@gmail.com"))
    three = a_tip("CT-3", email("b@example.org"))
    await graph.tell(one, two, three)
    await graph.judge(one.tip_id, two.tip_id, "unsure")
    page = (await get(caller, f"/v1/tips/{one.tip_id}/links")).json()
    assert [item["tip_id"] for item in page["items"]] == [str(three.tip_id), str(two.tip_id)]
    assert page["cursor"] is None
    assert [item["judgement"] for item in page["items"]] == [None, "unsure"]
    evidence = page["items"][1]["evidence"][0]
    assert evidence["detail"] == "same e-mail address after removing dots and +tag, seen in 2 tips"
    assert (evidence["type"], evidence["value"], evidence["frequency"]) == ("email", "someone@gmail.com", 2)
    assert (await viewed(graph.pool))[-1]["record_ids"][0] == str(one.tip_id)
    assert (await get(caller, f"/v1/tips/{new_id()}/links")).status_code == 404


async def test_the_links_of_a_tip_page_without_gap_or_repeat(graph: Graph, caller: Caller) -> None:
    tips = [a_tip(f"CT-{number}", email("busy@example.org")) for number in range(7)]
    await graph.tell(*tips)
    seen, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await get(caller, f"/v1/tips/{tips[3].tip_id}/links", **query)).json()
        seen += [item["tip_id"] for item in page["items"]]
        if (cursor := page["cursor"]) is None:
            break
    assert sorted(seen) == sorted(str(tip.tip_id) for tip in tips if tip is not tips[3])
    for wrong in ("x", "WzEsMiwzXQ", "WyJUMCIsMSwieCJd"):
        assert (await get(caller, f"/v1/tips/{tips[3].tip_id}/links", cursor=wrong)).status_code == 422


async def test_the_export_has_each_tip_once_with_its_cluster(graph: Graph, caller: Caller) -> None:
    await graph.tell(*(a_tip(f"CT-{number}", email(f"person{number % 400}@example.org")) for number in range(1_200)))
    response = await get(caller, "/v1/clusters", "ceiu.supervisor")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in response.text.splitlines()]
    assert {line["source_ref"] for line in lines} == {f"CT-{number}" for number in range(1_200)}
    assert len(lines) == 1_200
    assert len({line["cluster_id"] for line in lines}) == 400
    assert set(lines[0]) == {"tip_id", "source", "source_ref", "cluster_id"}
    assert (await get(caller, "/v1/clusters", "ceiu.analyst")).status_code == 403


async def test_the_export_is_of_one_moment_though_batches_go_on(graph: Graph) -> None:
    tips = [a_tip(f"CT-{number}", email(f"person{number}@example.org")) for number in range(2_500)]
    await graph.tell(*tips)
    lines: list[dict[str, Any]] = []
    async for chunk in cluster_lines(graph.pool):
        if not lines:
            await graph.tell(*(amended(tip, email("person0@example.org")) for tip in tips[-20:]), a_tip("CT-late"))
        lines += [orjson.loads(line) for line in chunk.splitlines()]
    assert len(lines) == len({line["cluster_id"] for line in lines}) == 2_500


async def test_a_judgement_takes_effect_before_it_is_answered_and_can_be_withdrawn(
    graph: Graph, caller: Caller
) -> None:
    lead_id, (one, two) = await a_lead(graph, "CT-1", "CT-2")
    made = await post(caller, "/v1/judgements", a_judgement(one, two))
    assert made.status_code == 201
    assert made.json()["withdrawn"] is False
    assert len(await graph.clusters()) == 2
    path = f"/v1/judgements/{made.json()['judgement_id']}/withdrawal"
    withdrawn = await caller.client.post(path, headers=caller.as_("ceiu.analyst"))
    assert (withdrawn.status_code, withdrawn.json()["withdrawn"]) == (201, True)
    assert len(await graph.clusters()) == 1
    assert (await post(caller, path, {"reason": "again"})).status_code == 409
    assert (await post(caller, f"/v1/judgements/{new_id()}/withdrawal", {})).status_code == 404
    assert (await get(caller, f"/v1/leads/{lead_id}")).json()["state"] == "open"


async def test_a_judgement_is_about_two_known_tips(graph: Graph, caller: Caller) -> None:
    _, (one,) = await a_lead(graph, "CT-1")
    same = await post(caller, "/v1/judgements", a_judgement(one, one))
    assert (same.status_code, same.json()["errors"][0]["loc"]) == (422, ["right_tip_id"])
    assert (await post(caller, "/v1/judgements", a_judgement(one, new_id()))).status_code == 404
    assert (await post(caller, "/v1/judgements", a_judgement(one, new_id(), "perhaps"))).status_code == 422
    assert (await post(caller, "/v1/judgements", a_judgement(one, new_id()), "cbp.att")).status_code == 403


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\u200b"])
async def test_a_decision_without_a_reason_is_refused_by_name(graph: Graph, caller: Caller, blank: str) -> None:
    lead_id, (one, two) = await a_lead(graph, "CT-1", "CT-2")
    made = (await post(caller, "/v1/judgements", a_judgement(one, two))).json()
    for path, body in (
        ("/v1/judgements", {**a_judgement(one, two), "reason": blank}),
        (f"/v1/judgements/{made['judgement_id']}/withdrawal", {"reason": blank}),
        (f"/v1/leads/{lead_id}/priority", {"tier": "T0", "reason": blank}),
    ):
        refused = await post(caller, path, body, "ceiu.supervisor")
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["reason"]), path


async def test_a_judgement_under_one_key_is_made_once(graph: Graph, caller: Caller) -> None:
    _, (one, two) = await a_lead(graph, "CT-1", "CT-2")
    bodies = {
        (await post(caller, "/v1/judgements", a_judgement(one, two), **{"Idempotency-Key": "k"})).text for _ in range(3)
    }
    assert len(bodies) == 1
    assert len(await graph.events("judgement.recorded")) == 1


async def test_a_lead_shows_everything_and_an_absorbed_ones_id_leads_to_it(graph: Graph, caller: Caller) -> None:
    older, (one, two) = await a_lead(graph, "CT-1", "CT-2", urgency={"victim_identifiable": True})
    younger, (three,) = await a_lead(graph, "CT-3")
    await graph.judge(one, three, "same")
    lead = (await get(caller, f"/v1/leads/{younger}")).json()
    assert (lead["lead_id"], lead["aliases"]) == (older, [younger])
    assert (lead["state"], lead["tier"], lead["held_by"], lead["office"]) == ("open", "T1", None, None)
    assert [tip["source_ref"] for tip in lead["tips"]] == ["CT-1", "CT-2", "CT-3"]
    assert lead["factors"][0] == {
        "factor": "victim_identifiable",
        "effect": "raises to T1",
        "source_tip_id": str(one),
    }
    assert len(lead["subjects"]) == 3
    assert [(link["left_tip_id"], link["right_tip_id"], link["judgement"]) for link in lead["links"]] == [
        (str(one), str(two), None),
        (str(one), str(three), "same"),
    ]
    assert lead["evidence_expires_at"] == "2027-03-01T10:00:00Z"
    assert (await get(caller, f"/v1/leads/{new_id()}")).status_code == 404


async def test_the_graph_of_a_lead_has_its_tips_what_they_share_and_what_was_judged(
    graph: Graph, caller: Caller
) -> None:
    lead_id, (one, two) = await a_lead(graph, "CT-1", "CT-2")
    await graph.judge(one, two, "same")
    drawn = (await get(caller, f"/v1/leads/{lead_id}/graph")).json()
    assert [(node["kind"], node["label"]) for node in drawn["nodes"]] == [
        ("tip", "ncmec CT-1"),
        ("tip", "ncmec CT-2"),
        ("identifier", "ct-1@example.org"),
    ]
    ids = {node["id"] for node in drawn["nodes"]}
    assert sorted(edge["kind"] for edge in drawn["edges"]) == ["holds", "holds", "same"]
    assert all({edge["source"], edge["target"]} <= ids for edge in drawn["edges"])


async def test_leads_are_listed_by_tier_then_age_and_filtered(graph: Graph, caller: Caller) -> None:
    low, _ = await a_lead(graph, "CT-1")
    urgent, _ = await a_lead(graph, "CT-2", urgency={"child_in_immediate_danger": True})
    later, _ = await a_lead(graph, "CT-3", reported_at=START - timedelta(days=340))
    await graph.tell(a_referral(UUID(later)))
    listed, cursor = [], None
    while True:
        page = (await get(caller, "/v1/leads", limit=1, **({"cursor": cursor} if cursor else {}))).json()
        listed += [item["lead_id"] for item in page["items"]]
        if (cursor := page["cursor"]) is None:
            break
    assert listed == [urgent, low, later]

    async def ids(**query: Any) -> list[str]:
        return [item["lead_id"] for item in (await get(caller, "/v1/leads", **query)).json()["items"]]

    assert await ids(tier="T0") == [urgent]
    assert await ids(state="referred") == [later]
    assert await ids(perishing_in_days=30) == [later]
    assert await ids(perishing_in_days=20) == []
    assert await ids(perishing_in_days=3_000) == [urgent, later, low], "within a tier by expiry"
    for wrong in ({"tier": "T9"}, {"state": "x"}, {"perishing_in_days": -1}, {"limit": 0}, {"cursor": "WzEsMiwzXQ"}):
        assert (await get(caller, "/v1/leads", **wrong)).status_code == 422
    assert (await viewed(graph.pool))[-1]["record_count"] == 3


async def test_an_agent_sees_the_leads_of_the_own_office_alone(graph: Graph, caller: Caller) -> None:
    boston, _ = await a_lead(graph, "CT-1")
    miami, _ = await a_lead(graph, "CT-2")
    await a_lead(graph, "CT-3")
    await graph.tell(a_referral(UUID(boston)), a_referral(UUID(miami), office="sac-miami"))
    agent = "hsi.agent.sac-boston"
    assert [item["lead_id"] for item in (await get(caller, "/v1/leads", agent)).json()["items"]] == [boston]
    shown = (await get(caller, f"/v1/leads/{boston}", agent)).json()
    assert (shown["office"], shown["state"]) == ("sac-boston", "referred")
    for path in (f"/v1/leads/{miami}", f"/v1/leads/{miami}/graph", f"/v1/leads/{new_id()}"):
        assert (await get(caller, path, agent)).status_code == 404
    await graph.tell(a_referral(UUID(boston), 2, state="recalled"))
    assert (await get(caller, f"/v1/leads/{boston}", agent)).status_code == 404


async def test_a_child_in_danger_is_on_top_though_the_lead_was_set_lower_before(graph: Graph, caller: Caller) -> None:
    lead_id, _ = await a_lead(graph, "CT-1")
    path, supervisor = f"/v1/leads/{lead_id}/priority", "ceiu.supervisor"
    await post(caller, path, {"tier": "T4", "reason": "an old case"}, supervisor)
    await graph.tell(a_tip("CT-2", email("CT-1@example.org"), urgency={"child_in_immediate_danger": True}))
    (lead,) = (await get(caller, "/v1/leads", tier="T0")).json()["items"]
    assert (lead["lead_id"], lead["priority_reason"]) == (str(lead_id), "an old case")
    assert [each["effect"] for each in lead["factors"]][:2] == [
        "set to T4 by a person, before what is more urgent was known",
        "raises to T0",
    ]
    again = await post(caller, path, {"tier": "T4", "reason": "it is a hoax"}, supervisor)
    assert again.json()["tier"] == "T4"


async def test_a_tier_set_by_hand_stands_until_it_is_taken_back(graph: Graph, caller: Caller) -> None:
    lead_id, (tip,) = await a_lead(graph, "CT-1")
    path, supervisor = f"/v1/leads/{lead_id}/priority", "ceiu.supervisor"
    made = await post(caller, path, {"tier": "T0", "reason": "the child was seen"}, supervisor)
    assert (made.status_code, made.json()["tier"]) == (201, "T0")
    await graph.tell(a_tip("CT-2", email("CT-1@example.org")))
    lead = (await get(caller, f"/v1/leads/{lead_id}")).json()
    assert (lead["tier"], lead["tip_count"], lead["priority_reason"]) == ("T0", 2, "the child was seen")
    assert lead["factors"][0] == {"factor": "manual", "effect": "set to T0 by a person", "source_tip_id": None}
    told = (await graph.events("lead.updated"))[0]
    assert (told["actor"]["id"], told["payload"]["personal"]["priority_reason"]) == (supervisor, "the child was seen")
    back = await post(caller, path, {"tier": None, "reason": "it was another"}, supervisor)
    assert back.json()["tier"] == "T4"
    assert (await post(caller, path, {"tier": "T1", "reason": "x"})).status_code == 403
    assert (await post(caller, path, {"tier": "T7", "reason": "x"}, supervisor)).status_code == 422
    await graph.tell(a_review(tip, 2, "not_actionable"))
    assert (await post(caller, path, {"tier": "T1", "reason": "x"}, supervisor)).status_code == 409
    unknown = await post(caller, f"/v1/leads/{new_id()}/priority", {"tier": "T1", "reason": "x"}, supervisor)
    assert unknown.status_code == 404
