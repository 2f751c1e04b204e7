"""Connections to PostgreSQL, and which of its errors pass by themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg
import orjson
import structlog

if TYPE_CHECKING:
    # asyncpg's classes are generic for the type checker alone.
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Row: TypeAlias = asyncpg.Record
else:
    Connection, Pool, Row = asyncpg.Connection, asyncpg.Pool, asyncpg.Record

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 60.0
BACKOFF_FIRST_S = 0.05
BACKOFF_MAX_S = 2.0

TRANSIENT = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says when the server ends a connection in the very moment a statement is sent.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)
"""Errors after which the same work may succeed: retry it, with growing and bounded delay."""

OF_VALUES = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""The database's errors that the values given to it are to blame for."""

log = structlog.get_logger()
T = TypeVar("T")
_NONE: Mapping[str, str] = MappingProxyType({})


def blames_values(error: Exception) -> bool:
    """Return whether work failed by what it was given: neither passes that by itself, nor is the database the cause."""
    if isinstance(error, (*TRANSIENT, MemoryError)):
        return False
    return isinstance(error, OF_VALUES) or not isinstance(error, asyncpg.PostgresError)


async def open_pool(url: str, *, size: int, name: str, settings: Mapping[str, str] = _NONE) -> Pool:
    """Return a pool of at most `size` connections, waiting as long as it takes for the database to answer.

    `name` is what `pg_stat_activity` shows; `settings` are PostgreSQL's, beside those that every connection has. Values
    of type jsonb come and go as Python values.
    """

    async def attempt() -> Pool:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=COMMAND_TIMEOUT_S,
            max_inactive_connection_lifetime=0,
            max_cached_statement_lifetime=0,
            init=prepare_connection,
            reset=_check_finished,
            server_settings={**_server_settings(name), **settings},
        )

    return await retry(attempt, what="database_connect")


async def rehearse(pool: Pool, work: Callable[[Connection], Awaitable[None]]) -> None:
    """Open all connections of a pool and do `work` on each: its first time costs tens of milliseconds more."""
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            await work(await stack.enter_async_context(pool.acquire()))


async def connect(url: str, *, name: str) -> Connection:
    """Return one connection of its own, for locks and notices; it raises what `TRANSIENT` lists when it cannot."""
    connection = await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S, server_settings=_server_settings(name)
    )
    await prepare_connection(connection)
    return connection


async def prepare_connection(connection: Connection) -> None:
    """Let jsonb values be Python values."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json_text, decoder=orjson.loads, format="text"
    )


async def retry(work: Callable[[], Awaitable[T]], *, what: str, attempts_max: int | None = None) -> T:
    """Return what `work` returns, doing it again after a transient error, with delays from 50 ms to 2 s.

    Without `attempts_max` it never gives up: a service waits for its database.
    """
    delay, attempt = BACKOFF_FIRST_S, 0
    while True:
        attempt += 1
        try:
            return await work()
        except TRANSIENT as error:
            if attempts_max is not None and attempt >= attempts_max:
                raise
            log.warning("retried", what=what, attempt=attempt, error=type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, BACKOFF_MAX_S)


async def _check_finished(connection: Connection) -> None:
    """Take a connection back. It carries no state of a session, so nothing is reset: one round trip less a use.

    Raises:
        InterfaceError: a transaction was left open; the connection is thrown away.
    """
    if connection.is_in_transaction():
        raise asyncpg.InterfaceError("a connection was given back with its transaction open")


def _server_settings(name: str) -> dict[str, str]:
    return {
        "application_name": name,
        "idle_in_transaction_session_timeout": "30000",
        "lock_timeout": "30000",
        "jit": "off",
        "tcp_user_timeout": "15000",
    }


def _to_json_text(value: Any) -> str:
    return orjson.dumps(value).decode()
