"""Hand-offs of answers into risk assessments, and their follow-up."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.query.domain.handoff import FollowUp, Handoff, HandoffState, StepState
from services.query.handlers.handoffs import follow_up_handoff, get_handoff, hand_off, list_handoffs, list_steps
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, answer, create, cut, hash_of, read_id_cursor, read_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank


class HandoffRequest(Body):
    """Where an answer goes. Without a liaison officer the follow-up is by the local HSI office."""

    office: Annotated[str, Field(max_length=100), NotBlank()]
    reference: Annotated[str, Field(max_length=200), NotBlank()]
    """Of the risk assessment."""
    liaison: bool
    follow_up: FollowUp | None = None
    record_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)] | None = None
    """What was relied on; without it, all matches."""


class LocalOffice(BaseModel):
    """The HSI office to be asked."""

    office: str
    name: str | None
    phone: str | None


class HandoffShown(BaseModel):
    """A hand-off; `state` is how far its follow-up is."""

    handoff_id: UUID
    lookup_id: UUID
    created_at: datetime
    author: str
    agency: str
    office: str
    reference: str
    liaison: bool
    follow_up: FollowUp | None
    local_office: LocalOffice | None
    record_ids: list[UUID]
    state: HandoffState


class FollowUpRequest(Body):
    """What was done."""

    state: StepState
    note: Annotated[str, Field(max_length=4_000), NotBlank()] | None = None


class FollowUpShown(BaseModel):
    """A step of a follow-up."""

    step_id: UUID
    handoff_id: UUID
    created_at: datetime
    author: str
    state: StepState
    note: str | None


class HandoffWhole(HandoffShown):
    """A hand-off with the steps of its follow-up, oldest first."""

    follow_ups: list[FollowUpShown]


async def post_handoff(request: Request, lookup_id: UUID) -> Response:
    """Record that an answer went into a risk assessment."""
    call: Call = request.state.call
    body = await read_json(request, HandoffRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        handoff = await hand_off(
            desk_of(call), transaction, call.principal, call.context, lookup_id, **body.model_dump()
        )
        return 201, HandoffShown(**_described(handoff))

    return await create(call, work, request_hash=hash_of(body))


async def get_handoffs(request: Request, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT) -> Response:
    """List the hand-offs of the caller's agency or office, the newest first."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found = await list_handoffs(transaction, call.principal, before=read_id_cursor(cursor), count_max=limit + 1)
        shown, further = cut(found, limit, lambda handoff: [handoff.handoff_id])
        await call.record_view(transaction, "handoff", [handoff.handoff_id for handoff in shown])
    items = [HandoffShown(**_described(handoff)) for handoff in shown]
    return answer(Page[HandoffShown](items=items, cursor=further))


async def get_one_handoff(request: Request, handoff_id: UUID) -> Response:
    """Show a hand-off and how it was followed up."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        handoff = await get_handoff(transaction, call.principal, handoff_id)
        steps = await list_steps(transaction, handoff_id)
        await call.record_view(transaction, "handoff", [handoff_id])
    follow_ups = [FollowUpShown(**asdict(step)) for step in steps]
    return answer(HandoffWhole(**_described(handoff), follow_ups=follow_ups))


async def post_follow_up(request: Request, handoff_id: UUID) -> Response:
    """Add a step to a hand-off's follow-up."""
    call: Call = request.state.call
    body = await read_json(request, FollowUpRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        step = await follow_up_handoff(
            desk_of(call), transaction, call.principal, call.context, handoff_id, state=body.state, note=body.note
        )
        return 201, FollowUpShown(**asdict(step))

    return await create(call, work, request_hash=hash_of(body))


def _described(handoff: Handoff) -> dict[str, Any]:
    shown = {name: getattr(handoff, name) for name in HandoffShown.model_fields if name != "local_office"}
    local = handoff.local_office and LocalOffice(
        office=handoff.local_office, name=handoff.local_office_name, phone=handoff.local_office_phone
    )
    return {**shown, "local_office": local}
