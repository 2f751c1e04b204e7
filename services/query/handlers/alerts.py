"""Show alerts to the agency that submitted the list, and take note of them."""

from datetime import datetime
from uuid import UUID

from services.query.domain.grade import Grade
from services.query.handlers.desk import Desk, asker_of
from services.query.store import alerts
from services.query.store.alerts import ListedAlert
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.activity import AlertAcknowledgedPersonal, AlertAcknowledgedV1
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context
from shared.security import Principal


async def list_alerts(
    transaction: Connection,
    caller: Principal,
    *,
    after: int,
    since: datetime | None,
    manifest_id: UUID | None,
    grade: Grade | None,
    count_max: int,
) -> list[ListedAlert]:
    """Return the alerts of the caller's agency, the oldest first; of what the caller may no longer be told, nothing."""
    return await alerts.list_alerts(
        transaction,
        agency=caller.agency,
        sight=asker_of(caller).sight,
        after=after,
        since=since,
        manifest_id=manifest_id,
        grade=grade,
        count_max=count_max,
    )


async def acknowledge_alert(
    desk: Desk, transaction: Connection, caller: Principal, context: Context, alert_id: UUID, *, note: str | None
) -> datetime:
    """Record that a person took note for their agency; return when.

    Raises:
        NotFound: the agency has no such alert.
        Conflict: someone of the agency took note before.
    """
    manifest_id = await alerts.lock_alert(transaction, alert_id, agency=caller.agency)
    if manifest_id is None:
        raise NotFound("there is no such alert")
    now = desk.clock.now()
    if not await alerts.add_acknowledgement(transaction, alert_id, by=caller.id, at=now, note=note):
        raise Conflict("this alert was acknowledged before")
    salt = new_salt()
    payload = AlertAcknowledgedV1(
        alert_id=alert_id,
        manifest_id=manifest_id,
        change=change_of(None, {"acknowledged_by": caller.id, "acknowledged_at": now, "note": note}, salt=salt),
        personal=AlertAcknowledgedPersonal(note=note, salt=salt),
    )
    await desk.announce(transaction, context, alert_id, payload)
    return now
