"""What of a record must outlive its body, as canonical bytes; the package's docstring gives the format.

The values are tuples: one is made for each record that is written or verified, and a tuple is made several times faster
than a frozen dataclass.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

FORMAT = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)

_FIXED = struct.Struct(">BBIqqqq16s32s32s7H")
# Of the same bytes, what the columns repeat: format, flags, partition, offset, time, event id and lengths.
_SHOWN = struct.Struct(">BBIq16xq16s64x7H")
_KEY, _PRODUCER, _SEQ, _MAC, _EVENT, _ACTOR = (1 << bit for bit in range(6))
_TOLD = _EVENT | _ACTOR
_HASH_ABSENT, _ID_ABSENT = bytes(32), bytes(16)


class BadHeader(ValueError):
    """The bytes are not a header of this format."""


class Facts(NamedTuple):
    """What an event's envelope says about it."""

    event_id: UUID
    type: str
    occurred_at: datetime
    """UTC."""
    subject_kind: str
    subject_id: str
    actor_id: str | None
    outcome: str


FACTS = Facts._fields
"""What is repeated of an event's header: the id beside it in `entry`, the rest in `event`."""


class Header(NamedTuple):
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

    @property
    def moment(self) -> datetime | None:
        """When what the record tells of happened, or when it was sent (UTC); None when it does not say."""
        if self.facts is not None:
            return self.facts.occurred_at
        try:
            return EPOCH + self.timestamp_ms * MILLISECOND if self.timestamp_ms > 0 else None
        except OverflowError:
            return None


def encode_header(header: Header) -> bytes:
    """Return the canonical bytes: fields of fixed length, lengths of the texts, texts."""
    topic, partition, offset, timestamp_ms, key_hash, producer, seq, mac, facts = header
    flags, event_id, occurred = 0, _ID_ABSENT, 0
    shown: tuple[str, ...] = ("", "", "", "", "")
    if facts is not None:
        event_id, occurred = facts.event_id.bytes, (facts.occurred_at - EPOCH) // MICROSECOND
        shown = (facts.type, facts.subject_kind, facts.subject_id, facts.actor_id or "", facts.outcome)
        flags = _EVENT if facts.actor_id is None else _EVENT | _ACTOR
    if key_hash is not None:
        flags |= _KEY
    if producer is not None:
        flags |= _PRODUCER
    if seq is not None:
        flags |= _SEQ
    if mac is not None:
        flags |= _MAC
    texts = (topic, producer or "", *shown)
    whole = "".join(texts)
    fixed = _FIXED.pack(
        FORMAT,
        flags,
        partition,
        offset,
        timestamp_ms,
        seq or 0,
        occurred,
        event_id,
        key_hash or _HASH_ABSENT,
        mac or _HASH_ABSENT,
        # Most are ASCII, and have as many bytes as letters.
        *map(len, texts if whole.isascii() else [text.encode() for text in texts]),
    )
    return fixed + whole.encode()


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
        if _FIXED.size + sum(lengths) != len(raw):
            raise BadHeader("another length")
        topic, producer, type_, subject_kind, subject_id, actor_id, outcome = _texts(raw[_FIXED.size :], lengths)
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


def _texts(raw: bytes, lengths: Sequence[int]) -> list[str]:
    """Return the texts that have so many bytes each, and all of these together."""
    # In ASCII, as most are, letters are cut as bytes are, and all are decoded at once.
    whole: str | bytes = raw.decode("ascii") if raw.isascii() else raw
    texts, start = [], 0
    for length in lengths:
        text = whole[start : (start := start + length)]
        texts.append(text if isinstance(text, str) else text.decode())
    return texts


def is_plainly(raw: bytes, topic: bytes, partition: int, offset: int, facts: Sequence[Any]) -> bool:
    """Return whether the bytes are surely the header of an event with this place and these `FACTS`, all in ASCII.

    If not, only `decode_header` says what they are. This is several times faster, and most headers are plain.
    """
    try:
        event_id, type_, occurred_at, kind, subject, actor, outcome = facts
        format_, flags, in_partition, at_offset, occurred, id_bytes, *lengths = _SHOWN.unpack_from(raw)
        topic_bytes, producer_bytes, type_bytes, kind_bytes, subject_bytes, actor_bytes, outcome_bytes = lengths
        said = actor or ""
        texts = f"{type_}{kind}{subject}{said}{outcome}"
        producer = _SHOWN.size + topic_bytes
        end = producer + producer_bytes
        return (
            id_bytes == event_id.bytes
            and len(raw) == end + len(texts)
            and raw[end:] == texts.encode()
            and type_bytes == len(type_)
            and kind_bytes == len(kind)
            and subject_bytes == len(subject)
            and actor_bytes == len(said)
            and outcome_bytes == len(outcome)
            and raw[_SHOWN.size : producer] == topic
            and raw[_SHOWN.size :].isascii()
            and EPOCH + MICROSECOND * occurred == occurred_at
            and at_offset == offset
            and in_partition == partition
            and format_ == FORMAT
            and flags & _TOLD == (_EVENT if actor is None else _TOLD)
        )
    except (TypeError, AttributeError, OverflowError, struct.error):
        return False


def fact_columns(header: Header) -> tuple[Any, ...]:
    """Return the values of the columns `FACTS`."""
    return header.facts or (None,) * len(FACTS)
