"""How the bench sees what the stack has done: where fences stand, which tips are in leads, what reached an office."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events.topics import FACT_TOPICS, OFFICE_PREFIX
from tests.fault.check import FENCES, OUTBOXES
from tests.fault.stack import Stack

DRAIN_TIMEOUT_S = 240.0
POLL_S = 0.25
READERS = {topic.name: topic.consumers for topic in FACT_TOPICS}
SERVICES = frozenset(reader for readers in READERS.values() for reader in readers)


class Delivery:
    """Where every group stands beside where every topic ends."""

    def __init__(self, database: Any, consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> None:
        self._database = database
        self._consumer = consumer
        self._places = places

    async def behind(self, services: Iterable[str] = SERVICES) -> tuple[int, int]:
        """Return how many records these services have yet to apply, and how many events wait in all outboxes.

        When both are 0 nothing was under way at the moment of asking: the ends are read after the fences and outboxes,
        which are read in one snapshot.
        """
        async with self._database.transaction(isolation="repeatable_read", readonly=True):
            waiting = await self._database.fetchval(OUTBOXES)
            rows = await self._database.fetch(FENCES)
        ends = await self._consumer.end_offsets(self._places)
        fences = {(row["service"], row["topic"], row["partition"]): row["next_offset"] for row in rows}
        wanted = set(services)
        left = sum(
            max(0, end - fences.get((service, place.topic, place.partition), 0))
            for place, end in ends.items()
            for service in wanted.intersection(READERS.get(place.topic, ("audit",)))
        )
        return left, waiting

    async def applied(self, service: str, topic: str) -> int:
        """Return how many records of a topic a service has applied."""
        rows = await self._database.fetch(FENCES)
        return sum(row["next_offset"] for row in rows if (row["service"], row["topic"]) == (service, topic))

    async def drained(self, services: Iterable[str] = SERVICES) -> None:
        """Return when these services have nothing left and every outbox is empty.

        Raises:
            TimeoutError: that took too long.
        """
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            while await self.behind(services) != (0, 0):
                await asyncio.sleep(POLL_S)


@asynccontextmanager
async def watching(stack: Stack) -> AsyncIterator[Delivery]:
    """Connect what watches delivery."""
    places = await _places(stack)
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.addresses["kafka"], enable_auto_commit=False)
    database = await asyncpg.connect(stack.addresses["postgres"])
    try:
        await consumer.start()
        consumer.assign(places)
        # Only the ends are of interest.
        consumer.pause(*places)
        yield Delivery(database, consumer, places)
    finally:
        await database.close()
        await consumer.stop()


@asynccontextmanager
async def office_events(stack: Stack, take: Callable[[Any, float], None]) -> AsyncIterator[None]:
    """Give each event that comes to an office's topic from now on to `take`, with when it came (monotonic seconds)."""
    places = [place for place in await _places(stack) if place.topic.startswith(OFFICE_PREFIX)]
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.addresses["kafka"], enable_auto_commit=False)

    is_over = asyncio.Event()

    async def read() -> None:
        # Not ended by a cancellation, which the consumer may swallow.
        while not is_over.is_set():
            batches = await consumer.getmany(timeout_ms=250)
            now = time.monotonic()
            for record in (record for batch in batches.values() for record in batch):
                take(orjson.loads(record.value), now)

    try:
        await consumer.start()
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        # The positions are looked up lazily; a record between now and then would be missed.
        for place in places:
            await consumer.position(place)
        reading = asyncio.create_task(read())
        yield
        is_over.set()
        await reading
    finally:
        await consumer.stop()


async def _places(stack: Stack) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.addresses["kafka"])
    await admin.start()
    try:
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in topics
        if not topic["is_internal"]
        for partition in topic["partitions"]
    ]
