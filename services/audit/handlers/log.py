"""Adds batches of records to the log."""

from collections.abc import Sequence

from services.audit.domain.log import Reading, extend, read
from services.audit.domain.record import Record
from services.audit.store import log as store
from shared.db.pool import Connection


async def append(transaction: Connection, records: Sequence[Record]) -> None:
    """Add an entry for each record; the records come in offset order within each partition.

    The same records make the same entries, however they are cut into batches.

    Raises:
        NotNext: a record does not follow its log's end, or another writer moved that end meanwhile.
    """
    readings: dict[tuple[str, int], list[Reading]] = {}
    for record in records:
        readings.setdefault((record.topic, record.partition), []).append(read(record))
    firsts = {place: mine[0].header.offset for place, mine in readings.items()}
    heads = await store.load_heads(transaction, firsts)
    by_head = {id_: readings[head.topic, head.partition] for id_, head in heads.items()}
    known = await store.find_known(transaction, by_head)
    extended = {id_: extend(head, by_head[id_], known[id_]) for id_, head in heads.items()}
    await store.move_heads(transaction, {id_: (heads[id_], moved) for id_, (moved, _) in extended.items()})
    await store.add_entries(transaction, {id_: entries for id_, (_, entries) in extended.items()})
