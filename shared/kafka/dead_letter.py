"""What becomes of a record that cannot be read: a dead letter with its bytes, origin and reason; and the ceiling.

Too many dead letters mean a bad release or a wrong topic, not bad data; then the worker stops instead of draining a
topic into the bin.
"""

from collections import deque

from shared.errors import CetsError, Rejected
from shared.kafka.consume import Record
from shared.kafka.outbox import Outgoing

WINDOW_RECORDS = 1_000
WINDOW_SHARE_MAX = 0.05
REASON_CHARS_MAX = 300


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
    """Return the letter for `topic`: the record's own key and bytes, and in headers what is wrong and where it lay."""
    return Outgoing(
        topic=topic,
        key=record.key,
        value=record.value,
        headers={
            "dlq-error": error.detail[:REASON_CHARS_MAX],
            "dlq-group": group,
            "dlq-topic": record.topic,
            "dlq-partition": str(record.partition),
            "dlq-offset": str(record.offset),
        },
    )
