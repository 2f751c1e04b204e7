"""Events on record: the list, an actor's day, and who was shown a record."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from services.audit.domain.record import FACTS_BYTES_MAX
from services.audit.handlers.entries import Told, list_timeline, list_views
from services.audit.store import entries as store
from services.audit.store.entries import INT8_MAX, Filters, Listed, Moment, Place
from shared.db.pool import Connection
from shared.http import Call, Cursor, Limit, Page, answer, read_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT, cut
from shared.http.types import Day, Time, read_time

PARTITION_MAX = 2**31 - 1
ID_PATTERN = r"^[^\x00]+$"

Text = Annotated[str | None, Query(min_length=1, max_length=FACTS_BYTES_MAX, pattern=ID_PATTERN)]


class SubjectShown(BaseModel):
    """What an event is about."""

    kind: str
    id: str


class EntryItem(BaseModel):
    """An event on record; `topic`, `partition` and `index` say where."""

    event_id: UUID
    type: str
    occurred_at: datetime
    actor: str | None
    """The actor's id; null when no one did it."""
    subject: SubjectShown
    outcome: str
    topic: str
    partition: int
    index: int
    verified: bool | None
    """Whether it was sent by the service that it names; null when audit had no keys to tell."""


class DeedItem(EntryItem):
    """An event with who did it, and what it says besides personal data."""

    role: str | None
    agency: str | None
    office: str | None
    session: str | None
    payload: dict[str, Any]


async def get_entries(
    request: Request,
    actor: Text = None,
    subject: Text = None,
    type_: Annotated[Text, Query(alias="type")] = None,
    from_at: Annotated[Time | None, Query(alias="from")] = None,
    to_at: Annotated[Time | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List events in the order of topic, partition and index: those that fit all filters given."""
    call: Call = request.state.call
    after = _place(cursor)
    filters = Filters(actor, subject, type_, from_at, to_at)
    async with call.transaction() as transaction:
        found = await store.list_entries(transaction, filters, after=after, limit=limit + 1)
        shown, following = cut(
            found, limit, lambda entry: [entry.place.topic, entry.place.partition, entry.place.index]
        )
        await call.record_view(transaction, "entry", [entry.event_id for entry in shown])
    return answer(Page[EntryItem](items=[EntryItem(**_fields(entry)) for entry in shown], cursor=following))


async def get_timeline(
    request: Request, actor: str, day: Day, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    """List what an actor did on a day (UTC), in the order of time."""
    call: Call = request.state.call
    after = _moment(cursor)
    midnight = datetime.combine(day, time(), UTC)
    async with call.transaction() as transaction:
        found = await list_timeline(
            transaction, actor, midnight, midnight + timedelta(days=1), after=after, limit=limit + 1
        )
        return await _answer_deeds(call, transaction, found, limit)


async def get_views(
    request: Request, record_id: str, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT
) -> Response:
    """List who was shown a record (of any kind: tip, lead, look-up, note, …) or changed it, the last first.

    Where an event shows `all`, it showed every tip that there was.
    """
    call: Call = request.state.call
    before = _moment(cursor)
    async with call.transaction() as transaction:
        found = await list_views(transaction, record_id, before=before, limit=limit + 1)
        return await _answer_deeds(call, transaction, found, limit)


async def _answer_deeds(call: Call, transaction: Connection, found: Sequence[Told], limit: int) -> Response:
    shown, following = cut(found, limit, lambda told: [told.listed.occurred_at, told.listed.event_id])
    await call.record_view(transaction, "entry", [told.listed.event_id for told in shown])
    return answer(Page[DeedItem](items=[_deed(told) for told in shown], cursor=following))


def _place(cursor: str | None) -> Place | None:
    key = read_cursor(cursor, length=3)
    if key is None:
        return None
    topic, partition, index = key
    if (
        not isinstance(topic, str)
        or "\x00" in topic
        or not isinstance(partition, int)
        or not isinstance(index, int)
        or not (0 <= partition <= PARTITION_MAX and 0 <= index <= INT8_MAX)
    ):
        raise wrong_cursor()
    return Place(topic, partition, index)


def _moment(cursor: str | None) -> Moment | None:
    key = read_cursor(cursor, length=2)
    return None if key is None else Moment(*read_moment(*key))


def read_moment(at: str | int, id_: str | int) -> tuple[datetime, UUID]:
    """Return the time and the id of which a cursor's key consists.

    Raises:
        Rejected: they are none.
    """
    try:
        return read_time(at), UUID(str(id_))
    except (PydanticCustomError, ValueError) as error:
        raise wrong_cursor() from error


def _deed(told: Told) -> DeedItem:
    actor = told.actor
    assert actor is not None
    return DeedItem(
        **_fields(told.listed),
        role=actor.role,
        agency=actor.agency,
        office=actor.office,
        session=actor.session,
        payload=dict(told.payload),
    )


def _fields(entry: Listed) -> dict[str, Any]:
    return {
        "event_id": entry.event_id,
        "type": entry.type,
        "occurred_at": entry.occurred_at,
        "actor": entry.actor_id,
        "subject": SubjectShown(kind=entry.subject_kind, id=entry.subject_id),
        "outcome": entry.outcome,
        "topic": entry.place.topic,
        "partition": entry.place.partition,
        "index": entry.place.index,
        "verified": entry.is_verified,
    }
