"""A worker as a process: when it is ready, how it ends, and that another goes on where one was killed."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from tests.conftest import Kafka, Keys
from tests.servers import CHECKOUT, Database, free_port
from tests.waiting import eventually

READY_S = 30.0
DRAIN_S = 10.0
STALL_S = 3.0
EXIT_STALLED = 70
EXAMPLE = CHECKOUT / "tests" / "contract" / "examples" / "tip.received.v1.json"
TIPS = "SELECT tip_id::text FROM query.tip"
FORGE_NEWER = """
INSERT INTO query.schema_migration (series, number, name, checksum)
VALUES ('query', 9999, '9999_from_the_future', 'x')"""


@dataclass
class Worker:
    """A running `python -m services.query worker`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    async def is_ready(self) -> bool:
        """Whether `/readyz` says so; an ended process fails the test at once."""
        assert self.process.poll() is None, self.log.read_text()
        return await self.status("/readyz") == 200

    async def status(self, path: str, token: str | None = None) -> int:
        """Return a page's status, or 0 while nobody listens."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                return (await client.get(self.url + path, headers=headers)).status_code
            except httpx.TransportError:
                return 0

    async def ended(self, *, within_s: float) -> int:
        """Return the exit code."""
        return await asyncio.to_thread(self.process.wait, within_s)


@dataclass(frozen=True)
class Place:
    """What a worker of this test needs: its database, topics, keys, and a folder."""

    database: Database
    kafka: Kafka
    keys: Keys
    folder: Path

    @contextmanager
    def worker(self, *, database_url: str = "", **settings: object) -> Iterator[Worker]:
        """Start a worker; whatever became of it, it is gone afterwards."""
        port = free_port()
        values = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url or self.database.url("query"),
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "KAFKA_TOPIC_PREFIX": self.kafka.prefix,
            "TOKEN_PUBLIC_KEY_FILE": self.keys.public_file,
            "PRODUCER_KEY_FILE": self.keys.producer_file,
            "WORKER_PORT": port,
            **{name.upper(): value for name, value in settings.items()},
        }
        environ = {**os.environ, "CETS_HOME": str(self.folder / "no-home")}
        environ |= {f"QUERY_{name}": str(value) for name, value in values.items()}
        log = self.folder / f"worker-{port}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.query", "worker"],
                cwd=CHECKOUT,
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                yield Worker(process, f"http://127.0.0.1:{port}", log)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(DRAIN_S)

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
def place(database: Database, kafka: Kafka, keys: Keys, tmp_path: Path) -> Place:
    """A place for workers."""
    return Place(database, kafka, keys, tmp_path)


async def test_a_worker_gets_ready_shows_its_metrics_to_operators_alone_and_drains_at_sigterm(place: Place) -> None:
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


async def test_a_worker_that_was_killed_is_succeeded_by_one_that_goes_on(place: Place) -> None:
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


async def test_a_worker_that_meets_a_newer_schema_ends_and_says_so(place: Place) -> None:
    await _execute(place.database, FORGE_NEWER)
    with place.worker() as worker:
        assert await worker.ended(within_s=READY_S) == 1
    assert "9999_from_the_future, which is newer than this release" in worker.log.read_text()


async def test_a_worker_waits_for_its_database_and_then_works(place: Place) -> None:
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


async def test_a_worker_that_stands_still_before_a_backlog_ends_to_be_started_anew(place: Place) -> None:
    """Another transaction holds the table it must write to, for longer than its patience."""
    with place.worker(stall_timeout_s=STALL_S, batch_records_max=1) as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)
        ids = await place.send_tips(1_500)
        await eventually(lambda: _has_lag(worker, place.keys), timeout_s=READY_S)
        async with _locked(place.database):
            assert await worker.ended(within_s=STALL_S + DRAIN_S) == EXIT_STALLED, worker.log.read_text()
    with place.worker():
        await eventually(lambda: place.has(ids), timeout_s=READY_S)


async def test_a_worker_that_stands_still_at_its_first_record_ends_too(place: Place) -> None:
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


async def _has_lag(worker: Worker, keys: Keys) -> bool:
    """Whether the worker itself knows of a backlog, as its metrics say."""
    headers = {"Authorization": f"Bearer {keys.token('system.admin')}"}
    async with httpx.AsyncClient(timeout=5) as client:
        text = (await client.get(f"{worker.url}/metrics", headers=headers)).text
    return re.search(r'^\w*lag_records\{[^}]*topic="intake\.tips"[^}]*\} [1-9]\d\d', text, re.MULTILINE) is not None


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
