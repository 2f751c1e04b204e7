"""How soon a tip is in a committed lead, and on the topic of an office, at a steady 50 tips a second.

Tips are posted and, when an analyst would find them actionable, reviewed half a second later. Two things start a clock:
sending a post whose tip turns out to join a cluster that has a lead already, and the 201 of a review that makes
the first lead of its tip. The lead counts as committed when this process reads it: it listens to the notice that
PostgreSQL sends with each commit of the linker, and asks then, so that the figure includes a query of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from tests.bench.figures import Figure, percentiles
from tests.bench.http import Connections, connected, post
from tests.bench.tips import Prepared, Sources
from tests.bench.watch import Delivery, office_events
from tests.fault.stack import Stack

RATE_PER_S = 50
REVIEW_PAUSE_S = 0.5
CONNECTIONS = 16
UNNOTICED_S = 0.2
"""The linker's leads are asked for this often even when no notice comes."""
SETTLE_S = 10.0
REVIEW = orjson.dumps({"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "invented"})

SELECT_LEADS = """
SELECT membership.tip_id, lead.lead_id IS NOT NULL AS has_lead
FROM linker.membership LEFT JOIN linker.lead
    ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL AND lead.state <> 'closed'
WHERE membership.tip_id = ANY($1::uuid[])"""
SELECT_QUEUED = """
SELECT membership.tip_id
FROM linker.membership
    JOIN linker.lead ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL
    JOIN referral.referral ON referral.lead_id = lead.lead_id AND referral.state = 'queued'
WHERE membership.tip_id = ANY($1::uuid[])"""


@dataclass
class Round:
    """What was seen of one round; times are monotonic seconds, ids are text."""

    posted: dict[str, float] = field(default_factory=dict)
    """When the post of each tip was due, until the tip is seen in a cluster."""
    reviewed: dict[str, float] = field(default_factory=dict)
    """When the review of each tip without a lead was answered, until it has one."""
    led: set[str] = field(default_factory=set)
    """Tips that are in a lead."""
    started: dict[str, float] = field(default_factory=dict)
    """When the clock of each sample started."""
    joined: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)
    """When each tip first came to an office's topic."""
    queued: set[str] = field(default_factory=set)
    """Tips whose referral waited for a person, or for another tip, before it was sent: no delay of ours."""
    lost: set[str] = field(default_factory=set)

    def take(self, event: Any, now: float) -> None:
        """Take note of an event on an office's topic."""
        payload = event["payload"]
        was_queued = event["type"] == "referral.sent" and payload["version"] > 1
        for tip in payload["tips"]:
            if tip["tip_id"] not in self.arrived:
                self.arrived[tip["tip_id"]] = now
                if was_queued:
                    self.queued.add(tip["tip_id"])

    def office_delays(self) -> list[float]:
        """Return how long each sample that waited for nothing took to its office."""
        sent = self.started.keys() & self.arrived.keys() - self.queued
        return [self.arrived[tip_id] - self.started[tip_id] for tip_id in sent]

    def see(self, tip_id: str, now: float, *, has_lead: bool) -> None:
        """Take note that a tip is in a cluster, and whether that has a lead."""
        posted_at = self.posted.pop(tip_id, None)
        if not has_lead:
            return
        self.led.add(tip_id)
        reviewed_at = self.reviewed.pop(tip_id, None)
        # A tip that is reviewed before it is first seen tells neither delay.
        if (posted_at is None) == (reviewed_at is None):
            return
        start = reviewed_at if posted_at is None else posted_at
        assert start is not None
        self.started[tip_id] = start
        (self.opened if posted_at is None else self.joined).append(now - start)


async def measure_delays(
    stack: Stack, delivery: Delivery, sources: Sources, posts: Iterator[Prepared], *, rounds: int, round_s: float
) -> list[Figure]:
    """Return the delays of lead and office topic; the first second, before the rounds, is not counted."""
    seen: list[Round] = []
    async with connected(stack.addresses["intake"], count=CONNECTIONS) as connections:
        for seconds in (1.0, *[round_s] * rounds):
            seen.append(await _run(stack, connections, sources, islice(posts, int(RATE_PER_S * seconds))))
            await delivery.drained()
            await _explain_missing(stack, seen[-1])
    counted = seen[1:]
    queued = sum(len(one.queued & one.started.keys()) for one in counted)
    return [
        *percentiles("tip to lead, post that joins", [one.joined for one in counted], p99_max_ms=500),
        *percentiles("tip to lead, review's 201", [one.opened for one in counted], p99_max_ms=500),
        *percentiles(
            "tip to office topic",
            [one.office_delays() for one in counted],
            p99_max_ms=1_000,
            note=f"{queued} more waited in the manual queue",
        ),
        Figure("leads neither sent nor queued", sum(len(one.lost) for one in counted), "", 0, is_limit=True),
    ]


async def _run(stack: Stack, connections: Connections, sources: Sources, posts: Iterator[Prepared]) -> Round:
    found = Round()
    async with office_events(stack, found.take), _leads_seen(stack, found):
        started = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, one in enumerate(posts):
                due = started + number / RATE_PER_S
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                tasks.create_task(_carry(connections, sources, one, due, found))
        async with asyncio.timeout(SETTLE_S):
            while found.posted or found.reviewed:
                await asyncio.sleep(UNNOTICED_S)
        # What has a lead is given as long to reach its office; what comes later yet is found missing.
        deadline = time.monotonic() + SETTLE_S / 5
        while found.started.keys() - found.arrived.keys() and time.monotonic() < deadline:
            await asyncio.sleep(UNNOTICED_S)
    return found


async def _carry(connections: Connections, sources: Sources, one: Prepared, due: float, found: Round) -> None:
    """Post a tip and, when it is actionable, review it."""
    tip_id = (await connections.ask(one.request, good=[202])).json()["tip_id"]
    found.posted[tip_id] = due
    if not one.is_actionable:
        return
    await asyncio.sleep(REVIEW_PAUSE_S)
    request = post(f"/v1/tips/{tip_id}/reviews", sources.token("ceiu.analyst"), REVIEW)
    answer = await connections.ask(request, good=[201])
    if tip_id not in found.led:
        found.reviewed[tip_id] = answer.at


@asynccontextmanager
async def _leads_seen(stack: Stack, found: Round) -> AsyncIterator[None]:
    """Look for the leads of the round's tips after every commit of the linker."""
    database = await asyncpg.connect(stack.addresses["postgres"])
    committed = asyncio.Event()

    async def look() -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(committed.wait(), UNNOTICED_S)
            committed.clear()
            wanted = [UUID(tip_id) for tip_id in found.posted.keys() | found.reviewed.keys()]
            if not wanted:
                continue
            rows = await database.fetch(SELECT_LEADS, wanted)
            now = time.monotonic()
            for row in rows:
                found.see(str(row["tip_id"]), now, has_lead=row["has_lead"])

    def announce(*_: Any) -> None:
        committed.set()

    await database.add_listener("linker_outbox", announce)
    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await database.close()


async def _explain_missing(stack: Stack, found: Round) -> None:
    """Tell samples that wait in the manual queue from those that are nowhere."""
    missing = found.started.keys() - found.arrived.keys()
    database = await asyncpg.connect(stack.addresses["postgres"])
    try:
        rows = await database.fetch(SELECT_QUEUED, [UUID(tip_id) for tip_id in missing])
    finally:
        await database.close()
    waiting = {str(row["tip_id"]) for row in rows}
    found.queued |= waiting
    found.lost = missing - waiting
