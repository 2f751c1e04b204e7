"""Judgements on two tips, tiers set by hand, held leads released: each takes effect before it is answered."""

from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from services.linker.handlers.decide import judge, prioritise, withdraw
from services.linker.handlers.release import release, silence
from services.linker.http.desk import BODY_BYTES_MAX, decider_of, desk_of
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
from shared.http import Call, create, hash_of, read_json, read_optional_json


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
            desk_of(call),
            decider_of(call),
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
    body = await read_optional_json(request, WithdrawalRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        judgement = await withdraw(transaction, desk_of(call), decider_of(call), judgement_id, reason=body.reason)
        return 201, judgement_of(judgement, withdrawn=True)

    return await create(call, work, request_hash=hash_of(body))


async def post_priority(request: Request, lead_id: UUID) -> Response:
    """Set a lead's tier by hand, or let its tips decide again."""
    call: Call = request.state.call
    body = await read_json(request, PriorityRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        done = await prioritise(transaction, desk_of(call), decider_of(call), lead_id, body.tier, reason=body.reason)
        return 201, PriorityShown(lead_id=done.lead_id, tier=done.tier, decided_at=done.decided_at)

    return await create(call, work, request_hash=hash_of(body))


async def post_release(request: Request, lead_id: UUID) -> Response:
    """Let a held lead go on."""
    call: Call = request.state.call
    body = await read_json(request, ReleaseRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        return 201, release_of(await release(transaction, desk_of(call), decider_of(call), lead_id, reason=body.reason))

    return await create(call, work, request_hash=hash_of(body))


async def post_silence(request: Request, lead_id: UUID) -> Response:
    """Let nobody but its holder learn of a lead, or let others do so again."""
    call: Call = request.state.call
    body = await read_json(request, SilenceRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        done = await silence(
            transaction, desk_of(call), decider_of(call), lead_id, silent=body.silent, reason=body.reason
        )
        return 201, SilenceShown.model_validate(done)

    return await create(call, work, request_hash=hash_of(body))
