"""Passenger lists: submitted, read with what is known of each passenger, and looked up again."""

import asyncio
import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from services.query.domain.manifest import ManifestState
from services.query.domain.passenger_list import MANIFEST_BYTES_MAX, PASSENGERS_MAX
from services.query.handlers.manifests import (
    Result,
    get_manifest,
    list_manifests,
    list_results,
    screen_again,
    state_now,
    submit_manifest,
)
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from services.query.http.lookups import MatchShown
from services.query.http.passenger_lists import media_type_of, reader_of, require_list
from services.query.store.manifests import KeptManifest
from shared.db.pool import Connection
from shared.http import (
    Call,
    Cursor,
    Limit,
    Page,
    answer,
    create,
    cut,
    hash_of,
    read_cursor,
    read_id_cursor,
    read_optional_json,
    wrong_cursor,
)
from shared.http.body import Body, read_bytes
from shared.http.page import PAGE_ITEMS_DEFAULT


class ManifestTaken(BaseModel):
    """The id under which a list can be read."""

    manifest_id: UUID


class ScreeningTaken(BaseModel):
    """That all passengers are looked up again."""

    manifest_id: UUID
    screening_id: UUID


class ProgressShown(BaseModel):
    """How many passengers were looked up, out of how many."""

    screened: int
    total: int


class ManifestShown(BaseModel):
    """A list: `waiting` until the first of its passengers is looked up, `ended` a day after the departure.

    `departs_at` is as given, maybe a local time; from `ends_at` on no alert is raised. `remarks` are of its reader.
    """

    manifest_id: UUID
    flight: str
    departs_at: str
    ends_at: datetime
    submitted_at: datetime
    submitted_by: str
    state: ManifestState
    progress: ProgressShown
    remarks: list[str]


class PassengerResult(BaseModel):
    """A passenger with the newest answer; it is null while they wait, and when nothing about them can be looked for."""

    traveller_ref: str
    kind: str
    name: str | None
    remarks: list[str]
    lookup_id: UUID | None
    answered_at: datetime | None
    matches: list[MatchShown] | None
    truncated: bool | None


class ManifestWhole(ManifestShown):
    """A list with a page of its passengers, in their order; `cursor` leads to the next."""

    results: list[PassengerResult]
    cursor: str | None


async def post_manifest(request: Request, flight: str | None = None, departs_at: str | None = None) -> Response:
    """Take a passenger list, whole or not at all. The parameters are for tables that do not have them as columns."""
    call: Call = request.state.call
    require_list(request)
    raw = await read_bytes(request, bytes_max=MANIFEST_BYTES_MAX)
    read = reader_of(request, raw, flight=flight, departs_at=departs_at)
    # Thousands of passengers take a second, in which others are served.
    manifest = await asyncio.to_thread(read, raw, desk_of(call).clock.now().date())
    told_apart = hashlib.sha256(f"{media_type_of(request)} {flight} {departs_at}\n".encode() + raw).digest()

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        manifest_id = await submit_manifest(desk_of(call), transaction, call.principal, call.context, manifest)
        return 202, ManifestTaken(manifest_id=manifest_id)

    return await create(call, work, request_hash=told_apart)


async def get_manifests(request: Request, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT) -> Response:
    """List the lists of the caller's agency, the newest first."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found = await list_manifests(transaction, call.principal, before=read_id_cursor(cursor), count_max=limit + 1)
        shown, further = cut(found, limit, lambda manifest: [manifest.manifest_id])
        await call.record_view(transaction, "manifest", [manifest.manifest_id for manifest in shown])
    items = [ManifestShown(**_described(call, manifest)) for manifest in shown]
    return answer(Page[ManifestShown](items=items, cursor=further))


async def get_manifest_results(
    request: Request, manifest_id: UUID, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    """Show a list of the caller's agency, its progress, and what the caller may be told of each passenger."""
    call: Call = request.state.call
    after = _place(cursor)
    async with call.transaction() as transaction:
        manifest = await get_manifest(transaction, call.principal, manifest_id)
        found = await list_results(
            desk_of(call), transaction, call.principal, manifest_id, after=after, count_max=limit + 1
        )
        shown, further = cut(found, limit, lambda result: [result.passenger.place])
        await call.record_view(transaction, "manifest", [manifest_id])
        lookup_ids = [result.passenger.lookup_id for result in shown if result.document]
        if lookup_ids:
            await call.record_view(transaction, "lookup", lookup_ids)
    results = [_result(result) for result in shown]
    return answer(ManifestWhole(**_described(call, manifest), results=results, cursor=further))


async def post_screening(request: Request, manifest_id: UUID) -> Response:
    """Have all passengers of a list looked up again, such as after arrival."""
    call: Call = request.state.call
    body = await read_optional_json(request, Body, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        screening_id = await screen_again(desk_of(call), transaction, call.principal, call.context, manifest_id)
        return 202, ScreeningTaken(manifest_id=manifest_id, screening_id=screening_id)

    return await create(call, work, request_hash=hash_of(body))


def _place(cursor: str | None) -> int:
    key = read_cursor(cursor, length=1)
    if key is None:
        return 0
    if not isinstance(key[0], int) or not 0 <= key[0] <= PASSENGERS_MAX:
        raise wrong_cursor()
    return key[0]


def _described(call: Call, manifest: KeptManifest) -> dict[str, Any]:
    return {
        "manifest_id": manifest.manifest_id,
        "flight": manifest.flight,
        "departs_at": manifest.departs_at,
        "ends_at": manifest.ends_at,
        "submitted_at": manifest.submitted_at,
        "submitted_by": manifest.submitted_by,
        "state": state_now(desk_of(call), manifest),
        "progress": asdict(manifest.progress),
        "remarks": manifest.remarks,
    }


def _result(result: Result) -> PassengerResult:
    passenger, document = result.passenger, result.document or {}
    return PassengerResult.model_validate(
        {
            "traveller_ref": passenger.traveller_ref,
            "kind": passenger.kind,
            "name": passenger.asked.name if passenger.asked else None,
            "remarks": passenger.remarks,
            "lookup_id": document.get("lookup_id"),
            "answered_at": document.get("answered_at"),
            "matches": document.get("matches"),
            "truncated": document.get("truncated"),
        }
    )
