"""What the worker comes to at rest, batch by batch in a database, is what the domain says of all tips at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest

from services.linker.app import load_rules
from services.linker.domain.caution import Component, cautious, components_of, joining_from
from services.linker.domain.model import Model
from services.linker.domain.profile import Profile
from services.linker.handlers import learn
from shared.db.pool import Pool
from tests.bench.linking.__main__ import find_worlds
from tests.bench.linking.in_memory import Read, cluster_all, contents_of, events_of, read_tips, sample, values_of
from tests.bench.linking.in_memory import learn as learn_in_memory
from tests.depth import deep
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph

TIPS, BATCH, DRAWN = 900, 150, 90
COUNT_IDLE = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"""


@pytest.fixture
async def graph(pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock) -> Graph:
    """An empty graph, under the rules with their lists, as a worker's."""
    return Graph(await pool_of("linker"), clock, load_rules())


async def tell_all(graph: Graph, events: Sequence[bytes]) -> None:
    for first in range(0, len(events), BATCH):
        await graph.apply(events[first : first + BATCH])


def region_of(read: Read, model: Model) -> int:
    """Return how many tips are in the components of those drawn."""
    drawn = sample(read.profiles, DRAWN)
    components = components_of(read.profiles, values_of(read), model)
    return len(drawn.union(*(each.tip_ids for each in components if not drawn.isdisjoint(each.tip_ids))))


async def learned_from(graph: Graph, events: Sequence[bytes]) -> Model:
    await tell_all(graph, events)
    return await graph.learner().learn()


@pytest.mark.parametrize("kind", ["provider", "hearsay", "exchange", "field", "lure", "market", "remit"][: deep(2)])
async def test_at_rest_model_and_clusters_are_those_of_all_tips_at_once(graph: Graph, kind: str) -> None:
    events = events_of(find_worlds()[kind](1, TIPS))
    await tell_all(graph, Random(1).sample(events, len(events)))
    model = await graph.learner().learn()
    await graph.relink()
    read = read_tips(list(contents_of(events)), load_rules())
    expected = learn_in_memory(read, load_rules())
    assert model.version == expected.version
    refs = {content.tip_id: content.source_ref for content in contents_of(events)}
    clusters = cluster_all(read, expected)
    assert await graph.clusters() == {frozenset(refs[tip_id] for tip_id in each.tip_ids) for each in clusters}
    assert max(len(each.tip_ids) for each in clusters) > 2


async def test_where_people_share_much_it_takes_more_to_join_so_that_no_batch_has_most_tips_looked_at(
    pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock
) -> None:
    events = events_of(find_worlds()["market"](1, TIPS))
    rules = replace(load_rules(), region_drawn=DRAWN)
    read = read_tips(list(contents_of(events)), rules)
    free = await learned_from(Graph(await pool_of("linker"), clock, rules), events)
    assert free.learned.joining_min == rules.joining_min[0]
    bound = replace(rules, region_max=region_of(read, free) - 1)
    learned = await learned_from(Graph(await pool_of("linker"), clock, bound), events)
    assert learned.version == learn_in_memory(read, bound).version
    least = learned.learned.joining_min
    assert least is not None
    assert least > rules.joining_min[0]
    assert region_of(read, learned) <= bound.region_max
    (before,) = (each for each, after in pairwise(bound.joining_min) if after == least)
    assert region_of(read, joining_from(learned, before)) > bound.region_max


async def test_of_many_tips_some_whole_components_say_how_sure_a_step_must_be(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_of(find_worlds()["hearsay"](1, TIPS))
    await tell_all(graph, events)
    seen: list[tuple[Model, list[Component], Mapping[UUID, Profile]]] = []
    loop, waiting = asyncio.get_running_loop(), list[int]()

    def watched(model: Model, components: list[Component], profiles: Mapping[UUID, Profile]) -> Model:
        seen.append((model, components, profiles))
        waiting.append(asyncio.run_coroutine_threadsafe(graph.pool.fetchval(COUNT_IDLE), loop).result(10))
        return cautious(model, components, profiles)

    monkeypatch.setattr(learn, "SAMPLE_MAX", DRAWN)
    monkeypatch.setattr(learn, "cautious", watched)
    await graph.learner().learn()
    ((model, drawn, profiles),) = seen
    read = read_tips(list(contents_of(events)), load_rules())
    every = components_of(read.profiles, values_of(read), model)
    assert all(each in every for each in drawn)
    assert len({each.tip_ids[0] for each in drawn}) == len(drawn)
    # About a tenth of the tips draw, and so about a tenth of the components are drawn.
    assert len(every) / 30 < len(drawn) < len(every) / 4
    # What takes long keeps no transaction open, which PostgreSQL would end.
    assert waiting == [0]
    assert profiles == {tip_id: read.profiles[tip_id] for each in drawn for tip_id in each.tip_ids}
