"""What other services publish, as query's tests need it; all invented."""

from typing import Any
from uuid import UUID

from shared.events.envelope import Event
from shared.events.intake import (
    GivenIdentifier,
    Party,
    ResearchPersonal,
    ResearchRecordedV1,
    ReviewPersonal,
    TipAmendedV1,
    TipPersonal,
    TipReceivedV1,
    TipReviewedV1,
)
from shared.events.linker import LeadOpenedV1, LeadPersonal, TipClusteredV1
from shared.events.referral import ReferralOpenedV1
from tests.builders import a_tip_received, an_event, new_id
from tests.fakes import START


def an_email(value: str) -> GivenIdentifier:
    """Return an e-mail address."""
    return GivenIdentifier(type="email", value=value)


def a_party(*identifiers: GivenIdentifier, name: str | None = None, role: str = "subject", **fields: Any) -> Party:
    """Return a party."""
    names = [name] if name else []
    return Party(**{"party_id": new_id(), "role": role, "names": names, "identifiers": list(identifiers), **fields})


def a_tip(*parties: Party, **fields: Any) -> TipReceivedV1:
    """Return a tip with these parties."""
    return a_tip_received(personal=TipPersonal(parties=list(parties)), **fields)


def an_amendment(tip: TipReceivedV1, *parties: Party, version: int = 2) -> TipAmendedV1:
    """Return a later version of a tip."""
    content = tip.model_dump() | {"tip_version": version, "personal": TipPersonal(parties=list(parties)).model_dump()}
    return TipAmendedV1.model_validate(content)


def a_review(tip_id: UUID, decision: str, *, number: int = 1) -> TipReviewedV1:
    """Return a decision on a tip."""
    is_actionable = decision == "actionable"
    return TipReviewedV1(
        review_id=new_id(),
        review_number=number,
        tip_id=tip_id,
        tip_version=1,
        plausible=is_actionable,
        verifiable=is_actionable,
        illegal_if_verified=is_actionable,
        decision=decision,
        personal=ReviewPersonal(reason="invented"),
    )


def a_research_result(tip_id: UUID, *parties: Party) -> ResearchRecordedV1:
    """Return what a summons found out."""
    return ResearchRecordedV1(
        research_id=new_id(),
        research_number=1,
        tip_id=tip_id,
        kind="summons",
        personal=ResearchPersonal(parties=list(parties)),
    )


def a_membership(tip_id: UUID, cluster_id: UUID, *, version: int = 1) -> Event:
    """Return a tip's move into a cluster."""
    return an_event(
        TipClusteredV1(tip_id=tip_id, cluster_id=cluster_id, cluster_size=1),
        topic="linker.links",
        subject_version=version,
    )


def a_lead(cluster_id: UUID, **fields: Any) -> LeadOpenedV1:
    """Return an open lead of that cluster."""
    return LeadOpenedV1(
        **{
            "lead_id": new_id(),
            "lead_version": 1,
            "cluster_id": cluster_id,
            "state": "open",
            "tier": "T2",
            "tip_count": 1,
            "opened_at": START,
            "personal": LeadPersonal(),
            **fields,
        }
    )


def a_referral(lead: LeadOpenedV1, **fields: Any) -> ReferralOpenedV1:
    """Return a referral of that lead to the office in Boston."""
    return ReferralOpenedV1(
        **{
            "referral_id": new_id(),
            "version": 1,
            "lead_id": lead.lead_id,
            "lead_version": lead.lead_version,
            "state": "sent",
            "office": "sac-boston",
            "office_name": "HSI Boston",
            "office_phone": "+1-617-555-0101",
            "tier": lead.tier,
            "confidence": 0.9,
            "reason": "the subject lives there",
            **fields,
        }
    )
