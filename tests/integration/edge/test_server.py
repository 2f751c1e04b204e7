"""The server itself, over a real socket: what never reaches a route is answered as a problem document too."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn

from shared.clock import SystemClock
from shared.http.app import server_options
from shared.metrics import Metrics
from shared.service import build_app
from tests.conftest import Keys, settings_of
from tests.integration.edge.test_edge import SERVICE
from tests.servers import Database, free_port
from tests.waiting import eventually


@pytest.fixture
async def port(database: Database, keys: Keys) -> AsyncIterator[int]:
    """The port of a server of the two routes, in this loop."""
    app = build_app(SERVICE, settings_of(SERVICE, database, keys), clock=SystemClock(), metrics=Metrics())
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, **server_options(host="127.0.0.1", port=port, drain_timeout_s=1)))
    # Not `serve`, which would take the test run's signals.
    serving = asyncio.create_task(server._serve())

    async def is_up() -> bool:
        return server.started or serving.done()

    await eventually(is_up)
    yield port
    server.should_exit = True
    await serving


async def say(port: int, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes; return the status, headers and body of what comes back before the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    await writer.drain()
    async with asyncio.timeout(10):
        whole = await reader.read()
    writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split(" ")[1]), headers, body


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /v1/things/1 HTTP/1.1\r\nHost x\r\n\r\n",
        b"GET /caf\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_not_http_is_refused_by_a_problem_document(port: int, raw: bytes) -> None:
    status, headers, body = await say(port, raw)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert (headers["connection"], headers["cache-control"]) == ("close", "no-store")
    document = json.loads(body)
    assert (document["type"], document["status"]) == ("/problems/malformed", 400)
    assert document["request_id"] == headers["x-request-id"]


async def test_a_good_request_still_gets_its_answer(port: int) -> None:
    status, _, body = await say(port, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (status, json.loads(body)) == (200, {"status": "ready"})


async def test_an_upgrade_is_an_ordinary_request(port: int) -> None:
    raw = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    status, _, body = await say(port, raw)
    assert (status, json.loads(body)) == (200, {"status": "ready"})
