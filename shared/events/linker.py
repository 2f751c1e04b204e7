"""What the linker publishes: links, clusters, judgements, leads."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.change import Change, Salted
from shared.events.envelope import Fact, Payload
from shared.events.intake import GivenIdentifier


class EvidenceFact(Fact):
    """Why two tips belong together, without the value itself."""

    rule: str
    type: str
    detail: str
    weight: float
    frequency: int
    """How many tips held the value when this was written."""


class LinkFact(Fact):
    """One link of the event's tip."""

    tip_id: UUID
    strength: str
    """strong, medium or weak."""
    evidence: list[EvidenceFact]


class TipLinkedV1(Payload):
    """The tips that share identifiers with this one changed, or were reviewed.

    The first 100 of `link_count` links are listed, strongest first, each with its five heaviest reasons. Published for
    a tip whose own content or review is news, and for one found not actionable that such a tip is strongly linked to;
    not for every other holder of a value. The subject's version counts these events of the tip from 1.
    """

    TYPE: ClassVar[str] = "tip.linked"
    SUBJECT: ClassVar[str] = "tip"

    tip_id: UUID
    links: list[LinkFact]
    link_count: int
    is_linked_to_actionable: bool
    """Some strong link, listed or not, leads to a tip found actionable: a reason to look at this one again."""
    rules_version: str


class TipClusteredV1(Payload):
    """A tip's cluster is now this one, or its tier is another. The subject's version counts these events from 1.

    When only the tier changed, `previous_cluster_id` is `cluster_id`.
    """

    TYPE: ClassVar[str] = "tip.clustered"
    SUBJECT: ClassVar[str] = "tip"

    tip_id: UUID
    cluster_id: UUID
    previous_cluster_id: UUID | None = None
    cluster_size: int
    tier: str | None = None
    """How urgent the tip is by its own words, T0 to T4; its lead's tier counts all its tips. None in older events."""


class ValuePersonal(Fact):
    """The identifier in question."""

    value: str
    scope: str = ""


class ValueCappedV1(Payload):
    """A value became too common to mean one person: every link that rests on it is withdrawn."""

    TYPE: ClassVar[str] = "value.capped"
    SUBJECT: ClassVar[str] = "value"

    type: str
    frequency: int
    frequency_max: int
    rules_version: str
    personal: ValuePersonal


class ValueUncappedV1(ValueCappedV1):
    """A value is rare enough again: its links are restored."""

    TYPE: ClassVar[str] = "value.uncapped"


class ModelLearnedV1(Payload):
    """What values say was learned anew; every tip is linked by it from now on, some at a time.

    The subject is the model, by its name; its version counts the models there were from 1.
    """

    TYPE: ClassVar[str] = "model.learned"
    SUBJECT: ClassVar[str] = "model"

    model_version: str
    """The `rules_version` of the events that follow from it."""
    rules_version: str
    """That of the rules by hand, which the model is learned under."""
    tip_count: int
    """From how many tips."""
    learned_at: AwareDatetime


class JudgementPersonal(Salted):
    """Free text of a judgement."""

    reason: str


class JudgementRecordedV1(Payload):
    """A person decided on two tips. The subject is the pair; its version counts the pair's judgements."""

    TYPE: ClassVar[str] = "judgement.recorded"
    SUBJECT: ClassVar[str] = "link"

    judgement_id: UUID
    left_tip_id: UUID
    right_tip_id: UUID
    decision: str
    """same, different or unsure."""
    change: Change | None = None
    """Of what counts for the pair."""
    personal: JudgementPersonal


class JudgementWithdrawnV1(JudgementRecordedV1):
    """A judgement no longer counts; the one before it does again, if there was one."""

    TYPE: ClassVar[str] = "judgement.withdrawn"


class LeadTip(Fact):
    """A tip of a lead."""

    tip_id: UUID
    source: str
    source_ref: str
    is_actionable: bool = False


class LeadFactor(Fact):
    """One reason for a lead's tier; `source_tip_id` is the tip that says so, None when a person set the tier."""

    factor: str
    effect: str
    source_tip_id: UUID | None


class LeadSubject(Fact):
    """A subject party of one of the lead's tips."""

    party_id: UUID
    tip_id: UUID
    names: list[str] = []
    birth_date: str | None = None
    citizenship: str | None = None
    identifiers: list[GivenIdentifier] = []


class LeadPlace(Fact):
    """A place that may decide which office is right."""

    role: str
    """subject, incident or victim."""
    source_tip_id: UUID
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None


class LeadPersonal(Fact):
    """Personal data of a lead, bounded: at most 25 subjects and 50 places."""

    subjects: list[LeadSubject] = []
    places: list[LeadPlace] = []
    summary: str = ""
    priority_reason: str | None = None
    """Why a person set the tier by hand."""
    held_identifier: str | None = None
    """The value that `held_by.identifier` is the type of."""


class LeadHold(Fact):
    """Why a lead is not referred by itself."""

    reason: str
    """weak_bridge, several_people, weak_tie or many_tips."""
    identifier: str | None = None
    """The type of the identifier it hangs on; the value is personal."""


class _Lead(Payload):
    """The whole state of a lead at one version (the subject's version); the newest is the truth."""

    SUBJECT: ClassVar[str] = "lead"

    lead_id: UUID
    lead_version: int
    cluster_id: UUID
    state: str
    """open, held, referred or closed."""
    tier: str
    factors: list[LeadFactor] = []
    tips: list[LeadTip] = []
    """The first 1,000 of `tip_count`, oldest first."""
    tip_count: int
    related: list[UUID] = []
    aliases: list[UUID] = []
    """Leads that were merged into this one."""
    merged_into: UUID | None = None
    split_from: UUID | None = None
    held_by: LeadHold | None = None
    silent: bool = False
    """Nobody is told of it but CEIU and the office that has its referral."""
    opened_at: AwareDatetime
    evidence_expires_at: AwareDatetime | None = None
    personal: LeadPersonal


class LeadOpenedV1(_Lead):
    """A cluster has an actionable tip for the first time, or split off from another lead."""

    TYPE: ClassVar[str] = "lead.opened"


class LeadUpdatedV1(_Lead):
    """Something of the lead changed: tips, tier, subjects, state."""

    TYPE: ClassVar[str] = "lead.updated"


class LeadMergedV1(_Lead):
    """This lead was absorbed by the older one named in `merged_into`, which lists it among its aliases."""

    TYPE: ClassVar[str] = "lead.merged"


class LeadClosedV1(_Lead):
    """No actionable tip is left in it, or none that its office has not dealt with."""

    TYPE: ClassVar[str] = "lead.closed"


class ReleasePersonal(Salted):
    """Why a person let a lead go on, and the value it hung on."""

    reason: str
    identifier: str | None = None


class LeadReleasedV1(Payload):
    """A person looked at a held lead and let it go on. The subject's version counts the lead's releases from 1."""

    TYPE: ClassVar[str] = "lead.released"
    SUBJECT: ClassVar[str] = "lead"

    lead_id: UUID
    held_reason: str
    identifier: str | None = None
    """Its type."""
    tip_count: int
    change: Change | None = None
    personal: ReleasePersonal


class LeadDecisionPersonal(Salted):
    """Free text of a person's decision on a lead."""

    reason: str


class LeadPrioritisedV1(Payload):
    """A person set a lead's tier, or let its tips decide again (None). The version counts such decisions from 1."""

    TYPE: ClassVar[str] = "lead.prioritised"
    SUBJECT: ClassVar[str] = "lead"

    lead_id: UUID
    tier: str | None = None
    change: Change | None = None
    personal: LeadDecisionPersonal


class LeadSilencedV1(Payload):
    """A person made a lead silent, or not any more. The version counts such decisions from 1."""

    TYPE: ClassVar[str] = "lead.silenced"
    SUBJECT: ClassVar[str] = "lead"

    lead_id: UUID
    silent: bool
    change: Change | None = None
    personal: LeadDecisionPersonal


class NoticeSide(Fact):
    """One of the two a notice is about: who, by which record of its own, and whether the notice is shown to it."""

    agency: str
    office: str | None = None
    is_told: bool
    record_kind: str
    """tip or lookup."""
    record_id: UUID
    lead_id: UUID | None = None
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None


class _Notice(Payload):
    """The whole state of a notice; the newest (subject version) is the truth. What value it is about is not told."""

    SUBJECT: ClassVar[str] = "notice"

    notice_id: UUID
    kind: str
    """deconfliction, or dual_role when a subject (the first side) and a victim (the second) have one value."""
    identifier_class: str
    """The type of the value, such as email."""
    sides: list[NoticeSide]
    raised_at: AwareDatetime
    until: AwareDatetime
    """There is no second notice on the value to these two before."""


class NoticeRaisedV1(_Notice):
    """Two units are after one value, and those of them that may know are told."""

    TYPE: ClassVar[str] = "notice.raised"


class AcknowledgementPersonal(Salted):
    """Free text of an acknowledgement."""

    note: str | None = None


class NoticeAcknowledgedV1(_Notice):
    """One of the two took note."""

    TYPE: ClassVar[str] = "notice.acknowledged"

    change: Change | None = None
    personal: AcknowledgementPersonal
