"""Limits on processor time, on a machine that may be slow just now: who shares its cores takes their caches."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

STEPS, STEPS_S = 3_000_000, 0.165
"""What so many steps of a plain loop take on the machine for which limits are written."""


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Fail when what is done inside takes more processor time, on a machine on which a plain loop takes no longer."""
    started = time.process_time()
    yield
    taken = time.process_time() - started
    if taken >= limit_s:
        allowed = limit_s * _steps_s() / STEPS_S
        assert taken < allowed, f"{taken:.2f} s of processor time, not {allowed:.2f}"


def _steps_s() -> float:
    started = time.process_time()
    sum(number * number for number in range(STEPS))
    return time.process_time() - started
