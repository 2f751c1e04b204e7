"""What intake takes: whole batches while everything runs, the backlog they leave, and single posts."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from deploy.local.synth import SyntheticTip
from tests.bench.figures import Figure, percentiles
from tests.bench.http import Connections, connected, post
from tests.bench.watch import POLL_S, Delivery
from tests.fault.stack import Stack

LINES_MAX = 5_000
"""A batch's lines; a source with fewer tips sends them in one."""
SENDERS = 16
RATE_PER_S = 100
WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Prepared:
    """A tip as the request that posts it."""

    request: bytes
    is_actionable: bool


class Sources:
    """Turns tips into requests of their sources, each with its own token."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._tokens: dict[str, str] = {}

    def token(self, account: str) -> str:
        """Return the account's token, always the same one."""
        if account not in self._tokens:
            self._tokens[account] = self._stack.token(account)
        return self._tokens[account]

    def singles(self, tips: Iterable[SyntheticTip]) -> list[Prepared]:
        """Return a request for each tip."""
        return [
            Prepared(post("/v1/tips", self.token(t.account), orjson.dumps(t.tip)), is_actionable=t.actionable)
            for t in tips
        ]

    def batches(self, tips: Iterable[SyntheticTip]) -> dict[str, list[tuple[int, bytes]]]:
        """Return for each source its batches in order: how many lines, and the request."""
        lines: dict[str, list[bytes]] = defaultdict(list)
        for tip in tips:
            lines[tip.account].append(orjson.dumps(tip.tip))
        return {
            account: [
                (len(part), self._batch(account, part))
                for part in (own[at : at + LINES_MAX] for at in range(0, len(own), LINES_MAX))
            ]
            for account, own in lines.items()
        }

    def _batch(self, account: str, lines: Sequence[bytes]) -> bytes:
        token = self.token(account)
        return post("/v1/tips/batch", token, b"\n".join(lines) + b"\n", media_type="application/x-ndjson")


async def send_batches(stack: Stack, batches: dict[str, list[tuple[int, bytes]]]) -> None:
    """Send every source's batches, one after another, the sources side by side; every line must be accepted."""

    async def send(connections: Connections, own: Sequence[tuple[int, bytes]]) -> None:
        for lines, request in own:
            accepted = (await connections.ask(request, good=[200])).json()["accepted"]
            if accepted != lines:
                raise RuntimeError(f"{accepted} of {lines} lines were accepted")

    async with connected(stack.addresses["intake"], count=len(batches)) as connections, asyncio.TaskGroup() as tasks:
        for own in batches.values():
            tasks.create_task(send(connections, own))


async def measure_batches(
    stack: Stack, delivery: Delivery, batches: dict[str, list[tuple[int, bytes]]]
) -> list[Figure]:
    """Return how fast batches were acknowledged while everything runs, and how fast their backlog then drained.

    The backlog is what the linker had not applied when the last batch was answered. It is drained, over the linker,
    when the linker has it all, and over all when every group is at its topics' ends and every outbox is empty.
    """
    count = sum(lines for own in batches.values() for lines, _ in own)
    before = await delivery.applied("linker", "intake.tips")
    started = time.monotonic()
    await send_batches(stack, batches)
    answered = time.monotonic()
    backlog = count - (await delivery.applied("linker", "intake.tips") - before)
    while await delivery.applied("linker", "intake.tips") < before + count:
        await asyncio.sleep(POLL_S)
    linked = time.monotonic()
    await delivery.drained()
    drained = time.monotonic()
    left = f"{backlog:,} of {count:,} tips were left"
    return [
        Figure("batch intake, acknowledged", count / (answered - started), "tips/s", 4_000, note=f"{count:,} tips"),
        Figure(
            "backlog drained, linker",
            backlog / (linked - answered),
            "tips/s",
            note=f"{left}; {linked - answered:.0f} s",
        ),
        Figure(
            "backlog drained, all",
            backlog / (drained - answered),
            "tips/s",
            800,
            note=f"{left}; {drained - answered:.0f} s; whole way {count / (drained - started):,.0f}/s",
        ),
    ]


async def measure_singles(
    stack: Stack, delivery: Delivery, posts: Iterator[Prepared], *, rounds: int, round_s: float
) -> list[Figure]:
    """Return single posts: as many as go through some connections, and the delay at a steady 100 a second.

    The delay of a post runs from when it was due, so that a slow answer delays no later one unseen.
    """
    rates, delays = [], []
    async with connected(stack.addresses["intake"], count=SENDERS) as connections:
        await _as_fast_as_possible(connections, islice(posts, WARM_UP), until=time.monotonic() + round_s)
        for _ in range(rounds):
            started = time.monotonic()
            sent = await _as_fast_as_possible(connections, posts, until=started + round_s)
            rates.append(sent / (time.monotonic() - started))
            await delivery.drained()
            delays.append(await _steadily(connections, posts, count=int(RATE_PER_S * 2 * round_s)))
            await delivery.drained()
    note = f"{SENDERS} connections, median of {rounds} rounds of {round_s:g} s"
    return [
        Figure("single posts, most", statistics.median(rates), "tips/s", 600, note=note),
        *percentiles(f"single post at {RATE_PER_S}/s", delays, p99_max_ms=25),
    ]


async def _as_fast_as_possible(connections: Connections, posts: Iterator[Prepared], *, until: float) -> int:
    sent = 0

    async def send() -> None:
        nonlocal sent
        while time.monotonic() < until and (one := next(posts, None)):
            await connections.ask(one.request, good=[202])
            sent += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(SENDERS):
            tasks.create_task(send())
    return sent


async def _steadily(connections: Connections, posts: Iterator[Prepared], *, count: int) -> list[float]:
    delays: list[float] = []

    async def send(one: Prepared, due: float) -> None:
        delays.append((await connections.ask(one.request, good=[202])).at - due)

    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, one in enumerate(islice(posts, count)):
            due = started + number / RATE_PER_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            tasks.create_task(send(one, due))
    return delays
