"""Pictures by their PDQ hashes: which tip holds which, and which are near one another.

The caller holds the graph's lock (`graph.lock_graph`) when it writes: a hash goes with its last picture, and another
writer might be adding one. Searches need no lock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import BitString

from services.linker.domain.pdq import BITS, DISTANCE_MAX, Load, Picture, choose_probes, chunks_of
from shared.db.pool import Connection

PICTURES_AT_ONCE = 100
"""How many are searched for in one statement. The slowest way, all hashes read for each, takes 23 s at 1,000,000."""

REMOVE_PICTURES = """
DELETE FROM picture WHERE tip_id = ANY($1::uuid[]) RETURNING tip_id, number, hash, is_viral"""
ADD_HASHES = """
INSERT INTO pdq (hash, chunks)
SELECT given.hash, given.chunks::integer[] FROM unnest($1::bit(256)[], $2::text[]) AS given (hash, chunks)
ON CONFLICT ON CONSTRAINT pdq_pkey DO NOTHING"""
ADD_PICTURES = """
INSERT INTO picture (tip_id, number, hash, is_viral)
SELECT given.tip_id, given.number, given.hash, given.is_viral
FROM unnest($1::uuid[], $2::integer[], $3::bit(256)[], $4::boolean[]) AS given (tip_id, number, hash, is_viral)"""
REMOVE_HASHES = """
DELETE FROM pdq WHERE hash = ANY($1::bit(256)[]) AND NOT EXISTS (SELECT FROM picture WHERE picture.hash = pdq.hash)"""

# Of PostgreSQL's own statistics: `most_common_elems` names every chunk that 1 hash in 1,000 holds, or more.
SELECT_LOAD = """
SELECT relation.reltuples::float8 AS hash_count, stats.most_common_elems::text::integer[] AS chunks,
    stats.most_common_elem_freqs AS shares
FROM pg_class AS relation JOIN pg_stats AS stats
    ON stats.schemaname = relation.relnamespace::regnamespace::text AND stats.tablename = relation.relname
    AND stats.attname = 'chunks'
WHERE relation.oid = 'pdq'::regclass AND stats.most_common_elems IS NOT NULL"""

# A plan made while `pdq` was small reads it whole, comparing every probe with every row: 26 s at 1,000,000 rows. So
# this one statement is planned without; a plan that is kept then stays right, too.
AVOID_SCANS = "SET LOCAL enable_seqscan = off"
ALLOW_SCANS = "SET LOCAL enable_seqscan TO DEFAULT"

# Probes are looked up 17 at a time, since GIN holds each row it meets against every one of them: at 1,000,000 that
# takes half as long as all 272 at once. Where there are no probes, all hashes are compared (OFFSET keeps that apart: a
# pass for each picture, none for no picture). Whether a hash is viral is asked for each by itself; as a join it was
# planned to read all viral pictures: 17 ms for 4 where there were 100,000.
FIND_NEAR = """
WITH asked AS MATERIALIZED (
    SELECT given.tip_id, given.number, given.hash, given.probes::integer[] AS probes
    FROM unnest($1::uuid[], $2::integer[], $3::bit(256)[], $4::text[]) AS given (tip_id, number, hash, probes)
    WHERE NOT EXISTS (SELECT FROM picture AS viral WHERE viral.hash = given.hash AND viral.is_viral)
), near AS MATERIALIZED (
    SELECT asked.tip_id, asked.number, found.hash, found.distance
    FROM asked
        CROSS JOIN LATERAL generate_series(1, cardinality(asked.probes), 17) AS part (first)
        CROSS JOIN LATERAL (
            SELECT pdq.hash, bit_count(pdq.hash # asked.hash) AS distance FROM pdq
            WHERE pdq.chunks && asked.probes[part.first : part.first + 16]
                AND bit_count(pdq.hash # asked.hash) <= $5::integer
        ) AS found
    UNION
    SELECT asked.tip_id, asked.number, found.hash, found.distance
    FROM asked
        CROSS JOIN LATERAL (
            SELECT pdq.hash, bit_count(pdq.hash # asked.hash) AS distance FROM pdq
            WHERE bit_count(pdq.hash # asked.hash) <= $5::integer OFFSET 0
        ) AS found
    WHERE cardinality(asked.probes) = 0
), ranked AS (
    SELECT near.tip_id, near.number, holder.tip_id AS other_tip_id, min(near.distance) AS distance,
        row_number() OVER (PARTITION BY near.tip_id, near.number ORDER BY min(near.distance), holder.tip_id) AS place
    FROM near
        CROSS JOIN LATERAL (
            SELECT DISTINCT picture.tip_id FROM picture
            WHERE picture.hash = near.hash AND picture.tip_id <> near.tip_id
                AND NOT EXISTS (SELECT FROM picture AS viral WHERE viral.hash = near.hash AND viral.is_viral)
            ORDER BY picture.tip_id LIMIT $6::integer
        ) AS holder
    GROUP BY near.tip_id, near.number, holder.tip_id
)
SELECT tip_id, number, other_tip_id, distance::integer AS distance FROM ranked WHERE place <= $6::integer
ORDER BY tip_id, number, place"""


@dataclass(frozen=True, slots=True)
class Near:
    """Another tip holds a picture that is near to the picture `number` of this one: `distance` bits of 256 differ."""

    tip_id: UUID
    other_tip_id: UUID
    distance: int
    number: int


async def replace_pictures(
    transaction: Connection, tip_ids: Collection[UUID], pictures: Sequence[Picture]
) -> list[Picture]:
    """Let `pictures` be all that the tips hold, and return what they held before."""
    removed = [
        Picture(row["tip_id"], row["number"], _number(row["hash"]), row["is_viral"])
        for row in await transaction.fetch(REMOVE_PICTURES, list(tip_ids))
    ]
    hashes = {picture.pdq for picture in pictures}
    await transaction.execute(ADD_HASHES, [_bits(pdq) for pdq in hashes], [_array(chunks_of(pdq)) for pdq in hashes])
    await transaction.execute(
        ADD_PICTURES,
        [picture.tip_id for picture in pictures],
        [picture.number for picture in pictures],
        [_bits(picture.pdq) for picture in pictures],
        [picture.is_viral for picture in pictures],
    )
    if left := {picture.pdq for picture in removed} - hashes:
        await transaction.execute(REMOVE_HASHES, [_bits(pdq) for pdq in left])
    return removed


async def find_near(
    transaction: Connection,
    pictures: Sequence[Picture],
    *,
    distance_max: int = DISTANCE_MAX,
    limit_per_picture: int = 50,
) -> list[Near]:
    """Return, for each picture, the other tips that hold one within `distance_max` (0 to 31) bits: every one of them.

    Of more than `limit_per_picture` tips, the nearest, then those of the lowest id: so many say that it is common. Each
    tip comes once a picture, at its least distance; equal hashes are at distance 0. A hash that any tip calls viral is
    near nothing, whether asked for or stored. The pictures asked for need not be stored.

    Raises:
        ValueError: the distance is out of range.
    """
    load = await load_chunks(transaction)
    asked = [picture for picture in pictures if not picture.is_viral]
    probes = [_array(choose_probes(picture.pdq, load, distance_max=distance_max)) for picture in asked]
    await transaction.execute(AVOID_SCANS)
    found: list[Near] = []
    for at in range(0, len(asked), PICTURES_AT_ONCE):
        part = asked[at : at + PICTURES_AT_ONCE]
        rows = await transaction.fetch(
            FIND_NEAR,
            [picture.tip_id for picture in part],
            [picture.number for picture in part],
            [_bits(picture.pdq) for picture in part],
            probes[at : at + PICTURES_AT_ONCE],
            distance_max,
            limit_per_picture,
        )
        found += [Near(row["tip_id"], row["other_tip_id"], row["distance"], row["number"]) for row in rows]
    await transaction.execute(ALLOW_SCANS)
    return found


async def load_chunks(transaction: Connection) -> Load:
    """Return which chunks are common, as of PostgreSQL's last look at the table; before the first, none is."""
    row = await transaction.fetchrow(SELECT_LOAD)
    if row is None:
        return Load()
    # The shares end with a few of another kind.
    shares = zip(row["chunks"], row["shares"], strict=False)
    return Load(row["hash_count"], {chunk: share * row["hash_count"] for chunk, share in shares})


def _bits(pdq: int) -> BitString:
    return BitString.frombytes(pdq.to_bytes(BITS // 8))


def _number(bits: BitString) -> int:
    return int.from_bytes(bits.bytes)


def _array(numbers: Iterable[int]) -> str:
    """Return an array as text: arrays of arrays of several lengths cannot be sent."""
    return f"{{{','.join(map(str, numbers))}}}"
