"""What the clusters must be: the same facts, given to a fresh linker in another order, without any fault."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from deploy.local.layout import CHECKOUT
from deploy.postgres.provision import create_database, provision
from services.linker.app import SERVICE, build_learner
from services.linker.settings import LinkerSettings
from shared.clock import SystemClock
from shared.db.migrate import migrate
from shared.db.pool import open_pool
from shared.errors import Rejected
from shared.events.envelope import decode
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import Tools

DATABASE = "reference"
BATCH = 200
MEMBERS = """
SELECT membership.cluster_id, tip.source, tip.source_ref FROM membership JOIN tip USING (tip_id)"""


async def clusters_without_faults(
    postgres_url: str, raw: Sequence[Any], *, seed: int
) -> set[frozenset[tuple[str, str]]]:
    """Return the clusters, as sets of (source, source_ref), that the events on intake.tips make.

    Each tip's events keep their order; the tips themselves come in an order shuffled by `seed`. Repeats and poison are
    left out.
    """
    await create_database(postgres_url, DATABASE)
    superuser_url = postgres_url.rpartition("/")[0] + f"/{DATABASE}"
    await provision(superuser_url, {})
    # As the superuser in the linker's schema: the roles' passwords are the stack's, and this only reads afterwards.
    url = f"{superuser_url}?search_path=linker,extensions"
    await migrate(url, "linker", CHECKOUT / "services" / "linker" / "migrations")
    pool = await open_pool(url, size=2, name="reference")
    try:
        tools = Tools(LinkerSettings(), SystemClock(), Metrics(), pool, Outbox(shards=1))
        handler = SERVICE.build_handler(tools)
        for batch in _batches(raw, seed):
            async with pool.acquire() as connection, connection.transaction():
                await handler.apply(connection, batch)
        (learner,) = build_learner(tools)
        await learner.learn()
        while await learner.relink_some():
            pass
        clusters: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
        for row in await pool.fetch(MEMBERS):
            clusters[row["cluster_id"]].add((row["source"], row["source_ref"]))
    finally:
        await pool.close()
    return {frozenset(members) for members in clusters.values()}


def _batches(raw: Sequence[Any], seed: int) -> Iterable[list[Record]]:
    events: dict[str, dict[UUID, bytes]] = defaultdict(dict)
    for record in raw:
        try:
            envelope = decode(record.value)
        except Rejected:
            continue
        events[envelope.subject.id].setdefault(envelope.event_id, record.value)
    tips = sorted(events)
    random.Random(f"reference {seed}").shuffle(tips)
    values = [value for tip in tips for value in events[tip].values()]
    for start in range(0, len(values), BATCH):
        chunk = values[start : start + BATCH]
        yield [Record("intake.tips", 0, start + n, None, value, (), 0) for n, value in enumerate(chunk)]
