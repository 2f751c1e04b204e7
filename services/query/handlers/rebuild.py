"""Build the projection anew from what the owners of its facts send again."""

import asyncio
import time
from collections.abc import Callable

from services.query.store import projection, rebuild
from shared.db.pool import Pool

POLL_S = 2.0
IDLE_MAX_S = 120.0
"""After so long without a fact told again, nobody is sending any."""
WORDS_AT_ONCE = 2_000


async def spell_anew(pool: Pool, tell: Callable[[str], None]) -> int:
    """Let all words be found by what the present rules say is like them, saying how far that is; return how many.

    A word is spelled when it is first met, by the rules of that time.
    """
    after, count, told_at = "", 0, time.monotonic()
    while True:
        async with pool.acquire() as connection, connection.transaction():
            words = await rebuild.list_words(connection, after=after, count_max=WORDS_AT_ONCE)
            await projection.spell_words(connection, words)
        if not words:
            return count
        after, count = words[-1], count + len(words)
        if time.monotonic() - told_at > POLL_S:
            told_at = time.monotonic()
            tell(f"{count:,} words of names are spelled anew")


async def begin_rebuild(pool: Pool) -> int:
    """Let all facts be told again; return how many there are. Until then they answer; ids and notes stay."""
    async with pool.acquire() as connection, connection.transaction():
        await rebuild.mark_stale(connection)
        _, whole = await rebuild.count_stale(connection)
        return whole


async def await_rebuild(pool: Pool, tell: Callable[[str], None], *, idle_max_s: float = IDLE_MAX_S) -> int:
    """Wait until all facts were told again, saying how far that is; return how many were not when it came to a halt."""
    before, moved_at = -1, time.monotonic()
    while True:
        async with pool.acquire() as connection:
            stale, whole = await rebuild.count_stale(connection)
            if stale == 0:
                await rebuild.delete_left_keys(connection)
                return 0
        if stale != before:
            before, moved_at = stale, time.monotonic()
            tell(f"{whole - stale:,} of {whole:,} facts were told again")
        elif time.monotonic() - moved_at > idle_max_s:
            return stale
        await asyncio.sleep(min(POLL_S, idle_max_s))
