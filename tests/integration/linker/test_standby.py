"""Two linker workers, of which the one at work is killed in the middle of a load: the other takes over.

A world is drawn from a seed: people, each with some values, of which every tip names a few; some tips are amended, some
reviewed. Its facts lie on the topic when the worker at work is killed with SIGKILL. What the standby ends with must be
what one linker makes of the same facts that nothing interrupts.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from services.linker.app import load_rules
from shared.db.pool import Pool, open_pool
from shared.events.envelope import encode
from shared.events.intake import GivenIdentifier, TipReceivedV1, TipReviewedV1
from tests.builders import an_event, new_id
from tests.conftest import Kafka, Keys
from tests.depth import deep
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph, a_review, a_tip, amended, email, refs_of
from tests.integration.workers import DRAIN_S, READY_S, Place
from tests.servers import Database, drop_database, make_database
from tests.waiting import eventually

PEOPLE, TIPS = 12, 240
TAKEN_OVER_S = 60.0
BATCH = 5
APPLIED_BY_THE_FIRST = 20
COUNT_APPLIED = "SELECT count(*) FROM inbox"
COUNT_MODELS = "SELECT count(*) FROM model"


@pytest.fixture
async def alone(postgres_url: str, clock: FakeClock) -> AsyncIterator[Graph]:
    """A graph in a database of its own, for one linker that nothing interrupts; its rules are the workers'."""
    name = f"alone_{new_id().hex}"
    database = await make_database(postgres_url, name, services=("linker",))
    pool = await open_pool(database.url("linker"), size=2, name="test-alone")
    yield Graph(pool, clock, load_rules())
    await pool.close()
    await drop_database(postgres_url, name)


def draw_facts(chance: Random) -> list[TipReceivedV1 | TipReviewedV1]:
    """Return tips, amendments and reviews, in any order."""
    facts: list[TipReceivedV1 | TipReviewedV1] = []
    for number in range(TIPS):
        values = values_of(chance.randrange(PEOPLE))
        tip = a_tip(f"CT-{number}", *chance.sample(values, chance.choice([1, 2, 3])), names=[])
        facts.append(tip)
        if chance.random() < 0.2:
            facts.append(amended(tip, *chance.sample(values, 2), names=[]))
        if chance.random() < 0.4:
            facts.append(a_review(tip.tip_id, decision=chance.choice(["actionable"] * 3 + ["not_actionable"])))
    return chance.sample(facts, len(facts))


def values_of(person: int) -> list[GivenIdentifier]:
    return [
        email(f"{'abcdefghij'[person % 10] * 3}{'klmnop'[person // 10] * 4}@example.org"),
        GivenIdentifier(type="phone", value=f"+1617555{2300 + person}"),
        GivenIdentifier(type="document", value=f"K{9_140_000 + person}", country="US"),
        GivenIdentifier(type="device", value=f"unit-{7_700_000 + person}", service="android"),
    ]


async def leads_of(graph: Graph) -> set[tuple[frozenset[str], str]]:
    return {(refs_of(lead), lead["state"]) for lead in await graph.live_leads()}


@pytest.mark.parametrize("seed", range(deep(1)))
async def test_a_standby_takes_over_from_a_killed_linker_and_its_clusters_are_those_of_one(
    seed: int,
    alone: Graph,
    database: Database,
    kafka: Kafka,
    keys: Keys,
    pool_of: Callable[[str], Awaitable[Pool]],
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    records = [encode(an_event(fact)) for fact in draw_facts(Random(f"standby {seed}"))]
    await alone.apply(records)
    pool = await pool_of("linker")
    place = Place("linker", database, kafka, keys, tmp_path)

    async def count() -> int:
        return int(await pool.fetchval(COUNT_APPLIED))

    with place.worker(batch_records_max=BATCH) as active, place.worker(batch_records_max=BATCH) as standby:
        for worker in (active, standby):
            await eventually(worker.is_ready, timeout_s=READY_S)
        await kafka.send("intake.tips", *records)

        async def is_at_work() -> bool:
            return await active.measure("cets_records_total", outcome="applied") >= APPLIED_BY_THE_FIRST

        await eventually(is_at_work, timeout_s=READY_S)
        active.process.kill()
        assert await active.ended(within_s=DRAIN_S) == -signal.SIGKILL
        assert await count() < len(records), "it was killed in the middle"

        async def all_is_applied() -> bool:
            assert standby.process.poll() is None, standby.log.read_text()
            return await count() == len(records)

        await eventually(all_is_applied, timeout_s=TAKEN_OVER_S)
        standby.process.send_signal(signal.SIGTERM)
        assert await standby.ended(within_s=DRAIN_S) == 0, standby.log.read_text()
    assert await pool.fetchval(COUNT_MODELS) == 0, "what is learned on the way would depend on what had come by then"
    left = Graph(pool, clock, load_rules())
    assert await left.clusters() == await alone.clusters()
    assert await leads_of(left) == await leads_of(alone)
    assert len(await alone.clusters()) < TIPS / 2
