"""The faults, planned from a seed: which, against whom, when. Poison goes onto the topics beside them."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.events.topics import FACT_TOPICS
from tests.fault.stack import Stack

SERVICES = ("intake", "linker", "referral", "query", "audit")
VICTIMS = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("http", "worker"))
GAP_S = (0.4, 2.0)
FREEZE_S = 9.0
"""Longer than a worker's session of 6 s: when it wakes, its partitions belong to another."""
SERVER_GAP_S = 12.0
"""A killed broker or database needs this long until it is fair to kill it again."""
BROKER_BACK_S = 60.0
"""A producer with an unsent record stops when the broker is back: on a busy machine that is no matter of seconds."""


@dataclass(frozen=True)
class Fault:
    """One fault: `kill` a process, `freeze` a worker, `crash` the broker, `immediate` end of the database."""

    after_s: float
    kind: str
    victim: str


@dataclass
class Harm:
    """What was done."""

    faults: Counter[str] = field(default_factory=Counter)
    poison: list[tuple[str, bytes]] = field(default_factory=list)
    """(topic, value) of each poison record that Kafka acknowledged; every value is unlike all others."""


def plan(seed: int, duration_s: float) -> list[Fault]:
    """Return the faults of a run. Each run has at least one of every kind, the rest is kills."""
    chance = random.Random(f"plan {seed}")
    faults = list(_kills(chance, duration_s))
    servers = [("crash", "kafka"), ("immediate", "postgres")]
    chance.shuffle(servers)
    moment = chance.uniform(2.0, 5.0)
    for kind, victim in servers * max(1, int(duration_s // (3 * SERVER_GAP_S))):
        faults.append(Fault(moment, kind, victim))
        moment += SERVER_GAP_S
    worker = chance.choice([victim for victim in VICTIMS if victim.endswith("worker")])
    faults.append(Fault(chance.uniform(0, max(1.0, duration_s - FREEZE_S)), "freeze", worker))
    return sorted(faults, key=lambda fault: fault.after_s)


def _kills(chance: random.Random, duration_s: float) -> Iterator[Fault]:
    moment = chance.uniform(*GAP_S)
    while moment < duration_s:
        yield Fault(moment, "kill", chance.choice(VICTIMS))
        moment += chance.uniform(*GAP_S)


async def run(stack: Stack, faults: list[Fault], *, poison_count: int, seed: int, duration_s: float) -> Harm:
    """Carry out the plan and put the poison on the fact topics, spread over the time."""
    harm = Harm()
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_poison(stack, harm, poison_count, seed, duration_s))
        for fault in faults:
            await asyncio.sleep(max(0.0, started + fault.after_s - loop.time()))
            tasks.create_task(_do(stack, fault, harm))
    return harm


async def _do(stack: Stack, fault: Fault, harm: Harm) -> None:
    process = await asyncio.to_thread(stack.find, fault.victim)
    if process is None:
        return
    harm.faults[fault.kind] += 1
    if fault.kind == "freeze":
        _signal(process, signal.SIGSTOP)
        await asyncio.sleep(FREEZE_S)
        _signal(process, signal.SIGCONT)
    elif fault.kind == "immediate":
        _signal(process, signal.SIGQUIT)
    else:
        _signal(process, signal.SIGKILL)


def _signal(process: psutil.Process, sig: signal.Signals) -> None:
    try:
        if process.is_running():
            os.kill(process.pid, sig)
    except (ProcessLookupError, psutil.Error):
        return


async def _poison(stack: Stack, harm: Harm, count: int, seed: int, duration_s: float) -> None:
    """Send records no consumer can read, at most one for each hundred good ones, noting those that arrived."""
    chance = random.Random(f"poison {seed}")
    for number in range(count):
        topic = chance.choice(FACT_TOPICS).name
        value = _poison_value(chance, seed, number)
        await asyncio.sleep(duration_s / count)
        producer = AIOKafkaProducer(bootstrap_servers=stack.addresses["kafka"], enable_idempotence=True)
        try:
            await producer.start()
            await asyncio.wait_for(producer.send_and_wait(topic, value, key=b"poison"), 10)
            harm.poison.append((topic, value))
        except (KafkaError, OSError, TimeoutError):
            # It may have arrived all the same; the checker counts only what was acknowledged, and never more than one.
            continue
        finally:
            await asyncio.wait_for(producer.stop(), BROKER_BACK_S)


def _poison_value(chance: random.Random, seed: int, number: int) -> bytes:
    mark = f"poison {seed} {number}".encode()
    kinds = (
        mark + chance.randbytes(20),
        b'{"event_id": "' + mark + b'"}',
        b"\xff\xfe" + mark,
        b'{"a":' * 300 + b'"' + mark + b'"' + b"}" * 300,
    )
    return chance.choice(kinds)
