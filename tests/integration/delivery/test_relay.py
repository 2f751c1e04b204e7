"""The relay: what is committed reaches Kafka, in order, numbered, once."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.db.pool import Pool
from shared.events.producer import producer_mac
from shared.kafka.outbox import CLAIM, CREATE_SHARD, SELECT_IN_FLIGHT, Outbox, Outgoing, Relay, _rows
from shared.metrics import Metrics
from tests.builders import an_event
from tests.conftest import Kafka
from tests.servers import Database
from tests.waiting import eventually

KEY = b"k" * 32
PoolOf = Callable[[str], Awaitable[Pool]]


def a_relay(database: Database, kafka: Kafka, *, shards: int = 1) -> Relay:
    return Relay(
        service="intake",
        database_url=database.url("intake"),
        bootstrap=kafka.bootstrap,
        topic_prefix=kafka.prefix,
        producer_key=KEY,
        shards=shards,
        metrics=Metrics(),
    )


@asynccontextmanager
async def running(*relays: Relay) -> Any:
    async with asyncio.TaskGroup() as tasks:
        for relay in relays:
            tasks.create_task(relay.run())
        yield
        for relay in relays:
            relay.drain()


async def put(pool: Pool, *records: Outgoing, shards: int = 1) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await Outbox(shards=shards).put(connection, records)


async def is_empty(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM outbox")


def numbers_of(records: Sequence[Any]) -> list[int]:
    return [int(dict(record.headers)["seq"]) for record in records]


async def test_committed_events_arrive_in_order_with_dense_numbers_and_a_mac(
    database: Database, kafka: Kafka, pool_of: PoolOf
) -> None:
    pool = await pool_of("intake")
    values = [f"value {n}".encode() for n in range(2_500)]
    async with running(a_relay(database, kafka)):
        for start in range(0, 2_500, 500):
            await put(pool, *(Outgoing("intake.activity", b"one key", v) for v in values[start : start + 500]))
        await eventually(lambda: is_empty(pool))
    records = await kafka.read("intake.activity")
    assert [record.value for record in records] == values
    assert numbers_of(records) == list(range(1, 2_501))
    headers = dict(records[7].headers)
    assert headers["producer"] == b"intake.0"
    expected = producer_mac(
        KEY, producer=b"intake.0", seq=b"8", topic="intake.activity", record_key=b"one key", value=values[7]
    )
    assert headers["mac"].decode() == expected.hex()


async def test_rolled_back_events_never_arrive(database: Database, kafka: Kafka, pool_of: PoolOf) -> None:
    pool = await pool_of("intake")
    async with running(a_relay(database, kafka)):
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await Outbox(shards=1).publish(connection, [an_event()])
            await transaction.rollback()
        kept = an_event()
        async with pool.acquire() as connection, connection.transaction():
            await Outbox(shards=1).publish(connection, [kept])
        await eventually(lambda: is_empty(pool))
    assert [e["event_id"] for e in await kafka.read_events("intake.activity")] == [str(kept.event_id)]


async def test_a_successor_sends_what_its_dead_predecessor_left_and_not_what_had_arrived(
    database: Database, kafka: Kafka, pool_of: PoolOf
) -> None:
    """A relay claims ten rows, four of them reach Kafka, and it dies: the next sends the other six, same numbers."""
    pool = await pool_of("intake")
    await put(pool, *(Outgoing("intake.activity", b"key", f"v{n}".encode()) for n in range(10)))
    await pool.execute(CREATE_SHARD, 0)
    await pool.execute(CLAIM, 0, 10)
    claimed = await pool.fetch(SELECT_IN_FLIGHT, 0)
    dead = a_relay(database, kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    await dead._send(producer, 0, _rows(claimed[:4]))
    await producer.stop()
    await put(pool, Outgoing("intake.activity", b"key", b"later"))
    async with running(a_relay(database, kafka)):
        await eventually(lambda: is_empty(pool))
    records = await kafka.read("intake.activity")
    assert [r.value for r in records] == [*(f"v{n}".encode() for n in range(10)), b"later"]
    assert numbers_of(records) == list(range(1, 12))


async def test_of_two_relays_one_works_and_the_other_takes_over(
    database: Database, kafka: Kafka, pool_of: PoolOf
) -> None:
    pool = await pool_of("intake")
    first, second = a_relay(database, kafka), a_relay(database, kafka)
    async with running(second):
        async with running(first):
            await put(pool, *(Outgoing("intake.activity", b"key", f"a{n}".encode()) for n in range(50)))
            await eventually(lambda: is_empty(pool))
        await put(pool, *(Outgoing("intake.activity", b"key", f"b{n}".encode()) for n in range(50)))
        await eventually(lambda: is_empty(pool))
    records = await kafka.read("intake.activity")
    assert [r.value for r in records] == [f"{letter}{n}".encode() for letter in "ab" for n in range(50)]
    assert numbers_of(records) == list(range(1, 101))


async def test_an_idle_relay_writes_nothing(database: Database, kafka: Kafka, pool_of: PoolOf) -> None:
    pool = await pool_of("intake")
    async with running(a_relay(database, kafka)):
        await eventually(lambda: pool.fetchval("SELECT count(*) FROM outbox_shard"))
        before = await pool.fetchrow("SELECT xmin::text, next_seq FROM outbox_shard")
        await asyncio.sleep(1.5)
        after = await pool.fetchrow("SELECT xmin::text, next_seq FROM outbox_shard")
    assert before == after
    assert json.dumps(numbers_of(await kafka.read("intake.activity"))) == "[]"
