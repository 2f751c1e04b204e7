"""Stored facts through the outbox once more, under their old event ids, for whoever must start from the beginning.

It goes page by page, each in a transaction of its own, and so may be killed at any moment: what was put there stays,
and to those who have an event already its repeat is harmless. Which facts there are is for the service to say.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeAlias
from uuid import UUID

from shared.db.pool import Connection, Pool, retry
from shared.kafka.outbox import COUNT_ROWS, Outbox, Outgoing

Place: TypeAlias = tuple[str, UUID]
"""How far through its facts a service is: a text of its own meaning, and an id."""

START: Place = ("", UUID(int=0))
"""Before everything."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_MAX = 20_000
"""So many events may wait in the outbox before a page more is put there. It is far below the outbox's own ceiling:
what happens meanwhile waits seconds behind what is sent again, and no caller is refused."""
PROGRESS_PERIOD_S = 2.0
ROOM_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Page:
    """Some facts, as the very bytes that announced them; `last` is where the next page begins, None after the end."""

    records: Sequence[Outgoing]
    last: Place | None


class ListFacts(Protocol):
    """What a service gives: its stored facts in an order of its own in which each subject's come oldest first."""

    async def __call__(self, transaction: Connection, *, since: datetime, after: Place) -> Page:
        """Return the facts behind `after` that were stored from `since` on: a page bounded in size, perhaps empty."""
        ...


async def republish(
    pool: Pool,
    outbox: Outbox,
    list_facts: ListFacts,
    *,
    since: datetime = BEGINNING,
    after: Place = START,
    rows_max: int = ROWS_MAX,
    tell: Callable[[str], None],
) -> int:
    """Put every fact stored from `since` on, those behind `after`, through the outbox; return how many events.

    It waits while `rows_max` events or more are in the outbox, and while the database is away. `tell` gets a sentence
    on how far it is every two seconds, and on a wait.
    """

    async def put_page(place: Place) -> Page:
        async with pool.acquire() as connection, connection.transaction():
            page = await list_facts(connection, since=since, after=place)
            await outbox.put(connection, page.records)
            return page

    count, told_at = 0, time.monotonic()
    place: Place | None = after
    while place is not None:
        await _wait_for_room(pool, rows_max, tell)
        page = await retry(partial(put_page, place), what="republish")
        count, place = count + len(page.records), page.last
        if place is not None and time.monotonic() - told_at >= PROGRESS_PERIOD_S:
            told_at = time.monotonic()
            tell(f"{count:,} events so far; should this be stopped, --after {place_text(place)} goes on from here")
    return count


def place_text(place: Place) -> str:
    """Return a place as an operator can type it."""
    return "/".join(filter(None, (place[0], str(place[1]))))


def read_place(text: str) -> Place:
    """Return the place that `place_text` wrote; raises `ValueError` when it is none."""
    before, _, id_ = text.rpartition("/")
    return before, UUID(id_)


async def _wait_for_room(pool: Pool, rows_max: int, tell: Callable[[str], None]) -> None:
    told_at = -PROGRESS_PERIOD_S
    while await retry(partial(pool.fetchval, COUNT_ROWS, rows_max), what="republish") >= rows_max:
        if time.monotonic() - told_at >= PROGRESS_PERIOD_S:
            told_at = time.monotonic()
            tell(f"{rows_max:,} events wait in the outbox; going on once the worker has sent some of them to Kafka")
        await asyncio.sleep(ROOM_POLL_S)
