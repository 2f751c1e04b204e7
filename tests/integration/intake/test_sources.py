"""How many tips of a source stand where is known without reading the tips, and is right whatever happens at once."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from services.intake.store import SELECT_SOURCES
from shared.db.pool import Connection
from tests.builders import new_id
from tests.fakes import START
from tests.integration.intake.desk import BAD, GOOD, Desk
from tests.integration.intake.test_batches import NDJSON, ndjson
from tests.unit.intake.bodies import a_tip

COUNT_TIPS = "SELECT source, state, count(*) FROM tip GROUP BY source, state"
COUNT_ROWS = "SELECT count(*) FROM tip_count"
INSERT_TIP = "INSERT INTO tip (tip_id, source, source_ref, received_at, changed_at) VALUES ($1, 'ncmec', $2, $3, $3)"


async def told(desk: Desk) -> dict[tuple[str, str], int]:
    sources = await desk.items("/v1/sources")
    return {(item["source"], state): n for item in sources for state, n in item["tips"].items() if n}


async def counted(desk: Desk) -> dict[tuple[str, str], int]:
    return {(source, state): n for source, state, n in await desk.pool.fetch(COUNT_TIPS)}


async def insert(connection: Connection, ref: str) -> None:
    await connection.execute(INSERT_TIP, new_id(), ref, START)


async def test_tips_are_counted_through_all_that_may_become_of_them(desk: Desk) -> None:
    assert await told(desk) == {}
    one, two = [(await desk.submit(source_ref=ref))["tip_id"] for ref in ("A", "B")]
    await desk.submit("source.police")
    assert await told(desk) == {("ncmec", "awaiting_review"): 2, ("police", "awaiting_review"): 1}
    await desk.review(one, GOOD)
    await desk.review(two, GOOD)
    await desk.review(two, BAD)
    await desk.submit(source_ref="A")
    expected = {("ncmec", "actionable"): 1, ("ncmec", "not_actionable"): 1, ("police", "awaiting_review"): 1}
    assert await told(desk) == expected
    await desk.submit(source_ref="A", related_refs=["X"])
    del expected["ncmec", "actionable"]
    assert await told(desk) == {**expected, ("ncmec", "awaiting_review"): 1}


async def test_the_count_is_right_whatever_comes_at_the_same_time(desk: Desk) -> None:
    refs = [f"R-{n % 30}" for n in range(120)]
    bodies = [a_tip(source_ref=ref, related_refs=[f"X-{n % 4}"]) for n, ref in enumerate(refs)]
    tip_ids = [(await desk.submit(source_ref=f"Q-{n}"))["tip_id"] for n in range(10)]
    await asyncio.gather(
        *(desk.post("/v1/tips", body, "source.ncmec") for body in bodies),
        *(desk.post("/v1/tips/batch", ndjson(*bodies[at : at + 40]), "source.ncmec", NDJSON) for at in (0, 40, 80)),
        *(desk.review(tip_id, GOOD if n % 2 else BAD) for n, tip_id in enumerate(tip_ids * 2)),
    )
    assert await told(desk) == await counted(desk)


async def test_the_rows_of_the_count_are_added_up_now_and_then(desk: Desk) -> None:
    async with desk.pool.acquire() as connection:
        for number in range(350):
            await insert(connection, f"C-{number}")
    assert await desk.pool.fetchval(COUNT_ROWS) <= 100
    assert await told(desk) == {("ncmec", "awaiting_review"): 350}


async def test_who_counts_waits_for_nobody(desk: Desk) -> None:
    """One transaction has just added up, another has added to the count, and neither has ended; more tips come in."""
    async with desk.pool.acquire() as one, desk.pool.acquire() as two, desk.pool.acquire() as three:
        await insert(three, "before")
        holding = [connection.transaction() for connection in (one, two)]
        for transaction in holding:
            await transaction.start()
        await insert(two, "open")
        for number in range(100):
            await insert(one, f"A-{number}")
        assert await one.fetchval(COUNT_ROWS) < 100, "the first transaction has added up"
        await three.execute("SET lock_timeout = '1s'")
        for number in range(200):
            await insert(three, f"B-{number}")
        for transaction in holding:
            await transaction.commit()
    assert await told(desk) == {("ncmec", "awaiting_review"): 302}


async def test_sources_are_told_without_reading_the_tips(desk: Desk) -> None:
    await desk.submit()
    plan = json.loads(await desk.pool.fetchval("EXPLAIN (FORMAT JSON) " + SELECT_SOURCES, None))
    read = Counter(_relations(plan))
    assert read
    assert "tip" not in read
    assert max(read.values()) == 1, "each table is read once"


def _relations(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _relations(inner)
    elif isinstance(node, dict):
        if "Relation Name" in node:
            yield node["Relation Name"]
        for inner in node.values():
            yield from _relations(inner)
