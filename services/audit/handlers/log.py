"""Adds batches of records to the log."""

import asyncio
from collections.abc import Sequence

from services.audit.domain.log import Head, Reading, extend, read
from services.audit.domain.record import Record
from services.audit.store import log as store
from shared.db.pool import Connection

PART_RECORDS = 250
"""While PostgreSQL stores so many, the next are read: both take about as long, and each has a core."""
TURN_RECORDS = 25
"""After so many read PostgreSQL gets its next word, if it waits for one."""

Place = tuple[str, int]
"""Topic and partition."""


async def append(transaction: Connection, records: Sequence[Record]) -> None:
    """Add an entry for each record; the records come in offset order within each partition.

    The same records make the same entries, however they are cut into batches.

    Raises:
        NotNext: a record does not follow its log's end, or another writer moved that end meanwhile.
    """
    firsts: dict[Place, int] = {}
    for record in records:
        firsts.setdefault((record.topic, record.partition), record.offset)
    heads = await store.lock_heads(transaction, firsts)
    ends = dict(heads)
    readings: list[Reading] = []
    for first in range(0, len(records) + PART_RECORDS, PART_RECORDS):
        part = records[first : first + PART_RECORDS]
        _, readings = await asyncio.gather(_add(transaction, ends, readings), _read(part))
    await store.move_heads(transaction, [(head, ends[place]) for place, head in heads.items()])


async def _read(records: Sequence[Record]) -> list[Reading]:
    readings: list[Reading] = []
    for first in range(0, len(records), TURN_RECORDS):
        readings += map(read, records[first : first + TURN_RECORDS])
        await asyncio.sleep(0)
    return readings


async def _add(transaction: Connection, ends: dict[Place, Head], readings: Sequence[Reading]) -> None:
    """Add an entry for each reading behind the end of its log, and put in the log's new end."""
    if not readings:
        return
    by_place: dict[Place, list[Reading]] = {}
    for reading in readings:
        by_place.setdefault((reading.header.topic, reading.header.partition), []).append(reading)
    logs = [(ends[place], mine) for place, mine in by_place.items()]
    known = await store.find_known(transaction, logs)
    extended = [extend(head, mine, known[head.id]) for head, mine in logs]
    ends |= {(head.topic, head.partition): head for head, _ in extended}
    await store.add_entries(transaction, extended)
