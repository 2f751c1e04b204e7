"""Sensors tell abuse from work: invented months, followed on the real database (`tests/bench/sensors`).

The worlds are fixed by their seeds, which thresholds were not chosen on; so the scores are the same in every run.
"""

import pytest

from services.audit.domain.sensors import NAMES
from shared.db.pool import open_pool
from tests.bench.sensors.measure import Score, invent, measure
from tests.servers import Database, drop_database, make_database

SEEDS = (401, 402)
FLOOR = 0.9
FLOOR_EACH = 0.75
"""Of eight abuses of a kind in these two months a sensor may miss two; over more months `tests.bench.sensors` tells."""


@pytest.mark.timeout(600)
async def test_flags_are_right_and_abuse_is_found(postgres_url: str) -> None:
    scores, wrong = {name: Score() for name in NAMES}, list[str]()
    for seed in SEEDS:
        database: Database = await make_database(postgres_url, f"precision_{seed}")
        pool = await open_pool(database.url("audit"), size=2, name="test-precision")
        found, mistakes = await measure(pool, invent(seed))
        scores = {name: scores[name] + found[name] for name in NAMES}
        wrong += mistakes
        await pool.close()
        await drop_database(postgres_url, database.superuser_url.rpartition("/")[2])
    assert all(score.planted >= 8 for score in scores.values())
    assert min(score.precision for score in scores.values()) >= FLOOR_EACH, wrong
    assert min(score.recall for score in scores.values()) >= FLOOR_EACH, wrong
    together = sum(scores.values(), start=Score())
    assert together.precision >= FLOOR, wrong
    assert together.recall >= FLOOR, wrong
