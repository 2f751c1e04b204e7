"""A worker's part that does something again and again, with pauses."""

import asyncio
from abc import ABC, abstractmethod

import structlog

from shared.db.pool import TRANSIENT

log = structlog.get_logger()


class Periodic(ABC):
    """Does its work, waits `period_s`, and so on until drained; an error that passes postpones the work."""

    def __init__(self, *, period_s: float) -> None:
        self._period_s = period_s
        self._draining = asyncio.Event()

    @property
    def is_draining(self) -> bool:
        """Whether the work should come to an end."""
        return self._draining.is_set()

    def drain(self) -> None:
        """Finish what is in hand, then let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Work until drained. An error that does not pass by itself ends the worker."""
        while not self.is_draining:
            try:
                await self.work()
            except TRANSIENT as error:
                log.warning("work_postponed", part=type(self).__name__, error=type(error).__name__)
            await self.rest(self._period_s)

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until drained."""
        try:
            await asyncio.wait_for(self._draining.wait(), timeout=seconds)
        except TimeoutError:
            return

    @abstractmethod
    async def work(self) -> None:
        """Do it once; look at `is_draining` between steps."""
