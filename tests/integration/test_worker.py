"""A worker as a process: when it is ready, how it ends, and that another goes on where one was killed."""

import asyncio
import contextlib
import json
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.conftest import Kafka, Keys
from tests.integration.workers import DRAIN_S, READY_S, Place, Worker
from tests.servers import CHECKOUT, Database, free_port
from tests.waiting import eventually

STALL_S = 3.0
EXIT_STALLED = 70
EXAMPLE = CHECKOUT / "tests" / "contract" / "examples" / "tip.received.v1.json"
TIPS = "SELECT tip_id::text FROM query.tip"
FORGE_NEWER = """
INSERT INTO query.schema_migration (series, number, name, checksum)
VALUES ('query', 9999, '9999_from_the_future', 'x')"""


@dataclass(frozen=True)
class Query(Place):
    """A place for query's workers, and what they are to do there."""

    async def send_tips(self, count: int) -> set[str]:
        """Put tips on intake.tips and return their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        await self.kafka.send("intake.tips", *map(_tip_received, ids))
        return set(ids)

    async def has(self, ids: set[str]) -> bool:
        """Whether query knows all these tips."""
        connection = await asyncpg.connect(self.database.superuser_url)
        try:
            return ids <= {row["tip_id"] for row in await connection.fetch(TIPS)}
        finally:
            await connection.close()


@pytest.fixture
def place(database: Database, kafka: Kafka, keys: Keys, tmp_path: Path) -> Query:
    """A place for workers."""
    return Query("query", database, kafka, keys, tmp_path)


async def test_a_worker_gets_ready_shows_its_metrics_to_operators_alone_and_drains_at_sigterm(place: Query) -> None:
    with place.worker() as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)
        assert await worker.status("/healthz") == 200
        assert await worker.status("/metrics") == 401
        assert await worker.status("/metrics", "not.a.token") == 401
        assert await worker.status("/metrics", place.keys.token("ceiu.supervisor")) == 403
        assert await worker.status("/metrics", place.keys.token("system.admin")) == 200
        ids = await place.send_tips(20)
        await eventually(lambda: place.has(ids))
        worker.process.send_signal(signal.SIGTERM)
        assert await worker.ended(within_s=DRAIN_S) == 0, worker.log.read_text()
        # Faust would make a folder for its tables where it was started.
        assert not list(CHECKOUT.glob("query-worker*"))


async def test_a_worker_that_was_killed_is_succeeded_by_one_that_goes_on(place: Query) -> None:
    with place.worker() as first:
        await eventually(first.is_ready, timeout_s=READY_S)
        before = await place.send_tips(20)
        await eventually(lambda: place.has(before))
        during = await place.send_tips(200)
        first.process.kill()
        assert await first.ended(within_s=DRAIN_S) == -signal.SIGKILL
    after = await place.send_tips(20)
    with place.worker() as second:
        await eventually(lambda: place.has(before | during | after), timeout_s=READY_S)
        second.process.send_signal(signal.SIGTERM)
        assert await second.ended(within_s=DRAIN_S) == 0, second.log.read_text()


async def test_a_worker_that_meets_a_newer_schema_ends_and_says_so(place: Query) -> None:
    await _execute(place.database, FORGE_NEWER)
    with place.worker() as worker:
        assert await worker.ended(within_s=READY_S) == 1
    assert "9999_from_the_future, which is newer than this release" in worker.log.read_text()


async def test_a_worker_waits_for_its_database_and_then_works(place: Query) -> None:
    """Nobody listens at the address it is given, until the test forwards that port to the database."""
    address = urlsplit(place.database.url("query"))
    port = free_port()
    netloc = f"{address.username}:{address.password}@127.0.0.1:{port}"
    with place.worker(database_url=urlunsplit(address._replace(netloc=netloc))) as worker:
        await eventually(lambda: _says(worker, "database_connect"), timeout_s=READY_S)
        assert await worker.status("/healthz") == 200
        assert await worker.status("/readyz") == 503
        async with _forwarded(port, str(address.hostname), address.port or 5432):
            await eventually(worker.is_ready, timeout_s=READY_S)
            ids = await place.send_tips(5)
            await eventually(lambda: place.has(ids), timeout_s=READY_S)
            worker.process.send_signal(signal.SIGTERM)
            assert await worker.ended(within_s=DRAIN_S) == 0, worker.log.read_text()


@pytest.mark.alone
async def test_a_worker_that_stands_still_before_a_backlog_ends_to_be_started_anew(place: Query) -> None:
    """Another transaction holds the table it must write to, for longer than its patience."""
    with place.worker(stall_timeout_s=STALL_S, batch_records_max=1) as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)
        ids = await place.send_tips(1_500)
        await eventually(lambda: _has_lag(worker), timeout_s=READY_S)
        async with _locked(place.database):
            assert await worker.ended(within_s=STALL_S + DRAIN_S) == EXIT_STALLED, worker.log.read_text()
    with place.worker():
        await eventually(lambda: place.has(ids), timeout_s=READY_S)


@pytest.mark.alone
async def test_a_worker_that_stands_still_at_its_first_record_ends_too(place: Query) -> None:
    with place.worker(stall_timeout_s=STALL_S) as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)
        first = await place.send_tips(1)
        await eventually(lambda: place.has(first))
        async with _locked(place.database):
            await place.send_tips(3)
            try:
                ended = await worker.ended(within_s=STALL_S + DRAIN_S)
            except subprocess.TimeoutExpired:
                ended = 0
        assert ended == EXIT_STALLED


async def _has_lag(worker: Worker) -> bool:
    """Whether the worker itself knows of a backlog, as its metrics say."""
    return await worker.measure("cets_lag_records", topic="intake.tips") >= 100


@asynccontextmanager
async def _locked(database: Database) -> AsyncIterator[None]:
    """Let nobody use query's table of tips."""
    blocker = await asyncpg.connect(database.superuser_url)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE query.tip IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await blocker.close()


def _tip_received(tip_id: str) -> bytes:
    """Return the example of `tests/contract`, as another tip's event."""
    event: dict[str, Any] = json.loads(EXAMPLE.read_text())
    event |= {"event_id": str(uuid.uuid4()), "subject": event["subject"] | {"id": tip_id}}
    event["payload"] |= {"tip_id": tip_id, "source_ref": f"invented {tip_id}"}
    for party in event["payload"]["personal"]["parties"]:
        party["party_id"] = str(uuid.uuid4())
    return json.dumps(event).encode()


async def _says(worker: Worker, words: str) -> bool:
    assert worker.process.poll() is None, worker.log.read_text()
    return words in worker.log.read_text()


async def _execute(database: Database, statement: str) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def _forwarded(port: int, to_host: str, to_port: int) -> AsyncIterator[None]:
    """Pass connections to a port on, in both directions."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(to_host, to_port)
        await asyncio.gather(pass_on(reader, there_writer), pass_on(there_reader, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
