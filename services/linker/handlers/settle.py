"""What follows from a change, whatever it was: the touched components anew, their clusters, and their leads.

Nothing is patched: what is touched is loaded whole and decided by the domain as if for the first time, then compared
with what is stored. So the result is the same for any order in which the changes came.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.linker.domain.cluster import Cluster, Membership, cluster, moves, newest_judgements
from services.linker.domain.lead import plan_leads
from services.linker.handlers.turn import Causes, Turn
from services.linker.handlers.values import UNTOUCHED, Touched
from services.linker.store import graph
from services.linker.store import leads as lead_store
from services.linker.store.graph import Filed
from shared.events.envelope import Context


async def settle(turn: Turn, tip_ids: Collection[UUID], touched: Touched = UNTOUCHED) -> None:
    """Bring clusters and leads in line with what is stored, and announce what changed.

    `tip_ids` are tips whose content, review, judgements, referral or tier changed; `touched` are the values that did.
    """
    filed = await graph.load_region(turn.transaction, tip_ids, touched.joining, touched.supporting)
    region = [*filed, *(tip_id for tip_id in tip_ids if tip_id not in filed)]
    if not region:
        return
    shared = await graph.load_shared(turn.transaction, region)
    profiles = await graph.load_profiles(turn.transaction, region)
    judgements = newest_judgements(await graph.load_judgements(turn.transaction, region))
    clusters = cluster(region, shared, profiles, judgements, model=turn.model)
    contexts = _contexts(clusters, filed, turn.causes)
    await _move_tips(turn, clusters, filed, contexts)
    previous = {tip_id: each.membership for tip_id, each in filed.items()}
    await _plan_leads(turn, clusters, previous, contexts)


async def _move_tips(
    turn: Turn, clusters: Sequence[Cluster], filed: Mapping[UUID, Filed], contexts: Mapping[UUID, Context]
) -> None:
    moved = moves(clusters, {tip_id: each.membership for tip_id, each in filed.items()})
    if not moved:
        return
    versions = []
    for move in moved:
        version = filed[move.tip_id].version if move.tip_id in filed else 0
        if move.changes_cluster:
            version += 1
            turn.announcer.tell_move(move, contexts[move.tip_id], version=version)
        versions.append(version)
    await graph.save_memberships(turn.transaction, moved, versions)


async def _plan_leads(
    turn: Turn, clusters: Sequence[Cluster], previous: Mapping[UUID, Membership], contexts: Mapping[UUID, Context]
) -> None:
    region = [tip_id for each in clusters for tip_id in each.tip_ids]
    decisions = await graph.load_decisions(turn.transaction, region)
    leads = await lead_store.load_leads(turn.transaction, region)
    telling = {lead.anchor_tip_id for lead in leads} | {tip for tip, word in decisions.items() if word == "actionable"}
    speaking = [each for each in clusters if not telling.isdisjoint(each.tip_ids)]
    if not speaking:
        return
    members = [tip_id for each in speaking for tip_id in each.tip_ids]
    facts = await graph.load_facts(turn.transaction, members, decisions)
    changes = plan_leads(speaking, facts, leads, previous=previous, now=turn.clock.now())
    if changes:
        await lead_store.save_leads(turn.transaction, changes)
    for change in changes:
        turn.announcer.tell_lead(change, contexts[change.lead.anchor_tip_id])
    opened = [change.lead.lead_id for change in changes if change.kind == "opened"]
    if opened and await lead_store.have_referrals(turn.transaction, opened):
        # What offices said of these leads before they were here: the leads exist now, so it can be taken into account.
        await _plan_leads(turn, clusters, previous, contexts)


def _contexts(clusters: Sequence[Cluster], filed: Mapping[UUID, Filed], causes: Causes) -> dict[UUID, Context]:
    """Return what led to each tip's change: what happened to it, else to a tip of its component, new or former."""
    by_component: dict[UUID, Context] = {}
    for each in clusters:
        for tip_id in each.tip_ids:
            if tip_id in causes.by_tip:
                by_component[each.component_id] = causes.by_tip[tip_id]
                if tip_id in filed:
                    by_component.setdefault(filed[tip_id].membership.component_id, causes.by_tip[tip_id])
    contexts = {}
    for each in clusters:
        for tip_id in each.tip_ids:
            context = causes.by_tip.get(tip_id) or by_component.get(each.component_id)
            if context is None and tip_id in filed:
                context = by_component.get(filed[tip_id].membership.component_id)
            contexts[tip_id] = context or causes.otherwise
    return contexts
