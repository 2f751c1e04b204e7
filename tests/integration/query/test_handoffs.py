"""Answers handed over into a risk assessment, and how that is followed up."""

from typing import Any
from uuid import UUID

import pytest

from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_referral, a_review, a_tip, an_email
from tests.integration.query.test_lookups import EMAIL, events_of

HANDED = {"office": "CBP JFK", "reference": "RA-17", "liaison": True}
WITHOUT = {**HANDED, "liaison": False, "follow_up": "local_hsi_office"}


async def an_answer(facts: Facts, officer: Officer) -> dict[str, Any]:
    """Return a look-up's answer with one match, whose lead Boston has."""
    tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), new_id()
    lead = a_lead(cluster_id, state="referred")
    await facts.tell(tip, a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, cluster_id), lead)
    await facts.tell(a_referral(lead))
    return await officer.look_up(emails=[EMAIL])


async def hand_over(officer: Officer, lookup_id: object, **fields: Any) -> Any:
    return await officer.post(f"/v1/lookups/{lookup_id}/handoffs", {**HANDED, **fields})


async def test_a_hand_off_says_where_the_answer_went_and_what_was_relied_on(facts: Facts, cbp: Officer) -> None:
    told = await an_answer(facts, cbp)
    response = await hand_over(cbp, told["lookup_id"])
    assert response.status_code == 201, response.text
    handoff = response.json()
    assert (handoff["office"], handoff["reference"], handoff["state"]) == ("CBP JFK", "RA-17", "open")
    assert handoff["record_ids"] == [told["matches"][0]["record_id"]]
    assert handoff["local_office"] is None
    [event] = await events_of(facts, "handoff.recorded")
    assert event["subject"]["id"] == handoff["handoff_id"]
    assert event["payload"]["record_ids"] == handoff["record_ids"]
    assert (await cbp.get("/v1/handoffs")).json()["items"] == [handoff]


async def test_without_a_liaison_officer_the_local_office_is_named(facts: Facts, cbp: Officer) -> None:
    told = await an_answer(facts, cbp)
    refused = await hand_over(cbp, told["lookup_id"], liaison=False)
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["follow_up"])
    handoff = (await hand_over(cbp, told["lookup_id"], **WITHOUT)).json()
    assert handoff["local_office"] == told["matches"][0]["contact"]
    assert handoff["local_office"]["office"] == "sac-boston"


async def test_a_follow_up_goes_forward_and_keeps_its_steps(facts: Facts, cbp: Officer) -> None:
    told = await an_answer(facts, cbp)
    handoff_id = (await hand_over(cbp, told["lookup_id"])).json()["handoff_id"]
    path = f"/v1/handoffs/{handoff_id}/follow_ups"
    assert (await cbp.post(path, {"state": "contacted", "note": "Called the duty agent."})).status_code == 201
    assert (await cbp.post(path, {"state": "done"})).status_code == 201
    assert (await cbp.post(path, {"state": "answered"})).status_code == 409
    shown = (await cbp.get(f"/v1/handoffs/{handoff_id}")).json()
    assert shown["state"] == "done"
    assert [step["state"] for step in shown["follow_ups"]] == ["contacted", "done"]
    assert len(await events_of(facts, "handoff.followed_up")) == 2


@pytest.mark.parametrize("hidden_by", ["silence", "review"])
async def test_what_may_not_be_told_any_more_cannot_be_handed_over(facts: Facts, cbp: Officer, hidden_by: str) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), new_id()
    lead = a_lead(cluster_id)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), lead)
    told = await cbp.look_up(emails=[EMAIL])
    if hidden_by == "silence":
        await facts.tell(lead.model_copy(update={"lead_version": 2, "silent": True}))
    else:
        await facts.tell(a_review(tip.tip_id, "not_actionable"))
    assert (await hand_over(cbp, told["lookup_id"])).status_code == 404
    assert (await hand_over(cbp, told["lookup_id"], record_ids=[told["matches"][0]["record_id"]])).status_code == 404


async def test_nobody_hands_over_what_is_not_theirs(facts: Facts, cbp: Officer, ice: Officer, agent: Officer) -> None:
    told = await an_answer(facts, cbp)
    handoff_id = (await hand_over(cbp, told["lookup_id"])).json()["handoff_id"]
    for other in (ice, agent):
        assert (await hand_over(other, told["lookup_id"])).status_code == 404
        assert (await other.get(f"/v1/handoffs/{handoff_id}")).status_code == 404
        assert (await other.get("/v1/handoffs")).json()["items"] == []
        assert (await other.post(f"/v1/handoffs/{handoff_id}/follow_ups", {"state": "done"})).status_code == 404
    assert (await hand_over(cbp, new_id())).status_code == 404
    empty = await cbp.look_up(name="Nobody Whatsoever")
    assert (await hand_over(cbp, empty["lookup_id"])).status_code == 404
    assert (await hand_over(cbp, told["lookup_id"], record_ids=[str(UUID(int=1))])).status_code == 404
