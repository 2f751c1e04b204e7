"""`make bench`, `python -m tests.bench`: measure everything on a fresh stack, print the table, write the document."""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import psutil

from deploy.local.layout import CHECKOUT
from deploy.local.report import say, step
from deploy.local.synth import SyntheticTip, generate
from tests.bench.audit import measure_audit
from tests.bench.delay import measure_delays
from tests.bench.figures import Figure, print_table, write_json
from tests.bench.race import race
from tests.bench.tips import Sources, measure_batches, measure_singles
from tests.bench.usage import Usage, memory
from tests.bench.watch import watching
from tests.fault.stack import Stack, running_stack

SEED = 20_261_125
JSON_FILE = CHECKOUT / ".cache" / "bench.json"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    batch_tips: int
    audit_tips: int
    single_tips: int
    """As many as can be posted one by one before they run out."""
    race_rows: int
    rounds: int
    singles_round_s: float
    delay_round_s: float


FULL = Size(60_000, 10_000, 30_000, 20_000, rounds=3, singles_round_s=5, delay_round_s=15)
QUICK = Size(6_000, 2_000, 10_000, 5_000, rounds=1, singles_round_s=2, delay_round_s=6)


async def measure(stack: Stack, usage: Usage, size: Size) -> list[Figure]:
    """Return every figure, in the order in which it was measured: the later ones on a system that holds the tips."""
    figures: list[Figure] = []
    sources = Sources(stack)
    with step("Inventing tips"):
        world: Iterator[SyntheticTip] = generate(SEED, size.batch_tips + size.audit_tips + size.single_tips)
        batches = sources.batches(islice(world, size.batch_tips))
        audited = sources.batches(islice(world, size.audit_tips))
        posts = iter(sources.singles(world))
    async with watching(stack) as delivery:
        await delivery.drained()
        with step("Batches, and their backlog"), usage.of("batches"):
            figures += await measure_batches(stack, delivery, batches)
        batches.clear()
        with step("Single posts"), usage.of("single posts"):
            figures += await measure_singles(stack, delivery, posts, rounds=size.rounds, round_s=size.singles_round_s)
        with step("Tip to lead and office"), usage.of("tip to lead and office"):
            figures += await measure_delays(
                stack, delivery, sources, posts, rounds=size.rounds, round_s=size.delay_round_s
            )
        figures_of_memory = memory(stack)
        with step("Audit"), usage.of("audit"):
            figures += await measure_audit(stack, delivery, audited)
        with step("Pump, batched inserts, Faust agent"), usage.of("pump, batched inserts, Faust agent"):
            figures += await race(stack, rows=size.race_rows, rounds=size.rounds)
    return figures + figures_of_memory


def main() -> int:
    """Run the bench; return 0, whatever the figures say."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure speed and delay on a fresh stack, print the figures beside their targets, and write them "
        "as JSON. Takes some minutes; nothing else should run on the machine.",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: to try the bench, not to quote")
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args()
    started, started_at = time.monotonic(), datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="cets-bench-", ignore_cleanup_errors=True) as folder,
        running_stack(Path(folder) / "home") as stack,
    ):
        usage = Usage(stack)
        figures = asyncio.run(measure(stack, usage, QUICK if options.quick else FULL))
    print_table(figures)
    for share in usage.shares:
        say(
            f"{share.phase} ({share.seconds:.0f} s): the load kept {share.load:.2f} cores busy, the stack"
            f" {share.stack:.2f}, everything else on the machine {share.others:.2f}"
        )
    about = {
        "started_at": started_at.isoformat(),
        "seconds": round(time.monotonic() - started, 1),
        "is_quick": options.quick,
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "processor_use": [asdict(share) for share in usage.shares],
    }
    write_json(options.json, figures, about)
    say(f"{about['seconds']} s in all; the figures are in {options.json}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
