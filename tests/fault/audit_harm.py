"""What is done to audit's processes, planned from a seed: kills in the middle of what they do, seen in the database."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import psutil

from tests.fault.audit_stack import AuditStack, Eyes, Process
from tests.waiting import eventually

BATCH_SIZES = (20, 100, 1_000)
"""The same records make the same log, however they are cut."""
SEEN_S, GONE_S = 60.0, 30.0
LOOK_PERIOD_S = 0.001
LATER_S = 0.03
"""A kill comes up to so much later than the moment that was waited for, mostly little: in the batch, or behind it."""
WITNESS_GAP_S = 0.5

WORKER = "application_name = 'audit-worker'"
# The pump's transaction, once it holds its fences: none of the others has these statements, or a transaction id then.
SEE_BATCH = f"""
SELECT pid, client_port, backend_xid::text::xid8 AS xid FROM pg_stat_activity
WHERE {WORKER} AND backend_xid IS NOT NULL
    AND query ~ '(FROM fence JOIN|UPDATE fence|FROM head JOIN|INTO head|UPDATE head|plan_cache_mode|COPY "entry")'"""
# That of what follows the log: any of them, for its lock is held in it alone.
SEE_FOLLOWING = f"""
SELECT activity.pid, activity.client_port, activity.backend_xid::text::xid8 AS xid
FROM pg_stat_activity AS activity JOIN pg_locks AS held ON held.pid = activity.pid
WHERE activity.{WORKER} AND held.locktype = 'advisory' AND held.classid = 7300 AND held.objid = 1 AND held.granted
    AND activity.backend_xid IS NOT NULL"""
# The checkpointer's, while entries are read again for it, or what was signed is being stored.
SEE_SIGNING = f"""
SELECT activity.pid, activity.client_port, activity.backend_xid::text::xid8 AS xid
FROM pg_stat_activity AS activity JOIN pg_locks AS held ON held.pid = activity.pid
WHERE activity.{WORKER} AND held.locktype = 'advisory' AND held.classid = 7300 AND held.objid = 0
    AND held.granted AND (
    activity.backend_xid IS NOT NULL
    OR EXISTS (SELECT FROM pg_stat_activity WHERE {WORKER} AND state = 'active' AND query ~ 'JOIN entry ON'))"""
SEE_SUCCESSOR = f"""
SELECT client_port FROM pg_stat_activity
WHERE {WORKER} AND (wait_event_type = 'Lock' OR query ~ '(UPDATE fence|COPY "entry")')"""
SEE_BACKENDS = f"SELECT client_port FROM pg_stat_activity WHERE {WORKER}"
STATUS = "SELECT pg_xact_status($1::text::xid8) AS status"


@dataclass(frozen=True)
class Scale:
    """How much is done. All kills of the writer hit it in a batch; those while it signs or follows come on top."""

    writer: int
    postgres: int
    check_every: int = 25

    def plan(self, chance: random.Random) -> list[str]:
        """Return what is done, in order; one in ten writers is frozen, and killed beside its successor."""
        frozen = max(1, self.writer // 10)
        other = max(1, self.writer // 8)
        steps = ["batch"] * (self.writer - frozen) + ["frozen"] * frozen + ["postgres"] * self.postgres
        steps += ["signing", "following", "witness"] * other
        chance.shuffle(steps)
        return steps


class Harm:
    """Does it, and counts."""

    def __init__(self, stack: AuditStack, scale: Scale, seed: int, pin: Callable[[Eyes], Awaitable[None]]) -> None:
        """`pin` keeps outside what is signed at the moment."""
        self._stack = stack
        self._pin = pin
        self._chance = random.Random(f"harm {seed}")
        self._scale = scale
        self.done = Counter[str]()
        self.batches = Counter[str | None]()
        """What became of the transactions that writers were killed in: aborted, committed."""
        self._worker = self._start()
        self._witness = stack.start_witness()

    async def steps(self) -> AsyncIterator[bool]:
        """Do one thing after the other; each time yield whether it is time to look what became of the log."""
        for step in self._scale.plan(self._chance):
            match step:
                case "batch":
                    self.batches[await self._kill(SEE_BATCH)] += 1
                case "frozen":
                    self.batches[await self._kill_beside_successor()] += 1
                case "signing":
                    await self._kill(SEE_SIGNING)
                case "following":
                    await self._kill(SEE_FOLLOWING)
                case "witness":
                    await asyncio.sleep(self._chance.uniform(0, WITNESS_GAP_S))
                    self._witness.refuse_ended()
                    self._witness.kill()
                    self._witness = self._stack.start_witness()
                case "postgres":
                    await self._crash_postgres()
            self.done[step] += 1
            killed = self.done["batch"] + self.done["frozen"]
            yield step in ("batch", "frozen") and killed % self._scale.check_every == 0

    def _start(self) -> Process:
        return self._stack.start_worker(batch_records_max=self._chance.choice(BATCH_SIZES))

    async def _see(self, statement: str) -> Any:
        """Return the worker's transaction as soon as it is seen."""

        async def look() -> Any:
            self._worker.refuse_ended()
            rows = await self._stack.eyes.fetch(statement)
            return rows[0] if rows else None

        async with asyncio.timeout(SEEN_S):
            while not (seen := await look()):
                await asyncio.sleep(LOOK_PERIOD_S)
        return seen

    async def _kill(self, statement: str) -> str | None:
        """Kill the worker a little after it was seen, start the next at once; return what became of its transaction."""
        seen = await self._see(statement)
        await self._wait_a_little()
        self._worker.refuse_ended()
        self._worker.kill()
        self._worker = self._start()
        await self._stack.expel()
        return await self._bury(seen)

    async def _kill_beside_successor(self) -> str | None:
        """Freeze the worker in a batch, let another take over, wake the first or not, kill it; return as `_kill`."""
        seen = await self._see(SEE_BATCH)
        await self._wait_a_little()
        old = self._worker
        old.refuse_ended()
        old.running.send_signal(signal.SIGSTOP)
        self._worker = self._start()
        await self._stack.expel()

        async def is_at_work() -> bool:
            self._worker.refuse_ended()
            return bool(await self._ports(SEE_SUCCESSOR) & _ports_of(self._worker))

        await eventually(is_at_work, timeout_s=SEEN_S)
        successor = await self._stack.members()
        if self._chance.random() < 0.5:
            old.running.send_signal(signal.SIGCONT)
            await asyncio.sleep(self._chance.uniform(0, 0.5))
            old.refuse_ended()
        old.kill()
        await self._stack.expel(but=successor)
        return await self._bury(seen)

    async def _bury(self, seen: Any) -> str | None:
        """Wait until PostgreSQL knows that a killed worker is gone; return what it did with its transaction."""

        async def is_gone() -> bool:
            return await self._ports(SEE_BACKENDS) <= _ports_of(self._worker)

        await eventually(is_gone, timeout_s=GONE_S)
        rows = await self._stack.eyes.fetch(STATUS, seen["xid"] and str(seen["xid"]))
        status: str | None = rows[0]["status"]
        return status

    async def _crash_postgres(self) -> None:
        """Kill PostgreSQL in a batch or while it is signed, and sometimes the worker with it.

        What was said a moment before to someone outside must still be there afterwards.
        """
        await self._see(self._chance.choice([SEE_BATCH, SEE_SIGNING]))
        await self._wait_a_little()
        await self._pin(self._stack.eyes)
        is_double = self._chance.random() < 0.3
        crash = asyncio.create_task(self._stack.crash_postgres())
        if is_double:
            await asyncio.sleep(self._chance.uniform(0, 0.1))
            self._worker.kill()
            self._worker = self._start()
            await self._stack.expel()
        await crash

    async def _wait_a_little(self) -> None:
        await asyncio.sleep(LATER_S * self._chance.random() ** 3)

    async def _ports(self, statement: str) -> set[int]:
        return {row["client_port"] for row in await self._stack.eyes.fetch(statement)}


def _ports_of(process: Process) -> set[int]:
    return {each.laddr.port for each in psutil.Process(process.running.pid).net_connections("tcp") if each.laddr}
