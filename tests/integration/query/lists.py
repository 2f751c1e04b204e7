"""Passenger lists as their officers submit and read them, and the worker's parts that look at them, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.query.app import Screener, Sweeper
from services.query.domain.answer import Contact
from services.query.handlers.desk import Desk
from services.query.handlers.screening import Patience
from shared.clock import Clock
from shared.db.pool import Pool
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from tests.integration.query.conftest import Officer

DAY = timedelta(days=1)
AT_ONCE = Patience(timedelta(), timedelta(), timedelta())
CEIU = Contact("ceiu", "Child Exploitation Investigations Unit", "+1-703-555-0100")


@dataclass
class Lists:
    """Looks at lists when told to, and at touched tips without waiting until they are quiet."""

    pool: Pool
    clock: Clock
    desk: Desk = field(init=False)
    screener: Screener = field(init=False)
    sweeper: Sweeper = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(self.clock, Outbox(shards=2), CEIU)
        self.screener = Screener(self.pool, self.desk, Metrics())
        self.sweeper = Sweeper(self.pool, self.desk, Metrics(), patience=AT_ONCE)

    async def screen(self) -> None:
        """Look up all who wait."""
        await self.screener.work()

    async def sweep(self) -> None:
        """Look up again all whom something touched."""
        await self.sweeper.work()

    def departs(self, *, in_: timedelta = 3 * DAY) -> str:
        """Return a departure so long from now."""
        return (self.clock.now() + in_).isoformat()

    async def submit(self, officer: Officer, *passengers: dict[str, Any], **fields: Any) -> str:
        """Return the id of a list that was submitted and looked up."""
        body = {"flight": "ZZ 123", "departs_at": self.departs(), "passengers": list(passengers), **fields}
        response = await officer.post("/v1/manifests", body)
        assert response.status_code == 202, response.text
        await self.screen()
        return str(response.json()["manifest_id"])


async def read(officer: Officer, manifest_id: str, query: str = "") -> dict[str, Any]:
    """Return a list with the first page of its results."""
    response = await officer.get(f"/v1/manifests/{manifest_id}{query}")
    assert response.status_code == 200, response.text
    whole: dict[str, Any] = response.json()
    return whole


async def alerts_of(officer: Officer, query: str = "") -> list[dict[str, Any]]:
    """Return the alerts that an officer is shown."""
    response = await officer.get(f"/v1/alerts{query}")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def grades_of(alert: dict[str, Any]) -> Sequence[tuple[str | None, str | None]]:
    """Return the grades before and after of each change of an alert."""
    return [
        (change["before"] and change["before"]["grade"], change["after"] and change["after"]["grade"])
        for change in alert["changes"]
    ]
