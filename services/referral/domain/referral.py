"""What a referral is, and what a change of one is: the new state, and which office hears what.

A referral is one lead in the hands of one office, or waiting for a person to choose one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events.linker import LeadPlace, LeadSubject
from shared.events.referral import ReferredTip


class State(StrEnum):
    """Where a referral stands. `queued` waits for a person to choose the office; `closed` and `recalled` are final.

    There is no state "declined": a declined referral is queued again at once, so that no list can lose it.
    """

    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    RECALLED = "recalled"


FINAL = frozenset({State.CLOSED, State.RECALLED})


@dataclass(frozen=True, slots=True)
class Content:
    """What an office is told of a lead.

    The parts are the events' own, passed on unread: tips as the lead lists them, at most the first 1,000 of
    `tip_count`. `describe_news` says what differs between two contents.
    """

    tier: str
    tips: tuple[ReferredTip, ...]
    tip_count: int
    evidence_expires_at: datetime | None = None
    subjects: tuple[LeadSubject, ...] = ()
    places: tuple[LeadPlace, ...] = ()
    summary: str = ""

    @property
    def tip_ids(self) -> frozenset[UUID]:
        """The tips listed."""
        return frozenset(tip.tip_id for tip in self.tips)


@dataclass(frozen=True, slots=True)
class ReferralFacts:
    """A referral after a change.

    `version` counts its changes from 1 without a gap; `lead_version` is the version of the lead it was last brought in
    line with. `office` is None while it is queued, and names the last office once it is final. `confidence`, `reason`
    and `alternatives` are the routing's, or say what took their place; they hold no personal data. `content` is what
    the office was last told. `refused_by` names every office that declined this lead or rerouted it away, under this
    referral or an earlier one: only a person sends it there again.
    """

    referral_id: UUID
    lead_id: UUID
    lead_version: int
    version: int
    state: State
    office: str | None
    confidence: float
    reason: str
    content: Content
    alternatives: tuple[str, ...] = ()
    refused_by: frozenset[str] = frozenset()
    outcome: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether somebody still has to do something: an office, or the person at the queue."""
        return self.state not in FINAL


class MessageType(StrEnum):
    """What an office's topic carries; the values are event types."""

    SENT = "referral.sent"
    UPDATED = "referral.updated"
    RECALLED = "referral.recalled"


@dataclass(frozen=True, slots=True)
class Message:
    """One event on the topic of `office`. Its content, version and confidence are those of the changed referral."""

    type: MessageType
    office: str
    reason: str


class ChangeType(StrEnum):
    """What `referral.referrals` carries; the values are event types."""

    OPENED = "referral.opened"
    CHANGED = "referral.changed"
    ANSWERED = "referral.answered"
    WITHDRAWN = "referral.withdrawn"


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a referral: save `referral`, publish its state as `type`, then each message to its office."""

    type: ChangeType
    referral: ReferralFacts
    messages: tuple[Message, ...] = ()
