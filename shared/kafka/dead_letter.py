"""What becomes of a record that cannot be read: a dead letter with its bytes, origin and reason; and the ceiling.

Too many dead letters mean a bad release or a wrong topic, not bad data; then the worker stops instead of draining a
topic into the bin.
"""

import base64
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.errors import CetsError, Rejected
from shared.kafka.consume import Record
from shared.kafka.outbox import Outgoing

WINDOW_RECORDS = 1_000
WINDOW_SHARE_MAX = 0.05
REASON_CHARS_MAX = 300
HEADERS_CHARS_MAX = 16_384
"""A stranger's record may have more headers than a letter can carry along; then it carries none of them."""

LETTER_BYTES_MAX = 900_000
"""Key and value of a letter; with its headers it is still a record that the relay can send. Our events are smaller."""


class TooManyDeadLetters(CetsError):
    """The ceiling is passed: the batch is not kept, the worker stops, and someone must look."""


class Ceiling:
    """Counts dead letters: at most `in_row_max` one after another, and 5 % of the last 1,000 records."""

    def __init__(self, in_row_max: int) -> None:
        self._in_row_max = in_row_max
        self._in_row = 0
        self._window: deque[bool] = deque(maxlen=WINDOW_RECORDS)

    def count(self, *, is_dead: bool) -> None:
        """Take one more record into account.

        Raises:
            TooManyDeadLetters: this one passes a limit.
        """
        self._window.append(is_dead)
        self._in_row = self._in_row + 1 if is_dead else 0
        if self._in_row > self._in_row_max:
            raise TooManyDeadLetters(f"{self._in_row} records in a row could not be read")
        if len(self._window) == WINDOW_RECORDS and sum(self._window) > WINDOW_SHARE_MAX * WINDOW_RECORDS:
            raise TooManyDeadLetters(f"{sum(self._window)} of the last {WINDOW_RECORDS} records could not be read")


def dead_letter(record: Record, *, topic: str, group: str, error: Rejected) -> Outgoing:
    """Return the letter for `topic`: the record's own key and bytes, and in headers what is wrong and where it lay.

    A letter must always be one that Kafka's client can send, or nothing would be relayed behind it. So of a record that
    is far larger than any event of ours it holds the size alone; the record's place and the audit log have its bytes.
    """
    headers = {
        "dlq-error": error.detail[:REASON_CHARS_MAX],
        "dlq-group": group,
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.offset),
        "dlq-timestamp-ms": str(record.timestamp_ms),
    }
    # A stranger's header may have no value at all, whatever its type says, and a name that is not UTF-8.
    packed = json.dumps(
        [[name, base64.b64encode(value or b"").decode()] for name, value in record.headers], separators=(",", ":")
    )
    if record.headers and len(packed) <= HEADERS_CHARS_MAX:
        headers["dlq-headers"] = packed
    key, value = record.key, record.value
    if len(key or b"") + len(value or b"") > LETTER_BYTES_MAX:
        headers["dlq-bytes"] = str(len(key or b"") + len(value or b""))
        key = value = None
    # aiokafka sends no record that has neither.
    return Outgoing(topic=topic, key=b"" if key is value is None else key, value=value, headers=headers)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: the record as it lay on its own topic, which group refused it, when and why."""

    record: Record
    group: str
    error: str
    refused_at: datetime

    @property
    def event_id(self) -> UUID | None:
        """The event's id, if that much can be read."""
        try:
            return UUID(json.loads(self.record.value or b"")["event_id"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def read_letter(found: Record) -> Letter | None:
    """Return what a record of a dead-letter topic says, or None when it is no letter.

    Letters written by a release that did not carry a record's headers and time along give it none, and their own time.
    """
    headers = dict(found.headers)
    try:
        packed = json.loads(headers.get("dlq-headers", b"[]"))
        record = Record(
            topic=headers["dlq-topic"].decode(),
            partition=int(headers["dlq-partition"]),
            offset=int(headers["dlq-offset"]),
            key=found.key,
            value=found.value,
            headers=tuple((name, base64.b64decode(value)) for name, value in packed),
            timestamp_ms=int(headers.get("dlq-timestamp-ms", found.timestamp_ms)),
        )
        refused_at = datetime.fromtimestamp(found.timestamp_ms / 1000, UTC)
        return Letter(record, headers["dlq-group"].decode(), headers["dlq-error"].decode(), refused_at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
