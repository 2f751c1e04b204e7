"""`python -m tests.bench.sensors`: invent months of work and abuse, and print how well each sensor tells them apart."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from deploy.local.report import say
from services.audit.domain.sensors import NAMES
from shared.db.pool import open_pool
from shared.logging import configure_logging
from tests.bench.sensors.measure import Score, invent, measure
from tests.servers import drop_database, make_database, postgres_server

SEEDS = (301, 302, 303, 304, 305)
"""Not those that thresholds were chosen on, which are 1 to 4."""


async def measure_seeds(url: str, seeds: list[int]) -> tuple[dict[str, Score], list[str]]:
    """Return the scores of some worlds together, each followed on a database of its own, and their mistakes."""
    scores, wrong = {name: Score() for name in NAMES}, list[str]()
    for seed in seeds:
        database = await make_database(url, f"sensors_{seed}", services=("audit",))
        pool = await open_pool(database.url("audit"), size=2, name="bench-sensors")
        started, world = time.monotonic(), invent(seed)
        found, mistakes = await measure(pool, world)
        await pool.close()
        await drop_database(url, f"sensors_{seed}")
        scores = {name: scores[name] + found[name] for name in NAMES}
        wrong += mistakes
        say(f"seed {seed}: {sum(1 for _ in world.events()):,} events in {time.monotonic() - started:.0f} s")
    return scores, wrong


def main() -> int:
    """Run the bench; return 0, whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sensors", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="default: %(default)s")
    options = parser.parse_args()
    configure_logging("bench", "sensors", "ERROR")
    with tempfile.TemporaryDirectory(prefix="cets-bench-") as folder, postgres_server(Path(folder)) as url:
        scores, wrong = asyncio.run(measure_seeds(url, options.seeds))
    for line in wrong:
        say(line)
    say(f"{'sensor':<12} {'flags':>6} {'right':>6} {'precision':>10} {'planted':>8} {'found':>6} {'recall':>7}")
    for name, each in scores.items():
        say(
            f"{name:<12} {each.flagged:>6} {each.right:>6} {each.precision:>10.3f} {each.planted:>8} {each.found:>6}"
            f" {each.recall:>7.3f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
