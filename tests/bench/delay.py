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
from tests.bench.watch import Delivery, office_arrivals
from tests.fault.stack import Stack

RATE_PER_S = 50
REVIEW_PAUSE_S = 0.5
CONNECTIONS = 16
UNNOTICED_S = 0.2
"""The linker's leads are asked for this often even when no notice comes."""
SETTLE_S = 10.0
REVIEW = orjson.dumps({"plausible": True, "verifiable": True, "illegal_if_verified": True, "reason": "invented"})

SELECT_LEADS = """
SELECT membership.tip_id, lead.lead_id
FROM linker.membership LEFT JOIN linker.lead
    ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL AND lead.state <> 'closed'
WHERE membership.tip_id = ANY($1::uuid[])"""
SELECT_QUEUED = "SELECT lead_id FROM referral.referral WHERE state = 'queued' AND lead_id = ANY($1::uuid[])"


@dataclass
class Round:
    """What was seen of one round; times are monotonic seconds, ids are text."""

    posted: dict[str, float] = field(default_factory=dict)
    """When the post of each tip was due, until the tip is seen in a cluster."""
    reviewed: dict[str, float] = field(default_factory=dict)
    """When the review of each tip without a lead was answered, until it has one."""
    lead_of: dict[str, str] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    """When the clock of each sample started."""
    joined: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)

    def see(self, tip_id: str, lead_id: str | None, now: float) -> None:
        """Take note that a tip is in a cluster, and of its lead if that has one."""
        posted_at = self.posted.pop(tip_id, None)
        if lead_id is None:
            return
        self.lead_of[tip_id] = lead_id
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
    counted = seen[1:]
    queued, lost = await _not_arrived(stack, counted)
    if lost:
        raise RuntimeError(f"{len(lost)} leads reached neither an office's topic nor the manual queue: {lost[:3]}")
    offices = [
        [r.arrived[tip_id] - start for tip_id, start in r.started.items() if tip_id in r.arrived] for r in counted
    ]
    return [
        *percentiles("tip to lead, post that joins", [r.joined for r in counted], p99_max_ms=500),
        *percentiles("tip to lead, review's 201", [r.opened for r in counted], p99_max_ms=500),
        *percentiles("tip to office topic", offices, p99_max_ms=1_000, note=f"{queued} more wait in the manual queue"),
    ]


async def _run(stack: Stack, connections: Connections, sources: Sources, posts: Iterator[Prepared]) -> Round:
    found = Round()
    async with office_arrivals(stack, found.arrived), _leads_seen(stack, found):
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
    if tip_id not in found.lead_of:
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
                found.see(str(row["tip_id"]), row["lead_id"] and str(row["lead_id"]), now)

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


async def _not_arrived(stack: Stack, rounds: list[Round]) -> tuple[int, list[str]]:
    """Return how many samples wait in the manual queue, and the tips that are nowhere."""
    missing = {tip_id: r.lead_of[tip_id] for r in rounds for tip_id in r.started.keys() - r.arrived.keys()}
    database = await asyncpg.connect(stack.addresses["postgres"])
    try:
        rows = await database.fetch(SELECT_QUEUED, [UUID(lead_id) for lead_id in set(missing.values())])
    finally:
        await database.close()
    queued = {str(row["lead_id"]) for row in rows}
    lost = [tip_id for tip_id, lead_id in missing.items() if lead_id not in queued]
    return len(missing) - len(lost), lost
