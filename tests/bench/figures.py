"""What was measured beside what was wanted: figures, their medians, the table and the document."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `target` is the least that is wanted, or the most when `is_limit`; None is no target."""

    name: str
    measured: float
    unit: str
    target: float | None = None
    is_limit: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or nothing when there is no target."""
        if self.target is None:
            return ""
        is_met = self.measured <= self.target if self.is_limit else self.measured >= self.target
        return "ok" if is_met else "short"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0.0 to 1.0) of the values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values: nothing was measured.
    """
    if not values:
        raise ValueError("a percentile of nothing")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def percentiles(name: str, rounds_s: Sequence[Sequence[float]], *, p99_max_ms: float, note: str = "") -> list[Figure]:
    """Return p50 and p99 in milliseconds: the median over the rounds of each round's percentile."""
    counted = f"{sum(map(len, rounds_s))} samples in {len(rounds_s)} rounds"
    p50, p99 = (statistics.median(percentile(values, share) for values in rounds_s) * 1000 for share in (0.5, 0.99))
    return [
        Figure(f"{name}, p50", p50, "ms"),
        Figure(f"{name}, p99", p99, "ms", p99_max_ms, is_limit=True, note="; ".join(filter(None, [counted, note]))),
    ]


def print_table(figures: Sequence[Figure]) -> None:
    """Print the figures for a reader."""
    table = Table(title="CETS, measured")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("target", justify="right")
    table.add_column("")
    table.add_column("how", overflow="fold")
    colours = {"ok": "green", "short": "red", "": ""}
    for figure in figures:
        colour = colours[figure.verdict]
        verdict = f"[{colour}]{figure.verdict}[/{colour}]" if colour else ""
        table.add_row(
            figure.name, f"{_number(figure.measured, figure.unit)} {figure.unit}", _target(figure), verdict, figure.note
        )
    # Off a terminal the width is the table's own, so that nothing is cut in a log.
    console = Console()
    (console if console.is_terminal else Console(width=170)).print(table)


def write_json(path: Path, figures: Sequence[Figure], about: dict[str, Any]) -> None:
    """Write everything for a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    path.write_text(json.dumps({**about, "figures": listed}, indent=2) + "\n")


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{'≤' if figure.is_limit else '≥'} {_number(figure.target, figure.unit)}"


def _number(value: float, unit: str) -> str:
    if not unit and abs(value) <= 1:
        return f"{value:.3f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
