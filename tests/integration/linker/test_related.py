"""Leads that have to do with each other: offenders of one victim, and what its readers are told of those beside it."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.linker.app import SERVICE
from shared.events.intake import GivenIdentifier, Party, TipReceivedV1
from tests.builders import new_id
from tests.conftest import Caller, CallService
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph, a_referral, a_review, a_tip, email, refs_of
from tests.integration.linker.test_holds import CARRIER, SUPERVISOR, a_group, a_victim, tell_groups
from tests.integration.linker.test_http import get, post

CHILD = GivenIdentifier(type="phone", value="+16175552309")
OFFICE, OTHER = "sac-boston", "sac-miami"


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


def against(name: str, *others: Party, tip_id: UUID | None = None) -> TipReceivedV1:
    """Return a tip about an offender of that name, and others."""
    return a_tip(name, email(f"{name}@example.org"), names=[], parties=list(others), tip_id=tip_id)


async def tell(graph: Graph, *tips: TipReceivedV1) -> None:
    for tip in tips:
        await graph.tell(tip, a_review(tip.tip_id))


async def ids_of(graph: Graph) -> dict[str, str]:
    """Return the live leads' ids by their first tip's reference."""
    return {min(refs_of(lead)): lead["lead_id"] for lead in await graph.live_leads()}


async def related(graph: Graph) -> dict[str, list[str]]:
    return {min(refs_of(lead)): lead["related"] for lead in await graph.live_leads()}


async def test_a_tip_nobody_reviewed_is_named_by_the_lead_of_another_offender(graph: Graph) -> None:
    bob = against("bob", a_victim(CHILD))
    await tell(graph, against("ann", a_victim(CHILD)))
    await graph.tell(bob)
    assert await related(graph) == {"ann": [str(bob.tip_id)]}


async def test_tips_of_one_lead_are_not_related_to_it(graph: Graph) -> None:
    await tell(graph, *(a_tip(ref, email("ann@example.org"), parties=[a_victim(CHILD)]) for ref in ("ann-1", "ann-2")))
    assert await related(graph) == {"ann-1": []}


async def test_offenders_judged_different_stay_related_by_their_victim(graph: Graph) -> None:
    ann, bob = against("ann", a_victim(CHILD)), against("bob", a_victim(CHILD))
    await tell(graph, ann, bob)
    await graph.judge(ann.tip_id, bob.tip_id, "different")
    assert await related(graph) == {"ann": [str(bob.tip_id)], "bob": [str(ann.tip_id)]}


@pytest.mark.parametrize("role", ["reporter", "witness", "recipient", "account_victim", "subject"])
async def test_only_who_is_the_victim_on_both_sides_relates_leads(graph: Graph, role: str) -> None:
    party = Party(party_id=new_id(), role=role, identifiers=[CHILD])
    await tell(graph, against("ann", a_victim(CHILD)), against("bob", party))
    assert await related(graph) == {"ann": [], "bob": []}


@pytest.mark.parametrize(
    "unfit",
    [
        GivenIdentifier(type="ip", value="203.0.113.9"),
        GivenIdentifier(type="ip", value="100.64.0.9"),
        GivenIdentifier(type="username", value="night_owl"),
    ],
    ids=lambda given: f"{given.type} {given.value}",
)
async def test_a_victims_value_that_would_link_no_subjects_relates_no_leads(
    graph: Graph, unfit: GivenIdentifier
) -> None:
    await tell(graph, against("ann", a_victim(unfit)), against("bob", a_victim(unfit)))
    assert await related(graph) == {"ann": [], "bob": []}


async def test_a_lead_says_which_leads_are_beside_it_and_why(graph: Graph, caller: Caller) -> None:
    await tell(graph, against("ann", a_victim(CHILD)), against("bob", a_victim(CHILD)))
    await tell_groups(graph, a_group("cy"), a_group("dee"))
    ids = await ids_of(graph)
    shown = {name: (await get(caller, f"/v1/leads/{lead_id}")).json() for name, lead_id in ids.items()}
    by_victim, by_tie = "a victim with the same phone number", "a tip with the same network address within two days"
    assert shown["ann"]["related_leads"] == [{"lead_id": ids["bob"], "reason": by_victim}]
    assert shown["bob"]["related_leads"] == [{"lead_id": ids["ann"], "reason": by_victim}]
    assert shown["cy-0"]["related_leads"] == [
        {"lead_id": ids["dee-0"], "reason": f"{by_tie}, too little to join the two"}
    ]


async def test_leads_that_a_judgement_parts_are_beside_each_other_for_the_values_they_share(
    graph: Graph, caller: Caller
) -> None:
    tips = [against("ann", tip_id=new_id()), against("ann", tip_id=new_id()), against("ann", tip_id=new_id())]
    await tell(graph, *tips)
    await graph.judge(tips[0].tip_id, tips[1].tip_id, "different")
    leads = [lead["lead_id"] for lead in await graph.live_leads()]
    shown = [(await get(caller, f"/v1/leads/{lead_id}")).json()["related_leads"] for lead_id in leads]
    reason = "tips that share values with this lead's, too little to join them"
    assert shown == [[{"lead_id": leads[1], "reason": reason}], [{"lead_id": leads[0], "reason": reason}]]


async def refer(graph: Graph, lead_id: str, office: str) -> None:
    await graph.tell(a_referral(UUID(lead_id), office=office, referral_id=new_id()))


async def test_an_office_learns_nothing_of_a_silent_lead_beside_its_own(graph: Graph, caller: Caller) -> None:
    await tell(graph, against("ann", a_victim(CHILD)), against("bob", a_victim(CHILD)))
    ids = await ids_of(graph)
    await refer(graph, ids["ann"], OFFICE)
    await refer(graph, ids["bob"], OTHER)
    body = {"silent": True, "reason": "a contact is under way"}
    before = await beside(caller, ids["ann"], f"hsi.agent.{OFFICE}")
    assert [len(each) for each in before] == [1, 1, 1]
    assert (await post(caller, f"/v1/leads/{ids['bob']}/silence", body, SUPERVISOR)).status_code == 201
    assert await beside(caller, ids["ann"], f"hsi.agent.{OFFICE}") == [[], [], []]
    assert await beside(caller, ids["ann"], "ceiu.analyst") == before
    assert [len(each) for each in await beside(caller, ids["bob"], f"hsi.agent.{OTHER}")] == [1, 1, 1]


async def test_an_office_is_not_told_that_its_lead_waits_because_of_a_silent_one(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("cy"), a_group("dee"))
    ids = await ids_of(graph)
    for name, office in (("cy-0", OFFICE), ("dee-0", OTHER)):
        await refer(graph, ids[name], office)
    seen_by_ceiu = await waiting(caller, ids["cy-0"], "ceiu.analyst")
    assert [state for state, _, _ in seen_by_ceiu] == ["held", "held"]
    assert await waiting(caller, ids["cy-0"], f"hsi.agent.{OFFICE}") == seen_by_ceiu
    await graph.silence(UUID(ids["dee-0"]))
    assert await waiting(caller, ids["cy-0"], f"hsi.agent.{OFFICE}") == [("referred", None, ["referred"])] * 2
    assert await waiting(caller, ids["cy-0"], "ceiu.analyst") == seen_by_ceiu
    assert [state for state, _, _ in await waiting(caller, ids["dee-0"], f"hsi.agent.{OTHER}")] == ["held", "held"]


async def test_what_an_office_knows_of_a_tie_it_is_told_beside_a_silent_one(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("cy"), a_group("dee"), a_group("eve"))
    ids = await ids_of(graph)
    await refer(graph, ids["cy-0"], OFFICE)
    await graph.silence(UUID(ids["dee-0"]))
    assert {state for state, _, _ in await waiting(caller, ids["cy-0"], f"hsi.agent.{OFFICE}")} == {"held"}
    await graph.silence(UUID(ids["eve-0"]))
    assert {state for state, _, _ in await waiting(caller, ids["cy-0"], f"hsi.agent.{OFFICE}")} == {"referred"}
    await refer(graph, ids["eve-0"], OFFICE)
    assert {state for state, _, _ in await waiting(caller, ids["cy-0"], f"hsi.agent.{OFFICE}")} == {"held"}


async def test_an_office_is_not_told_that_its_lead_split_from_a_silent_one(graph: Graph, caller: Caller) -> None:
    ann, bob = against("ann"), against("bob")
    await tell(graph, ann, bob)
    await graph.withdraw(await graph.judge(ann.tip_id, bob.tip_id, "same"))
    ((lead_id, former),) = [
        (lead["lead_id"], lead["split_from"]) for lead in await graph.live_leads() if lead["split_from"]
    ]
    await refer(graph, lead_id, OFFICE)

    async def shown(account: str) -> set[str | None]:
        whole = (await get(caller, f"/v1/leads/{lead_id}", account)).json()
        listed = (await get(caller, "/v1/leads", account)).json()["items"]
        return {item["split_from"] for item in [whole, *listed] if item["lead_id"] == lead_id}

    assert await shown(f"hsi.agent.{OFFICE}") == {former}
    await graph.silence(UUID(former))
    assert await shown(f"hsi.agent.{OFFICE}") == {None}
    assert await shown("ceiu.analyst") == {former}


async def test_an_office_is_not_told_in_how_many_tips_of_a_silent_lead_a_value_is_seen(
    graph: Graph, caller: Caller
) -> None:
    mine, silent = (
        [a_tip(f"{name}-{number}", email(f"{name}@example.org"), CARRIER, names=[]) for number in range(3)]
        for name in ("cy", "dee")
    )
    await tell_groups(graph, mine, silent)
    ids = await ids_of(graph)
    await refer(graph, ids["cy-0"], OFFICE)

    async def seen_in(account: str) -> tuple[set[int], set[int]]:
        whole = (await get(caller, f"/v1/leads/{ids['cy-0']}", account)).json()
        drawn = (await get(caller, f"/v1/leads/{ids['cy-0']}/graph", account)).json()
        told = [each for link in whole["links"] for each in link["evidence"] if each["type"] == "ip"]
        assert all(f"seen in {each['frequency']} tips" in each["detail"] for each in told)
        return {each["frequency"] for each in told}, {
            node["frequency"] for node in drawn["nodes"] if node["type"] == "ip"
        }

    everything = await seen_in("ceiu.analyst")
    assert await seen_in(f"hsi.agent.{OFFICE}") == everything
    await graph.silence(UUID(ids["dee-0"]))
    own = ({3}, {3})
    assert await seen_in(f"hsi.agent.{OFFICE}") == own != everything
    assert await seen_in("ceiu.analyst") == everything


async def waiting(caller: Caller, lead_id: str, account: str) -> list[tuple[str, Any, list[str]]]:
    """Return state and hold of a lead, by itself and as listed, and the states under which it is listed."""

    async def listed(**query: Any) -> list[Any]:
        items = (await get(caller, "/v1/leads", account, **query)).json()["items"]
        return [item for item in items if item["lead_id"] == lead_id]

    whole = (await get(caller, f"/v1/leads/{lead_id}", account)).json()
    states = [state for state in ("open", "held", "referred") if await listed(state=state)]
    perishing = [state for state in states if await listed(state=state, perishing_in_days=3650)]
    assert states == perishing
    return [(item["state"], item["held_by"], states) for item in [whole, *await listed()]]


async def beside(caller: Caller, lead_id: str, account: str) -> list[Any]:
    """Return the related tips and leads of a lead, and its related tips as they are listed."""
    whole: httpx.Response = await get(caller, f"/v1/leads/{lead_id}", account)
    listed = (await get(caller, "/v1/leads", account)).json()["items"]
    (item,) = (item for item in listed if item["lead_id"] == lead_id)
    return [whole.json()["related"], whole.json()["related_leads"], item["related"]]


async def test_500_reports_of_one_viral_file_are_no_cluster_and_the_one_with_a_child_in_danger_is_on_top(
    graph: Graph, caller: Caller
) -> None:
    file = {"sha256": "9f" * 32, "viral": True}
    fields: dict[str, Any] = {"files": [file], "names": []}
    tips = [a_tip(f"CT-{number}", urgency={"viral": True}, **fields) for number in range(499)]
    tips.insert(217, a_tip("CT-danger", urgency={"viral": True, "child_in_immediate_danger": True}, **fields))
    for start in range(0, len(tips), 100):
        some = tips[start : start + 100]
        await graph.tell(*some, *(a_review(tip.tip_id) for tip in some))
    assert {len(refs) for refs in await graph.clusters()} == {1}
    first, second, *_ = (await get(caller, "/v1/leads", limit=2)).json()["items"]
    assert ([tip["source_ref"] for tip in first["tips"]], first["tier"], first["state"]) == (
        ["CT-danger"],
        "T0",
        "open",
    )
    assert second["tier"] == "T4"
