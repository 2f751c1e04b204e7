"""The partition of tips into clusters, from the values they share, how their subjects are described, and judgements.

A *component* is what reliable values and "same" judgements connect; it is what must be looked at as one. Within it
tips are put together step by step, the surest pair first. At each step two clusters are compared as wholes: of what
they share, the best value of each strand counts (`Rules.strand_of`); names, birth dates and the settings of what is
reported speak for or against.
The larger they are, the more it takes; and the more clusters hold a value that nothing has joined, the less it says of
two of them. People go before all of that: who is judged the same is together, who is judged different is not, whatever
they share.

Every order used is total and made of the set itself. Where pairs are equally sure it is that of the tips' marks, which
follow from the sources' references, so the clusters are a function of the tips, the judgements and the model, whatever
came first. Only their names tell of it: a cluster is called after its oldest tip.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import permutations
from operator import attrgetter
from typing import Literal, NamedTuple
from uuid import UUID

from services.linker.domain.builder import Builder, Graph
from services.linker.domain.evidence import Key
from services.linker.domain.facts import in_no_order
from services.linker.domain.groups import Groups
from services.linker.domain.model import Model, odds_bits
from services.linker.domain.profile import NOBODY, Profile

Judged = Literal["same", "different", "unsure"]
Pair = tuple[UUID, UUID]
"""Two tips, the smaller id first."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A value with its holders among the tips at hand, and its reliability (`Model.reliability`), above 0.

    `others_count`: how many more tips hold it. `joins`: it makes its holders one component, if its type may.
    """

    tip_ids: Collection[UUID]
    reliability: float
    others_count: int = 0
    joins: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's decision on two tips. One that was withdrawn is kept, and does not count."""

    judgement_id: UUID
    left_tip_id: UUID
    right_tip_id: UUID
    decision: Judged
    decided_at: datetime
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tips that belong together, oldest first.

    `cluster_id` is derived from the oldest tip, so that a cluster keeps it while it grows, and any order of arrival
    gives the same. `component_id`, the oldest tip of the component, is shared by clusters that only judgements keep
    apart; what carries it must be loaded as one.
    `related` are tips of the other clusters of the component that still share a value with this one, oldest first.
    `bridges` are values each of which alone, and not strong, joined two of its parts; the least sure one first.
    `crossings` are values that joined two of its parts only by tips that speak of several people.
    """

    cluster_id: UUID
    component_id: UUID
    tip_ids: tuple[UUID, ...]
    related: tuple[UUID, ...] = ()
    bridges: tuple[Key, ...] = ()
    crossings: tuple[Key, ...] = ()


class Membership(NamedTuple):
    """Where a tip was filed. A named tuple, because there is one for each tip of what a change touches."""

    cluster_id: UUID
    component_id: UUID


@dataclass(frozen=True, slots=True)
class Move:
    """A tip is filed elsewhere than before; `previous` is None for a new tip.

    When only the component changed there is nothing to announce: components are the linker's own.
    """

    tip_id: UUID
    now: Membership
    previous: Membership | None
    cluster_size: int

    @property
    def changes_cluster(self) -> bool:
        return self.previous is None or self.previous.cluster_id != self.now.cluster_id


def pair_of(left: UUID, right: UUID) -> Pair:
    """Return the two in the one order in which a pair is written.

    Raises:
        ValueError: they are one tip.
    """
    if left == right:
        raise ValueError("a pair needs two tips")
    return (left, right) if left.int < right.int else (right, left)


def newest_judgements(judgements: Iterable[Judgement]) -> dict[Pair, Judgement]:
    """Return the judgement that counts for each pair: the newest that was not withdrawn (ties: the larger id)."""
    newest: dict[Pair, Judgement] = {}
    for judgement in judgements:
        pair = pair_of(judgement.left_tip_id, judgement.right_tip_id)
        if not judgement.is_withdrawn and (pair not in newest or _age(judgement) > _age(newest[pair])):
            newest[pair] = judgement
    return newest


def cluster(
    tip_ids: Iterable[UUID],
    shared: Mapping[Key, Shared],
    profiles: Mapping[UUID, Profile],
    judgements: Mapping[Pair, Judgement],
    *,
    model: Model,
) -> tuple[Cluster, ...]:
    """Return the clusters of some whole components, the oldest first.

    Args:
        tip_ids: all tips of the components.
        shared: the values that at least two of them hold. Of those that may join, all holders must be among the tips.
        profiles: how the tips' subjects are described; a tip may be absent.
        judgements: the newest of each pair (`newest_judgements`), between tips at hand.
        model: what a value of a kind says.

    Raises:
        ValueError: a value that joins has a holder that is not among `tip_ids`: the component is not whole.
    """
    tips = sorted(set(tip_ids), key=in_no_order)
    graph = _graph(tips, shared, judgements, model)
    components = graph.components
    builder = Builder(graph, [profiles.get(tip_id, NOBODY) for tip_id in tips], model)
    parts = builder.build()
    related = _related(graph, parts)
    bridges, crossings = builder.bridges(), builder.crossings()

    members: defaultdict[int, list[UUID]] = defaultdict(list)
    oldest: dict[int, UUID] = {}
    for tip in sorted(range(len(tips)), key=lambda tip: tips[tip].int):
        members[parts.find(tip)].append(tips[tip])
        oldest.setdefault(components.find(tip), tips[tip])
    return tuple(
        Cluster(
            cluster_id=derived_id("cluster", inside[0]),
            component_id=oldest[components.find(root)],
            tip_ids=tuple(inside),
            related=tuple(sorted((tips[tip] for tip in related.get(root, ())), key=attrgetter("int"))),
            bridges=tuple(graph.keys[value] for value in bridges.get(root, ())),
            crossings=tuple(graph.keys[value] for value in crossings.get(root, ())),
        )
        for root, inside in members.items()
    )


def expect(
    tip_ids: Iterable[UUID], shared: Mapping[Key, Shared], profiles: Mapping[UUID, Profile], *, model: Model
) -> tuple[int, float]:
    """Return how many pairs of tips `cluster` would put together without any judgement, and how many of them the odds
    of its steps say are wrong.
    """
    tips = sorted(set(tip_ids), key=in_no_order)
    builder = Builder(_graph(tips, shared, {}, model), [profiles.get(tip_id, NOBODY) for tip_id in tips], model)
    builder.build()
    return builder.pairs, builder.wrong


def moves(
    clusters: Iterable[Cluster], previous: Mapping[UUID, Membership], *, also: Collection[UUID] = ()
) -> tuple[Move, ...]:
    """Return the tips that are filed elsewhere than in `previous`, and those of `also`, by cluster, oldest first."""
    moved: list[Move] = []
    for found in clusters:
        now = Membership(found.cluster_id, found.component_id)
        for tip_id in found.tip_ids:
            before = previous.get(tip_id)
            if before != now or tip_id in also:
                moved.append(Move(tip_id, now, before, len(found.tip_ids)))
    return tuple(moved)


def derived_id(kind: str, tip_id: UUID) -> UUID:
    """Return the id of a `kind` of thing named after a tip: always the same, and a UUIDv7 with the tip's own time.

    The bits that a UUIDv7 leaves to chance come from SHA-256 of kind and tip id.
    """
    digest = int.from_bytes(sha256(kind.encode() + tip_id.bytes).digest()[:10], "big")
    value = (tip_id.int >> 80 << 80) | digest
    value &= ~(0xF << 76 | 0x3 << 62)
    return UUID(int=value | 0x7 << 76 | 0x2 << 62)


def _age(judgement: Judgement) -> tuple[datetime, int]:
    return judgement.decided_at, judgement.judgement_id.int


def _graph(
    tips: Sequence[UUID], shared: Mapping[Key, Shared], judgements: Mapping[Pair, Judgement], model: Model
) -> Graph:
    number = {tip_id: position for position, tip_id in enumerate(tips)}
    rules = model.rules
    keys = sorted(key for key, value in shared.items() if key.type in rules.types and value.reliability > 0)
    holders_of: list[list[int]] = []
    joining: dict[int, Sequence[int]] = {}
    for place, key in enumerate(keys):
        value = shared[key]
        holders = [tip for tip_id in value.tip_ids if (tip := number.get(tip_id)) is not None]
        tip_count = len(value.tip_ids) + value.others_count
        if rules.types[key.type].joins and value.joins:
            if len(holders) < tip_count:
                raise ValueError(f"the component is not whole: a holder of a {key.type} is missing")
            joining[place] = sorted(holders)
        holders_of.append(holders)
    newest_first = sorted(judgements.values(), key=_age, reverse=True)
    decided = {
        word: [
            (min(pair), max(pair))
            for each in newest_first
            if each.decision == word and each.left_tip_id in number and each.right_tip_id in number
            for pair in [(number[each.left_tip_id], number[each.right_tip_id])]
        ]
        for word in ("same", "different")
    }
    components = _components([*joining.values(), *decided["same"]], len(tips))
    # Values are many, but of few kinds, and reliabilities move by steps.
    bits_of, is_hint = cache(odds_bits), cache(rules.is_hint)
    return Graph(
        joining=joining,
        held=_held_inside(holders_of, components, len(tips)),
        components=components,
        bits=[bits_of(shared[key].reliability) for key in keys],
        groups=[rules.group_of(key.type, key.scope) for key in keys],
        strands=[rules.strand_of(*key) for key in keys],
        keys=keys,
        reliabilities=[shared[key].reliability for key in keys],
        are_hints=[is_hint(key.type, key.scope) for key in keys],
        same=decided["same"],
        different=frozenset(decided["different"]),
    )


def _components(edges: Iterable[Sequence[int]], tip_count: int) -> Groups:
    components = Groups(tip_count)
    for holders in edges:
        for holder in holders[1:]:
            components.join(holders[0], holder)
    return components


def _held_inside(holders_of: Iterable[Sequence[int]], components: Groups, tip_count: int) -> list[frozenset[int]]:
    """Return the values that each tip shares with others of its component.

    Which tips of other components are at hand too is chance, and says nothing.
    """
    held: list[set[int]] = [set() for _ in range(tip_count)]
    for place, holders in enumerate(holders_of):
        inside = Counter(map(components.find, holders))
        for holder in holders:
            if inside[components.find(holder)] > 1:
                held[holder].add(place)
    return [frozenset(places) for places in held]


def _related(graph: Graph, parts: Groups) -> Mapping[int, set[int]]:
    """Return, by group root, the tips outside it that an edge still ties to it, pairs judged "different" left out."""
    related: defaultdict[int, set[int]] = defaultdict(set)
    for holders in {*graph.same, *map(tuple, graph.joining.values())}:
        roots = {holder: parts.find(holder) for holder in holders}
        if len(set(roots.values())) == 1:
            continue
        for inside, outside in permutations(holders, 2):
            pair = (min(inside, outside), max(inside, outside))
            if roots[inside] != roots[outside] and pair not in graph.different:
                related[roots[inside]].add(outside)
    return related
