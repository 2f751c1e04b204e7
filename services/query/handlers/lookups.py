"""Answer a look-up, and show the answer again.

Answer and event are stored together, so that no answer leaves of which the audit does not know.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import orjson

from services.query.domain.again import retell
from services.query.domain.answer import Answer, Standing, answer_of, answered_of, document_of, document_of_match
from services.query.domain.grade import Grade, Match, find_matches
from services.query.domain.question import Asked, Question, read_question
from services.query.domain.sight import Asker, Sight
from services.query.handlers.desk import Desk, asker_of
from services.query.store import lookups, people, search
from services.query.store.lookups import Reason
from services.query.store.search import Candidates, Turns
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.events.activity import LookupAnsweredV1, LookupPersonal
from shared.events.envelope import Context
from shared.security import Principal

QUESTIONS_AT_ONCE, PARTS_AT_ONCE = 20, 3
"""While the database looks for the candidates of some questions, those of others are compared here. Of three parts one
always waits for the database; of two, both may be here."""


async def answer_lookups(
    desk: Desk,
    connection: Connection,
    asker: Asker,
    context: Context,
    *,
    purpose: str,
    reference: str,
    questions: Sequence[Question],
    matches_max: int | Sequence[int],
) -> list[dict[str, Any]]:
    """Answer look-ups of one asker and reason together, each as if it came alone; return the answers' documents.

    `matches_max` is one limit for all, or one for each. The answers and an event of each are stored with one statement,
    however many there are; it is the last, so that no transaction is needed.
    """
    started_at = desk.clock.now()
    limits = [matches_max] * len(questions) if isinstance(matches_max, int) else matches_max
    answers = await find_answers(desk, connection, asker.sight, questions, matches_max=limits)
    given = list(zip(questions, answers, strict=True))
    return await keep_answers(desk, connection, asker, context, Reason(purpose, reference), given, since=started_at)


async def find_answers(
    desk: Desk, connection: Connection, sight: Sight, questions: Sequence[Question], *, matches_max: Sequence[int]
) -> list[Answer]:
    """Return what each question is answered, each with at most so many matches; nothing is kept yet."""
    turns = Turns(connection)
    parts = [questions[first : first + QUESTIONS_AT_ONCE] for first in range(0, len(questions), QUESTIONS_AT_ONCE)]
    found: list[list[tuple[list[Match], Candidates]]] = [[] for _ in parts]
    left = iter(zip(parts, found, strict=True))

    async def work() -> None:
        for part, compared in left:
            candidates = await search.find_candidates(turns, part, sight)
            for question, each in zip(part, candidates, strict=True):
                compared.append((find_matches(question, each.records, each.rarity, compared=each.compared), each))
                # Hundreds of questions take the processor for a second; others are served between them.
                await asyncio.sleep(0)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in parts[:PARTS_AT_ONCE]:
                tasks.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    answered = list(chain.from_iterable(found))
    matches = [each for each, _ in answered]
    shown = [each[:count] for each, count in zip(matches, matches_max, strict=True)]
    person_ids = list({match.person_id for each in shown for match in each})
    standings = await people.find_standings(connection, person_ids, sees_all=sight.sees_all)
    answered_at = desk.clock.now()
    return [
        answer_of(
            desk.clock.new_id(),
            answered_at,
            told,
            standings,
            is_truncated=candidates.is_cut or len(all_of_them) > len(told),
        )
        for told, (all_of_them, candidates) in zip(shown, answered, strict=True)
    ]


async def keep_answers(
    desk: Desk,
    connection: Connection,
    asker: Asker,
    context: Context,
    reason: Reason,
    given: Sequence[tuple[Question, Answer]],
    *,
    since: datetime,
) -> list[dict[str, Any]]:
    """Store answers and an event of each, with one statement; return their documents.

    `since` is when the work on them began.
    """
    documents = [document_of(answer, ceiu=desk.ceiu) for _, answer in given]
    asked = [question.asked for question, _ in given]
    answers = [answer for _, answer in given]
    duration_ms = (desk.clock.now() - since).total_seconds() * 1_000
    kept = [orjson.dumps(document) for document in documents]
    rows = list(zip(answers, asked, kept, strict=True))
    events = [
        desk.event(
            context,
            each.lookup_id,
            _lookup_answered(each, question, reason, duration_ms=duration_ms, answer_bytes=len(document)),
        )
        for each, question, document in rows
    ]
    announced = desk.outbox.columns(events)
    await lookups.add_lookups(connection, asker, reason, rows, duration_ms=duration_ms, announced=announced)
    return documents


async def rehearse(desk: Desk, transaction: Connection) -> None:
    """Go through the statements of a look-up, for nobody; nothing is kept."""
    asker, now = Asker("", "", None), desk.clock.now()
    nobody = read_question(Asked(name="Nobody Known", emails=("nobody@example.org",)), today=now.date())
    await find_answers(desk, transaction, asker.sight, [nobody], matches_max=[0])
    await search.find_rarity(transaction, ["nobody"])
    await people.find_standings(transaction, [desk.clock.new_id()], sees_all=False)
    nothing = desk.outbox.columns([])
    await lookups.add_lookups(transaction, asker, Reason("", ""), [], duration_ms=0, announced=nothing)


async def show_answer(desk: Desk, transaction: Connection, caller: Principal, lookup_id: UUID) -> dict[str, Any]:
    """Return the answer that a look-up of the caller's agency got, less what the caller may no longer be told.

    Raises:
        NotFound: there is no such look-up, or it is another agency's.
    """
    shown = await show_answers(desk, transaction, caller, [lookup_id])
    if not shown:
        raise NotFound("there is no such look-up")
    return shown[0]


async def show_answers(
    desk: Desk, transaction: Connection, caller: Principal, lookup_ids: Sequence[UUID]
) -> list[dict[str, Any]]:
    """Return the answers of `show_answer` in the order of their ids asked for; those that are not there are left out.

    A match of which something would no longer answer gives way to what the rest of its tips answers now, if
    anything; the others stay as they were told. Nothing tells that there was more.
    """
    kept = await lookups.find_lookups(transaction, lookup_ids, agency=caller.agency)
    sight = asker_of(caller).sight
    if sight.is_whole or not kept:
        return [document for _, document in kept]
    today = desk.clock.now().date()
    told = [(read_question(asked, today=today), document) for asked, document in kept]
    questions = [question for question, _ in told]
    records = await people.find_records(
        transaction,
        questions,
        tip_ids=[UUID(id_) for _, document in told for match in document["matches"] for id_ in match["tip_ids"]],
        record_ids=[UUID(match["record_id"]) for _, document in told for match in document["matches"]],
        sight=sight,
    )
    named = [reading for question in questions for reading in question.readings]
    named += [reading for record in records for name in record.names for reading in name.readings]
    rarity = await search.find_rarity(transaction, {word for reading in named for word in reading})
    retold = [retell(question, document["matches"], records, rarity) for question, document in told]
    person_ids = list({match.person_id for _, found in retold for match in found})
    standings = await people.find_standings(transaction, person_ids, sees_all=sight.sees_all)
    return [
        {**document, "matches": _ranked([*still, *_documents(desk, found, standings)])}
        for (_, document), (still, found) in zip(told, retold, strict=True)
    ]


def _documents(desk: Desk, found: Sequence[Match], standings: Mapping[UUID, Standing]) -> list[dict[str, Any]]:
    return [document_of_match(answered, ceiu=desk.ceiu) for answered in answered_of(found, standings)]


def _ranked(matches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    grades = list(Grade)
    return sorted(matches, key=lambda match: grades.index(match["grade"]))


def _lookup_answered(
    answer: Answer, asked: Asked, reason: Reason, *, duration_ms: float, answer_bytes: int
) -> LookupAnsweredV1:
    leads = dict.fromkeys(a.standing.lead_id for a in answer.matches if a.standing.lead_id)
    return LookupAnsweredV1(
        lookup_id=answer.lookup_id,
        purpose=reason.purpose,
        reference=reason.reference,
        match_count=len(answer.matches),
        truncated=answer.is_truncated,
        record_ids=[answered.standing.record_id for answered in answer.matches],
        lead_ids=list(leads),
        tip_ids=list(dict.fromkeys(tip_id for answered in answer.matches for tip_id in answered.match.tip_ids)),
        grades=answer.grades,
        duration_ms=duration_ms,
        answer_bytes=answer_bytes,
        personal=LookupPersonal.model_validate(asdict(asked)),
    )
