"""Faults under load. Each run prints its seed, its counts, and the line that repeats it."""

import asyncio
import os
from pathlib import Path

import pytest

from deploy.local.synth import generate
from tests.fault import chaos
from tests.fault.check import check, settle
from tests.fault.load import Load
from tests.fault.stack import running_stack

DEFAULT_SEED = 2
RATE_PER_S = 25.0
DURATION_S = float(os.environ.get("CETS_FAULT_DURATION_S") or 45)
POISON_SHARE = 0.01


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("seed", metafunc.config.getoption("--seed") or [DEFAULT_SEED])


@pytest.mark.timeout(600)
async def test_nothing_is_lost_doubled_or_mixed_up_whatever_dies(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tips, reviews, look-ups at a steady rate; processes, broker and database killed; then everything is counted."""
    tips = list(generate(seed, int(RATE_PER_S * DURATION_S), noise_share=0.4))
    with running_stack(tmp_path / "home") as stack:
        load = Load(stack, tips, rate_per_s=RATE_PER_S, seed=seed)
        faults = chaos.plan(seed, DURATION_S)
        history, harm = await asyncio.gather(
            load.run(),
            chaos.run(stack, faults, poison_count=int(len(tips) * POISON_SHARE), seed=seed, duration_s=DURATION_S),
        )
        # What was learned on the way depends on what had come by then; what is learned now, on the tips alone.
        await settle(stack)
        await asyncio.to_thread(stack.run, "services.linker", "relink")
        verdict = await check(stack, history, harm, seed=seed)
    with capsys.disabled():
        counts = ", ".join(f"{name} {count}" for name, count in verdict.counts.items())
        print(f"\nseed {seed}: {counts}; again with: make test-fault SEED={seed}")
    assert verdict.wrong == [], f"again with: make test-fault SEED={seed}"
