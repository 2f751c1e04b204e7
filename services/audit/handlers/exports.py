"""Ranges of the log with their proofs: put on record first, then written."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit.domain.export import Section, end_line, entry_line, head_line, section_line
from services.audit.domain.merkle import Frontier
from services.audit.domain.proof import Root, consistency_path
from services.audit.handlers.followed import find_unfollowed
from services.audit.handlers.proofs import Path, paths_of
from services.audit.store import exports as store
from services.audit.store.exports import Exported
from shared.db.pool import Connection, Pool
from shared.errors import Rejected, Unavailable

ENTRIES_MAX = 1_000_000
"""In one export; more is asked for in parts."""
PAGE_ENTRIES = 200
FOLLOWED_WITHIN = timedelta(seconds=10)
"""What is younger may be on its way still; an export up to now is one of what was there."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is exported, to whom, and on what authority; of one topic, or of all."""

    from_at: datetime
    to_at: datetime
    topic: str | None
    recipient: str
    authority: str


async def find_ranges(transaction: Connection, order: Order, *, now: datetime) -> list[Exported]:
    """Return what of each log an export will hold: what is written later can only be added behind it.

    Raises:
        Unavailable: the log is not followed yet up to what was settled by `now`: what happened then would be left out.
        Rejected: it would be more than a million entries.
    """
    waiting = await find_unfollowed(transaction)
    if waiting is not None and waiting < min(order.to_at, now - FOLLOWED_WITHIN):
        raise Unavailable("the log is still being followed up to this time, and the export would lack what is to come")
    ranges = await store.list_ranges(transaction, order.from_at, order.to_at, topic=order.topic)
    count = sum(each.beyond - each.first for each in ranges)
    if count > ENTRIES_MAX:
        raise Rejected(
            f"it would be {count:,} entries, and one export holds {ENTRIES_MAX:,} at most: ask for less time"
        )
    return ranges


async def write_export(
    pool: Pool, log_name: str, order: Order, ranges: Sequence[Exported], *, made_at: datetime
) -> AsyncIterator[str]:
    """Yield the export, some lines at a time."""
    yield head_line(
        log=log_name,
        made_at=made_at.isoformat(),
        recipient=order.recipient,
        authority=order.authority,
        **{"from": order.from_at.isoformat(), "to": order.to_at.isoformat()},
    )
    for each in ranges:
        async with pool.acquire() as connection:
            (before,) = await paths_of(connection, {each.head_id: _peaks(each.first)})
            (path,) = await paths_of(connection, {each.head_id: _consistency(each.beyond, each.size)})
        yield section_line(Section(each.topic, each.partition, each.first, each.beyond, each.note, before, path))
        for first in range(each.first, each.beyond, PAGE_ENTRIES):
            async with pool.acquire() as connection:
                page = await store.read_page(connection, each.head_id, first, min(first + PAGE_ENTRIES, each.beyond))
            yield "".join(entry_line(*entry) for entry in page)
    yield end_line(len(ranges), sum(each.beyond - each.first for each in ranges))


def _peaks(size: int) -> Path:
    def make(root: Root) -> list[bytes]:
        return [root(first, end) for first, end in Frontier(size).spans()]

    return make


def _consistency(old: int, size: int) -> Path:
    return lambda root: consistency_path(old, size, root)
