"""The demo's hands: calls to the services as some account, and a look at an office's topic."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.topics import office_topic
from shared.security import issue_token

EVENTUALLY_S = 30.0
T = TypeVar("T")


class ClaimFailed(Exception):
    """Something the demo says is not so."""


class NotThere(ClaimFailed):
    """A service does not know the thing; it may, a moment later."""


@dataclass
class World:
    """A running stack, as the demo uses it."""

    addresses: Mapping[str, Any]
    private_key: bytes
    client: httpx.AsyncClient
    _tokens: dict[str, str] = field(default_factory=dict)

    async def post(
        self, service: str, path: str, account: str, *, body: Any = None, raw: bytes | None = None, media: str = ""
    ) -> Any:
        """Return the JSON answer to a POST.

        Raises:
            ClaimFailed: it was refused; the message holds the problem document.
        """
        headers = self._headers(account) | ({"Content-Type": media} if media else {})
        response = await self.client.post(self._url(service, path), json=body, content=raw, headers=headers)
        return _answer(response)

    async def get(self, service: str, path: str, account: str, **parameters: str) -> Any:
        """Return the JSON answer to a GET; raises `ClaimFailed` as `post` does."""
        response = await self.client.get(self._url(service, path), params=parameters, headers=self._headers(account))
        return _answer(response)

    async def list_all(self, service: str, path: str, account: str, **parameters: str) -> list[Any]:
        """Return the items of all pages."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(service, path, account, **parameters, **cursor)
            items += page["items"]
            if page["cursor"] is None:
                return items
            cursor = {"cursor": page["cursor"]}

    async def read_office(self, code: str) -> list[dict[str, Any]]:
        """Return every event on a field office's topic."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.addresses["kafka"], enable_auto_commit=False)
        await consumer.start()
        try:
            place = TopicPartition(office_topic(code), 0)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            events: list[dict[str, Any]] = []
            while await consumer.position(place) < end:
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    events += [json.loads(record.value) for record in batch]
            return events
        finally:
            await consumer.stop()

    def _url(self, service: str, path: str) -> str:
        return f"{self.addresses[service]}{path}"

    def _headers(self, account: str) -> dict[str, str]:
        if account not in self._tokens:
            self._tokens[account] = issue_token(account, self.private_key, now=datetime.now(UTC))
        return {"Authorization": f"Bearer {self._tokens[account]}"}


async def eventually(condition: Callable[[], Awaitable[T]], claim: str, *, timeout_s: float = EVENTUALLY_S) -> T:
    """Return the condition's value as soon as it is true.

    Raises:
        ClaimFailed: it did not become so within `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if value := await condition():
                return value
        except NotThere:
            pass
        await asyncio.sleep(0.05)
    raise ClaimFailed(f"not within {timeout_s:.0f} s: {claim}")


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        failure = NotThere if response.status_code == httpx.codes.NOT_FOUND else ClaimFailed
        raise failure(f"{response.request.method} {response.request.url.path}: {response.text}")
    return response.json()
