"""What intake shows: tips, reviews, research results, sources, and what became of what was posted."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from services.intake.domain.tip import LINKED, State, Status
from services.intake.handlers.announce import content_of
from services.intake.store import StoredTip
from shared.events.envelope import decode, open_payload
from shared.events.intake import File, Incident, Party, ResearchRecordedV1, TipReviewedV1, Urgency
from shared.http.problem import FieldProblem


class TipTaken(BaseModel):
    """What became of a tip; `version` is its current one."""

    tip_id: UUID
    version: int
    status: Status


class LineTaken(TipTaken):
    """What became of a line, numbered from 1."""

    line: int


class LineRefused(BaseModel):
    """Why a line was not kept: its first errors."""

    line: int
    errors: list[FieldProblem]


class BatchTaken(BaseModel):
    """What became of a batch, line by line; empty lines are passed over, but count."""

    accepted: int
    amended: int
    duplicate: int
    items: list[LineTaken]
    rejected: list[LineRefused]


class TipItem(BaseModel):
    """A tip in a list, without personal data."""

    tip_id: UUID
    source: str
    source_kind: str
    source_ref: str
    state: State
    version: int
    decision: State | None
    """That of the newest review; it outlives an amendment."""
    reopened_because: str | None
    """Why a tip that was decided awaits review again."""
    received_at: datetime
    changed_at: datetime
    reported_at: datetime
    incident_type: str
    urgency: Urgency
    tier: str | None
    """T0 to T4; null while the linker has not told it, and to sources."""


class IncidentShown(Incident):
    """What is reported to have happened."""

    narrative: str | None = None
    city: str | None = None
    postal_code: str | None = None


class VersionItem(BaseModel):
    """One content of a tip."""

    version: int
    received_at: datetime


class TipDetail(BaseModel):
    """A tip with one of its contents, by default the newest."""

    tip_id: UUID
    source: str
    source_kind: str
    source_ref: str
    state: State
    version: int
    decision: State | None
    reopened_because: str | None
    received_at: datetime
    changed_at: datetime
    versions: list[VersionItem]
    """The newest 100, newest first."""
    shown_version: int
    reported_at: datetime
    incident: IncidentShown
    urgency: Urgency = Urgency()
    parties: list[Party] = []
    files: list[File] = []
    related_refs: list[str] = []


class ReviewTaken(BaseModel):
    """A review was added, and now counts."""

    review_id: UUID
    number: int
    decision: State


class ReviewItem(BaseModel):
    """A review; the one with the highest number counts."""

    review_id: UUID
    number: int
    tip_version: int
    plausible: bool
    verifiable: bool
    illegal_if_verified: bool
    decision: State
    reason: str
    reviewer: str
    reviewed_at: datetime


class ResearchTaken(BaseModel):
    """A research result was added."""

    research_id: UUID
    number: int


class ResearchItem(BaseModel):
    """A research result."""

    research_id: UUID
    number: int
    kind: str
    entity: str | None
    reference: str | None
    served_at: datetime | None
    due_at: datetime | None
    returned_at: datetime | None
    summary: str | None
    parties: list[Party]
    files: list[File]
    recorded_by: str
    recorded_at: datetime


class ReferralCounts(BaseModel):
    """How many of a source's tips were ever in a referral that was sent, accepted, declined, or is now closed."""

    referred: int
    accepted: int
    declined: int
    closed: int


class SourceItem(BaseModel):
    """A registered source, and what its tips came to."""

    source: str
    kind: str
    tips: dict[State, int]
    """Tips by state."""
    referrals: ReferralCounts
    outcomes: dict[str, int]
    """Tips of closed referrals by outcome."""


def tip_item(tip: StoredTip, *, to_source: bool) -> TipItem:
    """Return a tip as lists show it: how urgent we find it is no business of its source."""
    payload = orjson.loads(tip.event)["payload"]
    return TipItem(
        **_row(tip, to_source=to_source),
        reported_at=payload["reported_at"],
        incident_type=payload["incident"]["type"],
        urgency=Urgency.model_validate(payload.get("urgency", {})),
        tier=None if to_source else tip.tier or None,
    )


def tip_detail(
    tip: StoredTip, versions: list[tuple[int, datetime]], *, shown_version: int, to_source: bool
) -> TipDetail:
    """Return a tip as it is shown by itself."""
    listed = [VersionItem(version=version, received_at=received_at) for version, received_at in versions]
    return TipDetail.model_validate(
        {
            **_row(tip, to_source=to_source),
            "versions": listed,
            "shown_version": shown_version,
            **content_of(tip.event),
        }
    )


def review_item(event: bytes) -> ReviewItem:
    """Return a review from the event that announced it."""
    envelope = decode(event)
    review = open_payload(envelope, TipReviewedV1)
    assert isinstance(review, TipReviewedV1)
    return ReviewItem(
        review_id=review.review_id,
        number=review.review_number,
        tip_version=review.tip_version,
        plausible=review.plausible,
        verifiable=review.verifiable,
        illegal_if_verified=review.illegal_if_verified,
        decision=State(review.decision),
        reason=review.personal.reason,
        reviewer=envelope.actor.id if envelope.actor else "",
        reviewed_at=envelope.occurred_at,
    )


def research_item(event: bytes) -> ResearchItem:
    """Return a research result from the event that announced it."""
    envelope = decode(event)
    research = open_payload(envelope, ResearchRecordedV1)
    assert isinstance(research, ResearchRecordedV1)
    return ResearchItem(
        research_id=research.research_id,
        number=research.research_number,
        kind=research.kind,
        entity=research.personal.entity,
        reference=research.reference,
        served_at=research.served_at,
        due_at=research.due_at,
        returned_at=research.returned_at,
        summary=research.personal.summary,
        parties=research.personal.parties,
        files=research.files,
        recorded_by=envelope.actor.id if envelope.actor else "",
        recorded_at=envelope.occurred_at,
    )


def source_item(row: dict[str, Any]) -> SourceItem:
    """Return a source with its statistics."""
    return SourceItem(
        source=row["name"],
        kind=row["kind"],
        tips={state: row["tips"].get(state, 0) for state in State},
        referrals=ReferralCounts(
            referred=row["referred"], accepted=row["accepted"], declined=row["declined"], closed=row["closed"]
        ),
        outcomes=row["outcomes"],
    )


def _row(tip: StoredTip, *, to_source: bool) -> dict[str, Any]:
    # To what a tip was linked is another's, and may be silent: its source is not even told that it was.
    is_untold = to_source and tip.reopened_because == LINKED
    return {
        "tip_id": tip.tip_id,
        "source": tip.source,
        "source_kind": tip.source_kind,
        "source_ref": tip.source_ref,
        "state": tip.state,
        "version": tip.version,
        "decision": tip.decision,
        "reopened_because": None if is_untold else tip.reopened_because,
        "received_at": tip.received_at,
        "changed_at": tip.changed_at,
    }
