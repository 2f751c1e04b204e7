"""What a batch of records adds to the log of one partition."""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple
from uuid import UUID

from services.audit.domain.header import Header, encode_header
from services.audit.domain.merkle import Frontier, leaf_hash
from services.audit.domain.record import Record, encode_body, read_header
from shared.errors import CetsError

Kind = Literal["event", "duplicate", "opaque"]


class NotNext(CetsError):
    """A record does not follow the log's end: another writer is at work, or the group's fence was moved back."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a partition's log."""

    id: int
    topic: str
    partition: int
    next_offset: int
    """No entry has this offset or a later one."""
    frontier: Frontier


class Reading(NamedTuple):
    """A record read, not yet in the log: all of its entry that does not depend on the entries before it."""

    header: Header
    header_bytes: bytes
    body: bytes
    commit: bytes
    leaf: bytes

    @property
    def event_id(self) -> UUID | None:
        """The event's id, unless the record is opaque."""
        facts = self.header.facts
        return None if facts is None else facts.event_id


# Not frozen: one is made for each record, and this is twice as fast.
@dataclass(slots=True)
class Entry:
    """A row of the log."""

    index: int
    kind: Kind
    header: Header
    header_bytes: bytes
    body: bytes
    commit: bytes
    leaf: bytes


def read(record: Record) -> Reading:
    """Return a record's header and body, and their hashes."""
    header, body = read_header(record), encode_body(record)
    header_bytes, commit = encode_header(header), hashlib.sha256(body).digest()
    return Reading(header, header_bytes, body, commit, leaf_of(header_bytes, commit))


def extend(head: Head, readings: Sequence[Reading], known: Set[UUID]) -> tuple[Head, list[Entry]]:
    """Return the log's new end and the entries between, one for each reading of this partition, in offset order.

    `known` holds those event ids of the readings that the log has already.

    Raises:
        NotNext: the readings do not follow the log's end in strictly growing offsets.
    """
    seen = set(known)
    next_offset, entries = head.next_offset, []
    for index, reading in enumerate(readings, head.frontier.size):
        if reading.header.offset < next_offset:
            raise NotNext(
                f"{head.topic}[{head.partition}] has everything below offset {next_offset} already, and was given "
                f"{reading.header.offset}: another writer is at work, or the fence was moved back"
            )
        next_offset = reading.header.offset + 1
        event_id = reading.event_id
        entries.append(Entry(index, _kind(event_id, seen), *reading))
        if event_id is not None:
            seen.add(event_id)
    frontier = head.frontier.extend(entry.leaf for entry in entries)
    return replace(head, next_offset=next_offset, frontier=frontier), entries


def leaf_of(header_bytes: bytes, commit: bytes) -> bytes:
    """Return an entry's leaf."""
    return leaf_hash(header_bytes + commit)


def _kind(event_id: UUID | None, seen: Set[UUID]) -> Kind:
    if event_id is None:
        return "opaque"
    return "duplicate" if event_id in seen else "event"
