"""Republishing: every stored fact once more, in bounded steps, and as often as it is stopped and begun again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from shared.db.pool import Connection, Pool
from shared.kafka.outbox import Outbox, Outgoing
from shared.kafka.republish import Page, Place, republish
from tests.waiting import eventually

PoolOf = Callable[[str], Awaitable[Pool]]
FACTS, PAGE = 45, 10
VALUES = "SELECT convert_from(value, 'UTF8')::integer AS number FROM outbox ORDER BY id"
OUTBOX = Outbox(shards=1)


class Facts:
    """Numbered facts in pages of ten; at the places told it fails once, with what is told."""

    def __init__(self, failures: dict[int, Exception] | None = None) -> None:
        self.failures = failures or {}
        self.asked: list[Place] = []

    async def list_facts(self, transaction: Connection, *, since: datetime, after: Place) -> Page:
        self.asked.append(after)
        start = after[1].int
        if start in self.failures:
            raise self.failures.pop(start)
        numbers = range(start, min(start + PAGE, FACTS))
        records = [Outgoing("intake.tips", b"k", str(number).encode()) for number in numbers]
        return Page(records, ("", UUID(int=numbers[-1] + 1)) if numbers else None)


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    return await pool_of("intake")


async def sent(pool: Pool) -> list[int]:
    return [row["number"] for row in await pool.fetch(VALUES)]


async def test_every_fact_is_put_in_the_outbox_once_in_order(pool: Pool) -> None:
    assert await republish(pool, OUTBOX, Facts().list_facts, tell=print) == FACTS
    assert await sent(pool) == list(range(FACTS))


async def test_a_run_that_was_stopped_goes_on_behind_what_it_had_put_there(pool: Pool) -> None:
    facts = Facts({30: RuntimeError("stopped")})
    with pytest.raises(RuntimeError):
        await republish(pool, OUTBOX, facts.list_facts, tell=print)
    assert await sent(pool) == list(range(30))
    assert await republish(pool, OUTBOX, facts.list_facts, after=facts.asked[-1], tell=print) == FACTS - 30
    assert await sent(pool) == list(range(FACTS))


async def test_a_transient_error_repeats_a_page(pool: Pool) -> None:
    facts = Facts({20: asyncpg.DeadlockDetectedError("may pass")})
    assert await republish(pool, OUTBOX, facts.list_facts, tell=print) == FACTS
    assert await sent(pool) == list(range(FACTS))


async def test_while_the_outbox_is_too_deep_it_waits_and_says_so(pool: Pool) -> None:
    said: list[str] = []
    taken: list[int] = []

    async def is_waiting() -> bool:
        return bool(said)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(republish(pool, OUTBOX, Facts().list_facts, rows_max=20, tell=said.append))
        while not running.done():
            await eventually(is_waiting) if not taken else await asyncio.sleep(0.02)
            waiting = await sent(pool)
            assert len(waiting) < 20 + PAGE
            taken += waiting
            await pool.execute("DELETE FROM outbox WHERE convert_from(value, 'UTF8')::integer = ANY($1)", waiting)
    assert sorted({*taken, *await sent(pool)}) == list(range(FACTS))
    assert "20 events wait in the outbox" in said[0]
    assert running.result() == FACTS
