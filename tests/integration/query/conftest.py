"""Facts as they lie on topics, applied to query's projection by the handler its worker runs; callers of its HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.query.app import SERVICE
from services.query.handlers.project import project
from services.query.stream import MODELS
from shared.db.pool import Pool
from shared.events.envelope import Event, Payload, encode
from shared.kafka.consume import Record
from shared.kafka.inbox import EventHandler
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from tests.builders import an_event
from tests.conftest import Caller, CallService

PoolOf = Callable[[str], Awaitable[Pool]]


@dataclass
class Facts:
    """Applies events to the projection, in batches as the pump would."""

    pool: Pool
    handler: EventHandler = field(init=False)

    def __post_init__(self) -> None:
        self.handler = EventHandler(
            group="query",
            models=MODELS,
            store=project,
            outbox=Outbox(shards=2),
            metrics=Metrics(),
            dead_letters_in_row_max=100,
        )

    async def tell(self, *events: Payload | Event) -> None:
        """Apply the events as one batch."""
        values = [encode(event if isinstance(event, Event) else an_event(event)) for event in events]
        await self.apply(values)

    async def apply(self, values: list[bytes]) -> None:
        """Apply events as they lie on a topic, as one batch."""
        records = [Record("intake.tips", 0, offset, None, value, (), 0) for offset, value in enumerate(values)]
        async with self.pool.acquire() as connection, connection.transaction():
            await self.handler.apply(connection, records)


@pytest.fixture
async def facts(pool_of: PoolOf) -> Facts:
    """The projection."""
    return Facts(await pool_of("query"))


@dataclass
class Officer:
    """Someone who asks."""

    caller: Caller
    account: str

    async def look_up(self, **fields: Any) -> dict[str, Any]:
        """Return the answer to a look-up."""
        response = await self.try_look_up(**fields)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def find(self, **fields: Any) -> list[dict[str, Any]]:
        """Return the matches of a look-up."""
        matches: list[dict[str, Any]] = (await self.look_up(**fields))["matches"]
        return matches

    async def try_look_up(self, **fields: Any) -> Any:
        """Return the response to a look-up."""
        return await self.post("/v1/lookups", {"purpose": "traveller_targeting", "reference": "XY 123", **fields})

    async def add_note(self, record_id: object, **fields: Any) -> dict[str, Any]:
        """Return the note that was added."""
        response = await self.post(f"/v1/records/{record_id}/notes", {"kind": "general", **fields})
        assert response.status_code == 201, response.text
        note: dict[str, Any] = response.json()
        return note

    async def list_notes(self, record_id: object) -> list[dict[str, Any]]:
        """Return the notes on a record."""
        response = await self.get(f"/v1/records/{record_id}/notes")
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """Return the response to a POST."""
        return await self.caller.client.post(path, json=body, headers=self.caller.as_(self.account, **headers))

    async def get(self, path: str) -> Any:
        """Return the response to a GET."""
        return await self.caller.client.get(path, headers=self.caller.as_(self.account))


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Query's HTTP."""
    return await call_service(SERVICE, ceiu_phone="+1-703-555-0100")


@pytest.fixture
def cbp(caller: Caller) -> Officer:
    """An officer of CBP's targeting team."""
    return Officer(caller, "cbp.att")


@pytest.fixture
def ice(caller: Caller) -> Officer:
    """An analyst of CEIU."""
    return Officer(caller, "ceiu.analyst")


@pytest.fixture
def agent(caller: Caller) -> Officer:
    """An agent of a field office."""
    return Officer(caller, "hsi.agent.sac-boston")
