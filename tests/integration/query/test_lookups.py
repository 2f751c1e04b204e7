"""Look-ups over HTTP, on a projection fed by events: who answers, to whom, and that each answer is on record first."""

import json
from typing import Any

import asyncpg
import pytest

from services.query.http.lookups import LookupAnswer
from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import (
    a_lead,
    a_membership,
    a_party,
    a_referral,
    a_research_result,
    a_review,
    a_tip,
    an_amendment,
    an_email,
)
from tests.servers import Database

EMAIL = "ana.lopez@example.org"
SELECT_EVENTS = "SELECT convert_from(value, 'UTF8') FROM outbox WHERE topic = 'query.activity' ORDER BY id"


async def events_of(facts: Facts, type_: str) -> list[dict[str, Any]]:
    """Return the events of a type that wait for Kafka."""
    events = [json.loads(row[0]) for row in await facts.pool.fetch(SELECT_EVENTS)]
    return [event for event in events if event["type"] == type_]


async def test_a_traveller_under_investigation_is_confirmed_with_lead_office_and_reasons(
    facts: Facts, cbp: Officer
) -> None:
    party = a_party(an_email(EMAIL), name="Ana María López", birth_date="1980-02-03")
    tip, cluster_id = a_tip(party), new_id()
    lead = a_lead(cluster_id, state="referred", tier="T1")
    await facts.tell(tip, a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, cluster_id), lead)
    await facts.tell(a_referral(lead))
    answer = await cbp.look_up(
        name="LOPEZ ANA MARIA", birth_date="1980-02-03", emails=[EMAIL.upper()], phones=["+12025552143"]
    )
    assert answer["truncated"] is False
    [match] = answer["matches"]
    evidence = match.pop("evidence")
    assert match.pop("caveat")
    assert match == {
        "record_id": str(party.party_id),
        "tip_ids": [str(tip.tip_id)],
        "lead_id": str(lead.lead_id),
        "grade": "confirmed",
        "relevant": True,
        "investigation": "referred",
        "tier": "T1",
        "contact": {"office": "sac-boston", "name": "HSI Boston", "phone": "+1-617-555-0101"},
    }
    assert [item["field"] for item in evidence["for"]] == ["name", "birth_date", "email"]
    assert evidence["against"] == []
    assert [(item["field"], item["recorded"]) for item in evidence["missing"]] == [("phone", None)]


async def test_nobody_on_record_is_an_empty_answer(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    answer = await cbp.look_up(name="Peter Brown", emails=["p.brown@example.org"])
    assert answer["matches"] == []
    assert answer["truncated"] is False


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim"])
async def test_an_identifier_answers_for_the_subject_who_holds_it_and_nobody_else(
    facts: Facts, cbp: Officer, role: str
) -> None:
    elsewhere = a_tip(a_party(an_email(EMAIL), name="Ana Lopez", role=role), a_party(name="Bo Li"))
    subject = a_party(an_email(EMAIL), name="Cy Young")
    tip = a_tip(subject)
    cluster_id = new_id()
    await facts.tell(elsewhere, a_membership(elsewhere.tip_id, cluster_id))
    assert await cbp.find(emails=[EMAIL]) == []
    assert await cbp.find(name="Ana Lopez") == []
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id))
    [match] = await cbp.find(emails=[EMAIL])
    assert match["tip_ids"] == [str(tip.tip_id)]
    assert await cbp.find(name="Ana Lopez") == []


async def test_a_subject_found_by_research_answers_and_a_victim_found_by_it_does_not(
    facts: Facts, cbp: Officer
) -> None:
    tip, found = a_tip(), a_party(an_email(EMAIL), name="Ana Lopez")
    victim = a_party(an_email("child@example.org"), role="victim")
    await facts.tell(a_research_result(tip.tip_id, found, victim), tip)
    [match] = await cbp.find(emails=[EMAIL])
    assert (match["record_id"], match["tip_ids"]) == (str(found.party_id), [str(tip.tip_id)])
    assert await cbp.find(emails=["child@example.org"]) == []


async def test_a_tip_nobody_reviewed_answers_without_lead_or_relevance(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL))))
    [match] = await cbp.find(emails=[EMAIL])
    assert match["grade"] == "confirmed"
    assert (match["lead_id"], match["tier"], match["investigation"], match["relevant"]) == (None, None, "none", False)
    assert match["contact"]["office"] == "ceiu"
    assert match["contact"]["phone"] == "+1-703-555-0100"


async def test_a_tip_found_not_actionable_answers_ice_only_and_the_newest_review_counts(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer
) -> None:
    tip = a_tip(a_party(an_email(EMAIL), name="Ana Lopez"))
    await facts.tell(tip, a_review(tip.tip_id, "not_actionable", number=2))
    await facts.tell(a_review(tip.tip_id, "actionable", number=1))
    for officer, count in ((cbp, 0), (ice, 1), (agent, 1)):
        assert len(await officer.find(emails=[EMAIL])) == count
        assert len(await officer.find(name="Ana Lopez")) == count
    await facts.tell(a_review(tip.tip_id, "actionable", number=3))
    assert len(await cbp.find(emails=[EMAIL])) == 1


async def test_records_of_a_cluster_are_one_match_under_the_oldest_record_the_caller_may_see(
    facts: Facts, cbp: Officer, ice: Officer
) -> None:
    first, second, third = (a_party(an_email(EMAIL), name="Ana Lopez") for _ in range(3))
    tips, cluster_id = [a_tip(first), a_tip(second), a_tip(third)], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips))
    await facts.tell(a_review(tips[0].tip_id, "not_actionable"))
    [seen_by_cbp], [seen_by_ice] = await cbp.find(emails=[EMAIL]), await ice.find(emails=[EMAIL])
    assert seen_by_cbp["record_id"] == str(second.party_id)
    assert seen_by_cbp["tip_ids"] == [str(tip.tip_id) for tip in tips[1:]]
    assert seen_by_ice["record_id"] == str(first.party_id)
    assert seen_by_ice["tip_ids"] == [str(tip.tip_id) for tip in tips]


async def test_the_oldest_record_stands_for_a_cluster_even_when_it_did_not_match(facts: Facts, cbp: Officer) -> None:
    silent, found = a_party(name="A. L."), a_party(an_email(EMAIL))
    tips, cluster_id = [a_tip(silent), a_tip(found)], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips))
    [match] = await cbp.find(emails=[EMAIL])
    assert (match["record_id"], match["tip_ids"]) == (str(silent.party_id), [str(tips[1].tip_id)])


async def test_a_name_is_found_by_its_close_spellings(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(name="Muhammad al-Rashid")), a_tip(a_party(name="Ana María López García")))
    for spelling in ("ALRASHID MUHAMMAD", "Muhamad Rashid", "M Rashid", "Mohammed Al Rashid"):
        assert len(await cbp.find(name=spelling)) == 1, spelling
    for spelling in ("LOPEZ GARCIA ANA", "Anna Lopes", "A. M. Lopez", "LOPEZGARCIA ANA MARIA"):
        assert len(await cbp.find(name=spelling)) == 1, spelling
    assert await cbp.find(name="Ana Perez") == []


async def test_an_equal_birth_date_finds_its_record_among_hundreds_of_that_name(facts: Facts, cbp: Officer) -> None:
    same_name = [a_tip(a_party(name="Maria Garcia", birth_date="1990-05-05")) for _ in range(450)]
    wanted = a_tip(a_party(name="Maria Garcia", birth_date="1980-02-03"))
    await facts.tell(*same_name, wanted)
    answer = await cbp.look_up(name="GARCIA MARIA", birth_date="1980-02-03", max_matches=5)
    assert answer["matches"][0]["tip_ids"] == [str(wanted.tip_id)]
    assert answer["matches"][0]["grade"] == "confirmed"
    assert [match["grade"] for match in answer["matches"][1:]] == ["contradicted"] * 4
    assert answer["truncated"] is True


async def test_matches_are_bounded_and_the_rest_is_told(facts: Facts, cbp: Officer) -> None:
    await facts.tell(*(a_tip(a_party(name="Ana Lopez")) for _ in range(12)))
    for asked, count, is_truncated in (({}, 10, True), ({"max_matches": 50}, 12, False), ({"max_matches": 1}, 1, True)):
        answer = await cbp.look_up(name="Ana Lopez", **asked)
        assert (len(answer["matches"]), answer["truncated"]) == (count, is_truncated)


async def test_an_amendment_takes_the_place_of_what_the_tip_said(facts: Facts, cbp: Officer) -> None:
    kept, gone = a_party(an_email(EMAIL), name="Ana Lopez"), a_party(name="Bo Li")
    researched = a_party(name="Cy Young")
    tip = a_tip(kept, gone)
    await facts.tell(tip, a_research_result(tip.tip_id, researched))
    await facts.tell(an_amendment(tip, kept.model_copy(update={"identifiers": [], "names": ["Anita Brown"]})))
    assert await cbp.find(emails=[EMAIL]) == []
    assert await cbp.find(name="Ana Lopez") == []
    assert await cbp.find(name="Bo Li") == []
    [match] = await cbp.find(name="Anita Brown")
    assert match["record_id"] == str(kept.party_id)
    assert len(await cbp.find(name="Cy Young")) == 1


async def test_every_answer_is_on_record_with_what_was_asked_and_shown(facts: Facts, cbp: Officer) -> None:
    party = a_party(an_email(EMAIL), name="Ana Lopez")
    tip, cluster_id = a_tip(party), new_id()
    lead = a_lead(cluster_id)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), lead)
    answer = await cbp.look_up(name="Ana Lopez", birth_date="1980-02-03", emails=[EMAIL], reference="XY 123")
    await cbp.look_up(name="Peter Brown")
    found, empty = await events_of(facts, "lookup.answered")
    assert found["subject"] == {"kind": "lookup", "id": answer["lookup_id"], "version": 1}
    assert (found["actor"]["id"], found["actor"]["agency"]) == ("cbp.att", "CBP")
    payload = found["payload"]
    assert payload["record_ids"] == [str(party.party_id)]
    assert payload["lead_ids"] == [str(lead.lead_id)]
    assert (payload["match_count"], payload["grades"]) == (1, {"confirmed": 1})
    assert (payload["purpose"], payload["reference"]) == ("traveller_targeting", "XY 123")
    personal = payload["personal"]
    assert (personal["name"], personal["birth_date"], personal["emails"]) == ("Ana Lopez", "1980-02-03", [EMAIL])
    assert (empty["payload"]["match_count"], empty["payload"]["record_ids"]) == (0, [])


async def test_no_answer_leaves_when_it_cannot_be_put_on_record(facts: Facts, cbp: Officer, database: Database) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL))))
    assert len(await cbp.find(emails=[EMAIL])) == 1
    owner = await asyncpg.connect(database.owner_url("query"))
    await owner.execute("REVOKE INSERT ON outbox FROM query_app")
    refused = await cbp.try_look_up(emails=[EMAIL])
    assert refused.status_code >= 500
    assert "matches" not in refused.text
    assert await owner.fetchval("SELECT count(*) FROM lookup") == 1
    await owner.execute("GRANT INSERT ON outbox TO query_app")
    await owner.close()
    assert len(await cbp.find(emails=[EMAIL])) == 1
    assert len(await events_of(facts, "lookup.answered")) == 2


async def test_an_answer_can_be_read_again_by_the_agency_that_asked(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer
) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), a_lead(cluster_id))
    mine, theirs = await cbp.look_up(emails=[EMAIL]), await ice.look_up(emails=[EMAIL])
    await facts.tell(a_tip(a_party(an_email(EMAIL))), a_membership(tip.tip_id, new_id(), version=2))
    again = await cbp.get(f"/v1/lookups/{mine['lookup_id']}")
    assert (again.status_code, again.json()) == (200, mine)
    assert (await agent.get(f"/v1/lookups/{theirs['lookup_id']}")).json() == theirs
    assert (await cbp.get(f"/v1/lookups/{theirs['lookup_id']}")).status_code == 404
    assert (await cbp.get(f"/v1/lookups/{new_id()}")).status_code == 404
    views = [event["payload"] for event in await events_of(facts, "record.viewed")]
    assert [(view["kind"], view["within"]) for view in views] == [("lookup", {"record": 1, "tip": 1, "lead": 1})] * 2
    [match] = mine["matches"]
    assert views[0]["record_ids"] == [mine["lookup_id"], match["record_id"], *match["tip_ids"], match["lead_id"]]
    assert views[1]["record_ids"][0] == theirs["lookup_id"]


async def test_a_repeat_under_the_same_key_is_the_same_look_up(facts: Facts, cbp: Officer) -> None:
    body = {"purpose": "investigation", "reference": "C-1", "name": "Ana Lopez"}
    first, again = [await cbp.post("/v1/lookups", body, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert len(await events_of(facts, "lookup.answered")) == 1


class Reread:
    """Reads a look-up's answer again in both ways: by its id, and by the same POST under the same key."""

    def __init__(self, officer: Officer) -> None:
        self.officer = officer
        self.body: dict[str, Any] = {}

    async def ask(self, **asked: Any) -> dict[str, Any]:
        self.body = {"purpose": "investigation", "reference": "C-1", **asked}
        return await self._post()

    async def again(self) -> dict[str, Any]:
        repeated = await self._post()
        response = await self.officer.get(f"/v1/lookups/{repeated['lookup_id']}")
        assert (response.status_code, response.json()) == (200, repeated)
        return repeated

    async def _post(self) -> dict[str, Any]:
        response = await self.officer.post("/v1/lookups", self.body, **{"Idempotency-Key": "k"})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


async def test_what_ice_alone_may_know_since_is_not_read_again_by_others(
    facts: Facts, cbp: Officer, ice: Officer, agent: Officer
) -> None:
    goes, stays = (a_tip(a_party(an_email(EMAIL), name="Ana Lopez")) for _ in range(2))
    await facts.tell(goes, stays)
    readers = [Reread(officer) for officer in (cbp, ice, agent)]
    told = [await reader.ask(emails=[EMAIL]) for reader in readers]
    assert {len(answer["matches"]) for answer in told} == {2}
    await facts.tell(a_review(goes.tip_id, "not_actionable", number=1))
    by_cbp, by_ice, by_agent = [await reader.again() for reader in readers]
    assert (by_ice, by_agent) == (told[1], told[2])
    left = [match for match in told[0]["matches"] if match["tip_ids"] == [str(stays.tip_id)]]
    assert by_cbp == {**told[0], "matches": left}
    await facts.tell(a_review(stays.tip_id, "not_actionable", number=1))
    assert await readers[0].again() == {**told[0], "matches": []}
    await facts.tell(*(a_review(tip.tip_id, "actionable", number=2) for tip in (goes, stays)))
    assert await readers[0].again() == told[0]
    [kept] = await facts.pool.fetch("SELECT answer FROM lookup WHERE agency = 'CBP'")
    assert LookupAnswer.model_validate(kept["answer"]).model_dump(mode="json") == told[0], "the evidence is untouched"


async def test_a_match_of_several_tips_is_read_again_as_those_that_remain_would_answer(
    facts: Facts, cbp: Officer
) -> None:
    named = a_party(an_email(EMAIL), name="Ana Lopez", birth_date="1980-02-03")
    tips, cluster_id = [a_tip(named), a_tip(a_party(name="Ana Lopes"))], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips), a_lead(cluster_id))
    reader = Reread(cbp)
    asked = {"name": "Ana Lopez", "birth_date": "1980-02-03", "emails": [EMAIL]}
    told = await reader.ask(**asked)
    assert told["matches"][0]["tip_ids"] == [str(tip.tip_id) for tip in tips]
    await facts.tell(a_review(tips[0].tip_id, "not_actionable"))
    read = await reader.again()
    assert read["matches"] == await cbp.find(**asked)
    [match] = read["matches"]
    assert (match["tip_ids"], match["grade"]) == ([str(tips[1].tip_id)], "name_only")
    for secret in (str(tips[0].tip_id), str(named.party_id), '"recorded": "Ana Lopez"'):
        assert secret not in json.dumps(read)


async def test_a_tip_that_a_match_rests_on_goes_though_the_record_it_is_named_by_stays(
    facts: Facts, cbp: Officer
) -> None:
    parties = a_party(an_email(EMAIL), name="Ana Lopez"), a_party(an_email(EMAIL), name="Anna Lopez")
    tips, cluster_id = [a_tip(party) for party in parties], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips))
    reader = Reread(cbp)
    [told] = (await reader.ask(emails=[EMAIL]))["matches"]
    assert told["tip_ids"] == [str(tip.tip_id) for tip in tips]
    await facts.tell(a_review(tips[1].tip_id, "not_actionable"))
    assert (await reader.again())["matches"] == [{**told, "tip_ids": [str(tips[0].tip_id)]}]
    await facts.tell(an_amendment(tips[0], a_party(name="Bo Li", party_id=parties[0].party_id)))
    assert (await reader.again())["matches"] == []


async def test_the_record_named_is_one_the_caller_may_still_ask_for(facts: Facts, cbp: Officer) -> None:
    silent, found = a_party(name="A. L."), a_party(an_email(EMAIL))
    tips, cluster_id = [a_tip(silent), a_tip(found)], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips))
    reader = Reread(cbp)
    told = await reader.ask(emails=[EMAIL])
    assert told["matches"][0]["record_id"] == str(silent.party_id)
    await facts.tell(a_review(tips[0].tip_id, "not_actionable"))
    [match] = (await reader.again())["matches"]
    assert match["record_id"] == str(found.party_id)
    assert (await cbp.get(f"/v1/records/{match['record_id']}/notes")).status_code == 200


async def test_a_subject_that_an_amendment_takes_back_is_not_read_again_by_others(
    facts: Facts, cbp: Officer, ice: Officer
) -> None:
    party = a_party(an_email(EMAIL), name="Ana Lopez")
    tip = a_tip(party)
    await facts.tell(tip)
    readers = Reread(cbp), Reread(ice)
    told = [await reader.ask(emails=[EMAIL]) for reader in readers]
    await facts.tell(an_amendment(tip, party.model_copy(update={"role": "victim"})))
    assert await readers[0].again() == {**told[0], "matches": []}
    assert await readers[1].again() == told[1]


async def test_reading_an_answer_again_is_on_record(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL))))
    reader = Reread(cbp)
    told = await reader.ask(emails=[EMAIL])
    await reader.again()
    assert len(await events_of(facts, "lookup.answered")) == 1
    viewed = [event["payload"] for event in await events_of(facts, "record.viewed")]
    assert [view["record_ids"][0] for view in viewed] == [told["lookup_id"]] * 2
    assert [view["route"] for view in viewed] == ["POST /v1/lookups", "GET /v1/lookups/{lookup_id}"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"purpose": "curiosity"}, "purpose"),
        ({"purpose": None}, "purpose"),
        ({"reference": ""}, "reference"),
        ({"reference": "  "}, "reference"),
        ({"reference": "\u200b"}, "reference"),
        ({"reference": "x" * 201}, "reference"),
        ({"name": None}, None),
        ({"name": ""}, "name"),
        ({"name": "LOP*"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Ana\u0000"}, "name"),
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"birth_date": "2999"}, "birth_date"),
        ({"birth_date": "1899-12-31"}, "birth_date"),
        ({"birth_date": "19800203"}, "birth_date"),
        ({"birth_date": "1980-2-3"}, "birth_date"),
        ({"birth_date": "1980-02-30"}, "birth_date"),
        ({"birth_date": "1980-02-03T00:00:00Z"}, "birth_date"),
        ({"birth_date": 1980}, "birth_date"),
        ({"emails": ["no address"]}, "emails"),
        ({"emails": "a@example.org"}, "emails"),
        ({"usernames": ["x"] * 21}, "usernames"),
        ({"max_matches": 51}, "max_matches"),
        ({"max_matches": 0}, "max_matches"),
        ({"surname": "Lopez"}, "surname"),
    ],
)
async def test_a_look_up_that_cannot_be_read_is_refused_by_field(
    cbp: Officer, facts: Facts, change: dict[str, Any], place: str | None
) -> None:
    response = await cbp.try_look_up(**{"name": "Ana Lopez", **change})
    assert response.status_code == 422, response.text
    places = {error["loc"][0] if error["loc"] else None for error in response.json()["errors"]}
    assert place in places
    assert await events_of(facts, "lookup.answered") == []


@pytest.mark.parametrize("account", ["source.ncmec", "auditor", "system.admin"])
async def test_who_lacks_the_capability_is_refused(cbp: Officer, account: str) -> None:
    stranger = Officer(cbp.caller, account)
    assert (await stranger.try_look_up(name="Ana Lopez")).status_code == 403
    assert (await stranger.get(f"/v1/lookups/{new_id()}")).status_code == 403
