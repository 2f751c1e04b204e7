"""The real servers a test run uses: one PostgreSQL and one Kafka, as ordinary processes or in containers."""

import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.kafka import start_kafka
from deploy.local.layout import SERVICES, read_layout
from deploy.local.postgres import start_postgres
from deploy.postgres.provision import create_database, provision
from shared.db.migrate import migrate
from shared.db.pool import Connection
from tests import containers

TEMPLATE = "cets_template"
"""How the names of the databases begin that others are copied from."""
PASSWORD = "invented"
ROLES = {f"{service}_{part}": PASSWORD for service in SERVICES for part in ("owner", "app")}
CHECKOUT = Path(__file__).parents[1]
UNSAFE = {
    # Nothing here outlives the run, so nothing needs to reach the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
    # A database is made and dropped for each test; each time every page there is room for is looked at, and every
    # connection that begins or ends maps them.
    "shared_buffers": "128MB",
    # The passwords are invented, and a test opens several connections: to guess one need not be slow.
    "scram_iterations": "1",
}
MEMORY = Path("/dev/shm")
MEMORY_FREE_MIN_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Database:
    """A database of a test's own, with the schemas it asked for migrated."""

    superuser_url: str

    def url(self, service: str) -> str:
        """Return the address as the service's app role."""
        return self._as(f"{service}_app")

    def owner_url(self, service: str) -> str:
        """Return the address as the schema's owner."""
        return self._as(f"{service}_owner")

    def _as(self, role: str) -> str:
        parts = urlsplit(self.superuser_url)
        return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{parts.hostname}:{parts.port}"))


async def make_database_with(superuser_url: str, name: str, *, services: Iterable[str]) -> Database:
    """Make a database on a server, with the roles and the schemas of some services."""
    await create_database(superuser_url, name)
    database = Database(urlunsplit(urlsplit(superuser_url)._replace(path=f"/{name}")))
    await provision(database.superuser_url, ROLES)
    for service in services:
        await migrate(database.owner_url(service), service, CHECKOUT / "services" / service / "migrations")
    return database


def backend() -> str:
    """Return where the servers run: `processes` (default) or `containers`."""
    return os.environ.get("CETS_TEST_BACKEND") or "processes"


@contextmanager
def postgres_server(home: Path) -> Iterator[str]:
    """Run PostgreSQL and yield its superuser's address."""
    with ExitStack() as stack:
        if backend() == "containers":
            yield stack.enter_context(containers.postgres())
            return
        (home / "postgres").symlink_to(stack.enter_context(_fast_folder()))
        server = start_postgres(home, free_port(), cache=read_layout().cache, settings=UNSAFE)
        stack.callback(server.stop)
        yield server.url


@contextmanager
def kafka_server(home: Path) -> Iterator[str]:
    """Run Kafka and yield its bootstrap address."""
    if backend() == "containers":
        with containers.kafka() as bootstrap:
            yield bootstrap
        return
    server = start_kafka(home, free_port(), controller_port=free_port(), cache=read_layout().cache)
    try:
        yield server.url
    finally:
        server.stop()


async def make_database(
    superuser_url: str, name: str, *, services: Sequence[str] = SERVICES, by: Connection | None = None
) -> Database:
    """Return a new database with the schemas of some services, each of which takes its time; `by` is the superuser's.

    It is copied from a template, made when it is first asked for, file by file: by way of PostgreSQL's log that takes
    twice as long.
    """
    template = "_".join((TEMPLATE, *services))
    statement = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'
    try:
        await _run(superuser_url, statement, by)
    except asyncpg.InvalidCatalogNameError:
        await _make_template(superuser_url, template, services)
        await _run(superuser_url, statement, by)
    return Database(_at(superuser_url, name))


async def drop_database(superuser_url: str, name: str, *, by: Connection | None = None) -> None:
    """Remove a database, whoever is still connected."""
    await _run(superuser_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', by)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _fast_folder() -> Iterator[Path]:
    """Make a folder in memory if there is room, otherwise on disk.

    Each test has a database of a thousand files, gone when it ends. Some file systems (ext4 without a journal) look
    at every file deleted in the last minute before they make another, which took half of the time of all tests.
    """
    is_roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_MIN_BYTES
    with TemporaryDirectory(prefix="cets-test-", dir=MEMORY if is_roomy else None) as folder:
        yield Path(folder)


async def _make_template(superuser_url: str, name: str, services: Sequence[str]) -> None:
    """Make a template under another name first, so that none is ever copied whose migrations failed."""
    draft = f"{name}_draft"
    await make_database_with(superuser_url, draft, services=services)
    await _run(superuser_url, f'ALTER DATABASE "{draft}" RENAME TO "{name}"')


async def _run(url: str, statement: str, by: Connection | None = None) -> None:
    if by is not None:
        await by.execute(statement)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
