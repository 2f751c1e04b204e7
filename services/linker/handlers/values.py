"""What tips hold: stored, counted, and weighed anew, for every value that a change touches."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from services.linker.domain.estimate import tally_of
from services.linker.domain.evidence import Holding, Key, KeyStat, holdings_of, key_stats
from services.linker.domain.facts import TipContent
from services.linker.domain.lists import Lists
from services.linker.domain.pdq import Picture
from services.linker.domain.pictures import pictures_of
from services.linker.domain.priority import Tier, own_tier
from services.linker.domain.profile import Profile, profile_of
from services.linker.domain.rules import SILENT, Rules, Standing
from services.linker.handlers.announce import LINKS_TOPIC
from services.linker.handlers.turn import Turn
from services.linker.store import graph, pictures
from services.linker.store import values as value_store
from services.linker.store.values import KeyChange
from shared.db.pool import Connection
from shared.events.linker import ValueCappedV1, ValuePersonal, ValueUncappedV1

NOTHING = KeyStat(0)


@dataclass(frozen=True, slots=True)
class Said:
    """What a tip says, its research results included: what it holds, its subjects, its pictures, how urgent it is."""

    holdings: tuple[Holding, ...]
    profile: Profile
    pictures: tuple[Picture, ...]
    tier: Tier


@dataclass(frozen=True, slots=True)
class Touched:
    """Values that a change touched: those that joined before or join now, and others that say something else now.

    `tying` are those that said something before or do now, and of which the holders or the worth changed; `victims`
    are those that victims of a changed tip hold or held.
    """

    joining: frozenset[Key] = frozenset()
    supporting: frozenset[Key] = frozenset()
    tying: frozenset[Key] = frozenset()
    victims: frozenset[Key] = frozenset()

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(
            self.joining | other.joining,
            self.supporting | other.supporting,
            self.tying | other.tying,
            self.victims | other.victims,
        )


UNTOUCHED = Touched()


async def read_contents(transaction: Connection, contents: Mapping[UUID, TipContent], lists: Lists) -> dict[UUID, Said]:
    """Return what tips say, with their stored research results."""
    if not contents:
        return {}
    research = await graph.load_research(transaction, contents)
    return {
        tip_id: Said(
            holdings_of(content, found, lists=lists),
            profile_of(content, found),
            pictures_of(content, found),
            own_tier(content),
        )
        for tip_id, content in contents.items()
        for found in [research.get(tip_id, ())]
    }


async def replace_holdings(turn: Turn, said: Mapping[UUID, Said]) -> Touched:
    """Store what the tips say now, count the values anew and weigh them; return those that were touched."""
    added = list(chain.from_iterable(each.holdings for each in said.values()))
    removed = await value_store.replace_holdings(turn.transaction, said, added)
    profiles = {tip_id: each.profile for tip_id, each in said.items()}
    tiers = {tip_id: each.tier for tip_id, each in said.items()}
    await graph.save_profiles(turn.transaction, profiles, tiers, version=turn.model.version)
    shown = list(chain.from_iterable(each.pictures for each in said.values()))
    await pictures.replace_pictures(turn.transaction, said, shown)
    deltas = _deltas(removed, added)
    changes = await value_store.change_counts(turn.transaction, deltas) if deltas else []
    rules = turn.model.rules
    crossed = [change for change in changes if _crosses(change, deltas[change.key], rules)]
    holders = defaultdict[Key, list[UUID]](list)
    for holding in chain(removed, added):
        holders[holding.key].append(holding.tip_id)
    victims = frozenset(holding.key for holding in chain(removed, added) if holding.role == "victim")
    touched = await _reweigh(turn, changes, crossed, holders) | Touched(victims=victims)
    if not crossed:
        return touched
    # What its holders share besides is in less company now, or in more.
    others = await value_store.load_holders(turn.transaction, [change.key for change in crossed])
    more = await _reweigh(
        turn, await value_store.load_keys(turn.transaction, set(chain.from_iterable(others.values()))), [], {}
    )
    return touched | more


async def reweigh(turn: Turn, tip_ids: Collection[UUID]) -> Touched:
    """Weigh the values of tips by the present model; return those that say something else now.

    What the tips hold is read from their contents again when the rules are others than those it was last read by.
    """
    contents = await graph.load_misread(turn.transaction, tip_ids, turn.model.rules.version)
    said = await read_contents(turn.transaction, contents, turn.model.rules.lists)
    touched = await replace_holdings(turn, said) if said else UNTOUCHED
    changes = await value_store.load_keys(turn.transaction, tip_ids)
    more = await _reweigh(turn, changes, [], {})
    await graph.mark_linked(turn.transaction, tip_ids, version=turn.model.version)
    return touched | more


async def _reweigh(
    turn: Turn, changes: Collection[KeyChange], crossed: Sequence[KeyChange], holders: Mapping[Key, Sequence[UUID]]
) -> Touched:
    weighed = await _weigh(turn, changes)
    moved = [each for each in changes if weighed[each.key] != (each.standing, each.reliability)]
    news = {each.key: weighed[each.key] for each in [*moved, *crossed]}
    if news:
        await _save(turn, news, crossed, holders)
    joining = {each.key for each in changes if "joins" in (each.standing, weighed[each.key][0])}
    supporting = {each.key for each in moved} - joining
    changed = {each.key for each in moved} | {each.key for each in changes if each.key in holders}
    tying = {each.key for each in changes if each.key in changed and _said(each.standing, weighed[each.key][0])}
    return Touched(frozenset(joining), frozenset(supporting), frozenset(tying))


def _said(*standings: Standing) -> bool:
    return "joins" in standings or "shows" in standings


async def _weigh(turn: Turn, changes: Collection[KeyChange]) -> dict[Key, tuple[Standing, float]]:
    """Return how each value stands now, and how reliable it is."""
    rules = turn.model.rules
    shared = [each for each in changes if _says_something(each, rules)]
    holders = await value_store.load_holders(turn.transaction, [each.key for each in shared]) if shared else {}
    tip_ids = set(chain.from_iterable(holders.values()))
    profiles = await graph.load_profiles(turn.transaction, tip_ids) if tip_ids else {}
    held = await value_store.load_held(turn.transaction, tip_ids, rules) if tip_ids else {}
    weighed: dict[Key, tuple[Standing, float]] = {}
    for each in changes:
        key, stat = each.key, each.stat
        reliability = 0.0
        if key in holders:
            place = rules.place_of(key.type, key.scope)
            tally = tally_of(place, holders[key], profiles=profiles, held=held)
            reliability = turn.model.reliability(key, stat.tip_count, tally)
        weighed[key] = rules.standing(key.type, stat.tip_count, stat.viral_count, reliability), reliability
    return weighed


def _says_something(change: KeyChange, rules: Rules) -> bool:
    standing = rules.standing(change.key.type, change.stat.tip_count, change.stat.viral_count, 1.0)
    return standing in ("joins", "shows")


def _crosses(change: KeyChange, delta: KeyStat, rules: Rules) -> bool:
    """Return whether a value just became too common (or viral) to say anything, or stopped being so."""
    now, key_type = change.stat, change.key.type
    before = rules.standing(key_type, now.tip_count - delta.tip_count, now.viral_count - delta.viral_count, 1.0)
    return (before in SILENT) != (rules.standing(key_type, now.tip_count, now.viral_count, 1.0) in SILENT)


async def _save(
    turn: Turn,
    weighed: Mapping[Key, tuple[Standing, float]],
    crossed: Sequence[KeyChange],
    holders: Mapping[Key, Sequence[UUID]],
) -> None:
    """Store how values stand now, and tell of those that crossed their cap."""
    new_ids = {change.key: turn.clock.new_id() for change in crossed}
    crossings = await value_store.save_standings(turn.transaction, weighed, new_ids)
    for change in crossed:
        key, found = change.key, crossings[change.key]
        payload = (ValueCappedV1 if weighed[key][0] in SILENT else ValueUncappedV1)(
            type=key.type,
            frequency=change.stat.tip_count,
            frequency_max=turn.model.rules.types[key.type].tip_count_max,
            rules_version=turn.model.version,
            personal=ValuePersonal(value=key.value, scope=key.scope),
        )
        cause = turn.causes.of(holders[key])
        turn.announcer.tell(LINKS_TOPIC, payload, cause, subject_id=str(found.value_id), version=found.number)


def _deltas(removed: Sequence[Holding], added: Sequence[Holding]) -> dict[Key, KeyStat]:
    """Return by how much the counts of each value change, by 0 for those that only come along."""
    before, after = key_stats(removed), key_stats(added)
    deltas = {}
    for key in sorted({holding.key for holding in chain(added, removed)}):
        old, new = before.get(key, NOTHING), after.get(key, NOTHING)
        deltas[key] = KeyStat(new.tip_count - old.tip_count, new.viral_count - old.viral_count)
    return deltas
