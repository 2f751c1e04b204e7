"""The HTTP edge, by a service of two routes: what every caller of every service is promised."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import Request, Response
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from shared.db.pool import Connection, Pool
from shared.errors import Conflict, NotFound
from shared.http import VIEW, Call, Route, answer, create, read_json
from shared.http.body import Body
from shared.http.route import Rate
from shared.service import Service
from shared.settings import ServiceSettings
from tests.conftest import Caller, CallService
from tests.fakes import FakeClock
from tests.servers import CHECKOUT
from tests.waiting import eventually

PoolOf = Callable[[str], Awaitable[Pool]]
FREEZE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
INSERT_THING = "INSERT INTO once (key) VALUES ($1)"
COUNT_THINGS = "SELECT count(*) FROM once WHERE key LIKE 'thing:%'"
EVENTS = "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id"


class Thing(Body):
    """A request."""

    name: str


class Made(BaseModel):
    """An answer."""

    number: int


async def post_thing(request: Request) -> Response:
    call: Call = request.state.call
    thing = await read_json(request, Thing, bytes_max=1_000)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        await transaction.execute(INSERT_THING, f"thing:{call.request_id}")
        if thing.name == "conflict":
            raise Conflict("it is taken")
        if thing.name == "bug":
            raise ZeroDivisionError("with a name in it: Rosa Invented")
        return 201, Made(number=await transaction.fetchval(COUNT_THINGS))

    return await create(call, work, request_hash=hashlib.sha256(thing.name.encode()).digest())


async def get_thing(request: Request, thing_id: int, colour: str | None = None) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        await call.record_view(transaction, "thing", [thing_id])
    return answer(Made(number=thing_id))


async def get_named(request: Request, name: str) -> Response:
    raise NotFound("there is no such thing")


async def list_things(request: Request, count: int) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        await transaction.execute(FREEZE)
        parts = [f"part {number}" for number in range(count)]
        await call.record_view(transaction, "thing", range(count), along={"part": parts, "nothing": []})
    return answer(Made(number=count))


class EdgeSettings(ServiceSettings):
    """Intake's schema serves as any."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", frozen=True)


SERVICE = Service(
    name="intake",
    settings=EdgeSettings,
    folder=CHECKOUT / "services" / "intake",
    routes=(
        Route("POST", "/v1/things", post_thing, needs=("tip.submit",), answers={201: Made}, records=(), takes=Thing),
        Route("GET", "/v1/named/{name}", get_named, needs=(), answers={200: Made}, records=VIEW),
        Route("GET", "/v1/things", list_things, needs=("lookup",), answers={200: Made}, records=VIEW),
        Route(
            "GET",
            "/v1/things/{thing_id}",
            get_thing,
            needs=("lookup",),
            answers={200: Made},
            records=VIEW,
            rate=Rate(1, 3),
        ),
    ),
    build_parts=lambda tools: None,
    topics=(),
    build_handler=lambda tools: None,  # type: ignore[arg-type,return-value]  # this service has no worker
)


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    return await pool_of("intake")


async def events(pool: Pool, type_: str | None = None) -> list[dict[str, Any]]:
    found = [row["event"] for row in await pool.fetch(EVENTS)]
    return [event for event in found if type_ is None or event["type"] == type_]


async def post(caller: Caller, name: str = "a", **headers: str) -> httpx.Response:
    return await caller.client.post("/v1/things", json={"name": name}, headers=caller.as_("source.ncmec", **headers))


def problem_of(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["x-request-id"]
    return str(document["type"].removeprefix("/problems/"))


async def test_only_health_is_open(caller: Caller) -> None:
    assert (await caller.client.get("/healthz")).status_code == 200
    assert (await caller.client.get("/readyz")).status_code == 200
    for path in ("/v1/things/1", "/metrics", "/openapi.json", "/docs", "/nowhere", "/v1/things/1/2"):
        response = await caller.client.get(path)
        assert (response.status_code, problem_of(response)) == (401, "unauthenticated"), path


async def test_metrics_are_for_those_who_may(caller: Caller) -> None:
    assert (await caller.client.get("/metrics", headers=caller.as_("ceiu.analyst"))).status_code == 403
    response = await caller.client.get("/metrics", headers=caller.as_("system.admin"))
    assert response.status_code == 200
    assert "cets_http_request_seconds_bucket" in response.text


async def test_a_session_is_on_record_once_and_then_each_refusal_of_its_caller(caller: Caller, pool: Pool) -> None:
    for _ in range(3):
        response = await caller.client.post("/v1/things", json={"name": "a"}, headers=caller.as_("cbp.att"))
        assert (response.status_code, problem_of(response)) == (403, "forbidden")
    assert [e["type"] for e in await events(pool)] == ["session.opened", *["request.refused"] * 3]
    opened, refused = (await events(pool))[:2]
    assert opened["payload"]["session"] == opened["actor"]["session"] == refused["actor"]["session"]
    assert refused["payload"]["capability"] == "tip.submit"
    assert refused["payload"]["route"] == "POST /v1/things"


async def test_unknown_callers_are_on_record_once_a_minute_and_address(
    caller: Caller, pool: Pool, clock: FakeClock
) -> None:
    for token in ("", "Bearer nonsense", "Basic abc", f"Bearer {caller.keys.token('auditor', now=clock.now())[:-3]}"):
        headers = {"Authorization": token} if token else {}
        assert (await caller.client.get("/v1/things/1", headers=headers)).status_code == 401
    clock.move(timedelta(minutes=1))
    await caller.client.get("/v1/things/1")
    found = await events(pool, "auth.refused")
    assert [e["payload"]["reason"] for e in found] == ["missing", "missing"]
    assert found[0]["actor"] is None
    assert found[0]["payload"]["personal"]["address"]


async def test_a_view_is_on_record_with_what_was_shown(caller: Caller, pool: Pool) -> None:
    assert (await caller.client.get("/v1/things/7", headers=caller.as_("cbp.att"))).json() == {"number": 7}
    (view,) = await events(pool, "record.viewed")
    assert view["payload"]["record_ids"] == ["7"]
    assert view["actor"]["id"] == "cbp.att"


async def test_whatever_is_shown_is_on_record_in_as_few_events_as_hold_it(caller: Caller, pool: Pool) -> None:
    for count in (0, 2, 4_000):
        response = await caller.client.get("/v1/things", params={"count": count}, headers=caller.as_("cbp.att"))
        assert response.json() == {"number": count}
    views = [event["payload"] for event in await events(pool, "record.viewed")]
    assert [(view["record_count"], view["within"], len(view["record_ids"])) for view in views] == [
        (0, {}, 0),
        (2, {"part": 2}, 4),
        (4_000, {"part": 1_000}, 5_000),
        (0, {"part": 3_000}, 3_000),
    ]
    assert views[1]["record_ids"] == ["0", "1", "part 0", "part 1"]
    assert views[2]["record_ids"][-1] == "part 999"


async def test_a_caller_over_the_rate_is_asked_to_wait_which_is_on_record(caller: Caller, pool: Pool) -> None:
    statuses = [(await caller.client.get("/v1/things/7", headers=caller.as_("cbp.att"))).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert [event["payload"]["status"] for event in await events(pool, "request.refused")] == [429, 429]
    response = await caller.client.get("/v1/things/7", headers=caller.as_("cbp.supervisor"))
    assert response.status_code == 200


async def test_the_same_key_and_body_get_the_same_answer_and_no_second_effect(caller: Caller, pool: Pool) -> None:
    first = await post(caller, **{"Idempotency-Key": "k1"})
    again = await post(caller, **{"Idempotency-Key": "k1"})
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert await pool.fetchval(COUNT_THINGS) == 1
    other = await post(caller, "b", **{"Idempotency-Key": "k1"})
    assert (other.status_code, problem_of(other)) == (409, "conflict")
    assert (await post(caller, **{"Idempotency-Key": "k2"})).json() == {"number": 2}


async def test_the_same_key_at_the_same_time_has_one_effect(caller: Caller, pool: Pool) -> None:
    responses = await asyncio.gather(*(post(caller, **{"Idempotency-Key": "k"}) for _ in range(8)))
    assert {(r.status_code, r.content) for r in responses} == {(201, b'{"number":1}')}
    assert await pool.fetchval(COUNT_THINGS) == 1


async def test_a_key_whose_first_use_failed_is_free_again(caller: Caller, pool: Pool) -> None:
    assert (await post(caller, "conflict", **{"Idempotency-Key": "k"})).status_code == 409
    assert (await post(caller, "a", **{"Idempotency-Key": "k"})).status_code == 201
    assert await pool.fetchval(COUNT_THINGS) == 1


async def test_a_key_is_its_callers_own(caller: Caller) -> None:
    await post(caller, **{"Idempotency-Key": "k"})
    headers = caller.as_("source.police", **{"Idempotency-Key": "k"})
    assert (await caller.client.post("/v1/things", json={"name": "b"}, headers=headers)).json() == {"number": 2}


@pytest.mark.parametrize(
    ("content", "headers", "status", "problem"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, "not_json"),
        (b'{"name":NaN}', {"Content-Type": "application/json"}, 400, "not_json"),
        (b'{"name":"a","more":-Infinity}', {"Content-Type": "application/json"}, 400, "not_json"),
        (b'{"name":7}', {"Content-Type": "application/json"}, 422, "invalid"),
        (b"{}", {"Content-Type": "application/json"}, 422, "invalid"),
        (b'{"name":"a","more":1}', {"Content-Type": "application/json"}, 422, "invalid"),
        (b'{"name":"a\\u0000"}', {"Content-Type": "application/json"}, 422, "invalid"),
        (b'{"name":"' + b"a" * 2_000 + b'"}', {"Content-Type": "application/json"}, 413, "too_large"),
        (b'{"name":"a"}', {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b'{"name":"a"}', {}, 415, "unsupported_media_type"),
        (b"\xff\xd8\xff", {"Content-Type": "image/jpeg"}, 415, "media_refused"),
        (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 415, "media_refused"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", {"Content-Type": "application/json"}, 415, "media_refused"),
        (
            b'{"name":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"}',
            {"Content-Type": "application/json"},
            415,
            "media_refused",
        ),
        (b"\x1f\x8b", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    ],
)
async def test_a_bad_body_is_refused_recorded_and_leaves_nothing(
    caller: Caller, pool: Pool, content: bytes, headers: dict[str, str], status: int, problem: str
) -> None:
    response = await caller.client.post("/v1/things", content=content, headers=caller.as_("source.ncmec", **headers))
    assert (response.status_code, problem_of(response)) == (status, problem)
    assert await pool.fetchval(COUNT_THINGS) == 0
    assert [e["payload"]["problem"] for e in await events(pool, "request.refused")] == [problem]


async def test_a_stream_without_length_is_cut_off_at_the_limit(caller: Caller) -> None:
    sent = 0

    async def chunks() -> Any:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"x" * 1_000

    headers = caller.as_("source.ncmec", **{"Content-Type": "application/json"})
    response = await caller.client.post("/v1/things", content=chunks(), headers=headers)
    assert response.status_code == 413


async def test_a_bug_tells_the_caller_nothing_and_keeps_nothing(caller: Caller, pool: Pool) -> None:
    response = await post(caller, "bug")
    assert (response.status_code, problem_of(response)) == (500, "failed")
    assert "Rosa" not in response.text
    assert await pool.fetchval(COUNT_THINGS) == 0
    (refused,) = await events(pool, "request.refused")
    assert refused["payload"]["outcome"] == "failed"


async def test_a_full_outbox_refuses_work_until_it_has_room(
    call_service: CallService, clock: FakeClock, pool: Pool
) -> None:
    caller = await call_service(SERVICE, clock=clock, outbox_rows_max=2)
    await pool.execute("INSERT INTO outbox (shard, topic) SELECT 0, 'intake.activity' FROM generate_series(1, 2)")
    response = await post(caller)
    assert (response.status_code, problem_of(response)) == (503, "unavailable")
    assert int(response.headers["retry-after"]) > 0


async def test_an_unreachable_database_is_a_503(caller: Caller, postgres_url: str, pool: Pool) -> None:
    """Every connection of the service is cut again and again while it is asked: never a 500, and it recovers."""
    admin = await asyncpg.connect(postgres_url)
    statuses = set()
    for _ in range(10):
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'intake-http'"
        )
        statuses.add((await post(caller)).status_code)
    await admin.close()
    assert statuses <= {201, 503}

    async def recovers() -> bool:
        return (await post(caller)).status_code == 201

    assert await eventually(recovers, timeout_s=5)


async def test_other_methods_and_paths_are_problem_documents(caller: Caller) -> None:
    headers = caller.as_("source.ncmec")
    response = await caller.client.delete("/v1/things/1", headers=headers)
    assert (response.status_code, problem_of(response)) == (405, "method_not_allowed")
    assert (await caller.client.get("/v1/nothing", headers=headers)).status_code == 404
    response = await caller.client.get("/v1/things/x", headers=caller.as_("cbp.att"))
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["path", "thing_id"])


async def test_a_nul_in_path_or_query_is_refused_by_name(caller: Caller) -> None:
    response = await caller.client.get("/v1/things/7?colour=a%00b", headers=caller.as_("cbp.att"))
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["query", "colour"])


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("colour=red", []),
        ("colour=", []),
        ("shade=dark", ["shade"]),
        ("colour=red&shade=dark&Colour=red", ["shade", "Colour"]),
        ("colour=red&colour=red", ["colour"]),
        ("thing_id=7", ["thing_id"]),
        ("shade", ["shade"]),
    ],
)
async def test_a_query_names_only_parameters_of_the_route_and_each_once(
    caller: Caller, query: str, wrong: list[str]
) -> None:
    response = await caller.client.get(f"/v1/things/7?{query}", headers=caller.as_("cbp.att"))
    assert response.status_code == (422 if wrong else 200)
    assert [error["loc"] for error in response.json().get("errors", [])] == [["query", name] for name in wrong]


async def test_a_post_takes_no_query_and_keeps_nothing_when_there_is_one(caller: Caller, pool: Pool) -> None:
    response = await caller.client.post("/v1/things?dry_run=1", json={"name": "a"}, headers=caller.as_("source.ncmec"))
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["query", "dry_run"])
    assert await pool.fetchval(COUNT_THINGS) == 0


async def test_a_query_of_very_many_names_gets_a_short_answer(caller: Caller) -> None:
    query = "&".join(f"x{number}=1" for number in range(1_000))
    response = await caller.client.get(f"/v1/things/7?{query}", headers=caller.as_("cbp.att"))
    assert response.status_code == 422
    assert len(response.json()["errors"]) == 100


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ('Application/JSON;charset="UTF-8"', 201),
        ("application/json; profile=x", 201),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json; profile=x; Charset = latin1", 415),
        ("application/json; charset=", 415),
        ("application/json; charset=utf-8; charset=latin1", 415),
    ],
)
async def test_a_body_is_in_utf_8_and_declared_as_nothing_else(caller: Caller, declared: str, status: int) -> None:
    headers = caller.as_("source.ncmec", **{"Content-Type": declared})
    response = await caller.client.post("/v1/things", content=b'{"name":"a"}', headers=headers)
    assert response.status_code == status
    assert status == 201 or problem_of(response) == "unsupported_media_type"


async def test_the_openapi_document_names_bodies_and_capabilities(caller: Caller) -> None:
    document = (await caller.client.get("/openapi.json", headers=caller.as_("auditor"))).json()
    operation = document["paths"]["/v1/things"]["post"]
    assert operation["x-capabilities"] == ["tip.submit"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Thing")
    assert {"Thing", "ProblemDocument"} <= set(document["components"]["schemas"])
    assert Path("/metrics").name in str(document["paths"])


async def test_a_creating_route_is_described_with_its_idempotency_key(caller: Caller) -> None:
    paths = (await caller.client.get("/openapi.json", headers=caller.as_("auditor"))).json()["paths"]
    [described] = paths["/v1/things"]["post"]["parameters"]
    assert (described["name"], described["in"]) == ("Idempotency-Key", "header")
    for key in ("", "k" * (described["schema"]["maxLength"] + 1)):
        refused = await post(caller, **{"Idempotency-Key": key})
        assert (refused.status_code, problem_of(refused)) == (422, "invalid")
        assert [error["loc"] for error in refused.json()["errors"]] == [["header", "Idempotency-Key"]]


async def test_a_route_may_say_first_how_its_transaction_sees_the_database(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the edge asks the database before it, as the outbox's gate does every two seconds."""
    monkeypatch.setattr("shared.kafka.outbox.DEPTH_PERIOD_S", -1)
    response = await caller.client.get("/v1/things?count=1", headers=caller.as_("cbp.att"))
    assert response.status_code == 200, response.text


async def test_a_refusal_says_which_record_was_asked_for(caller: Caller, pool: Pool) -> None:
    """An id alone: what else stands in a path may be anybody's name."""
    for named in ("01950000-0000-7000-8000-00000000ABCD", "Rosa Invented"):
        await caller.client.get(f"/v1/named/{named}", headers=caller.as_("cbp.att"))
    refused = [event["payload"]["record_ids"] for event in await events(pool, "request.refused")]
    assert refused == [["01950000-0000-7000-8000-00000000abcd"], []]
    assert "Rosa" not in str(await events(pool))
