"""Fixtures. Their strategy:

One PostgreSQL and one Kafka run for the whole test run, started when the first test asks (`tests/servers.py`). Each
test gets a database of its own, copied from a migrated template, and a topic prefix of its own, so that tests share
nothing and need no cleaning. Services run in the test's event loop: HTTP by `call_service`, the worker by `work`.
"""

import asyncio
import itertools
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.kafka.provision import provision as provision_topics
from deploy.local.layout import SERVICES
from shared.clock import Clock, SystemClock
from shared.db.pool import Connection, Pool, open_pool
from shared.events.topics import TOPICS, Topic, office_topics
from shared.logging import configure_logging
from shared.metrics import Metrics
from shared.security import issue_token
from shared.service import Service, build_app, build_worker
from tests.depth import IS_LONG, deep
from tests.fakes import FakeClock
from tests.servers import Database, drop_database, kafka_server, make_database, postgres_server
from tests.waiting import EVENTUALLY_S

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", action="append", type=int, help="seed of the fault tests; may be repeated")


def pytest_configure() -> None:
    hypothesis.settings.register_profile("long", max_examples=deep(100), deadline=None)
    if IS_LONG:
        hypothesis.settings.load_profile("long")


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Log as the processes do: without the values that structlog's own traceback shows."""
    configure_logging("test", "pytest", "WARNING")


@pytest.fixture(scope="session")
def run_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the servers of this run."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def postgres_url(run_home: Path) -> Iterator[str]:
    """The run's PostgreSQL, as its superuser."""
    with postgres_server(run_home) as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap(run_home: Path) -> Iterator[str]:
    """The run's Kafka."""
    with kafka_server(run_home) as bootstrap:
        yield bootstrap


@pytest.fixture
def schemas(request: pytest.FixtureRequest) -> Sequence[str]:
    """Whose schemas a test's database has: in a service's folder that service's, which is half the work; or all."""
    folder = request.path.parent.name
    return (folder,) if folder in SERVICES else SERVICES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(postgres_url: str) -> AsyncIterator[Connection]:
    """The superuser's connection that makes and drops databases: one for all tests, in a loop that outlives theirs."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres_url: str, postgres: Connection, schemas: Sequence[str]) -> AsyncIterator[Database]:
    """A migrated database of this test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield await make_database(postgres_url, name, services=schemas, by=postgres)
    await drop_database(postgres_url, name, by=postgres)


@pytest.fixture
async def pool_of(database: Database) -> AsyncIterator[Callable[[str], Awaitable[Pool]]]:
    """Open a pool as a service's app role: `await pool_of("intake")`."""
    async with AsyncExitStack() as stack:

        async def open_one(service: str) -> Pool:
            pool = await open_pool(database.url(service), size=4, name=f"test-{service}")
            stack.push_async_callback(pool.close)
            return pool

        yield open_one


@dataclass(frozen=True)
class Kafka:
    """The run's broker, with topics of this test's own under `prefix`."""

    bootstrap: str
    prefix: str

    async def make_topics(self, *topics: Topic) -> None:
        """Create topics under this test's prefix."""
        await provision_topics(self.bootstrap, [replace(t, name=self.prefix + t.name) for t in topics])

    async def make_offices(self, *codes: str) -> None:
        """Create office topics."""
        await self.make_topics(*office_topics(codes))

    async def send(self, topic: str, *values: bytes | None, key: bytes | None = None) -> None:
        """Put raw records on a topic."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(self.prefix + topic, value, key=key)
        finally:
            await producer.stop()

    async def read(self, topic: str, *, count_min: int = 0) -> list[Any]:
        """Return all records of a topic, in partition order, once there are at least `count_min`."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            name = self.prefix + topic
            places = [TopicPartition(name, p) for p in await consumer._client._wait_on_metadata(name)]
            consumer.assign(places)
            await consumer.seek_to_beginning()
            found: list[Any] = []
            async with asyncio.timeout(EVENTUALLY_S):
                while True:
                    ends = await consumer.end_offsets(places)
                    for batch in (await consumer.getmany(timeout_ms=100)).values():
                        found += batch
                    if len(found) >= max(count_min, sum(ends.values())):
                        return sorted(found, key=lambda r: (r.partition, r.offset))
        finally:
            await consumer.stop()

    async def read_events(self, topic: str, *, count_min: int = 0) -> list[dict[str, Any]]:
        """Return the events of a topic, decoded."""
        return [json.loads(record.value) for record in await self.read(topic, count_min=count_min)]


@pytest.fixture
async def kafka(kafka_bootstrap: str) -> Kafka:
    """Kafka with every topic of the table made for this test; office topics by `make_offices`."""
    kafka = Kafka(kafka_bootstrap, f"t{os.getpid()}.{next(_numbers)}.")
    await kafka.make_topics(*TOPICS)
    return kafka


@dataclass(frozen=True)
class Keys:
    """The run's signing key, and files of the public key and of a producer's."""

    private_pem: bytes
    public_file: Path
    producer_file: Path

    def token(self, account: str, *, now: datetime | None = None, ttl_s: int = 3600) -> str:
        """Return a token for an account of the test system."""
        return issue_token(account, self.private_pem, now=now or datetime.now(UTC), ttl_s=ttl_s)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys made for this run."""
    folder = tmp_path_factory.mktemp("keys")
    private = Ed25519PrivateKey.generate()
    public_file, producer_file = folder / "token_public.pem", folder / "producer"
    public_file.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    producer_file.write_text(secrets.token_hex(32))
    return Keys(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public_file, producer_file)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@dataclass
class Caller:
    """An HTTP client of one service; `as_` gives an account's headers, one session for each account."""

    client: httpx.AsyncClient
    keys: Keys
    clock: Clock
    _tokens: dict[str, str] = field(default_factory=dict)

    def as_(self, account: str, **headers: str) -> dict[str, str]:
        """Return headers with the account's token."""
        if account not in self._tokens:
            self._tokens[account] = self.keys.token(account, now=self.clock.now())
        return {"Authorization": f"Bearer {self._tokens[account]}", **headers}


CallService = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def call_service(database: Database, keys: Keys) -> AsyncIterator[CallService]:
    """Run a service's HTTP in this loop: `caller = await call_service(SERVICE, clock=clock)`.

    It opens and rehearses all its connections only when told to: a test uses one or two, and is not in a hurry.
    """
    async with AsyncExitStack() as stack:

        async def call(
            service: Service[Any], *, clock: Clock | None = None, is_rehearsed: bool = False, **settings: object
        ) -> Caller:
            clock = clock or SystemClock()
            if not is_rehearsed:
                service = replace(service, rehearse=None)
            values = settings_of(service, database, keys, **settings)
            app = build_app(service, values, clock=clock, metrics=Metrics())
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            client = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30)
            )
            return Caller(client, keys, clock)

        yield call


Work = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def work(database: Database, kafka: Kafka, keys: Keys) -> Work:
    """Run a service's worker in this loop: `async with work(SERVICE): …`; it is drained at the end."""

    @asynccontextmanager
    async def run(service: Service[Any], *, clock: Clock | None = None, **settings: object) -> AsyncIterator[None]:
        values = settings_of(
            service,
            database,
            keys,
            kafka_bootstrap=kafka.bootstrap,
            kafka_topic_prefix=kafka.prefix,
            **settings,
        )
        built = await build_worker(service, values, clock=clock or SystemClock(), metrics=Metrics())
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in built.parts:
                    tasks.create_task(part.run())
                yield
                for part in built.parts:
                    part.drain()
        finally:
            await built.close()

    return run


def settings_of(service: Service[Any], database: Database, keys: Keys, **more: object) -> Any:
    """Return a service's settings for this test's database and keys."""
    return service.settings(
        environment="test",
        database_url=database.url(service.name),
        owner_database_url=database.owner_url(service.name),
        token_public_key_file=keys.public_file,
        producer_key_file=keys.producer_file,
        **more,
    )
