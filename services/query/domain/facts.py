"""What other services say of tips and leads, as far as an answer needs it. The greater version is the newer fact.

The fields stand in the order of the columns they are stored in.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReviewFact:
    """A tip's review; `version` counts the tip's reviews. The decision is actionable or not_actionable."""

    tip_id: UUID
    version: int
    decision: str

    @property
    def id(self) -> UUID:
        """What the fact is about."""
        return self.tip_id


@dataclass(frozen=True, slots=True)
class MembershipFact:
    """The cluster a tip is in; `version` counts the tip's memberships."""

    tip_id: UUID
    version: int
    cluster_id: UUID

    @property
    def id(self) -> UUID:
        """What the fact is about."""
        return self.tip_id


@dataclass(frozen=True, slots=True)
class LeadFact:
    """A lead's state: open, held, referred or closed. An absorbed lead names the one that stands for it.

    Of a `silent` one nobody is told but CEIU and the office that has it.
    """

    lead_id: UUID
    version: int
    cluster_id: UUID
    state: str
    tier: str
    opened_at: datetime
    merged_into: UUID | None
    silent: bool

    @property
    def id(self) -> UUID:
        """What the fact is about."""
        return self.lead_id


@dataclass(frozen=True, slots=True)
class ReferralFact:
    """Which office has a lead; None while it waits for a person to choose one."""

    referral_id: UUID
    version: int
    lead_id: UUID
    state: str
    office: str | None
    office_name: str | None
    office_phone: str | None
    changed_at: datetime

    @property
    def id(self) -> UUID:
        """What the fact is about."""
        return self.referral_id


Fact = ReviewFact | MembershipFact | LeadFact | ReferralFact


@dataclass(frozen=True, slots=True)
class TipCounted:
    """What statistics count of a tip: what a version of its content says, and when it came."""

    tip_id: UUID
    version: int
    source: str
    source_kind: str
    incident_type: str
    received_at: datetime

    def joined_with(self, other: "TipCounted") -> "TipCounted":
        """Return what two versions of one tip say together: the newer content, and the earlier time."""
        newer = self if self.version >= other.version else other
        return replace(newer, received_at=min(self.received_at, other.received_at))
