"""Building clusters step by step: which pairs are looked at, in what order, and which of them join.

What is built, of what, and why so is told in `cluster.py`. Here tips and values are numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2

from services.linker.domain.descriptions import Descriptions, Places
from services.linker.domain.evidence import Key
from services.linker.domain.groups import Groups, PartedGroups
from services.linker.domain.model import PAIR, Model
from services.linker.domain.profile import Profile, compare_births, compare_names, merge
from services.linker.domain.rules import FILE_TYPES

SECOND_LOOK_BITS = 1.0
"""A pair that falls short by no more is looked at again when its clusters have grown."""
NO_BITS = -99.0
"""What nothing shared says."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What a clustering starts from, with tips and values as numbers: tips `in_no_order`, values by key."""

    joining: Mapping[int, Sequence[int]]
    """The tips of each value that may join them, in order."""
    held: Sequence[frozenset[int]]
    """The values that each tip shares with others of its component."""
    components: Groups
    bits: Sequence[float]
    """What each value says of a pair of its holders: the odds, as a logarithm."""
    groups: Sequence[str]
    """The group of each value."""
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


@dataclass(frozen=True, slots=True)
class _Uses:
    """Of a cluster's tips, how many hold each shared value, and how many tell any of each group."""

    holders: dict[int, int]
    tellers: dict[str, int]

    def add(self, other: "_Uses") -> None:
        for value, count in other.holders.items():
            self.holders[value] = self.holders.get(value, 0) + count
        for group, count in other.tellers.items():
            self.tellers[group] = self.tellers.get(group, 0) + count


class Builder:
    """Puts the tips of some components together, the surest pair first."""

    def __init__(self, graph: Graph, profiles: Sequence[Profile], model: Model) -> None:
        self._graph = graph
        self._model = model
        self._parts = PartedGroups(len(profiles), graph.different)
        self._held = list(graph.held)
        self._profiles = list(profiles)
        self._descriptions = Descriptions(model)
        self._described = [self._descriptions.number_of(profile) for profile in profiles]
        """How each cluster's subjects are described, by the description's number."""
        self._places = Places(model)
        self._placed = [self._places.number_of(profile.setting) for profile in profiles]
        """What the settings of each cluster tell, by its number."""
        self._kinds = [model.rules.kind_name(key.type, key.value, key.scope) for key in graph.keys]
        self._several = [profile.names_several for profile in profiles]
        self._members = [[tip] for tip in range(len(profiles))]
        self._uses: dict[int, _Uses] = {}
        """By the roots of clusters of several tips."""
        self._bridges: list[tuple[int, int]] = []
        self._crossings: list[tuple[int, int]] = []
        self._refused: set[tuple[int, int, int, int]] = set()
        """Two clusters that did not join in this round, by root and size: until one has grown they will hardly."""
        self._said = list(graph.bits)
        """What each value says of two clusters by now: the more, the fewer clusters hold it."""
        self._needed: dict[tuple[int, int], float] = {}
        """How sure two clusters of so many tips must be. A cache of a method would keep the builder in memory."""
        self.pairs, self.wrong = 0, 0.0
        """Of all steps taken, the pairs of tips put together, and how many of them the odds say are wrong."""
        self._own: dict[int, float] = {}
        """Of a cluster's tips so many are one person's, by the odds of its steps; all where it has no entry."""
        self._cluster_counts = {value: len(holders) for value, holders in graph.joining.items()}
        """By how many clusters each value that may join is held."""

    def build(self) -> Groups:
        """Return the clusters."""
        for left, right in self._graph.same:
            self._join(left, right)
        edges = self._edges()
        for value, count in self._cluster_counts.items():
            if count > PAIR:
                self._weigh(value)
        # What joins in one component changes nothing in another, and it would have all of them looked at again.
        by_component: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for edge in edges:
            by_component[self._graph.components.find(edge[0])].append(edge)
        for waiting in by_component.values():
            self._build_component(waiting)
        return self._parts

    def _build_component(self, waiting: Sequence[tuple[int, int]]) -> None:
        """Join what is sure enough along a component's pairs, surest first, until none of those left over joins."""
        while True:
            left_over = [edge for edge in waiting if not self._consider(*edge)]
            if len(left_over) == len(waiting):
                return
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
        # What one value makes a pair of, others do as well: a user name comes with the handle in it.
        groups = set(map(tuple, self._graph.joining.values()))
        pairs = {pair for holders in groups for pair in combinations(holders, 2)}
        least = self._model.pair_bits - SECOND_LOOK_BITS
        values_least = least - self._model.rules.likeness_bits_max
        held, described, likeness = self._held, self._described, self._descriptions
        # Pairs are many, and what they share is mostly the same few values: those are weighed once.
        weighed: dict[frozenset[int], tuple[float, int]] = {}
        scored: list[tuple[float, int, int]] = []
        for left, right in pairs:
            values = held[left] & held[right]
            found = weighed.get(values)
            if found is None:
                found = weighed[values] = self._value_bits(values, self._said)
            bits = found[0] + self._setting_bits(left, right, found[1])
            if bits < values_least:
                continue
            bits = round(bits + likeness[described[left], described[right]], 6)
            if bits >= least:
                scored.append((-bits, left, right))
        scored.sort()
        return [(left, right) for _, left, right in scored]

    def _consider(self, left: int, right: int) -> bool:
        """Join the clusters of two tips if they are sure enough; return whether the pair needs no other look."""
        one, other = self._parts.find(left), self._parts.find(right)
        if one == other:
            return True
        size, other_size = len(self._members[one]), len(self._members[other])
        if (one, other, size, other_size) in self._refused:
            return False
        needed = self._bits_needed(size, other_size)
        bits = self._bits(one, other, least=needed)
        if bits < needed:
            self._refused.add((one, other, size, other_size))
            self._refused.add((other, one, other_size, size))
            return False
        bridge, crossing = self._bridge(one, other), self._crossing(one, other)
        own, other_own = self._own.get(one, size), self._own.get(other, other_size)
        is_joined = self._join(one, other)
        if is_joined:
            likely = 1 / (1 + 2**-bits)
            self.pairs += size * other_size
            self.wrong += size * other_size - likely * own * other_own
            self._own[self._parts.find(one)] = likely * (own + other_own) + (1 - likely) * max(own, other_own)
        if is_joined and bridge is not None:
            self._bridges.append((one, bridge))
        if is_joined and crossing is not None:
            self._crossings.append((one, crossing))
        return is_joined

    def _bits_needed(self, size: int, other_size: int) -> float:
        """Return the odds (log2) that it takes to join two clusters of so many tips."""
        needed = self._needed.get((size, other_size))
        if needed is None:
            rules = self._model.rules
            needed = self._model.pair_bits + self._model.size_bits * log2(min(size, other_size))
            needed += rules.growth_bits * log2(max(1.0, (size + other_size) / rules.grown))
            self._needed[size, other_size] = needed
        return needed

    def _bridge(self, one: int, other: int) -> int | None:
        """Return the value on which alone two clusters hang, if it is weak and no name or birth date agrees.

        A file that both show is no second one: its copies circulate.
        """
        both = self._held[one] & self._held[other]
        values = [value for value in both if self._graph.keys[value].type not in FILE_TYPES]
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
        uses = self._uses[stays] if stays in self._uses else self._uses_of(stays)
        uses.add(self._uses.pop(goes) if goes in self._uses else self._uses_of(goes))
        self._uses[stays] = uses
        self._profiles[stays] = merge(self._profiles[stays], self._profiles[goes])
        self._placed[stays] = self._places.number_of(self._profiles[stays].setting)
        self._described[stays] = self._descriptions.number_of(self._profiles[stays])
        return True

    def _uses_of(self, tip: int) -> _Uses:
        values, groups = self._graph.held[tip], self._graph.groups
        return _Uses(dict.fromkeys(values, 1), dict.fromkeys((groups[value] for value in values), 1))

    def _weigh(self, value: int) -> None:
        crowd = self._model.crowd_bits(self._cluster_counts[value], is_hint=self._graph.are_hints[value])
        self._said[value] = self._graph.bits[value] - crowd

    def _bits(self, one: int, other: int, *, least: float) -> float:
        """Return the odds (log2) that two clusters, named by their roots, are one person's; rounded, for ties' sake.

        What cannot reach `least`, even if names and birth dates agree, is left as low as it is without them.
        """
        values = self._held[one] & self._held[other]
        if not values:
            return NO_BITS
        total, best = self._value_bits(values, self._said_of(one, other, values))
        settings = self._setting_bits(one, other, best)
        if total + settings + self._model.rules.likeness_bits_max < least:
            return total + settings
        likeness = self._descriptions[self._described[one], self._described[other]]
        if likeness < 0:
            total = min(total, self._model.rules.values_bits_max)
        return round(total + settings + likeness, 6)

    def _said_of(self, one: int, other: int, values: Iterable[int]) -> Mapping[int, float] | Sequence[float]:
        """Return what values that two clusters share say of these two: the less, the fewer of their tips hold them."""
        both = [uses for root in (one, other) if (uses := self._uses.get(root)) is not None]
        if not both:
            return self._said
        said, groups, model = {}, self._graph.groups, self._model
        for value in values:
            group, bits = groups[value], 0.0
            for uses in both:
                bits += model.share_bits(group, uses.holders[value], uses.tellers[group])
            said[value] = self._said[value] - min(bits, model.rules.share_bits_max)
        return said

    def _setting_bits(self, one: int, other: int, best: int) -> float:
        """Return what their settings say of two clusters, of what they share the `best` value counting most."""
        told = self._places[self._placed[one], self._placed[other], self._kinds[best]]
        return told + self._model.time_bits(self._profiles[one].setting.days, self._profiles[other].setting.days)

    def _value_bits(self, values: Iterable[int], said: Mapping[int, float] | Sequence[float]) -> tuple[float, int]:
        """Return what values that two clusters share say of them, of each strand the best; and the best of all."""
        best: dict[str, float] = {}
        strands = self._graph.strands
        for value in values:
            if said[value] > best.get(strands[value], NO_BITS):
                best[strands[value]] = said[value]
        first, *others = sorted(best.values(), reverse=True)
        bits = first + sum([max(0.0, more + self._model.rules.coincidence_bits) for more in others])
        return bits, min(value for value in values if said[value] == first)
