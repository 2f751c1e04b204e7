"""Tips of which something changed: noted with the change, and looked at once they have been quiet for a while."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.pool import Connection

# Whoever submits a list takes the lock alone: what changes meanwhile is committed before the list is looked up, or sees
# the list.
JOIN_PROJECTIONS = "SELECT pg_advisory_xact_lock_shared(7300, hashtext(current_schema()))"
AWAIT_PROJECTIONS = "SELECT pg_advisory_xact_lock(7300, hashtext(current_schema()))"
# A cluster may be known by a lead before any tip is known to be in it; then its tip has the same id.
TOUCH = """
WITH concerned AS (
    SELECT unnest($2::uuid[]) AS cluster_id
    UNION SELECT lead.cluster_id FROM lead WHERE lead.lead_id = ANY($3::uuid[])
)
INSERT INTO touched_tip (tip_id, first_at, last_at)
SELECT tip.tip_id, clock_timestamp(), clock_timestamp()
FROM (
        SELECT unnest($1::uuid[]) AS tip_id
        UNION SELECT concerned.cluster_id FROM concerned
        UNION SELECT membership.tip_id FROM concerned JOIN membership ON membership.cluster_id = concerned.cluster_id
    ) AS tip
WHERE EXISTS (SELECT FROM manifest WHERE is_filed)
ORDER BY tip.tip_id
ON CONFLICT ON CONSTRAINT touched_tip_pkey DO UPDATE SET last_at = excluded.last_at"""
TAKE_QUIET = """
DELETE FROM touched_tip USING (
    SELECT waiting.tip_id FROM touched_tip AS waiting
    WHERE (waiting.last_at <= now() - $1::interval OR waiting.first_at <= now() - $2::interval)
        AND (
            waiting.first_at <= now() - $3::interval
            OR EXISTS (SELECT FROM membership WHERE membership.tip_id = waiting.tip_id)
            OR NOT EXISTS (SELECT FROM tip WHERE tip.tip_id = waiting.tip_id)
        )
    ORDER BY waiting.first_at, waiting.tip_id LIMIT $4 FOR UPDATE OF waiting SKIP LOCKED
) AS due
WHERE touched_tip.tip_id = due.tip_id
RETURNING touched_tip.tip_id, touched_tip.first_at"""
# No join to the locked rows: of a row that another transaction has changed meanwhile, PostgreSQL 18.0 and 18.1 lose the
# other side of such a join, and the row would not be touched.
TOUCH_PASSENGERS = """
UPDATE passenger SET touched_at = LEAST(touched_at, $2::timestamptz)
WHERE passenger_no = ANY (ARRAY(
        SELECT passenger_no FROM passenger WHERE passenger_no = ANY($1::bigint[]) ORDER BY passenger_no FOR UPDATE
    ))"""


async def touch_tips(
    transaction: Connection,
    *,
    tip_ids: Collection[UUID],
    cluster_ids: Collection[UUID],
    lead_ids: Collection[UUID],
) -> None:
    """Note that something changes of tips, and of all tips of clusters, named so or by the leads they have until now.

    Nothing is noted while no list is filed.
    """
    await transaction.execute(JOIN_PROJECTIONS)
    await transaction.execute(TOUCH, list(tip_ids), list(cluster_ids), list(lead_ids))


async def await_projections(transaction: Connection) -> None:
    """Wait until what is being projected is committed, and let nothing more be until this transaction is."""
    await transaction.execute(AWAIT_PROJECTIONS)


async def take_quiet(
    transaction: Connection,
    *,
    quiet_for: timedelta,
    waited_max: timedelta,
    unclustered_max: timedelta,
    count_max: int,
) -> list[tuple[UUID, datetime]]:
    """Remove and return tips that have been quiet or waited so long, with when they were first touched.

    Of those whose cluster is not known, only what has waited for `unclustered_max`.
    """
    rows = await transaction.fetch(TAKE_QUIET, quiet_for, waited_max, unclustered_max, count_max)
    return [(row["tip_id"], row["first_at"]) for row in rows]


async def touch_passengers(transaction: Connection, passenger_nos: Sequence[int], *, since: datetime) -> None:
    """Note that the answers about passengers may have changed."""
    await transaction.execute(TOUCH_PASSENGERS, passenger_nos, since)
