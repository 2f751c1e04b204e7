"""Notes on records."""

from uuid import UUID

from services.query.domain.note import Note
from shared.db.pool import Connection, Row

NOTES_OF_PERSON = """
SELECT note.note_id, note.record_id, note.created_at, note.author, note.agency, note.office, note.kind,
    note.flight_number, note.flight_date, note.additional_screening, note.outcome, note.text, note.supersedes,
    later.note_id AS superseded_by
FROM note
    LEFT JOIN note AS later ON later.supersedes = note.note_id
    LEFT JOIN review ON review.tip_id = note.tip_id
WHERE note.tip_id IN (SELECT membership.tip_id FROM membership WHERE membership.cluster_id = $1 UNION ALL SELECT $1)
    AND ($2 OR (note.agency = $3 AND review.decision IS DISTINCT FROM 'not_actionable'))"""
LIST_NOTES = NOTES_OF_PERSON + "\n    AND note.note_id > $4\nORDER BY note.note_id LIMIT $5"
FIND_NOTE = NOTES_OF_PERSON + "\n    AND note.note_id = $4"
INSERT_NOTE = """
INSERT INTO note (note_id, record_id, tip_id, created_at, author, agency, office, kind, flight_number, flight_date,
    additional_screening, outcome, text, supersedes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT ON CONSTRAINT note_supersedes DO NOTHING
RETURNING note_id"""


async def list_notes(
    connection: Connection, person_id: UUID, *, agency: str, sees_all: bool, after: UUID, count_max: int
) -> list[Note]:
    """Return a person's notes, oldest first, from behind the note `after`: one agency's, or with `sees_all` all."""
    return [_note(row) for row in await connection.fetch(LIST_NOTES, person_id, sees_all, agency, after, count_max)]


async def find_note(
    connection: Connection, person_id: UUID, note_id: UUID, *, agency: str, sees_all: bool
) -> Note | None:
    """Return one of the notes that `list_notes` lists."""
    row = await connection.fetchrow(FIND_NOTE, person_id, sees_all, agency, note_id)
    return _note(row) if row is not None else None


async def add_note(connection: Connection, note: Note, *, tip_id: UUID) -> bool:
    """Add a note; return False, adding nothing, when the one it supersedes was superseded by another."""
    added = await connection.fetchval(
        INSERT_NOTE,
        note.note_id,
        note.record_id,
        tip_id,
        note.created_at,
        note.author,
        note.agency,
        note.office,
        note.kind,
        note.flight_number,
        note.flight_date,
        note.additional_screening,
        note.outcome,
        note.text,
        note.supersedes,
    )
    return added is not None


def _note(row: Row) -> Note:
    return Note(**dict(row))
