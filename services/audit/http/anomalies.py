"""What is wrong with the log: records that no service sent so, what Kafka lost, what audit could not look into."""

from dataclasses import astuple
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from services.audit.http.entries import Text
from services.audit.store import anomalies as store
from services.audit.store.anomalies import Anomaly, Mark, Sought
from services.audit.store.entries import INT8_MAX
from shared.http import Call, Cursor, Limit, Page, answer, read_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT, cut
from shared.http.types import Time, read_time

HEAD_MAX = 2**31 - 1

AnomalyKind = Literal[
    "unsigned", "unknown_producer", "foreign_topic", "bad_mac", "repeated_number", "lost_offsets", "not_followed",
    "not_judged", "missing_numbers",
]  # fmt: skip


class AnomalyItem(BaseModel):
    """What is wrong with the entry at `topic`, `partition` and `index`, and when that was noticed.

    Of `lost_offsets` the entry is the one before which they are missing; `missing_numbers` have no place, but a
    `producer`, the first number and the last; `error` is the class of the error of `not_followed` and `not_judged`.
    """

    kind: AnomalyKind
    noticed_at: datetime
    topic: str | None
    partition: int | None
    index: int | None
    event_id: UUID | None
    """Of the event that the entry holds, null if it holds none."""
    producer: str | None
    first_number: int | None
    last_number: int | None
    error: str | None


async def get_anomalies(
    request: Request,
    kind: AnomalyKind | None = None,
    topic: Text = None,
    from_at: Annotated[Time | None, Query(alias="from")] = None,
    to_at: Annotated[Time | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List what is wrong with the log, what was noticed last first; `from` and `to` are of when it was noticed."""
    call: Call = request.state.call
    before = _mark(cursor)
    async with call.transaction() as transaction:
        sought = Sought(kind, topic, from_at, to_at)
        found = await store.list_anomalies(transaction, sought, before=before, limit=limit + 1)
        shown, following = cut(found, limit, lambda each: astuple(each.mark))
        items = [_item(each) for each in shown]
        await call.record_view(transaction, "anomaly", [_name(item) for item in items])
    return answer(Page[AnomalyItem](items=items, cursor=following))


def _mark(cursor: str | None) -> Mark | None:
    key = read_cursor(cursor, length=4)
    if key is None:
        return None
    at, head_id, index, name = key
    if (
        not isinstance(head_id, int)
        or not isinstance(index, int)
        or not isinstance(name, str)
        or "\x00" in name
        or not (0 <= head_id <= HEAD_MAX and 0 <= index <= INT8_MAX)
    ):
        raise wrong_cursor()
    try:
        return Mark(read_time(at), head_id, index, name)
    except PydanticCustomError as error:
        raise wrong_cursor() from error


def _name(item: AnomalyItem) -> str:
    """Return by what an anomaly is on record as shown: its event, or else its place."""
    if item.event_id is not None:
        return str(item.event_id)
    place = f"{item.topic}[{item.partition}]" if item.topic else item.producer
    return f"{place} {item.index if item.topic else item.first_number}"


def _item(each: Anomaly) -> AnomalyItem:
    has_place = each.topic is not None
    return AnomalyItem.model_validate(
        {
            "kind": each.kind,
            "noticed_at": each.mark.noticed_at,
            "topic": each.topic,
            "partition": each.partition,
            "index": each.mark.index if has_place else None,
            "event_id": each.event_id,
            "producer": each.producer,
            "first_number": None if has_place else each.mark.index,
            "last_number": each.last,
            "error": each.error,
        }
    )
