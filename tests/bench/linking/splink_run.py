"""Splink in a process of its own, so that it can be cut: rows on standard input, clusters on standard output.

`python -m tests.bench.linking.splink_run` reads `{"rows", "thresholds", "seed"}` and writes `{"clusters", "seconds"}`:
for each threshold the cluster of each row in order. What Splink says about its work goes to standard error.

One configuration, nothing tuned: dedupe_only; u by random sampling, m and the prior by expectation maximisation;
rare values weigh more (term frequency); connected components. It is the only file that needs the `bench` group.
"""

import json
import sys
import time
from typing import Any

import pyarrow as pa
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

SEVERAL = ("mail", "phone", "handle", "device")
"""Columns of which a tip may hold several values: all are in a column of the plural."""
SINGLE = ("payment", "account", "document", "birth")
SHARED_RECALL = 0.6
"""The share of the matching pairs that is taken to share an e-mail or a phone: Splink wants a guess for its prior."""
PAIRS_MAX = 5e6
PREDICTED_MIN = 0.01


def link(rows: list[dict[str, Any]], thresholds: list[float], seed: int) -> list[list[int]]:
    """Return for each threshold (probability, 0.0 to 1.0) the cluster of each row."""
    api = DuckDBAPI()
    linker = Linker(api.register(pa.Table.from_pylist(rows, schema=_schema())), _settings())
    training = linker.training
    training.estimate_probability_two_random_records_match([_any_of("mail"), _any_of("phone")], recall=SHARED_RECALL)
    training.estimate_u_using_random_sampling(max_pairs=PAIRS_MAX, seed=seed)
    for column in ("mail", "phone", "handle"):
        training.estimate_parameters_using_expectation_maximisation(
            block_on(column), max_pairs=PAIRS_MAX, record_sample_proportion=1.0
        )
    pairs = linker.inference.predict(threshold_match_probability=PREDICTED_MIN)
    return [_clusters(linker, pairs, threshold, len(rows)) for threshold in thresholds]


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="tip",
        blocking_rules_to_generate_predictions=[
            *map(_any_of, SEVERAL),
            block_on("ip_days", arrays_to_explode=["ip_days"]),
            block_on("name", "birth"),
        ],
        comparisons=[
            *map(_several_comparison, SEVERAL),
            *(comparisons.ExactMatch(column).configure(term_frequency_adjustments=True) for column in SINGLE),
            comparisons.ArrayIntersectAtSizes("ip_days", [1]),
            comparisons.JaroWinklerAtThresholds("name", [0.92]).configure(term_frequency_adjustments=True),
        ],
    )


def _several_comparison(column: str) -> comparisons.CustomComparison:
    """Compare the first values with regard to how rare they are, then any of them."""
    return comparisons.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            levels.NullLevel(column),
            levels.ExactMatchLevel(column, term_frequency_adjustments=True),
            levels.ArrayIntersectLevel(f"{column}s", min_intersection=1),
            levels.ElseLevel(),
        ],
    )


def _any_of(column: str) -> Any:
    return block_on(f"{column}s", arrays_to_explode=[f"{column}s"])


def _clusters(linker: Linker, pairs: Any, threshold: float, count: int) -> list[int]:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=threshold)
    table = found.as_pyarrow_table()
    clusters = [-1] * count
    for tip, cluster in zip(table["tip"].to_pylist(), table["cluster_id"].to_pylist(), strict=True):
        clusters[tip] = int(cluster)
    assert -1 not in clusters
    return clusters


def _schema() -> pa.Schema:
    texts = [*SEVERAL, *SINGLE, "name"]
    lists = [*(f"{column}s" for column in SEVERAL), "ip_days"]
    fields = [("tip", pa.int64()), *((name, pa.string()) for name in texts)]
    return pa.schema([*fields, *((name, pa.list_(pa.string())) for name in lists)])


def main() -> None:
    """Read, link, write."""
    asked = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    started = time.monotonic()
    clusters = link(asked["rows"], asked["thresholds"], asked["seed"])
    json.dump({"clusters": clusters, "seconds": time.monotonic() - started}, out)


if __name__ == "__main__":
    main()
