"""The use cases: keep the projection in step, answer a look-up, add and list notes.

Each is given its transaction and never commits. A look-up's answer and its event are stored together, so that no answer
leaves of which the audit does not know.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.query import store
from services.query.domain.again import is_still_told
from services.query.domain.answer import (
    Answer,
    Contact,
    answer_of,
    answered_of,
    document_of,
    document_of_match,
)
from services.query.domain.facts import Fact, LeadFact, MembershipFact, ReferralFact, ReviewFact
from services.query.domain.grade import Grade, find_matches
from services.query.domain.note import Note, NoteKind
from services.query.domain.question import Asked, read_question
from services.query.domain.sight import Sight, sight_of
from services.query.domain.subject import Subject, subjects_of
from shared.clock import Clock
from shared.db.pool import Connection
from shared.errors import Conflict, FieldError, NotFound, Rejected
from shared.events.activity import LookupAnsweredV1, LookupPersonal, NoteAddedV1, NotePersonal
from shared.events.envelope import Context, Event, Payload
from shared.events.intake import ResearchRecordedV1, TipAmendedV1, TipReceivedV1, TipReviewedV1
from shared.events.linker import LeadClosedV1, LeadMergedV1, LeadOpenedV1, LeadUpdatedV1, TipClusteredV1
from shared.events.referral import ReferralAnsweredV1, ReferralChangedV1, ReferralOpenedV1, ReferralWithdrawnV1
from shared.kafka.inbox import Incoming
from shared.kafka.outbox import Outbox
from shared.security import Principal

ACTIVITY_TOPIC = "query.activity"

TIP_CONTENTS = (TipReceivedV1, TipAmendedV1)
LEADS = (LeadOpenedV1, LeadUpdatedV1, LeadMergedV1, LeadClosedV1)
REFERRALS = (ReferralOpenedV1, ReferralChangedV1, ReferralAnsweredV1, ReferralWithdrawnV1)


async def project(transaction: Connection, events: Sequence[Incoming]) -> None:
    """Bring the projection in step with facts, whatever their order; those older than what is known do nothing."""
    await _project_tips(transaction, [e.payload for e in events if isinstance(e.payload, TIP_CONTENTS)])
    found = [e.payload for e in events if isinstance(e.payload, ResearchRecordedV1)]
    subjects = [s for r in found for s in subjects_of(r.tip_id, r.personal.parties, research_id=r.research_id)]
    await store.add_records(transaction, _distinct(subjects))
    facts = [fact for event in events if (fact := _fact(event))]
    for kind in (ReviewFact, MembershipFact, LeadFact, ReferralFact):
        await store.save_facts(transaction, _newest(fact for fact in facts if isinstance(fact, kind)))


async def _project_tips(transaction: Connection, contents: Iterable[TipReceivedV1 | TipAmendedV1]) -> None:
    """Let each tip's newest content take the place of what its records were."""
    newest: dict[UUID, TipReceivedV1 | TipAmendedV1] = {}
    for content in contents:
        if content.tip_id not in newest or newest[content.tip_id].tip_version < content.tip_version:
            newest[content.tip_id] = content
    versions = {tip_id: newest[tip_id].tip_version for tip_id in sorted(newest)}
    advanced = await store.advance_tips(transaction, versions)
    await store.remove_records(transaction, [tip_id for tip_id in advanced if versions[tip_id] > 1])
    subjects = [s for tip_id in sorted(advanced) for s in subjects_of(tip_id, newest[tip_id].personal.parties)]
    await store.add_records(transaction, _distinct(subjects))


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


@dataclass(frozen=True, slots=True)
class Desk:
    """Where callers ask. `ceiu` is whom to call about a match that no office has."""

    clock: Clock
    outbox: Outbox
    ceiu: Contact

    async def answer(
        self,
        transaction: Connection,
        caller: Principal,
        context: Context,
        *,
        purpose: str,
        reference: str,
        asked: Asked,
        matches_max: int,
    ) -> dict[str, Any]:
        """Answer a look-up, and store answer and event; return the answer's document.

        Raises:
            Rejected: a field cannot be read.
        """
        started_at = self.clock.now()
        question = read_question(asked, today=started_at.date())
        sight = _sight(caller)
        records, is_cut = await store.find_candidates(transaction, question, sight)
        matches = find_matches(question, records)
        shown = matches[:matches_max]
        person_ids = [match.person_id for match in shown]
        standings = await store.find_standings(transaction, person_ids, sees_all=sight.sees_all)
        answered_at = self.clock.now()
        answer = answer_of(
            self.clock.new_id(), answered_at, shown, standings, is_truncated=is_cut or len(matches) > matches_max
        )
        document = document_of(answer, ceiu=self.ceiu)
        await store.add_lookup(
            transaction, caller, answer, purpose=purpose, reference=reference, asked=asked, document=document
        )
        duration_ms = (answered_at - started_at).total_seconds() * 1_000
        payload = _lookup_answered(answer, purpose=purpose, reference=reference, asked=asked, duration_ms=duration_ms)
        await self._announce(transaction, context, answer.lookup_id, payload)
        return document

    async def show_answer(self, transaction: Connection, caller: Principal, lookup_id: UUID) -> dict[str, Any]:
        """Return the answer that a look-up of the caller's agency got, less what the caller may no longer be told.

        Raises:
            NotFound: there is no such look-up, or it is another agency's.
        """
        kept = await store.find_lookup(transaction, lookup_id, agency=caller.agency)
        if kept is None:
            raise NotFound("there is no such look-up")
        asked, document = kept
        sight = _sight(caller)
        return document if sight.is_whole else await self._retell(transaction, asked, document, sight)

    async def _retell(
        self, transaction: Connection, asked: Asked, document: dict[str, Any], sight: Sight
    ) -> dict[str, Any]:
        """Return an answer as whoever does not see everything may read it again.

        A match of which something would no longer answer gives way to what the rest of its tips answers now, if
        anything; the others stay as they were told. Nothing tells that there was more.
        """
        question = read_question(asked, today=self.clock.now().date())
        told = document["matches"]
        records = await store.find_records(
            transaction,
            question,
            tip_ids=[UUID(tip_id) for match in told for tip_id in match["tip_ids"]],
            record_ids=[UUID(match["record_id"]) for match in told],
            sight=sight,
        )
        still = [match for match in told if is_still_told(question, match, records)]
        lost = {tip_id for match in told if match not in still for tip_id in match["tip_ids"]}
        found = find_matches(question, [record for record in records if str(record.tip_id) in lost])
        person_ids = [match.person_id for match in found]
        standings = await store.find_standings(transaction, person_ids, sees_all=sight.sees_all)
        anew = [document_of_match(answered, ceiu=self.ceiu) for answered in answered_of(found, standings)]
        grades = list(Grade)
        return {**document, "matches": sorted([*still, *anew], key=lambda match: grades.index(match["grade"]))}

    async def add_note(
        self,
        transaction: Connection,
        caller: Principal,
        context: Context,
        record_id: UUID,
        *,
        kind: NoteKind,
        flight_number: str | None,
        flight_date: date | None,
        additional_screening: bool | None,
        outcome: str | None,
        text: str | None,
        supersedes: UUID | None,
    ) -> Note:
        """Add a note to a record.

        Raises:
            NotFound: the caller's look-up could not return the record.
            Rejected: the note to be superseded is none of the caller's agency on this record's person.
            Conflict: it was superseded already.
        """
        tip_id, person_id = await self._person(transaction, caller, record_id)
        if supersedes is not None:
            former = await store.find_note(
                transaction, person_id, supersedes, agency=caller.agency, sees_all=_sight(caller).sees_all
            )
            if former is None or former.agency != caller.agency:
                fault = FieldError(("supersedes",), "your agency has no such note on this record")
                raise Rejected("some fields are not valid", errors=[fault])
        note = Note(
            note_id=self.clock.new_id(),
            record_id=record_id,
            created_at=self.clock.now(),
            author=caller.id,
            agency=caller.agency,
            office=caller.office,
            kind=kind,
            flight_number=flight_number,
            flight_date=flight_date,
            additional_screening=additional_screening,
            outcome=outcome,
            text=text,
            supersedes=supersedes,
        )
        if not await store.add_note(transaction, note, tip_id=tip_id):
            raise Conflict("the note was superseded already: supersede the newest one")
        await self._announce(transaction, context, note.note_id, _note_added(note))
        return note

    async def list_notes(
        self, transaction: Connection, caller: Principal, record_id: UUID, *, after: UUID, count_max: int
    ) -> list[Note]:
        """Return the notes on a record and the others of its person, oldest first, from behind the note `after`.

        Raises:
            NotFound: the caller's look-up could not return the record.
        """
        sees_all = _sight(caller).sees_all
        _, person_id = await self._person(transaction, caller, record_id)
        return await store.list_notes(
            transaction, person_id, agency=caller.agency, sees_all=sees_all, after=after, count_max=count_max
        )

    async def _person(self, transaction: Connection, caller: Principal, record_id: UUID) -> tuple[UUID, UUID]:
        found = await store.find_person(transaction, record_id, _sight(caller))
        if found is None:
            raise NotFound("there is no such record")
        return found

    async def _announce(self, transaction: Connection, context: Context, subject_id: UUID, payload: Payload) -> None:
        event = Event(
            topic=ACTIVITY_TOPIC,
            event_id=self.clock.new_id(),
            occurred_at=self.clock.now(),
            service="query",
            context=context,
            subject_id=str(subject_id),
            subject_version=1,
            payload=payload,
        )
        await self.outbox.publish(transaction, [event])


def _sight(caller: Principal) -> Sight:
    return sight_of(caller.agency, caller.office)


def _lookup_answered(
    answer: Answer, *, purpose: str, reference: str, asked: Asked, duration_ms: float
) -> LookupAnsweredV1:
    leads = dict.fromkeys(a.standing.lead_id for a in answer.matches if a.standing.lead_id)
    return LookupAnsweredV1(
        lookup_id=answer.lookup_id,
        purpose=purpose,
        reference=reference,
        match_count=len(answer.matches),
        truncated=answer.is_truncated,
        record_ids=[answered.standing.record_id for answered in answer.matches],
        lead_ids=list(leads),
        grades=answer.grades,
        duration_ms=duration_ms,
        personal=LookupPersonal.model_validate(asdict(asked)),
    )


def _note_added(note: Note) -> NoteAddedV1:
    return NoteAddedV1(
        note_id=note.note_id,
        record_id=note.record_id,
        kind=note.kind,
        supersedes=note.supersedes,
        additional_screening=note.additional_screening,
        personal=NotePersonal(
            flight_number=note.flight_number,
            flight_date=note.flight_date.isoformat() if note.flight_date else None,
            outcome=note.outcome,
            text=note.text,
        ),
    )
