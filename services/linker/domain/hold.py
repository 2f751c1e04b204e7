"""Why a lead waits for a person before it is referred.

A hold is a function of the clusters as they are and of what people released; nobody sets or keeps it. So it goes by
itself when its reason does: a second identifier joins the two, or tells that they are not one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from services.linker.domain.cluster import Pair, pair_of
from services.linker.domain.evidence import Key
from services.linker.domain.profile import Profile, compare_births, compare_names
from services.linker.domain.rules import Rules
from services.linker.domain.snapshot import Hold, HoldReason

OF_ITS_OWN: frozenset[HoldReason] = frozenset({"weak_bridge", "several_people"})
"""Reasons that come before any tie and lie within the cluster: no other lead has to do with them."""
VICTIM_TIPS_MAX = 25
"""A victim's value in more tips is a placeholder or a hotline's, and names no one."""
CONTENT_GROUP = "content"
"""Files and links to them pass from hand to hand: whom they tie, they say nothing of."""


@dataclass(frozen=True, slots=True)
class Release:
    """A person looked at a held lead and let it go on; `tip_count` is what it had then.

    It covers that reason and identifier for good, and for the number of tips until there are twice as many.
    """

    reason: HoldReason
    identifier: Key | None
    tip_count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A value in use that clusters share: how many distinct tips hold it anywhere, and how many of each cluster."""

    tip_count: int
    by_cluster: Mapping[UUID, int]


def hold_of(
    tip_count: int,
    *,
    bridges: Sequence[Key],
    crossings: Sequence[Key],
    ties: Sequence[Key],
    releases: Collection[Release],
    rules: Rules,
) -> Hold | None:
    """Return why a cluster's lead has to wait: the first reason that no release covers. None when there is none.

    `bridges` and `crossings` are the cluster's; `ties` are the values each of which alone ties it to another lead
    (`ties_of`).
    """
    released = {(release.reason, release.identifier) for release in releases}
    reasons: tuple[tuple[HoldReason, Sequence[Key]], ...] = (
        ("weak_bridge", bridges),
        ("several_people", crossings),
        ("weak_tie", ties),
    )
    for reason, keys in reasons:
        for key in keys:
            if (reason, key) not in released:
                return Hold(reason, key)
    looked_at = max((release.tip_count for release in releases if release.reason == "many_tips"), default=0)
    is_large = tip_count > rules.held_tips_max and tip_count >= 2 * looked_at
    return Hold("many_tips") if is_large else None


def ties_of(
    spreads: Mapping[Key, Spread],
    profiles: Mapping[UUID, Profile],
    parted: Collection[Pair],
    *,
    rules: Rules,
) -> dict[UUID, tuple[Key, ...]]:
    """Return the values each of which alone ties a cluster to another, by cluster, each sorted.

    Two clusters hang by one identifier when all that they share is of one strand, and neither their names nor their
    birth dates differ. One of several values of the strand is named.

    Args:
        spreads: the values that clusters share.
        profiles: how the subjects of each cluster are described, its tips taken together. Clusters that are not here
            have no lead, or too few tips to be held.
        parted: the pairs of clusters that a person told apart.
        rules: what is of one strand, and how many others may hold a value that ties.
    """
    shared: defaultdict[Pair, list[Key]] = defaultdict(list)
    for key in sorted(spreads):
        if rules.group_of(key.type, key.scope) != CONTENT_GROUP:
            for pair in _tied(spreads[key], profiles, rules):
                shared[pair].append(key)
    ties: defaultdict[UUID, set[Key]] = defaultdict(set)
    for pair, keys in shared.items():
        is_one_strand = len({rules.strand_of(*key) for key in keys}) == 1
        if is_one_strand and pair not in parted and not _differ(*(profiles[cluster_id] for cluster_id in pair)):
            for cluster_id in pair:
                ties[cluster_id].add(keys[0])
    return {cluster_id: tuple(sorted(keys)) for cluster_id, keys in ties.items()}


def parted_clusters(different: Iterable[Pair], cluster_of: Mapping[UUID, UUID]) -> set[Pair]:
    """Return the pairs of clusters of which a person judged two tips different."""
    pairs = ((cluster_of[left], cluster_of[right]) for left, right in different)
    return {pair_of(left, right) for left, right in pairs if left != right}


def _tied(spread: Spread, profiles: Mapping[UUID, Profile], rules: Rules) -> Iterator[Pair]:
    """Yield the pairs of clusters between which a value means something: few others hold it."""
    for one, other in combinations(sorted(profiles.keys() & spread.by_cluster.keys(), key=lambda each: each.int), 2):
        if spread.tip_count - spread.by_cluster[one] - spread.by_cluster[other] <= rules.tie_others_max:
            yield one, other


def _differ(left: Profile, right: Profile) -> bool:
    return "differs" in (compare_names(left, right), compare_births(left, right))
