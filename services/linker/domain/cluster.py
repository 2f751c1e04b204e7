"""The partition of tips into clusters, from the values they share, how their subjects are described, and judgements.

A *component* is what reliable values and "same" judgements connect; it is what must be looked at as one. Within it
tips are put together step by step, the surest pair first. At each step two clusters are compared as wholes: of what
they share, the best value of each strand counts (`Rules.strand_of`), and names and birth dates speak for or against.
The larger they are, the more it takes; and the more clusters hold a value that nothing has joined, the less it says of
two of them. People go before all of that: who is judged the same is together, who is judged different is not, whatever
they share.

Every order used is total and made of the set itself, and nothing here knows what came first: the clusters are a
function of the tips, the judgements and the model.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import combinations, permutations
from math import log2
from operator import attrgetter
from typing import Literal
from uuid import UUID

from services.linker.domain.evidence import Key
from services.linker.domain.groups import Groups, PartedGroups
from services.linker.domain.model import PAIR, Model, Rates, odds_bits
from services.linker.domain.profile import NOBODY, Agreement, Profile, compare_births, compare_names, merge

Judged = Literal["same", "different", "unsure"]
Pair = tuple[UUID, UUID]
"""Two tips, the smaller id first."""

SECOND_LOOK_BITS = 1.0
"""A pair that falls short by no more is looked at again when its clusters have grown."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A value with its holders among the tips at hand, and its reliability (`Model.reliability`), above 0.

    `others_count`: how many more tips hold it.
    """

    tip_ids: Collection[UUID]
    reliability: float
    others_count: int = 0


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


@dataclass(frozen=True, slots=True)
class Membership:
    """Where a tip was filed."""

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
    tips = sorted(set(tip_ids), key=attrgetter("int"))
    graph = _graph(tips, shared, judgements, model)
    components = Groups(len(tips))
    for holders in graph.joining.values():
        for holder in holders[1:]:
            components.join(holders[0], holder)
    for left, right in graph.same:
        components.join(left, right)
    builder = _Builder(graph, [profiles.get(tip_id, NOBODY) for tip_id in tips], model)
    parts = builder.build()
    related = _related(graph, parts)
    bridges, crossings = builder.bridges(), builder.crossings()

    members: defaultdict[int, list[int]] = defaultdict(list)
    for tip in range(len(tips)):
        members[parts.find(tip)].append(tip)
    return tuple(
        Cluster(
            cluster_id=derived_id("cluster", tips[root]),
            component_id=tips[components.find(root)],
            tip_ids=tuple(tips[tip] for tip in inside),
            related=tuple(tips[tip] for tip in sorted(related.get(root, ()))),
            bridges=tuple(graph.keys[value] for value in bridges.get(root, ())),
            crossings=tuple(graph.keys[value] for value in crossings.get(root, ())),
        )
        for root, inside in members.items()
    )


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


@dataclass(frozen=True, slots=True)
class _Graph:
    """What a clustering starts from, with tips and values as numbers: tips in order of age, values in order of keys."""

    joining: Mapping[int, Sequence[int]]
    """The tips of each value that may join them, the oldest first."""
    held: Sequence[frozenset[int]]
    """The shared values of each tip."""
    bits: Sequence[float]
    """What each value says of a pair of its holders: the odds, as a logarithm."""
    strands: Sequence[str]
    """The strand of each value."""
    keys: Sequence[Key]
    """The values themselves."""
    reliabilities: Sequence[float]
    """How reliable each value is."""
    are_hints: Sequence[bool]
    """Whether each value is of a kind that is a hint, however reliable."""
    same: Sequence[tuple[int, int]]
    """Newest judgement first: where judgements contradict one another, the later word stands."""
    different: frozenset[tuple[int, int]]


class _Builder:
    """Puts tips together, the surest pair first."""

    def __init__(self, graph: _Graph, profiles: Sequence[Profile], model: Model) -> None:
        self._graph = graph
        self._model = model
        self._parts = PartedGroups(len(profiles), graph.different)
        self._held: list[frozenset[int] | set[int]] = list(graph.held)
        self._profiles = list(profiles)
        self._several = [profile.names_several for profile in profiles]
        self._members = [[tip] for tip in range(len(profiles))]
        self._bridges: list[tuple[int, int]] = []
        self._crossings: list[tuple[int, int]] = []
        self._refused: set[tuple[int, int, int, int]] = set()
        """Two clusters that did not join in this round, by root and size: until one has grown they will hardly."""
        self._said = list(graph.bits)
        """What each value says of two clusters by now: the more, the fewer clusters hold it."""
        self._cluster_counts = {value: len(holders) for value, holders in graph.joining.items()}
        """By how many clusters each value that may join is held."""

    def build(self) -> Groups:
        """Return the clusters."""
        for left, right in self._graph.same:
            self._join(left, right)
        waiting = self._edges()
        for value, count in self._cluster_counts.items():
            if count > PAIR:
                self._weigh(value)
        while True:
            left_over = [edge for edge in waiting if not self._consider(*edge)]
            if len(left_over) == len(waiting):
                return self._parts
            waiting = left_over
            self._refused.clear()

    def bridges(self) -> Mapping[int, Sequence[int]]:
        """Return, by the cluster's root, the values on which alone a step rested, the least sure one first."""
        return self._by_root(self._bridges)

    def crossings(self) -> Mapping[int, Sequence[int]]:
        """Return, by the cluster's root, the values of steps that only tips of several people made, as `bridges`."""
        return self._by_root(self._crossings)

    def _by_root(self, steps: Iterable[tuple[int, int]]) -> Mapping[int, Sequence[int]]:
        found: defaultdict[int, set[int]] = defaultdict(set)
        for tip, value in steps:
            found[self._parts.find(tip)].add(value)
        return {
            root: sorted(values, key=lambda value: (self._graph.bits[value], value)) for root, values in found.items()
        }

    def _edges(self) -> list[tuple[int, int]]:
        """Return the pairs worth a look, surest first."""
        pairs = {pair for holders in self._graph.joining.values() for pair in combinations(holders, 2)}
        least = self._model.rules.pair_bits_min - SECOND_LOOK_BITS
        scored = [(-bits, *pair) for pair in pairs if (bits := self._bits(*pair, least=least)) >= least]
        return [(left, right) for _, left, right in sorted(scored)]

    def _consider(self, left: int, right: int) -> bool:
        """Join the clusters of two tips if they are sure enough; return whether the pair needs no other look."""
        one, other = self._parts.find(left), self._parts.find(right)
        if one == other:
            return True
        rules = self._model.rules
        sizes = len(self._members[one]), len(self._members[other])
        if (one, other, *sizes) in self._refused:
            return False
        needed = rules.pair_bits_min + self._model.size_bits * log2(min(sizes))
        needed += rules.growth_bits * log2(max(1.0, sum(sizes) / rules.grown))
        if self._bits(one, other, least=needed) < needed:
            self._refused |= {(one, other, *sizes), (other, one, sizes[1], sizes[0])}
            return False
        bridge, crossing = self._bridge(one, other), self._crossing(one, other)
        is_joined = self._join(one, other)
        if is_joined and bridge is not None:
            self._bridges.append((one, bridge))
        if is_joined and crossing is not None:
            self._crossings.append((one, crossing))
        return is_joined

    def _bridge(self, one: int, other: int) -> int | None:
        """Return the value on which alone two clusters hang, if it is weak and no name or birth date agrees."""
        values = self._held[one] & self._held[other]
        best = max(values, key=lambda value: (self._graph.bits[value], -value))
        if len({self._graph.strands[value] for value in values}) > 1 or self._is_strong(best):
            return None
        left, right = self._profiles[one], self._profiles[other]
        agreed = "agrees" in (compare_names(left, right), compare_births(left, right))
        return None if agreed else best

    def _crossing(self, one: int, other: int) -> int | None:
        """Return the surest value of two clusters if of one, which has others, only tips of several people hold any."""
        values = self._held[one] & self._held[other]
        for members in (self._members[one], self._members[other]):
            holders = [tip for tip in members if not values.isdisjoint(self._graph.held[tip])]
            if len(holders) < len(members) and all(self._several[tip] for tip in holders):
                return max(values, key=lambda value: (self._graph.bits[value], -value))
        return None

    def _is_strong(self, value: int) -> bool:
        key, rules = self._graph.keys[value], self._model.rules
        name = rules.kind_name(key.type, key.value, key.scope)
        return rules.strength_of(name, self._graph.reliabilities[value]) == "strong"

    def _join(self, left: int, right: int) -> bool:
        one, other = self._parts.find(left), self._parts.find(right)
        if one == other or not self._parts.try_join(one, other):
            return False
        stays, goes = (one, other) if self._parts.find(one) == one else (other, one)
        for value in self._held[stays] & self._held[goes] & self._cluster_counts.keys():
            self._cluster_counts[value] -= 1
            self._weigh(value)
        self._members[stays] += self._members[goes]
        self._held[stays] = self._held[stays] | self._held[goes]
        self._profiles[stays] = merge(self._profiles[stays], self._profiles[goes])
        return True

    def _weigh(self, value: int) -> None:
        crowd = self._model.crowd_bits(self._cluster_counts[value], is_hint=self._graph.are_hints[value])
        self._said[value] = self._graph.bits[value] - crowd

    def _bits(self, one: int, other: int, *, least: float) -> float:
        """Return the odds (log2) that two clusters, named by their roots, are one person's; rounded, for ties' sake.

        What cannot reach `least`, even if names and birth dates agree, is left as low as it is without them.
        """
        best: dict[str, float] = {}
        said, strands = self._said, self._graph.strands
        for value in self._held[one] & self._held[other]:
            if said[value] > best.get(strands[value], -99.0):
                best[strands[value]] = said[value]
        if not best:
            return -99.0
        total = max(best.values())
        if len(best) > 1:
            _, *others = sorted(best.values(), reverse=True)
            total += sum(max(0.0, more + self._model.rules.coincidence_bits) for more in others)
        if total + self._model.rules.likeness_bits_max < least:
            return total
        left, right = self._profiles[one], self._profiles[other]
        learned = self._model.learned
        likeness = 0.0
        if births := len(left.births) * len(right.births):
            likeness += likeness_bits(compare_births(left, right), learned.births, compared=births)
        if names := len(left.names) * len(right.names):
            likeness += likeness_bits(compare_names(left, right), learned.names, compared=names)
        total += min(likeness, self._model.rules.likeness_bits_max)
        return round(total, 6)


def likeness_bits(agreement: Agreement | None, rates: Rates, *, compared: int) -> float:
    """Return what it says for one person that the closest of so many pairs of names or birth dates agree so, in bits.

    0 when nothing is known.
    """
    match agreement:
        case "agrees":
            return rates.agree_bits(compared)
        case "near":
            return rates.agree_bits(compared) / 2
        case "differs":
            return rates.differ_bits
        case None:
            return 0.0


def _age(judgement: Judgement) -> tuple[datetime, int]:
    return judgement.decided_at, judgement.judgement_id.int


def _graph(
    tips: Sequence[UUID], shared: Mapping[Key, Shared], judgements: Mapping[Pair, Judgement], model: Model
) -> _Graph:
    number = {tip_id: position for position, tip_id in enumerate(tips)}
    rules = model.rules
    keys = sorted(key for key, value in shared.items() if key.type in rules.types and value.reliability > 0)
    held: list[set[int]] = [set() for _ in tips]
    joining: dict[int, Sequence[int]] = {}
    for place, key in enumerate(keys):
        value = shared[key]
        holders = [number[tip_id] for tip_id in value.tip_ids if tip_id in number]
        tip_count = len(value.tip_ids) + value.others_count
        if rules.types[key.type].joins and rules.is_sure(tip_count, value.reliability):
            if len(holders) < tip_count:
                raise ValueError(f"the component is not whole: a holder of a {key.type} is missing")
            joining[place] = sorted(holders)
        for holder in holders:
            held[holder].add(place)
    newest_first = sorted(judgements.values(), key=_age, reverse=True)
    decided = {
        word: [
            (number[left], number[right])
            for left, right in (
                pair_of(each.left_tip_id, each.right_tip_id) for each in newest_first if each.decision == word
            )
            if left in number and right in number
        ]
        for word in ("same", "different")
    }
    return _Graph(
        joining=joining,
        held=[frozenset(places) for places in held],
        bits=[odds_bits(shared[key].reliability) for key in keys],
        strands=[rules.strand_of(*key) for key in keys],
        keys=keys,
        reliabilities=[shared[key].reliability for key in keys],
        are_hints=[rules.is_hint(key.type, key.scope) for key in keys],
        same=decided["same"],
        different=frozenset(decided["different"]),
    )


def _related(graph: _Graph, parts: Groups) -> Mapping[int, set[int]]:
    """Return, by group root, the tips outside it that an edge still ties to it, pairs judged "different" left out."""
    related: defaultdict[int, set[int]] = defaultdict(set)
    for holders in (*graph.same, *graph.joining.values()):
        roots = {holder: parts.find(holder) for holder in holders}
        if len(set(roots.values())) == 1:
            continue
        for inside, outside in permutations(holders, 2):
            pair = (min(inside, outside), max(inside, outside))
            if roots[inside] != roots[outside] and pair not in graph.different:
                related[roots[inside]].add(outside)
    return related
