"""The second stage between its steps: what comes, goes, dies or waits meanwhile changes nothing of the outcome."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import services.linker.handlers.pictures
from services.linker.store.graph import lock_graph
from shared.db.pool import Connection, Pool
from shared.events.envelope import encode
from shared.events.intake import TipReceivedV1
from shared.kafka.consume import Record
from shared.metrics import Metrics
from tests.builders import an_event
from tests.integration.linker.graph import Graph, a_review, amended
from tests.integration.linker.near_copies import CAP, SELECT_LEFT_OVER, SHOWN, copies_of, flip, showing
from tests.waiting import eventually

COUNT_BLOCKED = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@asynccontextmanager
async def while_it_waits(graph: Graph) -> AsyncIterator[Connection]:
    """Start a round of the second stage, and stop it between search and turn; yield who has the graph's lock."""
    async with asyncio.TaskGroup() as tasks:
        async with graph.pool.acquire() as connection, connection.transaction():
            await lock_graph(connection)
            looking = tasks.create_task(graph.finder().look_at_some())
            await eventually(lambda: _is_blocked(graph.pool))
            yield connection
        await looking


async def _is_blocked(pool: Pool) -> bool:
    return bool(await pool.fetchval(COUNT_BLOCKED))


async def tell_by(graph: Graph, connection: Connection, *tips: TipReceivedV1) -> None:
    """Apply tips in a transaction that was begun before."""
    values = [encode(an_event(tip)) for tip in tips]
    await graph.handler.apply(
        connection, [Record("intake.tips", 1, offset, None, value, (), 0) for offset, value in enumerate(values)]
    )


async def test_what_comes_between_search_and_turn_is_found_by_its_own_search(graph: Graph) -> None:
    one, two = showing("CT-1", SHOWN), showing("CT-2", flip(SHOWN, 1))
    await graph.tell(one)
    async with while_it_waits(graph) as connection:
        await tell_by(graph, connection, two)
    await graph.look()
    assert len(await copies_of(graph)) == 2


async def test_what_goes_between_search_and_turn_is_not_near_and_back_again_it_is(graph: Graph) -> None:
    one, two, three = showing("CT-1", SHOWN), showing("CT-2", flip(SHOWN, 1)), showing("CT-3", flip(SHOWN, 2))
    await graph.tell(one)
    await graph.look()
    await graph.tell(two)
    async with while_it_waits(graph) as connection:
        await tell_by(graph, connection, amended(one, names=[]))
    assert await copies_of(graph) == {}
    await graph.tell(three)
    await graph.look()
    back = showing("CT-1", SHOWN, tip_id=one.tip_id, version=3)
    await graph.tell(back)
    await graph.look()
    assert len(await copies_of(graph)) == 6
    assert await graph.pool.fetch(SELECT_LEFT_OVER) == []


async def test_a_hash_that_goes_and_comes_back_unseen_is_searched_for_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it was gone, others may have been searched for that did not find it."""
    monkeypatch.setattr(services.linker.handlers.pictures, "HASHES_AT_ONCE", 1)
    one, two = showing("CT-1", SHOWN), showing("CT-2", flip(SHOWN, 1))
    await graph.tell(one)
    await graph.look()
    await graph.tell(two)
    await graph.tell(amended(one, names=[]))
    await graph.finder().look_at_some()
    await graph.tell(showing("CT-1", SHOWN, tip_id=one.tip_id, version=3))
    await graph.look()
    assert len(await copies_of(graph)) == 2


async def test_a_hash_that_comes_back_while_it_is_looked_at_as_gone_is_looked_at_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.linker.handlers.pictures, "HASHES_AT_ONCE", 1)
    one, two = showing("CT-1", SHOWN), showing("CT-2", flip(SHOWN, 1))
    await graph.tell(one)
    await graph.look()
    await graph.tell(two)
    await graph.tell(amended(one, names=[]))
    await graph.finder().look_at_some()
    async with while_it_waits(graph) as connection:
        await tell_by(graph, connection, showing("CT-1", SHOWN, tip_id=one.tip_id, version=3))
    await graph.look()
    assert len(await copies_of(graph)) == 2


async def test_of_a_crowd_some_of_which_goes_between_search_and_turn_nothing_is_concluded(few: Graph) -> None:
    """The search names the nearest, as many as make a crowd; when they go, it cannot tell who makes up for them."""
    nearest = [showing(f"CT-{n}", flip(SHOWN, n)) for n in range(CAP)]
    farther = [showing(f"CT-1{n}", flip(SHOWN, 10 + n, 20 + n)) for n in range(2 * CAP)]
    await few.tell(*nearest, *farther)
    await few.look()
    await few.tell(*(showing(f"CT-2{n}", SHOWN) for n in range(2)))
    async with while_it_waits(few) as connection:
        await tell_by(few, connection, *(amended(tip, names=[]) for tip in nearest))
    await few.look()
    assert await copies_of(few) == {}
    await few.tell(*(amended(tip, names=[]) for tip in farther[1:]))
    await few.look()
    assert len(await copies_of(few)) == CAP * (CAP - 1)


async def test_what_dies_between_the_stages_or_in_the_second_loses_nothing(graph: Graph) -> None:
    await graph.tell(*(showing(f"CT-{n}", flip(SHOWN, n)) for n in range(2)))
    async with graph.pool.acquire() as connection, connection.transaction():
        await lock_graph(connection)
        dying = asyncio.create_task(graph.finder().look_at_some())
        await eventually(lambda: _is_blocked(graph.pool))
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
    assert await copies_of(graph) == {}
    await graph.look()
    assert len(await copies_of(graph)) == 2


async def test_while_one_worker_looks_another_does_not(graph: Graph) -> None:
    await graph.tell(showing("CT-1", SHOWN))
    async with while_it_waits(graph), asyncio.timeout(10):
        assert await graph.finder().look_at_some() == 0


async def test_a_round_that_finds_nothing_new_says_and_writes_nothing(graph: Graph) -> None:
    one, two = showing("CT-1", SHOWN), showing("CT-2", SHOWN)
    await graph.tell(one, two, a_review(one.tip_id), a_review(two.tip_id))
    await graph.look()
    await graph.news()
    assert await graph.finder().look_at_some() == 0
    await graph.pool.execute("INSERT INTO picture_waiting (hash, is_unknown) SELECT hash, true FROM pdq")
    assert await graph.finder().look_at_some() == 1
    assert await graph.news() == []


async def test_linked_anew_by_other_rules_tips_show_what_they_say(graph: Graph, owner_pool: Pool) -> None:
    """As after a release that reads more of a tip as pictures than the one that stored it."""
    await graph.tell(showing("CT-1", SHOWN), showing("CT-2", flip(SHOWN, 1)))
    await owner_pool.execute("TRUNCATE picture, pdq, picture_waiting; UPDATE tip SET linked_by = 'old.0'")
    await graph.relink()
    await graph.look()
    assert len(await copies_of(graph)) == 2


async def test_it_tells_how_far_it_is_behind(graph: Graph) -> None:
    metrics = Metrics()
    finder = graph.finder(metrics)
    await graph.tell(*(showing(f"CT-{n}", SHOWN >> n) for n in range(3)))
    await finder.measure()
    labels = {"part": "pictures"}
    assert metrics.registry.get_sample_value("cets_waiting_rows", labels) == 3
    age_s = metrics.registry.get_sample_value("cets_waiting_age_seconds", labels)
    assert age_s is not None
    assert 0 < age_s < 60
    await finder.work()
    assert metrics.registry.get_sample_value("cets_waiting_rows", labels) == 0
    assert metrics.registry.get_sample_value("cets_waiting_age_seconds", labels) == 0
