"""Ranges of the log with their proofs: put on record first, then written."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.audit.domain.export import Range, Section, end_line, entry_line, head_line, section_line
from services.audit.domain.merkle import Frontier
from services.audit.domain.note import read_note
from services.audit.domain.proof import Root, consistency_path
from services.audit.handlers.followed import find_unfollowed
from services.audit.handlers.proofs import Path, paths_of
from services.audit.settings import TOPICS
from services.audit.store import exports as store
from services.audit.store.exports import Exported
from shared.db.pool import Connection, Pool
from shared.errors import FieldError, Rejected, Unavailable

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


@dataclass(frozen=True, slots=True)
class Export:
    """What an export will hold: its first line, and of each log the entries."""

    head: str
    ranges: Sequence[Exported]

    @property
    def entry_count(self) -> int:
        """Entries of all logs."""
        return sum(each.beyond - each.first for each in self.ranges)


async def prepare_export(
    transaction: Connection, log_name: str, order: Order, *, request_id: UUID, now: datetime
) -> Export:
    """Return what an export will hold: what is written later can only be added behind it.

    Raises:
        Unavailable: the log is not followed yet up to what was settled by `now`: what happened then would be left out.
        Rejected: there is no such topic, or it would be more than a million entries.
    """
    if order.topic is not None and order.topic not in TOPICS and not await store.has_log(transaction, order.topic):
        fault = FieldError(("topic",), "there is no log of such a topic")
        raise Rejected("some fields are not valid", errors=[fault])
    waiting = await find_unfollowed(transaction)
    if waiting is not None and waiting < min(order.to_at, now - FOLLOWED_WITHIN):
        raise Unavailable("the log is still being followed up to this time, and the export would lack what is to come")
    ranges = await store.list_ranges(transaction, order.from_at, order.to_at, topic=order.topic)
    # Later than the ranges, so that what is signed of each log stands in it too.
    note = await store.find_vector(transaction)
    head = head_line(
        log=log_name,
        made_at=now.isoformat(),
        topic=order.topic,
        recipient=order.recipient,
        authority=order.authority,
        request=str(request_id),
        note=note,
        logs=_all_ranges(note, order.topic, ranges),
        **{"from": order.from_at.isoformat(), "to": order.to_at.isoformat()},
    )
    export = Export(head, ranges)
    if export.entry_count > ENTRIES_MAX:
        raise Rejected(
            f"it would be {export.entry_count:,} entries, and one export holds {ENTRIES_MAX:,} at most: ask for less "
            "time"
        )
    return export


async def write_export(pool: Pool, export: Export) -> AsyncIterator[str]:
    """Yield the export, some lines at a time."""
    yield export.head
    for each in export.ranges:
        async with pool.acquire() as connection:
            (before,) = await paths_of(connection, {each.head_id: _peaks(each.first)})
            (path,) = await paths_of(connection, {each.head_id: _consistency(each.beyond, each.size)})
        yield section_line(Section(each.topic, each.partition, each.first, each.beyond, each.note, before, path))
        for first in range(each.first, each.beyond, PAGE_ENTRIES):
            async with pool.acquire() as connection:
                page = await store.read_page(connection, each.head_id, first, min(first + PAGE_ENTRIES, each.beyond))
            yield "".join(entry_line(*entry) for entry in page)
    yield end_line(len(export.ranges), export.entry_count)


def _all_ranges(note: str | None, topic: str | None, ranges: Sequence[Exported]) -> list[Range]:
    """Return what is exported of each signed log, or of each of a topic; the others from 0 to before 0."""
    found = {(each.topic, each.partition): (each.first, each.beyond) for each in ranges}
    lines = read_note(note)[0].splitlines()[1:] if note is not None else []
    logs = [(name, int(partition)) for name, partition, *_ in (line.split(" ") for line in lines)]
    return [(*log, *found.get(log, (0, 0))) for log in logs if topic in (None, log[0])]


def _peaks(size: int) -> Path:
    def make(root: Root) -> list[bytes]:
        return [root(first, end) for first, end in Frontier(size).spans()]

    return make


def _consistency(old: int, size: int) -> Path:
    return lambda root: consistency_path(old, size, root)
