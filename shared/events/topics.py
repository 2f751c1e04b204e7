"""The topic table: who writes what where, under which key, for how long, and who reads it. Tested as code.

The Kafka key of every event is its subject's id: the thing whose order matters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.events import activity, audit, intake, linker, referral
from shared.events.envelope import Payload

DAY_MS = 86_400_000
RETENTION_MS = 90 * DAY_MS
OFFICE_PREFIX = "referral.office."
DEAD_LETTER_SUFFIX = ".dlq"


@dataclass(frozen=True, slots=True)
class Topic:
    """One row. `key` names the id that is the record's key; `models` are the event versions it carries."""

    name: str
    owner: str
    key: str
    models: tuple[type[Payload], ...]
    consumers: tuple[str, ...]
    partitions: int = 4
    retention_ms: int = RETENTION_MS


_COMMON = (
    activity.SessionOpenedV1,
    activity.AuthRefusedV1,
    activity.RequestRefusedV1,
    activity.AnswerRepeatedV1,
    activity.RecordViewedV1,
)
_CONSUMERS = (*_COMMON, activity.DeadLetterRedrivenV1)
"""What every service does that may refuse a record; audit keeps them all."""
_MANIFESTS = (
    activity.ManifestSubmittedV1,
    activity.ScreeningRequestedV1,
    activity.ManifestScreenedV1,
    activity.AlertRaisedV1,
    activity.AlertAcknowledgedV1,
)
_HANDOFFS = (activity.HandoffRecordedV1, activity.HandoffFollowedUpV1)
_LEADS = (
    linker.LeadOpenedV1,
    linker.LeadUpdatedV1,
    linker.LeadMergedV1,
    linker.LeadClosedV1,
    linker.LeadReleasedV1,
    linker.LeadPrioritisedV1,
    linker.LeadSilencedV1,
)
_LINKS = (
    linker.TipLinkedV1,
    linker.TipClusteredV1,
    linker.ValueCappedV1,
    linker.ValueUncappedV1,
    linker.JudgementRecordedV1,
    linker.JudgementWithdrawnV1,
    linker.ModelLearnedV1,
)
_NOTICES = (linker.NoticeRaisedV1, linker.NoticeAcknowledgedV1)
_REFERRALS = (
    referral.ReferralOpenedV1,
    referral.ReferralChangedV1,
    referral.ReferralAnsweredV1,
    referral.ReferralWithdrawnV1,
    referral.OfficeListedV1,
)
_TIPS = (intake.TipReceivedV1, intake.TipAmendedV1, intake.TipReviewedV1, intake.ResearchRecordedV1)

_AUDIT = (
    audit.AuditGapV1,
    audit.AuditAnomalyV1,
    audit.ReportMadeV1,
    audit.ReportSignedV1,
    audit.AuditExportedV1,
)

FACT_TOPICS = (
    Topic("intake.tips", "intake", "tip id", _TIPS, ("linker", "query", "audit")),
    Topic("linker.links", "linker", "tip, value, pair or model id", _LINKS, ("intake", "query", "audit")),
    Topic("linker.leads", "linker", "lead id", _LEADS, ("referral", "query", "audit")),
    Topic("linker.notices", "linker", "notice id", _NOTICES, ("audit",), 2),
    Topic(
        "referral.referrals",
        "referral",
        "referral id or office code",
        _REFERRALS,
        ("intake", "linker", "query", "audit"),
        2,
    ),
)
ACTIVITY_TOPICS = (
    Topic(
        "intake.activity",
        "intake",
        "request, tip, event or session id",
        (*_CONSUMERS, activity.TipRepeatedV1, activity.TipReopenedV1, activity.TipsSubmittedV1, activity.TipsRefusedV1),
        ("audit",),
        2,
    ),
    Topic("linker.activity", "linker", "request, event or session id", _CONSUMERS, ("audit",), 2),
    Topic("referral.activity", "referral", "request, event or session id", _CONSUMERS, ("audit",), 2),
    Topic(
        "query.activity",
        "query",
        "lookup, note, manifest, alert, handoff, request, event or session id",
        (*_CONSUMERS, activity.LookupAnsweredV1, activity.NoteAddedV1, *_MANIFESTS, *_HANDOFFS),
        ("linker", "audit"),
        2,
    ),
    Topic(
        "audit.activity",
        "audit",
        "request, session, log, producer or report id",
        (*_COMMON, *_AUDIT),
        ("audit",),
        1,
    ),
)
OFFICE_MODELS = (referral.ReferralSentV1, referral.ReferralUpdatedV1, referral.ReferralRecalledV1)


def dead_letter_topics() -> tuple[Topic, ...]:
    """Return a dead-letter topic for each topic that someone besides audit reads; audit never dead-letters."""
    return tuple(
        Topic(dead_letter_topic(topic.name), "consumers", "the record's own key", (), ("audit",), 1)
        for topic in (*FACT_TOPICS, *ACTIVITY_TOPICS)
        if set(topic.consumers) - {"audit"}
    )


def dead_letter_topic(topic: str) -> str:
    """Return the name of the topic for what could not be read from `topic`."""
    return topic + DEAD_LETTER_SUFFIX


def office_topic(code: str) -> str:
    """Return the topic that referrals to this office travel on."""
    return OFFICE_PREFIX + code


def office_topics(codes: Iterable[str]) -> tuple[Topic, ...]:
    """Return a topic for each office code."""
    row = Topic(OFFICE_PREFIX, "referral", "referral id", OFFICE_MODELS, ("audit",), 1)
    return tuple(replace(row, name=office_topic(code)) for code in codes)


TOPICS = (*FACT_TOPICS, *ACTIVITY_TOPICS, *dead_letter_topics())
"""Every topic but the offices', whose names come from referral's directory."""


def may_send(service: str, topic: str) -> bool:
    """Return whether this service publishes on this topic; dead letters come from whoever reads the other one."""
    if topic.startswith(OFFICE_PREFIX):
        return service == "referral"
    senders = {known.name: (known.owner,) for known in (*FACT_TOPICS, *ACTIVITY_TOPICS)}
    readers = {dead_letter_topic(known.name): known.consumers for known in (*FACT_TOPICS, *ACTIVITY_TOPICS)}
    return service in (senders | readers).get(topic, ())


def topics_read_by(service: str) -> tuple[str, ...]:
    """Return the names of the fact and activity topics this service consumes, in the table's order."""
    return tuple(topic.name for topic in TOPICS if service in topic.consumers)


def models_by_type() -> dict[tuple[str, int], type[Payload]]:
    """Return every event version there is, by type and version."""
    models = [model for topic in TOPICS for model in topic.models] + list(OFFICE_MODELS)
    return {(model.TYPE, model.VERSION): model for model in models}
