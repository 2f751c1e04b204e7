"""Limits on time, on a machine that may be slow just now: who shares its cores takes their caches."""

import time
from collections.abc import Callable

ATTEMPTS = 3
STEPS, STEPS_S = 1_000_000, 0.055
"""How long so many calls of a small function take on the machine for which limits are written."""


def slowness() -> float:
    """Return how many times longer than there calls take here and now, at the worst of some tries; 1.0 at least."""
    return max(1.0, *(_processor_s(_steps) / STEPS_S for _ in range(ATTEMPTS)))


def takes_at_most(limit_s: float, work: Callable[[], object]) -> None:
    """Do it; fail when it takes more processor time, by as much as the machine is slow, three times in a row."""
    for _ in range(ATTEMPTS):
        taken = _processor_s(work)
        allowed = limit_s if taken < limit_s else limit_s * slowness()
        if taken < allowed:
            return
    raise AssertionError(f"{taken:.2f} s of processor time, not {allowed:.2f}")


def _processor_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _steps() -> None:
    for number in range(STEPS):
        _step("?'", number)


def _step(text: str, number: int) -> bool:
    return text[number % 2] == "?"
