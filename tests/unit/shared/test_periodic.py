"""A worker's part that does something again and again: what becomes of its errors."""

import asyncio
from collections.abc import Iterator

import pytest

from shared.periodic import Periodic


class Part(Periodic):
    """Fails by each of some errors in turn, is then done, and drained."""

    def __init__(self, *errors: Exception, stands_apart: bool) -> None:
        super().__init__(period_s=0.001, stands_apart=stands_apart)
        self.tries: list[bool] = []
        self._errors: Iterator[Exception] = iter(errors)

    async def work(self) -> None:
        self.tries.append(self.is_failing)
        for error in self._errors:
            raise error
        self.drain()


@pytest.mark.parametrize("stands_apart", [True, False])
async def test_an_error_that_passes_postpones_the_work(stands_apart: bool) -> None:
    part = Part(TimeoutError(), ConnectionResetError(), stands_apart=stands_apart)
    await asyncio.wait_for(part.run(), timeout=5)
    assert part.tries == [False, False, False]


async def test_a_bug_ends_the_worker_but_not_where_a_part_stands_apart() -> None:
    with pytest.raises(ZeroDivisionError):
        await Part(ZeroDivisionError(), stands_apart=False).run()
    part = Part(ZeroDivisionError(), TimeoutError(), stands_apart=True)
    await asyncio.wait_for(part.run(), timeout=5)
    assert part.tries == [False, True, True]
    assert not part.is_failing


async def test_work_that_is_postponed_for_a_minute_counts_as_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.periodic.POSTPONED_MAX_S", 0.0)
    part = Part(TimeoutError(), stands_apart=False)
    await asyncio.wait_for(part.run(), timeout=5)
    assert part.tries == [False, True]
