"""What tips hold: stored, counted, and weighed anew, for every value that a change touches."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from uuid import UUID

from services.linker.domain.evidence import Holding, Key, KeyStat, holdings_of, key_stats
from services.linker.domain.facts import TipContent
from services.linker.domain.lists import Lists
from services.linker.domain.model import NOTHING_TOLD, Model, Tally
from services.linker.domain.pdq import Picture
from services.linker.domain.pictures import pictures_of
from services.linker.domain.priority import Tier, own_tier
from services.linker.domain.profile import Profile, profile_of
from services.linker.domain.references import References, references_of
from services.linker.domain.rules import SAYING, SILENT, Rules, Standing
from services.linker.handlers.announce import LINKS_TOPIC
from services.linker.handlers.tallies import grown_of, says_something, standing_of, tallies_of
from services.linker.handlers.turn import Turn
from services.linker.store import graph, pictures, references
from services.linker.store import values as value_store
from services.linker.store.values import KeyChange, Weighed
from shared.db.pool import Connection
from shared.events.linker import ValueCappedV1, ValuePersonal, ValueUncappedV1

Older = set[tuple[UUID, Key]]
"""Values by which tips were linked in versions that are not their newest."""
NOTHING = KeyStat(0)
NO_HOLDERS: Mapping[Key, Sequence[UUID]] = MappingProxyType({})


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
    are those that victims of a changed tip hold or held. `tip_ids` are tips that hold other values than before.
    """

    joining: frozenset[Key] = frozenset()
    supporting: frozenset[Key] = frozenset()
    tying: frozenset[Key] = frozenset()
    victims: frozenset[Key] = frozenset()
    tip_ids: frozenset[UUID] = frozenset()

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(
            self.joining | other.joining,
            self.supporting | other.supporting,
            self.tying | other.tying,
            self.victims | other.victims,
            self.tip_ids | other.tip_ids,
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


def older_of(contents: Iterable[TipContent], lists: Lists) -> Older:
    """Return the values by which tips may have been linked in these versions."""
    return _linking(chain.from_iterable(holdings_of(content, lists=lists) for content in contents))


async def replace_holdings(turn: Turn, said: Mapping[UUID, Said], older: Older | None = None) -> Touched:
    """Store what the tips say now, count the values anew and weigh them; return those that were touched.

    `older` is what they held in older versions, besides what is stored; without it, what is stored are the same ones,
    read by other rules. How they describe their subjects is stored already (`save_tips`, `save_profiles`).
    """
    related = await references.load_references(turn.transaction, said)
    added = [holding for tip_id, each in said.items() for holding in _all_of(tip_id, each, related)]
    removed = await value_store.replace_holdings(turn.transaction, said, added)
    shown = list(chain.from_iterable(each.pictures for each in said.values()))
    await pictures.replace_pictures(turn.transaction, said, shown)
    if older is not None:
        older = older | _linking(removed)
    deltas = _deltas(removed, added, await _change_former(turn, said, _linking(added), older or set()))
    if mentioned := {holding.key for holding in added if not holding.links} - deltas.keys():
        await value_store.add_keys(turn.transaction, mentioned)
    changes = await value_store.change_counts(turn.transaction, deltas) if deltas else []
    rules = turn.model.rules
    crossed = [change for change in changes if _crosses(change, deltas[change.key], rules)]
    holders = defaultdict[Key, list[UUID]](list)
    for holding in set(removed).symmetric_difference(added) if removed else added:
        holders[holding.key].append(holding.tip_id)
    victims = frozenset(holding.key for holding in chain(removed, added) if holding.role == "victim")
    tallies = await tallies_of(turn, changes, grown_of(removed, added, crossed))
    touched = Touched(victims=victims, tip_ids=frozenset(chain.from_iterable(holders.values())))
    touched |= await _reweigh(turn, changes, tallies, crossed=crossed, holders=holders)
    company = [change.key for change in crossed if rules.types[change.key.type].joins]
    if not company:
        return touched
    # What its holders share besides is in less company now, or in more.
    others = await value_store.load_holders(turn.transaction, company)
    beside = await value_store.load_keys(turn.transaction, set(chain.from_iterable(others.values())))
    return touched | await _reweigh(turn, beside, await tallies_of(turn, beside, {}))


async def reweigh(turn: Turn, tip_ids: Collection[UUID]) -> Touched:
    """Weigh the values of tips by the present model; return those that say something else now.

    What the tips hold is read from their contents again when the rules are others than those it was last read by.
    """
    contents = await graph.load_misread(turn.transaction, tip_ids, turn.model.rules.version)
    said = await read_contents(turn.transaction, contents, turn.model.rules.lists)
    touched = UNTOUCHED
    if said:
        await save_profiles(turn, said)
        touched = await replace_holdings(turn, said)
    changes = await value_store.load_keys(turn.transaction, tip_ids)
    touched |= await _reweigh(turn, changes, {change.key: change.before.tally for change in changes})
    await graph.mark_linked(turn.transaction, tip_ids, version=turn.model.version)
    return touched


async def save_profiles(turn: Turn, said: Mapping[UUID, Said]) -> None:
    """Store how tips that are stored describe their subjects now, and how urgent they are."""
    profiles = {tip_id: each.profile for tip_id, each in said.items()}
    tiers = {tip_id: each.tier for tip_id, each in said.items()}
    await graph.save_profiles(turn.transaction, profiles, tiers, version=turn.model.version)


async def _reweigh(
    turn: Turn,
    changes: Collection[KeyChange],
    tallies: Mapping[Key, Tally],
    *,
    crossed: Sequence[KeyChange] = (),
    holders: Mapping[Key, Sequence[UUID]] = NO_HOLDERS,
) -> Touched:
    """Weigh values by what their holders say. `holders` are the changed ones, of values that were crossed or not."""
    weighed = {each.key: _weigh(each, tallies.get(each.key, NOTHING_TOLD), turn.model) for each in changes}
    news = {each.key: weighed[each.key] for each in changes if weighed[each.key] != each.before}
    if news := news | {each.key: weighed[each.key] for each in crossed}:
        await _save(turn, news, crossed, holders)
    joining = {each.key for each in changes if "joins" in (each.before.standing, weighed[each.key].standing)}
    moved = {each.key for each in changes if _worth(each.before) != _worth(weighed[each.key])}
    tying = {
        each.key
        for each in changes
        if (each.key in moved or each.key in holders)
        and not SAYING.isdisjoint((each.before.standing, weighed[each.key].standing))
    }
    return Touched(frozenset(joining), frozenset(moved - joining), frozenset(tying))


def _weigh(change: KeyChange, tally: Tally, model: Model) -> Weighed:
    stat = change.stat
    reliability = 0.0
    if says_something(change, model.rules):
        reliability = model.reliability(change.key, stat.tip_count, tally)
    standing = model.standing(
        change.key.type, stat.tip_count, stat.viral_count, reliability, former_count=stat.former_count
    )
    return Weighed(standing, reliability, tally)


def _worth(weighed: Weighed) -> tuple[Standing, float]:
    return weighed.standing, weighed.reliability


def _crosses(change: KeyChange, delta: KeyStat, rules: Rules) -> bool:
    """Return whether a value just became too common (or viral) to say anything, or stopped being so."""
    now = change.stat
    before = KeyStat(*(count - more for count, more in zip(now, delta, strict=True)))
    return (standing_of(change.key, before, rules) in SILENT) != (standing_of(change.key, now, rules) in SILENT)


async def _save(
    turn: Turn, weighed: Mapping[Key, Weighed], crossed: Sequence[KeyChange], holders: Mapping[Key, Sequence[UUID]]
) -> None:
    """Store how values stand now, and tell of those that crossed their cap."""
    new_ids = {change.key: turn.clock.new_id() for change in crossed}
    crossings = await value_store.save_weighed(turn.transaction, weighed, new_ids)
    for change in crossed:
        key, found = change.key, crossings[change.key]
        payload = (ValueCappedV1 if weighed[key].standing in SILENT else ValueUncappedV1)(
            type=key.type,
            frequency=change.stat.tip_count,
            frequency_max=turn.model.rules.types[key.type].tip_count_max,
            rules_version=turn.model.version,
            personal=ValuePersonal(value=key.value, scope=key.scope),
        )
        cause = turn.causes.of(holders[key])
        turn.announcer.tell(LINKS_TOPIC, payload, cause, subject_id=str(found.value_id), version=found.number)


def _all_of(tip_id: UUID, said: Said, related: Mapping[UUID, References]) -> Iterable[Holding]:
    """Return what a tip says, and the reports that it is or names."""
    return (*said.holdings, *references_of(tip_id, related[tip_id])) if tip_id in related else said.holdings


def _linking(holdings: Iterable[Holding]) -> set[tuple[UUID, Key]]:
    """Return by which values which tips may be linked to others, as they say themselves.

    Which report is meant, and whether one is named, follows from other tips: it changes with no version of this one.
    """
    return {(holding.tip_id, holding.key) for holding in holdings if holding.links and holding.role != "report"}


async def _change_former(turn: Turn, tip_ids: Collection[UUID], now: Older, older: Older) -> Mapping[Key, int]:
    """Note what the tips held in older versions and not `now`; return by how many more that is true of each value."""
    before = await value_store.take_former(turn.transaction, tip_ids)
    after = before.union(older) - now
    if after:
        await value_store.add_former(turn.transaction, after)
    change = Counter(key for _, key in after)
    change.subtract(key for _, key in before)
    return change


def _deltas(removed: Sequence[Holding], added: Sequence[Holding], former: Mapping[Key, int]) -> dict[Key, KeyStat]:
    """Return by how much the counts of each value change by which a tip was or is linked, by 0 where they stay.

    What no holding links by now or before, as a victim's values, says nothing else than before of anybody.
    """
    before, deltas = key_stats(removed), key_stats(added)
    for key in before.keys() | former.keys():
        old, new = before.get(key, NOTHING), deltas.get(key, NOTHING)
        deltas[key] = KeyStat(new.tip_count - old.tip_count, new.viral_count - old.viral_count, former.get(key, 0))
    return deltas
