"""What comes in and what is answered, and how what was found becomes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.linker.domain.cluster import Judged, Judgement
from services.linker.domain.facts import TipFacts
from services.linker.domain.links import Link, hold_sentence
from services.linker.domain.preservation import Clock
from services.linker.domain.priority import Tier, clocks_of
from services.linker.domain.rules import Strength
from services.linker.domain.snapshot import HoldReason, LeadState
from services.linker.handlers.release import Released
from services.linker.handlers.show import LeadGraph, LeadLink, WholeLead
from services.linker.store.shown import ListedLead
from shared.events.linker import LeadFactor, LeadSubject, LeadTip
from shared.http.body import Body
from shared.http.types import NotBlank

Reason = Annotated[str, Field(max_length=1_000), NotBlank()]


class JudgementRequest(Body):
    """A person's word on two different tips."""

    left_tip_id: UUID
    right_tip_id: UUID
    decision: Judged
    reason: Reason


class WithdrawalRequest(Body):
    """Why a judgement is taken back, if one says so."""

    reason: Reason = ""


class PriorityRequest(Body):
    """A tier set by hand; null lets the lead's tips decide again."""

    tier: Tier | None
    reason: Reason


class ReleaseRequest(Body):
    """Why a held lead may go on."""

    reason: Reason


class SilenceRequest(Body):
    """Whether nobody but its holder may learn of a lead, and why."""

    silent: bool
    reason: Reason


class JudgementShown(BaseModel):
    """A judgement; the smaller tip id is on the left. A withdrawn one does not count."""

    judgement_id: UUID
    left_tip_id: UUID
    right_tip_id: UUID
    decision: Judged
    decided_at: datetime
    withdrawn: bool


class PriorityShown(BaseModel):
    """A lead and the tier it has now."""

    lead_id: UUID
    tier: Tier
    decided_at: datetime


class ReleaseShown(BaseModel):
    """A lead after a release: another reason may hold it still."""

    lead_id: UUID
    state: LeadState
    held_by: "HoldShown | None"
    released_at: datetime


class SilenceShown(BaseModel):
    """A lead, and whether it is silent now."""

    model_config = ConfigDict(from_attributes=True)

    lead_id: UUID
    silent: bool
    decided_at: datetime


class HoldShown(BaseModel):
    """Why a lead waits for a person: a code, type and value of the identifier it hangs on, and a sentence."""

    reason: HoldReason
    identifier: str | None
    detail: str


class EvidenceShown(BaseModel):
    """One value two tips share, in a sentence. `weight` in bits; `frequency` in distinct tips, now."""

    model_config = ConfigDict(from_attributes=True)

    rule: str
    type: str
    value: str
    detail: str
    weight: float
    frequency: int


class LinkShown(BaseModel):
    """Another tip, why it is linked (heaviest first), and what a person decided about the two.

    Of more than 100 values that the two share the most reliable are told.
    """

    model_config = ConfigDict(from_attributes=True)

    tip_id: UUID
    strength: Strength
    evidence: list[EvidenceShown]
    judgement: Judged | None


class LeadLinkShown(BaseModel):
    """Why two tips of a lead belong together."""

    model_config = ConfigDict(from_attributes=True)

    left_tip_id: UUID
    right_tip_id: UUID
    strength: Strength
    evidence: list[EvidenceShown]
    judgement: Judged | None


class LeadShown(BaseModel):
    """A lead as it was last published: at most 1,000 of its `tip_count` tips and 25 subjects, oldest first.

    `office` is the one that has its referral, or closed it. `related` are tips of other clusters.
    """

    lead_id: UUID
    aliases: list[UUID]
    state: LeadState
    tier: Tier
    factors: list[LeadFactor]
    tips: list[LeadTip]
    tip_count: int
    related: list[UUID]
    subjects: list[LeadSubject]
    held_by: HoldShown | None
    silent: bool = False
    evidence_expires_at: datetime | None
    opened_at: datetime
    office: str | None
    cluster_id: UUID
    split_from: UUID | None
    summary: str
    priority_reason: str | None


class RelatedLeadShown(BaseModel):
    """Another lead, and what relates it to this one in a sentence."""

    model_config = ConfigDict(from_attributes=True)

    lead_id: UUID
    reason: str


class EvidenceClock(BaseModel):
    """Until when a tip's evidence can be had; `preserved_until`, when the last letter or summons that counts ends."""

    tip_id: UUID
    expires_at: datetime
    preserved_until: datetime | None


class LeadDetail(LeadShown):
    """A lead with all its tips, subjects and aliases, and the links among its tips, strongest first.

    `related_leads` are other leads that should be read beside it, one entry for each reason. `evidence`: the clocks of
    the tips that speak for it, those that expire first before the others.
    """

    links: list[LeadLinkShown]
    related_leads: list[RelatedLeadShown]
    evidence: list[EvidenceClock]


class GraphNode(BaseModel):
    """A tip, or a value that tips share. `frequency`: how many tips hold the value anywhere."""

    id: UUID
    kind: Literal["tip", "identifier"]
    label: str
    type: str | None = None
    is_actionable: bool | None = None
    frequency: int | None = None


class GraphEdge(BaseModel):
    """A tip holds a value (`source` is the tip), two tips show near copies of a picture, or a person judged two.

    `weight` in bits, of a value or a copy; `detail` says of a copy how near it is.
    """

    source: UUID
    target: UUID
    kind: Literal["holds", "near_picture", "same", "different", "unsure"]
    strength: Strength | None = None
    weight: float | None = None
    detail: str | None = None


class GraphShown(BaseModel):
    """What holds a lead together: tips first, the oldest first, then values, the heaviest first."""

    lead_id: UUID
    nodes: list[GraphNode]
    edges: list[GraphEdge]


def judgement_of(judgement: Judgement, *, withdrawn: bool) -> JudgementShown:
    """Return a judgement as it is shown."""
    return JudgementShown(
        judgement_id=judgement.judgement_id,
        left_tip_id=judgement.left_tip_id,
        right_tip_id=judgement.right_tip_id,
        decision=judgement.decision,
        decided_at=judgement.decided_at,
        withdrawn=withdrawn,
    )


def link_of(link: Link) -> LinkShown:
    """Return a link as it is shown."""
    return LinkShown.model_validate(link)


def listed_lead_of(listed: ListedLead) -> LeadShown:
    """Return a lead as it was last published."""
    return LeadShown.model_validate({**_told(listed.told), "office": listed.office})


def whole_lead_of(whole: WholeLead) -> LeadDetail:
    """Return a lead with everything that its event had no room for."""
    subjects = [subject for tip in whole.members if tip.counts for subject in tip.subjects]
    return LeadDetail.model_validate(
        {
            **_told(whole.lead.told),
            "office": whole.lead.office,
            "aliases": whole.lead.aliases,
            "tips": [_tip(tip) for tip in whole.members],
            "subjects": [LeadSubject.model_validate(subject, from_attributes=True) for subject in subjects],
            "links": [_lead_link(link) for link in whole.links],
            "related_leads": [RelatedLeadShown.model_validate(each) for each in whole.related],
            "evidence": [_clock(tip, clock) for tip, clock in clocks_of(whole.members)],
        }
    )


def graph_of(graph: LeadGraph) -> GraphShown:
    """Return a lead's graph as nodes and edges."""
    tips = [
        GraphNode(id=tip.tip_id, kind="tip", label=f"{tip.source} {tip.source_ref}", is_actionable=tip.is_actionable)
        for tip in graph.members
    ]
    values = [
        GraphNode(
            id=value.value_id,
            kind="identifier",
            label=f"{value.key.value} ({value.key.scope})" if value.key.scope else value.key.value,
            type=value.key.type,
            frequency=value.frequency,
        )
        for value in graph.values
    ]
    held = [
        GraphEdge(source=tip_id, target=value.value_id, kind="holds", strength=value.strength, weight=value.weight)
        for value in graph.values
        for tip_id in value.tip_ids
    ]
    copies = [
        GraphEdge(
            source=left,
            target=right,
            kind="near_picture",
            strength=evidence.strength,
            weight=evidence.weight,
            detail=evidence.detail,
        )
        for (left, right), evidence in graph.copies
    ]
    judged = [
        GraphEdge(source=judgement.left_tip_id, target=judgement.right_tip_id, kind=judgement.decision)
        for judgement in graph.judgements
    ]
    return GraphShown(lead_id=graph.lead.lead_id, nodes=[*tips, *values], edges=[*held, *copies, *judged])


def release_of(released: Released) -> ReleaseShown:
    """Return a lead after a release."""
    lead = released.lead
    held_by = _told(lead.told)["held_by"]
    return ReleaseShown.model_validate(
        {"lead_id": lead.lead_id, "state": lead.state, "held_by": held_by, "released_at": released.released_at}
    )


def _told(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was published of a lead, with its personal part beside the rest, and the hold in words."""
    shown = {**told, **told["personal"]}
    if told["held_by"] is not None:
        reason, key_type = told["held_by"]["reason"], told["held_by"]["identifier"]
        value = told["personal"].get("held_identifier")
        shown["held_by"] = HoldShown(
            reason=reason,
            identifier=f"{key_type} {value}" if key_type is not None else None,
            detail=hold_sentence(reason, key_type),
        )
    return shown


def _tip(tip: TipFacts) -> LeadTip:
    return LeadTip(tip_id=tip.tip_id, source=tip.source, source_ref=tip.source_ref, is_actionable=tip.is_actionable)


def _clock(tip: TipFacts, clock: Clock) -> EvidenceClock:
    return EvidenceClock(tip_id=tip.tip_id, expires_at=clock.expires_at, preserved_until=clock.preserved_until)


def _lead_link(link: LeadLink) -> LeadLinkShown:
    return LeadLinkShown.model_validate(link)
