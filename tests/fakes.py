"""Stand-ins at the border: a clock whose time a test sets."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved; its ids are real UUIDv7, so that their order is the order made."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def new_id(self) -> UUID:
        return uuid_utils.compat.uuid7()

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
