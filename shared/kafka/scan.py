"""Reading what topics hold up to now, once: outside any consumer group, committing nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaTimeoutError

from shared.kafka.header_names import read_any_name

REQUEST_TIMEOUT_MS = 15_000
FETCH_WAIT_MS = 500
SILENCE_MAX = 120
"""Fetches in a row that may bring nothing while something is to come: a minute."""
CLOSE_TIMEOUT_S = 10.0


async def scan(
    bootstrap: str, places: Sequence[TopicPartition], *, since: datetime | None = None
) -> AsyncIterator[Any]:
    """Yield aiokafka's record of everything in the partitions up to where they end now, in order within each.

    With `since`, only records from the first one of that time or later on.

    Raises:
        aiokafka.errors.KafkaError: the cluster cannot be reached, or fell silent.
    """
    read_any_name()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        starts = await _starts(consumer, places, since)
        left = {place for place in places if place in starts and starts[place] < ends[place]}
        consumer.pause(*(set(places) - left))
        for place in left:
            consumer.seek(place, starts[place])
        silence = 0
        while left:
            fetched = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
            silence = 0 if fetched else silence + 1
            if silence > SILENCE_MAX:
                raise KafkaTimeoutError
            for batch in fetched.values():
                for raw in batch:
                    yield raw
            # By position, not by the last record: an end may lie behind a place that holds none.
            left = {place for place in left if await consumer.position(place) < ends[place]}
    finally:
        await asyncio.wait_for(consumer.stop(), timeout=CLOSE_TIMEOUT_S)


async def list_places(bootstrap: str, is_wanted: Callable[[str], bool]) -> list[TopicPartition]:
    """Return the partitions of the topics there are whose name is wanted.

    Raises:
        aiokafka.errors.KafkaError: the cluster cannot be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        wanted = [topic for topic in await admin.list_topics() if is_wanted(topic)]
        found = await admin.describe_topics(wanted) if wanted else []
        return [TopicPartition(topic["topic"], row["partition"]) for topic in found for row in topic["partitions"]]
    finally:
        await admin.close()


async def _starts(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], since: datetime | None
) -> dict[TopicPartition, int]:
    """Return where to begin; a partition with nothing to read may be left out."""
    if since is None:
        found: dict[TopicPartition, int] = await consumer.beginning_offsets(places)
        return found
    times = await consumer.offsets_for_times({place: int(since.timestamp() * 1000) for place in places})
    return {place: time.offset for place, time in times.items() if time is not None}
