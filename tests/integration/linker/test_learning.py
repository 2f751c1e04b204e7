"""What the linker learns from its tips, and how it links by it all that came before: in any order, and harmlessly."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import asyncpg
import pytest

import services.linker.app
from services.intake.domain.tip import tip_id_of
from services.linker.app import LAG_RECORDS_MAX, load_rules
from services.linker.domain.estimate import HOLDERS_COMPARED_MAX
from services.linker.domain.model import ANY, Learned, Model
from services.linker.domain.rules import RULES
from services.linker.handlers import learn
from services.linker.handlers.learn import GROWTH, PAUSE_MIN, TIPS_MIN
from services.linker.handlers.turn import Desk
from services.linker.store import models
from services.linker.store.graph import lock_graph
from services.linker.store.models import Lesson
from shared.db.pool import Connection, Pool
from shared.events.intake import GivenIdentifier, TipReceivedV1
from shared.kafka.consume import Progress
from tests.builders import new_id
from tests.conftest import Keys
from tests.integration.linker.graph import WIPE, Graph, a_review, a_tip, amended, email
from tests.servers import CHECKOUT, Database
from tests.waiting import eventually

PEOPLE = 110
SELECT_KEYS = "SELECT key_id, standing, reliability FROM key WHERE tip_count > 1 ORDER BY key_id"
SELECT_TALLIES = "SELECT key_id, tip_count, tally FROM key WHERE tip_count > 1 ORDER BY key_id"
COUNT_MODELS = "SELECT count(*) FROM model"
COUNT_EVENTS = "SELECT count(*) FROM outbox"
COUNT_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
MOVE_FENCE = """
INSERT INTO fence (consumer_group, topic, partition, next_offset) VALUES ('linker', 'intake.tips', 0, $1)
ON CONFLICT ON CONSTRAINT fence_pkey DO UPDATE SET next_offset = excluded.next_offset"""
FORGET_LINKED = "UPDATE tip SET linked_by = ''"


def draw_tips(chance: Random, *, group: int = 7) -> list[TipReceivedV1]:
    """Return three or so tips of each person: addresses are personal, numbers are shared by two, pages by a group.

    Names are seldom the same and always given, so that there is a yardstick; no handle looks like another.
    """
    tips = []
    for person in range(PEOPLE):
        word = "".join(chance.sample("bcdfghklmnprstvz", 9))
        names = [f"{word[:4]}a {word[4:]}o".title()]
        born = f"{1950 + person % 50}-{2 + person % 11:02}-{2 + person % 26:02}"
        values = [
            email(f"{word}@example.org"),
            GivenIdentifier(type="phone", value=f"+1617555{3000 + person // 2}"),
            GivenIdentifier(type="url", value=f"https://example.org/group/{person // group}"),
        ]
        for number in range(chance.choice([2, 3, 3, 4])):
            held = chance.sample(values, chance.choice([1, 2]))
            tips.append(a_tip(f"CT-{person}-{number}", *held, names=names, birth_date=born))
    return chance.sample(tips, len(tips))


async def tell_all(graph: Graph, tips: Sequence[TipReceivedV1]) -> None:
    for start in range(0, len(tips), 100):
        some = tips[start : start + 100]
        await graph.tell(*some, *(a_review(tip.tip_id) for tip in some[::3]))


@pytest.fixture
def tips() -> list[TipReceivedV1]:
    return draw_tips(Random(7))


@pytest.fixture
async def learned(graph: Graph, tips: list[TipReceivedV1]) -> Model:
    """What is learned from the tips, after they were linked as if nothing had been."""
    await tell_all(graph, tips)
    return await graph.learner().learn()


async def test_the_world_of_this_test_has_something_to_learn(
    graph: Graph, learned: Model, tips: list[TipReceivedV1]
) -> None:
    """Else linking anew would be tested by nothing."""
    rates = {kind[0]: reliability for kind, reliability, _ in learned.learned.kinds if kind[-1] != ANY}
    assert rates["email"] > 0.9
    assert rates["phone"] < RULES.types["phone"].reliability - 0.1
    assert rates["url"] < RULES.types["url"].reliability - 0.1
    before = await graph.pool.fetch(SELECT_KEYS), await graph.clusters()
    assert await graph.learner().count_stale() == len(tips)
    await graph.relink()
    assert await graph.learner().count_stale() == 0
    after = await graph.pool.fetch(SELECT_KEYS), await graph.clusters()
    assert before[0] != after[0]
    assert before[1] != after[1]


async def test_linked_anew_is_as_if_the_model_had_been_there_from_the_start(
    graph: Graph, learned: Model, tips: list[TipReceivedV1], owner_pool: Pool
) -> None:
    await graph.relink()
    anew = await graph.clusters(), await graph.pool.fetch(SELECT_KEYS)
    await owner_pool.execute(WIPE)
    fresh = Graph(graph.pool, graph.clock)
    await fresh.believe(learned)
    await tell_all(fresh, list(reversed(tips)))
    assert (await fresh.clusters(), await fresh.pool.fetch(SELECT_KEYS)) == anew
    assert await fresh.learner().count_stale() == 0


@pytest.mark.parametrize("seed", range(3))
async def test_what_holders_say_is_the_same_counted_as_they_come_and_counted_anew(
    graph: Graph, owner_pool: Pool, seed: int
) -> None:
    """Among the values are some with more holders than are compared; tips are amended, and lose values or gain them."""
    chance = Random(seed)
    tips = draw_tips(chance, group=14)
    said = {tip.tip_id: tip for tip in tips}
    while tips:
        some, tips = tips[: (size := chance.choice([1, 5, 40, 90]))], tips[size:]
        await graph.tell(*some)
        other = said[chance.choice(some).tip_id]
        mine, theirs = (each.personal.parties[0].identifiers for each in (other, chance.choice(list(said.values()))))
        said[other.tip_id] = amended(other, chance.choice(theirs), *mine[1:], names=["Someone Else"])
        await graph.tell(said[other.tip_id])
    counted = await graph.pool.fetch(SELECT_TALLIES)
    assert max(row["tip_count"] for row in counted) > HOLDERS_COMPARED_MAX
    await owner_pool.execute(FORGET_LINKED)
    await graph.relink()
    assert await graph.pool.fetch(SELECT_TALLIES) == counted


async def test_leads_follow_when_tips_are_linked_anew(graph: Graph, learned: Model, tips: list[TipReceivedV1]) -> None:
    assert learned
    await graph.relink()
    reviewed = {tip.source_ref for start in range(0, len(tips), 100) for tip in tips[start : start + 100][::3]}
    leads = {frozenset(tip["source_ref"] for tip in lead["tips"]) for lead in await graph.live_leads()}
    assert leads == {refs for refs in await graph.clusters() if refs & reviewed}


async def test_linking_anew_goes_on_where_it_died(
    graph: Graph, learned: Model, tips: list[TipReceivedV1], owner_pool: Pool
) -> None:
    await graph.learner().relink_some()
    left = await graph.learner().count_stale()
    assert 0 < left < len(tips)
    await _die_in_the_middle(graph)
    assert await graph.learner().count_stale() == left
    # Tips that come meanwhile are linked by the new model at once.
    late = a_tip("CT-late", email("late.comer@example.org"))
    await graph.tell(late)
    assert await graph.learner().count_stale() == left
    await graph.relink()
    resumed = await graph.clusters(), await graph.pool.fetch(SELECT_KEYS)
    await owner_pool.execute(WIPE)
    fresh = Graph(graph.pool, graph.clock)
    await fresh.believe(learned)
    await tell_all(fresh, [*tips, late])
    assert (await fresh.clusters(), await fresh.pool.fetch(SELECT_KEYS)) == resumed


async def _die_in_the_middle(graph: Graph) -> None:
    """Cancel a round of linking anew while it waits for its turn, with its transaction open."""

    async def it_waits() -> bool:
        return bool(await graph.pool.fetchval(COUNT_WAITING))

    async with graph.pool.acquire() as connection, connection.transaction():
        await lock_graph(connection)
        dying = asyncio.create_task(graph.learner().relink_some())
        await eventually(it_waits)
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying


async def test_a_turn_that_comes_to_no_end_is_followed_by_smaller_ones(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    await graph.tell(*draw_tips(Random(3))[:20])
    await graph.pool.execute(FORGET_LINKED)
    learner = graph.learner()
    assert [await learner.relink_some() for _ in range(3)] == [1, 2, 4]
    relink, asked = learn.relink_some, list[int]()

    async def weakly(connection: Connection, desk: Desk, *, count_max: int) -> int:
        asked.append(count_max)
        if count_max > 2:
            raise asyncpg.InterfaceError("the connection is gone")
        return await relink(connection, desk, count_max=count_max)

    monkeypatch.setattr(learn, "relink_some", weakly)
    for _ in range(3):
        with suppress(asyncpg.InterfaceError):
            await learner.relink_some()
    assert asked == [8, 4, 2]
    assert await learner.count_stale() == 20 - 7 - 2


async def test_to_learn_and_link_anew_twice_tells_nothing_new(graph: Graph, learned: Model, owner_pool: Pool) -> None:
    await graph.relink()
    told, clusters = await graph.pool.fetchval(COUNT_EVENTS), await graph.clusters()
    assert (await graph.learner().learn()).version == learned.version
    assert await graph.relink() == 0
    await owner_pool.execute(FORGET_LINKED)
    assert await graph.relink()
    assert (await graph.pool.fetchval(COUNT_EVENTS), await graph.clusters()) == (told, clusters)


async def test_the_model_does_not_depend_on_the_order_of_arrival(
    graph: Graph, learned: Model, tips: list[TipReceivedV1], owner_pool: Pool
) -> None:
    for order in (list(reversed(tips)), Random(1).sample(tips, len(tips))):
        await owner_pool.execute(WIPE)
        again = Graph(graph.pool, graph.clock)
        await tell_all(again, order)
        assert await again.learner().learn() == learned


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker to which nothing arrives any more as soon as it looks."""
    monkeypatch.setattr(services.linker.app, "REST_S", 0.0)


async def test_it_is_time_to_learn_at_300_tips_and_at_three_times_as_many_as_last(graph: Graph) -> None:
    await graph.tell(*(a_tip(f"CT-{number}") for number in range(TIPS_MIN - 1)))
    assert not await graph.learner().is_due()
    await graph.tell(a_tip("CT-last"))
    assert await graph.learner().is_due()
    await graph.learner().learn()
    assert not await graph.learner().is_due()
    for learned_from, is_due in ((TIPS_MIN // GROWTH + 1, False), (TIPS_MIN // GROWTH, True)):
        async with graph.pool.acquire() as connection:
            await models.add_model(connection, Learned(), Lesson(Model().version, learned_from, 0, graph.clock.now()))
        assert await graph.learner().is_due() is is_due


@pytest.mark.usefixtures("impatient")
async def test_at_rest_it_is_time_to_learn_from_what_came_since_at_once_after_a_tenth_more_else_after_a_pause(
    graph: Graph,
) -> None:
    await read_to(graph, 400)
    await graph.tell(*(a_tip(f"CT-{number}") for number in range(TIPS_MIN)))
    await graph.learner().learn()
    graph.clock.move(PAUSE_MIN)
    assert not await graph.learner().is_due(), "nothing came since"
    await read_to(graph, 401)
    assert not await graph.learner(Progress(lag_records=1)).is_due(), "more is on its way"
    assert await graph.learner().is_due()
    await graph.learner().learn()
    await read_to(graph, 402)
    assert not await graph.learner().is_due(), "it has learned only just now"
    await graph.tell(*(a_tip(f"CT-more-{number}") for number in range(TIPS_MIN // 9)))
    assert await graph.learner().is_due(), "a tenth more"


async def test_two_workers_that_learn_the_same_keep_it_once(graph: Graph) -> None:
    await graph.tell(*(a_tip(f"CT-{number}") for number in range(TIPS_MIN)))
    models_learned = [await learner.learn() for learner in (graph.learner(), graph.learner())]
    assert models_learned[0] == models_learned[1]
    assert await graph.pool.fetchval("SELECT count(*) FROM model") == 1
    assert len(await graph.events("model.learned")) == 1


async def test_nothing_arrives_any_more_when_nothing_has_come_for_a_while(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    await graph.tell(*(a_tip(f"CT-{number}") for number in range(TIPS_MIN)))
    await graph.learner().learn()
    graph.clock.move(PAUSE_MIN)
    await read_to(graph, 1)
    learner = graph.learner()
    assert not await learner.is_due()
    await read_to(graph, 2)
    monkeypatch.setattr(services.linker.app, "REST_S", 0.01)
    assert not await learner.is_due(), "something came since it last looked"
    await eventually(learner.is_due)


@pytest.mark.usefixtures("impatient")
async def test_at_rest_clusters_follow_from_what_was_posted_whatever_came_first(graph: Graph, owner_pool: Pool) -> None:
    """Each time the same is posted anew, in another order, and something else is learned from what came first."""
    posted = draw_tips(Random(7), group=14)
    found: list[set[frozenset[str]]] = []
    first_learned = set[str]()
    for order in range(3):
        tips = [_as_posted(tip) for tip in Random(order).sample(posted, len(posted))]
        await tell_all(graph, tips[:TIPS_MIN])
        await graph.learner().work()
        first_learned.add(await graph.pool.fetchval("SELECT version FROM model"))
        await tell_all(graph, tips[TIPS_MIN:])
        graph.clock.move(PAUSE_MIN)
        await read_to(graph, 1 + order)
        await graph.learner().work()
        assert await graph.pool.fetchval("SELECT count(*) FROM model") == 2
        found.append(await graph.clusters())
        await owner_pool.execute(WIPE)
    assert len(first_learned) == len(found)
    assert found[0] == found[1] == found[2]
    assert max(map(len, found[0])) > 1


def _as_posted(tip: TipReceivedV1) -> TipReceivedV1:
    return tip.model_copy(update={"tip_id": tip_id_of(new_id(), tip.source, tip.source_ref)})


@pytest.mark.usefixtures("impatient")
async def test_when_it_is_time_to_learn_nothing_more_is_linked_by_what_was_learned_before(
    graph: Graph, tips: list[TipReceivedV1], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.linker.app, "PERIOD_S", 0.0)
    await tell_all(graph, tips)
    learner, seen = graph.learner(), list[tuple[int, int]]()
    await learner.learn()
    graph.clock.move(PAUSE_MIN)

    async def rest(_: float) -> None:
        """Something came and nothing more, while the first few were linked anew."""
        seen.append((await graph.pool.fetchval(COUNT_MODELS), await learner.count_stale()))
        await read_to(graph, 1)

    monkeypatch.setattr(learner, "rest", rest)
    await learner.work()
    assert [count for count, _ in seen[:2]] == [1, 2]
    assert seen[0][1] > 0


async def read_to(graph: Graph, offset: int) -> None:
    """Let intake's topic be read up to an offset, as by the worker's pump."""
    await graph.pool.execute(MOVE_FENCE, offset)


async def test_a_worker_learns_when_it_is_time_and_links_until_nothing_is_stale(
    graph: Graph, tips: list[TipReceivedV1]
) -> None:
    await tell_all(graph, tips)
    learner = graph.learner()

    async def is_done() -> bool:
        return not await learner.is_due() and await learner.count_stale() == 0

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(learner.run())
        await eventually(is_done)
        learner.drain()
    assert running.done()
    assert await graph.pool.fetchval("SELECT tip_count FROM model") == len(tips)


async def test_while_there_is_a_backlog_a_worker_learns_but_links_nothing_anew(
    graph: Graph, tips: list[TipReceivedV1]
) -> None:
    await tell_all(graph, tips)
    progress = Progress(lag_records=LAG_RECORDS_MAX + 1)
    learner = graph.learner(progress)
    await learner.work()
    assert await graph.pool.fetchval("SELECT count(*) FROM model") == 1
    assert await learner.count_stale() == len(tips)
    progress.lag_records = LAG_RECORDS_MAX
    await learner.work()
    assert await learner.count_stale() == 0


async def test_the_command_learns_links_all_anew_and_says_how_far_it_is(
    graph: Graph, tips: list[TipReceivedV1], database: Database, keys: Keys
) -> None:
    await tell_all(graph, tips)
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database.url("linker"),
        "TOKEN_PUBLIC_KEY_FILE": str(keys.public_file),
        "PRODUCER_KEY_FILE": str(keys.producer_file),
    }
    for expected in (len(tips), 0):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.linker", "relink"),
            cwd=CHECKOUT,
            env={**os.environ, **{f"LINKER_{name}": value for name, value in values.items()}},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, wrong = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, wrong.decode()
        steps = [line for line in printed.decode().splitlines() if line.endswith(" tips")]
        assert f"; {expected} tips to link anew" in printed.decode()
        assert bool(steps) == bool(expected)
        assert printed.decode().endswith("every tip is linked by it\n")
    assert await Graph(graph.pool, graph.clock, load_rules()).learner().count_stale() == 0
