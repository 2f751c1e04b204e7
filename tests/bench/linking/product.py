"""The real linker at a world: events as intake makes them, applied in batches, into a PostgreSQL of its own.

What is measured runs as it does in the worker: the linker's own batch handler, one transaction a batch, on a server
with the local stack's settings, whose commits reach the disk. Kafka is left out, and so is the relay: it is the linker
that is measured. The time ends when all tips are linked; what the linker then does at rest, to learn from all of them
and link by that, is not in it. Clusters are read as `GET /v1/clusters` reads them.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import orjson

from deploy.local.layout import read_layout
from deploy.local.postgres import start_postgres
from services.intake.domain.tip import State, Tip, tip_id_of
from services.intake.handlers.announce import TIPS_TOPIC, content_event, head_of
from services.intake.http.reading import read_tip
from services.intake.store import list_source_kinds
from services.linker.app import build_batch_handler, build_learner
from services.linker.http.reads import cluster_lines
from services.linker.settings import LinkerSettings
from shared.clock import SystemClock
from shared.db.pool import Pool, open_pool
from shared.events.envelope import Actor, Context
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.kafka.worker import GC_THRESHOLDS
from shared.metrics import Metrics
from shared.security import Principal
from shared.service import OUTBOX_SHARDS, Tools
from tests.bench.linking.score import Attempt, time_limit_s
from tests.bench.linking.world import World
from tests.servers import free_port, make_database_with

BATCH = 500
NAME = "CETS"
_CLERK = Principal(
    id="bench",
    kind="person",
    role="bench",
    agency="ICE",
    office=None,
    source=None,
    session="bench",
    issued_at=datetime.min.replace(tzinfo=UTC),
    capabilities=frozenset({"tip.enter"}),
)
"""May enter tips in the name of any source."""

Tell = Callable[[str], None]
Link = Callable[[World, Tell], Attempt]


@contextmanager
def linker_at(home: Path) -> Iterator[Link]:
    """Run a PostgreSQL under `home`; what is yielded links a world in a new database of it.

    It is told how far it is, and cut when its time is over. It raises `RuntimeError` when a tip did not come out again.
    """
    server = start_postgres(home, free_port(), cache=read_layout().cache)
    numbers = count(1)
    try:
        yield lambda world, tell: asyncio.run(_link(server.url, f"world_{next(numbers)}", world, tell))
    finally:
        server.stop()


def tip_events(world: World, kinds: Mapping[str, str]) -> Iterator[bytes]:
    """Yield for each tip the `tip.received` that intake publishes; `kinds` are the kinds of the registered sources.

    Raises:
        Rejected: intake would refuse the tip.
    """
    clock = SystemClock()
    actor = Actor(id=_CLERK.id, kind=_CLERK.kind, role=_CLERK.role, agency=_CLERK.agency)
    for body in world.tips:
        submission = read_tip(orjson.dumps(body), _CLERK, kinds)
        tip_id = tip_id_of(clock.new_id(), *submission.key)
        tip = Tip(tip_id, *submission.key, State.AWAITING_REVIEW, version=1, revision=1)
        head = head_of(Context(actor, clock.new_id()), clock.now())
        yield content_event(submission, tip, event_id=clock.new_id(), head=head)


async def _link(superuser_url: str, name: str, world: World, tell: Tell) -> Attempt:
    database = await make_database_with(superuser_url, name, services=("intake", "linker"))
    intake = await open_pool(database.url("intake"), size=1, name="bench-intake")
    linker = await open_pool(database.url("linker"), size=4, name="bench-linker")
    try:
        tell("as events")
        values = list(tip_events(world, await list_source_kinds(intake)))
        limit_s, run = time_limit_s(len(values)), _Run()
        with _collected_as_in_worker():
            is_done = await _apply(linker, values, run, tell, limit_s=limit_s)
        if not is_done:
            return Attempt(NAME, None, run.seconds, f"cut after {limit_s:.0f} s, at {run.tips:,} tips")
        clusters = await _read_clusters(linker)
    finally:
        await intake.close()
        await linker.close()
    keys = [(tip["source"], tip["source_ref"]) for tip in world.tips]
    if missing := sum(key not in clusters for key in keys):
        raise RuntimeError(f"{missing} of {len(keys)} tips are in no cluster: were their events refused?")
    return Attempt(NAME, [clusters[key] for key in keys], run.seconds)


@dataclass(slots=True)
class _Run:
    """How far it is: the tips that were committed, and how long they took."""

    tips: int = 0
    seconds: float = 0.0


async def _apply(pool: Pool, values: Sequence[bytes], run: _Run, tell: Tell, *, limit_s: float) -> bool:
    """Apply the events batch by batch; return False when the time was over before all were."""
    tools = Tools(LinkerSettings(), SystemClock(), Metrics(), pool, Outbox(shards=OUTBOX_SHARDS))
    handler = build_batch_handler(tools)
    (learner,) = build_learner(tools)
    records = [Record(TIPS_TOPIC, 0, offset, None, value, (), 0) for offset, value in enumerate(values)]
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit_s) as limit:
            for at in range(0, len(records), BATCH):
                async with pool.acquire() as connection, connection.transaction():
                    await handler.apply(connection, records[at : at + BATCH])
                # Beside the batches, as in the worker, where it has its turns between them.
                if await learner.is_due():
                    await learner.learn()
                await learner.relink_some()
                run.tips, run.seconds = min(at + BATCH, len(records)), time.monotonic() - started
                tell(f"{run.tips:,} tips, {run.tips / run.seconds:,.0f}/s")
            await learner.relink_all()
            run.seconds = time.monotonic() - started
            # As in the worker when nothing arrives any more.
            tell("at rest")
            await learner.learn()
            await learner.relink_all()
    except TimeoutError:
        # A statement's own limit raises the same.
        if not limit.expired():
            raise
        return False
    return True


@contextmanager
def _collected_as_in_worker() -> Iterator[None]:
    """Let the garbage collector do what it does in the worker, which holds no world."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


async def _read_clusters(pool: Pool) -> dict[tuple[str, str], str]:
    """Return the cluster of each tip by its source and reference."""
    exported = b"".join([lines async for lines in cluster_lines(pool)])
    rows = [orjson.loads(line) for line in exported.splitlines()]
    clusters = {(row["source"], row["source_ref"]): row["cluster_id"] for row in rows}
    if len(clusters) != len(rows):
        raise RuntimeError("the export names a tip twice")
    return clusters
