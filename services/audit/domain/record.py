"""A Kafka record read for the log: its body as canonical bytes, and its header. Nothing is ever refused."""

import hashlib
from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from struct import Struct
from typing import Protocol

from services.audit.domain.header import Facts, Header
from shared.errors import Rejected
from shared.events.envelope import decode
from shared.events.topics import DEAD_LETTER_SUFFIX

FACTS_BYTES_MAX = 500
"""Of an event's texts together. Ours are far shorter; the bound keeps every entry of an index small."""
PRODUCER_BYTES_MAX = 200
FIRST_YEAR, LAST_YEAR = 2, 9998
"""The calendar's very ends stand for minus and plus infinity in PostgreSQL's client."""
SEQ_DIGITS_MAX = 18
MAC_HEX_DIGITS = 64
ANY_BYTES = "surrogateescape"
"""How a header's name comes that is not UTF-8: the bytes are kept."""

_NULL = b"\xff\xff\xff\xff"
_length = Struct(">I").pack


class Record(Protocol):
    """A record as the pump gives it. Kafka allows null for a header's value, whatever the type says."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...
    @property
    def timestamp_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Body:
    """What a body holds."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def encode_body(record: Record) -> bytes:
    """Return key, value and headers as they lay on Kafka, each with its length."""
    parts = [_sized(record.key), _sized(record.value), _length(len(record.headers))]
    for name, value in record.headers:
        parts += (_sized(name.encode("utf-8", ANY_BYTES)), _sized(value))
    return b"".join(parts)


def decode_body(raw: bytes) -> Body:
    """Return what a body holds: the way back, for whoever reads the log."""
    key, place = _part(raw, 0)
    value, place = _part(raw, place)
    headers = []
    for _ in range(int.from_bytes(raw[place : (place := place + 4)], "big")):
        name, place = _part(raw, place)
        said, place = _part(raw, place)
        headers.append(((name or b"").decode("utf-8", ANY_BYTES), said))
    return Body(key, value, tuple(headers))


def read_header(record: Record) -> Header:
    """Return what of the record outlives its body."""
    # Of several with one name the first counts.
    marks = dict(reversed(record.headers))
    return Header(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp_ms,
        key_hash=None if record.key is None else hashlib.sha256(record.key).digest(),
        producer=_producer(marks.get("producer")),
        seq=_seq(marks.get("seq")),
        mac=_mac(marks.get("mac")),
        facts=_facts(record),
    )


def _facts(record: Record) -> Facts | None:
    """Return what the envelope says, or None for a record that is opaque to us."""
    if record.topic.endswith(DEAD_LETTER_SUFFIX):
        return None
    try:
        envelope = decode(record.value)
        occurred_at = envelope.occurred_at
        if occurred_at.utcoffset():
            occurred_at = occurred_at.astimezone(UTC)
    except (Rejected, OverflowError):
        return None
    if not FIRST_YEAR <= occurred_at.year <= LAST_YEAR:
        return None
    outcome = envelope.payload.get("outcome")
    facts = Facts(
        event_id=envelope.event_id,
        type=envelope.type,
        occurred_at=occurred_at,
        subject_kind=envelope.subject.kind,
        subject_id=envelope.subject.id,
        actor_id=None if envelope.actor is None else envelope.actor.id,
        outcome=outcome if isinstance(outcome, str) else "ok",
    )
    texts = facts.type + facts.subject_kind + facts.subject_id + (facts.actor_id or "") + facts.outcome
    return facts if len(texts.encode()) <= FACTS_BYTES_MAX else None


def _producer(mark: bytes | None) -> str | None:
    if mark is None or len(mark) > PRODUCER_BYTES_MAX:
        return None
    try:
        return mark.decode()
    except UnicodeDecodeError:
        return None


def _seq(mark: bytes | None) -> int | None:
    return int(mark) if mark is not None and mark.isdigit() and len(mark) <= SEQ_DIGITS_MAX else None


def _mac(mark: bytes | None) -> bytes | None:
    if mark is None or len(mark) != MAC_HEX_DIGITS:
        return None
    try:
        return unhexlify(mark)
    except ValueError:
        return None


def _part(raw: bytes, place: int) -> tuple[bytes | None, int]:
    """Return what is written at a place of a body, and where it ends."""
    start = place + 4
    length = raw[place:start]
    if length == _NULL:
        return None, start
    end = start + int.from_bytes(length, "big")
    return raw[start:end], end


def _sized(part: bytes | None) -> bytes:
    return _NULL if part is None else _length(len(part)) + part
