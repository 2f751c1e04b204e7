"""Which leads open, change, merge, split, close and come back, when clusters, decisions or facts change.

A lead follows its **anchor**: the tip it was opened for, the oldest actionable one of its cluster at that time. It is
the lead of whichever cluster its anchor is in, for ever; its id is derived from the anchor. From this one rule follow
all others:

- *merge*: two anchors come into one cluster. The lead that was live and opened first stands; the other is closed,
  names it in `merged_into`, and becomes one of its aliases.
- *split*: a cluster breaks. The part with the anchor keeps the lead. A part with the anchor of a lead absorbed
  earlier gets that lead back, under its old id; any other part with an actionable tip opens a new one. Both say
  `split_from`.
- *hold*: the cluster is such that a person must look first (`hold.py`), whether or not an office has the lead.
- *close*: the anchor's cluster has no actionable tip, or none that its office has not dealt with (`concluded`).
  *Reopen*: it has one again.

So the leads are a function of the clusters, the decisions, and the anchors opened so far with their times. Those
anchors are the one thing that remembers history, because people and offices hold on to lead ids.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.linker.domain.cluster import Cluster, Membership, derived_id
from services.linker.domain.facts import TipFacts
from services.linker.domain.priority import LOWEST, Factor, assess
from services.linker.domain.snapshot import (
    ALIASES_MAX,
    RELATED_MAX,
    Hold,
    LeadSnapshot,
    LeadState,
    Priority,
    places_of,
    subjects_of,
    summary_of,
    tips_of,
)

ChangeKind = Literal["opened", "updated", "merged", "closed", "reopened"]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as it is stored. `version` counts from 1; `digest` is that of the snapshot last published.

    `is_referred` (an office has a live referral), `concluded` (the tips of the referrals that an office closed) and
    `priority` and `is_silenced` are set by whoever learns of them; the next plan does the rest. `held_by` and `silent`
    are those of the last plan: a lead is silent when one that its cluster anchors was silenced.
    """

    lead_id: UUID
    anchor_tip_id: UUID
    opened_at: datetime
    version: int
    state: LeadState
    cluster_id: UUID
    digest: bytes
    merged_into: UUID | None = None
    split_from: UUID | None = None
    is_referred: bool = False
    concluded: frozenset[UUID] = frozenset()
    held_by: Hold | None = None
    priority: Priority | None = None
    is_silenced: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class LeadChange:
    """One lead's new state, to be stored and published. A split shows as the `split_from` of what came out of it."""

    kind: ChangeKind
    lead: Lead
    snapshot: LeadSnapshot


def plan_leads(
    clusters: Iterable[Cluster],
    tips: Mapping[UUID, TipFacts],
    leads: Collection[Lead],
    *,
    previous: Mapping[UUID, Membership],
    holds: Mapping[UUID, Hold],
    now: datetime,
) -> tuple[LeadChange, ...]:
    """Return the leads that change, oldest first, each once and its version up by one; none when nothing changed.

    Args:
        clusters: the clusters as they are now, of whole components. Those with neither an anchor nor an actionable tip
            may be left out.
        tips: the facts of all their tips.
        leads: every lead whose anchor is in one of them, the closed and the absorbed ones too.
        previous: where tips were filed before this change, from which a new lead learns what it split from.
        holds: by cluster, why its lead has to wait, if it has.
        now: when leads that open now are opened.

    Raises:
        ValueError: a lead's anchor is in none of the clusters: the component is not whole.
    """
    by_tip = {lead.anchor_tip_id: lead for lead in leads}
    former = {lead.cluster_id: lead.lead_id for lead in leads if lead.merged_into is None}
    changes: list[LeadChange] = []
    for cluster in clusters:
        members = [tips[tip_id] for tip_id in cluster.tip_ids]
        anchors = sorted((by_tip.pop(tip_id) for tip_id in cluster.tip_ids if tip_id in by_tip), key=_claim)
        actionable = [tip.tip_id for tip in members if tip.is_actionable]
        if anchors:
            concluded = frozenset[UUID]().union(*(lead.concluded for lead in anchors))
            is_alive = not concluded.issuperset(actionable)
            before = anchors[0]
            standing = _stood(before, cluster, holds.get(cluster.cluster_id), is_alive=is_alive)
        elif actionable:
            home = previous.get(actionable[0])
            split_from = former.get(home.cluster_id) if home is not None else None
            before = None
            opened = _opened(cluster, actionable[0], split_from, now)
            standing = _stood(opened, cluster, holds.get(cluster.cluster_id), is_alive=True)
        else:
            continue
        standing = replace(standing, silent=any(lead.is_silenced for lead in anchors))
        aliases = sorted(anchors[1:], key=_seniority)
        changes += _published(before, standing, _snapshot(standing, cluster, members, aliases))
        for lead in aliases:
            if lead.merged_into != standing.lead_id:
                absorbed = _absorbed(lead, cluster, standing)
                changes += _published(lead, absorbed, _bare_snapshot(absorbed))
    if by_tip:
        raise ValueError(f"the component is not whole: tip {min(by_tip)}, a lead's anchor, is missing")
    return tuple(sorted(changes, key=lambda change: _seniority(change.lead)))


def _seniority(lead: Lead) -> tuple[datetime, int]:
    return lead.opened_at, lead.lead_id.int


def _claim(lead: Lead) -> tuple[int, datetime, int]:
    """Return a lead's place in the line for a cluster: live ones first, absorbed ones last, then the older first.

    A closed lead gives way to a younger live one, whose office is at work; an absorbed one comes back only where its
    cluster has no other.
    """
    rank = 2 if lead.merged_into is not None else int(lead.state == "closed")
    return rank, *_seniority(lead)


def _opened(cluster: Cluster, anchor_tip_id: UUID, split_from: UUID | None, now: datetime) -> Lead:
    return Lead(
        lead_id=derived_id("lead", anchor_tip_id),
        anchor_tip_id=anchor_tip_id,
        opened_at=now,
        version=0,
        state="open",
        cluster_id=cluster.cluster_id,
        digest=b"",
        split_from=split_from,
    )


def _stood(lead: Lead, cluster: Cluster, hold: Hold | None, *, is_alive: bool) -> Lead:
    """Return the lead as the one of this cluster; if it was absorbed, it split from the lead that had taken it in."""
    return replace(
        lead,
        state=_state(hold, is_alive=is_alive, is_referred=lead.is_referred),
        cluster_id=cluster.cluster_id,
        merged_into=None,
        split_from=lead.merged_into or lead.split_from,
        held_by=hold if is_alive else None,
    )


def _state(hold: Hold | None, *, is_alive: bool, is_referred: bool) -> LeadState:
    if not is_alive:
        return "closed"
    if hold is not None:
        return "held"
    return "referred" if is_referred else "open"


def _absorbed(lead: Lead, cluster: Cluster, standing: Lead) -> Lead:
    return replace(
        lead,
        state="closed",
        cluster_id=cluster.cluster_id,
        merged_into=standing.lead_id,
        split_from=None,
        held_by=None,
        silent=False,
    )


def _published(before: Lead | None, after: Lead, snapshot: LeadSnapshot) -> Sequence[LeadChange]:
    """Return the change to publish, or none when the snapshot says the same as the last one did."""
    digest = snapshot.digest()
    if before is not None and digest == before.digest:
        return ()
    version = after.version + 1
    lead = replace(after, version=version, digest=digest)
    return (LeadChange(_kind(before, after), lead, replace(snapshot, version=version)),)


def _kind(before: Lead | None, after: Lead) -> ChangeKind:
    if before is None:
        return "opened"
    if after.merged_into is not None:
        return "merged"
    stood_live = before.state != "closed"
    if after.state == "closed":
        return "closed" if stood_live or before.merged_into is not None else "updated"
    return "updated" if stood_live else "reopened"


def _snapshot(lead: Lead, cluster: Cluster, members: Sequence[TipFacts], aliases: Sequence[Lead]) -> LeadSnapshot:
    assessment = assess(members)
    tier, factors = assessment.tier, assessment.factors
    if lead.priority is not None:
        tier = lead.priority.tier_with(assessment.tier)
        outdone = "" if tier == lead.priority.tier else ", before what is more urgent was known"
        factors = (Factor("manual", f"set to {lead.priority.tier} by a person{outdone}", None), *factors)
    return replace(
        _bare_snapshot(lead),
        tier=tier,
        factors=factors,
        priority_reason=lead.priority.reason if lead.priority is not None else None,
        tips=tips_of(members),
        tip_count=len(members),
        related=cluster.related[:RELATED_MAX],
        aliases=tuple(alias.lead_id for alias in aliases[:ALIASES_MAX]),
        evidence_expires_at=assessment.evidence_expires_at,
        subjects=subjects_of(members),
        places=places_of(members),
        summary=summary_of(members, tier),
    )


def _bare_snapshot(lead: Lead) -> LeadSnapshot:
    """Return what is published of a lead itself, without anything of its tips."""
    return LeadSnapshot(
        lead_id=lead.lead_id,
        version=lead.version,
        cluster_id=lead.cluster_id,
        state=lead.state,
        opened_at=lead.opened_at,
        tier=LOWEST,
        merged_into=lead.merged_into,
        split_from=lead.split_from,
        held_by=lead.held_by,
        silent=lead.silent,
    )
