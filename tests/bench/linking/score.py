"""How well clusters fit the truth: pairs of tips, tips one by one, and the largest cluster. No IO, no clock."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a linker made of a world, and how long that took.

    `clusters` names the cluster of each tip, in the world's order; None when the linker was cut before it had an
    answer, and `note` says so.
    """

    linker: str
    clusters: Sequence[Hashable] | None
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Shares run from 0.0 to 1.0, the best; `largest` and `largest_true` count tips.

    `precision`: of the pairs of tips put together, those that are of one actor; 1.0 when no pair was put together.
    `recall`: of the pairs of one actor, those that were put together; 1.0 when there is no such pair.
    `bcubed_…`: the same for each tip, of its cluster and of its actor's tips, then the mean over the tips. A large
    actor rules the pairs, as they grow with the square of its tips; here every tip weighs the same.
    """

    precision: float
    recall: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    largest: int
    largest_true: int

    @property
    def largest_ratio(self) -> float:
        """How many times the largest actor the largest cluster is."""
        return self.largest / self.largest_true


def time_limit_s(tips: int) -> float:
    """Return how long a linker may take for so many tips before it is cut: 3 minutes, above 5,000 tips 10."""
    return 180.0 if tips <= 5_000 else 600.0


def score_clusters(clusters: Sequence[Hashable], actors: Sequence[Hashable]) -> Score:
    """Return how well a partition fits: `clusters` names each tip's cluster, `actors` in the same order its actor.

    Names only tell tips apart; neither they nor the order of the tips matter. The work is linear in the tips.

    Raises:
        ValueError: the two differ in length, or there is no tip.

    Source: B-cubed after Bagga and Baldwin (1998).
    """
    if not clusters:
        raise ValueError("a score of no tips")
    cells = Counter(zip(clusters, actors, strict=True))
    by_cluster, by_actor = Counter(clusters), Counter(actors)
    together, found, true = (_pairs(sizes.values()) for sizes in (cells, by_cluster, by_actor))
    bcubed_precision = sum(n * n / by_cluster[cluster] for (cluster, _), n in cells.items()) / len(clusters)
    bcubed_recall = sum(n * n / by_actor[actor] for (_, actor), n in cells.items()) / len(clusters)
    return Score(
        precision=together / found if found else 1.0,
        recall=together / true if true else 1.0,
        f1=2 * together / (found + true) if found + true else 1.0,
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f1=2 * bcubed_precision * bcubed_recall / (bcubed_precision + bcubed_recall),
        largest=max(by_cluster.values()),
        largest_true=max(by_actor.values()),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
