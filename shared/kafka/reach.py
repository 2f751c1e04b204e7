"""What topics hold at a moment, and whether a group has read that: for whoever speaks of all that there is, once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from shared.db.pool import Connection
from shared.kafka.header_names import read_any_name
from shared.kafka.scan import CLOSE_TIMEOUT_S, FETCH_WAIT_MS, REQUEST_TIMEOUT_MS, SILENCE_MAX, list_places

SELECT_REACHED = "SELECT topic, partition, next_offset FROM fence WHERE consumer_group = $1"

Offsets = Mapping[tuple[str, int], int]
"""By topic, without the system's prefix, and partition: the offset that comes next."""


async def read_ends(bootstrap: str, is_wanted: Callable[[str], bool], *, prefix: str) -> Offsets:
    """Return where the partitions of all topics whose full name is wanted end now.

    Raises:
        aiokafka.errors.KafkaError: the cluster cannot be reached.
    """
    places = await list_places(bootstrap, is_wanted)
    async with _reader(bootstrap) as consumer:
        ends = await consumer.end_offsets(places) if places else {}
    return {(place.topic.removeprefix(prefix), place.partition): end for place, end in ends.items()}


async def load_reached(connection: Connection, group: str) -> Offsets:
    """Return how far a group has applied each partition that it was ever given."""
    rows = await connection.fetch(SELECT_REACHED, group)
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def find_unread(bootstrap: str, *, reached: Offsets, ends: Offsets, prefix: str) -> set[tuple[str, int]]:
    """Return the partitions that hold a record from where a group stands to before an end.

    An offset alone says too little: the last ones of a partition may hold no record, as after a transaction.

    Raises:
        aiokafka.errors.KafkaError: the cluster cannot be reached, or fell silent.
    """
    behind = {
        TopicPartition(prefix + topic, partition): (topic, partition)
        for (topic, partition), end in ends.items()
        if reached.get((topic, partition), 0) < end
    }
    unread: set[tuple[str, int]] = set()
    if not behind:
        return unread
    async with _reader(bootstrap) as consumer:
        consumer.assign(list(behind))
        for place, begin in (await consumer.beginning_offsets(list(behind))).items():
            consumer.seek(place, max(begin, reached.get(behind[place], 0)))
        left, silence = set(behind), 0
        while left := {place for place in left if await consumer.position(place) < ends[behind[place]]}:
            fetched = await consumer.getmany(*left, timeout_ms=FETCH_WAIT_MS)
            silence = 0 if fetched else silence + 1
            if silence > SILENCE_MAX:
                raise KafkaTimeoutError
            found = {place for place, batch in fetched.items() if batch[0].offset < ends[behind[place]]}
            unread |= {behind[place] for place in found}
            left -= found
    return unread


@asynccontextmanager
async def _reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    read_any_name()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        # As the pump reads.
        isolation_level="read_committed",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await asyncio.wait_for(consumer.stop(), timeout=CLOSE_TIMEOUT_S)
