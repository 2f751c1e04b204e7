"""Creates the topics that are missing; those that exist are left as they are. Safe to repeat."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events.topics import TOPICS, Topic, office_topics

OFFICES_FILE = Path(__file__).parents[2] / "services" / "referral" / "offices.json"
REQUEST_TIMEOUT_MS = 30_000
VISIBLE_TIMEOUT_S = 30.0
POLL_S = 0.05
STORED_AS = "uncompressed"
"""However a stranger's client packs its records: our readers unpack only some kinds, and stop at others."""
DATED_AS = "LogAppendTime"
"""By the broker's clock: audit bounds by it what a record says of its own time."""


def all_topics() -> tuple[Topic, ...]:
    """Return every topic there is to be: the table's, and one for each field office."""
    offices = json.loads(OFFICES_FILE.read_text(encoding="utf-8"))["offices"]
    return (*TOPICS, *office_topics(office["code"] for office in offices))


async def provision(bootstrap: str, topics: Iterable[Topic], *, replication: int = 1) -> list[str]:
    """Create the topics that are missing and return their names, once the cluster knows them all.

    `replication` is how many brokers keep each new topic.

    Raises:
        aiokafka.errors.KafkaError: the cluster cannot be reached, or refuses.
        TimeoutError: a new topic was still unknown after half a minute.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in present]
        if missing:
            await _create(admin, missing, replication)
            await _wait_until_known(admin, {topic.name for topic in missing})
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], replication: int) -> None:
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication,
            topic_configs={
                "retention.ms": str(topic.retention_ms),
                "compression.type": STORED_AS,
                "message.timestamp.type": DATED_AS,
            },
        )
        for topic in topics
    ]
    answer = await admin.create_topics(wanted)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        # Someone else may have provisioned at the same moment.
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} was not created")


async def _wait_until_known(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    async with asyncio.timeout(VISIBLE_TIMEOUT_S):
        while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 - a broker announces nothing
            await asyncio.sleep(POLL_S)
