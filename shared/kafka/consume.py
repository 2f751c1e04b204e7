"""The pump: batches of records from Kafka, each applied in one transaction together with how far it reaches.

Order of work: fetch, fence, effects, commit to PostgreSQL, commit to Kafka. A record below its fence was applied
before, and is dropped; that makes a restart, a rebalance or a revived worker harmless.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.db.pool import BACKOFF_FIRST_S, BACKOFF_MAX_S, TRANSIENT, Connection, Pool
from shared.errors import CetsError
from shared.kafka.header_names import read_any_name
from shared.metrics import Metrics

FETCH_WAIT_MS = 200
BROKER_WAIT_MS = 50
"""So long may the broker hold a fetch that finds nothing. aiokafka asks for a partition anew only once the last fetch
is answered, so this is also how long a record may wait unseen; its default is half a second."""
SMALL_BATCH_RECORDS = 100
PACE_S = 0.02
"""After a small batch the next one is given this long to gather: fewer, larger transactions. A backlog is not paced."""
REQUEST_TIMEOUT_MS = 15_000
PARTITION_FETCH_BYTES_MAX = 2 * 1024 * 1024
BATCH_BYTES_FIRST, BATCH_BYTES_MAX = 64 * 1024, 2 * 1024 * 1024
"""So much, or one record, is applied at once: what that costs goes with what is said, not with how many say it.

After a start and after a failure it is less, and twice as much each time that it goes well: what was too much at once
comes through in parts."""
LAG_PERIOD_S = 1.0
NEW_TOPICS_PERIOD_MS = 10_000
"""So long may a new topic go unseen by a pump that reads all topics of a certain beginning."""

log = structlog.get_logger()

CREATE_FENCE = """
INSERT INTO fence (consumer_group, topic, partition, next_offset)
SELECT $1, place.topic, place.partition, place.next_offset
FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS place (topic, partition, next_offset)
ON CONFLICT ON CONSTRAINT fence_pkey DO NOTHING"""
SELECT_FENCE = """
SELECT fence.topic, fence.partition, fence.next_offset
FROM fence JOIN unnest($2::text[], $3::integer[]) AS place (topic, partition)
    ON fence.topic = place.topic AND fence.partition = place.partition
WHERE fence.consumer_group = $1
ORDER BY fence.topic, fence.partition"""
LOCK_FENCE = SELECT_FENCE + "\nFOR UPDATE OF fence"
ADVANCE_FENCE = """
UPDATE fence SET next_offset = place.next_offset
FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS place (topic, partition, next_offset)
WHERE fence.consumer_group = $1 AND fence.topic = place.topic AND fence.partition = place.partition
    AND fence.next_offset < place.next_offset"""


class OffsetGap(CetsError):
    """The broker no longer holds, or never held, the offset we need next: events may be lost to this group."""


class WentBack(CetsError):
    """The database no longer has what this pump committed: a standby that was behind took over, or it was restored."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it lies on a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


class BatchHandler(Protocol):
    """What a service does with a batch, inside the pump's transaction."""

    async def apply(self, transaction: Connection, records: Sequence[Record]) -> None:
        """Store the records' effects; the records come in offset order within each partition.

        It must not commit, nor wait on the network elsewhere. A transient error makes the pump run it again with the
        same records in a new transaction; any other error stops the worker before anything is acknowledged.
        """
        ...


@dataclass
class Progress:
    """What a watchdog looks at. Times are monotonic seconds."""

    moved_at: float = field(default_factory=time.monotonic)
    lag_records: int = 0
    is_assigned: bool = False


class Pump:
    """Consumes topics as one member of a consumer group.

    A name that ends in `*` stands for every topic that begins so, those made later too.
    """

    def __init__(
        self,
        *,
        group: str,
        topics: Sequence[str],
        bootstrap: str,
        topic_prefix: str = "",
        handler: BatchHandler,
        pool: Pool,
        metrics: Metrics,
        session_timeout_ms: int,
        batch_records_max: int,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_commit` is called after each transaction."""
        self.group = group
        self.topics = tuple(topics)
        self.progress = Progress()
        self._bootstrap = bootstrap
        self._prefix = topic_prefix
        self._handler = handler
        self._pool = pool
        self._metrics = metrics
        self._session_timeout_ms = session_timeout_ms
        self._batch_records_max = batch_records_max
        self._on_commit = on_commit
        self._draining = asyncio.Event()
        self._applying = asyncio.Lock()
        self._positioned: dict[TopicPartition, int] = {}
        self._batch_bytes = BATCH_BYTES_FIRST
        self._lag_read_at = 0.0

    def drain(self) -> None:
        """Finish the batch in hand, then let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Consume until `drain` is called.

        Trouble with Kafka means a new consumer after a growing pause; trouble with the database means waiting for it.
        A database that went back to an older state gets again what it lost, by a new consumer too.

        Raises:
            OffsetGap: records this group needs are gone.
            Exception: whatever the handler raised that is not transient: a bug. Nothing of its batch was kept.
        """
        pause_s = BACKOFF_FIRST_S
        while not self._draining.is_set():
            started = time.monotonic()
            try:
                await self._session()
            except (KafkaError, WentBack, *TRANSIENT) as error:
                log.warning("consumer_restarted", group=self.group, error=type(error).__name__)
                pause_s = BACKOFF_FIRST_S if time.monotonic() - started > 10 else min(pause_s * 2, BACKOFF_MAX_S)
                await asyncio.sleep(pause_s)

    async def _session(self) -> None:
        read_any_name()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._prefix + self.group,
            enable_auto_commit=False,
            # Positions come from the fence; this only keeps aiokafka quiet until they are set.
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=self._session_timeout_ms // 3,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            fetch_max_wait_ms=BROKER_WAIT_MS,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
            metadata_max_age_ms=NEW_TOPICS_PERIOD_MS,
        )
        names = [self._prefix + topic for topic in self.topics]
        if any(name.endswith("*") for name in names):
            consumer.subscribe(pattern=_pattern(names), listener=_WaitForBatch(self))
        else:
            consumer.subscribe(names, listener=_WaitForBatch(self))
        self._positioned.clear()
        try:
            await consumer.start()
            while not self._draining.is_set():
                await self._position(consumer)
                fetched = await consumer.getmany(timeout_ms=FETCH_WAIT_MS, max_records=self._batch_records_max)
                await self._take(consumer, fetched)
                self._read_lag(consumer)
                if 0 < sum(map(len, fetched.values())) < SMALL_BATCH_RECORDS:
                    await asyncio.sleep(PACE_S)
        finally:
            self.progress.is_assigned = False
            await asyncio.wait_for(consumer.stop(), timeout=REQUEST_TIMEOUT_MS / 1000)

    async def _take(self, consumer: AIOKafkaConsumer, fetched: dict[TopicPartition, list[Any]]) -> None:
        """Apply what belongs to partitions that are still ours and stand where the fence says."""
        mine = {place: batch for place, batch in fetched.items() if place in self._positioned and batch}
        if not mine:
            return
        records = [to_record(raw, self._topic(place)) for place, batch in mine.items() for raw in batch]
        if not self.progress.lag_records:
            self.progress.moved_at = time.monotonic()
        # What is in hand is behind too: a batch that never ends must not look like rest.
        self.progress.lag_records = max(self.progress.lag_records, len(records))
        places = {(self._topic(place), place.partition): place for place in mine}
        while records and not self._draining.is_set():
            async with self._applying:
                if not mine.keys() <= self._positioned.keys():
                    # A rebalance came between two batches. Whoever has the partitions goes on where the fence stands.
                    return
                applied = await self._apply_some(records)
                self.progress.moved_at = time.monotonic()
                reached = {places[record.topic, record.partition]: record.offset + 1 for record in applied}
                # Before the next batch, which sees by it whether the database still has this one.
                self._positioned.update(reached)
                await self._commit(consumer, reached)
            records = records[len(applied) :]

    async def _commit(self, consumer: AIOKafkaConsumer, reached: dict[TopicPartition, int]) -> None:
        try:
            await consumer.commit(reached)
        except (CommitFailedError, IllegalStateError):
            # The group moved on without us. The next owner reads from the fence, which holds.
            log.info("offset_commit_skipped", group=self.group)

    async def _apply_some(self, records: Sequence[Record]) -> Sequence[Record]:
        """Apply the first records, as many as may be applied at once, however long it takes; return them."""
        delay = BACKOFF_FIRST_S
        while True:
            batch = first_of(records, self._batch_bytes)
            try:
                started = time.monotonic()
                await self._apply_once(batch)
                self._on_commit()
                self._metrics.batch_seconds.observe(time.monotonic() - started)
                self._batch_bytes = min(self._batch_bytes * 2, BATCH_BYTES_MAX)
                return batch
            except TRANSIENT as error:
                if self._draining.is_set():
                    raise
                log.warning("batch_retried", group=self.group, records=len(batch), error=type(error).__name__)
            self._batch_bytes = max(min(self._batch_bytes, _size_bytes(batch)) // 2, 1)
            await asyncio.sleep(delay)
            delay = min(delay * 2, BACKOFF_MAX_S)

    async def _apply_once(self, records: Sequence[Record]) -> None:
        ends: dict[tuple[str, int], int] = {}
        for record in records:
            ends[record.topic, record.partition] = record.offset + 1
        topics, partitions, offsets = _columns(ends)
        async with self._pool.acquire() as connection, connection.transaction():
            fences = {
                (row["topic"], row["partition"]): row["next_offset"]
                for row in await connection.fetch(LOCK_FENCE, self.group, topics, partitions)
            }
            for place, position in self._positioned.items():
                fence = fences.get((self._topic(place), place.partition), position)
                if fence < position:
                    raise WentBack(f"{place.topic}[{place.partition}] was applied below {position}, and is at {fence}")
            fresh = []
            for record in records:
                if record.offset >= fences[record.topic, record.partition]:
                    fresh.append(record)
                else:
                    self._metrics.records.labels(record.topic, "skipped").inc()
            if not fresh:
                return
            await self._handler.apply(connection, fresh)
            await connection.execute(ADVANCE_FENCE, self.group, topics, partitions, offsets)

    async def _position(self, consumer: AIOKafkaConsumer) -> None:
        """Stand every newly assigned partition where its fence says, whatever offset Kafka remembers."""
        assigned = consumer.assignment()
        self.progress.is_assigned = bool(assigned)
        fresh = sorted(assigned - self._positioned.keys())
        if not fresh:
            return
        earliest = await consumer.beginning_offsets(fresh)
        latest = await consumer.end_offsets(fresh)
        topics, partitions, offsets = _columns({(self._topic(p), p.partition): earliest[p] for p in fresh})
        async with self._pool.acquire() as connection:
            await connection.execute(CREATE_FENCE, self.group, topics, partitions, offsets)
            rows = await connection.fetch(SELECT_FENCE, self.group, topics, partitions)
        for row in rows:
            place = TopicPartition(self._prefix + row["topic"], row["partition"])
            if place not in consumer.assignment():
                continue
            _refuse_gap(place, row["next_offset"], earliest[place], latest[place])
            consumer.seek(place, row["next_offset"])
            self._positioned[place] = row["next_offset"]
        log.info("partitions_positioned", group=self.group, partitions=len(rows))

    def _topic(self, place: TopicPartition) -> str:
        topic: str = place.topic
        return topic.removeprefix(self._prefix)

    def _read_lag(self, consumer: AIOKafkaConsumer) -> None:
        """Update the lag from what the last fetches said, at most once a second."""
        now = time.monotonic()
        if now - self._lag_read_at < LAG_PERIOD_S:
            return
        self._lag_read_at = now
        lag = dict.fromkeys((topic for topic in self.topics if not topic.endswith("*")), 0)
        for place, reached in self._positioned.items():
            if place in consumer.assignment():
                topic = self._topic(place)
                lag[topic] = lag.get(topic, 0) + max(0, (consumer.highwater(place) or 0) - reached)
        for topic, records in lag.items():
            self._metrics.lag_records.labels(topic).set(records)
        self.progress.lag_records = sum(lag.values())
        if not self.progress.lag_records:
            self.progress.moved_at = now


def first_of(records: Sequence[Record], bytes_max: int) -> Sequence[Record]:
    """Return the first records whose values are of so many bytes together, but at least one."""
    size_bytes = 0
    for count, record in enumerate(records):
        size_bytes += len(record.value or b"")
        if count and size_bytes > bytes_max:
            return records[:count]
    return records


def to_record(raw: Any, topic: str) -> Record:
    """Return aiokafka's record as ours; `topic` is its name without the system's prefix."""
    return Record(
        topic=topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        headers=tuple(raw.headers),
        timestamp_ms=raw.timestamp,
    )


def _size_bytes(records: Iterable[Record]) -> int:
    return sum(len(record.value or b"") for record in records)


class _WaitForBatch(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Lets a rebalance wait for the batch in hand, and forgets positions that may no longer be ours."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        async with self._pump._applying:
            self._pump._positioned.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._pump._positioned.clear()


def _refuse_gap(place: TopicPartition, needed: int, earliest: int, latest: int) -> None:
    if needed < earliest:
        raise OffsetGap(
            f"{place.topic}[{place.partition}] begins at {earliest}, but {needed} is next: records were removed "
            "before they were read; republish them from their owner, then move the fence (runbook: gaps)"
        )
    if needed > latest:
        raise OffsetGap(
            f"{place.topic}[{place.partition}] ends at {latest}, but {needed} is next: the topic was made anew; "
            "reset this group's fence (runbook: gaps)"
        )


def _pattern(names: Iterable[str]) -> str:
    """Return the regular expression that matches these topics, and none that merely begins like one of them."""
    return "|".join(f"{re.escape(n[:-1])}.+$" if n.endswith("*") else f"{re.escape(n)}$" for n in names)


def _columns(ends: dict[tuple[str, int], int]) -> tuple[list[str], list[int], list[int]]:
    ordered = sorted(ends.items())
    return [p[0] for p, _ in ordered], [p[1] for p, _ in ordered], [offset for _, offset in ordered]
