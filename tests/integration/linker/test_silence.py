"""Leads that nobody but their holder may learn of: who decides it, and that merging does not undo it."""

import pytest

from services.linker.app import SERVICE
from tests.builders import new_id
from tests.conftest import Caller, CallService
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph
from tests.integration.linker.test_holds import SUPERVISOR, a_group, by_group, tell_groups
from tests.integration.linker.test_http import get, post

SELECT_SILENT = "SELECT lead_id::text FROM lead WHERE silent"


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


async def silence(caller: Caller, lead_id: str, *, silent: bool) -> None:
    body = {"silent": silent, "reason": "a contact is under way"}
    made = await post(caller, f"/v1/leads/{lead_id}/silence", body, SUPERVISOR)
    assert (made.status_code, made.json()["lead_id"], made.json()["silent"]) == (201, lead_id, silent)


async def test_a_lead_is_silent_from_the_decision_on_until_it_is_taken_back(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("ann"))
    lead_id = (await by_group(graph))["ann"]["lead_id"]
    for silent in (True, False):
        await silence(caller, lead_id, silent=silent)
        assert (await by_group(graph))["ann"]["silent"] is silent
        assert (await get(caller, f"/v1/leads/{lead_id}")).json()["silent"] is silent
        assert len(await graph.pool.fetch(SELECT_SILENT)) == int(silent)
    first, second = await graph.events("lead.silenced")
    assert (first["actor"]["id"], first["payload"]["silent"], second["payload"]["silent"]) == (SUPERVISOR, True, False)
    assert first["payload"]["personal"]["reason"] == "a contact is under way"
    assert (first["subject"]["version"], second["subject"]["version"]) == (1, 2)


async def test_the_survivor_of_a_merge_is_silent_if_either_was_and_speaks_again_as_a_whole(
    graph: Graph, caller: Caller
) -> None:
    ann, bob = a_group("ann", ip=None), a_group("bob", ip=None)
    await tell_groups(graph, ann, bob)
    await silence(caller, (await by_group(graph))["bob"]["lead_id"], silent=True)
    judgement = await graph.judge(ann[0].tip_id, bob[0].tip_id, "same")
    survivor = (await by_group(graph))["ann"]
    assert survivor["silent"] is True
    await graph.withdraw(judgement)
    assert {name: lead["silent"] for name, lead in (await by_group(graph)).items()} == {"ann": False, "bob": True}
    await graph.judge(ann[0].tip_id, bob[0].tip_id, "same")
    await silence(caller, survivor["lead_id"], silent=False)
    assert (await by_group(graph))["ann"]["silent"] is False
    assert await graph.pool.fetch(SELECT_SILENT) == []


async def test_only_who_may_refer_makes_a_known_lead_silent_and_says_why(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("ann"))
    path = f"/v1/leads/{(await by_group(graph))['ann']['lead_id']}/silence"
    body = {"silent": True, "reason": "invented"}
    assert (await post(caller, path, body, "ceiu.analyst")).status_code == 403
    assert (await post(caller, path, {"silent": True}, SUPERVISOR)).status_code == 422
    assert (await post(caller, f"/v1/leads/{new_id()}/silence", body, SUPERVISOR)).status_code == 404
