"""Hand-offs of answers into risk assessments, and their follow-ups."""

from typing import Any

import pytest

from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_referral, a_review, a_tip, an_email
from tests.integration.query.test_lookups import EMAIL, events_of
from tests.integration.query.test_silent_leads import a_silent_lead, speak

BODY = {"office": "National Targeting Center", "reference": "RA-1", "liaison": False}
UNIT = {"office": "ceiu", "name": "Child Exploitation Investigations Unit", "phone": "+1-703-555-0100"}


async def hand_off(officer: Officer, lookup_id: object, *, status: int = 201, **fields: Any) -> dict[str, Any]:
    response = await officer.post(f"/v1/lookups/{lookup_id}/handoffs", {**BODY, **fields})
    assert response.status_code == status, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def follow_up(officer: Officer, handoff_id: object, state: str, *, status: int = 201) -> dict[str, Any]:
    response = await officer.post(f"/v1/handoffs/{handoff_id}/follow_ups", {"state": state, "note": "called"})
    assert response.status_code == status, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def list_ids(officer: Officer) -> list[str]:
    return [item["handoff_id"] for item in (await officer.get("/v1/handoffs")).json()["items"]]


@pytest.fixture
async def lookup(facts: Facts, cbp: Officer) -> dict[str, Any]:
    """An answer of CBP with two matches: the first is Boston's, the second nobody's."""
    first, second, cluster_id = (
        a_tip(a_party(an_email(EMAIL), name="Ana Lopez")),
        a_tip(a_party(name="Ana Lopez")),
        new_id(),
    )
    lead = a_lead(cluster_id, state="referred")
    await facts.tell(first, second, a_review(first.tip_id, "actionable"), a_membership(first.tip_id, cluster_id), lead)
    await facts.tell(a_referral(lead))
    found = await cbp.look_up(name="Ana Lopez", emails=[EMAIL])
    assert len(found["matches"]) == 2
    return found


async def test_a_handoff_relies_on_all_matches_told_unless_it_names_some(cbp: Officer, lookup: dict[str, Any]) -> None:
    record_ids = [match["record_id"] for match in lookup["matches"]]
    whole = await hand_off(cbp, lookup["lookup_id"])
    assert (whole["record_ids"], whole["office"], whole["reference"]) == (record_ids, BODY["office"], "RA-1")
    part = await hand_off(cbp, lookup["lookup_id"], record_ids=record_ids[1:])
    assert part["record_ids"] == record_ids[1:]
    refused = await hand_off(cbp, lookup["lookup_id"], record_ids=[str(new_id())], status=422)
    assert refused["errors"][0]["loc"] == ["record_ids"]
    assert await list_ids(cbp) == [part["handoff_id"], whole["handoff_id"]]


async def test_without_a_liaison_officer_the_hsi_office_of_the_best_match_is_named(
    cbp: Officer, lookup: dict[str, Any]
) -> None:
    lookup_id, matches = lookup["lookup_id"], lookup["matches"]
    boston = {"office": "sac-boston", "name": "HSI Boston", "phone": "+1-617-555-0101"}
    assert (await hand_off(cbp, lookup_id))["local_office"] == boston
    nobodys = await hand_off(cbp, lookup_id, record_ids=[matches[1]["record_id"]])
    assert nobodys["local_office"] == UNIT
    alone = await hand_off(cbp, lookup_id, liaison=True)
    assert (alone["local_office"], alone["state"]) == (None, None)
    asked = await hand_off(cbp, lookup_id, liaison=True, follow_up="local_hsi_office")
    assert (asked["local_office"], asked["state"]) == (boston, "open")


async def test_a_follow_up_is_open_then_contacted_then_done(cbp: Officer, lookup: dict[str, Any]) -> None:
    handoff_id = (await hand_off(cbp, lookup["lookup_id"]))["handoff_id"]
    await follow_up(cbp, handoff_id, "done", status=409)
    assert (await follow_up(cbp, handoff_id, "contacted"))["state"] == "contacted"
    await follow_up(cbp, handoff_id, "contacted", status=409)
    done = await follow_up(cbp, handoff_id, "done")
    assert [step["state"] for step in done["steps"]] == ["contacted", "done"]
    assert (await cbp.get(f"/v1/handoffs/{handoff_id}")).json() == done
    with_liaison = await hand_off(cbp, lookup["lookup_id"], liaison=True)
    await follow_up(cbp, with_liaison["handoff_id"], "contacted", status=409)


async def test_a_handoff_is_its_agencys_own(cbp: Officer, ice: Officer, lookup: dict[str, Any]) -> None:
    handoff_id = (await hand_off(cbp, lookup["lookup_id"]))["handoff_id"]
    await hand_off(ice, lookup["lookup_id"], status=404)
    assert (await ice.get(f"/v1/handoffs/{handoff_id}")).status_code == 404
    await follow_up(ice, handoff_id, "contacted", status=404)
    assert await list_ids(ice) == []


async def test_once_all_matches_are_silent_the_lookup_and_its_handoffs_answer_as_unknown(
    facts: Facts, cbp: Officer
) -> None:
    _, lead = await a_silent_lead(facts)
    await speak(facts, lead, silent=False, version=2)
    lookup_id = (await cbp.look_up(emails=[EMAIL]))["lookup_id"]
    handoff = await hand_off(cbp, lookup_id)
    path = f"/v1/handoffs/{handoff['handoff_id']}"
    await speak(facts, lead, silent=True, version=3)
    silent, unknown = await hand_off(cbp, lookup_id, status=404), await hand_off(cbp, new_id(), status=404)
    assert {**silent, "request_id": 0} == {**unknown, "request_id": 0}
    nobody = (await cbp.look_up(emails=["nobody@example.org"]))["lookup_id"]
    assert {**await hand_off(cbp, nobody, status=404), "request_id": 0} == {**unknown, "request_id": 0}
    assert (await cbp.get(path)).status_code == 404
    await follow_up(cbp, handoff["handoff_id"], "contacted", status=404)
    assert await list_ids(cbp) == []
    await speak(facts, lead, silent=False, version=4)
    assert (await cbp.get(path)).json() == handoff


async def test_pages_are_full_though_handoffs_among_them_may_not_be_told(
    facts: Facts, cbp: Officer, lookup: dict[str, Any]
) -> None:
    told = [(await hand_off(cbp, lookup["lookup_id"]))["handoff_id"]]
    party, cluster_id = a_party(an_email("other@example.org")), new_id()
    tip, lead = a_tip(party), a_lead(cluster_id)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), lead)
    for _ in range(3):
        await hand_off(cbp, (await cbp.look_up(emails=["other@example.org"]))["lookup_id"])
    told.insert(0, (await hand_off(cbp, lookup["lookup_id"]))["handoff_id"])
    await speak(facts, lead, silent=True, version=2)
    first = (await cbp.get("/v1/handoffs?limit=1")).json()
    second = (await cbp.get(f"/v1/handoffs?limit=1&cursor={first['cursor']}")).json()
    assert [item["handoff_id"] for page in (first, second) for item in page["items"]] == told
    assert second["cursor"] is None


async def test_a_handoff_and_each_step_are_on_record(facts: Facts, cbp: Officer, lookup: dict[str, Any]) -> None:
    handoff = await hand_off(cbp, lookup["lookup_id"])
    await follow_up(cbp, handoff["handoff_id"], "contacted")
    [recorded] = await events_of(facts, "handoff.recorded")
    [step] = await events_of(facts, "handoff.followed_up")
    assert recorded["payload"]["record_ids"] == handoff["record_ids"]
    assert recorded["payload"]["local_office"] == "sac-boston"
    assert (step["payload"]["state"], step["subject"]["id"]) == ("contacted", handoff["handoff_id"])


async def test_a_repeat_under_the_same_key_records_one_handoff(cbp: Officer, lookup: dict[str, Any]) -> None:
    path = f"/v1/lookups/{lookup['lookup_id']}/handoffs"
    answers = [await cbp.post(path, BODY, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await list_ids(cbp)) == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"office": "  "}, "office"),
        ({"reference": ""}, "reference"),
        ({"liaison": "no"}, "liaison"),
        ({"follow_up": "somebody"}, "follow_up"),
        ({"record_ids": []}, "record_ids"),
        ({"country": "TH"}, "country"),
    ],
)
async def test_a_handoff_that_cannot_be_read_names_the_field(
    cbp: Officer, lookup: dict[str, Any], fields: dict[str, Any], place: str
) -> None:
    refused = await hand_off(cbp, lookup["lookup_id"], status=422, **fields)
    assert refused["errors"][0]["loc"] == [place]
    assert await list_ids(cbp) == []
