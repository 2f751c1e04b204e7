"""Statistics, as far as the caller's agency is told them; and what of a tip they count."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from services.query.domain.facts import TipCounted
from services.query.domain.sight import OWNER_AGENCY
from services.query.domain.statistics import (
    DAYS_MAX,
    DAYS_MAX_ELSE,
    By,
    Figure,
    Period,
    can_ask_by,
    figures_of,
)
from services.query.handlers.desk import Desk, asker_of
from services.query.store import statistics
from shared.db.pool import Connection
from shared.errors import FieldError, Rejected
from shared.events.intake import TipAmendedV1, TipReceivedV1
from shared.kafka.inbox import Incoming
from shared.security import Principal

DAYS_DEFAULT = 30


def read_period(desk: Desk, agency: str, by: By, first: date | None, last: date | None) -> Period:
    """Return the period asked for; without an end it ends today, without a beginning it has thirty days.

    Raises:
        Rejected: it ends before it begins, is too long, or the agency has no figures in such buckets.
    """
    last = last or desk.clock.now().date()
    period = Period(first or last - timedelta(days=DAYS_DEFAULT - 1), last)
    days_max = DAYS_MAX.get(by, DAYS_MAX_ELSE)
    faults = []
    if not can_ask_by(agency, by):
        faults.append(FieldError(("query", "by"), "your agency has no figures by this"))
    if period.days < 1:
        faults.append(FieldError(("query", "to"), "lies before from"))
    if period.days > days_max:
        faults.append(FieldError(("query", "from"), f"lies more than {days_max} days before to"))
    if faults:
        raise Rejected("some fields are not valid", errors=faults)
    return period


async def show_statistics(transaction: Connection, caller: Principal, by: By, period: Period) -> list[Figure]:
    """Return the figures that the caller's agency is told."""
    asker = asker_of(caller)
    is_owner = caller.agency == OWNER_AGENCY
    whose = None if is_owner else caller.agency
    await statistics.plan_freely(transaction)
    counts = await statistics.count_work(transaction, period, asker.sight, agency=whose)
    if is_owner:
        counts += await statistics.count_facts(transaction, period, asker.sight)
    times = await statistics.measure_answer_times(transaction, period, by, agency=caller.agency)
    return figures_of(counts, times, agency=caller.agency, by=by, period=period)


async def count_tips(transaction: Connection, events: Sequence[Incoming]) -> None:
    """Keep what statistics count of the tips in a batch of facts."""
    told: dict[UUID, TipCounted] = {}
    for event in events:
        content = event.payload
        if isinstance(content, TipReceivedV1 | TipAmendedV1):
            fact = TipCounted(
                content.tip_id,
                content.tip_version,
                content.source,
                content.source_kind,
                content.incident.type,
                event.envelope.occurred_at,
            )
            told[fact.tip_id] = fact.joined_with(told.get(fact.tip_id, fact))
    await statistics.save_counted_tips(transaction, [told[tip_id] for tip_id in sorted(told)])
