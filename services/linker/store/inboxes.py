"""Notices as those see them whom they tell, and that they took note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.domain.deconflict import Acknowledgement, Contact, Notice, NoticeKind, Record, Side, Unit
from shared.db.pool import Connection, Row

LIST_NOTICES = """
SELECT notice.notice_id, notice.kind, notice.type, notice.raised_at,
    mine.record_kind, mine.record_id, mine.lead_id,
    theirs.agency, theirs.office, theirs.record_kind AS their_kind, theirs.record_id AS their_id,
    theirs.lead_id AS their_lead_id, contact.name, contact.phone, taken.acknowledged_by, taken.acknowledged_at
FROM notice_side AS mine
    JOIN notice ON notice.notice_id = mine.notice_id
    JOIN notice_side AS theirs ON theirs.notice_id = mine.notice_id AND theirs.side <> mine.side
    LEFT JOIN office_contact AS contact ON theirs.agency = 'ICE' AND contact.office = theirs.office
    LEFT JOIN acknowledgement AS taken ON taken.notice_id = mine.notice_id AND taken.side = mine.side
WHERE mine.agency = $1 AND mine.office = $2 AND mine.is_told
    AND ($3::boolean IS NULL OR (taken.notice_id IS NOT NULL) = $3)
    AND ($4::uuid IS NULL OR mine.notice_id < $4)
ORDER BY mine.notice_id DESC
LIMIT $5"""
LOCK_NOTICE = "SELECT notice_id, kind, type, raised_at, until FROM notice WHERE notice_id = $1 FOR UPDATE"
SELECT_SIDES = """
SELECT side.agency, side.office, side.is_told, side.record_kind, side.record_id, side.lead_id,
    taken.acknowledged_by, taken.acknowledged_at
FROM notice_side AS side
    LEFT JOIN acknowledgement AS taken ON taken.notice_id = side.notice_id AND taken.side = side.side
WHERE side.notice_id = $1
ORDER BY side.side"""
ADD_ACKNOWLEDGEMENT = """
INSERT INTO acknowledgement (notice_id, side, acknowledged_by, acknowledged_at, note)
SELECT notice_id, side, $4, $5, $6 FROM notice_side
WHERE notice_id = $1 AND agency = $2 AND office = $3 AND is_told"""


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice in the inbox of a unit: its own record, the counterpart and its record, and whom to call there."""

    notice_id: UUID
    kind: NoticeKind
    type: str
    raised_at: datetime
    record: Record
    counterpart: Unit
    counterpart_record: Record
    contact: Contact
    acknowledged: Acknowledgement | None


async def list_notices(
    transaction: Connection, unit: Unit, *, is_acknowledged: bool | None, after: UUID | None, count_max: int
) -> Sequence[ListedNotice]:
    """Return notices that tell a unit, the newest first; those behind `after`, in the state asked for if one is."""
    rows = await transaction.fetch(LIST_NOTICES, *unit, is_acknowledged, after, count_max)
    return [
        ListedNotice(
            notice_id=row["notice_id"],
            kind=row["kind"],
            type=row["type"],
            raised_at=row["raised_at"],
            record=Record(row["record_kind"], row["record_id"], row["lead_id"]),
            counterpart=Unit(row["agency"], row["office"]),
            counterpart_record=Record(row["their_kind"], row["their_id"], row["their_lead_id"]),
            contact=Contact(row["name"], row["phone"]),
            acknowledged=_acknowledged(row),
        )
        for row in rows
    ]


async def lock_notice(transaction: Connection, notice_id: UUID) -> Notice | None:
    """Return a notice; nobody else takes note of it until this transaction ends."""
    row = await transaction.fetchrow(LOCK_NOTICE, notice_id)
    if row is None:
        return None
    left, right = [_side(each) for each in await transaction.fetch(SELECT_SIDES, notice_id)]
    return Notice(row["notice_id"], row["kind"], row["type"], left, right, row["raised_at"], row["until"])


async def add_acknowledgement(
    transaction: Connection, notice_id: UUID, unit: Unit, taken: Acknowledgement, *, note: str | None
) -> None:
    """Store that a unit, which the notice tells, took note."""
    await transaction.execute(ADD_ACKNOWLEDGEMENT, notice_id, *unit, taken.by, taken.at, note)


def _side(row: Row) -> Side:
    record = Record(row["record_kind"], row["record_id"], row["lead_id"])
    return Side(Unit(row["agency"], row["office"]), record, row["is_told"], _acknowledged(row))


def _acknowledged(row: Row) -> Acknowledgement | None:
    at = row["acknowledged_at"]
    return Acknowledgement(row["acknowledged_by"], at) if at is not None else None
