"""Waiting for a condition, never for luck."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.db.pool import Connection, Pool

EVENTUALLY_S = 20.0
WAITS = "SELECT cardinality(pg_blocking_pids($1)) > 0"
T = TypeVar("T")


async def eventually(condition: Callable[[], Awaitable[T]], *, timeout_s: float = EVENTUALLY_S) -> T:
    """Return the condition's value as soon as it is true; fail when it does not become so in time."""
    async with asyncio.timeout(timeout_s):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
        return value


async def overtaken(
    pool: Pool, change: Callable[[Connection], Awaitable[object]], act: Callable[[Connection], Awaitable[T]]
) -> T:
    """Return what `act` returns; it begins, and has to wait, while a transaction with `change` is not yet committed."""
    async with pool.acquire() as first, pool.acquire() as second, asyncio.TaskGroup() as group:
        async with first.transaction():
            await change(first)
            acting = group.create_task(_in_transaction(second, act))
            await eventually(lambda: pool.fetchval(WAITS, second.get_server_pid()))
        return await acting


async def _in_transaction(connection: Connection, act: Callable[[Connection], Awaitable[T]]) -> T:
    async with connection.transaction():
        return await act(connection)
