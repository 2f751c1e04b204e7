"""Gives the servers what the services need, once they answer: database, roles, topics, and the schemas' migrations."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import asyncpg
from aiokafka.errors import KafkaError

from deploy.kafka.provision import all_topics
from deploy.kafka.provision import provision as provision_topics
from deploy.local.keys import DATABASE, database_passwords, superuser_database_url
from deploy.local.layout import CHECKOUT, SERVICES, Layout
from deploy.local.report import Refused
from deploy.postgres.provision import create_database
from deploy.postgres.provision import provision as provision_roles

SERVERS_TIMEOUT_S = 60.0
MIGRATE_TIMEOUT_S = 120.0
POLL_S = 0.1
OUTPUT_TAIL = 1_500


def provision(layout: Layout, *, postgres_url: str, kafka_bootstrap: str) -> None:
    """Wait for both servers, then make the database, its roles and the topics, as far as they are missing.

    Raises:
        Refused: a server does not answer in time, or refuses.
    """
    asyncio.run(_provision_both(layout, postgres_url, kafka_bootstrap))


def migrate(environ: dict[str, str]) -> None:
    """Bring every service's schema up to date, as `python -m services.<name> migrate` does.

    Raises:
        Refused: a migration fails; the message ends with what it said.
    """
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        for _ in pool.map(lambda service: _migrate_one(service, environ), SERVICES):
            pass


async def _provision_both(layout: Layout, postgres_url: str, kafka_bootstrap: str) -> None:
    parts = urlsplit(postgres_url)
    kafka_host, _, kafka_port = kafka_bootstrap.partition(",")[0].rpartition(":")

    async def database() -> None:
        await create_database(postgres_url, DATABASE)
        await provision_roles(superuser_database_url(postgres_url), database_passwords(layout))

    async def topics() -> None:
        await provision_topics(kafka_bootstrap, all_topics())

    await asyncio.gather(
        _once_answering("PostgreSQL", parts.hostname or "127.0.0.1", parts.port or 5432, database),
        _once_answering("Kafka", kafka_host, int(kafka_port), topics),
    )


async def _once_answering(name: str, host: str, port: int, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work as soon as the server accepts connections and is done starting; say clearly why it cannot be."""
    place = f"{name} at {host}:{port}"
    problem: Exception | None = None
    try:
        async with asyncio.timeout(SERVERS_TIMEOUT_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection(host, port)
                    writer.close()
                    return await work()
                except (OSError, asyncpg.CannotConnectNowError) as error:
                    problem = error
                    await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise Refused(f"{place} did not answer within {SERVERS_TIMEOUT_S:.0f} s: {problem}") from error
    except (KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Refused(f"{place} could not be set up: {error}") from error


def _migrate_one(service: str, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", f"services.{service}", "migrate"]
    try:
        result = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MIGRATE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"Migrating {service} took longer than {MIGRATE_TIMEOUT_S:.0f} s.") from error
    if result.returncode:
        raise Refused(f"Migrating {service} failed:\n{result.stdout[-OUTPUT_TAIL:]}")
