"""Invented Kafka records for the log, valid by default; and whole topics of them for hypothesis."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from services.audit.domain.check import StoredEntry, StoredHead
from services.audit.domain.header import FACTS, fact_columns
from services.audit.domain.log import Entry, Head, extend, read
from services.audit.domain.merkle import Frontier
from shared.kafka.consume import Record
from tests.builders import event_bytes

POISON = b"\xff\x00 not json"
EMPTY = Head(1, "intake.tips", 2, 0, Frontier())


def a_record(**fields: Any) -> Record:
    """Return an invented event's record, as the relay would have sent it."""
    offset = fields.get("offset", 0)
    return Record(
        **{
            "topic": EMPTY.topic,
            "partition": EMPTY.partition,
            "offset": 0,
            "key": b"k",
            "value": event_bytes(),
            "headers": (("producer", b"intake.0"), ("seq", str(offset + 1).encode()), ("mac", b"ab" * 32)),
            "timestamp_ms": 1_772_359_200_000 + offset,
            **fields,
        }
    )


def logged(records: list[Record], head: Head = EMPTY) -> tuple[Head, list[Entry]]:
    """Return the log of these records, all of one partition, written at once."""
    return extend(head, [read(record) for record in records], set())


def stored(head: Head, entries: list[Entry], *, id_: int = 1) -> tuple[StoredHead, list[StoredEntry]]:
    """Return head and entries as the verifier reads them from the database."""
    rows = [
        StoredEntry(
            index=entry.index,
            kafka_offset=entry.header.offset,
            kind=entry.kind,
            **dict(zip(FACTS, _columns(entry), strict=True)),
            header=entry.header_bytes,
            commit=entry.commit,
            leaf=entry.leaf,
            body=entry.body,
        )
        for entry in entries
    ]
    frontier = head.frontier
    fence = head.next_offset
    place = (id_, head.topic, head.partition)
    return StoredHead(*place, frontier.size, head.next_offset, frontier.encode(), fence, frontier.size), rows


def _columns(entry: Entry) -> tuple[Any, ...]:
    """Return what `entry` and `event` repeat of a header: of a duplicate the id alone."""
    columns = fact_columns(entry.header)
    return columns if entry.kind == "event" else (columns[0], *[None] * (len(columns) - 1))


@st.composite
def topics(draw: st.DrawFn, *, min_size: int = 1) -> list[Record]:
    """Draw the records of one partition: events, some of them twice, poison, null values; offsets with holes."""
    ids = [UUID(int=n) for n in range(1, 4)]
    kinds = draw(st.lists(st.sampled_from(["new", "poison", "null", *ids]), min_size=min_size, max_size=24))
    offset, records = draw(st.integers(0, 1_000)), []
    for kind in kinds:
        offset += draw(st.sampled_from([1, 1, 1, 5]))
        value: bytes | None = None
        if kind == "poison":
            value = POISON
        elif kind != "null":
            value = event_bytes() if kind == "new" else event_bytes(event_id=kind)
        records.append(a_record(offset=offset, value=value, key=draw(st.sampled_from([b"k", None, b""]))))
    return records
