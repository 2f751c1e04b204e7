"""Limits on processor time, on a machine that may be slow just now: who shares its cores takes their caches."""

import time
from collections.abc import Callable

ATTEMPTS = 3
STEPS, STEPS_S = 1_000_000, 0.055
"""How long so many calls of a small function take on the machine for which limits are written."""


def takes_at_most(limit_s: float, work: Callable[[], object]) -> None:
    """Do it; fail when that takes more processor time, three times, where calls take no longer than they should."""
    for _ in range(ATTEMPTS):
        taken = _processor_s(work)
        allowed = limit_s if taken < limit_s else limit_s * _processor_s(_steps) / STEPS_S
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
