"""How fast audit writes its log: its worker is stopped, a backlog grows, and the worker catches up."""

import asyncio
import time

from deploy.local.layout import PORT_OFFSETS
from deploy.local.supervise import connect
from tests.bench.figures import Figure
from tests.bench.tips import send_batches
from tests.bench.watch import SERVICES, Delivery
from tests.fault.stack import Stack

PROCESS = "services:audit-worker"
POLL_S = 0.1
TIMEOUT_S = 120.0


async def measure_audit(stack: Stack, delivery: Delivery, batches: dict[str, list[tuple[int, bytes]]]) -> list[Figure]:
    """Return the rate at which audit's worker, alone at work, drains what the tips' whole way has left on the topics.

    The clock runs from the first batch that is seen committed, so that starting a process is not counted.
    """
    password = (stack.home / "keys" / "supervisor.password").read_text()
    supervisor = connect(stack.port_base + PORT_OFFSETS["supervisor"], password)
    await asyncio.to_thread(supervisor.stopProcess, PROCESS)
    try:
        await send_batches(stack, batches)
        await delivery.drained(SERVICES - {"audit"})
        backlog, _ = await delivery.behind(["audit"])
    finally:
        await asyncio.to_thread(supervisor.startProcess, PROCESS, False)
    first: tuple[int, float] | None = None
    async with asyncio.timeout(TIMEOUT_S):
        while left := (await delivery.behind(["audit"]))[0]:
            if first is None and left < backlog:
                first = left, time.monotonic()
            await asyncio.sleep(POLL_S)
    if first is None:
        raise RuntimeError(f"audit's backlog of {backlog} was gone before it was seen to shrink")
    seconds = time.monotonic() - first[1]
    return [Figure("audit, backlog drained", first[0] / seconds, "events/s", note=f"{backlog:,} events")]
