"""Statistics and trends: what an agency's people did, and for ICE what is on record."""

from datetime import UTC, date, datetime, time

from services.query.domain.sight import OWNER_AGENCY
from services.query.domain.statistics import (
    COUNTED,
    COUNTED_BY_OWNER,
    DAYS_MAX,
    TIMES,
    By,
    Figure,
    buckets_of,
    keep_back_small,
    with_zeros,
)
from services.query.store import statistics
from shared.db.pool import Connection
from shared.errors import FieldError, Rejected
from shared.security import Principal


async def tell_statistics(transaction: Connection, caller: Principal, start: date, end: date, by: By) -> list[Figure]:
    """Return the figures of the days from `start` to `end`, both in it, in the order of their buckets.

    An agency is told its own; by agency ICE is told the others' too, without small ones. Tips, leads and referrals are
    told to ICE alone. Of a time each figure is there, and 0 where nothing happened.

    Raises:
        Rejected: the time ends before it begins, or is too long.
    """
    days = (end - start).days + 1
    limit = DAYS_MAX if by == "day" else 10 * DAYS_MAX
    if days < 1 or days > limit:
        fault = "lies before from" if days < 1 else f"is more than {limit} days after from"
        raise Rejected("some parameters are not valid", errors=[FieldError(("query", "to"), fault)])
    first = datetime.combine(start, time.min, UTC)
    last = datetime.combine(date.fromordinal(end.toordinal() + 1), time.min, UTC)
    is_owner = caller.agency == OWNER_AGENCY
    figures: list[Figure] = []
    if by not in ("source", "tier"):
        agency = None if is_owner and by == "agency" else caller.agency
        figures += await statistics.count_activity(transaction, first, last, by=by, agency=agency)
    if is_owner and by not in ("agency", "grade"):
        figures += await statistics.count_records(transaction, first, last, by=by, agency=caller.agency)
    if by in TIMES:
        names = (*COUNTED, *COUNTED_BY_OWNER) if is_owner else COUNTED
        return with_zeros(figures, names, buckets_of(by, start, date.fromordinal(end.toordinal() + 1)), caller.agency)
    ordered = sorted(figures, key=lambda figure: (figure.bucket, figure.agency, figure.figure))
    return keep_back_small(ordered, own=caller.agency)
