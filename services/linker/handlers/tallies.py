"""What the holders of values say of them: counted from the pairs with a new holder, or anew where others changed."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, product
from uuid import UUID

from services.linker.domain.estimate import HOLDERS_COMPARED_MAX, Beside, chosen_of, tally_of, tally_pairs
from services.linker.domain.evidence import Holding, Key, KeyStat
from services.linker.domain.model import Tally
from services.linker.domain.rules import SAYING, Place, Rules, Standing
from services.linker.handlers.turn import Turn
from services.linker.store import graph
from services.linker.store import values as value_store
from services.linker.store.values import KeyChange


async def tallies_of(turn: Turn, changes: Collection[KeyChange], grown: Mapping[Key, set[UUID]]) -> dict[Key, Tally]:
    """Return what the holders of each value say that is neither one tip's alone nor everybody's.

    `grown` are the new holders of values to whose other holders nothing happened: only pairs with a new one are
    compared, whatever it is that they share, as the values of `changes` are all that the new ones hold.
    """
    rules = turn.model.rules
    shared = {each.key: each for each in changes if says_something(each, rules)}
    if not shared:
        return {}
    holders = await value_store.load_holders(turn.transaction, shared)
    chosen = {key: chosen_of(tip_ids) for key, tip_ids in holders.items()}
    few = {key for key in grown.keys() & shared.keys() if len(holders[key]) <= HOLDERS_COMPARED_MAX}
    anew = {key for key in shared.keys() - few if _compares_others(grown.get(key), holders[key], chosen[key])}
    tip_ids = set(chain.from_iterable(chosen[key] for key in anew))
    held = Beside(await value_store.load_held(turn.transaction, tip_ids, rules) if anew else {})
    beside = Beside(_held_among(shared.values(), holders, rules) if few else {})
    tip_ids = tip_ids.union(*(chosen[key] for key in few))
    profiles = await graph.load_profiles(turn.transaction, tip_ids)
    tallies = {key: each.before.tally for key, each in shared.items()}
    for key in anew:
        tallies[key] = tally_of(rules.place_of(key.type, key.scope), chosen[key], profiles=profiles, beside=held)
    for key in few:
        pairs = _pairs_with(grown[key], chosen[key])
        news = tally_pairs(rules.place_of(key.type, key.scope), pairs, profiles=profiles, beside=beside)
        tallies[key] = tallies[key].plus(news)
    return tallies


def _compares_others(news: set[UUID] | None, holders: Collection[UUID], chosen: Collection[UUID]) -> bool:
    """Return whether others of a value's holders are compared than before, or something happened to one of them."""
    if news is None or len(holders) - len(news) < HOLDERS_COMPARED_MAX:
        return True
    return not news.isdisjoint(chosen)


def _held_among(
    shared: Iterable[KeyChange], holders: Mapping[Key, Sequence[UUID]], rules: Rules
) -> Mapping[UUID, Mapping[Hashable, Place]]:
    """Return which of the values each of their holders may be joined by, with the place of each."""
    held = defaultdict[UUID, dict[Hashable, Place]](dict)
    for each in shared:
        if rules.may_join(each.key.type, each.stat.tip_count, each.stat.former_count):
            place = rules.place_of(each.key.type, each.key.scope)
            for tip_id in holders[each.key]:
                held[tip_id][each.key] = place
    return held


def _pairs_with(news: Collection[UUID], tip_ids: Collection[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Yield each pair of tips of which one is among the new ones."""
    known = [tip_id for tip_id in tip_ids if tip_id not in news]
    found = [tip_id for tip_id in tip_ids if tip_id in news]
    return chain(product(known, found), combinations(found, 2))


def grown_of(
    removed: Sequence[Holding], added: Sequence[Holding], crossed: Sequence[KeyChange]
) -> Mapping[Key, set[UUID]]:
    """Return the new holders of each value that had a tally before and only got new holders."""
    known = {holding.tip_id for holding in removed}
    others = {holding.key for holding in chain(removed, added) if holding.tip_id in known} if known else set()
    others |= {change.key for change in crossed}
    grown = defaultdict[Key, set[UUID]](set)
    for holding in added:
        if holding.links and holding.key not in others:
            grown[holding.key].add(holding.tip_id)
    return grown


def says_something(change: KeyChange, rules: Rules) -> bool:
    """Return whether several tips hold a value and not too many, so that it may say something of them."""
    return standing_of(change.key, change.stat, rules) in SAYING


def standing_of(key: Key, stat: KeyStat, rules: Rules) -> Standing:
    """Return what a value may do now that so many hold it."""
    return rules.standing(key.type, stat.tip_count, stat.viral_count, former_count=stat.former_count)
