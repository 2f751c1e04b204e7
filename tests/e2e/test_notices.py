"""Deconfliction through the whole stack: who is told of whom, once, in which inbox, and that nothing else is said.

The numbers in the names are those of the points that the linker was built to.
"""

from typing import Any

import pytest

from tests.e2e.desk import ANALYST, OFFICER, SUPERVISOR, Desk, Item, a_party, a_tip, email
from tests.fault.check import settle

SECRETS = ("inventada", "gmail", "narrative", "nt-1", "flight")
"""Parts of what the tip and the look-up say."""
AGENT, OTHER_AGENT = "hsi.agent.sac-boston", "hsi.agent.sac-miami"


def a_report(ref: str, address: str, **fields: Any) -> Item:
    incident = {"type": "enticement", "narrative": "an invented narrative", **fields.pop("place", {})}
    return {**a_tip(ref, email(address), names=["Rosa Inventada"], source="tipline", **fields), "incident": incident}


async def look_up(desk: Desk, account: str, address: str) -> Item:
    body = {"purpose": "traveller_targeting", "reference": "flight XX 100", "emails": [address]}
    return dict(await desk.call("query", "/v1/lookups", account, body))


async def inbox(desk: Desk, account: str, kind: str = "deconfliction") -> list[Item]:
    return [each for each in await desk.items("linker", "/v1/notices", account) if each["kind"] == kind]


async def about(desk: Desk, account: str, *record_ids: str) -> list[Item]:
    """Return the notices in an inbox that name one of the records."""
    found = await desk.items("linker", "/v1/notices", account)
    return [each for each in found if {each["reference"]["id"], each["own_reference"]["id"]} & set(record_ids)]


@pytest.mark.timeout(240)
async def test_point_6_both_inboxes_show_exactly_one_notice_after_a_tip_and_a_lookup_in_another_spelling(
    desk: Desk,
) -> None:
    (one,) = await desk.report(a_report("NT-1", "Rosa.Inventada+x@gmail.com"))
    asked = await look_up(desk, OFFICER, "rosainventada@googlemail.com")
    record_ids = [one, asked["lookup_id"]]

    async def both_are_told() -> bool:
        return bool(await about(desk, ANALYST, *record_ids) and await about(desk, OFFICER, *record_ids))

    await desk.eventually(both_are_told)
    (two,) = await desk.report(a_report("NT-2", "rosa.inventada@gmail.com"))
    again = await look_up(desk, "cbp.supervisor", "ROSAINVENTADA@gmail.com")
    await settle(desk.stack)
    record_ids += [two, again["lookup_id"]]
    (mine,), (theirs,) = await about(desk, ANALYST, *record_ids), await about(desk, OFFICER, *record_ids)
    assert mine["notice_id"] == theirs["notice_id"]
    assert (mine["counterpart"]["agency"], theirs["counterpart"]["agency"]) == ("CBP", "ICE")
    assert mine["identifier_class"] == theirs["identifier_class"] == "email"
    for notice in (mine, theirs):
        assert not [secret for secret in SECRETS if secret in str(notice).lower()]
    await desk.call("linker", f"/v1/notices/{mine['notice_id']}/acknowledgements", OFFICER, {"note": "called"})
    assert [notice["state"] for notice in await about(desk, OFFICER, one)] == ["acknowledged"]
    assert [notice["state"] for notice in await about(desk, ANALYST, one)] == ["unread"]


async def test_point_6_what_research_finds_tells_both_sides_too(desk: Desk) -> None:
    asked = await look_up(desk, OFFICER, "ebony.skylark@alder.example")
    (tip_id,) = await desk.report(a_report("NT-3", "juniper.skua@alder.example"))
    body = {"kind": "public_search", "parties": [a_party(email("Ebony.Skylark@alder.example"))]}
    await desk.call("intake", f"/v1/tips/{tip_id}/research", body=body)

    async def told() -> list[Item]:
        return await about(desk, ANALYST, tip_id)

    (mine,) = await desk.eventually(told)
    (theirs,) = await about(desk, OFFICER, asked["lookup_id"])
    assert mine["reference"] == theirs["own_reference"] == {"kind": "lookup", "id": asked["lookup_id"], "lead_id": None}


async def test_point_6_nobody_is_told_of_the_own_unit_or_of_a_value_that_names_nobody(desk: Desk) -> None:
    tip_ids = await desk.report(a_report("NT-4", "copper.dotterel@alder.example"), a_report("NT-5", "none@none.com"))
    own = await look_up(desk, ANALYST, "copper.dotterel@alder.example")
    nobody = await look_up(desk, OFFICER, "none@none.com")
    await settle(desk.stack)
    for account in (ANALYST, OFFICER):
        assert await about(desk, account, *tip_ids, own["lookup_id"], nobody["lookup_id"]) == []


@pytest.mark.timeout(240)
async def test_point_6_of_a_silent_lead_its_office_is_told_and_whoever_asks_learns_nothing(desk: Desk) -> None:
    address = "crimson.wigeon@alder.example"
    boston = {"country": "US", "region": "MA", "city": "Boston", "postal_code": "02108"}
    lead_id, (tip_id,) = await desk.open_lead(a_report("NT-6", address, place=boston))
    await desk.lead(tip_id, lambda lead: lead["office"] == "sac-boston")
    path = f"/v1/leads/{lead_id}/silence"
    await desk.call("linker", path, SUPERVISOR, {"silent": True, "reason": "a contact is under way"})
    await settle(desk.stack)
    asked = [await look_up(desk, account, address) for account in (OFFICER, OTHER_AGENT)]
    await settle(desk.stack)
    lookup_ids = [each["lookup_id"] for each in asked]
    assert [each["matches"] for each in asked] == [[], []]
    assert {each["reference"]["id"] for each in await about(desk, AGENT, tip_id)} == set(lookup_ids)
    for account in (OFFICER, OTHER_AGENT, ANALYST):
        assert await about(desk, account, tip_id) == []
    (party,) = (await desk.call("intake", f"/v1/tips/{tip_id}"))["parties"]
    for path, body in (
        (f"/v1/records/{party['party_id']}/notes", {"kind": "general", "text": "invented"}),
        (f"/v1/records/{party['party_id']}/notes", None),
        (f"/v1/lookups/{lookup_ids[0]}/handoffs", {"office": "sac-boston", "reference": "invented", "liaison": False}),
    ):
        assert (await desk.ask("query", path, OFFICER, body)).status_code == 404
    assert (await desk.ask("linker", f"/v1/leads/{lead_id}", OTHER_AGENT)).status_code == 404
    entries = await desk.items("audit", "/v1/entries", "auditor", type="lead.silenced", subject=lead_id)
    assert [entry["actor"] for entry in entries] == [SUPERVISOR]
    assert len((await look_up(desk, AGENT, address))["matches"]) == 1, "its own office finds it"


async def test_point_5_an_address_that_is_a_victims_here_and_a_subjects_there_warns_ceiu(desk: Desk) -> None:
    (subject,) = await desk.report(a_report("NT-7", "Maroon.Pratincole@gmail.com"))
    child = a_party(email("maroonpratincole+school@gmail.com"), role="victim")
    (victim,) = await desk.report(a_report("NT-8", "taupe.phalarope@alder.example", parties=[child]))
    (warning,) = [each for each in await inbox(desk, ANALYST, "dual_role") if each["own_reference"]["id"] == subject]
    assert warning["reference"] == {"kind": "tip", "id": victim, "lead_id": None}
    assert warning["identifier_class"] == "email"
    assert await desk.clusters(subject, victim) == {frozenset({subject}), frozenset({victim})}
