"""The score of a partition, against what must hold for any, and against a count of all pairs."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.bench.linking.score import score_clusters

labels = st.integers(0, 6)
partitions = st.lists(st.tuples(labels, labels), min_size=1, max_size=40)
"""Tips, each with its cluster and its actor."""


def split(tips: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [cluster for cluster, _ in tips], [actor for _, actor in tips]


@given(st.lists(labels, min_size=1, max_size=40))
def test_the_truth_itself_is_perfect(actors: list[int]) -> None:
    score = score_clusters(actors, actors)
    assert (score.precision, score.recall, score.f1) == (1, 1, 1)
    assert (score.bcubed_precision, score.bcubed_recall, score.bcubed_f1) == pytest.approx((1, 1, 1))
    assert score.largest_ratio == 1


@given(st.lists(labels, min_size=1, max_size=40))
def test_tips_left_alone_say_nothing_wrong_and_find_nothing(actors: list[int]) -> None:
    assume(len(set(actors)) < len(actors))
    score = score_clusters(range(len(actors)), actors)
    assert (score.precision, score.recall, score.f1) == (1, 0, 0)
    assert score.bcubed_precision == pytest.approx(1)
    assert score.bcubed_recall == pytest.approx(len(set(actors)) / len(actors))
    assert score.largest == 1


@given(st.lists(labels, min_size=2, max_size=40))
def test_one_cluster_of_all_misses_nothing_and_is_as_large_as_the_world(actors: list[int]) -> None:
    score = score_clusters(["all"] * len(actors), actors)
    true = sum(left == right for left, right in combinations(actors, 2))
    assert score.recall == 1
    assert score.precision == true / (len(actors) * (len(actors) - 1) / 2)
    assert score.bcubed_recall == pytest.approx(1)
    assert score.largest == len(actors)


@given(partitions, st.integers())
def test_neither_names_nor_order_matter(tips: list[tuple[int, int]], seed: int) -> None:
    clusters, actors = split(tips)
    shuffled = [(f"cluster {cluster}", -actor) for cluster, actor in tips]
    Random(seed).shuffle(shuffled)
    again = score_clusters([cluster for cluster, _ in shuffled], [actor for _, actor in shuffled])
    assert _figures(again) == pytest.approx(_figures(score_clusters(clusters, actors)))


@given(partitions)
def test_it_agrees_with_a_count_of_all_pairs(tips: list[tuple[int, int]]) -> None:
    score = score_clusters(*split(tips))
    pairs = [(left[0] == right[0], left[1] == right[1]) for left, right in combinations(tips, 2)]
    both, found, true = pairs.count((True, True)), sum(f for f, _ in pairs), sum(t for _, t in pairs)
    assert score.precision == (both / found if found else 1)
    assert score.recall == (both / true if true else 1)
    assert score.f1 == pytest.approx(_harmonic(score.precision, score.recall))


@given(partitions)
def test_b_cubed_agrees_with_a_look_from_each_tip(tips: list[tuple[int, int]]) -> None:
    score = score_clusters(*split(tips))
    precisions, recalls = [], []
    for tip in tips:
        both = tips.count(tip)
        precisions.append(both / sum(cluster == tip[0] for cluster, _ in tips))
        recalls.append(both / sum(actor == tip[1] for _, actor in tips))
    assert score.bcubed_precision == pytest.approx(sum(precisions) / len(tips))
    assert score.bcubed_recall == pytest.approx(sum(recalls) / len(tips))
    assert score.bcubed_f1 == pytest.approx(_harmonic(score.bcubed_precision, score.bcubed_recall))


def test_precision_and_recall_are_not_confused() -> None:
    """Three tips of one actor and one of another; two of the three were put together, and the third with the other."""
    score = score_clusters("aabb", "xxxy")
    assert (score.precision, score.recall) == (1 / 2, 1 / 3)
    assert (score.largest, score.largest_true) == (2, 3)


def test_a_score_of_nothing_or_of_unequal_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match="no tips"):
        score_clusters([], [])
    with pytest.raises(ValueError, match="shorter"):
        score_clusters("aab", "xx")


def _harmonic(left: float, right: float) -> float:
    return 2 * left * right / (left + right) if left + right else 0.0


def _figures(score: object) -> list[float]:
    names = ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1", "largest", "largest_true")
    return [getattr(score, name) for name in names]
