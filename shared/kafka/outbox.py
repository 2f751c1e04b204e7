"""From a transaction to Kafka: events are rows first, and one relay per shard moves them, in order.

A relay owns its shard by an advisory lock. It writes down which rows it is about to send and under which numbers, sends
them, and deletes them once Kafka has them all. After a crash the next owner sends the same rows under the same numbers,
leaving out those that the topics hold already.
"""

import asyncio
import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.db.pool import BACKOFF_FIRST_S, BACKOFF_MAX_S, TRANSIENT, Connection, Row, connect
from shared.errors import Unavailable
from shared.events.envelope import Event, encode
from shared.events.producer import producer_mac
from shared.kafka.scan import scan
from shared.metrics import Metrics

BATCH_ROWS_MAX = 1_000
POLL_S = 0.5
SMALL_BATCH_ROWS = 100
PACE_S = 0.02
"""After a small batch the next one is given this long to gather: fewer, larger transactions, here and in all who read
the topics. A backlog is not paced."""
LOCK_WAIT_S = 1.0
SEND_TIMEOUT_S = 120.0
CLOCK_SKEW = timedelta(seconds=10)
DEPTH_PERIOD_S = 2.0
LOCK_SPACE = 7_100
"""First half of the advisory lock's key, so that relays' locks meet no one else's."""

log = structlog.get_logger()

INSERT_OUTBOX = """
INSERT INTO outbox (shard, topic, key, value, headers)
SELECT row.shard, row.topic, row.key, row.value, row.headers::jsonb
FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[])
    WITH ORDINALITY AS row (shard, topic, key, value, headers, place)
ORDER BY row.place"""
CREATE_SHARD = "INSERT INTO outbox_shard (shard) VALUES ($1) ON CONFLICT ON CONSTRAINT outbox_shard_pkey DO NOTHING"
TRY_LOCK = "SELECT pg_try_advisory_lock($1, hashtext(current_schema() || $2::smallint))"
SELECT_IN_FLIGHT = """
SELECT place.number + outbox_shard.first_seq - 1 AS seq, outbox.id, outbox.topic, outbox.key, outbox.value,
    outbox.headers, outbox_shard.claimed_at
FROM outbox_shard
    CROSS JOIN LATERAL unnest(outbox_shard.in_flight) WITH ORDINALITY AS place (id, number)
    JOIN outbox ON outbox.id = place.id
WHERE outbox_shard.shard = $1
ORDER BY place.number"""
CLAIM = """
WITH batch AS MATERIALIZED (
    SELECT id FROM outbox WHERE shard = $1 ORDER BY id LIMIT $2
), claimed AS (
    SELECT array_agg(id ORDER BY id) AS ids FROM batch
)
UPDATE outbox_shard
SET in_flight = claimed.ids, first_seq = next_seq, next_seq = next_seq + cardinality(claimed.ids), claimed_at = now()
FROM claimed
WHERE outbox_shard.shard = $1 AND claimed.ids IS NOT NULL AND outbox_shard.in_flight = '{}'"""
FINISH = """
WITH sent AS (
    DELETE FROM outbox WHERE id = ANY($2::bigint[])
)
UPDATE outbox_shard SET in_flight = '{}' WHERE shard = $1"""
SELECT_DEPTH = """
SELECT count(*) AS row_count, COALESCE(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age_s
FROM outbox"""
COUNT_ROWS = "SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS counted"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be published; `key` decides its partition and its place among others of that key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: dict[str, str] = field(default_factory=dict)


Columns = tuple[list[int], list[str], list[bytes | None], list[bytes | None], list[str | None]]


class Outbox:
    """Writes events as rows of the caller's transaction."""

    def __init__(self, *, shards: int) -> None:
        self._shards = shards

    async def publish(self, transaction: Connection, events: Sequence[Event]) -> None:
        """Store the events; they reach Kafka, in this order per subject, if and only if the transaction commits.

        The caller holds the row lock of each event's subject, so that two writers of one subject cannot swap places.

        Raises:
            Rejected: an event is larger than 256 KiB.
        """
        await self.put(transaction, _outgoing(events))

    async def put(self, transaction: Connection, records: Sequence[Outgoing]) -> None:
        """Store records whose bytes are ready."""
        if records:
            await transaction.execute(INSERT_OUTBOX, *self._columns(records))

    def columns(self, events: Sequence[Event]) -> Columns:
        """Return what `INSERT_OUTBOX` takes, where it is part of a statement that stores more; raises as `publish`."""
        return self._columns(_outgoing(events))

    def _columns(self, records: Sequence[Outgoing]) -> Columns:
        return (
            [zlib.crc32(r.key or b"") % self._shards for r in records],
            [r.topic for r in records],
            [r.key for r in records],
            [r.value for r in records],
            [orjson.dumps(r.headers).decode() if r.headers else None for r in records],
        )


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    seq: int
    outgoing: Outgoing


class Relay:
    """Moves this schema's outbox to Kafka: a task for each shard, of which one in all processes is at work."""

    def __init__(
        self,
        *,
        service: str,
        database_url: str,
        bootstrap: str,
        topic_prefix: str = "",
        producer_key: bytes,
        shards: int,
        metrics: Metrics,
        pace_s: float = PACE_S,
    ) -> None:
        self._service = service
        self._database_url = database_url
        self._bootstrap = bootstrap
        self._prefix = topic_prefix
        self._producer_key = producer_key
        self._shards = shards
        self._metrics = metrics
        self._pace_s = pace_s
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Finish the batches in hand, then let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Relay until `drain` is called; it outlasts any outage of Kafka or the database."""
        async with asyncio.TaskGroup() as tasks:
            for shard in range(self._shards):
                tasks.create_task(self._keep_shard(shard))
            tasks.create_task(self._watch_depth())

    async def _keep_shard(self, shard: int) -> None:
        pause_s = BACKOFF_FIRST_S
        while not self._draining.is_set():
            try:
                connection = await connect(self._database_url, name=f"{self._service}-relay-{shard}")
                try:
                    if await self._own(connection, shard):
                        pause_s = BACKOFF_FIRST_S
                finally:
                    await _close(connection)
            except (KafkaError, *TRANSIENT) as error:
                log.warning("relay_restarted", shard=shard, error=type(error).__name__)
            await _wait(self._draining, pause_s)
            pause_s = min(pause_s * 2, BACKOFF_MAX_S)

    async def _own(self, connection: Connection, shard: int) -> bool:
        """Relay while we own the shard; return whether we ever did. A producer that failed is never used again."""
        while not await connection.fetchval(TRY_LOCK, LOCK_SPACE, shard):
            await _wait(self._draining, LOCK_WAIT_S)
            if self._draining.is_set():
                return False
        announced = asyncio.Event()
        await connection.add_listener(f"{self._service}_outbox", lambda *_: announced.set())
        await connection.execute(CREATE_SHARD, shard)
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=2,
            max_batch_size=512 * 1024,
            max_request_size=1_000_000,
            request_timeout_ms=int(SEND_TIMEOUT_S * 1000),
        )
        try:
            await producer.start()
            await self._resume(connection, producer, shard)
            while not self._draining.is_set():
                announced.clear()
                if await connection.execute(CLAIM, shard, BATCH_ROWS_MAX) == "UPDATE 0":
                    await _wait_any(announced, self._draining, timeout_s=POLL_S)
                    continue
                rows = _rows(await connection.fetch(SELECT_IN_FLIGHT, shard))
                await self._send(producer, shard, rows)
                await connection.execute(FINISH, shard, [row.id for row in rows])
                if len(rows) < SMALL_BATCH_ROWS:
                    await _wait(self._draining, self._pace_s)
        finally:
            await asyncio.wait_for(producer.stop(), timeout=10)
        return True

    async def _resume(self, connection: Connection, producer: AIOKafkaProducer, shard: int) -> None:
        """Send what a former owner was sending when it died, except what the topics hold already."""
        found = await connection.fetch(SELECT_IN_FLIGHT, shard)
        if not found:
            return
        rows = _rows(found)
        arrived = await self._find_arrived(producer, shard, rows, since=found[0]["claimed_at"] - CLOCK_SKEW)
        left = [row for row in rows if row.seq not in arrived]
        log.info("relay_resumed", shard=shard, rows=len(rows), arrived=len(rows) - len(left))
        await self._send(producer, shard, left)
        await connection.execute(FINISH, shard, [row.id for row in rows])

    async def _send(self, producer: AIOKafkaProducer, shard: int, rows: Sequence[_Row]) -> None:
        sent = [
            await producer.send(
                self._prefix + row.outgoing.topic,
                key=row.outgoing.key,
                value=row.outgoing.value,
                headers=self._headers(shard, row),
            )
            for row in rows
        ]
        await asyncio.wait_for(asyncio.gather(*sent), timeout=SEND_TIMEOUT_S)
        self._metrics.relayed.inc(len(rows))

    def _headers(self, shard: int, row: _Row) -> list[tuple[str, bytes]]:
        producer, seq = f"{self._service}.{shard}".encode(), str(row.seq).encode()
        own = [(name, text.encode()) for name, text in sorted(row.outgoing.headers.items())]
        mac = producer_mac(
            self._producer_key,
            producer=producer,
            seq=seq,
            topic=row.outgoing.topic,
            record_key=row.outgoing.key or b"",
            value=row.outgoing.value or b"",
        )
        return [("producer", producer), ("seq", seq), ("mac", mac.hex().encode()), *own]

    async def _find_arrived(
        self, producer: AIOKafkaProducer, shard: int, rows: Sequence[_Row], *, since: datetime
    ) -> set[int]:
        """Return the numbers of this shard's records that reached their topics since `since`."""
        mine, numbers = f"{self._service}.{shard}".encode(), {row.seq for row in rows}
        places = [
            TopicPartition(topic, partition)
            for topic in {self._prefix + row.outgoing.topic for row in rows}
            for partition in await producer.partitions_for(topic)
        ]
        arrived: set[int] = set()
        async for raw in scan(self._bootstrap, places, since=since):
            headers = dict(raw.headers)
            if headers.get("producer") == mine and headers.get("seq", b"").isdigit():
                arrived.add(int(headers["seq"]))
        return arrived & numbers

    async def _watch_depth(self) -> None:
        while not self._draining.is_set():
            try:
                connection = await connect(self._database_url, name=f"{self._service}-depth")
                try:
                    while not self._draining.is_set():
                        depth = await connection.fetchrow(SELECT_DEPTH)
                        assert depth is not None
                        self._metrics.outbox_rows.set(depth["row_count"])
                        self._metrics.outbox_age_seconds.set(depth["age_s"])
                        await _wait(self._draining, DEPTH_PERIOD_S)
                finally:
                    await _close(connection)
            except TRANSIENT:
                await _wait(self._draining, BACKOFF_MAX_S)


class OutboxGate:
    """Keeps the outbox below its ceiling: full means Kafka has been away for long; taking more would hide it."""

    def __init__(self, *, rows_max: int) -> None:
        self._rows_max = rows_max
        self._counted_at = -math.inf
        self._rows = 0

    async def check(self, connection: Connection) -> None:
        """Pass while there is room; the rows are counted at most every two seconds.

        Raises:
            Unavailable: the outbox is full.
        """
        if time.monotonic() - self._counted_at > DEPTH_PERIOD_S:
            self._counted_at = time.monotonic()
            self._rows = await connection.fetchval(COUNT_ROWS, self._rows_max)
        if self._rows >= self._rows_max:
            raise Unavailable(f"{self._rows} events wait for Kafka; no more are taken until they have left")


def _outgoing(events: Sequence[Event]) -> list[Outgoing]:
    return [Outgoing(e.topic, e.subject_id.encode(), encode(e)) for e in events]


def _rows(found: Sequence[Row]) -> list[_Row]:
    return [
        _Row(row["id"], row["seq"], Outgoing(row["topic"], row["key"], row["value"], row["headers"] or {}))
        for row in found
    ]


async def _close(connection: Connection) -> None:
    try:
        await connection.close(timeout=5)
    except TRANSIENT:
        connection.terminate()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    await _wait_any(event, timeout_s=timeout_s)


async def _wait_any(*events: asyncio.Event, timeout_s: float) -> None:
    """Return when any of the events is set, or after `timeout_s`."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
