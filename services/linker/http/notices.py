"""Notices in the inbox of the caller's agency or office: whom to call about which record, never about what value."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.linker.domain.deconflict import Contact, NoticeKind, Record, RecordKind, Unit
from services.linker.handlers.notices import acknowledge
from services.linker.http.desk import BODY_BYTES_MAX, decider_of, desk_of
from services.linker.store import inboxes
from services.linker.store.inboxes import ListedNotice
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, answer, create, cut, hash_of, read_id_cursor, read_optional_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank
from shared.security import Principal

NoticeState = Literal["unread", "acknowledged"]


class AcknowledgementRequest(Body):
    """What was noted, if anything."""

    note: Annotated[str, Field(max_length=1_000), NotBlank()] | None = None


class RecordShown(BaseModel):
    """A record by its ids alone: a look-up, or a tip and its lead, if it had one when the notice was raised."""

    kind: RecordKind
    id: UUID
    lead_id: UUID | None


class CounterpartShown(BaseModel):
    """Whom to call: an agency, or one of its offices. Name and phone are null where they are not known."""

    agency: str
    office: str | None
    name: str | None
    phone: str | None


class NoticeShown(BaseModel):
    """Another unit is after a value of this class, as its `reference` shows, and the caller's as `own_reference` does.

    In a dual-role warning the subject of the one tip and a victim of the other (`reference`) have one value.
    """

    notice_id: UUID
    kind: NoticeKind
    identifier_class: str
    counterpart: CounterpartShown
    reference: RecordShown
    own_reference: RecordShown
    raised_at: datetime
    state: NoticeState
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class AcknowledgementShown(BaseModel):
    """Who took note, and when."""

    notice_id: UUID
    state: NoticeState
    acknowledged_at: datetime
    acknowledged_by: str


async def get_notices(
    request: Request, state: NoticeState | None = None, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    """List the notices of the caller's unit, the newest first."""
    call: Call = request.state.call
    after = read_id_cursor(cursor)
    is_acknowledged = None if state is None else state == "acknowledged"
    async with call.transaction() as transaction:
        found = await inboxes.list_notices(
            transaction,
            _unit_of(call.principal),
            is_acknowledged=is_acknowledged,
            after=after,
            count_max=limit + 1,
        )
        listed, further = cut(found, limit, lambda notice: [notice.notice_id])
        await call.record_view(transaction, "notice", [notice.notice_id for notice in listed])
    contacts = desk_of(call).deconfliction.contacts
    return answer(Page[NoticeShown](items=[_shown(notice, contacts) for notice in listed], cursor=further))


async def post_acknowledgement(request: Request, notice_id: UUID) -> Response:
    """Take note of a notice for the caller's unit, once. The body may be left out."""
    call: Call = request.state.call
    body = await read_optional_json(request, AcknowledgementRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        decider, unit = decider_of(call), _unit_of(call.principal)
        taken = await acknowledge(transaction, desk_of(call), decider, unit, notice_id, note=body.note)
        return 201, AcknowledgementShown(
            notice_id=notice_id, state="acknowledged", acknowledged_at=taken.at, acknowledged_by=taken.by
        )

    return await create(call, work, request_hash=hash_of(body))


def _shown(notice: ListedNotice, contacts: Mapping[Unit, Contact]) -> NoticeShown:
    unit, taken = notice.counterpart, notice.acknowledged
    contact = contacts.get(unit, notice.contact)
    return NoticeShown(
        notice_id=notice.notice_id,
        kind=notice.kind,
        identifier_class=notice.type,
        counterpart=CounterpartShown(
            agency=unit.agency, office=unit.office or None, name=contact.name, phone=contact.phone
        ),
        reference=_record(notice.counterpart_record),
        own_reference=_record(notice.record),
        raised_at=notice.raised_at,
        state="acknowledged" if taken else "unread",
        acknowledged_at=taken.at if taken else None,
        acknowledged_by=taken.by if taken else None,
    )


def _record(record: Record) -> RecordShown:
    return RecordShown(kind=record.kind, id=record.record_id, lead_id=record.lead_id)


def _unit_of(principal: Principal) -> Unit:
    return Unit(principal.agency, principal.office or "")
