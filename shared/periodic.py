"""A worker's part that does something again and again, with pauses."""

import asyncio
import time
from abc import ABC, abstractmethod
from math import inf

import structlog

from shared.db.pool import TRANSIENT

POSTPONED_MAX_S = 60.0
"""Work that only errors which pass have kept from being done for so long counts as failing too."""
PAUSE_MAX_S = 60.0
"""A part that stands apart is tried again, and told of, at least so often."""

log = structlog.get_logger()


class Periodic(ABC):
    """Does its work, waits `period_s`, and so on until drained; an error that passes postpones the work.

    A part that stands apart takes no other with it: whatever its error, it is tried again, after pauses that grow.
    """

    def __init__(self, *, period_s: float, stands_apart: bool = False) -> None:
        self._period_s = period_s
        self._stands_apart = stands_apart
        self._draining = asyncio.Event()
        self._fails_from = inf
        """From when on (monotonic seconds) it counts as failing, if it is not done by then."""

    @property
    def is_draining(self) -> bool:
        """Whether the work should come to an end."""
        return self._draining.is_set()

    @property
    def is_failing(self) -> bool:
        """Whether an error that does not pass by itself came since the work was last done, or others for a minute."""
        return time.monotonic() >= self._fails_from

    def drain(self) -> None:
        """Finish what is in hand, then let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Work until drained. An error that does not pass by itself ends the worker, unless this part stands apart."""
        pause_s = self._period_s
        while not self.is_draining:
            try:
                await self.work()
                self._fails_from, pause_s = inf, self._period_s
            except TRANSIENT as error:
                self._fails_from = min(self._fails_from, time.monotonic() + POSTPONED_MAX_S)
                log.warning("work_postponed", part=type(self).__name__, error=type(error).__name__)
            # A bug, or a state that a person must see: that is told, and what does not rest on this part goes on.
            except Exception as error:
                if not self._stands_apart:
                    raise
                self._fails_from = time.monotonic()
                pause_s = max(min(pause_s * 2, PAUSE_MAX_S), self._period_s)
                log.error("part_failed", part=type(self).__name__, error=type(error).__name__, exc_info=error)
            await self.rest(pause_s)

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until drained."""
        try:
            await asyncio.wait_for(self._draining.wait(), timeout=seconds)
        except TimeoutError:
            return

    @abstractmethod
    async def work(self) -> None:
        """Do it once; look at `is_draining` between steps."""
