"""Each route × outcome puts on record what the table of routes says, and nothing else; without a record no answer.

The routes are those of the services' tables. Good answers come of the requests in `worlds`; all that is refused is made
from the route alone. What an answer put on record are the rows of the outbox that bear its request id.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import wraps
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from shared.db.pool import Connection, Pool
from shared.http.route import Route, refused_by
from shared.kafka.outbox import OutboxGate
from shared.service import Service
from tests.conftest import Caller, CallService
from tests.fakes import FakeClock
from tests.integration.records.asks import EVENTS_SINCE, LAST, Ask, Watch, send, watch
from tests.integration.records.worlds import WORLDS
from tests.integration.test_capabilities import ACCOUNTS, TABLES, UNKNOWN, service_of
from tests.servers import Database

PoolOf = Callable[[str], Awaitable[Pool]]
LOGIN = "session.opened"
COUNT = "SELECT count(*) FROM outbox"
TABLE_NAMES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ONLY_NAMED = {
    "GET /v1/leads": {"cluster_id", "source_tip_id"},
    "GET /v1/leads/{lead_id}": {"cluster_id"},
    # Nodes that are values; their tips are on record.
    "GET /v1/leads/{lead_id}/graph": {"id", "target"},
    "GET /v1/notices": {"id", "lead_id"},
    "GET /v1/referrals": {"lead_id"},
    "GET /v1/referrals/{referral_id}": {"lead_id", "source_tip_id"},
    "GET /v1/alerts": {"manifest_id", "lookup_id"},
    "GET /v1/handoffs": {"lookup_id"},
    "GET /v1/handoffs/{handoff_id}": {"lookup_id"},
    # What events are about.
    "GET /v1/entries": {"id"},
    "GET /v1/actors/{actor}/timeline": {"id", "record_ids"},
    "GET /v1/records/{record_id}/views": {"id", "record_ids"},
}
"""Of each route, fields that name something of which nothing else is shown: they need not be on record."""
NO_STATE = {"outbox", "once", "idempotency", "bell"}
"""Tables that say nothing about what the service is for."""

# What cannot be stored is anything but that a request was refused: then the answer must be that, and so on record.
NO_ROOM = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON outbox FOR EACH ROW
    WHEN (convert_from(NEW.value, 'UTF8')::jsonb ->> 'type' NOT IN ('request.refused', 'session.opened'))
    EXECUTE FUNCTION refuse()"""
# The server ends the connection while it commits.
NO_COMMIT = """
CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER vanish AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION vanish()"""


@dataclass
class World:
    """A service's HTTP, its database as its app role and as its owner, and a request for each of its routes."""

    service: Service[Any]
    caller: Caller
    pool: Pool
    owner: Connection
    asks: list[Ask]
    watch: Watch

    def route(self, ask: Ask) -> Route:
        return next(route for route in self.service.routes if name_of(route) == ask.route)

    async def since(self, last: int) -> list[dict[str, Any]]:
        """Return the events that came into the outbox behind a row."""
        return [row["event"] for row in await self.pool.fetch(EVENTS_SINCE, last)]

    async def last(self) -> int:
        number: int = await self.pool.fetchval(LAST)
        return number

    async def state(self) -> dict[str, str]:
        """Return a digest of each table."""
        names = {row["tablename"] for row in await self.owner.fetch(TABLE_NAMES)} - NO_STATE
        digest = "SELECT md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
        return {name: await self.owner.fetchval(digest.format(name)) for name in sorted(names)}

    async def log_in(self) -> None:
        """Use every account that asks once, so that no session is new."""
        for account in sorted({ask.account for ask in self.asks}):
            response = await self.caller.client.get("/openapi.json", headers=self.caller.as_(account))
            assert response.status_code == 200


@pytest.fixture(params=WORLDS)
async def world(
    request: pytest.FixtureRequest, call_service: CallService, pool_of: PoolOf, database: Database, clock: FakeClock
) -> AsyncIterator[World]:
    """A service and what there is to ask it for."""
    service, pool = service_of(request.param), await pool_of(request.param)
    # Query's worlds are looked at by the time of the day; the others stand still.
    caller = await call_service(service, **({} if request.param == "query" else {"clock": clock}))
    asks = await WORLDS[request.param](caller, pool, clock)
    owner: Any = await asyncpg.connect(database.owner_url(request.param))
    made = World(service, caller, pool, owner, asks, watch(caller, pool))
    await made.log_in()
    yield made
    await owner.close()


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def types_of(events: Sequence[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def is_problem(response: httpx.Response, status: int) -> bool:
    document = response.json()
    return response.status_code == status and set(document) == {
        *("type", "title", "status", "detail", "errors", "request_id")
    }


def names_off_record(response: httpx.Response, events: Sequence[dict[str, Any]]) -> set[str]:
    """Return the names under which an answer holds ids that are in none of the events."""
    told = orjson.dumps(events).decode()
    if response.headers["content-type"] != "application/json":
        return set()
    return {name for name, id_ in ids_in(response.json()) if id_ not in told}


def ids_in(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each id in a document, under the name of the field that it or its list has."""
    if isinstance(node, dict):
        for field, value in node.items():
            yield from ids_in(value, field)
    elif isinstance(node, list):
        for value in node:
            yield from ids_in(value, name)
    elif isinstance(node, str) and UUID_TEXT.fullmatch(node):
        yield name, node


async def test_every_route_has_a_request_that_gets_a_good_answer(world: World) -> None:
    asked = {ask.route for ask in world.asks}
    assert asked == {name_of(route) for route in world.service.routes}
    for route in world.service.routes:
        told = {type_ for ask in world.asks if ask.route == name_of(route) for type_ in ask.records}
        assert {model.TYPE for model in route.records} <= told, f"{name_of(route)} never puts all of that on record"


async def test_a_good_answer_is_on_record_before_it_leaves_and_so_is_its_repeat(world: World) -> None:
    for number, ask in enumerate(world.asks):
        route, last = world.route(ask), await world.last()
        key = f"k-{number}" if ask.method == "POST" and ask.has_key else None
        response = await send(world.caller, ask, key=key)
        assert response.status_code in route.answers, f"{ask.route}: {response.text}"
        events = await world.since(last)
        assert types_of(events) == list(ask.records), ask.route
        assert [row["event"] for row in world.watch.at_first_byte] == events, f"{ask.route} answers before its record"
        allowed = {model.TYPE for model in route.records}
        assert allowed & set(ask.records), ask.route
        assert set(ask.records) <= allowed | {model.TYPE for model in route.follows}, ask.route
        assert {event["correlation_id"] for event in events} == {response.headers["x-request-id"]}
        assert {event["actor"]["id"] for event in events} == {ask.account}
        assert names_off_record(response, events) <= ONLY_NAMED.get(ask.route, set()), ask.route
        if key is None:
            continue
        last, again = await world.last(), await send(world.caller, ask, key=key)
        assert (again.status_code, again.content) == (response.status_code, response.content), ask.route
        repeated, *views = await world.since(last)
        assert [row["event"] for row in world.watch.at_first_byte] == [repeated, *views]
        assert repeated["type"] == "answer.repeated"
        assert repeated["payload"]["first_request_id"] == response.headers["x-request-id"]
        assert set(types_of(views)) <= {"record.viewed"}
        assert repeated["correlation_id"] == again.headers["x-request-id"]


@pytest.mark.parametrize("service", WORLDS)
async def test_a_refusal_is_on_record_as_that_and_as_nothing_else(
    service: str, call_service: CallService, pool_of: PoolOf, clock: FakeClock
) -> None:
    """Of each route: without a token, without the capability, and with a parameter that it does not have."""
    pool, caller = await pool_of(service), await call_service(service_of(service), clock=clock)
    for route in service_of(service).routes:
        allowed = TABLES[service][name_of(route)]
        lacking = next(accounts[0] for role, accounts in ACCOUNTS.items() if role not in allowed)
        allowing = next(accounts[0] for role, accounts in ACCOUNTS.items() if role in allowed)
        for account, query, status in ((None, {}, 401), (lacking, {}, 403), (allowing, {"no_such": "1"}, 422)):
            clock.move(timedelta(minutes=1))
            last: int = await pool.fetchval(LAST)
            headers = caller.as_(account) if account else {}
            response = await caller.client.request(route.method, path_of(route), params=query, headers=headers)
            assert response.status_code == status, name_of(route)
            events = [row["event"] for row in await pool.fetch(EVENTS_SINCE, last)]
            [event] = [event for event in events if event["type"] != LOGIN]
            assert event["type"] == refused_by(status).TYPE
            assert event["payload"]["route"] == name_of(route)
            assert event["payload"]["outcome"] == "denied"
            assert event["correlation_id"] == response.headers["x-request-id"]


async def test_a_bug_is_on_record_as_a_request_that_failed(world: World, call_service: CallService) -> None:
    routes = [replace(route, endpoint=_failing(route)) for route in world.service.routes]
    broken = await call_service(replace(world.service, routes=routes))
    for ask in world.asks:
        last, response = await world.last(), await send(broken, ask)
        assert is_problem(response, 500), ask.route
        [event] = [event for event in await world.since(last) if event["type"] != LOGIN]
        assert (event["type"], event["payload"]["outcome"]) == (refused_by(500).TYPE, "failed")
        assert (event["payload"]["route"], event["actor"]["id"]) == (ask.route, ask.account)


async def test_what_cannot_be_stored_is_neither_done_nor_shown(world: World) -> None:
    """The database has no room for the event: 503, and the only thing that is there afterwards is that it failed."""
    await world.owner.execute(NO_ROOM)
    before = await world.state()
    for ask in world.asks:
        last, response = await world.last(), await send(world.caller, ask)
        assert is_problem(response, 503), f"{ask.route}: {response.text}"
        [event] = await world.since(last)
        assert (event["type"], event["payload"]["outcome"]) == ("request.refused", "failed"), ask.route
    assert await world.state() == before


async def test_what_cannot_be_committed_is_neither_done_nor_shown(world: World) -> None:
    await world.owner.execute(NO_COMMIT)
    before, last = await world.state(), await world.last()
    for ask in world.asks:
        response = await send(world.caller, ask)
        assert is_problem(response, 503), f"{ask.route}: {response.text}"
    assert await world.since(last) == []
    assert await world.state() == before


async def test_when_the_outbox_is_full_nothing_is_answered_done_or_refused_off_the_record(world: World) -> None:
    """Neither a good answer nor a refusal leaves, since neither could be put on record; nor can anyone log in."""
    count = await world.pool.fetchval(COUNT)
    app: Any = world.watch._app
    app.state.edge.gate = OutboxGate(rows_max=count)
    before = await world.state()
    for ask in world.asks:
        assert is_problem(await send(world.caller, ask), 503), ask.route
        wrong = replace(ask, query={"no_such": "1"})
        assert is_problem(await send(world.caller, wrong), 503), ask.route
        unknown = await world.caller.client.request(ask.method, ask.path)
        assert is_problem(unknown, 503), ask.route
    # Whom no world asks as: nobody has seen this session.
    known = world.caller.as_(world.asks[0].account)
    assert (await world.caller.client.get("/openapi.json", headers=known)).status_code == 200, "no record is in it"
    stranger = world.caller.as_("hsi.agent.sac-miami")
    for path in ("/openapi.json", "/metrics", "/v1/none"):
        assert is_problem(await world.caller.client.get(path, headers=stranger), 503), path
    assert await world.pool.fetchval(COUNT) == count
    assert await world.state() == before


def path_of(route: Route) -> str:
    return "/".join(str(UNKNOWN) if part.startswith("{") else part for part in route.path.split("/"))


def _failing(route: Route) -> Any:
    @wraps(route.endpoint)
    async def fails(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("invented")

    return fails
