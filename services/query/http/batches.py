"""Many look-ups of one reason at once."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.query.domain.question import Question, read_question
from services.query.handlers.desk import asker_of
from services.query.handlers.lookups import answer_lookups, show_answers
from services.query.http.desk import desk_of
from services.query.http.lookups import (
    MATCHES_DEFAULT,
    MatchesMax,
    MatchShown,
    PersonAsked,
    Purpose,
    Reference,
    told_of,
)
from shared.db.pool import Connection
from shared.errors import FieldError, Rejected
from shared.http import Call, create, hash_of, read_json
from shared.http.body import ERRORS_MAX, Body
from shared.http.types import NotBlank

TRAVELLERS_MAX = 1_000
BATCH_BYTES_MAX = 2 * 1024 * 1024
"""Two kilobytes for each traveller."""

TravellerRef = Annotated[str, Field(max_length=64), NotBlank()]
"""What the caller calls a traveller; unique within a batch or list."""


class Traveller(PersonAsked):
    """One whom to look for."""

    traveller_ref: TravellerRef
    max_matches: MatchesMax = MATCHES_DEFAULT


class BatchRequest(Body):
    """Whom to look for, and why: the same reason for all."""

    purpose: Purpose
    reference: Reference
    travellers: Annotated[list[Traveller], Field(min_length=1, max_length=TRAVELLERS_MAX)]


class TravellerAnswer(BaseModel):
    """The answer about one traveller, best match first."""

    traveller_ref: str
    lookup_id: UUID
    matches: list[MatchShown]
    truncated: bool


class BatchAnswer(BaseModel):
    """The answers, in the order asked."""

    results: list[TravellerAnswer]


async def post_batch(request: Request) -> Response:
    """Look many people up; every look-up is on record before the answers leave. All are answered, or none."""
    call: Call = request.state.call
    body = await read_json(request, BatchRequest, bytes_max=BATCH_BYTES_MAX)
    refs = [traveller.traveller_ref for traveller in body.travellers]
    # Before a connection is taken: others need it while names are read.
    questions = await _read_questions(call, body)

    async def work(connection: Connection) -> tuple[int, dict[str, Any]]:
        desk = desk_of(call)
        documents = await answer_lookups(
            desk,
            connection,
            asker_of(call.principal),
            call.context,
            purpose=body.purpose,
            reference=body.reference,
            questions=questions,
            matches_max=[traveller.max_matches for traveller in body.travellers],
        )
        return 200, _answer(refs, documents)

    async def repeat(transaction: Connection, answered: bytes) -> BaseModel:
        lookup_ids = [result.lookup_id for result in BatchAnswer.model_validate_json(answered).results]
        shown = await show_answers(desk_of(call), transaction, call.principal, lookup_ids)
        await call.record_view(transaction, "lookup", lookup_ids, along=told_of(shown))
        # The database keeps documents without the order of their fields.
        return BatchAnswer.model_validate(_answer(refs, shown))

    return await create(call, work, request_hash=hash_of(body), repeat=repeat, stores_at_once=True)


async def _read_questions(call: Call, body: BatchRequest) -> list[Question]:
    """Return the questions, in order; others are served between them.

    Raises:
        Rejected: naming each field of each traveller that cannot be read, and each repeated reference.
    """
    today = desk_of(call).clock.now().date()
    questions, faults = [], []
    met: set[str] = set()
    for place, traveller in enumerate(body.travellers):
        if traveller.traveller_ref in met:
            faults.append(FieldError(("travellers", place, "traveller_ref"), "is that of another traveller too"))
        met.add(traveller.traveller_ref)
        try:
            questions.append(read_question(traveller.asked, today=today))
        except Rejected as error:
            faults += [FieldError(("travellers", place, *fault.loc), fault.msg) for fault in error.errors]
        # A thousand long names take a second or two.
        await asyncio.sleep(0)
    if faults:
        raise Rejected("some fields are not valid", errors=faults[:ERRORS_MAX])
    return questions


def _answer(refs: list[str], documents: list[dict[str, Any]]) -> dict[str, Any]:
    answered = zip(refs, documents, strict=True)
    return {
        "results": [
            {"traveller_ref": ref} | {field: document[field] for field in ("lookup_id", "matches", "truncated")}
            for ref, document in answered
        ]
    }
