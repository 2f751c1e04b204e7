"""Alerts: that the answer about a passenger of a live list changed."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from services.query.domain.answer import Investigation
from services.query.domain.grade import Grade
from services.query.domain.telling import Telling
from services.query.handlers.alerts import acknowledge_alert, list_alerts
from services.query.http.desk import BODY_BYTES_MAX, desk_of
from services.query.store.alerts import ListedAlert
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
    read_optional_json,
    wrong_cursor,
)
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank, Time

AlertState = Literal["unread", "acknowledged"]


class AlertAcknowledgementRequest(Body):
    """What was noted, if anything."""

    note: Annotated[str, Field(max_length=1_000), NotBlank()] | None = None


class TellingShown(BaseModel):
    """What an answer told of the passenger and a tip."""

    grade: Grade
    relevant: bool
    investigation: Investigation


class ChangeShown(BaseModel):
    """What was told of a tip before and after; null where the passenger did not match it."""

    tip_id: UUID
    before: TellingShown | None
    after: TellingShown | None


class AlertShown(BaseModel):
    """The answer about a passenger changed. `grade` is the best of what is news and matches; null when nothing does.

    `lookup_id` is the new answer. Of tips that the reader may no longer be told of, no change is shown.
    """

    alert_id: UUID
    raised_at: datetime
    manifest_id: UUID
    flight: str
    departs_at: str
    traveller_ref: str
    name: str | None
    grade: Grade | None
    changes: list[ChangeShown]
    lookup_id: UUID
    state: AlertState
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class AlertAcknowledged(BaseModel):
    """Who took note, and when."""

    alert_id: UUID
    state: AlertState
    acknowledged_at: datetime
    acknowledged_by: str


async def get_alerts(
    request: Request,
    since: Annotated[Time | None, Query()] = None,
    manifest_id: UUID | None = None,
    grade: Grade | None = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List the alerts of the caller's agency, the newest last."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found = await list_alerts(
            transaction,
            call.principal,
            after=_number(cursor),
            since=since,
            manifest_id=manifest_id,
            grade=grade,
            count_max=limit + 1,
        )
        shown, further = cut(found, limit, lambda alert: [alert.alert_no])
        tip_ids = [change.tip_id for alert in shown for change in alert.changes]
        await call.record_view(transaction, "alert", [alert.alert_id for alert in shown], along={"tip": tip_ids})
    return answer(Page[AlertShown](items=[_shown(alert) for alert in shown], cursor=further))


async def post_alert_acknowledgement(request: Request, alert_id: UUID) -> Response:
    """Take note of an alert for the caller's agency, once. The body may be left out."""
    call: Call = request.state.call
    body = await read_optional_json(request, AlertAcknowledgementRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        at = await acknowledge_alert(desk_of(call), transaction, call.principal, call.context, alert_id, note=body.note)
        return 201, AlertAcknowledged(
            alert_id=alert_id, state="acknowledged", acknowledged_at=at, acknowledged_by=call.principal.id
        )

    return await create(call, work, request_hash=hash_of(body))


def _number(cursor: str | None) -> int:
    key = read_cursor(cursor, length=1)
    if key is None:
        return 0
    if not isinstance(key[0], int) or not 0 <= key[0] < 2**63:
        raise wrong_cursor()
    return key[0]


def _shown(alert: ListedAlert) -> AlertShown:
    return AlertShown.model_validate(
        {
            "alert_id": alert.alert_id,
            "raised_at": alert.raised_at,
            "manifest_id": alert.manifest_id,
            "flight": alert.flight,
            "departs_at": alert.departs_at,
            "traveller_ref": alert.traveller_ref,
            "name": alert.name,
            "grade": alert.grade,
            "changes": [
                {"tip_id": change.tip_id, "before": _told(change.before), "after": _told(change.after)}
                for change in alert.changes
            ],
            "lookup_id": alert.lookup_id,
            "state": "acknowledged" if alert.acknowledged_at else "unread",
            "acknowledged_at": alert.acknowledged_at,
            "acknowledged_by": alert.acknowledged_by,
        }
    )


def _told(telling: Telling | None) -> dict[str, object] | None:
    return asdict(telling) if telling else None
