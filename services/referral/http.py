"""The routes of referral. An agent sees and answers the own office's referrals; another office's are as if unknown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from services.referral import store
from services.referral.domain import lifecycle
from services.referral.domain.lifecycle import ResponseType
from services.referral.domain.referral import State
from services.referral.handlers import Desk
from services.referral.store import Referral
from shared.db.pool import Connection
from shared.events.linker import LeadPlace, LeadSubject
from shared.events.referral import ReferralAnsweredV1, ReferralRecalledV1, ReferralSentV1, ReferredTip
from shared.http import VIEW, Call, Cursor, Limit, Page, Route, answer, create, cut, hash_of, read_id_cursor, read_json
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank

BODY_BYTES_MAX = 16 * 1024
CODE_CHARS_MAX = 60

Words = Annotated[str, Field(max_length=2_000), NotBlank()]
Code = Annotated[str, Field(max_length=CODE_CHARS_MAX), NotBlank()]


class OfficeItem(BaseModel):
    """A field office."""

    code: str
    name: str
    kind: str
    phone: str
    regions: list[str]
    countries: list[str]


class ReferralItem(BaseModel):
    """A referral, without personal data."""

    referral_id: UUID
    version: int
    lead_id: UUID
    lead_version: int
    state: str
    office: str | None
    tier: str
    confidence: float
    reason: str
    alternatives: list[str]
    outcome: str | None
    tip_count: int
    evidence_expires_at: datetime | None
    opened_at: datetime
    changed_at: datetime


class ReferralDetail(ReferralItem):
    """A referral as its office works with it."""

    tips: list[ReferredTip]
    subjects: list[LeadSubject]
    places: list[LeadPlace]
    summary: str


class ResponseRequest(Body):
    """What an office answers."""

    response: Literal["acknowledged", "accepted", "declined", "reroute", "status", "closed"]
    reason: Words | None = None
    office: Code | None = None
    outcome: Code | None = None
    note: Words | None = None


class AssignmentRequest(Body):
    """Where a queued referral goes, and why."""

    office: Code
    reason: Words


class Answered(BaseModel):
    """The referral after a response."""

    referral_id: UUID
    version: int
    state: str
    office: str | None


async def list_offices(request: Request) -> Response:
    """List the field offices that referrals go to."""
    call: Call = request.state.call
    desk: Desk = call.edge.parts
    offices = desk.list_offices()
    async with call.transaction() as transaction:
        await call.record_view(transaction, "office", [office.code for office in offices])
    items = [
        OfficeItem(
            code=office.code,
            name=office.name,
            kind=office.kind,
            phone=office.phone,
            regions=list(office.regions),
            countries=list(office.countries),
        )
        for office in offices
    ]
    return answer(Page[OfficeItem](items=items, cursor=None))


async def list_referrals(
    request: Request,
    office: Annotated[str | None, Query(max_length=CODE_CHARS_MAX)] = None,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List referrals, oldest first: an agent those of the own office, others all or those of `office`."""
    call: Call = request.state.call
    after = read_id_cursor(cursor)
    own = call.principal.office
    async with call.transaction() as transaction:
        # Another office's referrals are as if there were none.
        is_foreign = own is not None and office not in {None, own}
        found = (
            []
            if is_foreign
            else await store.list_referrals(
                transaction, office=own or office, state=state, after=after, limit=limit + 1
            )
        )
        shown, following = cut(found, limit, lambda r: [r.facts.referral_id])
        await call.record_view(transaction, "referral", [r.facts.referral_id for r in shown])
    return answer(Page[ReferralItem](items=[ReferralItem(**_item(r)) for r in shown], cursor=following))


async def get_referral(request: Request, referral_id: UUID) -> Response:
    """Show a referral as its office works with it."""
    call: Call = request.state.call
    desk: Desk = call.edge.parts
    async with call.transaction() as transaction:
        referral = await desk.get(transaction, referral_id, call.principal)
        content = referral.facts.content
        along = {
            "tip": [tip.tip_id for tip in content.tips],
            "record": [subject.party_id for subject in content.subjects],
        }
        await call.record_view(transaction, "referral", [referral_id], along=along)
    return answer(
        ReferralDetail(
            **_item(referral),
            tips=list(content.tips),
            subjects=list(content.subjects),
            places=list(content.places),
            summary=content.summary,
        )
    )


async def post_response(request: Request, referral_id: UUID) -> Response:
    """Answer a referral for the office that has it."""
    call: Call = request.state.call
    desk: Desk = call.edge.parts
    body = await read_json(request, ResponseRequest, bytes_max=BODY_BYTES_MAX)
    response = lifecycle.Response(ResponseType(body.response), body.reason, body.office, body.outcome, body.note)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        referral = await desk.answer(transaction, referral_id, response, call.principal, call.context)
        return 201, _answered(referral)

    return await create(call, work, request_hash=hash_of(body))


async def post_assignment(request: Request, referral_id: UUID) -> Response:
    """Send a queued referral to an office."""
    call: Call = request.state.call
    desk: Desk = call.edge.parts
    body = await read_json(request, AssignmentRequest, bytes_max=BODY_BYTES_MAX)
    response = lifecycle.Response(ResponseType.REROUTE, reason=body.reason, office=body.office)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        referral = await desk.assign(transaction, referral_id, response, call.principal, call.context)
        return 201, _answered(referral)

    return await create(call, work, request_hash=hash_of(body))


def _item(referral: Referral) -> dict[str, Any]:
    facts = referral.facts
    return {
        "referral_id": facts.referral_id,
        "version": facts.version,
        "lead_id": facts.lead_id,
        "lead_version": facts.lead_version,
        "state": facts.state,
        "office": facts.office,
        "tier": facts.content.tier,
        "confidence": facts.confidence,
        "reason": facts.reason,
        "alternatives": list(facts.alternatives),
        "outcome": facts.outcome,
        "tip_count": facts.content.tip_count,
        "evidence_expires_at": facts.content.evidence_expires_at,
        "opened_at": referral.opened_at,
        "changed_at": referral.changed_at,
    }


def _answered(referral: Referral) -> Answered:
    facts = referral.facts
    return Answered(referral_id=facts.referral_id, version=facts.version, state=facts.state, office=facts.office)


OFFICES_HEAR = (ReferralSentV1, ReferralRecalledV1)
"""What offices are told at once: the one that has a referral now, and the one that had it."""
ROUTES = (
    Route("GET", "/v1/offices", list_offices, needs=("referral.read",), answers={200: Page[OfficeItem]}, records=VIEW),
    Route(
        "GET",
        "/v1/referrals",
        list_referrals,
        needs=("referral.read",),
        answers={200: Page[ReferralItem]},
        records=VIEW,
    ),
    Route(
        "GET",
        "/v1/referrals/{referral_id}",
        get_referral,
        needs=("referral.read",),
        answers={200: ReferralDetail},
        records=VIEW,
    ),
    Route(
        "POST",
        "/v1/referrals/{referral_id}/responses",
        post_response,
        needs=("referral.respond",),
        answers={201: Answered},
        records=(ReferralAnsweredV1,),
        follows=OFFICES_HEAR,
        takes=ResponseRequest,
    ),
    Route(
        "POST",
        "/v1/referrals/{referral_id}/assignments",
        post_assignment,
        needs=("lead.refer",),
        answers={201: Answered},
        records=(ReferralAnsweredV1,),
        follows=OFFICES_HEAR,
        takes=AssignmentRequest,
    ),
)
