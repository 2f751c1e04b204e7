"""A note that an officer wrote on a record."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

NoteKind = Literal["targeting", "screening", "general"]


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it is kept. `record_id` is the record the officer named; `superseded_by` is known when read."""

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
    superseded_by: UUID | None = None
