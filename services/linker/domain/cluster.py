"""The partition of tips into clusters, from the values that join them and what people judged.

The graph is bipartite: tips and the values that join them, so the work grows with the holdings and not with the pairs.
A *component* is what shared values and "same" judgements connect. It is one cluster, unless someone judged two of its
tips "different"; then it is taken apart where the evidence is weakest (`_constrained`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import permutations
from operator import attrgetter
from typing import Literal
from uuid import UUID

from services.linker.domain.evidence import Key
from services.linker.domain.rules import KeyStat, Rules

Judged = Literal["same", "different", "unsure"]
Pair = tuple[UUID, UUID]
"""Two tips, the smaller id first."""


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
    """

    cluster_id: UUID
    component_id: UUID
    tip_ids: tuple[UUID, ...]
    related: tuple[UUID, ...] = ()


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
    tip_ids: Collection[UUID],
    shared: Mapping[Key, Collection[UUID]],
    judgements: Mapping[Pair, Judgement],
    *,
    rules: Rules,
) -> tuple[Cluster, ...]:
    """Return the clusters of some whole components, by their oldest tip; each tip is in exactly one.

    `shared` holds the values that join (`evidence.joining_keys`), each with *all* its holders; a value with one holder,
    with too many, or of a type that does not join is passed over. `judgements` are the newest of each pair. The order
    of the arguments' items never matters.

    Two tips judged "different" are never in one cluster. Without such a pair, clusters are connected components.

    Raises:
        ValueError: a value's holder, or a tip judged "same", is not among `tip_ids`: the component is not whole.
    """
    tips = sorted(set(tip_ids), key=attrgetter("int"))
    graph = _graph(tips, shared, judgements, rules)
    components = _Groups(len(tips))
    for holders in graph.holders:
        for holder in holders[1:]:
            components.join(holders[0], holder)
    for left, right in graph.same:
        components.join(left, right)
    is_torn = any(components.find(left) == components.find(right) for left, right in graph.different)
    parts = _constrained(graph, len(tips)) if is_torn else components
    related = _related(graph, parts) if is_torn else {}

    members: defaultdict[int, list[int]] = defaultdict(list)
    for tip in range(len(tips)):
        members[parts.find(tip)].append(tip)
    return tuple(
        Cluster(
            cluster_id=derived_id("cluster", tips[root]),
            component_id=tips[components.find(root)],
            tip_ids=tuple(tips[tip] for tip in inside),
            related=tuple(tips[tip] for tip in sorted(related.get(root, ()))),
        )
        for root, inside in members.items()
    )


def moves(clusters: Iterable[Cluster], previous: Mapping[UUID, Membership]) -> tuple[Move, ...]:
    """Return the tips that are filed elsewhere than in `previous`, cluster by cluster, oldest first."""
    moved: list[Move] = []
    for found in clusters:
        now = Membership(found.cluster_id, found.component_id)
        for tip_id in found.tip_ids:
            before = previous.get(tip_id)
            if before != now:
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
    """The edges of a clustering, tips as numbers in order of age. Every list is in an order of its own making."""

    holders: Sequence[Sequence[int]]
    """The tips of each joining value: the heaviest value first, then by key; within it the oldest first."""
    same: Sequence[tuple[int, int]]
    """Newest judgement first: where judgements contradict one another, the later word stands."""
    different: frozenset[tuple[int, int]]


class _Groups:
    """Disjoint sets of the numbers 0..count-1; a group's root is its smallest member."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = member = parent[parent[member]]
        return member

    def join(self, left: int, right: int) -> tuple[int, int]:
        """Join two groups; return the root that stays and the one that goes (the same when nothing happened)."""
        stays, goes = sorted((self.find(left), self.find(right)))
        self._parent[goes] = stays
        return stays, goes


class _PartedGroups(_Groups):
    """Groups that refuse to take in a foe of one of their members."""

    def __init__(self, count: int, foes: Iterable[tuple[int, int]]) -> None:
        super().__init__(count)
        self._foes: defaultdict[int, set[int]] = defaultdict(set)
        for left, right in foes:
            self._foes[left].add(right)
            self._foes[right].add(left)

    def try_join(self, left: int, right: int) -> bool:
        """Join two groups unless foes would meet; return whether the two are together now."""
        stays, goes = self.find(left), self.find(right)
        if goes in self._foes[stays]:
            return False
        stays, goes = self.join(stays, goes)
        if stays != goes:
            for foe in self._foes.pop(goes, set()):
                self._foes[foe].remove(goes)
                self._foes[foe].add(stays)
                self._foes[stays].add(foe)
        return True


def _age(judgement: Judgement) -> tuple[datetime, int]:
    return judgement.decided_at, judgement.judgement_id.int


def _graph(
    tips: Sequence[UUID],
    shared: Mapping[Key, Collection[UUID]],
    judgements: Mapping[Pair, Judgement],
    rules: Rules,
) -> _Graph:
    number = {tip_id: position for position, tip_id in enumerate(tips)}
    joining = [
        (-rules.weight(key.type, len(holders)), key, holders)
        for key, holders in shared.items()
        if rules.standing(key.type, KeyStat(len(holders))) == "joins"
    ]
    newest_first = sorted(judgements.values(), key=_age, reverse=True)
    decided = {
        word: [pair_of(each.left_tip_id, each.right_tip_id) for each in newest_first if each.decision == word]
        for word in ("same", "different")
    }
    try:
        return _Graph(
            holders=[sorted(number[tip_id] for tip_id in holders) for _, _, holders in sorted(joining, key=_by_weight)],
            same=[(number[left], number[right]) for left, right in decided["same"]],
            different=frozenset(
                (number[left], number[right])
                for left, right in decided["different"]
                if left in number and right in number
            ),
        )
    except KeyError as error:
        raise ValueError(f"the component is not whole: tip {error.args[0]} is missing") from error


def _by_weight(joining: tuple[float, Key, Collection[UUID]]) -> tuple[float, Key]:
    return joining[:2]


def _constrained(graph: _Graph, count: int) -> _Groups:
    """Return the groups of a graph of `count` tips in which no pair of `different` is together.

    People first, then the heaviest value, then by name: each edge joins two groups unless foes would meet in the
    result, so a component breaks at its weakest evidence. Among the holders of one value, each tip, from the oldest,
    goes with the first group of earlier holders that takes it. Every order used is total and made of the set itself.
    """
    parts = _PartedGroups(count, graph.different)
    for left, right in graph.same:
        parts.try_join(left, right)
    for holders in graph.holders:
        heads: list[int] = []
        for holder in holders:
            if not any(parts.try_join(head, holder) for head in heads):
                heads.append(holder)
    return parts


def _related(graph: _Graph, parts: _Groups) -> Mapping[int, set[int]]:
    """Return, by group root, the tips outside it that an edge still ties to it, pairs judged "different" left out."""
    related: defaultdict[int, set[int]] = defaultdict(set)
    for holders in (*graph.same, *graph.holders):
        roots = {holder: parts.find(holder) for holder in holders}
        if len(set(roots.values())) == 1:
            continue
        for inside, outside in permutations(holders, 2):
            pair = (min(inside, outside), max(inside, outside))
            if roots[inside] != roots[outside] and pair not in graph.different:
                related[roots[inside]].add(outside)
    return related
