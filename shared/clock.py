"""Time and ids as arguments: handlers are given a `Clock`, so that tests and replays decide what now is."""

from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import uuid_utils.compat


class Clock(Protocol):
    """Where a handler gets the time and fresh ids from."""

    def now(self) -> datetime:
        """Return the present moment, in UTC, to the microsecond."""
        ...

    def new_id(self) -> UUID:
        """Return a new UUIDv7; ids of one process are strictly increasing."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return uuid_utils.compat.uuid7()
