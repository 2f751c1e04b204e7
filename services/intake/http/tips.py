"""Routes of single tips and of sources. A source sees its own; another's is as if unknown."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel

from services.intake import store
from services.intake.domain.tip import State, Status
from services.intake.handlers.take import Given, Taken, take_tips
from services.intake.http.answers import (
    SourceItem,
    TipDetail,
    TipItem,
    TipTaken,
    source_item,
    tip_detail,
    tip_item,
)
from services.intake.http.desk import Post
from services.intake.http.forms import TipForm
from services.intake.http.reading import Parts, read_raw, read_tip
from services.intake.store import StoredTip
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.events.activity import TipRepeatedV1
from shared.events.intake import TipAmendedV1, TipReceivedV1
from shared.http import VIEW, Call, Page, Route, answer, create, cut, read_cursor, read_id_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX

VERSIONS_SHOWN = 100
INT_MAX = 2_147_483_647
TIERS = ("", "T0", "T1", "T2", "T3", "T4")
"""In the order of the review queue: what the linker has not yet looked at comes first, for its seconds."""


async def post_tip(request: Request) -> Response:
    call: Call = request.state.call
    parts: Parts = call.edge.parts
    submission = read_tip(await read_raw(request), call.principal, await parts.sources.kinds(call.edge.pool))

    if call.idempotency_key() is None:
        return answer(*_answered(await parts.desk.take(Post(call, submission))))

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        given = [Given(submission, call.context)]
        taken = await take_tips(transaction, given, clock=call.edge.clock, outbox=call.edge.outbox)
        body, status = _answered(taken[0])
        return status, body

    return await create(call, work, request_hash=submission.digest)


def _answered(taken: Taken) -> tuple[TipTaken, int]:
    status = 200 if taken.status is Status.DUPLICATE else 202
    return TipTaken(tip_id=taken.tip_id, version=taken.version, status=taken.status), status


async def get_tip(
    request: Request,
    tip_id: Annotated[UUID, Path()],
    version: Annotated[int | None, Query(ge=1, le=INT_MAX)] = None,
) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        tip = await store.find_tip(transaction, tip_id, source=call.principal.source, version=version)
        if tip is None:
            raise NotFound("there is no such tip")
        versions = await store.list_versions(transaction, tip_id, limit=VERSIONS_SHOWN)
        to_source = call.principal.source is not None
        shown = tip_detail(tip, versions, shown_version=version or tip.version, to_source=to_source)
        party_ids = [party.party_id for party in shown.parties]
        await call.record_view(transaction, "tip", [tip_id], along={"record": party_ids})
    return answer(shown)


async def list_tips(
    request: Request,
    state: Annotated[State | None, Query()] = None,
    cursor: Annotated[str | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_ITEMS_MAX)] = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List tips as they arrived; to people, those that await review are listed the most urgent first.

    What is told or amended while someone pages may move: then a tip is listed twice, or stands before the page.
    """
    call: Call = request.state.call
    source = call.principal.source
    is_queue = source is None and state is State.AWAITING_REVIEW
    place: Callable[[StoredTip], list[Any]] = _queue_place if is_queue else _place
    async with call.transaction() as transaction:
        if is_queue:
            found = await store.list_queue(transaction, after=_read_queue_cursor(cursor), limit=limit + 1)
        else:
            after = read_id_cursor(cursor)
            found = await store.list_tips(transaction, source=source, state=state, after=after, limit=limit + 1)
        shown, following = cut(found, limit, place)
        await call.record_view(transaction, "tip", [tip.tip_id for tip in shown])
    items = [tip_item(tip, to_source=source is not None) for tip in shown]
    return answer(Page[TipItem](items=items, cursor=following))


def _place(tip: StoredTip) -> list[Any]:
    return [tip.tip_id]


def _queue_place(tip: StoredTip) -> list[Any]:
    return [tip.tier, tip.tip_id]


def _read_queue_cursor(cursor: str | None) -> tuple[str, UUID] | None:
    key = read_cursor(cursor, length=2)
    if key is None:
        return None
    tier, tip_id = str(key[0]), str(key[1])
    if tier not in TIERS:
        raise wrong_cursor()
    try:
        return tier, UUID(tip_id)
    except ValueError as error:
        raise wrong_cursor() from error


async def list_sources(request: Request) -> Response:
    call: Call = request.state.call
    async with call.transaction() as transaction:
        rows = await store.list_sources(transaction, source=call.principal.source)
        await call.record_view(transaction, "source", [row["name"] for row in rows])
    return answer(Page[SourceItem](items=[source_item(row) for row in rows], cursor=None))


ROUTES = (
    Route(
        "POST",
        "/v1/tips",
        post_tip,
        needs=("tip.submit", "tip.enter"),
        answers={202: TipTaken, 200: TipTaken},
        records=(TipReceivedV1, TipAmendedV1, TipRepeatedV1),
        takes=TipForm,
    ),
    Route("GET", "/v1/tips", list_tips, needs=("tip.read",), answers={200: Page[TipItem]}, records=VIEW),
    Route("GET", "/v1/tips/{tip_id}", get_tip, needs=("tip.read",), answers={200: TipDetail}, records=VIEW),
    Route("GET", "/v1/sources", list_sources, needs=("tip.read",), answers={200: Page[SourceItem]}, records=VIEW),
)
