"""The load: sources post tips, an analyst reviews, an officer looks up; every answer is written down.

A call that got no answer is repeated until it gets one: that is what clients do, and a repeat must be harmless.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.local.synth import SyntheticTip
from tests.fault.stack import Stack

CALL_TIMEOUT_S = 10.0
PATIENCE_S = 90.0
LOOKUP_SHARE = 0.1
REPEAT_SHARE = 0.05
REVIEW_DELAY_S = 1.0


@dataclass
class History:
    """What was asked and answered."""

    tips: dict[tuple[str, str], str] = field(default_factory=dict)
    """(source, source_ref) → tip id, of every tip answered 200 or 202."""
    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    actionable: set[str] = field(default_factory=set)
    """Ids of tips whose review as actionable was answered 201."""
    lookups: set[str] = field(default_factory=set)
    """Ids of look-ups that were answered 200."""
    contradictions: list[str] = field(default_factory=list)
    """Answers that must never come: two ids for one reference, a 4xx for a good request."""
    unanswered: int = 0
    calls: int = 0


class Load:
    """Sends the tips at a steady rate."""

    def __init__(self, stack: Stack, tips: Sequence[SyntheticTip], *, rate_per_s: float, seed: int) -> None:
        self.history = History()
        self._stack = stack
        self._tips = tips
        self._rate_per_s = rate_per_s
        self._random = random.Random(seed)
        self._tokens: dict[str, str] = {}

    async def run(self) -> History:
        """Send everything and return what happened, once every call was answered."""
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(timeout=CALL_TIMEOUT_S, limits=limits) as client, asyncio.TaskGroup() as tasks:
            started = time.monotonic()
            for number, tip in enumerate(self._tips):
                await asyncio.sleep(max(0.0, started + number / self._rate_per_s - time.monotonic()))
                tasks.create_task(self._send(client, tip))
        return self.history

    async def _send(self, client: httpx.AsyncClient, tip: SyntheticTip) -> None:
        is_repeated, looks_up = self._random.random() < REPEAT_SHARE, self._random.random() < LOOKUP_SHARE
        tip_id = await self._post_tip(client, tip)
        if tip_id is None:
            return
        if is_repeated:
            await self._post_tip(client, tip)
        if tip.actionable:
            await asyncio.sleep(REVIEW_DELAY_S)
            await self._review(client, tip_id)
        if looks_up:
            await self._look_up(client, tip)

    async def _post_tip(self, client: httpx.AsyncClient, tip: SyntheticTip) -> str | None:
        reference = (tip.tip["source"], tip.tip["source_ref"])
        response = await self._call(client, "intake", "/v1/tips", tip.account, tip.tip, good={200, 202})
        if response is None:
            return None
        tip_id = str(response.json()["tip_id"])
        if self.history.tips.setdefault(reference, tip_id) != tip_id:
            self.history.contradictions.append(f"{reference} was answered with two ids")
        self.history.bodies[reference] = tip.tip
        return tip_id

    async def _review(self, client: httpx.AsyncClient, tip_id: str) -> None:
        body = {"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "invented"}
        path = f"/v1/tips/{tip_id}/reviews"
        response = await self._call(client, "intake", path, "ceiu.analyst", body, good={201}, key=f"review {tip_id}")
        if response is not None:
            self.history.actionable.add(tip_id)

    async def _look_up(self, client: httpx.AsyncClient, tip: SyntheticTip) -> None:
        names = [name for party in tip.tip.get("parties", []) for name in party.get("names", [])]
        body = {"purpose": "traveller_targeting", "reference": "ZZ 123", "name": (names or ["Nemo Invented"])[0]}
        response = await self._call(client, "query", "/v1/lookups", "cbp.att", body, good={200})
        if response is not None:
            self.history.lookups.add(str(response.json()["lookup_id"]))

    async def _call(
        self,
        client: httpx.AsyncClient,
        service: str,
        path: str,
        account: str,
        body: dict[str, Any],
        *,
        good: set[int],
        key: str | None = None,
    ) -> httpx.Response | None:
        """Return the good answer, however often it has to be asked for; None when patience runs out."""
        headers = {"Authorization": f"Bearer {self._token(account)}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        deadline = time.monotonic() + PATIENCE_S
        pause_s = 0.05
        while time.monotonic() < deadline:
            self.history.calls += 1
            try:
                url = self._stack.addresses[service] + path
                response = await client.post(url, json=body, headers=headers)
            except httpx.TransportError:
                pass
            else:
                if response.status_code in good:
                    return response
                if response.status_code < 500 and response.status_code != 429:
                    self.history.contradictions.append(f"{path}: {response.status_code} {response.text[:300]}")
                    return None
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 1.0)
        self.history.unanswered += 1
        return None

    def _token(self, account: str) -> str:
        if account not in self._tokens:
            self._tokens[account] = self._stack.token(account)
        return self._tokens[account]
