"""Notices once they are due: announced, and taken note of by those whom they tell."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.linker.domain.deconflict import Acknowledgement, Notice, Side, Unit
from services.linker.handlers.announce import NOTICES_TOPIC, Announcer
from services.linker.handlers.decide import Decider
from services.linker.handlers.turn import Desk
from services.linker.store import inboxes
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context
from shared.events.linker import AcknowledgementPersonal, NoticeAcknowledgedV1, NoticeRaisedV1, NoticeSide


def announce_notice(announcer: Announcer, notice: Notice, context: Context) -> None:
    """Tell of a new notice."""
    _keep(announcer, notice, NoticeRaisedV1(**_state(notice)), context)


async def acknowledge(
    transaction: Connection, desk: Desk, decider: Decider, unit: Unit, notice_id: UUID, *, note: str | None
) -> Acknowledgement:
    """Record that a person took note for a unit.

    Raises:
        NotFound: no such notice tells the unit.
        Conflict: someone of the unit took note before.
    """
    notice = await inboxes.lock_notice(transaction, notice_id)
    mine = [side for side in (notice.left, notice.right) if side.is_told and side.unit == unit] if notice else []
    if notice is None or not mine:
        raise NotFound("there is no such notice")
    if mine[0].acknowledged is not None:
        raise Conflict("this notice was acknowledged before")
    taken = Acknowledgement(decider.principal_id, desk.clock.now())
    await inboxes.add_acknowledgement(transaction, notice_id, unit, taken, note=note)
    state = _state(replace(notice, left=_with(notice.left, mine[0], taken), right=_with(notice.right, mine[0], taken)))
    salt = new_salt()
    payload = NoticeAcknowledgedV1(
        **state,
        change=change_of(None, {"acknowledged_by": taken.by, "acknowledged_at": taken.at, "note": note}, salt=salt),
        personal=AcknowledgementPersonal(note=note, salt=salt),
    )
    announcer = Announcer(desk.clock, desk.outbox)
    _keep(announcer, notice, payload, decider.context)
    await announcer.publish(transaction)
    return taken


def _with(side: Side, mine: Side, taken: Acknowledgement) -> Side:
    return replace(side, acknowledged=taken) if side is mine else side


def _keep(
    announcer: Announcer, notice: Notice, payload: NoticeRaisedV1 | NoticeAcknowledgedV1, context: Context
) -> None:
    """Announce a notice's state, the version of which counts those who took note, from 1 for nobody."""
    version = 1 + sum(side.acknowledged_at is not None for side in payload.sides)
    announcer.keep(NOTICES_TOPIC, payload, context, kind="notice", subject_id=notice.notice_id, version=version)


def _state(notice: Notice) -> dict[str, Any]:
    return {
        "notice_id": notice.notice_id,
        "kind": notice.kind,
        "identifier_class": notice.type,
        "sides": [_told_side(notice.left), _told_side(notice.right)],
        "raised_at": notice.raised_at,
        "until": notice.until,
    }


def _told_side(side: Side) -> NoticeSide:
    return NoticeSide(
        agency=side.unit.agency,
        office=side.unit.office or None,
        is_told=side.is_told,
        record_kind=side.record.kind,
        record_id=side.record.record_id,
        lead_id=side.record.lead_id,
        acknowledged_by=side.acknowledged.by if side.acknowledged else None,
        acknowledged_at=side.acknowledged.at if side.acknowledged else None,
    )
