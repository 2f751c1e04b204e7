"""A light HTTP/1.1 client: bytes made beforehand, over kept connections.

Light because the load runs on the cores that it measures.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

ANSWER_TIMEOUT_S = 60.0
HEAD_BYTES_MAX = 64 * 1024


class UnexpectedAnswer(Exception):
    """An answer that no figure may be made of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when its last byte did (monotonic seconds)."""

    status: int
    body: bytes
    at: float

    def json(self) -> Any:
        """Return the body, decoded."""
        return orjson.loads(self.body)


def post(path: str, token: str, body: bytes, *, media_type: str = "application/json") -> bytes:
    """Return a whole request, ready to be written."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One kept connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes, *, good: Sequence[int]) -> Answer:
        """Send a request and return its answer.

        Raises:
            UnexpectedAnswer: its status is none of the good ones.
        """
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            self._writer.write(request)
            await self._writer.drain()
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length:")
            if not rest:
                raise UnexpectedAnswer(f"an answer without its length: {head[:200]!r}")
            body = await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        answer = Answer(int(head[9:12]), body, time.monotonic())
        if answer.status not in good:
            raise UnexpectedAnswer(f"{request.partition(b' HTTP')[0]!r}: {answer.status} {body[:300]!r}")
        return answer

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        await self._writer.wait_closed()


class Connections:
    """A fixed number of connections to one service; who finds none free waits, and that is timed too."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._free: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in connections:
            self._free.put_nowait(connection)

    async def ask(self, request: bytes, *, good: Sequence[int]) -> Answer:
        """Send a request on the next free connection; raises what `Connection.ask` does."""
        connection = await self._free.get()
        try:
            return await connection.ask(request, good=good)
        finally:
            self._free.put_nowait(connection)


@asynccontextmanager
async def connected(url: str, *, count: int) -> AsyncIterator[Connections]:
    """Open `count` connections to a service, and close them."""
    place = urlsplit(url)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = Connection(*await asyncio.open_connection(place.hostname, place.port, limit=HEAD_BYTES_MAX))
            stack.push_async_callback(connection.close)
            opened.append(connection)
        yield Connections(opened)
