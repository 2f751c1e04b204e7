"""One whole stack for all tests of this folder, started when the first asks, and how its users call it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.e2e.desk import Desk
from tests.fault.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack. What one test tells it the next one finds there, so each invents people of its own."""
    with running_stack(tmp_path_factory.mktemp("e2e") / "home") as running:
        yield running


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    """The stack as its users call it."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield Desk(stack, client)
