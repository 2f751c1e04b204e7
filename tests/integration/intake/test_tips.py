"""A tip answered 202 is stored once: new, amended or repeated, whatever comes at the same time."""

import asyncio
from typing import Any

import pytest

from shared.security import SOURCE_KINDS
from tests.integration.intake.desk import ANALYST, BAD, GOOD, Desk, places_of, problem_of
from tests.unit.intake.bodies import a_full_tip, a_tip

COUNTS = "SELECT (SELECT count(*) FROM tip) AS tips, (SELECT count(*) FROM tip_version) AS versions"
OTHER: dict[str, Any] = {"incident": {"type": "travel"}}


async def counts(desk: Desk) -> tuple[int, int]:
    row = await desk.pool.fetchrow(COUNTS)
    assert row is not None
    return row["tips"], row["versions"]


async def test_a_new_tip_is_accepted_stored_and_announced(desk: Desk) -> None:
    response = await desk.post("/v1/tips", a_full_tip(), "source.ncmec")
    assert response.status_code == 202
    answer = response.json()
    assert (answer["version"], answer["status"]) == (1, "accepted")
    assert await counts(desk) == (1, 1)
    (event,) = await desk.events("tip.received")
    assert event["subject"] == {"kind": "tip", "id": answer["tip_id"], "version": 1}
    assert event["payload"]["tip_version"] == 1
    assert event["payload"]["source_kind"] == "ngo"
    assert event["actor"]["id"] == "source.ncmec"
    assert event["correlation_id"] == response.headers["x-request-id"]
    assert {"narrative", "city", "postal_code", "parties", "salt"} == set(event["payload"]["personal"])


async def test_the_same_content_again_is_a_duplicate_on_record(desk: Desk) -> None:
    first = await desk.submit()
    again = await desk.submit(parties=[], urgency={"viral": False}, reported_at="2026-03-01T05:00:00-05:00")
    assert again == {**first, "status": "duplicate"}
    assert await counts(desk) == (1, 1)
    assert await desk.sent() == [("intake.tips", "tip.received"), ("intake.activity", "tip.repeated")]
    (event,) = await desk.events("tip.repeated")
    assert event["payload"]["source_ref"] == "CT-1"
    assert event["subject"]["id"] == first["tip_id"]


async def test_other_content_is_a_new_version_of_the_same_tip(desk: Desk) -> None:
    first = await desk.submit()
    amended = await desk.submit(**OTHER)
    assert amended == {"tip_id": first["tip_id"], "version": 2, "status": "amended"}
    (event,) = await desk.events("tip.amended")
    assert event["subject"]["version"] == event["payload"]["tip_version"] == 2
    tip = await desk.show(first["tip_id"])
    assert (tip["version"], tip["shown_version"], tip["incident"]["type"]) == (2, 2, "travel")
    assert [version["version"] for version in tip["versions"]] == [2, 1]
    older = await desk.show(first["tip_id"], version=1)
    assert (older["version"], older["shown_version"], older["incident"]["type"]) == (2, 1, "possession")


async def test_content_equal_to_an_older_version_changes_nothing(desk: Desk) -> None:
    first = await desk.submit()
    await desk.submit(**OTHER)
    assert await desk.submit() == {"tip_id": first["tip_id"], "version": 2, "status": "duplicate"}
    assert await counts(desk) == (1, 2)


async def test_an_amendment_keeps_the_decision_and_awaits_review_again(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    await desk.review(tip_id, GOOD)
    await desk.submit(**OTHER)
    tip = await desk.show(tip_id)
    assert (tip["state"], tip["decision"]) == ("awaiting_review", "actionable")
    assert tip["reopened_because"] == "its source amended it"
    (event,) = await desk.events("tip.amended")
    assert (event["subject"]["version"], event["payload"]["tip_version"]) == (3, 2)


async def test_a_repeat_leaves_a_decided_tip_decided(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    await desk.review(tip_id, BAD)
    await desk.submit()
    assert (await desk.show(tip_id))["state"] == "not_actionable"


async def test_the_same_reference_of_two_sources_is_two_tips(desk: Desk) -> None:
    one, other = await desk.submit("source.ncmec"), await desk.submit("source.police")
    assert one["tip_id"] != other["tip_id"]


async def test_posts_at_the_same_time_make_one_tip(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.submit() for _ in range(20)))
    assert len({answer["tip_id"] for answer in answers}) == 1
    assert sorted(answer["status"] for answer in answers) == ["accepted"] + ["duplicate"] * 19
    assert await counts(desk) == (1, 1)


async def test_amendments_at_the_same_time_each_become_one_version(desk: Desk) -> None:
    bodies: list[dict[str, Any]] = [{"related_refs": [f"R-{number % 10}"]} for number in range(20)]
    answers = await asyncio.gather(*(desk.submit(**body) for body in bodies))
    assert await counts(desk) == (1, 10)
    statuses = sorted(answer["status"] for answer in answers)
    assert statuses == ["accepted"] + ["amended"] * 9 + ["duplicate"] * 10
    events = [*await desk.events("tip.received"), *await desk.events("tip.amended")]
    assert [event["subject"]["version"] for event in events] == list(range(1, 11))


async def test_a_party_keeps_its_id_by_position_through_amendments(desk: Desk) -> None:
    tip_id = (await desk.submit(parties=[{"role": "subject"}, {"role": "victim"}]))["tip_id"]
    first = [party["party_id"] for party in (await desk.show(tip_id))["parties"]]
    await desk.submit(parties=[{"role": "subject", "names": ["Ana Invented"]}])
    assert [party["party_id"] for party in (await desk.show(tip_id))["parties"]] == first[:1]
    await desk.submit(parties=[{"role": "witness"}, {"role": "victim"}, {"role": "reporter"}])
    third = [party["party_id"] for party in (await desk.show(tip_id))["parties"]]
    assert third[:2] == first
    assert third[2] not in first


async def test_a_tip_is_shown_as_it_was_given(desk: Desk) -> None:
    response = await desk.post("/v1/tips", a_full_tip(), "source.ncmec")
    tip = await desk.show(response.json()["tip_id"])
    given = a_full_tip()
    assert tip["incident"] == {**given["incident"], "occurred_at": "2026-03-01T04:30:00Z"}
    assert tip["related_refs"] == given["related_refs"]
    assert _without_nulls(tip["files"]) == [{**given["files"][0], "viral": False}]
    shown = [{k: v for k, v in party.items() if k != "party_id"} for party in _without_nulls(tip["parties"])]
    assert shown[0] == given["parties"][0]
    assert (shown[1]["role"], shown[1]["birth_date"]) == ("victim", "2014")
    (event,) = await desk.events("record.viewed")
    view, parties = event["payload"], [party["party_id"] for party in tip["parties"]]
    assert (view["kind"], view["record_count"], view["within"]) == ("tip", 1, {"record": 2})
    assert view["record_ids"] == [tip["tip_id"], *parties]


async def test_a_system_may_not_submit_in_anothers_name(desk: Desk) -> None:
    response = await desk.post("/v1/tips", a_tip(source="police"), "source.ncmec")
    assert (response.status_code, problem_of(response)) == (403, "forbidden")
    assert await counts(desk) == (0, 0)
    (event,) = await desk.events("request.refused")
    assert (event["payload"]["status"], event["actor"]["id"]) == (403, "source.ncmec")


async def test_a_person_may_enter_for_any_registered_source(desk: Desk) -> None:
    for source in SOURCE_KINDS:
        assert (await desk.submit(ANALYST, source=source))["status"] == "accepted"
    response = await desk.post("/v1/tips", a_tip(source="nobody"), ANALYST)
    assert (response.status_code, places_of(response)) == (422, [("source",)])


@pytest.mark.parametrize("account", ["cbp.att", "auditor", "hsi.agent.sac-boston", "system.admin"])
async def test_others_may_neither_submit_nor_read(desk: Desk, account: str) -> None:
    tip_id = (await desk.submit())["tip_id"]
    assert (await desk.post("/v1/tips", a_tip(), account)).status_code == 403
    for path in ("/v1/tips", f"/v1/tips/{tip_id}", f"/v1/tips/{tip_id}/reviews", "/v1/sources"):
        assert (await desk.get(path, account)).status_code == 403


async def test_a_source_sees_its_own_tips_only(desk: Desk) -> None:
    own = (await desk.submit("source.ncmec"))["tip_id"]
    foreign = (await desk.submit("source.police"))["tip_id"]
    assert [tip["tip_id"] for tip in await desk.items("/v1/tips", "source.ncmec")] == [own]
    assert (await desk.show(own, "source.ncmec"))["source"] == "ncmec"
    for tip_id in (foreign, own[:-4] + "0000"):
        response = await desk.get(f"/v1/tips/{tip_id}", "source.ncmec")
        assert (response.status_code, problem_of(response)) == (404, "not_found")
    assert [source["source"] for source in await desk.items("/v1/sources", "source.ncmec")] == ["ncmec"]
    for path in (f"/v1/tips/{own}/reviews", f"/v1/tips/{own}/research"):
        assert (await desk.get(path, "source.ncmec")).status_code == 403


async def test_a_version_that_never_was_is_not_found(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    assert (await desk.get(f"/v1/tips/{tip_id}", version=2)).status_code == 404
    assert (await desk.get(f"/v1/tips/{tip_id}", version=0)).status_code == 422


async def test_the_queue_lists_what_awaits_review_page_by_page(desk: Desk) -> None:
    tip_ids = [(await desk.submit(source_ref=f"CT-{number}"))["tip_id"] for number in range(7)]
    await desk.review(tip_ids[1], GOOD)
    await desk.review(tip_ids[3], BAD)
    waiting = await desk.items("/v1/tips", state="awaiting_review", limit=2)
    assert [tip["tip_id"] for tip in waiting] == [tip_ids[n] for n in (0, 2, 4, 5, 6)]
    assert [tip["tip_id"] for tip in await desk.items("/v1/tips", state="actionable")] == [tip_ids[1]]
    assert [tip["tip_id"] for tip in await desk.items("/v1/tips", limit=3)] == tip_ids
    assert waiting[0]["incident_type"] == "possession"
    assert "parties" not in waiting[0]
    assert len(await desk.events("record.viewed")) == 7


async def test_a_bad_cursor_is_refused(desk: Desk) -> None:
    for cursor in ("x", "WzFd", "\x00", "WyJhIl0"):
        assert (await desk.get("/v1/tips", cursor=cursor)).status_code == 422


async def test_an_idempotency_key_repeats_the_answer(desk: Desk) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await desk.post("/v1/tips", a_tip(), "source.ncmec", **key)
    again = await desk.post("/v1/tips", a_tip(), "source.ncmec", **key)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (202, first.content)
    assert await desk.events("tip.repeated") == []
    assert (await desk.post("/v1/tips", a_tip(**OTHER), "source.ncmec", **key)).status_code == 409
    assert await counts(desk) == (1, 1)


@pytest.mark.parametrize(
    ("media", "body", "status", "problem"),
    [
        ("application/json", b"{", 400, "not_json"),
        ("application/json", b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 40, 415, "media_refused"),
        ("application/json", b" " * (192 * 1024 + 1), 413, "too_large"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "media_refused"),
        ("image/png", b"\x89PNG", 415, "media_refused"),
        ("video/mp4", b"", 415, "media_refused"),
        ("application/octet-stream", b"\x00", 415, "media_refused"),
        ("text/plain", b"hello", 415, "unsupported_media_type"),
        ("application/json; charset=utf-16", b"{}", 415, "unsupported_media_type"),
        ("application/json", b'{"a":' * 1_000, 400, "not_json"),
        ("application/json", b"null", 422, "invalid"),
    ],
)
async def test_what_is_no_tip_is_refused_recorded_once_and_not_stored(
    desk: Desk, media: str, body: bytes, status: int, problem: str
) -> None:
    response = await desk.post("/v1/tips", body, "source.ncmec", media)
    assert (response.status_code, problem_of(response)) == (status, problem)
    assert await counts(desk) == (0, 0)
    (event,) = await desk.events("request.refused")
    assert (event["payload"]["problem"], event["payload"]["route"]) == (problem, "POST /v1/tips")


async def test_a_refusal_on_record_names_fields_and_no_values(desk: Desk) -> None:
    body = a_tip(
        incident={"type": "other", "narrative": "data:image/png;base64,Rosa"}, reported_at="2026-03-01T10:00:00Z"
    )
    assert (await desk.post("/v1/tips", body, "source.ncmec")).status_code == 415
    (event,) = await desk.events("request.refused")
    assert event["payload"]["personal"]["fields"] == ["incident.narrative"]
    assert "Rosa" not in str(event)


async def test_a_full_outbox_takes_no_more_tips(desk: Desk) -> None:
    desk.caller.client._transport.app.state.edge.gate._rows_max = 0  # type: ignore[attr-defined]
    response = await desk.post("/v1/tips", a_tip(), "source.ncmec")
    assert (response.status_code, problem_of(response)) == (503, "unavailable")
    assert "retry-after" in response.headers
    assert await counts(desk) == (0, 0)


def _without_nulls(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_nulls(value) for key, value in node.items() if value is not None}
    return node
