"""However many look-ups there are, and whatever of them is explained, a page of them reads no more than it shows."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from services.audit.app import SERVICE
from services.audit.domain.explain import STANDINGS
from services.audit.store.flags import LIST_LOOKUPS, REASONS_SHOWN
from services.audit.store.log import PLAN_EACH
from services.audit.store.sensors import PLAN_BY_INDEX, UPDATE_STANDING
from shared.db.pool import Connection, Pool
from shared.http.page import PAGE_ITEMS_DEFAULT
from tests.conftest import Caller, CallService

COUNT, ACTORS, SECONDS_MAX, TRIES = 100_000, 50, 0.05, 3
ADD_LOOKUPS = """
INSERT INTO lookup (event_id, occurred_at, lookup_id, request_id, match_count, is_person, names_reason, is_self,
    actor_id, role, agency, office, purpose, reference, request, person, likeness, names, standing)
SELECT gen_random_uuid(), '2026-03-01'::timestamptz + n * interval '1 minute', gen_random_uuid(), gen_random_uuid(), 0,
    true, true, false, 'actor' || n % $2, 'cbp.att', 'CBP', '', 'investigation', 'x', int4send(n), int4send(n), '{}',
    ARRAY[int4send(n)], $3
FROM generate_series(1, $1) AS n"""
ADD_REASONS = """
INSERT INTO reason (event_id, kind, id, state_of, at, until, units)
VALUES (gen_random_uuid(), 'lead', 'x', 'lead x', '2026-01-01', 'infinity', ARRAY['CBP/*'])"""
ADD_NAMES = """
INSERT INTO reason_name (name, until, state_of)
SELECT lookup.request, 'infinity', 'lead x' FROM lookup"""
ADD_RESTING_REASONS = """
INSERT INTO reason (event_id, kind, id, state_of, at, until, units, rests_on)
SELECT gen_random_uuid(), 'lead', n::text, 'lead ' || n, '2026-01-01', 'infinity', ARRAY['CBP/*'], ARRAY['tip ' || n]
FROM generate_series(1, $1) AS n"""
ADD_MOVES = "INSERT INTO stood (event_id, standing) SELECT lookup.event_id, 'unexplained' FROM lookup"
QUERIES: list[dict[str, Any]] = [
    {}, {"explained": "true"}, {"explained": "false"}, {"standing": "redress"}, {"actor": "actor7"},
]  # fmt: skip


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


@pytest.mark.alone
@pytest.mark.parametrize("is_explained", [False, True])
async def test_a_page_of_lookups_reads_no_more_than_it_shows(
    caller: Caller, pool: Pool, superuser: Connection, is_explained: bool
) -> None:
    """Where all are explained, and once were not, or none is. Time is the best of three tries."""
    await superuser.execute(ADD_LOOKUPS, COUNT, ACTORS, "explained" if is_explained else "unexplained")
    if is_explained:
        await superuser.execute(ADD_REASONS)
        await superuser.execute(ADD_NAMES)
        await superuser.execute(ADD_MOVES)
    await superuser.execute("VACUUM ANALYZE lookup, reason, reason_name, stood")
    for query in QUERIES:
        times_s = []
        for _ in range(TRIES):
            started = time.perf_counter()
            response = await caller.client.get("/v1/lookups", params=query, headers=caller.as_("auditor"))
            times_s.append(time.perf_counter() - started)
            assert response.status_code == 200, response.text
        has_any = "standing" not in query and query.get("explained") in (None, str(is_explained).lower())
        items = response.json()["items"]
        assert [bool(item["reasons"]) for item in items] == [is_explained] * PAGE_ITEMS_DEFAULT * has_any
        assert min(times_s) < SECONDS_MAX, query
    for actor, standing, is_first in product((None, "actor7"), STANDINGS, (True, False)):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(PLAN_EACH)
            moves = COUNT if is_explained else 0
            scans = await _scans_of(connection, actor, standing, moves, is_first=is_first)
        assert scans
        assert sum(scan["Rows Removed by Filter"] for scan in scans if "Rows Removed by Filter" in scan) == 0
        assert max(scan["Actual Rows"] for scan in scans) <= PAGE_ITEMS_DEFAULT + 1
        assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Index Only Scan"}


async def test_what_rests_on_the_states_of_a_batch_is_found_by_index(pool: Pool, superuser: Connection) -> None:
    await superuser.execute(ADD_RESTING_REASONS, 5_000)
    await superuser.execute("ANALYZE reason")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_BY_INDEX)
        states = [f"tip {number}" for number in range(600)]
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {UPDATE_STANDING}"
        plan = await connection.fetchval(statement, [], states, [], datetime(2026, 3, 1, tzinfo=UTC))
    scans = [node for node in _nodes(json.loads(plan)[0]["Plan"]) if "Relation Name" in node]
    assert sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in scans) == 0


async def _scans_of(
    connection: Connection, actor: str | None, standing: str, moves: int, *, is_first: bool
) -> list[Any]:
    """Return the nodes of the plan that read look-ups, as it was run."""
    at, id_ = (None, None) if is_first else ("'2026-04-01'", "gen_random_uuid()")
    limits = PAGE_ITEMS_DEFAULT + 1, REASONS_SHOWN
    texts = [actor and f"'{actor}'", None, None, f"'{standing}'", at, id_, *limits, moves]
    values = ", ".join("NULL" if text is None else str(text) for text in texts)
    await connection.execute(f"PREPARE listing AS {LIST_LOOKUPS}")
    plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE listing({values})")
    await connection.execute("DEALLOCATE listing")
    nodes = _nodes(json.loads(plan)[0]["Plan"])
    return [node for node in nodes if node.get("Relation Name") == "lookup" and node["Actual Loops"] > 0]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
