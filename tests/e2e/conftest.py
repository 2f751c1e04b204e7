"""One whole stack for all tests of this folder, started when the first asks, and how its users call it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.desk import Desk
from tests.fault.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one of several workers take all tests of this folder, as they have one stack."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("e2e"))


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
