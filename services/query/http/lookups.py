"""Look-ups: asked, and read again."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.query.domain.answer import Investigation
from services.query.domain.grade import Grade
from services.query.domain.question import Asked, read_question
from services.query.handlers.desk import asker_of
from services.query.handlers.lookups import answer_lookups, show_answer
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from shared.db.pool import Connection
from shared.http import Call, answer, create, hash_of, read_json
from shared.http.body import Body
from shared.http.types import NotBlank

MATCHES_DEFAULT = 10
MATCHES_MAX = 50
VALUES_MAX = 20
"""Identifiers of one kind in a look-up."""

Purpose = Literal["traveller_targeting", "investigation", "redress", "audit", "training"]
Reference = Annotated[str, Field(max_length=200), NotBlank()]
"""Flight or case reference."""
MatchesMax = Annotated[int, Field(ge=1, le=MATCHES_MAX)]
Values = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=VALUES_MAX)]


class PersonAsked(Body):
    """Whom to look for. At least one of name, emails, usernames, phones, documents is given.

    Wildcards are not understood: a name or number with `*`, `%` or `?` is refused, and so is a user name, or an address
    before its @, that begins or ends with one.
    """

    name: str | None = Field(default=None, min_length=1, max_length=200)
    birth_date: str | None = Field(default=None, max_length=10)
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""
    emails: Values = []
    usernames: Values = []
    """Compared across all services."""
    phones: Values = []
    """In international form."""
    documents: Values = []

    @property
    def asked(self) -> Asked:
        """The fields that are compared."""
        return Asked(
            name=self.name,
            birth_date=self.birth_date,
            emails=tuple(self.emails),
            usernames=tuple(self.usernames),
            phones=tuple(self.phones),
            documents=tuple(self.documents),
        )


class LookupRequest(PersonAsked):
    """Whom to look for, and why."""

    purpose: Purpose
    reference: Reference
    max_matches: MatchesMax = MATCHES_DEFAULT


class EvidenceItem(BaseModel):
    """One reason; `weight` is above 0 for, below 0 against, 0 when something is missing."""

    field: str
    given: str | None
    recorded: str | None
    detail: str
    weight: float


class EvidenceLists(BaseModel):
    """Why, why not, and what is not known."""

    model_config = ConfigDict(serialize_by_alias=True)

    speaking_for: list[EvidenceItem] = Field(alias="for")
    against: list[EvidenceItem]
    missing: list[EvidenceItem]


class ContactShown(BaseModel):
    """Whom to call."""

    office: str
    name: str | None
    phone: str | None


class MatchShown(BaseModel):
    """One person found. `record_id` is the oldest of their records; `tip_ids` are the tips the match rests on."""

    record_id: UUID
    tip_ids: list[UUID]
    lead_id: UUID | None
    grade: Grade
    relevant: bool
    investigation: Investigation
    tier: str | None
    evidence: EvidenceLists
    contact: ContactShown
    caveat: str


class LookupAnswer(BaseModel):
    """The answer, best match first."""

    lookup_id: UUID
    answered_at: datetime
    matches: list[MatchShown]
    truncated: bool


async def post_lookup(request: Request) -> Response:
    """Look a person up; the look-up is on record before the answer leaves."""
    call: Call = request.state.call
    body = await read_json(request, LookupRequest, bytes_max=BODY_BYTES_MAX)

    async def work(connection: Connection) -> tuple[int, dict[str, Any]]:
        desk = desk_of(call)
        [document] = await answer_lookups(
            desk,
            connection,
            asker_of(call.principal),
            call.context,
            purpose=body.purpose,
            reference=body.reference,
            questions=[read_question(body.asked, today=desk.clock.now().date())],
            matches_max=body.max_matches,
        )
        return 200, document

    async def repeat(transaction: Connection, answered: bytes) -> BaseModel:
        return await _show_again(call, transaction, LookupAnswer.model_validate_json(answered).lookup_id)

    return await create(call, work, request_hash=hash_of(body), repeat=repeat, stores_at_once=True)


async def get_lookup(request: Request, lookup_id: UUID) -> Response:
    """Show an answer again to the agency that asked, less what it may no longer be told."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        shown = await _show_again(call, transaction, lookup_id)
    return answer(shown)


async def _show_again(call: Call, transaction: Connection, lookup_id: UUID) -> LookupAnswer:
    document = await show_answer(desk_of(call), transaction, call.principal, lookup_id)
    await call.record_view(transaction, "lookup", [lookup_id], along=told_of([document]))
    return LookupAnswer.model_validate(document)


def told_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return whom answers shown again tell of, by kind, for the record."""
    matches = [match for document in documents for match in document["matches"]]
    return {
        "record": [match["record_id"] for match in matches],
        "tip": [tip_id for match in matches for tip_id in match["tip_ids"]],
        "lead": [match["lead_id"] for match in matches if match["lead_id"]],
    }
