"""A log in a database of the test's own, and ways to read and to touch it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from services.audit.handlers.log import append
from shared.db.pool import Connection, Pool
from shared.kafka.consume import Record
from tests.servers import Database

PoolOf = Callable[[str], Awaitable[Pool]]
Write = Callable[..., Awaitable[None]]


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    """The log, as the app role."""
    return await pool_of("audit")


@pytest.fixture
async def write(pool: Pool) -> Write:
    """Append records as the worker does, a transaction for each batch: `await write(records, batch=3)`."""

    async def write(records: Sequence[Record], *, batch: int = 1_000) -> None:
        for start in range(0, len(records), batch):
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, records[start : start + batch])

    return write


@pytest.fixture
async def superuser(database: Database) -> AsyncIterator[Connection]:
    """The database's superuser, in audit's schema."""
    connection: Any = await asyncpg.connect(database.superuser_url, server_settings={"search_path": "audit"})
    yield connection
    await connection.close()
