"""Which pictures are near which, as far as the second stage has looked, and what that says of tips.

The rows about a hash are a function of the pictures there are, once nothing waits. It takes two locks: the stage's own
from before it looks, so that one looks at a time, and the graph's to write.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.linker.domain.pictures import NearCopy
from services.linker.store.pictures import Near, bits_of, number_of
from shared.db.pool import Connection

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7200, 1)"
MEASURE_QUEUE = """
SELECT count(*) AS hashes, COALESCE(now() - min(waiting_since), interval '0') AS age FROM picture_waiting"""
SELECT_WAITING = """
SELECT hash, number, is_unknown AND EXISTS (SELECT FROM pdq WHERE pdq.hash = picture_waiting.hash) AS is_unknown
FROM picture_waiting ORDER BY number LIMIT $1"""
SELECT_GONE = """
SELECT given.hash FROM unnest($1::bit(256)[]) AS given (hash)
WHERE NOT EXISTS (SELECT FROM pdq WHERE pdq.hash = given.hash)"""
# Both ways, but not to a crowded hash unless it was itself searched for. What has gone meanwhile is left out.
ADD_NEAR = """
INSERT INTO near_picture (hash, other_hash, distance)
SELECT pair.hash, pair.other_hash, given.distance
FROM unnest($1::bit(256)[], $2::bit(256)[], $3::integer[]) AS given (hash, other_hash, distance)
    CROSS JOIN LATERAL (VALUES (given.hash, given.other_hash), (given.other_hash, given.hash))
        AS pair (hash, other_hash)
    LEFT JOIN picture_standing AS known ON known.hash = pair.hash
WHERE (known.is_crowded IS NOT TRUE OR pair.hash = ANY($4::bit(256)[]))
    AND EXISTS (SELECT FROM pdq WHERE pdq.hash = pair.hash)
    AND EXISTS (SELECT FROM pdq WHERE pdq.hash = pair.other_hash)
ON CONFLICT ON CONSTRAINT near_picture_pkey DO NOTHING"""
# Of those near only hashes that are not crowded: what is says nothing, whoever shows it.
SELECT_TOUCHED = """
SELECT touched.hash
FROM (
    SELECT unnest($1::bit(256)[]) AS hash
    UNION
    SELECT near.hash FROM near_picture AS near WHERE near.other_hash = ANY($1::bit(256)[])
) AS touched
    LEFT JOIN picture_standing AS known ON known.hash = touched.hash
WHERE (known.is_crowded IS FALSE OR touched.hash = ANY($2::bit(256)[]))
    AND EXISTS (SELECT FROM pdq WHERE pdq.hash = touched.hash)"""
FORGET_STANDINGS = "DELETE FROM picture_standing WHERE hash = ANY($1::bit(256)[])"
# A crowded hash that is left with too few rows to know that it is waits to be searched for.
FORGET_NEAR = """
WITH mine AS (
    DELETE FROM near_picture WHERE hash = ANY($1::bit(256)[])
), others AS (
    DELETE FROM near_picture WHERE other_hash = ANY($1::bit(256)[]) RETURNING hash
)
INSERT INTO picture_waiting (hash, is_unknown)
SELECT others.hash, true FROM others JOIN picture_standing AS known ON known.hash = others.hash AND known.is_crowded
GROUP BY others.hash
HAVING (SELECT count(*) FROM near_picture AS near WHERE near.hash = others.hash) - count(*) <= $2::integer
ON CONFLICT ON CONSTRAINT picture_waiting_pkey DO UPDATE SET number = DEFAULT, is_unknown = true"""
# One more than the cap is as good as all there are.
COUNT_TIPS = """
WITH counted AS (
    SELECT given.hash, near.hash_count > $2::integer AS is_crowded, shown.tip_count,
        near.hash_count > $2::integer OR shown.tip_count > $2::integer OR shown.is_viral AS is_silent
    FROM unnest($1::bit(256)[]) AS given (hash)
        CROSS JOIN LATERAL (
            SELECT count(*) AS hash_count FROM near_picture WHERE near_picture.hash = given.hash
        ) AS near
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT holder.tip_id) AS tip_count, COALESCE(bool_or(holder.is_viral), false) AS is_viral
            FROM (
                SELECT given.hash
                UNION ALL
                (SELECT other_hash FROM near_picture WHERE near_picture.hash = given.hash LIMIT $2 + 1)
            ) AS copy (hash)
                CROSS JOIN LATERAL (
                    SELECT picture.tip_id, picture.is_viral FROM picture WHERE picture.hash = copy.hash LIMIT $2 + 1
                ) AS holder
        ) AS shown
), before AS (
    SELECT counted.hash, counted.is_silent, COALESCE(known.is_silent, true) AS was_silent
    FROM counted LEFT JOIN picture_standing AS known ON known.hash = counted.hash
), saved AS (
    INSERT INTO picture_standing (hash, tip_count, is_crowded, is_silent)
    SELECT hash, tip_count, is_crowded, is_silent FROM counted
    ON CONFLICT ON CONSTRAINT picture_standing_pkey DO UPDATE
        SET tip_count = excluded.tip_count, is_crowded = excluded.is_crowded, is_silent = excluded.is_silent
)
SELECT hash, was_silent <> is_silent AS turned FROM before WHERE NOT (was_silent AND is_silent)"""
# The leads of tips that show one of the first hashes, or what is near one of the second and says something.
SELECT_ANCHORS = """
WITH heard AS (
    SELECT unnest($1::bit(256)[]) AS hash
    UNION
    SELECT near.other_hash FROM near_picture AS near
        JOIN picture_standing AS known ON known.hash = near.other_hash AND NOT known.is_silent
    WHERE near.hash = ANY($2::bit(256)[])
)
SELECT DISTINCT lead.anchor_tip_id
FROM heard
    JOIN picture ON picture.hash = heard.hash
    JOIN membership ON membership.tip_id = picture.tip_id
    JOIN lead ON lead.cluster_id = membership.cluster_id
WHERE lead.merged_into IS NULL"""
STOP_WAITING = """
DELETE FROM picture_waiting USING unnest($1::bit(256)[], $2::bigint[]) AS given (hash, number)
WHERE picture_waiting.hash = given.hash AND picture_waiting.number = given.number"""
# What a hash newly shown by a crowd says is not counted yet: then so many of its tips are enough.
SELECT_COPIES = """
WITH mine AS (
    SELECT picture.tip_id, picture.hash, known.tip_count
    FROM picture JOIN picture_standing AS known ON known.hash = picture.hash AND NOT known.is_silent
    WHERE picture.tip_id = ANY($1::uuid[])
), copy AS (
    SELECT tip_id, hash, hash AS other_hash, 0 AS distance, tip_count FROM mine
    UNION ALL
    SELECT mine.tip_id, mine.hash, near.other_hash, near.distance, greatest(mine.tip_count, known.tip_count)
    FROM mine
        JOIN near_picture AS near ON near.hash = mine.hash
        JOIN picture_standing AS known ON known.hash = near.other_hash AND NOT known.is_silent
)
SELECT DISTINCT ON (copy.tip_id, holder.tip_id)
    copy.tip_id, holder.tip_id AS other_tip_id, copy.hash, copy.distance, copy.tip_count
FROM copy
    CROSS JOIN LATERAL (
        SELECT picture.tip_id FROM picture WHERE picture.hash = copy.other_hash ORDER BY picture.tip_id LIMIT $2
    ) AS holder
WHERE holder.tip_id <> copy.tip_id
ORDER BY copy.tip_id, holder.tip_id, copy.distance, copy.tip_count, copy.hash, copy.other_hash"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hash to look at. `number`: which change of it is meant; `is_unknown`: what is near has to be searched for."""

    pdq: int
    number: int
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """How far the second stage is behind: hashes that wait, and for how long the oldest has."""

    hashes: int
    age: timedelta


async def try_lock(transaction: Connection) -> bool:
    """Return whether nobody else is looking; then nobody else does until this transaction ends."""
    is_free: bool = await transaction.fetchval(TRY_LOCK)
    return is_free


async def measure_queue(connection: Connection) -> Queue:
    """Return how far the second stage is behind."""
    row = await connection.fetchrow(MEASURE_QUEUE)
    assert row is not None
    return Queue(row["hashes"], row["age"])


async def list_waiting(transaction: Connection, *, count_max: int) -> list[Waiting]:
    """Return hashes to look at, the one whose change is oldest first."""
    rows = await transaction.fetch(SELECT_WAITING, count_max)
    return [Waiting(number_of(row["hash"]), row["number"], row["is_unknown"]) for row in rows]


async def save_near(
    transaction: Connection, looked_at: Sequence[Waiting], found: Sequence[Near], *, cap: int
) -> set[UUID]:
    """Store what was found near hashes, and what they and those near them say now; they wait no longer.

    The graph's lock is held. What was found may be older: it is still true of the hashes that are still there, and what
    came since waits itself. Return the anchors of the leads whose tips other tips may show near copies of than before,
    except for what a tip's own change of pictures did to its lead.
    """
    doubtful = await _doubtful(transaction, found, cap)
    looked_at = [each for each in looked_at if each.pdq not in doubtful]
    hashes = [bits_of(each.pdq) for each in looked_at]
    searched = [bits_of(each.pdq) for each in looked_at if each.is_unknown]
    await transaction.execute(
        ADD_NEAR,
        [bits_of(near.pdq) for near in found],
        [bits_of(near.other) for near in found],
        [near.distance for near in found],
        searched,
    )
    touched = [row["hash"] for row in await transaction.fetch(SELECT_TOUCHED, hashes, searched)]
    if gone := [row["hash"] for row in await transaction.fetch(SELECT_GONE, hashes)]:
        await transaction.execute(FORGET_STANDINGS, gone)
        await transaction.execute(FORGET_NEAR, gone, cap)
    counted = await transaction.fetch(COUNT_TIPS, touched, cap)
    turned = [row["hash"] for row in counted if row["turned"]]
    rows = await transaction.fetch(SELECT_ANCHORS, [row["hash"] for row in counted], turned)
    await transaction.execute(STOP_WAITING, hashes, [each.number for each in looked_at])
    return {row["anchor_tip_id"] for row in rows}


async def _doubtful(transaction: Connection, found: Sequence[Near], cap: int) -> set[int]:
    """Return the hashes near which some of many were found that are gone: who took their place was left out."""
    crowds = {pdq for pdq, count in Counter(near.pdq for near in found).items() if count > cap}
    if not crowds:
        return set()
    others = {near.other for near in found if near.pdq in crowds}
    rows = await transaction.fetch(SELECT_GONE, [bits_of(pdq) for pdq in others])
    gone = {number_of(row["hash"]) for row in rows}
    return {near.pdq for near in found if near.pdq in crowds and near.other in gone}


async def load_copies(transaction: Connection, tip_ids: Collection[UUID], *, cap: int) -> list[NearCopy]:
    """Return, for each of the tips, the others that show near copies, each once, at the closest."""
    rows = await transaction.fetch(SELECT_COPIES, list(tip_ids), cap + 1)
    return [
        NearCopy(row["tip_id"], row["other_tip_id"], number_of(row["hash"]), row["distance"], row["tip_count"])
        for row in rows
    ]
