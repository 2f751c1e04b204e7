"""Learning from the tips at hand what their values say, and linking all of them anew by what was learned.

The model is learned anew whenever there are three times as many tips as when it was last: what a value is worth hardly
moves in between. But what is learned from the first third depends on which tips that was. So when nothing arrives any
more it is learned from all there are, and what is linked then follows from them alone, whatever came first. That is
done at once after a tenth more, and else after a pause, so that a trickle does not link everything anew all day.

Then every tip is linked anew, some at a time and beside what arrives, each time in a transaction of its own: whatever
dies, the rest is found by `tip.linked_by`, and to do it twice changes nothing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from uuid import UUID

import structlog

from services.linker.domain.caution import Component, cautious, components_of, joining_from, joins
from services.linker.domain.estimate import estimate
from services.linker.domain.evidence import Key
from services.linker.domain.model import Model
from services.linker.domain.profile import Profile
from services.linker.domain.rules import Rules
from services.linker.handlers.announce import LINKS_TOPIC, Announcer
from services.linker.handlers.links import announce_links
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, begin_turn, end_turn
from services.linker.handlers.values import reweigh
from services.linker.store import graph, models, values
from services.linker.store.models import Lesson
from shared.db.pool import Connection
from shared.events.envelope import Context
from shared.events.linker import ModelLearnedV1

TIPS_MIN = 300
"""From fewer there is nothing to learn."""
GROWTH, GROWTH_AT_REST = 3, 1.1
PAUSE_MIN, PAUSE_A_TIP = timedelta(minutes=10), timedelta(milliseconds=40)
"""At rest, a model stands so long: ten times what linking all tips anew takes."""
VALUES_MAX, STRANGERS_MAX, HANDLES_MAX = 20_000, 5_000, 50_000
SAMPLE_MAX = 4_000
"""By about so many tips, each of which draws at most its component, it is learned how sure a step must be."""

log = structlog.get_logger()


async def is_due(connection: Connection, desk: Desk, *, rested_at: int | None) -> bool:
    """Return whether there is enough that the model was not learned from.

    `rested_at` is how far intake's topic was read when nothing arrives any more, None while something does. After the
    rules became others, every tip is first read by them.
    """
    last = await models.find_last_lesson(connection, desk.rules)
    if last is None and await count_stale(connection, desk):
        return False
    count = await models.count_tips(connection)
    if last is None:
        return count >= TIPS_MIN
    if count >= GROWTH * last.tip_count:
        return True
    if rested_at is None or rested_at == last.read_to:
        return False
    pause = max(PAUSE_MIN, count * PAUSE_A_TIP)
    return count >= GROWTH_AT_REST * last.tip_count or desk.clock.now() >= last.learned_at + pause


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model is learned from: what values say, and whole components with the descriptions of their tips."""

    estimated: Model
    components: Sequence[Component]
    profiles: Mapping[UUID, Profile]
    tip_count: int
    read_to: int


async def read(snapshot: Connection, desk: Desk) -> Reading:
    """Return what there is to learn from, all of one moment."""
    model = await _bound(snapshot, await _estimate(snapshot, desk.rules))
    components, profiles = await _draw_components(snapshot, model)
    counts = await models.count_tips(snapshot), await models.load_read_to(snapshot)
    return Reading(model, components, profiles, *counts)


async def learn(reading: Reading, desk: Desk) -> tuple[Model, Lesson]:
    """Return the model, and what it was learned from. It takes seconds, in which others have their turns."""
    model = await asyncio.to_thread(cautious, reading.estimated, reading.components, reading.profiles)
    return model, Lesson(model.version, reading.tip_count, reading.read_to, desk.clock.now())


async def keep(transaction: Connection, desk: Desk, model: Model, lesson: Lesson) -> None:
    """Let a model count from now on, for whoever decides about the graph next, and tell of it, unless it does so."""
    await graph.lock_graph(transaction)
    last = await models.find_last_lesson(transaction, desk.rules)
    if last is not None and (last.version, last.read_to) == (lesson.version, lesson.read_to):
        return
    number = await models.add_model(transaction, model.learned, lesson)
    payload = ModelLearnedV1(
        model_version=model.version,
        rules_version=model.rules.version,
        tip_count=lesson.tip_count,
        learned_at=lesson.learned_at,
    )
    announcer = Announcer(desk.clock, desk.outbox)
    context = Context(None, desk.clock.new_id())
    announcer.tell(LINKS_TOPIC, payload, context, subject_id=model.version, version=number)
    await announcer.publish(transaction)
    log.info("model_learned", version=model.version, tips=lesson.tip_count)


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


async def _bound(connection: Connection, model: Model) -> Model:
    """Return the model by which values join from the least reliability at which components stay small.

    A doubtful value adds little to what is found, but where people share much such values tie most tips to each other;
    then nearly all of them would be looked at anew whenever some come.
    """
    rules = model.rules
    drawn = await models.list_sample(connection, count_max=rules.region_drawn)
    for least in rules.joining_min:
        model = joining_from(model, least)
        if len(await _reach(connection, drawn, model, enough=rules.region_max)) <= rules.region_max:
            break
    return model


async def _reach(
    connection: Connection, tip_ids: Iterable[UUID], model: Model, *, enough: int | None = None
) -> set[UUID]:
    """Return the tips of whole components, as a model connects them, or of parts once there are more than enough."""
    reached, asked, beyond = set[UUID](), set[Key](), set(tip_ids)
    while beyond and (enough is None or len(reached) <= enough):
        reached |= beyond
        saying = await models.list_saying(connection, beyond)
        joining = [key for key, tip_count, tally in saying if key not in asked and joins(key, tip_count, tally, model)]
        asked.update(joining)
        holders = await values.load_holders(connection, joining)
        beyond = set(chain.from_iterable(holders.values())) - reached
    return reached


async def _draw_components(connection: Connection, model: Model) -> tuple[list[Component], dict[UUID, Profile]]:
    """Return some whole components of tips, or all, as a model connects them, with the tips' profiles.

    Each is drawn by one of its tips, the one that comes first in no order, so that a large one is as likely as a small.
    """
    drawn = frozenset(await models.list_sample(connection, count_max=SAMPLE_MAX))
    reached = await _reach(connection, drawn, model)
    found = components_of(reached, await models.load_values(connection, reached), model)
    components = [each for each in found if each.tip_ids[0] in drawn]
    return components, await graph.load_profiles(connection, [tip_id for each in components for tip_id in each.tip_ids])
