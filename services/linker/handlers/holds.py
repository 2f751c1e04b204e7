"""What leads are to their neighbours: tied by one weak identifier, so that they wait, or related by a victim."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import chain
from uuid import UUID

from services.linker.domain.cluster import Cluster, newest_judgements
from services.linker.domain.evidence import Key
from services.linker.domain.hold import OF_ITS_OWN, hold_of, parted_clusters, ties_of
from services.linker.domain.profile import NOBODY, merge
from services.linker.domain.snapshot import Hold
from services.linker.handlers.turn import Turn
from services.linker.store import graph
from services.linker.store import holds as hold_store


async def relate_by_victims(turn: Turn, clusters: Sequence[Cluster]) -> list[Cluster]:
    """Return the clusters, each related also to the tips of other clusters that speak of a victim of its own.

    Offenders against one child are not one person: nothing is joined by it.
    """
    found = await hold_store.load_same_victim(turn.transaction, [each.cluster_id for each in clusters])
    return [
        replace(each, related=tuple(sorted({*each.related, *found[each.cluster_id]}, key=lambda tip: tip.int)))
        if each.cluster_id in found
        else each
        for each in clusters
    ]


async def load_holds(turn: Turn, clusters: Sequence[Cluster], actionable: Collection[UUID]) -> dict[UUID, Hold]:
    """Return why leads have to wait, by cluster. Every cluster is filed as it is now."""
    rules = turn.model.rules
    weighty = [
        each.cluster_id
        for each in clusters
        if len(each.tip_ids) >= rules.tied_tips_min and any(tip_id in actionable for tip_id in each.tip_ids)
    ]
    ties = await _load_ties(turn, weighty)
    releases = await hold_store.load_releases(turn.transaction, [each.cluster_id for each in clusters])
    holds: dict[UUID, Hold] = {}
    for each in clusters:
        hold = hold_of(
            len(each.tip_ids),
            bridges=each.bridges,
            crossings=each.crossings,
            ties=ties.get(each.cluster_id, ()),
            releases=releases.get(each.cluster_id, ()),
            rules=rules,
        )
        if hold is not None:
            holds[each.cluster_id] = hold
    return holds


async def load_unsettled(
    turn: Turn, keys: Collection[Key], tip_ids: Collection[UUID], inside: Collection[UUID]
) -> set[UUID]:
    """Return the anchors of leads that ties hold for another reason than is stored, or no longer, or now.

    Looked at are those whose tips hold one of `keys` or a value of `tip_ids`, and whose anchor is not `inside`.
    """
    found = await hold_store.load_neighbours(turn.transaction, keys, tip_ids, turn.model.rules)
    near = [
        each
        for each in found
        if each.anchor_tip_id not in inside and (each.hold is None or each.hold.reason not in OF_ITS_OWN)
    ]
    if not near:
        return set()
    cluster_ids = [each.cluster_id for each in near]
    ties = await _load_ties(turn, cluster_ids)
    releases = await hold_store.load_releases(turn.transaction, cluster_ids)
    return {
        each.anchor_tip_id
        for each in near
        if each.hold
        != hold_of(
            each.tip_count,
            bridges=(),
            crossings=(),
            ties=ties.get(each.cluster_id, ()),
            releases=releases.get(each.cluster_id, ()),
            rules=turn.model.rules,
        )
    }


async def _load_ties(turn: Turn, weighty: Collection[UUID]) -> Mapping[UUID, tuple[Key, ...]]:
    """Return the values each of which alone ties a cluster to another, by cluster, for clusters with a lead."""
    rules, transaction = turn.model.rules, turn.transaction
    spreads = await hold_store.load_spreads(transaction, weighty, rules) if weighty else {}
    if not spreads:
        return {}
    touching = set(chain.from_iterable(spread.by_cluster for spread in spreads.values()))
    members = await hold_store.load_actionable_clusters(transaction, touching, tips_min=rules.tied_tips_min)
    cluster_of = {tip_id: cluster_id for cluster_id, tip_ids in members.items() for tip_id in tip_ids}
    found = await graph.load_profiles(transaction, cluster_of)
    profiles = {
        cluster_id: reduce(merge, (found[tip_id] for tip_id in tip_ids), NOBODY)
        for cluster_id, tip_ids in members.items()
    }
    judged = newest_judgements(await graph.load_judgements(transaction, cluster_of))
    different = [pair for pair, judgement in judged.items() if judgement.decision == "different"]
    return ties_of(spreads, profiles, parted_clusters(different, cluster_of), rules=rules)
