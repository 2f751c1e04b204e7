"""A batch under an Idempotency-Key: one body at a time; a repeat gets its answer; nothing of another body is kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from services.intake.app import SERVICE
from services.intake.http import batches
from shared.db.pool import Connection
from shared.errors import Unavailable
from tests.builders import new_id
from tests.conftest import CallService
from tests.fakes import START
from tests.integration.intake.desk import Desk, problem_of
from tests.unit.intake.bodies import a_tip
from tests.waiting import eventually

NDJSON, CSV = "application/x-ndjson", "text/csv"
HEADER = "source_ref,source,reported_at,incident_type"
REFS = "SELECT source_ref FROM tip ORDER BY source_ref"
COUNT_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"""
INSERT_TIP = """
INSERT INTO tip (tip_id, source, source_ref, received_at, changed_at) VALUES ($1, 'ncmec', $2, $3, $3)"""
LEAVE_CLAIM = """
UPDATE idempotency SET status = 0, body = '', holder = gen_random_uuid(), claimed_until = now() + $1::interval"""
CLAIMS = "SELECT status, holder, claimed_until FROM idempotency"


@pytest.fixture
async def small(desk: Desk, call_service: CallService) -> Desk:
    """Intake that stores each line by itself."""
    return Desk(await call_service(SERVICE, batch_chunk_lines=1, database_pool_size=3), desk.pool)


def lines(*refs: str) -> bytes:
    return b"\n".join(orjson.dumps(a_tip(source_ref=ref)) for ref in refs)


async def batch(desk: Desk, raw: bytes, key: str = "k", account: str = "source.ncmec") -> httpx.Response:
    return await desk.post("/v1/tips/batch", raw, account, NDJSON, **{"Idempotency-Key": key})


async def refs_of(desk: Desk) -> list[str]:
    return [row["source_ref"] for row in await desk.pool.fetch(REFS)]


async def _is_waiting(desk: Desk) -> bool:
    return bool(await desk.pool.fetchval(COUNT_WAITING) == 1)


@pytest.mark.parametrize("second", [lines("X", "Y"), lines("A", "M", "B")], ids=["another body", "the same body"])
async def test_a_second_batch_under_a_key_in_use_is_refused_before_any_of_it_is_stored(
    small: Desk, second: bytes
) -> None:
    """Another transaction holds the reference in the middle, so the first batch has stored A and waits for M."""
    async with small.pool.acquire() as connection, asyncio.TaskGroup() as tasks:
        held = connection.transaction()
        await held.start()
        await connection.execute(INSERT_TIP, new_id(), "M", START)
        first = tasks.create_task(batch(small, lines("A", "M", "B")))
        await eventually(lambda: _is_waiting(small))
        assert await refs_of(small) == ["A"]
        later = await batch(small, second)
        await held.rollback()
    assert (first.result().status_code, later.status_code) == (200, 409)
    assert problem_of(later) == "idempotency_in_progress"
    assert int(later.headers["retry-after"]) > 0
    assert await refs_of(small) == ["A", "B", "M"]
    again = await batch(small, lines("A", "M", "B"))
    assert (again.status_code, again.content) == (200, first.result().content)
    other = await batch(small, lines("X", "Y"))
    assert (other.status_code, problem_of(other)) == (409, "conflict")
    assert await refs_of(small) == ["A", "B", "M"]


async def test_of_many_bodies_at_once_under_one_key_only_one_is_stored(small: Desk) -> None:
    bodies = [[f"{name}{n}" for n in range(6)] for name in "ABCDEF"]
    answers = await asyncio.gather(*(batch(small, lines(*body)) for body in bodies))
    (winner,) = [at for at, answer in enumerate(answers) if answer.status_code == 200]
    assert {answer.status_code for answer in answers} == {200, 409}
    assert await refs_of(small) == bodies[winner]


async def test_a_key_belongs_to_one_caller(small: Desk) -> None:
    assert (await batch(small, lines("A"))).status_code == 200
    assert (await batch(small, b"{}", account="source.police")).status_code == 200


async def test_a_claim_left_by_a_crash_is_taken_over_by_the_same_body_once_its_time_is_over(small: Desk) -> None:
    first = await batch(small, lines("A", "B"))
    await small.pool.execute(LEAVE_CLAIM, timedelta(seconds=20))
    for body in (lines("A", "B"), lines("X")):
        soon = await batch(small, body)
        assert (soon.status_code, problem_of(soon)) == (409, "idempotency_in_progress")
    await small.pool.execute(LEAVE_CLAIM, timedelta(seconds=-1))
    other = await batch(small, lines("X"))
    assert (other.status_code, problem_of(other)) == (409, "conflict")
    assert await refs_of(small) == ["A", "B"]
    again = await batch(small, lines("A", "B"))
    assert again.json()["duplicate"] == 2
    assert [i["tip_id"] for i in again.json()["items"]] == [i["tip_id"] for i in first.json()["items"]]
    assert (await batch(small, lines("A", "B"))).content == again.content


class _Gate:
    """Lets the session and one chunk pass; what is to happen before the second chunk happens then, once."""

    def __init__(self, desk: Desk, happens: Callable[[], Awaitable[object]]) -> None:
        desk.caller.client._transport.app.state.edge.gate = self  # type: ignore[attr-defined]
        self._happens = happens
        self._calls = 0

    async def check(self, connection: Connection) -> None:
        self._calls += 1
        if self._calls == 3:
            await self._happens()


async def test_a_request_whose_claim_was_taken_over_stores_no_more(small: Desk) -> None:
    """Between two chunks it is thought dead, and its repeat takes the key."""
    _Gate(small, lambda: small.pool.execute(LEAVE_CLAIM, timedelta(seconds=20)))
    first = await batch(small, lines("A", "B"))
    assert (first.status_code, problem_of(first)) == (409, "idempotency_in_progress")
    assert await refs_of(small) == ["A"]
    (row,) = await small.pool.fetch(CLAIMS)
    assert row["holder"] is not None, "the claim of whoever took over is not theirs to give up"


async def test_a_refusal_before_anything_is_stored_frees_the_key(small: Desk) -> None:
    key = {"Idempotency-Key": "k"}
    bad = await small.post("/v1/uploads", f"{HEADER},color\n".encode(), "source.ncmec", CSV, **key)
    assert bad.status_code == 422
    assert await small.pool.fetch(CLAIMS) == []
    row = "A,ncmec,2026-03-01T10:00:00Z,other"
    good = await small.post("/v1/uploads", f"{HEADER}\n{row}".encode(), "source.ncmec", CSV, **key)
    assert (good.status_code, good.json()["accepted"]) == (200, 1)


async def test_a_batch_that_failed_half_way_may_be_repeated_at_once_and_not_replaced(small: Desk) -> None:
    async def close() -> None:
        raise Unavailable("the outbox is full")

    _Gate(small, close)
    assert (await batch(small, lines("A", "B"))).status_code == 503
    assert await refs_of(small) == ["A"]
    other = await batch(small, lines("X"))
    assert (other.status_code, problem_of(other)) == (409, "conflict")
    again = await batch(small, lines("A", "B"))
    assert (again.json()["duplicate"], again.json()["accepted"]) == (1, 1)
    assert await refs_of(small) == ["A", "B"]


async def test_no_connection_is_held_while_bodies_come_slowly(small: Desk) -> None:
    """More batches than the pool has connections stand half-sent; a single tip is taken meanwhile."""
    go_on = asyncio.Event()
    begun = [asyncio.Event() for _ in range(6)]

    async def slow(number: int) -> AsyncIterator[bytes]:
        yield lines(f"S-{number}") + b"\n"
        begun[number].set()
        await go_on.wait()
        yield lines(f"T-{number}")

    async def send(number: int) -> httpx.Response:
        headers = small.caller.as_("source.ncmec", **{"Content-Type": NDJSON, "Idempotency-Key": f"k-{number}"})
        return await small.caller.client.post("/v1/tips/batch", content=slow(number), headers=headers)

    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(send(number)) for number in range(6)]
        await asyncio.gather(*(event.wait() for event in begun))
        assert (await asyncio.wait_for(small.submit(source_ref="now"), 10))["status"] == "accepted"
        assert await refs_of(small) == ["now"]
        go_on.set()
    assert [task.result().json()["accepted"] for task in sent] == [2] * 6


async def test_a_keyed_batch_that_breaks_off_or_is_too_large_leaves_nothing(
    small: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES_MAX", 400)
    body: Any = lines(*(f"L-{n}" for n in range(20)))

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 50):
            yield body[at : at + 50]

    headers = small.caller.as_("source.ncmec", **{"Content-Type": NDJSON, "Idempotency-Key": "k"})
    response = await small.caller.client.post("/v1/tips/batch", content=pieces(), headers=headers)
    assert (response.status_code, problem_of(response)) == (413, "too_large")
    assert await refs_of(small) == []
    assert await small.pool.fetch(CLAIMS) == []


async def test_a_large_keyed_batch_is_put_aside_on_disk_and_taken_whole(desk: Desk) -> None:
    text = "é" * 20_000
    tips = [a_tip(source_ref=f"L-{n:03}", incident={"type": "other", "narrative": text}) for n in range(60)]
    body = b"\n".join(map(orjson.dumps, tips))
    assert len(body) > 2 * 1024 * 1024
    response = await batch(desk, body)
    assert response.json()["accepted"] == 60
    assert (await batch(desk, body)).content == response.content
