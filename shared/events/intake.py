"""What intake publishes: tips and their versions, reviews, research results."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.change import Change, Salted
from shared.events.envelope import Fact, Payload


class GivenIdentifier(Fact):
    """An identifier exactly as the source gave it."""

    type: str
    """email, username, phone, ip, device, payment, url, document or account."""
    value: str
    service: str | None = None
    region: str | None = None
    country: str | None = None
    verified: bool | None = None
    port: int | None = None
    at: AwareDatetime | None = None
    event: str | None = None


class Address(Fact):
    """A postal address as given."""

    line: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Party(Fact):
    """A person a tip speaks of. `party_id` is kept, by position, through amendments; it is query's record id."""

    party_id: UUID
    role: str
    """subject, victim, reporter, recipient, witness or account_victim."""
    names: list[str] = []
    birth_date: str | None = None
    citizenship: str | None = None
    identifiers: list[GivenIdentifier] = []
    addresses: list[Address] = []


class File(Fact):
    """Hashes of a file; never the file."""

    sha1: str | None = None
    sha256: str | None = None
    md5: str | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    viral: bool = False


class Incident(Fact):
    """What is reported to have happened, without free text."""

    type: str
    occurred_at: AwareDatetime | None = None
    platform: str | None = None
    country: str | None = None
    region: str | None = None


class Urgency(Fact):
    """What makes a tip pressing, as the source marked it."""

    child_in_immediate_danger: bool = False
    escalated: bool = False
    victim_identifiable: bool = False
    contact_access: bool = False
    travel_on: date | None = None
    viral: bool = False
    informational: bool = False


class TipPersonal(Fact):
    """Personal data of a tip."""

    narrative: str | None = None
    city: str | None = None
    postal_code: str | None = None
    parties: list[Party] = []


class _TipContent(Payload):
    """A tip's whole content at one version."""

    SUBJECT: ClassVar[str] = "tip"

    tip_id: UUID
    tip_version: int
    """Counts contents from 1; the envelope's subject version counts every change of the tip, reviews too."""
    source: str
    source_kind: str
    source_ref: str
    reported_at: AwareDatetime
    incident: Incident
    urgency: Urgency = Urgency()
    files: list[File] = []
    related_refs: list[str] = []
    personal: TipPersonal


class TipReceivedV1(_TipContent):
    """A tip came in; published once per tip."""

    TYPE: ClassVar[str] = "tip.received"


class TipAmendedV1(_TipContent):
    """Its source sent other content under the same reference; published once per later version."""

    TYPE: ClassVar[str] = "tip.amended"

    change: Change | None = None
    """Of the content, an incident's fields as `incident.<field>`, and of where the tip stands."""


class ReviewPersonal(Salted):
    """Free text of a review."""

    reason: str


class TipReviewedV1(Payload):
    """A person decided on both limbs: plausible and verifiable, and illegal if verified. The newest review counts."""

    TYPE: ClassVar[str] = "tip.reviewed"
    SUBJECT: ClassVar[str] = "tip"

    review_id: UUID
    review_number: int
    """Counts the reviews of this tip from 1."""
    tip_id: UUID
    tip_version: int
    plausible: bool
    verifiable: bool
    illegal_if_verified: bool
    decision: str
    """actionable or not_actionable."""
    change: Change | None = None
    personal: ReviewPersonal


class ResearchPersonal(Salted):
    """Personal data found by research."""

    entity: str | None = None
    summary: str | None = None
    parties: list[Party] = []


class ResearchRecordedV1(Payload):
    """A person entered the result of a summons, a search or the like; its identifiers link like the tip's own."""

    TYPE: ClassVar[str] = "research.recorded"
    SUBJECT: ClassVar[str] = "tip"

    research_id: UUID
    research_number: int
    """Counts the research results of this tip from 1."""
    tip_id: UUID
    kind: str
    reference: str | None = None
    served_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None
    files: list[File] = []
    change: Change | None = None
    """The result's own fields: none of them was the tip's before."""
    personal: ResearchPersonal
