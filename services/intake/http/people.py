"""Routes by which people review tips and record research. Only those who may write them may read them."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel

from services.intake import store
from services.intake.domain.tip import Verdict
from services.intake.handlers.decide import Decider
from services.intake.http.answers import (
    ResearchItem,
    ResearchTaken,
    ReviewItem,
    ReviewTaken,
    research_item,
    review_item,
)
from services.intake.http.forms import ResearchForm, ReviewForm
from services.intake.http.reading import read_form
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.events.intake import ResearchRecordedV1, TipReviewedV1
from shared.http import VIEW, Call, Page, Route, answer, create, cursor_of, hash_of
from shared.http.page import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, read_cursor

Numbered = Callable[..., Awaitable[list[tuple[int, bytes]]]]
TipId = Annotated[UUID, Path()]
Cursor = Annotated[str | None, Query()]
Limit = Annotated[int, Query(ge=1, le=PAGE_ITEMS_MAX)]


async def post_review(request: Request, tip_id: TipId) -> Response:
    call: Call = request.state.call
    form, _ = await read_form(request, ReviewForm)
    verdict = Verdict(form.plausible, form.verifiable, form.illegal_if_verified)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        decider = Decider(transaction, call.context, call.edge.clock, call.edge.outbox)
        done = await decider.review_tip(tip_id, verdict, form.reason, tip_version=form.tip_version)
        return 201, ReviewTaken(review_id=done.review_id, number=done.number, decision=done.decision)

    return await create(call, work, request_hash=hash_of(form))


async def post_research(request: Request, tip_id: TipId) -> Response:
    call: Call = request.state.call
    form, found = await read_form(request, ResearchForm)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        decider = Decider(transaction, call.context, call.edge.clock, call.edge.outbox)
        done = await decider.record_research(tip_id, found)
        return 201, ResearchTaken(research_id=done.research_id, number=done.number)

    return await create(call, work, request_hash=hash_of(form))


async def list_reviews(
    request: Request, tip_id: TipId, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found, following = await _list(transaction, tip_id, store.list_reviews, cursor, limit)
        items = [review_item(event) for event in found]
        await call.record_view(transaction, "review", [item.review_id for item in items], along={"tip": [tip_id]})
    return answer(Page[ReviewItem](items=items, cursor=following))


async def list_research(
    request: Request, tip_id: TipId, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found, following = await _list(transaction, tip_id, store.list_research, cursor, limit)
        items = [research_item(event) for event in found]
        along = {"tip": [tip_id], "record": [party.party_id for item in items for party in item.parties]}
        await call.record_view(transaction, "research", [item.research_id for item in items], along=along)
    return answer(Page[ResearchItem](items=items, cursor=following))


async def _list(
    transaction: Connection, tip_id: UUID, read: Numbered, cursor: str | None, limit: int
) -> tuple[list[bytes], str | None]:
    """Return the events of one page of a tip's reviews or research results, and the cursor behind it."""
    key = read_cursor(cursor, length=1)
    after = key[0] if key and isinstance(key[0], int) else 0
    if not await store.has_tip(transaction, tip_id):
        raise NotFound("there is no such tip")
    found = await read(transaction, tip_id, after=after, limit=limit + 1)
    shown = found[:limit]
    return [event for _, event in shown], cursor_of([shown[-1][0]]) if len(found) > limit else None


ROUTES = (
    Route(
        "POST",
        "/v1/tips/{tip_id}/reviews",
        post_review,
        needs=("tip.review",),
        answers={201: ReviewTaken},
        records=(TipReviewedV1,),
        takes=ReviewForm,
    ),
    Route(
        "GET",
        "/v1/tips/{tip_id}/reviews",
        list_reviews,
        needs=("tip.review",),
        answers={200: Page[ReviewItem]},
        records=VIEW,
    ),
    Route(
        "POST",
        "/v1/tips/{tip_id}/research",
        post_research,
        needs=("research.enter",),
        answers={201: ResearchTaken},
        records=(ResearchRecordedV1,),
        takes=ResearchForm,
    ),
    Route(
        "GET",
        "/v1/tips/{tip_id}/research",
        list_research,
        needs=("research.enter",),
        answers={200: Page[ResearchItem]},
        records=VIEW,
    ),
)
