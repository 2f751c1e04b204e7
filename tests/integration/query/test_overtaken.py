"""Passengers marked to be looked up again, some of whom another transaction changes after the statement began.

Goal: none of them is passed over, as nobody would be told what changed. Method: as in intake's tests of the same name.
"""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.query.store import manifests, touched
from services.query.store.manifests import Screening
from shared.clock import SystemClock
from shared.db.pool import Connection
from shared.events.envelope import Actor, Context
from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.lists import Lists
from tests.waiting import overtaken

PASSENGERS = 8
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SELECT_NUMBERS = "SELECT array_agg(passenger_no ORDER BY passenger_no) FROM passenger"
LOOK_UP = "UPDATE passenger SET lookup_id = gen_random_uuid() WHERE passenger_no = ANY($1)"
COUNT_TOUCHED = "SELECT count(*) FROM passenger WHERE touched_at IS NOT NULL"
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at when told to."""
    return Lists(facts.pool, SystemClock())


async def test_every_passenger_is_touched(facts: Facts, lists: Lists, cbp: Officer) -> None:
    await lists.submit(cbp, *({"name": f"Bo Li {number}"} for number in range(PASSENGERS)))
    numbers = await facts.pool.fetchval(SELECT_NUMBERS)

    async def touch(transaction: Connection) -> None:
        await transaction.execute(BY_INDEX)
        await touched.touch_passengers(transaction, numbers, since=NOW)

    await overtaken(facts.pool, lambda connection: connection.execute(LOOK_UP, numbers[1:]), touch)
    assert await facts.pool.fetchval(COUNT_TOUCHED) == PASSENGERS


async def test_every_passenger_waits_for_a_screening(facts: Facts, lists: Lists, cbp: Officer) -> None:
    list_id = UUID(await lists.submit(cbp, *({"name": f"Bo Li {number}"} for number in range(PASSENGERS))))
    numbers = await facts.pool.fetchval(SELECT_NUMBERS)
    screening = Screening(new_id(), NOW, Context(Actor(id="cbp.att", kind="person", agency="CBP"), new_id()))

    async def ask(transaction: Connection) -> int:
        await transaction.execute(BY_INDEX)
        return await manifests.add_screening(transaction, list_id, screening)

    waiting = await overtaken(facts.pool, lambda connection: connection.execute(LOOK_UP, numbers[1:]), ask)
    assert waiting == PASSENGERS
