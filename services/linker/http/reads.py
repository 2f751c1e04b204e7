"""Links of a tip, the export of clusters, leads. Whatever is shown of them is on record first."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from services.linker.domain.links import Link
from services.linker.domain.priority import Tier
from services.linker.domain.rules import STRENGTHS
from services.linker.domain.snapshot import LeadState
from services.linker.handlers.show import show_graph, show_lead, show_links
from services.linker.http.desk import desk_of
from services.linker.http.models import LeadShown, LinkShown, graph_of, link_of, listed_lead_of, whole_lead_of
from services.linker.store import shown
from services.linker.store.shown import LeadFilter
from shared.db.pool import Pool
from shared.http import Call, Cursor, Limit, Page, answer, cut, read_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import DIGITS
from shared.security import Principal

DAYS_MAX = 3_650
SEES_ALL = "link.read"
"""Whoever may look into links may see every lead; an agent, who may not, sees those of the own office."""
NO_OFFICE = ""


async def get_links(
    request: Request, tip_id: UUID, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    """List the links of a tip, the strongest first, each with its reasons."""
    call: Call = request.state.call
    after = read_cursor(cursor, length=3)
    if after is not None and [type(part) for part in after] != [int, int, str]:
        raise wrong_cursor()
    async with call.transaction() as transaction:
        links = await show_links(transaction, tip_id, desk=desk_of(call))
        left = [link for link in links if after is None or _place(link) > after]
        listed, further = cut(left, limit, _place)
        await call.record_view(transaction, "tip", [tip_id, *(link.tip_id for link in listed)])
    return answer(Page[LinkShown](items=[link_of(link) for link in listed], cursor=further))


async def get_clusters(request: Request) -> Response:
    """Stream the cluster of every tip, all as of one moment."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        await call.record_export(transaction, "cluster", count=await shown.count_tips(transaction))
    return StreamingResponse(cluster_lines(call.edge.pool), media_type="application/x-ndjson")


async def get_leads(
    request: Request,
    tier: Tier | None = None,
    state: LeadState | None = None,
    perishing_in_days: Annotated[int | None, Query(ge=0, le=DAYS_MAX), DIGITS] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List the leads that stand, the most urgent first, then the oldest.

    `perishing_in_days`: those whose earliest evidence expires between now and then, within a tier the first to expire
    before the others. What is closed needs nobody's hurry: it is listed only with `state=closed`.
    """
    call: Call = request.state.call
    now = call.edge.clock.now()
    expires = (now, now + timedelta(days=perishing_in_days)) if perishing_in_days is not None else None
    wanted = LeadFilter(tier=tier, state=state, expires=expires, office=_office_of(call.principal))
    after = _read_lead_cursor(cursor)
    async with call.transaction() as transaction:
        found = await shown.list_leads(transaction, wanted, after, count_max=limit + 1)
        listed, further = cut(found, limit, lambda lead: lead.place)
        items = [listed_lead_of(each) for each in listed]
        await call.record_view(transaction, "lead", [lead.lead_id for lead in items], along=_within(items))
    return answer(Page[LeadShown](items=items, cursor=further))


async def get_lead(request: Request, lead_id: UUID) -> Response:
    """Show a lead with all that speaks for it; an absorbed lead's id shows the lead that absorbed it."""
    call: Call = request.state.call
    office = _office_of(call.principal)
    async with call.transaction() as transaction:
        whole = await show_lead(transaction, lead_id, office=office, desk=desk_of(call))
        lead = whole_lead_of(whole)
        await call.record_view(transaction, "lead", [lead.lead_id], along=_within([lead]))
    return answer(lead)


async def get_graph(request: Request, lead_id: UUID) -> Response:
    """Show a lead's tips and the values they share as a graph."""
    call: Call = request.state.call
    office = _office_of(call.principal)
    async with call.transaction() as transaction:
        graph = await show_graph(transaction, lead_id, office=office, desk=desk_of(call))
        tip_ids = [tip.tip_id for tip in graph.members]
        await call.record_view(transaction, "lead", [graph.lead.lead_id], along={"tip": tip_ids})
    return answer(graph_of(graph))


async def cluster_lines(pool: Pool) -> AsyncIterator[bytes]:
    """Yield the export some lines at a time, at the reader's pace; a reader slower than 30 s a step is given up."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        async for rows in shown.stream_clusters(connection):
            yield b"".join(orjson.dumps(dict(row), default=str, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _within(leads: Sequence[LeadShown]) -> dict[str, list[UUID]]:
    """Return what leads show of tips and of the people in them, by kind, for the record."""
    return {
        "tip": [tip.tip_id for lead in leads for tip in lead.tips],
        "record": [subject.party_id for lead in leads for subject in lead.subjects],
    }


def _place(link: Link) -> list[str | int]:
    """Return where a link stands in the list: what `show_links` sorts by, its weight in hundredths of a bit."""
    return [STRENGTHS.index(link.strength), -round(100 * link.weight), str(link.tip_id)]


def _read_lead_cursor(cursor: str | None) -> tuple[str, datetime, UUID] | None:
    key = read_cursor(cursor, length=3)
    if key is None:
        return None
    tier, place_at, lead_id = (str(part) for part in key)
    try:
        place = tier, datetime.fromisoformat(place_at), UUID(lead_id)
    except ValueError as error:
        raise wrong_cursor() from error
    if place[1].tzinfo is None or "\x00" in tier:
        raise wrong_cursor()
    return place


def _office_of(principal: Principal) -> str | None:
    """Return the office whose leads the caller may see, None when all of them."""
    return None if principal.can(SEES_ALL) else principal.office or NO_OFFICE
