"""Logs read by several processes at once, in one snapshot: to hash is most of the work, and takes a core each."""

import asyncio
import gc
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from typing import Any

from services.audit.domain.check import Finding, StoredHead
from services.audit.verifier.logs import LogReader
from services.audit.verifier.signed import Pin
from services.audit.verifier.snapshot import Snapshot, Source, Unreadable

POLL_S = 0.05
GC_THRESHOLDS = (20_000, 10, 10)
"""Nothing that is read refers to itself: to look for circles among a page's values so often as by default takes 5 %."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some logs to be read, with what was signed of them elsewhere."""

    heads: Sequence[StoredHead]
    pins: Mapping[tuple[str, int], Sequence[Pin]]
    since: Mapping[tuple[str, int], Pin]
    has_checkpoints: bool
    sound_below: int
    """Checkpoints of the source's own with a lower id are what was signed."""

    def split(self, count: int) -> list["Part"]:
        """Return the logs in so many parts of about the same number of entries."""
        parts: list[list[StoredHead]] = [[] for _ in range(count)]
        for head in sorted(self.heads, key=lambda head: -head.size):
            min(parts, key=lambda part: sum(each.size for each in part)).append(head)
        return [replace(self, heads=part) for part in parts if part]


@dataclass(slots=True)
class Read:
    """What was read of some logs, and what is wrong with them."""

    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


async def read_part(snapshot: Snapshot, part: Part, advance: Callable[[int], None]) -> Read:
    """Read some logs, one after the other."""
    read = Read()
    reader = LogReader(
        snapshot,
        has_checkpoints=part.has_checkpoints,
        sound_below=part.sound_below,
        kinds=read.kinds,
        advance=advance,
    )
    for head in part.heads:
        log = head.topic, head.partition
        read.findings += await reader.verify(head, part.pins.get(log, ()), part.since.get(log))
    return read


async def read_side_by_side(source: Source, parts: Sequence[Part], advance: Callable[[int], None]) -> list[Read]:
    """Read each part in a process of its own, from a snapshot that is shared and still stands.

    Raises:
        Unreadable: one of them did not come to the end.
    """
    context = multiprocessing.get_context("spawn")
    count = context.Value("q", 0)
    working: list[tuple[SpawnProcess, Any]] = []
    try:
        for part in parts:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(source, part, count, theirs), daemon=True)
            process.start()
            theirs.close()
            working.append((process, ours))
        told = 0
        done: dict[int, Read] = {}
        while len(done) < len(working):
            for place, (_, pipe) in enumerate(working):
                if place not in done and pipe.poll():
                    done[place] = _receive(pipe)
            advance(count.value - told)
            told = count.value
            await asyncio.sleep(POLL_S)
        return [done[place] for place in range(len(working))]
    finally:
        for process, _ in working:
            process.terminate()
            process.join()


def _receive(pipe: Pipe) -> Read:
    try:
        received = pipe.recv()
    except EOFError:
        raise Unreadable("a process that read some of it was ended") from None
    if isinstance(received, Read):
        return received
    raise Unreadable(str(received))


def _work(source: Source, part: Part, count: Any, pipe: Pipe) -> None:
    # Whoever interrupts the command ends us too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)

    def advance(entries: int) -> None:
        with count.get_lock():
            count.value += entries

    try:
        pipe.send(asyncio.run(_read(source, part, advance)))
    except Unreadable as error:
        pipe.send(str(error))


async def _read(source: Source, part: Part, advance: Callable[[int], None]) -> Read:
    async with source.open() as snapshot:
        return await read_part(snapshot, part, advance)
