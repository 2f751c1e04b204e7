"""A silent lead answers CEIU and the office that has it; for everybody else there is nothing, in any way that shows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from services.query.domain.rarity import RECORDS_MIN
from services.query.domain.sight import Asker
from services.query.domain.subject import Subject
from services.query.domain.words import Name, readings_of
from services.query.store.projection import add_records
from shared.events.linker import LeadOpenedV1
from tests.bench.lookup.population import people
from tests.builders import new_id
from tests.conftest import Caller
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import (
    a_lead,
    a_membership,
    a_party,
    a_referral,
    a_review,
    a_tip,
    an_amendment,
    an_email,
)
from tests.integration.query.test_lookups import EMAIL, Reread, events_of

NOBODY = "nobody@example.org"


@pytest.fixture
def other(caller: Caller) -> Officer:
    """An agent of an office that has nothing to do with the lead."""
    return Officer(caller, "hsi.agent.sac-miami")


def a_subject(names: Sequence[str]) -> Subject:
    """Return a subject of a tip of its own."""
    return Subject(new_id(), new_id(), None, tuple(Name(name, readings_of(name)) for name in names), None, ())


async def a_silent_lead(facts: Facts, **fields: Any) -> tuple[UUID, LeadOpenedV1]:
    """Tell of a silent lead that Boston has; return its one record and it."""
    party = a_party(an_email(EMAIL), name="Ana Lopez")
    tip, cluster_id = a_tip(party), new_id()
    lead = a_lead(cluster_id, state="referred", silent=True, **fields)
    await facts.tell(tip, a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, cluster_id), lead)
    await facts.tell(a_referral(lead))
    return party.party_id, lead


async def speak(facts: Facts, lead: LeadOpenedV1, *, silent: bool, version: int) -> None:
    await facts.tell(lead.model_copy(update={"silent": silent, "lead_version": version}))


async def test_a_silent_lead_answers_ceiu_and_the_office_that_has_it_and_nobody_else(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer, other: Officer
) -> None:
    _, lead = await a_silent_lead(facts)
    for officer, count in ((ice, 1), (agent, 1), (other, 0), (cbp, 0)):
        for asked in ({"emails": [EMAIL]}, {"name": "Ana Lopez"}, {"emails": [EMAIL], "name": "Lopez Ana"}):
            assert len(await officer.find(**asked)) == count, officer.account
    await speak(facts, lead, silent=False, version=2)
    for officer in (ice, agent, other, cbp):
        assert len(await officer.find(emails=[EMAIL])) == 1


async def test_an_answer_without_the_silent_lead_looks_like_one_about_nobody(facts: Facts, cbp: Officer) -> None:
    await a_silent_lead(facts)
    await facts.tell(*(a_tip(a_party(name="Ana Lopez")) for _ in range(2)))
    silent, empty = await cbp.look_up(emails=[EMAIL]), await cbp.look_up(emails=[NOBODY])
    assert {**silent, "lookup_id": 0, "answered_at": 0} == {**empty, "lookup_id": 0, "answered_at": 0}
    cut = await cbp.look_up(name="Ana Lopez", max_matches=2)
    assert (len(cut["matches"]), cut["truncated"]) == (2, False), "what is silent is not counted either"
    told = [event["payload"] for event in await events_of(facts, "lookup.answered")]
    assert [payload["match_count"] for payload in told] == [0, 0, 2]
    assert told[0]["record_ids"] == told[0]["lead_ids"] == []


async def test_how_rare_a_name_is_does_not_tell_of_a_silent_lead(facts: Facts, cbp: Officer, ice: Officer) -> None:
    """Not in what its words weigh, whatever becomes of the lead or its tips; what is told of counts again."""
    async with facts.pool.acquire() as connection, connection.transaction():
        await add_records(connection, [a_subject(person.names) for person in people(RECORDS_MIN + 200, 1)])
    known = a_party(name="Zorbel Quintar")
    await facts.tell(a_tip(known))

    async def weights(officer: Officer) -> list[Any]:
        matches = await officer.find(name="Zorbel Quintar")
        (match,) = [each for each in matches if each["record_id"] == str(known.party_id)]
        return [each["weight"] for each in match["evidence"]["for"]]

    before = await weights(cbp)
    tips = [a_tip(a_party(name="Zorbel Quintar")) for _ in range(4)]
    cluster_id = new_id()
    lead = a_lead(cluster_id, state="referred", silent=True)
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips), lead)
    assert await weights(cbp) == await weights(ice) == before
    await facts.tell(an_amendment(tips[0], a_party(name="Zorbel Quintar")))
    assert await weights(cbp) == before
    await speak(facts, lead, silent=False, version=2)
    told = await weights(cbp)
    assert told < before
    await speak(facts, lead, silent=True, version=3)
    assert await weights(cbp) == before
    await facts.tell(*(a_membership(tip.tip_id, new_id(), version=2) for tip in tips))
    assert await weights(cbp) == told


async def test_an_office_is_told_while_the_silent_lead_is_or_was_its_own(facts: Facts, agent: Officer) -> None:
    _, lead = await a_silent_lead(facts)
    referral_id = await facts.pool.fetchval("SELECT referral_id FROM referral")
    told = []
    for version, state in enumerate(("acknowledged", "accepted", "closed", "recalled", "queued"), start=2):
        office = None if state == "queued" else "sac-boston"
        await facts.tell(a_referral(lead, referral_id=referral_id, version=version, state=state, office=office))
        told.append(len(await agent.find(emails=[EMAIL])))
    assert told == [1, 1, 1, 0, 0]


async def test_notes_on_a_silent_lead_answer_as_on_an_unknown_record(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer, other: Officer
) -> None:
    record_id, lead = await a_silent_lead(facts)
    body = {"kind": "general", "text": "invented"}
    for officer in (cbp, other):
        for answered, unknown in (
            (await officer.get(f"/v1/records/{record_id}/notes"), await officer.get(f"/v1/records/{new_id()}/notes")),
            (
                await officer.post(f"/v1/records/{record_id}/notes", body),
                await officer.post(f"/v1/records/{new_id()}/notes", body),
            ),
        ):
            assert answered.status_code == unknown.status_code == 404
            assert {**answered.json(), "request_id": 0} == {**unknown.json(), "request_id": 0}
    await ice.add_note(record_id, text="seen by ICE")
    assert len(await agent.list_notes(record_id)) == 1
    await speak(facts, lead, silent=False, version=2)
    assert len(await other.list_notes(record_id)) == 1


async def test_an_answer_from_before_the_silence_is_read_again_without_the_lead(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer, other: Officer
) -> None:
    _, lead = await a_silent_lead(facts)
    await speak(facts, lead, silent=False, version=2)
    readers = [Reread(officer) for officer in (cbp, other, agent, ice)]
    told = [await reader.ask(emails=[EMAIL]) for reader in readers]
    await speak(facts, lead, silent=True, version=3)
    assert [await reader.again() for reader in readers[:2]] == [{**each, "matches": []} for each in told[:2]]
    assert [await reader.again() for reader in readers[2:]] == told[2:]
    await speak(facts, lead, silent=False, version=4)
    assert [await reader.again() for reader in readers] == told


async def test_what_ceiu_was_answered_about_a_silent_lead_no_other_office_of_ice_reads(
    facts: Facts, ice: Officer, agent: Officer, other: Officer
) -> None:
    await a_silent_lead(facts)
    answer = await ice.look_up(emails=[EMAIL])
    path = f"/v1/lookups/{answer['lookup_id']}"
    assert (await other.get(path)).json() == {**answer, "matches": []}
    assert (await agent.get(path)).json() == answer


async def test_a_tip_that_joins_a_silent_lead_is_silent_and_one_that_leaves_it_is_not(
    facts: Facts, cbp: Officer
) -> None:
    _, lead = await a_silent_lead(facts)
    joins = a_tip(a_party(an_email("second@example.org")))
    await facts.tell(joins, a_membership(joins.tip_id, new_id()))
    assert len(await cbp.find(emails=["second@example.org"])) == 1
    await facts.tell(a_membership(joins.tip_id, lead.cluster_id, version=2))
    assert await cbp.find(emails=["second@example.org"]) == []
    await facts.tell(a_membership(joins.tip_id, new_id(), version=3))
    assert len(await cbp.find(emails=["second@example.org"])) == 1


async def test_an_amended_tip_of_a_silent_lead_stays_silent(facts: Facts, cbp: Officer) -> None:
    party = a_party(an_email(EMAIL))
    tip, cluster_id = a_tip(party), new_id()
    await facts.tell(a_lead(cluster_id, silent=True), a_membership(tip.tip_id, cluster_id), tip)
    await facts.tell(an_amendment(tip, a_party(an_email("second@example.org"))))
    assert await cbp.find(emails=["second@example.org"]) == []


def test_ceiu_is_ice_without_an_office() -> None:
    assert Asker("x", "ICE", None).sight.is_whole
    assert not Asker("x", "ICE", "sac-boston").sight.is_whole
    assert Asker("x", "ICE", "sac-boston").sight.sees_all
    for office in (None, "sac-boston"):
        sight = Asker("x", "CBP", office).sight
        assert sight == Asker("y", "CBP", None).sight, "another agency's office is none of ICE's"
        assert not sight.sees_all
