"""The linker's decisions without a database: what it comes to once it has rested, all at once and some minutes sooner.

It reads, learns and clusters by the domain's own functions, as the worker does at rest, and leaves out what the worker
keeps between batches. So it also says what the worker has to come to, whatever came first.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from services.linker.app import load_rules
from services.linker.domain.caution import Value, cautious, components_of, joining_from
from services.linker.domain.cluster import Cluster, Shared, cluster
from services.linker.domain.estimate import Beside, estimate, tally_of
from services.linker.domain.evidence import Key, holdings_of
from services.linker.domain.facts import TipContent, in_no_order
from services.linker.domain.model import Model, Tally
from services.linker.domain.profile import Profile, profile_of
from services.linker.domain.references import References, references_of
from services.linker.domain.rules import SAYING, Place, Rules
from services.linker.handlers.learn import STRANGERS_MAX
from services.linker.store.models import SAMPLE_DIGITS_END
from services.linker.stream import read_batch
from shared.events.envelope import decode, open_payload
from shared.events.intake import TipReceivedV1
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from tests.bench.linking.product import tip_events
from tests.bench.linking.score import Attempt
from tests.bench.linking.world import World

NAME = "memory"


@dataclass(frozen=True, slots=True)
class Read:
    """Tips read by some rules: who holds what that says something, and how the tips describe their subjects."""

    holders: Mapping[Key, Sequence[UUID]]
    tallies: Mapping[Key, Tally]
    profiles: Mapping[UUID, Profile]
    handles: Sequence[str]


def link_in_memory(world: World) -> Attempt:
    """Link a world's tips."""
    rules = load_rules()
    contents = list(contents_of(events_of(world)))
    started = time.monotonic()
    read = read_tips(contents, rules)
    found = cluster_all(read, learn(read, rules))
    cluster_of: dict[UUID, Hashable] = {tip_id: each.cluster_id for each in found for tip_id in each.tip_ids}
    names = [cluster_of[content.tip_id] for content in contents]
    return Attempt(NAME, names, time.monotonic() - started)


def events_of(world: World) -> list[bytes]:
    """Return what intake publishes of a world's tips, in order of arrival."""
    return list(tip_events(world, {tip["source"]: "other" for tip in world.tips}))


def contents_of(events: Iterable[bytes]) -> Iterator[TipContent]:
    """Yield the tips as the linker reads them off intake's topic."""
    for value in events:
        envelope = decode(value)
        record = Record("intake.tips", 0, 0, None, value, (), 0)
        incoming = Incoming(envelope, open_payload(envelope, TipReceivedV1), record, "linker")
        yield from read_batch([incoming]).contents.values()


def read_tips(contents: Sequence[TipContent], rules: Rules) -> Read:
    """Return what the tips hold and say, and what the holders of each value say of it."""
    holders: defaultdict[Key, dict[UUID, None]] = defaultdict(dict)
    viral: set[Key] = set()
    handles: set[str] = set()
    references = references_among(contents)
    for content in contents:
        related = references_of(content.tip_id, references[content.tip_id])
        for holding in chain(holdings_of(content, lists=rules.lists), related):
            if holding.key.type == "handle":
                handles.add(holding.key.value)
            if holding.links:
                holders[holding.key][content.tip_id] = None
            if holding.is_viral:
                viral.add(holding.key)
    saying = {
        key: list(tips) for key, tips in holders.items() if rules.standing(key.type, len(tips), key in viral) in SAYING
    }
    held: defaultdict[UUID, dict[Hashable, Place]] = defaultdict(dict)
    for key, tips in saying.items():
        if rules.may_join(key.type, len(tips)):
            for tip_id in tips:
                held[tip_id][key] = rules.place_of(key.type, key.scope)
    profiles = {content.tip_id: profile_of(content) for content in contents}
    beside = Beside(held)
    tallies = {
        key: tally_of(rules.place_of(key.type, key.scope), tips, profiles=profiles, beside=beside)
        for key, tips in saying.items()
    }
    return Read(saying, tallies, profiles, sorted(handles))


def references_among(contents: Sequence[TipContent]) -> dict[UUID, References]:
    """Return which reports each of these tips is and names, none beside them being known."""
    sources = defaultdict[str, set[str]](set)
    for content in contents:
        sources[content.source_ref].add(content.source)
    named = set(chain.from_iterable(content.related_refs for content in contents))
    return {
        content.tip_id: References(
            content.source,
            content.source_ref,
            content.source_ref in named,
            {ref: sources.get(ref, ()) for ref in content.related_refs},
        )
        for content in contents
    }


def learn(read: Read, rules: Rules) -> Model:
    """Return the model that is learned from all of them. Of very many, the worker learns from a part (`learn.py`)."""
    strangers = sorted(read.profiles, key=in_no_order)[:STRANGERS_MAX]
    values = values_of(read)
    tallies = [(key, value.tip_count, value.tally) for key, value in values.items()]
    model = estimate(tallies, [read.profiles[tip_id] for tip_id in strangers], read.handles, rules=rules)
    drawn = sample(read.profiles, rules.region_drawn)
    for least in rules.joining_min:
        model = joining_from(model, least)
        components = components_of(read.profiles, values, model)
        region = drawn.union(*(each.tip_ids for each in components if not drawn.isdisjoint(each.tip_ids)))
        if len(region) <= rules.region_max:
            break
    return cautious(model, components, read.profiles)


def sample(tip_ids: Collection[UUID], count_max: int) -> frozenset[UUID]:
    """Return about `count_max` tips at most, the same that the worker draws (`list_sample`)."""
    if len(tip_ids) <= count_max:
        return frozenset(tip_ids)
    end = SAMPLE_DIGITS_END * count_max // len(tip_ids)
    return frozenset(tip_id for tip_id in tip_ids if tip_id.int % SAMPLE_DIGITS_END < end)


def values_of(read: Read) -> dict[Key, Value]:
    """Return the values that say something, with their holders."""
    return {key: Value(len(tips), read.tallies[key], tips) for key, tips in read.holders.items()}


def cluster_all(read: Read, model: Model) -> tuple[Cluster, ...]:
    """Return the clusters of all tips."""
    shared = {}
    for key, tips in read.holders.items():
        reliability = model.reliability(key, len(tips), read.tallies[key])
        if reliability > 0:
            shared[key] = Shared(tips, reliability, joins=model.is_sure(len(tips), reliability))
    return cluster(read.profiles, shared, read.profiles, {}, model=model)
