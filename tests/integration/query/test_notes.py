"""Notes on records: added only, superseded once, kept with their tip, each agency's for itself and ICE."""

from typing import Any

import pytest

from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_membership, a_party, a_review, a_tip, an_amendment, an_email
from tests.integration.query.test_lookups import events_of

EMAIL = "ana.lopez@example.org"


async def test_a_note_is_kept_as_written_and_on_record(facts: Facts, cbp: Officer) -> None:
    party = a_party(an_email(EMAIL))
    await facts.tell(a_tip(party))
    note = await cbp.add_note(
        party.party_id,
        kind="screening",
        flight_number="XY 123",
        flight_date="2026-03-04",
        additional_screening=True,
        outcome="referred to secondary",
        text="Travelled alone.",
    )
    assert (note["author"], note["agency"], note["kind"]) == ("cbp.att", "CBP", "screening")
    assert await cbp.list_notes(party.party_id) == [note]
    [event] = await events_of(facts, "note.added")
    assert event["subject"] == {"kind": "note", "id": note["note_id"], "version": 1}
    payload = event["payload"]
    assert (payload["record_id"], payload["additional_screening"]) == (str(party.party_id), True)
    personal = {name: payload["personal"][name] for name in ("flight_number", "flight_date", "outcome", "text")}
    assert personal == {name: note[name] for name in personal}
    [viewed] = await events_of(facts, "record.viewed")
    assert viewed["payload"]["record_ids"] == [note["note_id"], note["record_id"]]


async def test_cbp_sees_its_own_notes_and_ice_sees_all(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer
) -> None:
    party = a_party(an_email(EMAIL))
    await facts.tell(a_tip(party))
    by_cbp = await cbp.add_note(party.party_id, text="ours")
    by_ice = await ice.add_note(party.party_id, text="not for CBP")
    by_agent = await agent.add_note(party.party_id, text="from Boston")
    assert by_agent["office"] == "sac-boston"
    assert await cbp.list_notes(party.party_id) == [by_cbp]
    assert await ice.list_notes(party.party_id) == [by_cbp, by_ice, by_agent]
    assert await agent.list_notes(party.party_id) == [by_cbp, by_ice, by_agent]


async def test_a_note_is_superseded_once_by_its_own_agency_on_the_same_person(
    facts: Facts, cbp: Officer, ice: Officer
) -> None:
    party, other = a_party(an_email(EMAIL)), a_party(name="Bo Li")
    await facts.tell(a_tip(party), a_tip(other))
    path = f"/v1/records/{party.party_id}/notes"
    first = await cbp.add_note(party.party_id, text="seat 12A")
    body = {"kind": "general", "text": "seat 21A", "supersedes": first["note_id"]}
    assert (await ice.post(path, body)).status_code == 422
    assert (await cbp.post(f"/v1/records/{other.party_id}/notes", body)).status_code == 422
    refused = await cbp.post(path, {**body, "supersedes": str(new_id())})
    assert [error["loc"] for error in refused.json()["errors"]] == [["supersedes"]]
    second = await cbp.add_note(party.party_id, **body)
    assert (await cbp.post(path, body)).status_code == 409
    third = await cbp.add_note(party.party_id, text="seat 22A", supersedes=second["note_id"])
    chain = [(note["note_id"], note["superseded_by"]) for note in await cbp.list_notes(party.party_id)]
    ids = [note["note_id"] for note in (first, second, third)]
    assert chain == [(ids[0], ids[1]), (ids[1], ids[2]), (ids[2], None)]


async def test_notes_of_all_records_of_a_person_are_shown_with_each(facts: Facts, cbp: Officer) -> None:
    first, second = a_party(an_email(EMAIL)), a_party(an_email(EMAIL))
    tips, cluster_id = [a_tip(first), a_tip(second)], new_id()
    await facts.tell(*tips)
    apart = await cbp.add_note(second.party_id, text="apart")
    assert await cbp.list_notes(first.party_id) == []
    await facts.tell(*(a_membership(tip.tip_id, cluster_id) for tip in tips))
    together = await cbp.add_note(first.party_id, text="together")
    for record_id in (first.party_id, second.party_id):
        assert await cbp.list_notes(record_id) == [apart, together]


async def test_notes_outlive_the_record_they_were_written_on(facts: Facts, cbp: Officer) -> None:
    stays, goes = a_party(an_email(EMAIL)), a_party(name="Bo Li")
    tip = a_tip(stays, goes)
    await facts.tell(tip)
    note = await cbp.add_note(goes.party_id, text="kept")
    await facts.tell(an_amendment(tip, stays))
    assert (await cbp.get(f"/v1/records/{goes.party_id}/notes")).status_code == 404
    assert await cbp.list_notes(stays.party_id) == [note]
    await facts.tell(an_amendment(tip, stays, goes, version=3))
    assert await cbp.list_notes(goes.party_id) == [note]


async def test_a_record_that_a_look_up_could_not_return_is_unknown(facts: Facts, cbp: Officer, ice: Officer) -> None:
    subject, victim = a_party(an_email(EMAIL)), a_party(role="victim")
    tip = a_tip(subject, victim)
    await facts.tell(tip, a_review(tip.tip_id, "not_actionable"))
    body = {"kind": "general", "text": "anyone there?"}
    hidden = await cbp.post(f"/v1/records/{subject.party_id}/notes", body)
    unknown = await cbp.post(f"/v1/records/{new_id()}/notes", body)
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["detail"] == unknown.json()["detail"]
    assert (await ice.get(f"/v1/records/{victim.party_id}/notes")).status_code == 404
    assert (await cbp.get(f"/v1/records/{subject.party_id}/notes")).status_code == 404
    assert (await ice.post(f"/v1/records/{subject.party_id}/notes", body)).status_code == 201


async def test_the_list_is_paged_without_loss(facts: Facts, cbp: Officer) -> None:
    party = a_party(an_email(EMAIL))
    await facts.tell(a_tip(party))
    written = [(await cbp.add_note(party.party_id, text=f"note {n}"))["note_id"] for n in range(5)]
    read, cursor = [], ""
    while cursor is not None:
        page = (await cbp.get(f"/v1/records/{party.party_id}/notes?limit=2{cursor and '&cursor=' + cursor}")).json()
        read += [note["note_id"] for note in page["items"]]
        cursor = page["cursor"]
    assert read == written
    assert (await cbp.get(f"/v1/records/{party.party_id}/notes?cursor=bm8")).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "general"},
        {"kind": "gossip", "text": "x"},
        {"kind": "general", "text": ""},
        {"kind": "general", "text": " \n "},
        {"kind": "general", "text": "\u200b"},
        {"kind": "general", "outcome": "  "},
        {"kind": "targeting", "flight_number": "XY 123"},
        {"kind": "targeting", "flight_date": "2026-03-01", "text": "invented"},
        {"kind": "screening", "text": "invented"},
        {"kind": "targeting", "flight_number": "   "},
        {"kind": "targeting", "flight_date": "2026-03-01T00:00:00"},
        {"kind": "targeting", "flight_date": "1767225600"},
        {"kind": "general", "text": "x" * 4_001},
        {"kind": "targeting", "flight_number": "<XY>"},
        {"kind": "targeting", "flight_date": "2026-02-30"},
        {"kind": "screening", "additional_screening": "yes"},
        {"kind": "general", "text": "x", "supersedes": "not an id"},
        {"kind": "general", "text": "x", "author": "someone else"},
    ],
)
async def test_a_note_that_cannot_be_read_is_refused(facts: Facts, cbp: Officer, body: dict[str, Any]) -> None:
    party = a_party(an_email(EMAIL))
    await facts.tell(a_tip(party))
    response = await cbp.post(f"/v1/records/{party.party_id}/notes", body)
    assert response.status_code == 422, response.text
    assert response.json()["errors"]
    assert "Value error" not in response.text, "that is how pydantic speaks to a programmer"
    assert await cbp.list_notes(party.party_id) == []


@pytest.mark.parametrize("account", ["source.ncmec", "auditor", "system.admin"])
async def test_who_lacks_the_capability_may_neither_read_nor_write(cbp: Officer, account: str) -> None:
    stranger = Officer(cbp.caller, account)
    path = f"/v1/records/{new_id()}/notes"
    assert (await stranger.get(path)).status_code == 403
    assert (await stranger.post(path, {"kind": "general", "text": "x"})).status_code == 403
