"""Passenger lists: submitted, read with what is known of each passenger, and looked up again."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.query.domain.manifest import (
    FLIGHT_CHARS_MAX,
    Departure,
    Manifest,
    ManifestState,
    Passenger,
    read_departure,
)
from services.query.domain.passenger_list.paxlst import PASSENGERS_MAX, read_paxlst
from services.query.domain.passenger_list.table import COLUMNS, read_table
from services.query.domain.question import read_question
from services.query.handlers.manifests import (
    Result,
    get_manifest,
    list_manifests,
    list_results,
    screen_again,
    state_now,
    submit_manifest,
)
from services.query.http.batches import TravellerRef
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from services.query.http.lookups import MatchShown, PersonAsked, told_of
from services.query.store.manifests import KeptManifest
from shared.db.pool import Connection
from shared.errors import FieldError, Rejected
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
from shared.http.body import ERRORS_MAX, JSON, Body, parse_json, read_bytes, require_media_type
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank

MANIFEST_BYTES_MAX = 8 * 1024 * 1024
CSV = "text/csv"
EDIFACT = ("application/edifact", "text/plain")
"""A passenger list as airlines send it; the charset is named in the list itself."""

OTHER_LISTS = {
    CSV: {
        "schema": {
            "type": "string",
            "description": f"UTF-8; commas, semicolons or tabs part the cells (RFC 4180). The first line names the "
            f"columns, in any order: {', '.join(COLUMNS)}. Flight and departure may be given in the query instead.",
        }
    },
    **{
        media_type: {"schema": {"type": "string", "description": "A UN/EDIFACT PAXLST message, in its own charset."}}
        for media_type in EDIFACT
    },
}
"""What a list may come as but JSON, as OpenAPI describes it."""

FlightNumber = Annotated[str, Field(max_length=FLIGHT_CHARS_MAX), NotBlank()]


class PassengerForm(PersonAsked):
    """A person on the list; without a reference they are called by their place, counted from 1."""

    traveller_ref: TravellerRef | None = None


class ManifestForm(Body):
    """A passenger list in JSON."""

    flight: FlightNumber
    departs_at: str
    """RFC 3339; without an offset it is a local time."""
    passengers: Annotated[list[PassengerForm], Field(min_length=1, max_length=PASSENGERS_MAX)]


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


async def post_manifest(
    request: Request, flight: FlightNumber | None = None, departs_at: Annotated[str | None, Field(max_length=40)] = None
) -> Response:
    """Take a passenger list, whole or not at all; flight and departure may be given beside a table that lacks them."""
    call: Call = request.state.call
    read = _reader_of(request, flight, departs_at)
    raw = await read_bytes(request, bytes_max=MANIFEST_BYTES_MAX)
    # Thousands of passengers take a second, in which others are served.
    manifest = await asyncio.to_thread(read, call, raw)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        manifest_id = await submit_manifest(desk_of(call), transaction, call.principal, call.context, manifest)
        return 202, ManifestTaken(manifest_id=manifest_id)

    beside = f"{flight}\n{departs_at}\n".encode()
    return await create(call, work, request_hash=hashlib.sha256(beside + raw).digest())


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
        documents = [result.document for result in shown if result.document]
        along = {"lookup": [document["lookup_id"] for document in documents], **told_of(documents)}
        await call.record_view(transaction, "manifest", [manifest_id], along=along)
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


Reader = Callable[[Call, bytes], Manifest]


def _reader_of(request: Request, flight: str | None, departs_at: str | None) -> Reader:
    """Return what reads the body, by its declared type; raises `Rejected` for a type that is not taken."""
    match require_media_type(request, JSON, CSV, *EDIFACT, names_charset=True):
        case media_type if media_type in EDIFACT:
            return lambda call, raw: read_paxlst(raw, today=_today(call))
        case media_type if media_type == CSV:
            require_media_type(request, CSV)
            return lambda call, raw: read_table(raw, flight=flight, departs_at=departs_at, today=_today(call))
    require_media_type(request, JSON)
    return _read_json


def _today(call: Call) -> date:
    return call.edge.clock.now().date()


def _read_json(call: Call, raw: bytes) -> Manifest:
    form = parse_json(raw, ManifestForm)
    faults: list[FieldError] = []
    passengers = [
        Passenger(each.traveller_ref or str(place), "passenger", each.asked)
        for place, each in enumerate(form.passengers, 1)
    ]
    try:
        departure = read_departure(form.departs_at)
    except ValueError as error:
        faults.append(FieldError(("departs_at",), str(error)))
        departure = Departure(form.departs_at, call.edge.clock.now())
    faults += _faults_of(call, passengers)
    if faults:
        raise Rejected("some fields are not valid", errors=faults[:ERRORS_MAX])
    return Manifest("json", form.flight, departure, tuple(passengers))


def _faults_of(call: Call, passengers: list[Passenger]) -> list[FieldError]:
    """Return what is wrong with passengers of whom everything must be readable."""
    today = call.edge.clock.now().date()
    faults: list[FieldError] = []
    met: set[str] = set()
    for place, passenger in enumerate(passengers):
        if passenger.traveller_ref in met:
            faults.append(FieldError(("passengers", place, "traveller_ref"), "is that of another passenger too"))
        met.add(passenger.traveller_ref)
        assert passenger.asked is not None
        try:
            read_question(passenger.asked, today=today)
        except Rejected as error:
            faults += [FieldError(("passengers", place, *fault.loc), fault.msg) for fault in error.errors]
    return faults


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
