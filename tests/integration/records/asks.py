"""A request that gets a good answer, what it puts on record, and a client that looks when the answer leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from shared.db.pool import Pool
from tests.conftest import Caller

EVENTS_SINCE = """
SELECT id, topic, convert_from(value, 'UTF8')::jsonb AS event FROM outbox WHERE id > $1 ORDER BY id"""
LAST = "SELECT COALESCE(max(id), 0) FROM outbox"


@dataclass(frozen=True)
class Ask:
    """A request by an account, and the types of the events that it puts on record, in their order."""

    route: str
    """As in the table: `GET /v1/tips/{tip_id}`."""
    account: str
    records: Sequence[str]
    ids: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    """Sent as JSON, or as they are if these are bytes."""
    media: str = "application/json"
    has_key: bool = True
    """Of a POST: whether it has an Idempotency-Key."""

    @property
    def method(self) -> str:
        return self.route.split(" ")[0]

    @property
    def path(self) -> str:
        return self.route.split(" ")[1].format(**self.ids)


VIEW = ("record.viewed",)


class Watch:
    """Stands before an application, and keeps what was committed to the outbox when an answer's first byte left."""

    def __init__(self, app: Any, pool: Pool) -> None:
        self._app = app
        self._pool = pool
        self.at_first_byte: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        last = await self._pool.fetchval(LAST)

        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.at_first_byte = await self._pool.fetch(EVENTS_SINCE, last)
            await send(message)

        await self._app(scope, receive, watched)


def watch(caller: Caller, pool: Pool) -> Watch:
    """Put a watch before a caller's application."""
    transport: Any = caller.client._transport
    transport.app = Watch(transport.app, pool)
    watcher: Watch = transport.app
    return watcher


async def send(caller: Caller, ask: Ask, *, key: str | None = None) -> httpx.Response:
    """Send a request."""
    headers = caller.as_(ask.account)
    if key is not None:
        headers["Idempotency-Key"] = key
    headers["Content-Type"] = ask.media
    content = ask.body if ask.body is None or isinstance(ask.body, bytes) else orjson.dumps(ask.body, default=str)
    return await caller.client.request(ask.method, ask.path, params=dict(ask.query), content=content, headers=headers)
