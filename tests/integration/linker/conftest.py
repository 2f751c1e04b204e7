"""A graph of this test's own, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.db.pool import Pool, open_pool
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph
from tests.integration.linker.near_copies import FEW
from tests.servers import Database


@pytest.fixture
async def graph(pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock) -> Graph:
    """An empty graph, under the rules in use."""
    return Graph(await pool_of("linker"), clock)


@pytest.fixture
async def owner_pool(database: Database) -> AsyncIterator[Pool]:
    """A pool as the schema's owner, who may empty tables."""
    pool = await open_pool(database.owner_url("linker"), size=1, name="test-linker-owner")
    yield pool
    await pool.close()


@pytest.fixture
def few(graph: Graph, clock: FakeClock) -> Graph:
    """A graph where more than three tips are a crowd."""
    return Graph(graph.pool, clock, FEW)
