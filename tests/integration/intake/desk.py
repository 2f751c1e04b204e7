"""Intake as a test calls it: posting, reviewing, reading, and what went into the outbox."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.db.pool import Pool
from tests.conftest import Caller
from tests.unit.intake.bodies import a_tip

OUTBOX = "SELECT topic, convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id"
CLEAR_OUTBOX = "DELETE FROM outbox"
GOOD = {"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "it all fits"}
BAD = {**GOOD, "verifiable": False, "reason": "nothing to go by"}
ANALYST = "ceiu.analyst"


@dataclass(frozen=True)
class Desk:
    """Intake's HTTP, and its database as its app role sees it."""

    caller: Caller
    pool: Pool

    async def post(
        self,
        path: str,
        body: dict[str, Any] | bytes | str,
        account: str,
        media: str = "application/json",
        **headers: str,
    ) -> httpx.Response:
        """Post a body as an account."""
        headers = self.caller.as_(account, **headers, **{"Content-Type": media})
        if isinstance(body, dict):
            return await self.caller.client.post(path, json=body, headers=headers)
        return await self.caller.client.post(path, content=body, headers=headers)

    async def get(self, path: str, account: str = ANALYST, **query: Any) -> httpx.Response:
        """Read a path as an account."""
        return await self.caller.client.get(path, params=query, headers=self.caller.as_(account))

    async def submit(self, account: str = "source.ncmec", **fields: Any) -> dict[str, Any]:
        """Post a tip that must be taken, and return the answer."""
        source = {"source": account.removeprefix("source.")} if account.startswith("source.") else {}
        response = await self.post("/v1/tips", a_tip(**{**source, **fields}), account)
        assert response.status_code in {200, 202}, response.text
        assert (response.status_code == 200) == (response.json()["status"] == "duplicate")
        return dict(response.json())

    async def review(self, tip_id: str, verdict: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Review a tip as the analyst."""
        response = await self.post(f"/v1/tips/{tip_id}/reviews", {**verdict, **more}, ANALYST)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def show(self, tip_id: str, account: str = ANALYST, **query: Any) -> dict[str, Any]:
        """Return a tip as the account sees it."""
        response = await self.get(f"/v1/tips/{tip_id}", account, **query)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def items(self, path: str, account: str = ANALYST, **query: Any) -> list[dict[str, Any]]:
        """Return all items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            response = await self.get(path, account, **query, **({"cursor": cursor} if cursor else {}))
            assert response.status_code == 200, response.text
            items += response.json()["items"]
            cursor = response.json()["cursor"]
            if cursor is None:
                return items

    async def events(self, type_: str) -> list[dict[str, Any]]:
        """Return the events of this type in the outbox, in order."""
        return [row["event"] for row in await self.pool.fetch(OUTBOX) if row["event"]["type"] == type_]

    async def sent(self) -> list[tuple[str, str]]:
        """Return topic and type of everything in the outbox but logins, in order."""
        rows = [(row["topic"], row["event"]["type"]) for row in await self.pool.fetch(OUTBOX)]
        return [row for row in rows if row[1] != "session.opened"]


def problem_of(response: httpx.Response) -> str:
    """Return the name of the problem that was answered."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return str(response.json()["type"].removeprefix("/problems/"))


def places_of(response: httpx.Response) -> list[tuple[str | int, ...]]:
    """Return the fields that an answer blames."""
    return [tuple(error["loc"]) for error in response.json()["errors"]]
