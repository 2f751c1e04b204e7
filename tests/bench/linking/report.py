"""What the linkers reached beside what is wanted: medians over the seeds, the table, the document."""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.linking.product import NAME as PRODUCT
from tests.bench.linking.score import Score

F1_MIN_BY_KIND: Mapping[str, float] = {"provider": 0.92}
F1_MIN = 0.80
"""For every kind of world that is not named above: what was learned on one must hold on the others."""
PRECISION_MIN = 0.97
LARGEST_RATIO_MAX = 1.5
TIPS_PER_S_MIN = 1_500
TIPS_PER_S_FROM = 50_000
"""The speed is wanted at this many tips, and above."""
WIDTH = 150


@dataclass(frozen=True, slots=True)
class Result:
    """One linker on one world; `score` is None when it was cut."""

    kind: str
    tips: int
    seed: int
    linker: str
    seconds: float
    score: Score | None
    note: str = ""

    @property
    def tips_per_s(self) -> float:
        """Over the whole run, its last commit included."""
        return self.tips / self.seconds

    @property
    def figures(self) -> tuple[float, ...] | None:
        """In the order of `COLUMNS`, None when the linker was cut."""
        score = self.score
        return None if score is None else tuple(column.figure(self, score) for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of every result, and how it is written."""

    name: str
    figure: Callable[[Result, Score], float]
    format: str


COLUMNS = (
    Column("F1", lambda _, score: score.f1, ".3f"),
    Column("precision", lambda _, score: score.precision, ".3f"),
    Column("recall", lambda _, score: score.recall, ".3f"),
    Column("B-cubed F1", lambda _, score: score.bcubed_f1, ".3f"),
    Column("largest/true", lambda _, score: score.largest_ratio, ".2f"),
    Column("tips/s", lambda result, _: result.tips_per_s, ",.0f"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """What one column's median should be: at least `bound`, or at most when `is_limit`."""

    bound: float
    is_limit: bool = False

    def verdict(self, figure: float) -> str:
        """`ok` or `SHORT`."""
        is_met = figure <= self.bound if self.is_limit else figure >= self.bound
        return "ok" if is_met else "SHORT"


@dataclass(frozen=True, slots=True)
class Group:
    """One linker on the worlds of one kind and size. `medians` go by column name, over the runs that were not cut."""

    results: tuple[Result, ...]
    medians: Mapping[str, float]

    @property
    def targets(self) -> dict[str, Target]:
        """What is wanted, by column: of our own linker only."""
        first = self.results[0]
        return targets_of(first.kind, first.tips) if first.linker == PRODUCT else {}

    @property
    def verdicts(self) -> dict[str, str]:
        """`ok` or `SHORT` of each target; all are `SHORT` when any run was cut."""
        is_whole = all(result.score is not None for result in self.results)
        return {
            name: target.verdict(self.medians[name]) if is_whole else "SHORT" for name, target in self.targets.items()
        }


def targets_of(kind: str, tips: int) -> dict[str, Target]:
    """Return what the linker should reach on a kind of world and a size, by column."""
    targets = {
        "F1": Target(F1_MIN_BY_KIND.get(kind, F1_MIN)),
        "precision": Target(PRECISION_MIN),
        "largest/true": Target(LARGEST_RATIO_MAX, is_limit=True),
    }
    return targets | ({"tips/s": Target(TIPS_PER_S_MIN)} if tips >= TIPS_PER_S_FROM else {})


def grouped(results: Sequence[Result]) -> list[Group]:
    """Return the results by kind and size, then by linker, each in the order in which it first came."""
    found: dict[tuple[str, int], dict[str, list[Result]]] = {}
    for result in results:
        found.setdefault((result.kind, result.tips), {}).setdefault(result.linker, []).append(result)
    return [_group(tuple(runs)) for by_linker in found.values() for runs in by_linker.values()]


def print_results(results: Sequence[Result]) -> None:
    """Print the table: for each linker the medians over its seeds, what is wanted, and every seed by itself."""
    table = Table(title="Linking, measured: medians over the seeds, then each seed")
    for name in ("world", "linker", "seed"):
        table.add_column(name)
    for column in COLUMNS:
        table.add_column(column.name, justify="right")
    table.add_column("", overflow="fold")
    previous: tuple[str, int] | None = None
    for group in grouped(results):
        first = group.results[0]
        world = (first.kind, first.tips)
        if world != previous:
            table.add_section()
        table.add_row(
            f"{first.kind}, {first.tips:,} tips" if world != previous else "",
            f"[bold]{first.linker}[/bold]",
            "median" if len(group.results) > 1 else str(first.seed),
            *(_text(column, group.medians) for column in COLUMNS),
            first.note if len(group.results) == 1 else "",
        )
        previous = world
        if group.targets:
            table.add_row("", "[dim]target[/dim]", "", *(_target(column, group) for column in COLUMNS), "")
        if len(group.results) > 1:
            for row in _seed_rows(group):
                table.add_row(*row, style="dim")
    # Off a terminal the width is the table's own, so that nothing is cut in a log.
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table)


def write_results(path: Path, results: Sequence[Result], about: Mapping[str, Any]) -> None:
    """Write everything for a program: each run, and for each linker its medians and verdicts."""
    document = {
        **about,
        "groups": [
            {
                **{name: getattr(group.results[0], name) for name in ("kind", "tips", "linker")},
                "medians": dict(group.medians),
                "targets": {name: asdict(target) for name, target in group.targets.items()},
                "verdicts": group.verdicts,
            }
            for group in grouped(results)
        ],
        "runs": [asdict(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def _group(results: tuple[Result, ...]) -> Group:
    measured = [figures for result in results if (figures := result.figures) is not None]
    medians = map(statistics.median, zip(*measured, strict=True))
    return Group(results, dict(zip((column.name for column in COLUMNS), medians, strict=False)))


def _seed_rows(group: Group) -> Iterator[list[str]]:
    for result in group.results:
        figures = dict(zip((column.name for column in COLUMNS), result.figures or (), strict=False))
        yield ["", "", str(result.seed), *(_text(column, figures) for column in COLUMNS), result.note]


def _text(column: Column, figures: Mapping[str, float]) -> str:
    return format(figures[column.name], column.format) if column.name in figures else "-"


def _target(column: Column, group: Group) -> str:
    target = group.targets.get(column.name)
    if target is None:
        return ""
    verdict = group.verdicts[column.name]
    colour = "green" if verdict == "ok" else "red"
    return f"{'≤' if target.is_limit else '≥'} {target.bound:,g} [{colour}]{verdict}[/{colour}]"
