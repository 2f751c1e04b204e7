"""The pump into PostgreSQL beside what one would do without it: plain batched inserts, and an ordinary Faust agent.

All three put the same records of `intake.tips` into the same table of the same server, each in a process of its own:
`python -m tests.bench.race CONTENDER BOOTSTRAP DATABASE_URL ROWS GROUP` prints its rate. A rate is that of rows between
two starts of work, so that joining a group is not counted, and everything up to the commit is.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import faust
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.layout import CHECKOUT
from shared.db.pool import Connection, open_pool
from shared.kafka.consume import Pump, Record
from shared.logging import configure_logging
from shared.metrics import Metrics
from shared.settings import home
from tests.bench.figures import Figure
from tests.fault.stack import Stack

TOPIC = "intake.tips"
BATCH = 1_000
TIMEOUT_S = 90
FAUST_SHARE = 10
"""The agent is given a tenth of the rows: its rate does not depend on how many there are."""

CREATE = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.fence (LIKE audit.fence INCLUDING ALL);
CREATE TABLE IF NOT EXISTS bench.event (
    topic text NOT NULL, partition integer NOT NULL, kafka_offset bigint NOT NULL, key bytea, value bytea,
    CONSTRAINT event_pkey PRIMARY KEY (topic, partition, kafka_offset)
);"""
CLEAR = "TRUNCATE bench.event"
COUNT = "SELECT count(*) FROM bench.event"
INSERT_MANY = """
INSERT INTO bench.event (topic, partition, kafka_offset, key, value)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bytea[], $5::bytea[])"""
INSERT_ONE = "INSERT INTO bench.event (topic, partition, kafka_offset, key, value) VALUES ($1, $2, $3, $4, $5)"


@dataclass
class Stopwatch:
    """Knows the rate once more than `rows_wanted` rows were begun after the first start."""

    rows_wanted: int
    _started_at: float | None = None
    _rows: int = 0
    rate: float | None = field(default=None)

    def begin(self, rows: int) -> None:
        """Say that work on so many rows begins now, all earlier rows being committed."""
        now = time.monotonic()
        if self._started_at is None:
            self._started_at = now
        elif self._rows >= self.rows_wanted and self.rate is None:
            self.rate = self._rows / (now - self._started_at)
        self._rows += rows


async def race(stack: Stack, *, rows: int, rounds: int) -> list[Figure]:
    """Return the rates of all three, each the median of its rounds, and how they compare."""
    rates: dict[str, list[float]] = {"batched": [], "pump": [], "faust": []}
    database = await asyncpg.connect(stack.addresses["postgres"])
    try:
        await database.execute(CREATE)
        for number in range(rounds):
            for contender, found in rates.items():
                await database.execute(CLEAR)
                wanted = rows // FAUST_SHARE if contender == "faust" else rows
                found.append(await asyncio.to_thread(_run, stack, contender, wanted, number))
                stored = await database.fetchval(COUNT)
                if stored < wanted:
                    raise RuntimeError(f"{contender} stored {stored} of {wanted} rows")
    finally:
        await database.close()
    batched, pump, agent = (statistics.median(rates[name]) for name in ("batched", "pump", "faust"))
    note = f"{rows:,} records of {TOPIC}, median of {rounds}"
    return [
        Figure("plain batched inserts, no Kafka", batched, "rows/s", note=note),
        Figure("pump into PostgreSQL", pump, "rows/s", note=note),
        Figure("ordinary Faust agent", agent, "rows/s", note=f"{rows // FAUST_SHARE:,} of them"),
        Figure("pump / batched inserts", 100 * pump / batched, "%", 60),
        Figure("pump / Faust agent", pump / agent, "times", 25),
    ]


def _run(stack: Stack, contender: str, rows: int, number: int) -> float:
    group = f"bench-{contender}-{number}"
    words = [contender, stack.addresses["kafka"], stack.addresses["postgres"], str(rows), group]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.race", *words],
        cwd=CHECKOUT,
        env=stack.environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{contender} ended with {done.returncode}: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


async def run_batched(bootstrap: str, url: str, rows: int) -> float:
    """Read the rows first, then insert them, a thousand in a transaction, and return rows per second."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    records: list[Record] = []
    try:
        places = [TopicPartition(TOPIC, number) for number in sorted(await consumer._client._wait_on_metadata(TOPIC))]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        async with asyncio.timeout(TIMEOUT_S):
            while len(records) < rows:
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    records += [
                        Record(TOPIC, r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp)
                        for r in batch
                    ]
    finally:
        await consumer.stop()
    database = await asyncpg.connect(url)
    try:
        started = time.monotonic()
        for at in range(0, rows, BATCH):
            async with database.transaction():
                await _insert(database, records[at : at + BATCH])
        return rows / (time.monotonic() - started)
    finally:
        await database.close()


async def run_pump(bootstrap: str, url: str, rows: int, group: str) -> float:
    """Let the pump of the services insert the rows, with the settings of the services."""
    watch = Stopwatch(rows)

    class Inserting:
        async def apply(self, transaction: Connection, records: Sequence[Record]) -> None:
            watch.begin(len(records))
            if watch.rate is not None:
                pump.drain()
            await _insert(transaction, records)

    pool = await open_pool(f"{url}?search_path=bench", size=2, name=group)
    pump = Pump(
        group=group,
        topics=[TOPIC],
        bootstrap=bootstrap,
        handler=Inserting(),
        pool=pool,
        metrics=Metrics(),
        session_timeout_ms=6_000,
        batch_records_max=BATCH,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await pump.run()
    finally:
        await pool.close()
    assert watch.rate is not None
    return watch.rate


def run_faust(bootstrap: str, url: str, rows: int, group: str) -> None:
    """Run an agent as Faust's guide writes it: one event at a time, a transaction each.

    It prints its rate and ends the process.
    """
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        # In the stack's home, which goes when the bench is over.
        datadir=str(home() / group),
    )
    topic = app.topic(TOPIC, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    watch = Stopwatch(rows)

    @app.agent(topic)
    async def insert(stream: Any) -> None:
        database = await asyncpg.connect(url)
        async for event in stream.events():
            watch.begin(1)
            message = event.message
            async with database.transaction():
                await database.execute(INSERT_ONE, TOPIC, message.partition, message.offset, message.key, message.value)
            if watch.rate is not None:
                print(watch.rate, flush=True)
                # Told to stop, Faust would first work through all that it holds; nothing of that is measured.
                os._exit(0)

    worker = faust.Worker(app, loglevel="ERROR", redirect_stdouts=False, quiet=True)
    worker.spinner = None
    worker.execute_from_commandline()


async def _insert(transaction: Connection, records: Sequence[Record]) -> None:
    await transaction.execute(
        INSERT_MANY,
        [record.topic for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
        [record.key for record in records],
        [record.value for record in records],
    )


def main(contender: str, bootstrap: str, url: str, rows: int, group: str) -> None:
    """Run one contender."""
    configure_logging("bench", contender, "ERROR")
    if contender == "faust":
        run_faust(bootstrap, url, rows, group)
    elif contender == "pump":
        print(asyncio.run(run_pump(bootstrap, url, rows, group)))
    else:
        print(asyncio.run(run_batched(bootstrap, url, rows)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
