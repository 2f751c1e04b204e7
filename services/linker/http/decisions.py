"""Judgements on two tips, tiers set by hand, held leads released: each takes effect before it is answered."""

from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from services.linker.handlers.decide import Decider, judge, prioritise, withdraw
from services.linker.handlers.release import release, silence
from services.linker.handlers.turn import Desk
from services.linker.http.models import (
    JudgementRequest,
    PriorityRequest,
    PriorityShown,
    ReleaseRequest,
    SilenceRequest,
    SilenceShown,
    WithdrawalRequest,
    judgement_of,
    release_of,
)
from shared.db.pool import Connection
from shared.errors import FieldError, Rejected
from shared.http import Call, create, hash_of, read_json
from shared.http.body import JSON, parse_json, read_bytes, require_media_type

BODY_BYTES_MAX = 16 * 1024


async def post_judgement(request: Request) -> Response:
    """Record whether two tips are about the same person; clusters and leads follow at once."""
    call: Call = request.state.call
    body = await read_json(request, JudgementRequest, bytes_max=BODY_BYTES_MAX)
    if body.left_tip_id == body.right_tip_id:
        error = FieldError(("right_tip_id",), "must be another tip than left_tip_id")
        raise Rejected("a judgement is about two tips", errors=[error])

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        judgement = await judge(
            transaction,
            _desk(call),
            _decider(call),
            body.left_tip_id,
            body.right_tip_id,
            body.decision,
            reason=body.reason,
        )
        return 201, judgement_of(judgement, withdrawn=False)

    return await create(call, work, request_hash=hash_of(body))


async def post_withdrawal(request: Request, judgement_id: UUID) -> Response:
    """Take a judgement back; the one before it on the same two tips counts again. The body may be left out."""
    call: Call = request.state.call
    raw = await read_bytes(request, bytes_max=BODY_BYTES_MAX)
    if raw:
        require_media_type(request, JSON)
    body = parse_json(raw or b"{}", WithdrawalRequest)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        judgement = await withdraw(transaction, _desk(call), _decider(call), judgement_id, reason=body.reason)
        return 201, judgement_of(judgement, withdrawn=True)

    return await create(call, work, request_hash=hash_of(body))


async def post_priority(request: Request, lead_id: UUID) -> Response:
    """Set a lead's tier by hand, or let its tips decide again."""
    call: Call = request.state.call
    body = await read_json(request, PriorityRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        done = await prioritise(transaction, _desk(call), _decider(call), lead_id, body.tier, reason=body.reason)
        return 201, PriorityShown(lead_id=done.lead_id, tier=done.tier, decided_at=done.decided_at)

    return await create(call, work, request_hash=hash_of(body))


async def post_release(request: Request, lead_id: UUID) -> Response:
    """Let a held lead go on."""
    call: Call = request.state.call
    body = await read_json(request, ReleaseRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        return 201, release_of(await release(transaction, _desk(call), _decider(call), lead_id, reason=body.reason))

    return await create(call, work, request_hash=hash_of(body))


async def post_silence(request: Request, lead_id: UUID) -> Response:
    """Let nobody but its holder learn of a lead, or let others do so again."""
    call: Call = request.state.call
    body = await read_json(request, SilenceRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        done = await silence(transaction, _desk(call), _decider(call), lead_id, silent=body.silent, reason=body.reason)
        return 201, SilenceShown.model_validate(done)

    return await create(call, work, request_hash=hash_of(body))


def _desk(call: Call) -> Desk:
    desk: Desk = call.edge.parts
    return desk


def _decider(call: Call) -> Decider:
    return Decider(call.principal.id, call.context)
