"""What referral publishes: to each office on its own topic; for the others every referral's state, and the offices."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.change import Change, Salted
from shared.events.envelope import Fact, Payload
from shared.events.linker import LeadPlace, LeadSubject


class ReferredTip(Fact):
    """A tip of the referred lead, under the name its source knows."""

    tip_id: UUID
    source: str
    source_ref: str


class ReferralPersonal(Fact):
    """Personal data an office needs to begin; more by `GET /v1/leads/{id}`."""

    subjects: list[LeadSubject] = []
    places: list[LeadPlace] = []
    summary: str = ""


class _OfficeReferral(Payload):
    """A referral as its office receives it. The subject's version is the referral's."""

    SUBJECT: ClassVar[str] = "referral"

    referral_id: UUID
    version: int
    lead_id: UUID
    tier: str
    office: str
    reason: str
    confidence: float
    evidence_expires_at: AwareDatetime | None = None
    tips: list[ReferredTip] = []
    personal: ReferralPersonal


class ReferralSentV1(_OfficeReferral):
    """The office is asked to take this lead."""

    TYPE: ClassVar[str] = "referral.sent"


class ReferralUpdatedV1(_OfficeReferral):
    """The lead behind a referral changed."""

    TYPE: ClassVar[str] = "referral.updated"


class ReferralRecalledV1(_OfficeReferral):
    """The office is asked to stop: `reason` says why."""

    TYPE: ClassVar[str] = "referral.recalled"


class ResponsePersonal(Salted):
    """Free text of an office's response."""

    reason: str | None = None
    note: str | None = None


class _ReferralState(Payload):
    """The whole state of a referral after a change; the newest (subject version) is the truth."""

    SUBJECT: ClassVar[str] = "referral"

    referral_id: UUID
    version: int
    lead_id: UUID
    lead_version: int
    state: str
    """queued, sent, acknowledged, accepted, closed or recalled; one that is declined is queued."""
    office: str | None
    """None while it waits in the manual queue."""
    office_name: str | None = None
    office_phone: str | None = None
    """As the directory has them, for those who show whom to call."""
    tier: str
    confidence: float
    reason: str
    tip_ids: list[UUID] = []
    """The first 1,000 tips of the lead."""
    response: str | None = None
    outcome: str | None = None
    change: Change | None = None
    personal: ResponsePersonal | None = None


class ReferralOpenedV1(_ReferralState):
    """A lead got its referral: sent to an office, or waiting in the manual queue."""

    TYPE: ClassVar[str] = "referral.opened"


class ReferralChangedV1(_ReferralState):
    """The lead behind it changed, or it was routed anew."""

    TYPE: ClassVar[str] = "referral.changed"


class ReferralAnsweredV1(_ReferralState):
    """The office responded; `response` says how."""

    TYPE: ClassVar[str] = "referral.answered"


class ReferralWithdrawnV1(_ReferralState):
    """The referral was recalled from its office."""

    TYPE: ClassVar[str] = "referral.withdrawn"


class OfficeListedV1(Payload):
    """An office is in the directory, under this name and phone; the newest (subject version) is the truth."""

    TYPE: ClassVar[str] = "office.listed"
    SUBJECT: ClassVar[str] = "office"

    office: str
    version: int
    office_name: str
    office_phone: str
