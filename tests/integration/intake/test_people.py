"""Reviews and research: appended, numbered, on record; the newest review counts."""

import asyncio
from typing import Any

import pytest

from tests.builders import new_id
from tests.integration.intake.desk import ANALYST, BAD, GOOD, Desk, places_of, problem_of

RESEARCH: dict[str, Any] = {
    "kind": "summons",
    "entity": "socialA",
    "reference": "S-1",
    "served_at": "2026-03-02T10:00:00Z",
    "summary": "The account belongs to an invented person.",
    "parties": [{"role": "subject", "identifiers": [{"type": "email", "value": "x@example.org"}]}],
    "files": [{"md5": "c" * 32}],
}


async def test_a_review_decides_and_is_announced(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    answer = await desk.review(tip_id, GOOD)
    assert (answer["decision"], answer["number"]) == ("actionable", 1)
    (event,) = await desk.events("tip.reviewed")
    payload = event["payload"]
    assert event["subject"] == {"kind": "tip", "id": tip_id, "version": 2}
    assert (payload["review_id"], payload["review_number"], payload["tip_version"]) == (answer["review_id"], 1, 1)
    assert (payload["decision"], payload["personal"]["reason"]) == ("actionable", "it all fits")
    assert event["actor"]["id"] == ANALYST


async def test_the_newest_review_counts_and_all_are_kept(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    for verdict in (GOOD, BAD, GOOD, BAD):
        await desk.review(tip_id, verdict)
    assert (await desk.show(tip_id))["decision"] == "not_actionable"
    reviews = await desk.items(f"/v1/tips/{tip_id}/reviews", limit=3)
    assert [review["number"] for review in reviews] == [1, 2, 3, 4]
    assert [review["decision"] for review in reviews] == ["actionable", "not_actionable"] * 2
    assert reviews[1]["reason"] == "nothing to go by"
    assert reviews[1]["reviewer"] == ANALYST
    views = await desk.events("record.viewed")
    assert [view["payload"]["kind"] for view in views] == ["tip", "review", "review"]
    shown = [view["payload"]["record_ids"] for view in views[1:]]
    ids = [review["review_id"] for review in reviews]
    assert shown == [[*ids[:3], tip_id], [ids[3], tip_id]]
    assert [(view["payload"]["record_count"], view["payload"]["within"]) for view in views[1:]] == [
        (3, {"tip": 1}),
        (1, {"tip": 1}),
    ]


async def test_reviews_at_the_same_time_are_numbered_without_a_gap(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    answers = await asyncio.gather(*(desk.review(tip_id, GOOD) for _ in range(10)))
    assert sorted(answer["number"] for answer in answers) == list(range(1, 11))
    versions = [event["subject"]["version"] for event in await desk.events("tip.reviewed")]
    assert versions == list(range(2, 12))


async def test_a_review_of_a_version_since_amended_is_a_conflict(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    await desk.submit(related_refs=["X"])
    response = await desk.post(f"/v1/tips/{tip_id}/reviews", {**GOOD, "tip_version": 1}, ANALYST)
    assert (response.status_code, problem_of(response)) == (409, "conflict")
    assert (await desk.review(tip_id, GOOD, tip_version=2))["number"] == 1


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"plausible": "yes"}, "plausible"),
        ({"plausible": None}, "plausible"),
        ({"reason": ""}, "reason"),
        ({"reason": " \n\t"}, "reason"),
        ({"reason": "a\x00"}, "reason"),
        ({"mood": "good"}, "mood"),
    ],
)
async def test_a_bad_review_is_refused_by_name(desk: Desk, more: dict[str, Any], place: str) -> None:
    tip_id = (await desk.submit())["tip_id"]
    response = await desk.post(f"/v1/tips/{tip_id}/reviews", {**GOOD, **more}, ANALYST)
    assert (response.status_code, places_of(response)) == (422, [(place,)])
    assert await desk.items(f"/v1/tips/{tip_id}/reviews") == []


@pytest.mark.parametrize("path", ["reviews", "research"])
async def test_nothing_is_added_to_a_tip_that_is_not_there(desk: Desk, path: str) -> None:
    body = GOOD if path == "reviews" else RESEARCH
    url = f"/v1/tips/{new_id()}/{path}"
    assert (await desk.post(url, body, ANALYST)).status_code == 404
    assert (await desk.get(url)).status_code == 404
    assert (await desk.post("/v1/tips/nothing/" + path, body, ANALYST)).status_code == 422


async def test_only_those_with_the_capability_review_and_research(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    for account in ("source.ncmec", "cbp.att", "auditor"):
        assert (await desk.post(f"/v1/tips/{tip_id}/reviews", GOOD, account)).status_code == 403
        assert (await desk.post(f"/v1/tips/{tip_id}/research", RESEARCH, account)).status_code == 403


async def test_research_is_recorded_announced_and_shown(desk: Desk) -> None:
    tip_id = (await desk.submit(parties=[{"role": "subject"}]))["tip_id"]
    await desk.review(tip_id, BAD)
    response = await desk.post(f"/v1/tips/{tip_id}/research", RESEARCH, ANALYST)
    assert response.status_code == 201
    (event,) = await desk.events("research.recorded")
    assert (event["subject"]["version"], event["payload"]["research_number"]) == (3, 1)
    personal = event["payload"]["personal"]
    tip = await desk.show(tip_id)
    assert personal["parties"][0]["party_id"] != tip["parties"][0]["party_id"]
    assert tip["state"] == "not_actionable"
    (shown,) = await desk.items(f"/v1/tips/{tip_id}/research")
    assert shown["research_id"] == response.json()["research_id"]
    assert (shown["kind"], shown["summary"], shown["files"][0]["md5"]) == ("summons", RESEARCH["summary"], "c" * 32)
    assert shown["parties"][0]["party_id"] == personal["parties"][0]["party_id"]


@pytest.mark.parametrize("field", ["entity", "reference", "summary"])
@pytest.mark.parametrize("text", ["", " \n"])
async def test_research_that_says_nothing_where_it_speaks_is_refused_by_name(desk: Desk, field: str, text: str) -> None:
    tip_id = (await desk.submit())["tip_id"]
    response = await desk.post(f"/v1/tips/{tip_id}/research", {**RESEARCH, field: text}, ANALYST)
    assert (response.status_code, places_of(response)) == (422, [(field,)])


async def test_parties_of_each_research_result_have_ids_of_their_own(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    for _ in range(2):
        assert (await desk.post(f"/v1/tips/{tip_id}/research", RESEARCH, ANALYST)).status_code == 201
    shown = await desk.items(f"/v1/tips/{tip_id}/research", limit=1)
    assert len({party["party_id"] for item in shown for party in item["parties"]}) == 2


async def test_least_research_and_media_within_it(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    url = f"/v1/tips/{tip_id}/research"
    assert (await desk.post(url, {"kind": "public_search"}, ANALYST)).status_code == 201
    response = await desk.post(url, {**RESEARCH, "summary": "data:video/mp4;base64,AAAA"}, ANALYST)
    assert (response.status_code, places_of(response)) == (415, [("summary",)])


async def test_an_idempotency_key_repeats_a_review_once(desk: Desk) -> None:
    tip_id = (await desk.submit())["tip_id"]
    url, key = f"/v1/tips/{tip_id}/reviews", {"Idempotency-Key": "r-1"}
    first = await desk.post(url, GOOD, ANALYST, **key)
    again = await desk.post(url, GOOD, ANALYST, **key)
    assert first.content == again.content
    assert (await desk.post(url, BAD, ANALYST, **key)).status_code == 409
    assert len(await desk.items(url)) == 1
