"""The stack as its users call it, over HTTP alone: what sources tell, what people decide, what everybody is shown.

Nothing is read from a database. The linker decides about a tip and its leads in one transaction, so whoever is shown
a tip's links is shown all that follows from that tip; of what follows from an amendment, tests wait for what they
expect.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conftest import Kafka
from tests.fault.stack import Stack
from tests.waiting import eventually

ANALYST, SUPERVISOR, OFFICER = "ceiu.analyst", "ceiu.supervisor", "cbp.att"
ARRIVED_S = 30.0
PAGE = 500
GOOD = {"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "invented"}
BAD = {**GOOD, "verifiable": False}

Item = dict[str, Any]


def given(type_: str, value: str, **more: Any) -> Item:
    """Return an identifier as a source gives it."""
    return {"type": type_, "value": value, **more}


def email(value: str) -> Item:
    return given("email", value)


def phone(value: str) -> Item:
    return given("phone", value)


def a_party(*identifiers: Item, role: str = "subject", **fields: Any) -> Item:
    return {"role": role, "identifiers": list(identifiers), **fields}


def a_tip(ref: str, *identifiers: Item, **fields: Any) -> Item:
    """Return a tip about one subject, who holds the identifiers; `parties` are others, `names` and so on the subject's.

    What no test names is the same in all: a possession, reported by ncmec.
    """
    own = {name: fields.pop(name) for name in ("names", "birth_date") if name in fields}
    return {
        "source_ref": ref,
        "source": "ncmec",
        "reported_at": "2026-03-01T10:00:00Z",
        "incident": {"type": fields.pop("incident", "possession")},
        "parties": [a_party(*identifiers, **own), *fields.pop("parties", [])],
        **fields,
    }


@dataclass
class Desk:
    """A running stack and a client of it."""

    stack: Stack
    client: httpx.AsyncClient
    _tokens: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, service: str, path: str, account: str = ANALYST, body: Any = None, **query: Any
    ) -> httpx.Response:
        """Return the answer, whatever it is; a POST when there is a body."""
        if account not in self._tokens:
            self._tokens[account] = self.stack.token(account)
        return await self.client.request(
            "GET" if body is None else "POST",
            f"{self.stack.addresses[service]}{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self._tokens[account]}"},
        )

    async def call(self, service: str, path: str, account: str = ANALYST, body: Any = None, **query: Any) -> Any:
        """Return what was answered; it must be a good answer."""
        answer = await self.ask(service, path, account, body, **query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def items(self, service: str, path: str, account: str = ANALYST, **query: Any) -> list[Item]:
        """Return the items of all pages."""
        found: list[Item] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.call(service, path, account, limit=PAGE, **query, **cursor)
            found += page["items"]
            if page["cursor"] is None:
                return found
            cursor = {"cursor": page["cursor"]}

    async def tell(self, *tips: Item) -> list[str]:
        """Let their sources report tips, or amend them; return their ids."""
        return await asyncio.gather(*(self._post(tip) for tip in tips))

    async def report(self, *tips: Item) -> list[str]:
        """Let their sources report new tips; return their ids in the order given, once all of them are linked."""
        tip_ids = await self.tell(*tips)
        for tip_id in tip_ids:
            await eventually(lambda tip_id=tip_id: self._is_linked(tip_id), timeout_s=ARRIVED_S)  # type: ignore[misc]
        return tip_ids

    async def review(self, *tip_ids: str, verdict: Item = GOOD) -> None:
        """Let an analyst decide about tips."""
        paths = [f"/v1/tips/{tip_id}/reviews" for tip_id in tip_ids]
        await asyncio.gather(*(self.call("intake", path, body=verdict) for path in paths))

    async def judge(self, left: str, right: str, decision: str) -> str:
        """Let an analyst judge two tips; return the judgement's id."""
        body = {"left_tip_id": left, "right_tip_id": right, "decision": decision, "reason": "invented"}
        return str((await self.call("linker", "/v1/judgements", body=body))["judgement_id"])

    async def links(self, tip_id: str) -> dict[str, Item]:
        """Return the links of a tip by the other tip's id, in the order in which they are listed."""
        return {link["tip_id"]: link for link in await self.items("linker", f"/v1/tips/{tip_id}/links")}

    async def clusters(self, *tip_ids: str) -> set[frozenset[str]]:
        """Return how these tips lie together."""
        answer = await self.ask("linker", "/v1/clusters", SUPERVISOR)
        cluster_of = {row["tip_id"]: row["cluster_id"] for row in map(json.loads, answer.text.splitlines())}
        return {frozenset(other for other in tip_ids if cluster_of[other] == cluster_of[tip_id]) for tip_id in tip_ids}

    async def find_lead(self, tip_id: str, **query: Any) -> Item | None:
        """Return the lead that has the tip, whole, or None."""
        for lead in await self.items("linker", "/v1/leads", **query):
            if tip_id in tips_of(lead):
                return dict(await self.call("linker", f"/v1/leads/{lead['lead_id']}"))
        return None

    async def lead(self, tip_id: str, holds: Callable[[Item], bool] = lambda _: True) -> Item:
        """Return the tip's lead, once there is one and it is as expected."""

        async def found() -> Item | None:
            lead = await self.find_lead(tip_id)
            return lead if lead is not None and holds(lead) else None

        return dict(await self.eventually(found))

    async def open_lead(self, *tips: Item) -> tuple[str, list[str]]:
        """Report tips of which the first is found actionable; return the id of its lead, and theirs."""
        tip_ids = await self.report(*tips)
        await self.review(tip_ids[0])
        return (await self.lead(tip_ids[0]))["lead_id"], tip_ids

    async def events(self, topic: str, *types: str) -> list[Item]:
        """Return the events of some types on a topic so far."""
        kafka = Kafka(self.stack.addresses["kafka"], prefix="")
        return [event for event in await kafka.read_events(topic) if event["type"] in types]

    async def eventually(self, condition: Callable[[], Awaitable[Any]]) -> Any:
        """Return the condition's value as soon as it is true."""
        return await eventually(condition, timeout_s=ARRIVED_S)

    async def _post(self, tip: Item) -> str:
        return str((await self.call("intake", "/v1/tips", f"source.{tip['source']}", tip))["tip_id"])

    async def _is_linked(self, tip_id: str) -> bool:
        return (await self.ask("linker", f"/v1/tips/{tip_id}/links")).is_success


def tips_of(lead: Item) -> set[str]:
    return {tip["tip_id"] for tip in lead["tips"]}
