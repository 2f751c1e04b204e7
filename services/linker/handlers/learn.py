"""Learning from the tips at hand what their values say, and linking all of them anew by what was learned.

The model is learned anew whenever there are three times as many tips as when it was last: what a value is worth hardly
moves in between. Then every tip is linked anew, some at a time and beside what arrives, each time in a transaction of
its own: whatever dies, the rest is found by `tip.linked_by`, and to do it twice changes nothing.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from services.linker.domain.estimate import estimate, tally_of
from services.linker.domain.evidence import Key
from services.linker.domain.model import Model, Tally
from services.linker.domain.rules import Rules
from services.linker.handlers.links import announce_links
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, begin_turn, end_turn
from services.linker.handlers.values import reweigh
from services.linker.store import graph, models
from services.linker.store import values as value_store
from shared.db.pool import TRANSIENT, Connection, Pool
from shared.events.envelope import Context

TIPS_MIN = 300
"""From fewer there is nothing to learn."""
GROWTH = 3
VALUES_MAX, STRANGERS_MAX, HANDLES_MAX = 20_000, 5_000, 50_000
VALUES_AT_ONCE = 200
"""So many are compared before whoever else runs in this process has a turn: some 20 ms."""
TIPS_AT_ONCE = 10
"""With their components. Who waits for the graph meanwhile waits some 100 ms."""
PERIOD_S = 2.0
FREEZE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

log = structlog.get_logger()


class Learner:
    """A worker's part that keeps the model up to date, and the links with it."""

    def __init__(self, pool: Pool, desk: Desk, on_commit: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._desk = desk
        self._on_commit = on_commit
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Finish the tips in hand, then let `run` return."""
        self._draining.set()

    async def run(self) -> None:
        """Learn when it is time, and link anew what is stale, until drained."""
        while not self._draining.is_set():
            try:
                if await self.is_due():
                    await self.learn()
                await self._relink()
            except TRANSIENT as error:
                log.warning("learning_postponed", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._draining.wait(), timeout=PERIOD_S)
            except TimeoutError:
                continue

    async def _relink(self) -> None:
        """Link anew what is stale, resting as long as each step took: what arrives goes before."""
        while not self._draining.is_set():
            started = time.monotonic()
            if not await self.relink_some():
                return
            await asyncio.sleep(time.monotonic() - started)

    async def is_due(self) -> bool:
        """Return whether there are enough tips more than those the model was learned from."""
        async with self._pool.acquire() as connection:
            count = await models.count_tips(connection)
            number = await models.find_model_number(connection)
            if number is None:
                return count >= TIPS_MIN
            _, learned_from = await models.load_model(connection, number, self._desk.rules)
            return count >= GROWTH * learned_from

    async def learn(self) -> Model:
        """Make the model anew from the tips there are; return it."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(FREEZE)
            tip_count = await models.count_tips(connection)
            model = await _estimate(connection, self._desk.rules)
        async with self._pool.acquire() as connection, connection.transaction():
            await graph.lock_graph(connection)
            await models.add_model(connection, model, tip_count=tip_count, learned_at=self._desk.clock.now())
        log.info("model_learned", version=model.version, tips=tip_count)
        return model

    async def relink_some(self) -> int:
        """Link some stale tips anew; return how many, 0 when none is stale."""
        context = Context(None, self._desk.clock.new_id())
        async with self._pool.acquire() as connection, connection.transaction():
            model = await self._desk.model(connection)
            if not await models.list_stale(connection, model.version, count_max=1):
                return 0
            turn = await begin_turn(connection, self._desk, Causes({}, context))
            stale = await models.list_stale(connection, turn.model.version, count_max=TIPS_AT_ONCE)
            await settle(turn, stale, await reweigh(turn, stale))
            await announce_links(turn, stale)
            await end_turn(turn)
        self._on_commit()
        return len(stale)

    async def count_stale(self) -> int:
        """Return how many tips were last linked by another model."""
        async with self._pool.acquire() as connection:
            model = await self._desk.model(connection)
            return await models.count_stale(connection, model.version)


async def _estimate(connection: Connection, rules: Rules) -> Model:
    values = await models.list_shared_keys(connection, list(rules.types), count_max=VALUES_MAX)
    tallies: list[tuple[Key, int, Tally]] = []
    for start in range(0, len(values), VALUES_AT_ONCE):
        some = [each for each in values[start : start + VALUES_AT_ONCE] if _is_rare_enough(each, rules)]
        holders = await value_store.load_holders(connection, [each.key for each in some])
        tip_ids = {tip_id for held in holders.values() for tip_id in held}
        profiles = await graph.load_profiles(connection, tip_ids)
        held = await value_store.load_held(connection, tip_ids, rules)
        for each in some:
            group = rules.group_of(each.key.type, each.key.scope)
            tally = tally_of(group, holders[each.key], profiles=profiles, held=held)
            tallies.append((each.key, each.tip_count, tally))
        await asyncio.sleep(0)
    drawn = await models.list_strangers(connection, count_max=STRANGERS_MAX)
    found = await graph.load_profiles(connection, drawn)
    handles = await models.list_handles(connection, count_max=HANDLES_MAX)
    return estimate(tallies, [found[tip_id] for tip_id in drawn], handles, rules=rules)


def _is_rare_enough(value: models.SharedKey, rules: Rules) -> bool:
    return value.tip_count <= rules.types[value.key.type].tip_count_max
