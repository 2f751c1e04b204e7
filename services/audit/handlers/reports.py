"""The periodic audit: make the reports that are due, and let two people sign them."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from services.audit.domain.report import (
    REFUSALS,
    SIGNING_ROLES,
    Verifications,
    month_after,
    month_of,
    months_due,
    months_late,
    write_report,
)
from services.audit.handlers.announce import announce
from services.audit.handlers.followed import find_unfollowed
from services.audit.store import reports as store
from services.audit.store.reports import Report, Signature
from services.audit.store.sensors import find_first_due
from shared.clock import Clock
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.audit import ReportMadeV1, ReportSignedPersonal, ReportSignedV1
from shared.events.envelope import Context
from shared.kafka.outbox import Outbox
from shared.security import Principal


async def find_months(connection: Connection, now: datetime) -> tuple[list[date], list[date]]:
    """Return the months whose report is to be made, and those whose report is late, both oldest first.

    A month is reported once, so not before the log is followed up to its end, and sensors have judged it.
    """
    first = await store.find_first(connection)
    made = await store.list_made(connection)
    begin = None if first is None else month_of(first)
    signed = [month for month, count in made.items() if count == len(SIGNING_ROLES)]
    times = (await find_unfollowed(connection), await find_first_due(connection))
    waiting = min((at for at in times if at is not None), default=None)
    due = [
        month for month in months_due(begin, made, now) if waiting is None or waiting >= _midnight(month_after(month))
    ]
    return due, months_late(begin, signed, now)


async def make_report(
    transaction: Connection, month: date, verified: Verifications, outbox: Outbox, clock: Clock
) -> Report | None:
    """Make a month's report, of what the log says now; None where another worker has made it, or is about to."""
    if not await store.try_lock(transaction):
        return None
    found = await store.count_findings(transaction, _midnight(month), _midnight(month_after(month)), unknown=REFUSALS)
    document, sha256 = write_report(month, found, verified)
    report = Report(clock.new_id(), month, clock.now(), sha256, document, ())
    if not await store.add_report(transaction, report):
        return None
    payload = ReportMadeV1(report_id=report.report_id, month=month, sha256=sha256.hex())
    await announce(transaction, [(str(report.report_id), payload)], outbox, clock)
    return report


async def sign_report(
    transaction: Connection,
    caller: Principal,
    context: Context,
    report_id: UUID,
    *,
    sha256: str,
    remark: str | None,
    outbox: Outbox,
    clock: Clock,
) -> tuple[Signature, bool]:
    """Sign a report off in the caller's role; return the signature, and whether both are there now.

    `sha256` is the hash of what the signer has read, in hex.

    Raises:
        NotFound: there is no such report.
        Conflict: the signer read another report, the role has signed, or this person has, in the other role.
    """
    # Of two who sign at once, the second sees that the first has.
    await store.lock_signatures(transaction)
    report = await store.find_report(transaction, report_id)
    if report is None:
        raise NotFound("report")
    if report.sha256.hex() != sha256:
        raise Conflict("this is not the hash of the report: read it again, and sign what it says")
    signature = Signature(caller.role, caller.id, clock.now(), remark)
    if not await store.add_signature(transaction, report_id, signature):
        raise Conflict("it takes two people, each in a role of their own: this role or this person has signed already")
    roles = {each.role for each in report.signatures} | {caller.role}
    is_complete = roles == {*SIGNING_ROLES}
    payload = ReportSignedV1(
        report_id=report_id,
        month=report.month,
        sha256=sha256,
        role=caller.role,
        is_complete=is_complete,
        personal=ReportSignedPersonal(remark=remark),
    )
    await announce(transaction, [(str(report_id), payload)], outbox, clock, context=context)
    return signature, is_complete


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
