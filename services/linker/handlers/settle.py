"""What follows from a change, whatever it was: the touched components anew, their clusters, and their leads.

Nothing is patched: what is touched is loaded whole and decided by the domain as if for the first time, then compared
with what is stored. So the result is the same for any order in which the changes came.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.linker.domain.cluster import Cluster, Membership, Move, cluster, moves, newest_judgements
from services.linker.domain.lead import plan_leads
from services.linker.domain.pictures import cap_of, related_by_pictures
from services.linker.handlers.holds import load_holds, load_unsettled, relate_by_victims
from services.linker.handlers.turn import Causes, Turn
from services.linker.handlers.values import UNTOUCHED, Touched
from services.linker.store import graph, near
from services.linker.store import holds as hold_store
from services.linker.store import leads as lead_store
from services.linker.store.graph import Filed
from shared.events.envelope import Context


@dataclass(frozen=True, slots=True)
class Region:
    """Whole components: their clusters as they are now, and where their tips were filed before.

    `telling` are the tips for which there is a lead, or will be; `news` is what led to the changes of components, new
    and former.
    """

    clusters: tuple[Cluster, ...]
    previous: Mapping[UUID, Membership]
    telling: frozenset[UUID]
    news: Mapping[UUID, Context]

    def __add__(self, other: "Region") -> "Region":
        return Region(
            self.clusters + other.clusters,
            {**self.previous, **other.previous},
            self.telling | other.telling,
            {**self.news, **other.news},
        )

    def context_of(self, tip_id: UUID, component_id: UUID, causes: Causes) -> Context:
        """Return what led to a tip's change: what happened to it, else to a tip of its component, new or former."""
        context = causes.by_tip.get(tip_id) or self.news.get(component_id)
        if context is None and tip_id in self.previous:
            context = self.news.get(self.previous[tip_id].component_id)
        return context or causes.otherwise


NOWHERE = Region((), {}, frozenset(), {})


async def settle(turn: Turn, tip_ids: Collection[UUID], touched: Touched = UNTOUCHED) -> None:
    """Bring clusters and leads in line with what is stored, and announce what changed.

    `tip_ids` are tips whose content, review, judgements, referral or tier changed; `touched` are the values that did.
    """
    region = await _regroup(turn, tip_ids, touched)
    if region.clusters:
        neighbours = await _load_neighbours(turn, region, tip_ids, touched)
        await _plan_leads(turn, region + await _regroup(turn, neighbours, UNTOUCHED))


async def _regroup(turn: Turn, tip_ids: Collection[UUID], touched: Touched) -> Region:
    """Bring the clusters of what is touched in line with what is stored, and announce the tips that moved."""
    if not tip_ids and touched == UNTOUCHED:
        return NOWHERE
    filed = await graph.load_region(turn.transaction, tip_ids, touched.joining, touched.supporting)
    region = [*filed, *(tip_id for tip_id in tip_ids if tip_id not in filed)]
    if not region:
        return NOWHERE
    shared = await graph.load_shared(turn.transaction, region)
    profiles = await graph.load_profiles(turn.transaction, region)
    judgements = newest_judgements(await graph.load_judgements(turn.transaction, region))
    clusters = cluster(region, shared, profiles, judgements, model=turn.model)
    previous = {tip_id: each.membership for tip_id, each in filed.items()}
    telling = await lead_store.list_telling(turn.transaction, region)
    found = Region(clusters, previous, telling, _news(clusters, previous, turn.causes))
    await _move_tips(turn, found, filed, tip_ids)
    return found


async def _load_neighbours(turn: Turn, region: Region, changed: Collection[UUID], touched: Touched) -> set[UUID]:
    """Return the anchors of leads elsewhere that are others since: a value they share with what changed ties them.

    Where no component has or had a lead, only values that changed themselves may have tied or parted others.
    """
    component_of = {tip_id: each.component_id for each in region.clusters for tip_id in each.tip_ids}
    told = {component_of[tip_id] for tip_id in region.telling}
    told |= {region.previous[tip_id].component_id for tip_id in region.telling if tip_id in region.previous}
    speaking = [
        tip_id
        for tip_id in (_stirred(region, changed) if told else ())
        if component_of[tip_id] in told or (tip_id in region.previous and region.previous[tip_id].component_id in told)
    ]
    found = set[UUID]()
    if speaking or touched.tying:
        found |= await load_unsettled(turn, touched.tying, speaking, component_of)
    if touched.victims:
        found |= await hold_store.load_victim_anchors(turn.transaction, touched.victims, changed_max=len(component_of))
    return found - component_of.keys()


def _stirred(region: Region, changed: Collection[UUID]) -> Iterator[UUID]:
    """Yield the tips of clusters that are others than before, or of which a tip changed."""
    news = set(changed)
    before = defaultdict[UUID, set[UUID]](set)
    for tip_id, membership in region.previous.items():
        before[membership.cluster_id].add(tip_id)
    for each in region.clusters:
        if before[each.cluster_id] != set(each.tip_ids) or not news.isdisjoint(each.tip_ids):
            yield from each.tip_ids


async def _move_tips(turn: Turn, region: Region, filed: Mapping[UUID, Filed], tip_ids: Collection[UUID]) -> None:
    """Store and tell where tips are filed now; those of `tip_ids` are also told when their tier is another."""
    moved = moves(region.clusters, region.previous, also=frozenset(tip_ids))
    tiers = await graph.load_tiers(turn.transaction, [move.tip_id for move in moved])
    stored: list[Move] = []
    versions: list[int] = []
    for move in moved:
        before = filed.get(move.tip_id)
        if before is not None and move.previous == move.now and before.tier == tiers[move.tip_id]:
            continue
        version = before.version if before is not None else 0
        if before is None or move.changes_cluster or before.tier != tiers[move.tip_id]:
            version += 1
            context = region.context_of(move.tip_id, move.now.component_id, turn.causes)
            turn.announcer.tell_move(move, context, tier=tiers[move.tip_id], version=version)
        stored.append(move)
        versions.append(version)
    if stored:
        await graph.save_memberships(turn.transaction, stored, versions, [tiers[move.tip_id] for move in stored])


async def _plan_leads(turn: Turn, region: Region) -> None:
    speaking = [each for each in region.clusters if not region.telling.isdisjoint(each.tip_ids)]
    if not speaking:
        return
    members = [tip_id for each in speaking for tip_id in each.tip_ids]
    decisions = await graph.load_decisions(turn.transaction, members)
    leads = await lead_store.load_leads(turn.transaction, members)
    actionable = {tip for tip, word in decisions.items() if word == "actionable"}
    facts = await graph.load_facts(turn.transaction, members, decisions)
    related = await _relate_by_pictures(turn, await relate_by_victims(turn, speaking), members)
    holds = await load_holds(turn, related, actionable)
    changes = plan_leads(related, facts, leads, previous=region.previous, holds=holds, now=turn.clock.now())
    if changes:
        await lead_store.save_leads(turn.transaction, changes)
    component_of = {tip_id: each.component_id for each in speaking for tip_id in each.tip_ids} if changes else {}
    for change in changes:
        anchor = change.lead.anchor_tip_id
        turn.announcer.tell_lead(change, region.context_of(anchor, component_of[anchor], turn.causes))
    opened = [change.lead.lead_id for change in changes if change.kind == "opened"]
    if opened and await lead_store.have_referrals(turn.transaction, opened):
        # What offices said of these leads before they were here: the leads exist now, so it can be taken into account.
        await _plan_leads(turn, region)


async def _relate_by_pictures(turn: Turn, clusters: Sequence[Cluster], members: Collection[UUID]) -> Sequence[Cluster]:
    """Return the clusters, each also related to the tips outside it that show near copies of its pictures."""
    copies = await near.load_copies(turn.transaction, members, cap=cap_of(turn.model.rules))
    if not copies:
        return clusters
    judged = {*members, *(copy.other_tip_id for copy in copies)}
    judgements = newest_judgements(await graph.load_judgements(turn.transaction, judged))
    return related_by_pictures(clusters, copies, judgements)


def _news(clusters: Sequence[Cluster], previous: Mapping[UUID, Membership], causes: Causes) -> dict[UUID, Context]:
    """Return what happened to a tip of each component, new or former, of which something happened to one."""
    found: dict[UUID, Context] = {}
    for each in clusters:
        for tip_id in each.tip_ids:
            if tip_id in causes.by_tip:
                found[each.component_id] = causes.by_tip[tip_id]
                if tip_id in previous:
                    found.setdefault(previous[tip_id].component_id, causes.by_tip[tip_id])
    return found
