"""The application's own limit on requests in hand."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx

from shared.http.app import REQUESTS_MAX, create_app
from shared.http.route import Edge
from shared.metrics import Metrics
from tests.fakes import FakeClock


class HeldPool:
    """A database that answers nothing until it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = asyncio.Event()

    async def fetchval(self, *_: Any, **__: Any) -> int:
        self.asked += 1
        await self.let_go.wait()
        return 1


async def test_one_request_more_than_can_be_held_is_asked_to_come_back() -> None:
    pool = HeldPool()

    async def build() -> tuple[Edge, Callable[[], Awaitable[None]]]:
        async def close() -> None: ...

        return cast(Edge, SimpleNamespace(pool=pool)), close

    app = create_app("intake", (), build, clock=FakeClock(), metrics=Metrics())
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        async with asyncio.TaskGroup() as tasks:
            held = [tasks.create_task(client.get("/readyz")) for _ in range(REQUESTS_MAX)]
            async with asyncio.timeout(60):
                while pool.asked < REQUESTS_MAX:
                    await asyncio.sleep(0.01)
                refused = await client.get("/readyz")
            pool.let_go.set()
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert {task.result().status_code for task in held} == {200}
        assert (await client.get("/readyz")).status_code == 200
