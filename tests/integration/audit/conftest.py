"""A log in a database of the test's own, and ways to read and to touch it."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

import asyncpg
import pytest

from services.audit.domain.note import VerifyingKey
from services.audit.domain.producers import Keys
from services.audit.domain.staff import read_staff
from services.audit.handlers.log import append
from services.audit.handlers.project import Follower, Step, follow_log
from services.audit.verifier.options import Options
from services.audit.verifier.run import run
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.service import OUTBOX_SHARDS
from tests.integration.audit.looking import KEYS as KEYS_OF_LOOKUPS
from tests.integration.audit.looking import Log
from tests.integration.audit.signed_logs import COSIGNER, KEY, SIZES, TABLES, grow
from tests.servers import Database
from tests.unit.audit.records import a_record

NO_KEYS: Keys = {}
PoolOf = Callable[[str], Awaitable[Pool]]
Write = Callable[..., Awaitable[None]]
Outcome = tuple[int, str]
Verify = Callable[..., Coroutine[None, None, Outcome]]


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    """The log, as the app role."""
    return await pool_of("audit")


@pytest.fixture
async def write(pool: Pool) -> Write:
    """Append records as the worker does, a transaction for each batch: `await write(records, batch=3)`; then follow."""

    async def write(records: Sequence[Record], *, batch: int = 1_000) -> None:
        for start in range(0, len(records), batch):
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, records[start : start + batch])
        while (await follow(pool)).entry_count:
            pass

    return write


async def follow(pool: Pool, keys: Keys = NO_KEYS, *followers: Follower) -> Step:
    """Follow the log by one step, as the worker does."""
    async with pool.acquire() as connection, connection.transaction():
        return await follow_log(
            connection, keys=keys, followers=followers, outbox=Outbox(shards=OUTBOX_SHARDS), clock=SystemClock()
        )


@pytest.fixture
def log(pool: Pool) -> Log:
    """An empty log that sensors follow; one user is known."""
    return Log(pool, read_staff(b'{"cbp.att": {"emails": ["me@example.org"]}}', KEYS_OF_LOOKUPS))


@pytest.fixture
async def superuser(database: Database) -> AsyncIterator[Connection]:
    """The database's superuser, in audit's schema."""
    connection: Any = await asyncpg.connect(database.superuser_url, server_settings={"search_path": "audit"})
    yield connection
    await connection.close()


@pytest.fixture
def verified(database: Database, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Verify with the public keys, and whatever else is asked; return the exit code and what was said."""

    async def verified(
        *,
        given_witness: VerifyingKey | None = COSIGNER.verifying,
        given_url: str = database.superuser_url,
        given_prefix: str = "",
        **asked: Any,
    ) -> Outcome:
        given = Options(database_url=given_url, key=KEY, witness=given_witness, kafka_topic_prefix=given_prefix)
        code = await run(given, argparse.Namespace(**asked))
        said = capsys.readouterr().out
        assert "Traceback" not in said
        return code, said

    return verified


@pytest.fixture
async def attacker(superuser: Connection, write: Write, pool: Pool) -> Connection:
    """A connection that may do anything, on two logs that were signed thrice."""
    await write([a_record(topic="query.activity", offset=0)])
    for first, beyond in zip((0, *SIZES), SIZES, strict=False):
        await grow(write, pool, first, beyond)
    for table in TABLES:
        await superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    return superuser
