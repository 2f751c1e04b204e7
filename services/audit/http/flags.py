"""What auditors look at first: flags of sensors, and look-ups that nothing on record explains."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.audit.domain.explain import STANDINGS, Kind, Standing
from services.audit.http.entries import Text, read_moment
from services.audit.store import flags as store
from services.audit.store.entries import INT8_MAX
from services.audit.store.flags import KeptFlag, KeptLookup, Within
from shared.http import Call, Cursor, Limit, Page, answer, read_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT, cut
from shared.http.types import Time

Sensor = Literal["bulk_view", "enumeration", "no_reason", "off_hours", "own_reason", "repeated", "self_lookup"]
FromAt = Annotated[Time | None, Query(alias="from")]
ToAt = Annotated[Time | None, Query(alias="to")]


class WindowShown(BaseModel):
    """From when to when; the end does not count in."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_at: datetime = Field(alias="from")
    to_at: datetime = Field(alias="to")


class FlagItem(BaseModel):
    """What a sensor says of a person and a window of time. `event_ids` are the first 20 of `count` that it rests on."""

    flag_id: UUID
    sensor: Sensor
    actor: str
    reason: str
    window: WindowShown
    event_ids: list[UUID]
    count: int


class ReasonShown(BaseModel):
    """What explains a look-up; `own` when nobody but whoever asked stands for it."""

    kind: Kind
    id: str
    own: bool


class LookupItem(BaseModel):
    """A look-up; whom it asked for stands in its event. Without `reasons` nothing on record explains it.

    `standing` is `unexplained`; `own_reason`, when only what whoever asked had said themselves explains it; `redress`,
    when its purpose is to answer a request for redress, which would not be on record; or `explained`.
    """

    lookup_id: UUID
    event_id: UUID
    actor: str
    agency: str
    office: str | None
    purpose: str
    reference: str
    occurred_at: datetime
    match_count: int
    standing: Standing
    reasons: list[ReasonShown]
    """The first 20."""


async def get_flags(
    request: Request,
    actor: Text = None,
    sensor: Sensor | None = None,
    from_at: FromAt = None,
    to_at: ToAt = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List what sensors flagged, the latest first; `from` and `to` choose windows that touch that time."""
    call: Call = request.state.call
    before = _flag_place(cursor)
    async with call.transaction() as transaction:
        within = Within(actor, from_at, to_at)
        found = await store.list_flags(transaction, within, sensor=sensor, before=before, limit=limit + 1)
        shown, following = cut(found, limit, lambda flag: [flag.to_at, flag.flag_id])
        await call.record_view(transaction, "flag", [flag.flag_id for flag in shown])
    return answer(Page[FlagItem](items=[_flag(flag) for flag in shown], cursor=following))


async def get_lookups(
    request: Request,
    actor: Text = None,
    explained: Literal["true", "false"] | None = None,
    standing: Standing | None = None,
    from_at: FromAt = None,
    to_at: ToAt = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List look-ups with what explains them: those that nothing does first, and the newest of each first.

    Then come those that only a reason of one's own explains, those for redress, and those that are explained;
    `standing` leaves one of these, `explained=false` the first three. Each stands on all pages as on the first.
    """
    call: Call = request.state.call
    standings = [
        each for each in STANDINGS if standing in (None, each) and explained in (None, _said(each == "explained"))
    ]
    after = _lookup_place(cursor)
    if after is not None:
        standings = [each for each in standings if STANDINGS.index(each) >= after.group]
    async with call.transaction() as transaction:
        moves = await store.count_moves(transaction) if after is None else after.moves
        found = await store.list_lookups(
            transaction,
            Within(actor, from_at, to_at),
            standings=standings,
            moves=moves,
            after=after.moment if after and STANDINGS[after.group] in standings else None,
            limit=limit + 1,
        )
        shown, following = cut(
            found, limit, lambda each: [moves, STANDINGS.index(each.standing), each.occurred_at, each.event_id]
        )
        await call.record_view(transaction, "lookup", [each.lookup_id for each in shown])
    return answer(Page[LookupItem](items=[_lookup(each) for each in shown], cursor=following))


def _flag_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    key = read_cursor(cursor, length=2)
    return None if key is None else read_moment(*key)


def _said(value: bool) -> str:
    return "true" if value else "false"


class _Place(NamedTuple):
    """Where a page begins: behind which look-up of which of `STANDINGS`, as they stood after how many moves."""

    moves: int
    group: int
    moment: tuple[datetime, UUID]


def _lookup_place(cursor: str | None) -> _Place | None:
    key = read_cursor(cursor, length=4)
    if key is None:
        return None
    moves, group, *moment = key
    if not isinstance(moves, int) or not isinstance(group, int):
        raise wrong_cursor()
    if not (0 <= moves <= INT8_MAX and 0 <= group < len(STANDINGS)):
        raise wrong_cursor()
    return _Place(moves, group, read_moment(*moment))


def _flag(flag: KeptFlag) -> FlagItem:
    return FlagItem.model_validate(
        {
            "flag_id": flag.flag_id,
            "sensor": flag.sensor,
            "actor": flag.actor_id,
            "reason": flag.reason,
            "window": {"from": flag.from_at, "to": flag.to_at},
            "event_ids": list(flag.event_ids),
            "count": flag.count,
        }
    )


def _lookup(lookup: KeptLookup) -> LookupItem:
    return LookupItem.model_validate(
        {
            "lookup_id": lookup.lookup_id,
            "event_id": lookup.event_id,
            "actor": lookup.actor_id,
            "agency": lookup.agency,
            "office": lookup.office or None,
            "purpose": lookup.purpose,
            "reference": lookup.reference,
            "occurred_at": lookup.occurred_at,
            "match_count": lookup.match_count,
            "standing": lookup.standing,
            "reasons": [{"kind": kind, "id": id_, "own": is_own} for kind, id_, is_own in lookup.reasons],
        }
    )
