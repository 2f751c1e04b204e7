"""What lies on Kafka, beside the log: how far that is behind, and whether each record is still the one it holds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, KafkaTimeoutError

from services.audit.domain.check import Finding, StoredEntry, StoredHead
from services.audit.verifier.snapshot import Snapshot
from shared.kafka.header_names import read_any_name

TIMEOUT_S = 15.0
PAGE_ENTRIES, FETCH_RECORDS_MAX = 512, 500
FETCH_WAIT_MS = 500
SILENCE_MAX = 60
"""Fetches in a row that may bring nothing while something is to come: half a minute."""
TIMESTAMP = slice(14, 22)
"""Where an entry's header has Kafka's time, in milliseconds (services/audit/domain)."""
AWAY = (KafkaError, OSError, TimeoutError)
"""What is raised when the broker does not answer."""

Ends = dict[tuple[str, int], int]
"""The offset behind the last record of each partition, by topic without the prefix."""


async def read_ends(bootstrap: str, *, prefix: str, is_read: Callable[[str], bool]) -> Ends:
    """Return the ends of every partition of every topic that the log is made from; it raises what `AWAY` lists."""
    async with asyncio.timeout(TIMEOUT_S), _consumer(bootstrap) as consumer:
        places = await _list_places(bootstrap, is_read)
        # Once assigned, all leaders are learned in one request; one by one, each topic costs a tenth of a second.
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        return {(place.topic.removeprefix(prefix), place.partition): end for place, end in ends.items()}


@dataclass(slots=True)
class Compared:
    """How many entries are what lies on Kafka, how many it no longer has, and the first that differs, if one does."""

    same_count: int = 0
    gone_count: int = 0
    finding: Finding | None = None


async def compare(
    snapshot: Snapshot, heads: Sequence[StoredHead], bootstrap: str, *, prefix: str, advance: Callable[[int], None]
) -> AsyncIterator[Compared]:
    """Yield for each log whether its entries are the records that still lie on Kafka, byte for byte.

    It raises what `AWAY` lists, and `Damaged`.
    """
    names = {prefix + head.topic for head in heads}
    async with _consumer(bootstrap) as consumer:
        async with asyncio.timeout(TIMEOUT_S):
            places = set(await _list_places(bootstrap, names.__contains__))
            consumer.assign(places)
            starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for head in heads:
            place = TopicPartition(prefix + head.topic, head.partition)
            if place not in places:
                yield Compared(gone_count=head.size)
                continue
            consumer.assign([place])
            consumer.seek(place, starts[place])
            comparison = _Comparison(snapshot, head, starts[place], advance)
            await comparison.begin()
            async for record in _records(consumer, place, ends[place]):
                if not await comparison.take(record):
                    break
            else:
                await comparison.finish(ends[place])
            yield comparison.compared


class _Comparison:
    """Goes through a log's entries and Kafka's records at once, both in the order of their offsets."""

    def __init__(self, snapshot: Snapshot, head: StoredHead, start: int, advance: Callable[[int], None]) -> None:
        self.compared = Compared()
        self._snapshot = snapshot
        self._head = head
        self._start = start
        self._advance = advance
        self._page: list[StoredEntry] = []
        self._place = 0
        self._next_index = 0

    async def begin(self) -> None:
        """Leave out the entries from before Kafka's first record."""
        low, high = 0, self._head.size
        while low < high:
            middle = (low + high) // 2
            entries = await self._read(middle, 1)
            if entries and entries[0].kafka_offset < self._start:
                low = middle + 1
            else:
                high = middle
        self._next_index = self.compared.gone_count = low
        self._advance(low)

    async def take(self, record: Any) -> bool:
        """Compare the next record; return whether to go on."""
        entry = await self._next()
        if entry is None or entry.kafka_offset > record.offset:
            if record.offset < self._head.next_offset:
                index = self._next_index if entry is None else entry.index
                self._found(index, f"before it, Kafka's record at offset {record.offset} is missing")
            return False
        if entry.kafka_offset < record.offset:
            self._found(entry.index, f"Kafka has no record at its offset {entry.kafka_offset}")
        elif entry.body != _body_of(record) or entry.header[TIMESTAMP] != record.timestamp.to_bytes(8, signed=True):
            self._found(entry.index, f"Kafka's record at offset {record.offset} is another")
        else:
            self.compared.same_count += 1
            self._place += 1
        return self.compared.finding is None

    async def finish(self, end: int) -> None:
        """Look for an entry that Kafka, which ends here, has not; it may have lost what it had at its end."""
        entry = await self._next()
        if entry is not None:
            reason = f"Kafka has no record at its offset {entry.kafka_offset}"
            is_inside = entry.kafka_offset < end
            self.compared.finding = Finding(self._head.place, entry.index, reason, is_tampered=is_inside)

    async def _next(self) -> StoredEntry | None:
        if self._place == len(self._page):
            self._page, self._place = await self._read(self._next_index, PAGE_ENTRIES), 0
            self._next_index += len(self._page)
            self._advance(len(self._page))
        return self._page[self._place] if self._page else None

    async def _read(self, start: int, limit: int) -> list[StoredEntry]:
        async with self._snapshot.readable():
            return await self._snapshot.read_entries(self._head, start=start, limit=limit)

    def _found(self, index: int, reason: str) -> None:
        self.compared.finding = Finding(self._head.place, index, reason)


def _body_of(record: Any) -> bytes:
    parts = [_sized(record.key), _sized(record.value), len(record.headers).to_bytes(4)]
    for name, value in record.headers:
        parts += (_sized(name.encode(errors="surrogateescape")), _sized(value))
    return b"".join(parts)


def _sized(part: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if part is None else len(part).to_bytes(4) + part


async def _records(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> AsyncIterator[Any]:
    silence = 0
    # By position, not by the last record: an end may lie behind a place that holds none.
    while await consumer.position(place) < end:
        fetched = await consumer.getmany(place, timeout_ms=FETCH_WAIT_MS, max_records=FETCH_RECORDS_MAX)
        silence = 0 if fetched else silence + 1
        if silence > SILENCE_MAX:
            raise KafkaTimeoutError
        for record in fetched.get(place, ()):
            if record.offset < end:
                yield record


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    read_any_name()
    # What the log is made from is read so too. A record that is gone meanwhile is an error, never a step forward.
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _list_places(bootstrap: str, is_wanted: Callable[[str], bool]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        names = [name for name in await admin.list_topics() if is_wanted(name)]
        found = await admin.describe_topics(names) if names else []
        return [TopicPartition(topic["topic"], row["partition"]) for topic in found for row in topic["partitions"]]
    finally:
        await admin.close()
