"""Add and list notes on records."""

from datetime import date
from uuid import UUID

from services.query.domain.note import Note, NoteKind
from services.query.handlers.desk import Desk, asker_of
from services.query.store import notes, people
from shared.db.pool import Connection
from shared.errors import Conflict, FieldError, NotFound, Rejected
from shared.events.activity import NoteAddedV1, NotePersonal
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context
from shared.security import Principal


async def add_note(
    desk: Desk,
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
    tip_id, person_id = await person_of(transaction, caller, record_id)
    former: Note | None = None
    if supersedes is not None:
        former = await notes.find_note(
            transaction, person_id, supersedes, agency=caller.agency, sees_all=asker_of(caller).sight.sees_all
        )
        if former is None or former.agency != caller.agency:
            fault = FieldError(("supersedes",), "your agency has no such note on this record")
            raise Rejected("some fields are not valid", errors=[fault])
    note = Note(
        note_id=desk.clock.new_id(),
        record_id=record_id,
        created_at=desk.clock.now(),
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
    if not await notes.add_note(transaction, note, tip_id=tip_id):
        raise Conflict("the note was superseded already: supersede the newest one")
    await desk.announce(transaction, context, note.note_id, _note_added(note, former))
    return note


async def list_notes(
    desk: Desk, transaction: Connection, caller: Principal, record_id: UUID, *, after: UUID, count_max: int
) -> list[Note]:
    """Return the notes on a record and the others of its person, oldest first, from behind the note `after`.

    Raises:
        NotFound: the caller's look-up could not return the record.
    """
    sees_all = asker_of(caller).sight.sees_all
    _, person_id = await person_of(transaction, caller, record_id)
    return await notes.list_notes(
        transaction, person_id, agency=caller.agency, sees_all=sees_all, after=after, count_max=count_max
    )


async def person_of(transaction: Connection, caller: Principal, record_id: UUID) -> tuple[UUID, UUID]:
    found = await people.find_person(transaction, record_id, asker_of(caller).sight)
    if found is None:
        raise NotFound("there is no such record")
    return found


def _note_added(note: Note, former: Note | None) -> NoteAddedV1:
    salt = new_salt()
    return NoteAddedV1(
        note_id=note.note_id,
        record_id=note.record_id,
        kind=note.kind,
        supersedes=note.supersedes,
        additional_screening=note.additional_screening,
        change=change_of(_said(former), _said(note), salt=salt) if former is not None else None,
        personal=NotePersonal(
            flight_number=note.flight_number,
            flight_date=note.flight_date.isoformat() if note.flight_date else None,
            outcome=note.outcome,
            text=note.text,
            salt=salt,
        ),
    )


def _said(note: Note) -> dict[str, object]:
    """Return what a note says, as fields of a change."""
    said = ("record_id", "kind", "flight_number", "flight_date", "additional_screening", "outcome", "text")
    return {field: getattr(note, field) for field in said}
