"""Passenger lists over HTTP: taken whole or not at all, looked up once for whoever submitted them, and shown."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.query.app import SERVICE
from services.query.http.manifests import MANIFEST_BYTES_MAX
from shared.clock import SystemClock
from tests.builders import new_id
from tests.conftest import CallService
from tests.fakes import FakeClock
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_review, a_tip, an_email
from tests.integration.query.lists import DAY, Lists, read
from tests.integration.query.test_lookups import EMAIL, events_of


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at when told to."""
    return Lists(facts.pool, SystemClock())


async def test_each_passenger_of_a_list_is_looked_up_once_for_whoever_submitted_it(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL), name="Ana Lopez")))
    passengers: list[dict[str, Any]] = [
        {"emails": [EMAIL]},
        {"name": "LI BO", "traveller_ref": "B"},
        {"name": "Lopez Ana"},
    ]
    manifest_id = await lists.submit(cbp, *passengers, flight="ZZ 9")
    shown = await read(cbp, manifest_id)
    assert (shown["flight"], shown["state"], shown["remarks"]) == ("ZZ 9", "screened", [])
    assert shown["progress"] == {"screened": 3, "total": 3}
    assert [result["traveller_ref"] for result in shown["results"]] == ["1", "B", "3"]
    assert [len(result["matches"]) for result in shown["results"]] == [1, 0, 1]
    for result, asked in zip(shown["results"], passengers, strict=True):
        fields = {name: value for name, value in asked.items() if name != "traveller_ref"}
        assert result["matches"] == await cbp.find(**fields)
        kept = (await cbp.get(f"/v1/lookups/{result['lookup_id']}")).json()
        assert (kept["matches"], kept["answered_at"]) == (result["matches"], result["answered_at"])
    answered = (await events_of(facts, "lookup.answered"))[:3]
    assert [event["subject"]["id"] for event in answered] == [result["lookup_id"] for result in shown["results"]]
    assert {(event["actor"]["id"], event["actor"]["kind"]) for event in answered} == {("cbp.att", "person")}
    assert {(e["payload"]["purpose"], e["payload"]["reference"]) for e in answered} == {("traveller_targeting", "ZZ 9")}
    [submitted], [screened] = [await events_of(facts, f"manifest.{what}") for what in ("submitted", "screened")]
    assert submitted["subject"]["id"] == screened["subject"]["id"] == manifest_id
    assert submitted["correlation_id"] == screened["correlation_id"] == answered[0]["correlation_id"]


async def test_a_list_shows_its_progress_while_it_is_looked_up(facts: Facts, lists: Lists, cbp: Officer) -> None:
    body = {
        "flight": "ZZ 123",
        "departs_at": lists.departs(),
        "passengers": [{"documents": [f"X{place:08}"]} for place in range(250)],
    }
    manifest_id = (await cbp.post("/v1/manifests", body)).json()["manifest_id"]
    seen = []
    while True:
        shown = await read(cbp, manifest_id, "?limit=1")
        seen.append((shown["state"], shown["progress"]["screened"], shown["results"][0]["matches"]))
        if not await lists.screener.look_up_some():
            break
    assert seen == [("waiting", 0, None), ("screening", 100, []), ("screening", 200, []), ("screened", 250, [])]
    assert len(await events_of(facts, "manifest.screened")) == 1


async def test_results_are_read_page_by_page_in_the_order_of_the_list(lists: Lists, cbp: Officer) -> None:
    manifest_id = await lists.submit(cbp, *({"name": f"Person Number{place}"} for place in range(7)))
    found, query = [], "?limit=3"
    while True:
        page = await read(cbp, manifest_id, query)
        found += [result["name"] for result in page["results"]]
        if page["cursor"] is None:
            break
        query = f"?limit=3&cursor={page['cursor']}"
    assert found == [f"Person Number{place}" for place in range(7)]


async def test_lists_are_shown_to_the_agency_that_submitted_them_newest_first(
    lists: Lists, cbp: Officer, ice: Officer
) -> None:
    mine = [await lists.submit(cbp, {"name": "Ana Lopez"}, flight=f"ZZ {number}") for number in range(3)]
    theirs = await lists.submit(ice, {"name": "Ana Lopez"})
    first = (await cbp.get("/v1/manifests?limit=2")).json()
    rest = (await cbp.get(f"/v1/manifests?limit=2&cursor={first['cursor']}")).json()
    assert [item["manifest_id"] for item in first["items"] + rest["items"]] == mine[::-1]
    assert (first["items"][0]["state"], rest["cursor"]) == ("screened", None)
    for officer, manifest_id in ((cbp, theirs), (ice, mine[0]), (ice, str(new_id()))):
        assert (await officer.get(f"/v1/manifests/{manifest_id}")).status_code == 404
        assert (await officer.post(f"/v1/manifests/{manifest_id}/screenings", {})).status_code == 404


async def test_an_answer_is_read_again_without_what_the_reader_may_no_longer_be_told(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    party = a_party(an_email(EMAIL), name="Ana Lopez")
    tip = a_tip(party)
    await facts.tell(tip, a_tip(a_party(name="Bo Li")))
    manifest_id = await lists.submit(cbp, {"emails": [EMAIL]}, {"name": "Bo Li"})
    await facts.tell(a_review(tip.tip_id, "not_actionable"))
    assert [len(result["matches"]) for result in (await read(cbp, manifest_id))["results"]] == [0, 1]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"flight": " "}, ["flight"]),
        ({"departs_at": "tomorrow"}, ["departs_at"]),
        ({"departs_at": "2026-02-30T10:00:00Z"}, ["departs_at"]),
        ({"passengers": []}, ["passengers"]),
        ({"passengers": [{"name": "Ana Lopez"}, {"name": "*"}]}, ["passengers", 1, "name"]),
        ({"passengers": [{"birth_date": "1980-02-03"}]}, ["passengers", 0]),
        ({"passengers": [{"name": "A B", "birth_date": "2999"}]}, ["passengers", 0, "birth_date"]),
        (
            {"passengers": [{"name": "Al Bo", "traveller_ref": "2"}, {"name": "Cy Do"}]},
            ["passengers", 1, "traveller_ref"],
        ),
        ({"airline": "ZZ"}, ["airline"]),
    ],
)
async def test_a_list_that_cannot_be_read_is_refused_by_field_and_nothing_of_it_is_kept(
    facts: Facts, lists: Lists, cbp: Officer, change: dict[str, Any], place: list[Any]
) -> None:
    body = {"flight": "ZZ 123", "departs_at": lists.departs(), "passengers": [{"name": "Ana Lopez"}], **change}
    refused = await cbp.post("/v1/manifests", body)
    assert refused.status_code == 422, refused.text
    assert place in [error["loc"] for error in refused.json()["errors"]]
    for table in ("manifest", "passenger", "screening", "passenger_name_key"):
        assert await facts.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await events_of(facts, "manifest.submitted") == []


async def test_a_list_that_is_too_large_is_refused_before_it_is_read(cbp: Officer) -> None:
    read_bytes = 0

    async def chunks() -> Any:
        nonlocal read_bytes
        for _ in range(50):
            read_bytes += 1024 * 1024
            yield b" " * 1024 * 1024

    headers = cbp.caller.as_("cbp.att", **{"Content-Type": "application/json"})
    refused = await cbp.caller.client.post("/v1/manifests", content=chunks(), headers=headers)
    assert (refused.status_code, read_bytes <= MANIFEST_BYTES_MAX + 2 * 1024 * 1024) == (413, True)
    declared = await cbp.caller.client.post(
        "/v1/manifests", content=b"{}", headers={**headers, "Content-Length": str(50 * 1024 * 1024)}
    )
    assert declared.status_code == 413


async def test_another_form_is_refused_as_such(cbp: Officer) -> None:
    for media_type in ("application/xml", "image/png", "multipart/form-data; boundary=x"):
        headers = cbp.caller.as_("cbp.att", **{"Content-Type": media_type})
        refused = await cbp.caller.client.post("/v1/manifests", content=b"<x/>", headers=headers)
        assert refused.status_code == 415


async def test_a_list_submitted_again_under_its_key_is_kept_once(facts: Facts, lists: Lists, cbp: Officer) -> None:
    body = {"flight": "ZZ 123", "departs_at": lists.departs(), "passengers": [{"name": "Ana Lopez"}]}
    key = {"Idempotency-Key": "k"}
    first, again = await asyncio.gather(*(cbp.post("/v1/manifests", body, **key) for _ in range(2)))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len(await events_of(facts, "manifest.submitted")) == 1
    assert (await cbp.post("/v1/manifests", {**body, "flight": "ZZ 9"}, **key)).status_code == 409


async def test_a_flight_is_over_a_day_after_the_latest_moment_its_departure_may_mean(call_service: CallService) -> None:
    clock = FakeClock()
    cbp = Officer(await call_service(SERVICE, clock=clock), "cbp.att")

    async def submit(departs_at: str) -> int:
        body = {"flight": "ZZ 123", "departs_at": departs_at, "passengers": [{"name": "Ana Lopez"}]}
        return int((await cbp.post("/v1/manifests", body)).status_code)

    now = clock.now()
    local = now.replace(tzinfo=None)
    second = timedelta(seconds=1)
    assert await submit((now - DAY + second).isoformat()) == 202
    assert await submit((now - DAY).isoformat()) == 422
    assert await submit((local - DAY - 12 * DAY / 24 + second).isoformat()) == 202, "it may be a time in UTC-12"
    assert await submit((local - DAY - 12 * DAY / 24).isoformat()) == 422


async def test_passengers_are_looked_up_again_when_asked_for_also_after_arrival(
    facts: Facts, call_service: CallService
) -> None:
    clock = FakeClock()
    cbp = Officer(await call_service(SERVICE, clock=clock), "cbp.att")
    supervisor = Officer(cbp.caller, "cbp.supervisor")
    lists = Lists(facts.pool, clock)
    manifest_id = await lists.submit(cbp, {"name": "Ana Lopez"}, {"name": "Bo Li"})
    before = await read(cbp, manifest_id)
    clock.move(10 * DAY)
    cbp.caller._tokens.clear()
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    assert (await read(cbp, manifest_id))["state"] == "ended"
    asked = await supervisor.post(f"/v1/manifests/{manifest_id}/screenings", {})
    assert (asked.status_code, asked.json()["manifest_id"]) == (202, manifest_id)
    assert (await read(cbp, manifest_id))["progress"] == {"screened": 0, "total": 2}
    await lists.screen()
    after = await read(cbp, manifest_id)
    assert (after["state"], [len(result["matches"]) for result in after["results"]]) == ("ended", [1, 0])
    assert {r["lookup_id"] for r in before["results"]}.isdisjoint(r["lookup_id"] for r in after["results"])
    assert (await cbp.get("/v1/alerts")).json()["items"] == [], "who asks is answered, not alerted"
    actors = [event["actor"]["id"] for event in await events_of(facts, "lookup.answered")]
    assert actors == ["cbp.att"] * 2 + ["cbp.supervisor"] * 2
    assert len(await events_of(facts, "manifest.screened")) == 2


async def test_who_waits_already_is_looked_up_once_more_and_not_twice(facts: Facts, lists: Lists, cbp: Officer) -> None:
    manifest_id = await lists.submit(cbp, {"name": "Ana Lopez"}, {"name": "Bo Li"})
    for _ in range(2):
        assert (await cbp.post(f"/v1/manifests/{manifest_id}/screenings", {})).status_code == 202
    await lists.screen()
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 4
    assert await facts.pool.fetchval("SELECT sum(passengers_left) FROM screening") == 0


async def test_whoever_this_release_cannot_look_for_any_more_holds_nobody_up(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    manifest_id = await lists.submit(cbp, {"name": "Ana Lopez"}, {"name": "Bo Li"})
    await facts.pool.execute("UPDATE passenger SET asked = $1 WHERE place = 1", {"name": "*"})
    await cbp.post(f"/v1/manifests/{manifest_id}/screenings", {})
    await lists.screen()
    assert (await read(cbp, manifest_id))["state"] == "screened"
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 3
    await facts.tell(a_tip(a_party(name="Bo Li")))
    await lists.sweep()
    assert await facts.pool.fetchval("SELECT count(*) FROM alert") == 1


async def test_two_workers_never_look_up_the_same_passenger(facts: Facts, lists: Lists, cbp: Officer) -> None:
    body = {
        "flight": "ZZ 123",
        "departs_at": lists.departs(),
        "passengers": [{"documents": [f"X{place:08}"]} for place in range(450)],
    }
    for _ in range(2):
        assert (await cbp.post("/v1/manifests", body)).status_code == 202
    others = [lists, *(Lists(facts.pool, SystemClock()) for _ in range(2))]
    await asyncio.gather(*(other.screen() for other in others))
    assert await facts.pool.fetchval("SELECT count(*) FROM passenger WHERE waiting_for IS NULL") == 900
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 900
    assert len(await events_of(facts, "lookup.answered")) == 900
    assert len(await events_of(facts, "manifest.screened")) == 2


async def test_an_investigation_behind_a_passenger_is_told_as_in_a_look_up(
    facts: Facts, lists: Lists, ice: Officer
) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), new_id()
    lead = a_lead(cluster_id)
    await facts.tell(tip, a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, cluster_id), lead)
    manifest_id = await lists.submit(ice, {"emails": [EMAIL]})
    [[match]] = [result["matches"] for result in (await read(ice, manifest_id))["results"]]
    assert (match["lead_id"], match["relevant"], match["investigation"]) == (str(lead.lead_id), True, "developing")
