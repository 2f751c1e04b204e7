"""How far the log is behind Kafka."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

TIMEOUT_S = 15.0
AWAY = (KafkaError, OSError, TimeoutError)
"""What is raised when the broker does not answer."""

Ends = dict[tuple[str, int], int]
"""The offset behind the last record of each partition, by topic without the prefix."""


async def read_ends(bootstrap: str, *, prefix: str, is_read: Callable[[str], bool]) -> Ends:
    """Return the ends of every partition of every topic that the log is made from; it raises what `AWAY` lists."""
    async with asyncio.timeout(TIMEOUT_S):
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        try:
            await admin.start()
            names = [name for name in await admin.list_topics() if is_read(name)]
            found = await admin.describe_topics(names) if names else []
            places = [
                TopicPartition(topic["topic"], row["partition"]) for topic in found for row in topic["partitions"]
            ]
            await consumer.start()
            # Once assigned, all leaders are learned in one request; one by one, each topic costs a tenth of a second.
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            return {(place.topic.removeprefix(prefix), place.partition): end for place, end in ends.items()}
        finally:
            await admin.close()
            await consumer.stop()
