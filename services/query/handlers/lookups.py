"""Answer a look-up, and show the answer again.

Answer and event are stored together, so that no answer leaves of which the audit does not know.
"""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.query.domain.again import is_still_told
from services.query.domain.answer import Answer, answer_of, answered_of, document_of, document_of_match
from services.query.domain.grade import Grade, find_matches
from services.query.domain.question import Asked, read_question
from services.query.domain.sight import Sight
from services.query.handlers.desk import Desk, sight_for
from services.query.store import lookups, people, search
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.events.activity import LookupAnsweredV1, LookupPersonal
from shared.events.envelope import Context
from shared.security import Principal


async def answer(
    desk: Desk,
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
    started_at = desk.clock.now()
    question = read_question(asked, today=started_at.date())
    sight = sight_for(caller)
    records, is_cut = await search.find_candidates(transaction, question, sight)
    matches = find_matches(question, records)
    shown = matches[:matches_max]
    person_ids = [match.person_id for match in shown]
    standings = await people.find_standings(transaction, person_ids, sees_all=sight.sees_all)
    answered_at = desk.clock.now()
    answer = answer_of(
        desk.clock.new_id(), answered_at, shown, standings, is_truncated=is_cut or len(matches) > matches_max
    )
    document = document_of(answer, ceiu=desk.ceiu)
    await lookups.add_lookup(
        transaction, caller, answer, purpose=purpose, reference=reference, asked=asked, document=document
    )
    duration_ms = (answered_at - started_at).total_seconds() * 1_000
    payload = _lookup_answered(answer, purpose=purpose, reference=reference, asked=asked, duration_ms=duration_ms)
    await desk.announce(transaction, context, answer.lookup_id, payload)
    return document


async def show_answer(desk: Desk, transaction: Connection, caller: Principal, lookup_id: UUID) -> dict[str, Any]:
    """Return the answer that a look-up of the caller's agency got, less what the caller may no longer be told.

    Raises:
        NotFound: there is no such look-up, or it is another agency's.
    """
    kept = await lookups.find_lookup(transaction, lookup_id, agency=caller.agency)
    if kept is None:
        raise NotFound("there is no such look-up")
    asked, document = kept
    sight = sight_for(caller)
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
