"""Notes on records."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field, model_validator

from services.query.domain.note import Note, NoteKind
from services.query.handlers.notes import add_note, list_notes
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, answer, create, cut, hash_of, read_id_cursor, read_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import Day, NotBlank

FIRST_ID = UUID(int=0)

FlightNumber = Annotated[str, Field(min_length=2, max_length=10, pattern=r"^[A-Za-z0-9]+( [A-Za-z0-9]+)*$")]


class NoteRequest(Body):
    """A note on a record: of a targeting the flight, of a screening how it went, and of any something at least."""

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
        if self.kind == "targeting" and (self.flight_number is None or self.flight_date is None):
            raise ValueError("a targeting note names the flight: give flight_number and flight_date")
        if self.kind == "screening" and self.additional_screening is None and self.outcome is None:
            raise ValueError("a screening note tells how it went: give additional_screening, outcome or both")
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


async def post_note(request: Request, record_id: UUID) -> Response:
    """Add a note to a record."""
    call: Call = request.state.call
    body = await read_json(request, NoteRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        note = await add_note(desk_of(call), transaction, call.principal, call.context, record_id, **body.model_dump())
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
        notes = await list_notes(
            desk_of(call), transaction, call.principal, record_id, after=after, count_max=limit + 1
        )
        shown, further = cut(notes, limit, lambda note: [note.note_id])
        along = {"record": [record_id, *(note.record_id for note in shown)]}
        await call.record_view(transaction, "note", [note.note_id for note in shown], along=along)
    return answer(Page[NoteShown](items=[_shown(note) for note in shown], cursor=further))


def _shown(note: Note) -> NoteShown:
    return NoteShown.model_validate(note, from_attributes=True)
