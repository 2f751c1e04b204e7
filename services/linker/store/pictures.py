"""Pictures by their PDQ hashes: which tip shows which, and a search for all hashes near one.

What is found is kept in `near`.

The caller holds the graph's lock (`graph.lock_graph`) when it writes: a hash goes with its last picture, and another
writer might be adding one. Searches need no lock.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import BitString

from services.linker.domain.pdq import BITS, DISTANCE_MAX, Load, Picture, choose_probes, chunks_of
from shared.db.pool import Connection

HASHES_AT_ONCE = 100
"""How many are searched for in one statement. The slowest way, all hashes read for each, takes 23 s at 1,000,000."""

REMOVE_PICTURES = """
DELETE FROM picture WHERE tip_id = ANY($1::uuid[]) RETURNING tip_id, number, hash, is_viral"""
ADD_HASHES = """
INSERT INTO pdq (hash, chunks)
SELECT given.hash, given.chunks::integer[] FROM unnest($1::bit(256)[], $2::text[]) AS given (hash, chunks)
ON CONFLICT ON CONSTRAINT pdq_pkey DO NOTHING
RETURNING hash"""
ADD_PICTURES = """
INSERT INTO picture (tip_id, number, hash, is_viral)
SELECT given.tip_id, given.number, given.hash, given.is_viral
FROM unnest($1::uuid[], $2::integer[], $3::bit(256)[], $4::boolean[]) AS given (tip_id, number, hash, is_viral)"""
REMOVE_HASHES = """
DELETE FROM pdq WHERE hash = ANY($1::bit(256)[]) AND NOT EXISTS (SELECT FROM picture WHERE picture.hash = pdq.hash)"""
LET_WAIT = """
INSERT INTO picture_waiting (hash, is_unknown)
SELECT changed.hash, changed.hash = ANY($2::bit(256)[]) FROM unnest($1::bit(256)[]) AS changed (hash)
ON CONFLICT ON CONSTRAINT picture_waiting_pkey DO UPDATE
    SET number = DEFAULT, is_unknown = picture_waiting.is_unknown OR excluded.is_unknown"""

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
# pass for each hash, none for no hash).
FIND_NEAR = """
WITH asked AS MATERIALIZED (
    SELECT given.hash, given.probes::integer[] AS probes
    FROM unnest($1::bit(256)[], $2::text[]) AS given (hash, probes)
), near AS (
    SELECT asked.hash, found.hash AS other_hash, found.distance
    FROM asked
        CROSS JOIN LATERAL generate_series(1, cardinality(asked.probes), 17) AS part (first)
        CROSS JOIN LATERAL (
            SELECT pdq.hash, bit_count(pdq.hash # asked.hash) AS distance FROM pdq
            WHERE pdq.chunks && asked.probes[part.first : part.first + 16]
                AND bit_count(pdq.hash # asked.hash) <= $3::integer
        ) AS found
    UNION
    SELECT asked.hash, found.hash, found.distance
    FROM asked
        CROSS JOIN LATERAL (
            SELECT pdq.hash, bit_count(pdq.hash # asked.hash) AS distance FROM pdq
            WHERE bit_count(pdq.hash # asked.hash) <= $3::integer OFFSET 0
        ) AS found
    WHERE cardinality(asked.probes) = 0
), ranked AS (
    SELECT near.hash, near.other_hash, near.distance,
        row_number() OVER (PARTITION BY near.hash ORDER BY near.distance, near.other_hash) AS place
    FROM near WHERE near.other_hash <> near.hash
)
SELECT ranked.hash, ranked.other_hash, ranked.distance::integer AS distance
FROM ranked
WHERE ranked.place <= $4::integer
    OR NOT EXISTS (SELECT FROM picture_standing AS known WHERE known.hash = ranked.other_hash AND known.is_crowded)
ORDER BY ranked.hash, ranked.place"""


class Near(NamedTuple):
    """Two hashes of pictures, and in how many bits they differ."""

    pdq: int
    other: int
    distance: int


async def replace_pictures(transaction: Connection, tip_ids: Collection[UUID], pictures: Sequence[Picture]) -> None:
    """Let `pictures` be all that the tips show; hashes that other tips show now than before wait for the second stage.

    A tip shows a hash at most once.
    """
    removed = [
        Picture(row["tip_id"], row["number"], number_of(row["hash"]), row["is_viral"])
        for row in await transaction.fetch(REMOVE_PICTURES, list(tip_ids))
    ]
    if not pictures and not removed:
        return
    hashes = {picture.pdq for picture in pictures}
    new = await transaction.fetch(
        ADD_HASHES, [bits_of(pdq) for pdq in hashes], [_array(chunks_of(pdq)) for pdq in hashes]
    )
    await transaction.execute(
        ADD_PICTURES,
        [picture.tip_id for picture in pictures],
        [picture.number for picture in pictures],
        [bits_of(picture.pdq) for picture in pictures],
        [picture.is_viral for picture in pictures],
    )
    if left := {picture.pdq for picture in removed} - hashes:
        await transaction.execute(REMOVE_HASHES, [bits_of(pdq) for pdq in left])
    if changed := _shown(removed) ^ _shown(pictures):
        waiting = [bits_of(pdq) for pdq in {pdq for _, pdq, _ in changed}]
        await transaction.execute(LET_WAIT, waiting, [row["hash"] for row in new])


async def find_near(
    transaction: Connection, hashes: Sequence[int], *, distance_max: int = DISTANCE_MAX, crowd_min: int
) -> list[Near]:
    """Return, for each of the distinct hashes, the stored ones within `distance_max` (0 to 31) bits, nearest first.

    The hash itself is not among them. They are all there are, except where they are more than `crowd_min`: of the
    farther ones then only those that are not known to be crowded. The hashes asked for need not be stored.

    Raises:
        ValueError: the distance is out of range.
    """
    load = await load_chunks(transaction)
    probes = [_array(choose_probes(pdq, load, distance_max=distance_max)) for pdq in hashes]
    await transaction.execute(AVOID_SCANS)
    found: list[Near] = []
    for at in range(0, len(hashes), HASHES_AT_ONCE):
        part = [bits_of(pdq) for pdq in hashes[at : at + HASHES_AT_ONCE]]
        rows = await transaction.fetch(FIND_NEAR, part, probes[at : at + HASHES_AT_ONCE], distance_max, crowd_min)
        found += [Near(number_of(row["hash"]), number_of(row["other_hash"]), row["distance"]) for row in rows]
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


def bits_of(pdq: int) -> BitString:
    """Return a hash as it is stored."""
    return BitString.frombytes(pdq.to_bytes(BITS // 8))


def number_of(bits: BitString) -> int:
    """Return a hash as it is stored as a number."""
    return int.from_bytes(bits.bytes)


def _shown(pictures: Iterable[Picture]) -> set[tuple[UUID, int, bool]]:
    return {(picture.tip_id, picture.pdq, picture.is_viral) for picture in pictures}


def _array(numbers: Iterable[int]) -> str:
    """Return an array as text: arrays of arrays of several lengths cannot be sent."""
    return f"{{{','.join(map(str, numbers))}}}"
