"""Keep the projection in step with the facts of other services."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.query.domain.facts import Fact, LeadFact, MembershipFact, ReferralFact, ReviewFact
from services.query.domain.subject import Subject, subjects_of
from services.query.handlers.statistics import count_tips
from services.query.store import projection, touched
from shared.db.pool import Connection
from shared.events.intake import ResearchRecordedV1, TipAmendedV1, TipReceivedV1, TipReviewedV1
from shared.events.linker import LeadClosedV1, LeadMergedV1, LeadOpenedV1, LeadUpdatedV1, TipClusteredV1
from shared.events.referral import ReferralAnsweredV1, ReferralChangedV1, ReferralOpenedV1, ReferralWithdrawnV1
from shared.kafka.inbox import Incoming

TIP_CONTENTS = (TipReceivedV1, TipAmendedV1)
LEADS = (LeadOpenedV1, LeadUpdatedV1, LeadMergedV1, LeadClosedV1)
REFERRALS = (ReferralOpenedV1, ReferralChangedV1, ReferralAnsweredV1, ReferralWithdrawnV1)


async def project(transaction: Connection, events: Sequence[Incoming]) -> None:
    """Bring the projection in step with facts, whatever their order; those older than what is known do nothing."""
    facts = [fact for event in events if (fact := _fact(event))]
    await _touch_tips(transaction, events, facts)
    await _project_tips(transaction, [e.payload for e in events if isinstance(e.payload, TIP_CONTENTS)])
    found = [e.payload for e in events if isinstance(e.payload, ResearchRecordedV1)]
    subjects = [s for r in found for s in subjects_of(r.tip_id, r.personal.parties, research_id=r.research_id)]
    found_out = _distinct(subjects)
    await projection.remove_records(transaction, [], told_again=[subject.record_id for subject in found_out])
    await projection.add_records(transaction, found_out)
    await count_tips(transaction, events)
    for kind in (ReviewFact, MembershipFact, LeadFact, ReferralFact):
        await projection.save_facts(transaction, _newest(fact for fact in facts if isinstance(fact, kind)))
    await projection.count_silent_out(transaction)


async def _touch_tips(transaction: Connection, events: Sequence[Incoming], facts: Sequence[Fact]) -> None:
    """Note which tips the facts touch, before they change what is known: those that a lead leaves are touched too."""
    said = (*TIP_CONTENTS, ResearchRecordedV1)
    tip_ids = {event.payload.tip_id for event in events if isinstance(event.payload, said)}
    tip_ids |= {fact.tip_id for fact in facts if isinstance(fact, ReviewFact | MembershipFact)}
    await touched.touch_tips(
        transaction,
        tip_ids=tip_ids,
        cluster_ids={fact.cluster_id for fact in facts if isinstance(fact, LeadFact)},
        lead_ids={fact.lead_id for fact in facts if isinstance(fact, LeadFact | ReferralFact)},
    )


async def _project_tips(transaction: Connection, contents: Iterable[TipReceivedV1 | TipAmendedV1]) -> None:
    """Let each tip's newest content take the place of what its records were."""
    newest: dict[UUID, TipReceivedV1 | TipAmendedV1] = {}
    for content in contents:
        if content.tip_id not in newest or newest[content.tip_id].tip_version < content.tip_version:
            newest[content.tip_id] = content
    versions = {tip_id: newest[tip_id].tip_version for tip_id in sorted(newest)}
    advanced = await projection.advance_tips(transaction, versions)
    await projection.remove_records(transaction, sorted(advanced))
    subjects = [s for tip_id in sorted(advanced) for s in subjects_of(tip_id, newest[tip_id].personal.parties)]
    await projection.add_records(transaction, _distinct(subjects))


def _fact(event: Incoming) -> Fact | None:
    """Return what an event says of a tip or lead in one line; None when it is another kind of event."""
    match event.payload:
        case TipReviewedV1() as review:
            return ReviewFact(review.tip_id, review.review_number, review.decision)
        case TipClusteredV1() as move:
            return MembershipFact(move.tip_id, event.envelope.subject.version, move.cluster_id)
        case LeadOpenedV1() | LeadUpdatedV1() | LeadMergedV1() | LeadClosedV1() as lead:
            return LeadFact(
                lead.lead_id,
                lead.lead_version,
                lead.cluster_id,
                lead.state,
                lead.tier,
                lead.opened_at,
                lead.merged_into,
                lead.silent,
            )
        case ReferralOpenedV1() | ReferralChangedV1() | ReferralAnsweredV1() | ReferralWithdrawnV1() as referral:
            return ReferralFact(
                referral.referral_id,
                referral.version,
                referral.lead_id,
                referral.state,
                referral.office,
                referral.office_name,
                referral.office_phone,
                event.envelope.occurred_at,
            )
    return None


def _newest(facts: Iterable[Fact]) -> list[Fact]:
    """Return one fact about each thing, the newest, in the order of ids: so workers never wait in a circle."""
    newest: dict[UUID, Fact] = {}
    for fact in facts:
        if fact.id not in newest or newest[fact.id].version < fact.version:
            newest[fact.id] = fact
    return [newest[id_] for id_ in sorted(newest)]


def _distinct(subjects: Iterable[Subject]) -> list[Subject]:
    """Return the subjects, the first of each record id."""
    first: dict[UUID, Subject] = {}
    for subject in subjects:
        first.setdefault(subject.record_id, subject)
    return list(first.values())
