"""The standing sweep: a list is live until a day after its departure, and each change of an answer is told once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.query.app import SERVICE
from services.query.handlers.screening import Patience, find_touched
from shared.clock import SystemClock
from shared.events.envelope import encode
from shared.events.intake import GivenIdentifier
from shared.events.linker import LeadClosedV1, LeadUpdatedV1
from shared.kafka.consume import Record
from tests.builders import an_event, new_id
from tests.conftest import CallService
from tests.fakes import FakeClock
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
from tests.integration.query.lists import AT_ONCE, DAY, Lists, alerts_of, grades_of, read
from tests.integration.query.test_lookups import EMAIL, events_of
from tests.waiting import eventually

LONG = timedelta(minutes=1)


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at when told to."""
    return Lists(facts.pool, SystemClock())


def told(alert: dict[str, Any], side: str = "after") -> Any:
    """Return what an alert about one tip tells of it."""
    [change] = alert["changes"]
    return change[side]


async def test_a_tip_that_comes_after_the_list_raises_one_alert(facts: Facts, lists: Lists, cbp: Officer) -> None:
    manifest_id = await lists.submit(
        cbp, {"name": "Bo Li"}, {"name": "LOPEZ ANA", "traveller_ref": "17"}, flight="ZZ 9"
    )
    await lists.sweep()
    assert await alerts_of(cbp) == []
    tip = a_tip(a_party(an_email(EMAIL), name="Ana López"))
    await facts.tell(tip)
    await lists.sweep()
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    assert (alert["manifest_id"], alert["flight"], alert["traveller_ref"]) == (manifest_id, "ZZ 9", "17")
    assert (alert["name"], alert["grade"], alert["state"]) == ("LOPEZ ANA", "name_only", "unread")
    assert alert["changes"] == [
        {
            "tip_id": str(tip.tip_id),
            "before": None,
            "after": {"grade": "name_only", "relevant": False, "investigation": "none"},
        }
    ]
    shown = await read(cbp, manifest_id)
    assert [len(result["matches"]) for result in shown["results"]] == [0, 1]
    assert shown["results"][1]["lookup_id"] == alert["lookup_id"]
    assert len((await cbp.get(f"/v1/lookups/{alert['lookup_id']}")).json()["matches"]) == 1
    [event] = await events_of(facts, "alert.raised")
    assert (event["subject"]["id"], event["actor"]["kind"]) == (alert["alert_id"], "service")
    answered = await events_of(facts, "lookup.answered")
    assert len(answered) == 3, "who was looked up again and answered as before is not on record again"
    assert answered[2]["actor"]["kind"] == "service", "nobody is told that a person asked"


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ({"name": "MOHAMMED ALRASHID"}, {"name": "Muhammad Al-Rashid"}),
        ({"name": "MUHAMMAD AL RASHID"}, {"name": "Mohamed Alrashid"}),
        ({"name": "GARCIA MARIALUISA"}, {"name": "Maria Luisa García"}),
        ({"name": "GARCIA MARIA LUISA"}, {"name": "Marialuisa Garcia"}),
        ({"name": "WANG XIAOMING"}, {"name": "王小明"}),
        ({"name": "SMITH BOB"}, {"name": "Robert Smith"}),
        ({"name": "JONATHON SMYTHE"}, {"name": "Jonathan Smythe"}),
        ({"name": "LOPEZ GARCIA ANA MARIA"}, {"name": "Ana Lopez"}),
        ({"name": "ANA LOPEZ"}, {"name": "A. Lopez"}),
        ({"name": "MADONNA"}, {"name": "Madonna"}),
        ({"name": "MARIA LUISA"}, {"name": "Marialuisa"}),
        ({"name": "MARIALUISA"}, {"name": "Maria Luisa"}),
        ({"name": "MADONNA", "birth_date": "1980-02-03"}, {"name": "Madonna", "birth_date": "1980-02-03"}),
        ({"emails": ["ANA.LOPEZ@example.org"]}, {"email": EMAIL}),
        ({"usernames": ["dark_77"]}, {"username": "Dark_77"}),
        ({"phones": ["+1 202 555 2143"]}, {"phone": "+12025552143"}),
        ({"documents": ["x-1234567"]}, {"document": "X1234567"}),
    ],
)
async def test_whoever_a_look_up_would_find_is_found_the_other_way_round(
    facts: Facts, lists: Lists, cbp: Officer, asked: dict[str, Any], recorded: dict[str, str]
) -> None:
    await lists.submit(cbp, {"name": "Peter Brown"}, asked)
    identifiers = [
        GivenIdentifier(type=type_, value=value)
        for type_, value in recorded.items()
        if type_ not in ("name", "birth_date")
    ]
    await facts.tell(a_tip(a_party(*identifiers, name=recorded.get("name"), birth_date=recorded.get("birth_date"))))
    assert len(await cbp.find(**asked)) == 1, "else the case says nothing"
    await lists.sweep()
    assert [alert["traveller_ref"] for alert in await alerts_of(cbp)] == ["2"]


async def test_whoever_a_tip_does_not_concern_is_not_looked_up_again(facts: Facts, lists: Lists, cbp: Officer) -> None:
    names = ["ANA LOPEZ", "ANA GARCIA", "PETER LOPEZ", "ALBERTO LOPEZ", "LOPES ANA", "BO LI"]
    await lists.submit(cbp, *({"name": name} for name in names))
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    assert await _count_due(lists, AT_ONCE) == 1
    touched = await facts.pool.fetch("SELECT asked ->> 'name' FROM passenger WHERE touched_at IS NOT NULL")
    assert sorted(row[0] for row in touched) == ["ANA LOPEZ", "LOPES ANA"]


async def test_what_comes_of_a_tip_within_moments_is_one_alert(facts: Facts, lists: Lists, cbp: Officer) -> None:
    await lists.submit(cbp, {"emails": [EMAIL]})
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    lead = a_lead(cluster_id, state="referred")
    for fact in (tip, a_membership(tip.tip_id, cluster_id), a_review(tip.tip_id, "actionable"), lead, a_referral(lead)):
        await facts.tell(fact)
    assert await _count_due(lists, Patience(LONG, LONG)) == 0, "it is not quiet yet"
    assert await _count_due(lists, Patience(LONG, timedelta())) >= 1, "it waited long enough"
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    assert told(alert) == {"grade": "confirmed", "relevant": True, "investigation": "referred"}


async def test_a_tip_waits_until_it_is_known_whether_it_is_part_of_a_silent_lead(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    await lists.submit(cbp, {"emails": [EMAIL]})
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    await facts.tell(a_lead(cluster_id, silent=True))
    await lists.sweep()
    await facts.tell(tip)
    assert await _count_due(lists, Patience(timedelta(), timedelta(), LONG)) == 0
    await facts.tell(a_membership(tip.tip_id, cluster_id))
    assert await _count_due(lists, Patience(timedelta(), timedelta(), LONG)) == 1
    await lists.sweep()
    assert await alerts_of(cbp) == []


async def test_news_is_a_match_a_grade_or_an_investigation_and_nothing_else(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    await lists.submit(cbp, {"name": "Ana Lopez", "emails": [EMAIL]})
    party = a_party(name="Ana Lopez")
    tip, cluster_id = a_tip(party), new_id()
    seen: list[Any] = []

    async def after(*facts_told: Any) -> list[Any]:
        """Return what is told of the tip in each alert that these facts raised."""
        await facts.tell(*facts_told)
        await lists.sweep()
        new = (await alerts_of(cbp))[len(seen) :]
        seen.extend(new)
        return [told(alert) and tuple(told(alert).values()) for alert in new]

    assert await after(tip) == [("name_only", False, "none")]
    assert await after(a_membership(tip.tip_id, cluster_id)) == []
    assert await after(a_review(tip.tip_id, "actionable")) == []
    amended = an_amendment(tip, party.model_copy(update={"identifiers": [an_email(EMAIL)]}))
    assert await after(amended) == [("confirmed", False, "none")]
    lead = a_lead(cluster_id)
    assert await after(lead) == [("confirmed", True, "developing")]
    fields = lead.model_dump()
    assert await after(LeadUpdatedV1(**{**fields, "lead_version": 2, "tier": "T0"})) == []
    assert await after(LeadUpdatedV1(**{**fields, "lead_version": 3, "state": "referred"}), a_referral(lead)) == []
    other, merged = a_tip(a_party(name="Somebody Else")), new_id()
    moves = [a_membership(tip.tip_id, merged, version=2), a_membership(other.tip_id, merged)]
    moved = LeadUpdatedV1(**{**fields, "lead_version": 4, "state": "referred", "cluster_id": merged})
    assert await after(other, *moves, moved) == [], "whose tips are one person's may change"
    closed = LeadClosedV1(**{**fields, "lead_version": 5, "state": "closed", "cluster_id": merged})
    assert await after(closed) == [("confirmed", False, "closed")]
    assert await after(an_amendment(tip, a_party(name="Somebody Else"), version=3)) == [None]


async def test_a_second_tip_of_the_same_person_is_news(facts: Facts, lists: Lists, cbp: Officer) -> None:
    first, second, cluster_id = a_tip(a_party(an_email(EMAIL))), a_tip(a_party(an_email(EMAIL))), new_id()
    await facts.tell(first, a_membership(first.tip_id, cluster_id))
    await lists.submit(cbp, {"emails": [EMAIL]})
    await facts.tell(second, a_membership(second.tip_id, cluster_id))
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    assert [change["tip_id"] for change in alert["changes"]] == [str(second.tip_id)]


async def test_a_lead_that_leaves_a_cluster_is_news_to_whoever_was_told_of_it(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    """The older tip keeps the cluster, and the one that the lead stands on leaves with it."""
    stays, leaves, cluster_id = a_tip(a_party(an_email(EMAIL))), a_tip(a_party(name="Bo Li")), new_id()
    lead = a_lead(cluster_id)
    both = [a_membership(tip.tip_id, cluster_id) for tip in (stays, leaves)]
    await facts.tell(stays, leaves, *both, lead)
    await lists.submit(cbp, {"emails": [EMAIL]})
    left = new_id()
    moved = LeadUpdatedV1(**{**lead.model_dump(), "lead_version": 2, "cluster_id": left})
    await facts.tell(a_membership(leaves.tip_id, left, version=2), moved)
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    assert (told(alert, "before")["investigation"], told(alert)["investigation"]) == ("developing", "none")


async def test_research_that_names_a_passenger_raises_an_alert(facts: Facts, lists: Lists, cbp: Officer) -> None:
    tip = a_tip(a_party(name="Somebody Else"))
    await facts.tell(tip)
    await lists.submit(cbp, {"name": "Ana Lopez"})
    await facts.tell(a_research_result(tip.tip_id, a_party(name="Ana Lopez")))
    await lists.sweep()
    assert [grades_of(alert) for alert in await alerts_of(cbp)] == [[(None, "name_only")]]


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim"])
async def test_who_is_no_subject_raises_none(facts: Facts, lists: Lists, ice: Officer, role: str) -> None:
    await lists.submit(ice, {"name": "Ana Lopez", "emails": [EMAIL]})
    await facts.tell(a_tip(a_party(an_email(EMAIL), name="Ana Lopez", role=role)))
    await lists.sweep()
    assert await alerts_of(ice) == []


async def test_a_tip_that_is_told_while_the_list_waits_is_in_its_first_answer(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    body = {"flight": "ZZ 1", "departs_at": lists.departs(), "passengers": [{"name": "Ana Lopez"}]}
    assert (await cbp.post("/v1/manifests", body)).status_code == 202
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    await lists.sweep()
    await lists.screen()
    await lists.sweep()
    assert await alerts_of(cbp) == []
    assert await facts.pool.fetchval("SELECT count(*) FROM told") == 1


async def test_a_list_waits_for_what_is_being_projected_and_is_seen_by_what_comes_next(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    """A batch that began before there was a list notes nothing, so the list is looked up after it is committed."""
    tip = a_tip(a_party(name="Ana Lopez"))
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    record = Record("intake.tips", 0, 0, None, encode(an_event(tip)), (), 0)
    async with facts.pool.acquire() as connection, connection.transaction():
        await facts.handler.apply(connection, [record])
        submitting = asyncio.create_task(lists.submit(cbp, {"name": "Ana Lopez"}))
        await eventually(lambda: facts.pool.fetchval(waits))
        assert await facts.pool.fetchval("SELECT count(*) FROM manifest") == 0
    manifest_id = await submitting
    assert [len(result["matches"]) for result in (await read(cbp, manifest_id))["results"]] == [1]
    assert await facts.pool.fetchval("SELECT count(*) FROM touched_tip") == 0


async def test_a_change_that_a_new_screening_finds_first_raises_the_alert(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    manifest_id = await lists.submit(cbp, {"name": "Ana Lopez"})
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    await cbp.post(f"/v1/manifests/{manifest_id}/screenings", {})
    await lists.screen()
    await lists.sweep()
    assert len(await alerts_of(cbp)) == 1


async def test_none_is_raised_once_the_flight_is_over(facts: Facts, call_service: CallService) -> None:
    clock = FakeClock()
    cbp = Officer(await call_service(SERVICE, clock=clock), "cbp.att")
    lists = Lists(facts.pool, clock)
    await lists.submit(cbp, {"name": "Ana Lopez"}, departs_at=lists.departs(in_=-DAY + timedelta(minutes=2)))
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    clock.move(timedelta(seconds=119))
    await lists.sweep()
    assert len(await alerts_of(cbp)) == 1
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    clock.move(timedelta(seconds=1))
    await lists.sweep()
    assert len(await alerts_of(cbp)) == 1
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 2, "nobody is looked up again either"
    for table in ("passenger_key", "passenger_name_key", "touched_tip"):
        assert await facts.pool.fetchval(f"SELECT count(*) FROM {table}") == 0, "nothing is kept to find it by"
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    assert await facts.pool.fetchval("SELECT count(*) FROM touched_tip") == 0, "nothing is noted while no list is live"


async def test_whoever_was_told_on_a_flight_that_is_over_is_left_alone(facts: Facts, call_service: CallService) -> None:
    clock = FakeClock()
    cbp = Officer(await call_service(SERVICE, clock=clock), "cbp.att")
    lists = Lists(facts.pool, clock)
    tip = a_tip(a_party(name="Ana Lopez"))
    await facts.tell(tip)
    over = await lists.submit(cbp, {"name": "Ana Lopez"}, departs_at=lists.departs(in_=-DAY + timedelta(minutes=1)))
    live = await lists.submit(cbp, {"name": "Ana Lopez"})
    clock.move(timedelta(minutes=1))
    await lists.sweep()
    await facts.tell(a_review(tip.tip_id, "not_actionable"))
    assert await _count_due(lists, AT_ONCE) == 1
    touched = await facts.pool.fetch("SELECT manifest_id FROM passenger WHERE touched_at IS NOT NULL")
    assert [str(row["manifest_id"]) for row in touched] == [live] != [over]


async def test_two_workers_raise_each_alert_once(facts: Facts, lists: Lists, cbp: Officer) -> None:
    await lists.submit(cbp, *({"name": f"Ana Lopez{'' if place else 'z'}"} for place in range(250)))
    await facts.tell(*(a_tip(a_party(name="Ana Lopez")) for _ in range(3)))
    assert await _count_due(lists, AT_ONCE) == 3
    others = [lists, *(Lists(facts.pool, SystemClock()) for _ in range(2))]
    await asyncio.gather(*(other.sweep() for other in others))
    await lists.sweep()
    assert await facts.pool.fetchval("SELECT count(*) FROM alert") == 250
    assert len(await events_of(facts, "alert.raised")) == 250


async def test_alerts_are_read_on_from_where_one_stopped_newest_last(
    facts: Facts, lists: Lists, cbp: Officer, ice: Officer
) -> None:
    first = await lists.submit(cbp, *({"emails": [f"ana{place}.lopez@example.org"]} for place in range(3)))
    second = await lists.submit(cbp, {"name": "Ana Lopez"})
    for place in range(3):
        await facts.tell(a_tip(a_party(an_email(f"ana{place}.lopez@example.org"))))
        await lists.sweep()
    page = (await cbp.get("/v1/alerts?limit=2")).json()
    assert [alert["traveller_ref"] for alert in page["items"]] == ["1", "2"]
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    await lists.sweep()
    rest = await alerts_of(cbp, f"?cursor={page['cursor']}")
    assert [(alert["manifest_id"], alert["grade"]) for alert in rest] == [(first, "confirmed"), (second, "name_only")]
    assert len(await alerts_of(cbp, "?grade=confirmed")) == 3
    assert await alerts_of(cbp, f"?manifest_id={second}") == rest[1:]
    since = rest[1]["raised_at"].replace("+00:00", "Z")
    assert await alerts_of(cbp, f"?since={since}") == rest[1:]
    assert await alerts_of(ice) == []


async def test_an_alert_is_acknowledged_once_by_the_agency_it_is_for(
    facts: Facts, lists: Lists, cbp: Officer, ice: Officer
) -> None:
    await lists.submit(cbp, {"name": "Ana Lopez"})
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    await lists.sweep()
    [alert] = await alerts_of(cbp)
    path = f"/v1/alerts/{alert['alert_id']}/acknowledgements"
    assert (await ice.post(path, {})).status_code == 404
    assert (await cbp.post(path, {"note": " "})).status_code == 422
    taken = await cbp.post(path, {"note": "sent to secondary"})
    assert (taken.status_code, taken.json()["acknowledged_by"]) == (201, "cbp.att")
    assert (await cbp.post(path, {})).status_code == 409
    [alert] = await alerts_of(cbp)
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "cbp.att")
    [event] = await events_of(facts, "alert.acknowledged")
    assert event["payload"]["personal"]["note"] == "sent to secondary"


async def test_of_an_alert_is_shown_what_the_reader_may_still_be_told(
    facts: Facts, lists: Lists, cbp: Officer, ice: Officer
) -> None:
    for officer in (cbp, ice):
        await lists.submit(officer, {"name": "Ana Lopez"})
    tip = a_tip(a_party(name="Ana Lopez"))
    await facts.tell(tip)
    await lists.sweep()
    await facts.tell(a_review(tip.tip_id, "not_actionable"))
    await lists.sweep()
    assert [(alert["grade"], alert["changes"]) for alert in await alerts_of(cbp)] == [(None, []), (None, [])]
    [alert] = await alerts_of(ice)
    assert (alert["grade"], grades_of(alert)) == ("name_only", [(None, "name_only")])
    assert await alerts_of(cbp, "?grade=name_only") == []


async def test_of_a_lead_that_is_silenced_later_an_alert_shows_nothing_any_more(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    await lists.submit(cbp, {"name": "Ana Lopez"})
    tip, cluster_id = a_tip(a_party(name="Ana Lopez")), new_id()
    lead = a_lead(cluster_id)
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), lead)
    await lists.sweep()
    assert [alert["grade"] for alert in await alerts_of(cbp)] == ["name_only"]
    await facts.tell(lead.model_copy(update={"silent": True, "lead_version": 2}))
    assert [(alert["grade"], alert["changes"]) for alert in await alerts_of(cbp)] == [(None, [])]


async def test_a_silent_lead_raises_alerts_for_ceiu_alone(
    facts: Facts, lists: Lists, cbp: Officer, ice: Officer
) -> None:
    for officer in (cbp, ice):
        await lists.submit(officer, {"name": "Ana Lopez", "emails": [EMAIL]})
    tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), new_id()
    lead = a_lead(cluster_id, state="referred", silent=True)
    facts_of_it: list[Any] = [
        lead,
        a_membership(tip.tip_id, cluster_id),
        a_review(tip.tip_id, "actionable"),
        a_referral(lead),
    ]
    rows_before = await _rows_of(facts, "CBP")
    await facts.tell(*facts_of_it, tip)
    await lists.sweep()
    assert await alerts_of(cbp) == []
    assert await _rows_of(facts, "CBP") == rows_before, "nothing of it is kept either"
    assert len(await alerts_of(ice)) == 1
    await facts.tell(lead.model_copy(update={"silent": False, "lead_version": 2}))
    await lists.sweep()
    assert [told(alert)["investigation"] for alert in await alerts_of(cbp)] == ["referred"]
    assert len(await alerts_of(ice)) == 1


async def _count_due(lists: Lists, patience: Patience) -> int:
    """Return how many touched tips are looked at."""
    async with lists.pool.acquire() as connection, connection.transaction():
        return await find_touched(lists.desk, connection, patience)


async def _rows_of(facts: Facts, agency: str) -> tuple[list[UUID], int]:
    lookups = await facts.pool.fetch("SELECT lookup_id FROM lookup WHERE agency = $1 ORDER BY lookup_id", agency)
    events = [e for e in await events_of(facts, "lookup.answered") if e["actor"]["agency"] == agency]
    return [row["lookup_id"] for row in lookups], len(events)
