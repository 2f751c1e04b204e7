"""Learning from the tips at hand what their values say, and linking all of them anew by what was learned.

The model is learned anew whenever there are three times as many tips as when it was last: what a value is worth hardly
moves in between. Then every tip is linked anew, some at a time and beside what arrives, each time in a transaction of
its own: whatever dies, the rest is found by `tip.linked_by`, and to do it twice changes nothing.
"""

import structlog

from services.linker.domain.estimate import estimate
from services.linker.domain.model import Model
from services.linker.domain.rules import Rules
from services.linker.handlers.announce import LINKS_TOPIC, Announcer
from services.linker.handlers.links import announce_links
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, begin_turn, end_turn
from services.linker.handlers.values import reweigh
from services.linker.store import graph, models, values
from shared.db.pool import Connection
from shared.events.envelope import Context
from shared.events.linker import ModelLearnedV1

TIPS_MIN = 300
"""From fewer there is nothing to learn."""
GROWTH = 3
VALUES_MAX, STRANGERS_MAX, HANDLES_MAX = 20_000, 5_000, 50_000

log = structlog.get_logger()


async def is_due(connection: Connection, desk: Desk) -> bool:
    """Return whether there are enough tips more than those the model was learned from.

    After the rules became others, every tip is first read by them.
    """
    learned_from = await models.find_learned_from(connection, desk.rules)
    if learned_from is None and await count_stale(connection, desk):
        return False
    return await models.count_tips(connection) >= (TIPS_MIN if learned_from is None else GROWTH * learned_from)


async def learn(snapshot: Connection, rules: Rules) -> tuple[Model, int]:
    """Return the model of the tips there are, and how many they are; all that is read is of one moment."""
    return await _estimate(snapshot, rules), await models.count_tips(snapshot)


async def keep(transaction: Connection, desk: Desk, model: Model, *, tip_count: int) -> None:
    """Let a model count from now on, for whoever decides about the graph next, and tell of it."""
    await graph.lock_graph(transaction)
    learned_at = desk.clock.now()
    number = await models.add_model(transaction, model, tip_count=tip_count, learned_at=learned_at)
    payload = ModelLearnedV1(
        model_version=model.version, rules_version=model.rules.version, tip_count=tip_count, learned_at=learned_at
    )
    announcer = Announcer(desk.clock, desk.outbox)
    context = Context(None, desk.clock.new_id())
    announcer.tell(LINKS_TOPIC, payload, context, subject_id=model.version, version=number)
    await announcer.publish(transaction)
    log.info("model_learned", version=model.version, tips=tip_count)


async def relink_some(transaction: Connection, desk: Desk, *, count_max: int) -> int:
    """Link so many stale tips anew, and their components; return how many, 0 when none is stale.

    The links are told of whoever holds other values than before, by new rules, and of whoever holds a value that says
    something else now, stale or not: it is weighed but once.
    """
    turn = await begin_turn(transaction, desk, Causes({}, Context(None, desk.clock.new_id())))
    stale = await models.list_stale(transaction, turn.model.version, count_max=count_max)
    if stale:
        touched = await reweigh(turn, stale)
        await settle(turn, stale, touched)
        holders = await values.load_holders(transaction, touched.tying)
        await announce_links(turn, touched.tip_ids.union(*holders.values()))
        await end_turn(turn)
    return len(stale)


async def count_stale(connection: Connection, desk: Desk) -> int:
    """Return how many tips were last linked by another model."""
    return await models.count_stale(connection, (await desk.model(connection)).version)


async def _estimate(connection: Connection, rules: Rules) -> Model:
    tallies = await models.list_tallies(connection, count_max=VALUES_MAX)
    drawn = await models.list_strangers(connection, count_max=STRANGERS_MAX)
    found = await graph.load_profiles(connection, drawn)
    handles = await models.list_handles(connection, count_max=HANDLES_MAX)
    return estimate(tallies, [found[tip_id] for tip_id in drawn], handles, rules=rules)
