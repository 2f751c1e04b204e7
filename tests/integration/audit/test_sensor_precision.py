"""Sensors tell abuse from work: invented months, followed on the real database (`tests/bench/sensors`).

The worlds are fixed by their seeds, which thresholds were not chosen on; so the scores are the same in every run. Each
time somebody's day is judged, all of it is looked at: `make test` judges once a day, `make test-long` as often as the
benchmark. That flags do not depend on it, is `test_sensors`' matter.
"""

from datetime import timedelta

import pytest

from services.audit.domain.sensors import NAMES
from shared.db.pool import open_pool
from tests.bench.sensors.measure import BATCH, Score, invent, measure
from tests.depth import IS_LONG
from tests.servers import Database, drop_database, make_database

SEEDS = (201, 202)
FLOOR = 0.9
EVERY = BATCH if IS_LONG else timedelta(days=1)


@pytest.mark.timeout(300)
async def test_flags_are_right_and_abuse_is_found(postgres_url: str) -> None:
    scores, wrong = {name: Score() for name in NAMES}, list[str]()
    for seed in SEEDS:
        database: Database = await make_database(postgres_url, f"precision_{seed}", services=("audit",))
        pool = await open_pool(database.url("audit"), size=2, name="test-precision")
        found, mistakes = await measure(pool, invent(seed), every=EVERY)
        scores = {name: scores[name] + found[name] for name in NAMES}
        wrong += mistakes
        await pool.close()
        await drop_database(postgres_url, database.superuser_url.rpartition("/")[2])
    assert all(score.planted >= 8 for score in scores.values())
    assert min(score.precision for score in scores.values()) >= FLOOR, wrong
    assert min(score.recall for score in scores.values()) >= FLOOR, wrong
