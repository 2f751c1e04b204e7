"""Hand-offs of answers into risk assessments, and their follow-ups."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.query.domain.handoff import FollowUpState, Handoff, StepState
from services.query.handlers.handoffs import follow_up, get_handoff, list_handoffs, record_handoff
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from services.query.http.lookups import MATCHES_MAX, ContactShown, Reference
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, answer, create, cut, hash_of, read_id_cursor, read_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank


class HandoffRequest(Body):
    """Where an answer goes to. Without `record_ids`, all its matches were relied on."""

    office: Annotated[str, Field(max_length=100), NotBlank()]
    """The CBP office."""
    reference: Reference
    """Of the risk assessment."""
    liaison: bool
    """Whether CBP has an officer assigned as a liaison to the foreign service."""
    follow_up: Literal["local_hsi_office"] | None = None
    """Without a liaison there is a follow-up in any case."""
    record_ids: Annotated[list[UUID], Field(min_length=1, max_length=MATCHES_MAX)] | None = None


class FollowUpRequest(Body):
    """The next step of a follow-up."""

    state: StepState
    note: Annotated[str, Field(max_length=4_000), NotBlank()] | None = None


class StepShown(BaseModel):
    """A step that was taken."""

    state: StepState
    taken_at: datetime
    actor: str
    note: str | None


class HandoffShown(BaseModel):
    """A hand-off. `local_office` and `state` are null when there is nothing to follow up."""

    handoff_id: UUID
    lookup_id: UUID
    recorded_at: datetime
    actor: str
    agency: str
    from_office: str | None
    office: str
    reference: str
    liaison: bool
    record_ids: list[UUID]
    local_office: ContactShown | None
    state: FollowUpState | None
    steps: list[StepShown]


async def post_handoff(request: Request, lookup_id: UUID) -> Response:
    """Record that an answer went into a risk assessment."""
    call: Call = request.state.call
    body = await read_json(request, HandoffRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        handoff = await record_handoff(
            desk_of(call),
            transaction,
            call.principal,
            call.context,
            lookup_id,
            office=body.office,
            reference=body.reference,
            liaison=body.liaison,
            has_follow_up=body.follow_up is not None,
            record_ids=body.record_ids,
        )
        return 201, _shown(handoff)

    async def repeat(transaction: Connection, answered: bytes) -> BaseModel:
        return await _show_again(call, transaction, HandoffShown.model_validate_json(answered).handoff_id)

    return await create(call, work, request_hash=hash_of(body), repeat=repeat)


async def post_follow_up(request: Request, handoff_id: UUID) -> Response:
    """Take the next step of a hand-off's follow-up."""
    call: Call = request.state.call
    body = await read_json(request, FollowUpRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        handoff = await follow_up(
            desk_of(call), transaction, call.principal, call.context, handoff_id, state=body.state, note=body.note
        )
        return 201, _shown(handoff)

    async def repeat(transaction: Connection, _: bytes) -> BaseModel:
        return await _show_again(call, transaction, handoff_id)

    return await create(call, work, request_hash=hash_of(body), repeat=repeat)


async def get_handoffs(request: Request, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT) -> Response:
    """List the hand-offs of the caller's agency, the newest first."""
    call: Call = request.state.call
    before = read_id_cursor(cursor)
    async with call.transaction() as transaction:
        found = await list_handoffs(desk_of(call), transaction, call.principal, before=before, count_max=limit + 1)
        shown, further = cut(found, limit, lambda handoff: [handoff.handoff_id])
        record_ids = [id_ for handoff in shown for id_ in handoff.record_ids]
        await call.record_view(
            transaction, "handoff", [each.handoff_id for each in shown], along={"record": record_ids}
        )
    return answer(Page[HandoffShown](items=[_shown(handoff) for handoff in shown], cursor=further))


async def get_handoff_shown(request: Request, handoff_id: UUID) -> Response:
    """Show a hand-off of the caller's agency."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        shown = await _show_again(call, transaction, handoff_id)
    return answer(shown)


async def _show_again(call: Call, transaction: Connection, handoff_id: UUID) -> HandoffShown:
    handoff = await get_handoff(desk_of(call), transaction, call.principal, handoff_id)
    await call.record_view(transaction, "handoff", [handoff_id], along={"record": handoff.record_ids})
    return _shown(handoff)


def _shown(handoff: Handoff) -> HandoffShown:
    return HandoffShown.model_validate(handoff, from_attributes=True)
