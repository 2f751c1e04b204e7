"""`make bench-linking`, `python -m tests.bench.linking`: let every linker at every world, print the table."""

import argparse
import importlib
import importlib.util
import os
import pkgutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.layout import CHECKOUT
from deploy.local.report import Refused, say, step
from shared.logging import configure_logging
from tests.bench.linking import worlds
from tests.bench.linking.baselines import (
    link_all_values,
    link_strong_values,
    link_subject_values,
    link_with_splink,
)
from tests.bench.linking.in_memory import link_in_memory
from tests.bench.linking.product import Tell, linker_at
from tests.bench.linking.report import Result, print_results, write_results
from tests.bench.linking.score import Attempt, score_clusters
from tests.bench.linking.world import World

SEEDS, SIZES = (1, 2, 3), (5_000, 50_000)
QUICK_SEEDS, QUICK_SIZES = (1,), (2_000,)
LINKERS = ("cets", "subject", "all", "strong", "splink")
ALSO = ("memory",)
"""Taken when named: CETS's decisions without a database, in a tenth of the time."""
JSON_FILE = CHECKOUT / ".cache" / "bench-linking.json"

Generate = Callable[[int, int], World]
Linker = Callable[[World, Tell], Sequence[Attempt]]


def find_worlds() -> dict[str, Generate]:
    """Return the generators by name: every module of `worlds` that has one."""
    names = sorted(found.name for found in pkgutil.iter_modules(worlds.__path__))
    modules = {name: importlib.import_module(f"{worlds.__name__}.{name}") for name in names}
    return {name: module.generate for name, module in modules.items() if hasattr(module, "generate")}


@contextmanager
def linkers_of(names: Sequence[str]) -> Iterator[dict[str, Linker]]:
    """Yield the linkers of these names; what they need runs until the block ends.

    Raises:
        Refused: one needs what is not installed.
    """
    if "splink" in names and importlib.util.find_spec("splink") is None:
        raise Refused("Splink is not installed: `make bench-linking` installs it, or leave it out with --linker.")
    with ExitStack() as stack:
        linkers: dict[str, Linker] = {
            "subject": lambda world, _: [link_subject_values(world)],
            "all": lambda world, _: [link_all_values(world)],
            "strong": lambda world, _: [link_strong_values(world)],
            "splink": lambda world, _: link_with_splink(world),
            "memory": lambda world, _: [link_in_memory(world)],
        }
        if "cets" in names:
            home = tempfile.TemporaryDirectory(prefix="cets-linking-", ignore_cleanup_errors=True)
            link = stack.enter_context(linker_at(Path(stack.enter_context(home))))
            linkers["cets"] = lambda world, tell: [link(world, tell)]
        yield {name: linkers[name] for name in names}


def measure(
    generators: Mapping[str, Generate], linkers: Mapping[str, Linker], sizes: Sequence[int], seeds: Sequence[int]
) -> Iterator[Result]:
    """Yield what each linker made of each world, as it comes."""
    for name, generate in generators.items():
        for size in sizes:
            for seed in seeds:
                title = f"{name}, {size:,} tips, seed {seed}"
                with step(f"{title}: generating"):
                    world = generate(seed, size)
                    if len(world.tips) != size:
                        raise RuntimeError(f"{title}: the world has {len(world.tips)} tips")
                for linker, link in linkers.items():
                    with step(f"{title}: {linker}") as tell:
                        attempts = link(world, tell)
                    for attempt in attempts:
                        yield _result(world, attempt)


def main() -> int:
    """Run the bench; return 0 whatever the figures say, 1 when it could not measure."""
    options = _parser().parse_args()
    configure_logging("bench", "linking", "ERROR")
    started_at = datetime.now(UTC)
    generators = find_worlds()
    results: list[Result] = []
    try:
        if unknown := [name for name in options.worlds or () if name not in generators]:
            raise Refused(f"no world is called {', '.join(unknown)}; there are {', '.join(generators) or 'none'}.")
        wanted = {name: generators[name] for name in options.worlds or generators}
        say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start: above 0.5, others slow this down")
        with linkers_of(options.linker) as linkers:
            sizes = options.sizes or (QUICK_SIZES if options.quick else SIZES)
            seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
            for result in measure(wanted, linkers, sizes, seeds):
                say(f"  {_sentence(result)}")
                results.append(result)
    except Refused as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        say("Interrupted; this is what was measured until then.")
        return 130
    finally:
        if results:
            print_results(results)
            about = {"started_at": started_at.isoformat(), "cores": os.cpu_count(), "load": os.getloadavg()}
            write_results(options.json, results, about)
            say(f"The figures are in {options.json}")
    return 0


def _result(world: World, attempt: Attempt) -> Result:
    score = None if attempt.clusters is None else score_clusters(attempt.clusters, world.actors)
    return Result(world.kind, len(world.tips), world.seed, attempt.linker, attempt.seconds, score, attempt.note)


def _sentence(result: Result) -> str:
    if result.score is None:
        return f"{result.linker}: {result.note}"
    score = result.score
    return (
        f"{result.linker}: F1 {score.f1:.3f}, precision {score.precision:.3f}, recall {score.recall:.3f}, largest"
        f" {score.largest} of {score.largest_true}, {result.tips_per_s:,.0f} tips/s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.linking",
        description="Let our linker and simpler ones link generated worlds whose truth is known, and print how well "
        "and how fast they did, beside the targets. Nothing else should run on the machine.",
    )
    add = parser.add_argument
    add("--worlds", type=_words, metavar="NAMES", help="kinds of worlds, by comma (default: all there are)")
    add("--seeds", type=_numbers, metavar="NUMBERS", help="a world from each (default: 1,2,3)")
    add("--sizes", type=_numbers, metavar="NUMBERS", help="tips of a world (default: 5000,50000)")
    add(
        "--linker",
        type=_linkers,
        default=LINKERS,
        metavar="NAMES",
        help=f"which ones (default: {','.join(LINKERS)}; memory)",
    )
    add("--json", type=Path, default=JSON_FILE, metavar="FILE", help="where the figures go (default: %(default)s)")
    add("--quick", action="store_true", help="one small world of each kind: to try the bench, not to quote")
    return parser


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _numbers(text: str) -> list[int]:
    numbers = [int(word.replace("_", "")) for word in _words(text)]
    if not all(number > 0 for number in numbers):
        raise argparse.ArgumentTypeError("numbers above 0 are wanted")
    return numbers


def _linkers(text: str) -> list[str]:
    there_are = (*LINKERS, *ALSO)
    if unknown := [word for word in _words(text) if word not in there_are]:
        raise argparse.ArgumentTypeError(f"no linker is called {', '.join(unknown)}; there are {', '.join(there_are)}")
    return _words(text)


if __name__ == "__main__":
    raise SystemExit(main())
