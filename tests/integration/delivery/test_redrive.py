"""Dead letters given again: what is readable now is applied once, by the service that refused it, and by no other.

A "release" is a handler. The first refuses a tip; its letter travels to the dead-letter topic by a real relay; then
the next release gets it, through the inbox, from a real Kafka.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.errors import Rejected
from shared.events.intake import TipReceivedV1
from shared.kafka.consume import Pump, Record
from shared.kafka.dead_letter import Letter
from shared.kafka.inbox import EventHandler, Incoming
from shared.kafka.outbox import Outbox, Relay
from shared.kafka.redrive import Outcome, Redrive, Result
from shared.metrics import Metrics
from tests.builders import a_tip_received, event_bytes, new_id
from tests.conftest import Kafka
from tests.servers import Database
from tests.waiting import eventually

TOPIC, LETTERS, ACTIVITY = "intake.tips", "intake.tips.dlq", "linker.activity"
REFUSED, POISON = "reject me", b"\xff\x00 not json"
PoolOf = Callable[[str], Awaitable[Pool]]
Keep = Callable[[Connection, Sequence[Incoming]], Awaitable[None]]
CREATE_EFFECT = "CREATE TABLE linker.effect (tip_id uuid, text text)"
INSERT_EFFECT = "INSERT INTO effect (tip_id, text) SELECT * FROM unnest($1::uuid[], $2::text[])"
EFFECTS = "SELECT text FROM effect ORDER BY text"
LOCK_FENCE = "SELECT FROM fence WHERE topic = $1 FOR UPDATE"
IS_SOMEONE_WAITING = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"


async def accept(transaction: Connection, events: Sequence[Incoming]) -> None:
    tips = [event.payload for event in events if isinstance(event.payload, TipReceivedV1)]
    await transaction.execute(INSERT_EFFECT, [t.tip_id for t in tips], [t.source_ref for t in tips])


async def refuse(transaction: Connection, events: Sequence[Incoming]) -> None:
    await accept(transaction, events)
    if any(isinstance(e.payload, TipReceivedV1) and e.payload.source_ref == REFUSED for e in events):
        raise Rejected("a rule of this release refuses it")


async def fail(transaction: Connection, events: Sequence[Incoming]) -> None:
    await accept(transaction, events)
    raise ZeroDivisionError("Rosa Invented")


def a_handler(keep: Keep, *, group: str = "linker") -> EventHandler:
    return EventHandler(
        group=group,
        models=[TipReceivedV1],
        store=keep,
        outbox=Outbox(shards=1),
        metrics=Metrics(),
        dead_letters_in_row_max=100,
    )


@dataclass(frozen=True)
class Bench:
    """The linker's schema with one table more, for what the handler under test keeps; and the topics."""

    database: Database
    kafka: Kafka
    pool: Pool

    @asynccontextmanager
    async def worker(self, keep: Keep) -> AsyncIterator[None]:
        """Run a pump and a relay, as a worker does."""
        common: dict[str, Any] = {"bootstrap": self.kafka.bootstrap, "topic_prefix": self.kafka.prefix}
        pump = Pump(
            group="linker",
            topics=[TOPIC],
            handler=a_handler(keep),
            pool=self.pool,
            metrics=Metrics(),
            session_timeout_ms=6_000,
            batch_records_max=100,
            **common,
        )
        relay = Relay(
            service="linker",
            database_url=self.database.url("linker"),
            producer_key=b"k" * 32,
            shards=1,
            metrics=Metrics(),
            **common,
        )
        async with asyncio.TaskGroup() as tasks:
            for part in (pump, relay):
                tasks.create_task(part.run())
            yield
            for part in (pump, relay):
                part.drain()

    async def refused(self, *values: bytes) -> None:
        """Let the first release read these, and their letters arrive."""
        await self.kafka.send(TOPIC, *values, key=b"k")
        async with self.worker(refuse):
            await self.kafka.read(LETTERS, count_min=sum(REFUSED.encode() in v or v == POISON for v in values))
            await eventually(self.is_outbox_empty)

    def redrive(self, keep: Keep, *, group: str = "linker") -> Redrive:
        return Redrive(
            group=group,
            bootstrap=self.kafka.bootstrap,
            topic_prefix=self.kafka.prefix,
            handler=a_handler(keep, group=group),
            pool=self.pool,
            outbox=Outbox(shards=1),
            clock=SystemClock(),
        )

    async def apply_all(self, keep: Keep, *, is_rehearsal: bool = False) -> list[Result]:
        redrive = self.redrive(keep)
        return [await redrive.apply(l, is_rehearsal=is_rehearsal) async for l in redrive.letters([TOPIC])]  # noqa: E741

    async def letter(self) -> Letter:
        """Return the one letter there is."""
        (found,) = [letter async for letter in self.redrive(accept).letters([TOPIC])]
        return found

    async def effects(self) -> list[str]:
        return [row["text"] for row in await self.pool.fetch(EFFECTS)]

    async def is_outbox_empty(self) -> bool:
        return not await self.pool.fetchval("SELECT count(*) FROM outbox")

    async def outbox(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("SELECT topic, value FROM outbox ORDER BY id")
        return [{"topic": row["topic"], **json.loads(row["value"])} for row in rows]


@pytest.fixture
async def bench(database: Database, kafka: Kafka, pool_of: PoolOf) -> Bench:
    connection = await asyncpg.connect(database.owner_url("linker"))
    await connection.execute(CREATE_EFFECT)
    await connection.close()
    return Bench(database, kafka, await pool_of("linker"))


async def test_what_one_release_refused_the_next_applies_once_and_puts_on_record(bench: Bench) -> None:
    tip = a_tip_received(source_ref=REFUSED)
    await bench.refused(event_bytes(a_tip_received(source_ref="fine")), event_bytes(tip), POISON)
    assert await bench.effects() == ["fine"]
    first = await bench.apply_all(accept)
    assert [result.outcome for result in first] == [Outcome.APPLIED, Outcome.REFUSED]
    assert "(whole)" in str(first[1].reason)
    assert await bench.effects() == ["fine", REFUSED]
    (told,) = await bench.outbox()
    assert (told["topic"], told["type"]) == (ACTIVITY, "dead_letter.redriven")
    assert told["actor"]["id"] == "linker.redrive"
    assert told["payload"] | {"partition": 0} == {
        "event_type": "tip.received",
        "topic": TOPIC,
        "partition": 0,
        "offset": 1,
        "reason": "a rule of this release refuses it",
        "outcome": "ok",
    }
    assert told["subject"]["id"] == told["causation_id"]
    second = await bench.apply_all(accept)
    assert [result.outcome for result in second] == [Outcome.KNOWN, Outcome.REFUSED]
    assert await bench.effects() == ["fine", REFUSED]
    assert len(await bench.outbox()) == 1


async def test_no_topic_that_others_read_gets_a_record_more(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)), POISON)
    before = [len(await bench.kafka.read(topic)) for topic in (TOPIC, LETTERS)]
    await bench.apply_all(accept)
    async with bench.worker(accept):
        await bench.kafka.read(ACTIVITY, count_min=1)
        await eventually(bench.is_outbox_empty)
    assert [len(await bench.kafka.read(topic)) for topic in (TOPIC, LETTERS)] == before
    assert await bench.effects() == [REFUSED]


async def test_what_is_refused_again_stays_a_dead_letter_and_leaves_nothing(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    for _ in range(2):
        assert await bench.apply_all(refuse) == [Result(Outcome.REFUSED, "a rule of this release refuses it")]
    assert (await bench.effects(), await bench.outbox()) == ([], [])
    assert len(await bench.kafka.read(LETTERS)) == 1
    assert [result.outcome for result in await bench.apply_all(accept)] == [Outcome.APPLIED]


async def test_a_rehearsal_says_what_would_become_of_it_and_keeps_nothing(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    for _ in range(2):
        assert [r.outcome for r in await bench.apply_all(accept, is_rehearsal=True)] == [Outcome.APPLIED]
    assert (await bench.effects(), await bench.outbox()) == ([], [])
    assert [result.outcome for result in await bench.apply_all(accept)] == [Outcome.APPLIED]


async def test_what_came_again_by_its_topic_meanwhile_is_left_alone(bench: Bench) -> None:
    value = event_bytes(a_tip_received(source_ref=REFUSED))
    await bench.refused(value)
    await bench.kafka.send(TOPIC, value, key=b"k")
    async with bench.worker(accept):
        await eventually(bench.effects)
    assert [result.outcome for result in await bench.apply_all(accept)] == [Outcome.KNOWN]
    assert (await bench.effects(), await bench.outbox()) == ([REFUSED], [])


async def test_two_redrives_at_once_apply_a_record_once(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    redrive, letter = bench.redrive(accept), await bench.letter()
    results = await asyncio.gather(*(redrive.apply(letter, is_rehearsal=False) for _ in range(3)))
    assert sorted(result.outcome for result in results) == [Outcome.KNOWN, Outcome.KNOWN, Outcome.APPLIED]
    assert (await bench.effects(), len(await bench.outbox())) == ([REFUSED], 1)


async def test_a_redrive_takes_its_turn_behind_the_workers_batch(bench: Bench) -> None:
    """Someone holds the partition's fence, as the pump does for the time of a batch."""
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    letter = await bench.letter()

    async def someone_waits() -> bool:
        return bool(await bench.pool.fetchval(IS_SOMEONE_WAITING))

    async with asyncio.TaskGroup() as tasks:
        async with bench.pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_FENCE, TOPIC)
            applying = tasks.create_task(bench.redrive(accept).apply(letter, is_rehearsal=False))
            await eventually(someone_waits)
            assert not applying.done()
        assert (await applying).outcome == Outcome.APPLIED


async def test_the_handler_gets_the_record_as_it_lay_on_its_topic(bench: Bench) -> None:
    value = event_bytes(a_tip_received(source_ref=REFUSED))
    headers = [("producer", b"intake.1"), ("seq", b"7"), ("mac", b"\x00\xff"), ("seq", b"8")]
    producer = AIOKafkaProducer(bootstrap_servers=bench.kafka.bootstrap)
    await producer.start()
    name = bench.kafka.prefix + TOPIC
    sent = await producer.send_and_wait(name, value, key=b"\xfe", headers=headers, partition=3)
    await producer.stop()
    async with bench.worker(refuse):
        await bench.kafka.read(LETTERS, count_min=1)
    seen: list[Record] = []

    async def look(_: Connection, events: Sequence[Incoming]) -> None:
        seen.extend(event.record for event in events)

    await bench.apply_all(look)
    assert seen == [Record(TOPIC, 3, sent.offset, b"\xfe", value, tuple(headers), sent.timestamp)]


async def test_another_groups_letters_and_what_is_no_letter_are_passed_over(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    await bench.kafka.send(LETTERS, b"no letter", event_bytes(a_tip_received()))
    assert [letter async for letter in bench.redrive(accept, group="query").letters([TOPIC])] == []
    assert [letter async for letter in bench.redrive(accept).letters(["referral.referrals"])] == []
    assert (await bench.letter()).group == "linker"


async def test_a_list_counts_by_topic_and_reason_and_knows_what_was_applied_since(bench: Bench) -> None:
    await bench.refused(*(event_bytes(a_tip_received(source_ref=REFUSED)) for _ in range(3)), POISON)
    redrive = bench.redrive(accept)
    letters = [letter async for letter in redrive.letters([TOPIC])]
    await redrive.apply(letters[0], is_rehearsal=False)
    ours, poison = await redrive.list_piles([TOPIC])
    assert (ours.topic, ours.reason) == (TOPIC, "a rule of this release refuses it")
    assert (ours.letters, ours.applied, poison.letters, poison.applied) == (3, 1, 1, 0)
    assert (ours.oldest, ours.newest) == (letters[0].refused_at, letters[2].refused_at)


async def test_a_bug_is_told_by_its_kind_alone_and_nothing_of_it_is_kept(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    assert await bench.apply_all(fail) == [Result(Outcome.REFUSED, "this release fails on it: ZeroDivisionError")]
    assert (await bench.effects(), await bench.outbox()) == ([], [])


async def test_an_event_of_a_type_that_is_read_no_more_stays_a_dead_letter(bench: Bench) -> None:
    value = event_bytes(a_tip_received()).replace(b'"tip.received"', b'"tip.abandoned"')
    letter = Letter(Record(TOPIC, 0, 0, b"k", value, (), 0), "linker", "unknown", SystemClock().now())
    result = await bench.redrive(accept).apply(letter, is_rehearsal=False)
    assert result.outcome == Outcome.REFUSED
    assert letter.event_id is not None


async def test_a_transient_error_repeats_the_record_alone(bench: Bench) -> None:
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    failures = [asyncpg.SerializationError("may pass"), asyncpg.DeadlockDetectedError("may pass")]

    async def stumble(transaction: Connection, events: Sequence[Incoming]) -> None:
        await accept(transaction, events)
        if failures:
            raise failures.pop()

    assert await bench.apply_all(stumble) == [Result(Outcome.APPLIED)]
    assert await bench.effects() == [REFUSED]


async def test_no_dead_letter_is_one_that_cannot_be_sent(bench: Bench) -> None:
    """The relay sends in order: one that Kafka's client refuses would hold up all that comes behind it."""
    await _send_bare(bench.kafka, value=b"x" * 1_000_000)
    await _send_bare(bench.kafka, value=None)
    await bench.refused(event_bytes(a_tip_received(source_ref=REFUSED)))
    letters = await bench.kafka.read(LETTERS, count_min=3)
    assert sorted(len(letter.value or b"") for letter in letters)[:2] == [0, 0]
    assert {dict(letter.headers).get("dlq-bytes") for letter in letters} == {b"1000000", None}
    assert sorted(r.outcome for r in await bench.apply_all(accept)) == [Outcome.APPLIED, *[Outcome.REFUSED] * 2]


async def _send_bare(kafka: Kafka, *, value: bytes | None) -> None:
    """Put a record without a key on the topic, as another client may; aiokafka's own check refuses an empty one."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=1_048_576)
    await producer.start()
    try:
        batch = producer.create_batch()
        assert batch.append(key=None, value=value, timestamp=None)
        await (await producer.send_batch(batch, kafka.prefix + TOPIC, partition=0))
    finally:
        await producer.stop()


async def test_a_dead_letter_topic_that_was_never_made_has_no_letters(bench: Bench) -> None:
    redrive = bench.redrive(accept)
    assert [letter async for letter in redrive.letters([f"never.made{new_id().hex}"])] == []
