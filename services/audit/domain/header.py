"""What of a record must outlive its body, as canonical bytes; the package's docstring gives the format."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

FORMAT = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

FACTS = ("event_id", "type", "occurred_at", "subject_kind", "subject_id", "actor_id", "outcome")
"""The columns of an entry that repeat an event's facts; all are null when it is opaque."""

_FIXED = struct.Struct(">BBIqqqq16s32s32s7H")
_KEY, _PRODUCER, _SEQ, _MAC, _EVENT, _ACTOR = (1 << bit for bit in range(6))
_HASH_ABSENT, _ID_ABSENT = bytes(32), bytes(16)


class BadHeader(ValueError):
    """The bytes are not a header of this format."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event's envelope says about it."""

    event_id: UUID
    type: str
    occurred_at: datetime
    """UTC."""
    subject_kind: str
    subject_id: str
    actor_id: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Header:
    """Where a record lies, who says to have sent it, and which event it is, if it is one."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key_hash: bytes | None
    producer: str | None
    seq: int | None
    mac: bytes | None
    facts: Facts | None


def encode_header(header: Header) -> bytes:
    """Return the canonical bytes: fields of fixed length, lengths of the texts, texts."""
    facts = header.facts
    texts = [header.topic.encode(), (header.producer or "").encode()]
    if facts is None:
        texts += (b"", b"", b"", b"", b"")
    else:
        shown = (facts.type, facts.subject_kind, facts.subject_id, facts.actor_id or "", facts.outcome)
        texts += [text.encode() for text in shown]
    fixed = _FIXED.pack(
        FORMAT,
        _flags(header),
        header.partition,
        header.offset,
        header.timestamp_ms,
        header.seq or 0,
        0 if facts is None else (facts.occurred_at - EPOCH) // MICROSECOND,
        _ID_ABSENT if facts is None else facts.event_id.bytes,
        header.key_hash or _HASH_ABSENT,
        header.mac or _HASH_ABSENT,
        *map(len, texts),
    )
    return fixed + b"".join(texts)


def decode_header(raw: bytes) -> Header:
    """Return the header that has these bytes.

    Raises:
        BadHeader: there is none.
    """
    if raw[:1] != bytes([FORMAT]):
        raise BadHeader("another format")
    try:
        _, flags, partition, offset, timestamp_ms, seq, occurred, event_id, key_hash, mac, *lengths = (
            _FIXED.unpack_from(raw)
        )
        ends = [_FIXED.size]
        for length in lengths:
            ends.append(ends[-1] + length)
        if ends[-1] != len(raw):
            raise BadHeader("another length")
        topic, producer, type_, subject_kind, subject_id, actor_id, outcome = (
            raw[start:end].decode() for start, end in pairwise(ends)
        )
        facts = Facts(
            event_id=UUID(bytes=event_id),
            type=type_,
            occurred_at=EPOCH + MICROSECOND * occurred,
            subject_kind=subject_kind,
            subject_id=subject_id,
            actor_id=actor_id if flags & _ACTOR else None,
            outcome=outcome,
        )
    except (ValueError, OverflowError, struct.error) as error:
        raise BadHeader("fields that cannot be read") from error
    return Header(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp_ms=timestamp_ms,
        key_hash=key_hash if flags & _KEY else None,
        producer=producer if flags & _PRODUCER else None,
        seq=seq if flags & _SEQ else None,
        mac=mac if flags & _MAC else None,
        facts=facts if flags & _EVENT else None,
    )


def fact_columns(header: Header) -> tuple[Any, ...]:
    """Return the values of the columns `FACTS`."""
    facts = header.facts
    if facts is None:
        return (None,) * len(FACTS)
    return (
        facts.event_id,
        facts.type,
        facts.occurred_at,
        facts.subject_kind,
        facts.subject_id,
        facts.actor_id,
        facts.outcome,
    )


def _flags(header: Header) -> int:
    facts = header.facts
    return (
        (header.key_hash is not None) * _KEY
        | (header.producer is not None) * _PRODUCER
        | (header.seq is not None) * _SEQ
        | (header.mac is not None) * _MAC
        | (facts is not None) * _EVENT
        | (facts is not None and facts.actor_id is not None) * _ACTOR
    )
