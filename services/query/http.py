"""The HTTP routes of query and the shapes of their bodies."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.query.domain.answer import Investigation
from services.query.domain.grade import Grade
from services.query.domain.note import Note, NoteKind
from services.query.domain.question import Asked
from services.query.handlers import Desk
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, Route, answer, create, cut, hash_of, read_id_cursor, read_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.route import Rate
from shared.http.types import Day, NotBlank

BODY_BYTES_MAX = 64 * 1024
MATCHES_DEFAULT = 10
MATCHES_MAX = 50
VALUES_MAX = 20
"""Identifiers of one kind in a look-up."""
LOOKUP_RATE = Rate(per_s=100, burst=1_000)
FIRST_ID = UUID(int=0)

Purpose = Literal["traveller_targeting", "investigation", "redress", "audit", "training"]
FlightNumber = Annotated[str, Field(min_length=2, max_length=10, pattern=r"^[A-Za-z0-9]+( [A-Za-z0-9]+)*$")]
Values = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=VALUES_MAX)]


class LookupRequest(Body):
    """Whom to look for, and why. At least one of name, emails, usernames, phones, documents is given."""

    purpose: Purpose
    reference: Annotated[str, Field(max_length=200), NotBlank()]
    """Flight or case reference."""
    name: str | None = Field(default=None, min_length=1, max_length=200)
    birth_date: str | None = Field(default=None, max_length=10)
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""
    emails: Values = []
    usernames: Values = []
    """Compared across all services."""
    phones: Values = []
    """In international form."""
    documents: Values = []
    max_matches: int = Field(default=MATCHES_DEFAULT, ge=1, le=MATCHES_MAX)

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


class NoteRequest(Body):
    """A note on a record; it says at least one thing beside its kind."""

    kind: NoteKind
    flight_number: FlightNumber | None = None
    flight_date: Day | None = None
    additional_screening: bool | None = None
    outcome: Annotated[str, Field(max_length=200), NotBlank()] | None = None
    text: Annotated[str, Field(max_length=4_000), NotBlank()] | None = None
    supersedes: UUID | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "NoteRequest":
        said = (self.flight_number, self.flight_date, self.additional_screening, self.outcome, self.text)
        if all(value is None for value in said):
            raise ValueError("give at least one of flight_number, flight_date, additional_screening, outcome, text")
        return self


class NoteShown(BaseModel):
    """A note. `record_id` is the record it was written on, which may be another record of the same person."""

    note_id: UUID
    record_id: UUID
    created_at: datetime
    author: str
    agency: str
    office: str | None
    kind: NoteKind
    flight_number: str | None
    flight_date: date | None
    additional_screening: bool | None
    outcome: str | None
    text: str | None
    supersedes: UUID | None
    superseded_by: UUID | None


async def post_lookup(request: Request) -> Response:
    """Look a person up; the look-up is on record before the answer leaves."""
    call: Call = request.state.call
    body = await read_json(request, LookupRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        document = await _desk(call).answer(
            transaction,
            call.principal,
            call.context,
            purpose=body.purpose,
            reference=body.reference,
            asked=body.asked,
            matches_max=body.max_matches,
        )
        return 200, LookupAnswer.model_validate(document)

    async def repeat(transaction: Connection, answered: bytes) -> BaseModel:
        return await _show_again(call, transaction, LookupAnswer.model_validate_json(answered).lookup_id)

    return await create(call, work, request_hash=hash_of(body), repeat=repeat)


async def get_lookup(request: Request, lookup_id: UUID) -> Response:
    """Show an answer again to the agency that asked, less what it may no longer be told."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        shown = await _show_again(call, transaction, lookup_id)
    return answer(shown)


async def post_note(request: Request, record_id: UUID) -> Response:
    """Add a note to a record."""
    call: Call = request.state.call
    body = await read_json(request, NoteRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        note = await _desk(call).add_note(transaction, call.principal, call.context, record_id, **body.model_dump())
        return 201, _shown(note)

    return await create(call, work, request_hash=hash_of(body))


async def get_notes(
    request: Request,
    record_id: UUID,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List the notes on a record and on the other records of its person, oldest first."""
    call: Call = request.state.call
    after = read_id_cursor(cursor) or FIRST_ID
    async with call.transaction() as transaction:
        notes = await _desk(call).list_notes(transaction, call.principal, record_id, after=after, count_max=limit + 1)
        shown, further = cut(notes, limit, lambda note: [note.note_id])
        await call.record_view(transaction, "note", [note.note_id for note in shown])
    return answer(Page[NoteShown](items=[_shown(note) for note in shown], cursor=further))


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/lookups",
        post_lookup,
        needs=("lookup",),
        answers={200: LookupAnswer},
        takes=LookupRequest,
        rate=LOOKUP_RATE,
    ),
    Route("GET", "/v1/lookups/{lookup_id}", get_lookup, needs=("lookup",), answers={200: LookupAnswer}),
    Route(
        "POST",
        "/v1/records/{record_id}/notes",
        post_note,
        needs=("note.add",),
        answers={201: NoteShown},
        takes=NoteRequest,
    ),
    Route("GET", "/v1/records/{record_id}/notes", get_notes, needs=("note.read",), answers={200: Page[NoteShown]}),
)


async def _show_again(call: Call, transaction: Connection, lookup_id: UUID) -> LookupAnswer:
    document = await _desk(call).show_answer(transaction, call.principal, lookup_id)
    await call.record_view(transaction, "lookup", [lookup_id])
    return LookupAnswer.model_validate(document)


def _desk(call: Call) -> Desk:
    desk: Desk = call.edge.parts
    return desk


def _shown(note: Note) -> NoteShown:
    return NoteShown.model_validate(note, from_attributes=True)
