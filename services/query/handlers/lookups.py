"""Answer a look-up, and show the answer again.

Answer and event are stored together, so that no answer leaves of which the audit does not know.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.query.domain.again import is_still_told
from services.query.domain.answer import Answer, answer_of, answered_of, document_of, document_of_match
from services.query.domain.grade import Grade, find_matches
from services.query.domain.question import Asked, Question, read_question
from services.query.domain.sight import Asker, Sight
from services.query.handlers.desk import Desk, asker_of
from services.query.store import lookups, people, search
from services.query.store.lookups import Reason
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.events.activity import LookupAnsweredV1, LookupPersonal
from shared.events.envelope import Context
from shared.security import Principal


async def answer_lookups(
    desk: Desk,
    transaction: Connection,
    asker: Asker,
    context: Context,
    *,
    purpose: str,
    reference: str,
    questions: Sequence[Question],
    matches_max: int,
) -> list[dict[str, Any]]:
    """Answer look-ups of one asker and reason together, each as if it came alone; return the answers' documents.

    The answers and an event of each are stored with a fixed number of statements, however many there are.
    """
    started_at = desk.clock.now()
    sight = asker.sight
    found = await search.find_candidates(transaction, questions, sight)
    matches = [find_matches(question, each.records) for question, each in zip(questions, found, strict=True)]
    shown = [each[:matches_max] for each in matches]
    person_ids = list({match.person_id for each in shown for match in each})
    standings = await people.find_standings(transaction, person_ids, sees_all=sight.sees_all)
    answered_at = desk.clock.now()
    answers = [
        answer_of(
            desk.clock.new_id(),
            answered_at,
            told,
            standings,
            is_truncated=candidates.is_cut or len(all_of_them) > matches_max,
        )
        for told, all_of_them, candidates in zip(shown, matches, found, strict=True)
    ]
    documents = [document_of(each, ceiu=desk.ceiu) for each in answers]
    reason = Reason(purpose, reference)
    asked = [question.asked for question in questions]
    await lookups.add_lookups(transaction, asker, reason, list(zip(answers, asked, documents, strict=True)))
    duration_ms = (answered_at - started_at).total_seconds() * 1_000
    events = [
        desk.event(context, each.lookup_id, _lookup_answered(each, question, reason, duration_ms=duration_ms))
        for each, question in zip(answers, asked, strict=True)
    ]
    await desk.outbox.publish(transaction, events)
    return documents


async def show_answer(desk: Desk, transaction: Connection, caller: Principal, lookup_id: UUID) -> dict[str, Any]:
    """Return the answer that a look-up of the caller's agency got, less what the caller may no longer be told.

    Raises:
        NotFound: there is no such look-up, or it is another agency's.
    """
    kept = await lookups.find_lookup(transaction, lookup_id, agency=caller.agency)
    if kept is None:
        raise NotFound("there is no such look-up")
    asked, document = kept
    sight = asker_of(caller).sight
    return document if sight.is_whole else await _retell(desk, transaction, asked, document, sight)


async def _retell(
    desk: Desk, transaction: Connection, asked: Asked, document: dict[str, Any], sight: Sight
) -> dict[str, Any]:
    """Return an answer as whoever does not see everything may read it again.

    A match of which something would no longer answer gives way to what the rest of its tips answers now, if
    anything; the others stay as they were told. Nothing tells that there was more.
    """
    question = read_question(asked, today=desk.clock.now().date())
    told = document["matches"]
    records = await people.find_records(
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
    standings = await people.find_standings(transaction, person_ids, sees_all=sight.sees_all)
    anew = [document_of_match(answered, ceiu=desk.ceiu) for answered in answered_of(found, standings)]
    grades = list(Grade)
    return {**document, "matches": sorted([*still, *anew], key=lambda match: grades.index(match["grade"]))}


def _lookup_answered(answer: Answer, asked: Asked, reason: Reason, *, duration_ms: float) -> LookupAnsweredV1:
    leads = dict.fromkeys(a.standing.lead_id for a in answer.matches if a.standing.lead_id)
    return LookupAnsweredV1(
        lookup_id=answer.lookup_id,
        purpose=reason.purpose,
        reference=reason.reference,
        match_count=len(answer.matches),
        truncated=answer.is_truncated,
        record_ids=[answered.standing.record_id for answered in answer.matches],
        lead_ids=list(leads),
        grades=answer.grades,
        duration_ms=duration_ms,
        personal=LookupPersonal.model_validate(asdict(asked)),
    )
