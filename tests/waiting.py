"""Waiting for a condition, never for luck."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

EVENTUALLY_S = 20.0
T = TypeVar("T")


async def eventually(condition: Callable[[], Awaitable[T]], *, timeout_s: float = EVENTUALLY_S) -> T:
    """Return the condition's value as soon as it is true; fail when it does not become so in time."""
    async with asyncio.timeout(timeout_s):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
        return value
