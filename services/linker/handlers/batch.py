"""Applying a batch of facts: tips, reviews, research results, and how referrals stand. One transaction, set-based."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from services.linker.domain.evidence import Holding, Key, holdings_of, key_stats
from services.linker.domain.facts import Research, Review, TipContent
from services.linker.domain.rules import KeyStat, Rules, Standing, crossing
from services.linker.handlers.announce import LINKS_TOPIC
from services.linker.handlers.links import announce_links
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, Turn, begin_turn, end_turn
from services.linker.store import graph
from services.linker.store import leads as lead_store
from services.linker.store.graph import KeyChange
from services.linker.store.leads import ReferralState
from shared.db.pool import Connection
from shared.events.envelope import Context
from shared.events.linker import ValueCappedV1, ValuePersonal, ValueUncappedV1

NOTHING = KeyStat(0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts that came together, of each thing the newest. `causes` are by tip or lead; `otherwise` is the last."""

    contents: Mapping[UUID, TipContent]
    research: Mapping[tuple[UUID, int], Research]
    reviews: Mapping[UUID, Review]
    referrals: Mapping[UUID, ReferralState]
    causes: Mapping[UUID, Context]
    otherwise: Context


async def apply_batch(transaction: Connection, batch: Batch, desk: Desk) -> None:
    """Store what is newer than what is known, and all that follows from it.

    A review or research result of an unseen tip, and a referral of an unseen lead, are stored and wait for it.
    """
    by_tip = dict(batch.causes)
    turn = await begin_turn(transaction, desk, Causes(by_tip, batch.otherwise))
    anchors = await _save_referrals(transaction, batch)
    by_tip |= {anchor: batch.causes[lead_id] for lead_id, anchor in anchors.items()}
    reviewed = await graph.save_reviews(transaction, batch.reviews.values()) if batch.reviews else set[UUID]()
    changed = await _changed_tips(transaction, batch)
    keys = await _replace_holdings(turn, changed) if changed else set[Key]()
    unchanged = reviewed - changed.keys()
    news = changed.keys() | (await graph.known_tips(transaction, unchanged) if unchanged else set())
    await settle(turn, news | set(anchors.values()), keys)
    if news:
        await announce_links(turn, news)
    await end_turn(turn)


async def _save_referrals(transaction: Connection, batch: Batch) -> dict[UUID, UUID]:
    """Store newer states of referrals, and return the anchors of their leads."""
    if not batch.referrals:
        return {}
    lead_ids = await lead_store.save_referrals(transaction, batch.referrals.values())
    return await lead_store.load_anchors(transaction, lead_ids)


async def _changed_tips(transaction: Connection, batch: Batch) -> dict[UUID, tuple[Holding, ...]]:
    """Store newer contents and new research results; return the known tips they belong to, with all they hold now."""
    saved = await graph.save_tips(transaction, batch.contents.values()) if batch.contents else set[UUID]()
    researched = await graph.add_research(transaction, batch.research) if batch.research else set[UUID]()
    contents = {tip_id: batch.contents[tip_id] for tip_id in batch.contents if tip_id in saved}
    if more := researched - saved:
        contents |= await graph.load_contents(transaction, more)
    if not contents:
        return {}
    research = await graph.load_research(transaction, contents)
    return {tip_id: holdings_of(content, research.get(tip_id, ())) for tip_id, content in contents.items()}


async def _replace_holdings(turn: Turn, changed: Mapping[UUID, Sequence[Holding]]) -> set[Key]:
    """Store what the tips hold now, count anew, and return the values that joined before or join now."""
    added = list(chain.from_iterable(changed.values()))
    removed = await graph.replace_holdings(turn.transaction, changed, added)
    deltas = _deltas(removed, added)
    changes = await graph.change_counts(turn.transaction, deltas) if deltas else []
    standings = {change.key: turn.rules.standing(change.key.type, change.stat) for change in changes}
    crossed = [change for change in changes if _crossed(change, deltas[change.key], turn.rules)]
    moved = [each for each in changes if each.standing != standings[each.key]]
    if moved or crossed:
        saved = {each.key: standings[each.key] for each in (*moved, *crossed)}
        await _save_standings(turn, saved, crossed, [*removed, *added])
    return {each.key for each in changes if "joins" in (each.standing, standings[each.key])}


def _crossed(change: KeyChange, delta: KeyStat, rules: Rules) -> bool:
    now = change.stat
    before = KeyStat(now.tip_count - delta.tip_count, now.viral_count - delta.viral_count)
    return crossing(change.key.type, before, now, rules) is not None


async def _save_standings(
    turn: Turn, standings: Mapping[Key, Standing], crossed: Sequence[KeyChange], holdings: Sequence[Holding]
) -> None:
    """Store how values stand now, and tell of those that crossed their cap."""
    new_ids = {change.key: turn.clock.new_id() for change in crossed}
    crossings = await graph.save_standings(turn.transaction, standings, new_ids)
    holders: defaultdict[Key, list[UUID]] = defaultdict(list)
    for holding in holdings:
        if holding.key in crossings:
            holders[holding.key].append(holding.tip_id)
    for change in crossed:
        key, found = change.key, crossings[change.key]
        is_capped = standings[key] in ("too_common", "viral")
        payload = (ValueCappedV1 if is_capped else ValueUncappedV1)(
            type=key.type,
            frequency=change.stat.tip_count,
            frequency_max=turn.rules.types[key.type].tip_count_max,
            rules_version=turn.rules.version,
            personal=ValuePersonal(value=key.value, scope=key.scope),
        )
        cause = turn.causes.of(holders[key])
        turn.announcer.tell(LINKS_TOPIC, payload, cause, subject_id=str(found.value_id), version=found.number)


def _deltas(removed: Sequence[Holding], added: Sequence[Holding]) -> dict[Key, KeyStat]:
    """Return by how much the counts of each value change; a value that only comes along may change by 0."""
    before, after = key_stats(removed), key_stats(added)
    deltas = {}
    for key in {holding.key for holding in added} | before.keys():
        old, new = before.get(key, NOTHING), after.get(key, NOTHING)
        deltas[key] = KeyStat(new.tip_count - old.tip_count, new.viral_count - old.viral_count)
    return deltas
