"""What a worker does its work with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.kafka.consume import Progress


class Part(Protocol):
    """Something that runs in a worker until it is told to drain: a pump, a relay, something `Periodic`."""

    async def run(self) -> None:
        """Work until drained; an exception ends the worker."""
        ...

    def drain(self) -> None:
        """Finish what is in hand and let `run` return."""
        ...


@dataclass(frozen=True, slots=True)
class Built:
    """A worker's parts, and what to close after them."""

    parts: Sequence[Part]
    progress: Sequence[Progress]
    close: Callable[[], Awaitable[None]]
