"""What a measurement cost the processor: the load's share, the stack's, and that of whatever else ran here."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from deploy.local.layout import KINDS, SERVICES
from deploy.local.processes import find_supervised, find_supervisor
from tests.bench.figures import Figure
from tests.fault.stack import Stack

RSS_MAX_MB = 200


@dataclass(frozen=True, slots=True)
class Share:
    """Processors kept busy, on average: 1.0 is one whole core."""

    phase: str
    seconds: float
    load: float
    stack: float
    others: float
    """The rest of the machine. When it is not near 0, the figures of this phase are worse than they would be."""


class Usage:
    """Keeps the shares of each phase."""

    def __init__(self, stack: Stack) -> None:
        self.shares: list[Share] = []
        self._stack = stack

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        """Note what is used until the block ends."""
        started, busy, load, stack = time.monotonic(), _busy_s(), _load_s(), self._stack_s()
        yield
        seconds = time.monotonic() - started
        load_share, all_share = (_load_s() - load) / seconds, (_busy_s() - busy) / seconds
        stack_share = (self._stack_s() - stack) / seconds
        others = max(0.0, all_share - load_share - stack_share)
        self.shares.append(Share(phase, seconds, load_share, stack_share, others))

    def _stack_s(self) -> float:
        """Processor time of all that the stack ever ran: what ended is counted with the process that started it."""
        supervisor = find_supervisor(self._stack.home / "supervisord.conf")
        used = 0.0
        for process in (*find_supervised(self._stack.home), *filter(None, [supervisor])):
            with suppress(psutil.Error):
                used += sum(process.cpu_times()[:4])
        return used


def memory(stack: Stack) -> list[Figure]:
    """Return the resident memory of each process of the stack, at this moment.

    Raises:
        RuntimeError: a process is not there.
    """
    figures = []
    for name in (*(f"{service}-{kind}" for service in SERVICES for kind in KINDS), "kafka", "postgres"):
        process = stack.find(name)
        if process is None:
            raise RuntimeError(f"{name} does not run at the end of the bench")
        is_ours = name not in ("kafka", "postgres")
        size_mb = process.memory_info().rss / 1e6
        figures.append(Figure(f"RSS {name}", size_mb, "MB", RSS_MAX_MB if is_ours else None, is_limit=True))
    return figures


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _load_s() -> float:
    """Processor time of this process and its finished children (the race's contenders), user and system."""
    return float(sum(psutil.Process().cpu_times()[:4]))
