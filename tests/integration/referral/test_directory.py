"""The directory is told to everyone: each office once, and again when its name or phone changed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.referral.app import SERVICE, load_directory
from services.referral.handlers import Desk, list_facts
from shared.db.pool import Pool
from shared.kafka.outbox import Outbox
from shared.kafka.republish import republish
from tests.conftest import Kafka, Work
from tests.fakes import FakeClock
from tests.waiting import eventually

PoolOf = Callable[[str], Awaitable[Pool]]
OUTBOX = "SELECT topic, convert_from(key, 'UTF8') AS key, value FROM outbox ORDER BY id"
COUNT_LISTED = "SELECT count(*) FROM listed_office"
COUNT_WAITING = "SELECT count(*) FROM outbox"


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    return await pool_of("referral")


def desk_of(**phones: str) -> Desk:
    """Return a desk with our directory, some offices with another phone."""
    directory = load_directory()
    changed = {f"sac-{name}": phone for name, phone in phones.items()}
    offices = {
        code: replace(office, phone=changed.get(code, office.phone)) for code, office in directory.offices.items()
    }
    return Desk(FakeClock(), Outbox(shards=1), replace(directory, offices=offices), 0.5)


async def start(pool: Pool, desk: Desk) -> int:
    """Tell the directory as a worker that starts."""
    async with pool.acquire() as connection, connection.transaction():
        return await desk.tell_offices(connection)


async def told(pool: Pool) -> list[dict[str, Any]]:
    return [json.loads(row["value"]) for row in await pool.fetch(OUTBOX)]


async def test_the_first_start_tells_every_office_under_its_code(pool: Pool) -> None:
    desk = desk_of()
    assert await start(pool, desk) == len(desk.directory.offices)
    rows, events = await pool.fetch(OUTBOX), await told(pool)
    assert {(row["topic"], row["key"]) for row in rows} == {
        ("referral.referrals", code) for code in desk.directory.offices
    }
    assert {(event["subject"]["kind"], event["subject"]["version"]) for event in events} == {("office", 1)}
    offices = desk.directory.offices.values()
    assert [event["payload"] for event in events] == [
        {"office": each.code, "version": 1, "office_name": each.name, "office_phone": each.phone}
        for each in sorted(offices, key=lambda each: each.code)
    ]


async def test_a_second_start_tells_nothing(pool: Pool) -> None:
    await start(pool, desk_of())
    before = len(await told(pool))
    assert [await start(pool, desk_of()) for _ in range(3)] == [0, 0, 0]
    assert len(await told(pool)) == before


async def test_workers_that_start_at_once_tell_it_once(pool: Pool) -> None:
    counts = await asyncio.gather(*(start(pool, desk_of()) for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, len(load_directory().offices)]


async def test_of_a_start_that_fails_nothing_stays(pool: Pool) -> None:
    with pytest.raises(RuntimeError):
        async with pool.acquire() as connection, connection.transaction():
            await desk_of().tell_offices(connection)
            raise RuntimeError("killed")
    assert await told(pool) == []
    assert await start(pool, desk_of()) == len(load_directory().offices)


async def test_an_office_with_another_phone_is_told_again_and_no_other(pool: Pool) -> None:
    await start(pool, desk_of())
    await pool.execute("DELETE FROM outbox")
    assert await start(pool, desk_of(miami="+1-305-555-0999")) == 1
    (event,) = await told(pool)
    assert (event["subject"]["id"], event["subject"]["version"]) == ("sac-miami", 2)
    assert event["payload"]["office_phone"] == "+1-305-555-0999"


async def test_republish_tells_the_offices_again_as_they_were_told(pool: Pool) -> None:
    await start(pool, desk_of())
    await start(pool, desk_of(miami="+1-305-555-0999"))
    before = await pool.fetch(OUTBOX)
    await pool.execute("DELETE FROM outbox")
    assert await republish(pool, Outbox(shards=1), list_facts, tell=print) == len(before)
    assert _sorted(before) == _sorted(await pool.fetch(OUTBOX))


async def test_a_worker_that_starts_again_tells_nothing_new(kafka: Kafka, work: Work, pool: Pool) -> None:
    count = len(load_directory().offices)

    async def is_told() -> bool:
        known, waiting = await pool.fetchval(COUNT_LISTED), await pool.fetchval(COUNT_WAITING)
        return (known, waiting) == (count, 0)

    for _ in range(2):
        async with work(SERVICE):
            await eventually(is_told)
            await asyncio.sleep(0.5)
    assert len(await kafka.read_events("referral.referrals", count_min=count)) == count


def _sorted(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in rows)
