"""Look-ups while tips come in, and how soon a tip that came in is found."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import count, cycle, islice
from typing import Any

import orjson

from deploy.local.synth import generate
from tests.bench.figures import Figure, percentiles
from tests.bench.http import Connections, connected, post
from tests.bench.lookup.register import Clerk
from tests.bench.tips import Sources
from tests.fault.stack import Stack

SEED = 7
LOOKUPS_PER_S, TIPS_PER_S, SECONDS = 20, 500, 20
NEW_TIPS_PER_S = 50
POLL_S = 0.02
FOUND_WITHIN_S = 30.0


async def measure_under_load(stack: Stack, asked: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Return the times of look-ups at a steady rate while batches of tips come in at another."""
    sources = Sources(stack)
    world = generate(SEED, TIPS_PER_S * SECONDS)
    batches = [sources.batches(islice(world, TIPS_PER_S)) for _ in range(SECONDS)]
    times_s: list[float] = []
    async with (
        connected(stack.addresses["intake"], count=8) as intake,
        connected(stack.addresses["query"], count=8) as query,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(_send(intake, batches))
        clerk = Clerk(query, stack)
        started = time.monotonic()
        for number, fields in zip(range(LOOKUPS_PER_S * SECONDS), cycle(asked), strict=False):
            due = started + number / LOOKUPS_PER_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.create_task(_ask(clerk, fields, due, times_s))
    note = f"{LOOKUPS_PER_S}/s beside {TIPS_PER_S} tips/s in batches, from when each was due"
    return percentiles("look-up under load", [times_s], p99_max_ms=60, note=note)


async def measure_findable(stack: Stack, *, seconds: int) -> list[Figure]:
    """Return how long after its 202 each new tip's subject was first found by its e-mail address."""
    token, numbers = stack.token("source.tipline"), count()
    waited_s: list[float] = []
    async with (
        connected(stack.addresses["intake"], count=8) as intake,
        connected(stack.addresses["query"], count=8) as query,
        asyncio.TaskGroup() as tasks,
    ):
        clerk, started = Clerk(query, stack), time.monotonic()
        for number in islice(numbers, NEW_TIPS_PER_S * seconds):
            await asyncio.sleep(max(0.0, started + number / NEW_TIPS_PER_S - time.monotonic()))
            is_watched = number % NEW_TIPS_PER_S == 0
            tasks.create_task(_post_and_find(intake, clerk, token, number, waited_s if is_watched else None))
    note = f"{NEW_TIPS_PER_S} tips/s, one a second watched"
    return percentiles("new tip is found", [waited_s], p99_max_ms=2_000, note=note)


async def _send(intake: Connections, batches: Sequence[Mapping[str, Sequence[tuple[int, bytes]]]]) -> None:
    started = time.monotonic()
    for second, batch in enumerate(batches):
        await asyncio.sleep(max(0.0, started + second - time.monotonic()))
        for own in batch.values():
            for _, request in own:
                await intake.ask(request, good=[200])


async def _ask(clerk: Clerk, fields: Mapping[str, Any], due: float, times_s: list[float]) -> None:
    await clerk.ask(dict(fields))
    times_s.append(time.monotonic() - due)


async def _post_and_find(
    intake: Connections, clerk: Clerk, token: str, number: int, waited_s: list[float] | None
) -> None:
    email = f"new{number}@example.org"
    tip = {
        "source_ref": f"BENCH-{number}",
        "source": "tipline",
        "reported_at": "2026-03-01T10:00:00Z",
        "incident": {"type": "enticement"},
        "parties": [{"role": "subject", "names": ["Ana Lopez"], "identifiers": [{"type": "email", "value": email}]}],
    }
    answered = await intake.ask(post("/v1/tips", token, orjson.dumps(tip)), good=[202])
    while waited_s is not None:
        found, _ = await clerk.ask({"emails": [email]})
        if found["matches"]:
            waited_s.append(time.monotonic() - answered.at)
            return
        if time.monotonic() - answered.at > FOUND_WITHIN_S:
            raise RuntimeError(f"{email} was not found within {FOUND_WITHIN_S:g} s")
        await asyncio.sleep(POLL_S)
