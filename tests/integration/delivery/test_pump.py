"""The pump and the inbox: each event is applied once, in one transaction with the fence, whatever lies on the topic."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.producer import message_accumulator, producer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.db.pool import Connection, Pool
from shared.errors import Rejected
from shared.events.intake import TipReceivedV1, TipReviewedV1
from shared.events.topics import dead_letter_topic
from shared.kafka.consume import BatchHandler, OffsetGap, Pump, Record, _WaitForBatch
from shared.kafka.dead_letter import TooManyDeadLetters, read_letter
from shared.kafka.inbox import EventHandler, Incoming
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from tests.builders import a_tip_received, an_event, event_bytes, new_id
from tests.conftest import Kafka
from tests.servers import Database
from tests.waiting import eventually

TOPIC = "intake.tips"
PoolOf = Callable[[str], Awaitable[Pool]]
CREATE_EFFECT = "CREATE TABLE linker.effect (tip_id uuid, text text CHECK (text <> 'forbidden'))"
INSERT_EFFECT = "INSERT INTO effect (tip_id, text) SELECT * FROM unnest($1::uuid[], $2::text[])"
COUNT_EFFECTS = "SELECT count(*) FROM effect"


class Store:
    """Keeps the tips it is given; fails as told."""

    def __init__(self) -> None:
        self.transient_failures = 0
        self.events_max = 1_000
        self.batches = 0

    async def keep(self, transaction: Connection, events: Sequence[Incoming]) -> None:
        self.batches += 1
        tips = [event.payload for event in events if isinstance(event.payload, TipReceivedV1)]
        if any(tip.source_ref == "reject me" for tip in tips):
            raise Rejected("a rule of the business refuses it")
        await transaction.execute(INSERT_EFFECT, [t.tip_id for t in tips], [t.source_ref for t in tips])
        if self.transient_failures or len(events) > self.events_max:
            self.transient_failures = max(0, self.transient_failures - 1)
            raise asyncpg.SerializationError("may pass")


@pytest.fixture
async def pool(database: Database, pool_of: PoolOf) -> Pool:
    """The linker's schema with one table more, for what the handler under test keeps."""
    connection = await asyncpg.connect(database.owner_url("linker"))
    await connection.execute(CREATE_EFFECT)
    await connection.close()
    return await pool_of("linker")


def a_handler(store: Store, *, in_row_max: int = 100) -> EventHandler:
    return EventHandler(
        group="linker",
        models=[TipReceivedV1],
        store=store.keep,
        outbox=Outbox(shards=1),
        metrics=Metrics(),
        dead_letters_in_row_max=in_row_max,
    )


def a_pump(pool: Pool, kafka: Kafka, handler: BatchHandler, *, group: str = "linker") -> Pump:
    return Pump(
        group=group,
        topics=[TOPIC],
        bootstrap=kafka.bootstrap,
        topic_prefix=kafka.prefix,
        handler=handler,
        pool=pool,
        metrics=Metrics(),
        session_timeout_ms=6_000,
        batch_records_max=100,
    )


@asynccontextmanager
async def running(pump: Pump) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pump.run())
        yield
        pump.drain()


async def has_effects(pool: Pool, count: int) -> bool:
    return bool(await pool.fetchval(COUNT_EFFECTS) >= count)


async def is_fenced(pool: Pool, count: int) -> bool:
    return (await pool.fetchval("SELECT sum(next_offset) FROM fence") or 0) >= count


async def letters(pool: Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT topic, key, value, headers FROM outbox ORDER BY id")


async def test_a_repeated_event_is_applied_once(pool: Pool, kafka: Kafka) -> None:
    """The same event at two offsets of one batch, and again in a later one."""
    once, twice = event_bytes(a_tip_received()), event_bytes(a_tip_received())
    await kafka.send(TOPIC, once, twice, twice, key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 2))
        await kafka.send(TOPIC, once, event_bytes(a_tip_received()), key=b"k")
        await eventually(lambda: is_fenced(pool, 5))
    assert await pool.fetchval(COUNT_EFFECTS) == 3


async def test_what_is_too_much_at_once_comes_through_in_parts(pool: Pool, kafka: Kafka) -> None:
    """A database that gives up on more than two events together, as on a transaction that takes too long."""
    store = Store()
    store.events_max = 2
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(9)), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(store))):
        await eventually(lambda: is_fenced(pool, 9))
    assert await pool.fetchval(COUNT_EFFECTS) == 9


async def test_a_restarted_group_goes_on_where_the_fence_stands_not_where_kafka_remembers(
    pool: Pool, kafka: Kafka
) -> None:
    """Kafka's offsets are set back to the beginning, and the inbox is emptied: only the fence is left to know."""
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(20)), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 20))
    await pool.execute("DELETE FROM inbox")
    forgetful = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=kafka.prefix + "linker", enable_auto_commit=False
    )
    forgetful.subscribe([kafka.prefix + TOPIC])
    await forgetful.start()
    await eventually(lambda: _has_assignment(forgetful))
    await forgetful.commit(dict.fromkeys(forgetful.assignment(), 0))
    await forgetful.stop()
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await kafka.send(TOPIC, event_bytes(a_tip_received()), key=b"k")
        await eventually(lambda: has_effects(pool, 21))
    assert await pool.fetchval(COUNT_EFFECTS) == 21


async def _has_assignment(consumer: AIOKafkaConsumer) -> bool:
    return bool(consumer.assignment())


async def test_unreadable_records_become_dead_letters_once_and_the_rest_is_applied(pool: Pool, kafka: Kafka) -> None:
    good = [event_bytes(a_tip_received()) for _ in range(3)]
    misfit = good[0].replace(b'"tip_version":1', b'"tip_version":"one"').replace(b'"event_id":"0', b'"event_id":"1')
    newer = event_bytes(a_tip_received()).replace(b'"version":1', b'"version":9', 1)
    nul = event_bytes(a_tip_received(source_ref="a\x00b"))
    poison = [b"\xff\x00 not json", b"{}", None, misfit, newer, nul]
    await kafka.send(TOPIC, good[0], *poison, *good[1:], key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: is_fenced(pool, 9))
    assert await pool.fetchval(COUNT_EFFECTS) == 3
    found = await letters(pool)
    assert [letter["value"] for letter in found] == poison
    assert {letter["topic"] for letter in found} == {dead_letter_topic(TOPIC)}
    assert {letter["key"] for letter in found} == {b"k"}
    headers = found[0]["headers"]
    assert (headers["dlq-group"], headers["dlq-topic"], headers["dlq-offset"]) == ("linker", TOPIC, "1")


async def test_a_header_whose_name_is_no_text_stops_nobody_and_is_kept(
    pool: Pool, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only aiokafka's builder in Python can be made to write one."""
    for module in (producer, message_accumulator):
        monkeypatch.setattr(module, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    sender = producer.AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await sender.start()
    for value, headers in ((b"poison", [(NoText("x"), b"1"), ("y", b"2")]), (event_bytes(a_tip_received()), [])):
        await sender.send_and_wait(kafka.prefix + TOPIC, value, key=b"k", headers=headers)
    await sender.stop()
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 1))
    (row,) = await letters(pool)
    marks = tuple((name, text.encode()) for name, text in row["headers"].items())
    letter = read_letter(Record(row["topic"], 0, 0, row["key"], row["value"], marks, 1_772_359_200_000))
    assert letter is not None
    told = [(name.encode(errors="surrogateescape"), value) for name, value in letter.record.headers]
    assert told == [(NoText.BYTES, b"1"), (b"y", b"2")]


class NoText(str):
    """A name that aiokafka writes as bytes which are no UTF-8."""

    BYTES = b"\xff\xc0x"

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self.BYTES


async def test_only_the_culprit_of_a_batch_is_refused(pool: Pool, kafka: Kafka) -> None:
    """A handler's rejection and a constraint of the database each bring down one record, not the batch around it."""
    refs = ["fine 1", "reject me", "fine 2", "forbidden", "fine 3"]
    await kafka.send(TOPIC, *(event_bytes(a_tip_received(source_ref=ref)) for ref in refs), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: is_fenced(pool, 5))
    kept = await pool.fetch("SELECT text FROM effect ORDER BY text")
    assert [row["text"] for row in kept] == ["fine 1", "fine 2", "fine 3"]
    assert [letter["headers"]["dlq-offset"] for letter in await letters(pool)] == ["1", "3"]
    assert "forbidden" not in str([letter["headers"] for letter in await letters(pool)])


async def test_types_of_other_consumers_are_passed_over(pool: Pool, kafka: Kafka) -> None:
    other = TipReviewedV1.model_validate(
        {
            "review_id": new_id(),
            "review_number": 1,
            "tip_id": new_id(),
            "tip_version": 1,
            "plausible": True,
            "verifiable": True,
            "illegal_if_verified": True,
            "decision": "actionable",
            "personal": {"reason": "invented"},
        }
    )
    await kafka.send(TOPIC, event_bytes(other), event_bytes(a_tip_received()), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: is_fenced(pool, 2))
    assert await pool.fetchval(COUNT_EFFECTS) == 1
    assert await letters(pool) == []


async def test_a_transient_error_repeats_the_batch_and_keeps_nothing_of_the_first_try(pool: Pool, kafka: Kafka) -> None:
    store = Store()
    store.transient_failures = 3
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(10)), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(store))):
        await eventually(lambda: has_effects(pool, 10))
    assert await pool.fetchval(COUNT_EFFECTS) == 10
    assert store.batches >= 4


async def test_too_many_dead_letters_stop_the_pump_and_keep_nothing_of_the_batch(pool: Pool, kafka: Kafka) -> None:
    await kafka.send(TOPIC, event_bytes(a_tip_received()), *(b"junk" for _ in range(6)), key=b"k")
    with pytest.raises(TooManyDeadLetters):
        await asyncio.wait_for(a_pump(pool, kafka, a_handler(Store(), in_row_max=5)).run(), 20)
    assert await pool.fetchval(COUNT_EFFECTS) == 0
    assert await letters(pool) == []


async def test_a_bug_stops_the_pump_before_anything_is_acknowledged(pool: Pool, kafka: Kafka) -> None:
    class Broken(Store):
        async def keep(self, transaction: Connection, events: Sequence[Incoming]) -> None:
            await super().keep(transaction, events)
            raise ZeroDivisionError

    await kafka.send(TOPIC, event_bytes(a_tip_received()))
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(a_pump(pool, kafka, a_handler(Broken())).run(), 20)
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 1))
    assert await pool.fetchval(COUNT_EFFECTS) == 1


async def test_a_revived_worker_cannot_apply_what_another_did_meanwhile(pool: Pool, kafka: Kafka) -> None:
    """A batch read before another worker took over is applied by that one; given again, the fence drops all of it."""
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(5)), key=b"k")
    seen: list[Record] = []

    class Remember:
        async def apply(self, transaction: Connection, records: Sequence[Record]) -> None:
            seen.extend(records)
            await a_handler(Store()).apply(transaction, records)

    pump = a_pump(pool, kafka, Remember())
    async with running(pump):
        await eventually(lambda: has_effects(pool, 5))
    await pool.execute("DELETE FROM inbox")
    await pump._apply_once(seen)
    assert await pool.fetchval(COUNT_EFFECTS) == 5


async def test_what_the_database_lost_is_applied_again(pool: Pool, kafka: Kafka) -> None:
    """A failover to a standby that was behind takes back what was committed, the fence with it, under a living pump."""
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(3)), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 3))
        await eventually(lambda: is_fenced(pool, 3))
        await pool.execute("WITH gone AS (DELETE FROM inbox) UPDATE fence SET next_offset = 1 WHERE next_offset = 3")
        await kafka.send(TOPIC, event_bytes(a_tip_received()), key=b"k")
        await eventually(lambda: is_fenced(pool, 4))
    # Three, the two that were lost, and the one that came then.
    assert await pool.fetchval(COUNT_EFFECTS) == 6


class Standby(Store):
    """Keeps two events and then nothing, until it is told that it is back."""

    def __init__(self) -> None:
        super().__init__()
        self.events_max = 2
        self.is_back = False
        self.refused = 0

    async def keep(self, transaction: Connection, events: Sequence[Incoming]) -> None:
        if not self.is_back and await transaction.fetchval(COUNT_EFFECTS):
            self.refused += 1
            raise asyncpg.SerializationError("may pass")
        await super().keep(transaction, events)

    async def has_refused(self) -> bool:
        return self.refused > 0


async def test_what_the_database_lost_between_two_parts_is_applied_again(pool: Pool, kafka: Kafka) -> None:
    store = Standby()
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(4)), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(store))):
        await eventually(store.has_refused)
        await pool.execute("WITH gone AS (DELETE FROM inbox) UPDATE fence SET next_offset = 0")
        store.is_back = True
        await eventually(lambda: is_fenced(pool, 4))
    # Those of the first part, and all four.
    assert await pool.fetchval(COUNT_EFFECTS) == 6


class Gated(Store):
    """Keeps two events at a time, the first two only when it may; tells in which order things came."""

    def __init__(self) -> None:
        super().__init__()
        self.events_max = 2
        self.may_go_on = asyncio.Event()
        self.order: list[str] = []

    async def keep(self, transaction: Connection, events: Sequence[Incoming]) -> None:
        await super().keep(transaction, events)
        self.order.append("kept")
        await self.may_go_on.wait()

    async def is_at_work(self) -> bool:
        return bool(self.order)


async def test_a_rebalance_waits_for_one_batch_and_not_for_all_that_was_fetched(pool: Pool, kafka: Kafka) -> None:
    store = Gated()
    await kafka.send(TOPIC, *(event_bytes(a_tip_received()) for _ in range(4)), key=b"k")
    pump = a_pump(pool, kafka, a_handler(store))
    async with running(pump):
        await eventually(store.is_at_work)
        revoked = asyncio.create_task(_WaitForBatch(pump).on_partitions_revoked(()))
        revoked.add_done_callback(lambda _: store.order.append("revoked"))
        await asyncio.sleep(0)
        store.may_go_on.set()
        await eventually(lambda: is_fenced(pool, 4))
    assert store.order[:2] == ["kept", "revoked"]
    assert await pool.fetchval(COUNT_EFFECTS) == 4


@pytest.mark.parametrize("next_offset", [7, 1_000])
async def test_a_fence_beyond_the_topics_end_stops_the_pump(pool: Pool, kafka: Kafka, next_offset: int) -> None:
    """A topic made anew counts from zero again; going on would skip every new event."""
    await kafka.send(TOPIC, event_bytes(a_tip_received()), key=b"k")
    async with running(a_pump(pool, kafka, a_handler(Store()))):
        await eventually(lambda: has_effects(pool, 1))
    await pool.execute("UPDATE fence SET next_offset = $1", next_offset)
    with pytest.raises(OffsetGap):
        await asyncio.wait_for(a_pump(pool, kafka, a_handler(Store())).run(), 20)


async def test_an_event_too_large_is_refused_before_it_is_stored(pool: Pool) -> None:
    huge = an_event(a_tip_received(related_refs=["x" * 300_000]))
    async with pool.acquire() as connection:
        with pytest.raises(Rejected):
            await Outbox(shards=1).publish(connection, [huge])
    assert await letters(pool) == []
