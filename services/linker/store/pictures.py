"""Pictures by their PDQ hashes: which tip shows which, and a search for all hashes near one.

The search compares all hashes in memory (`domain.known_hashes`); what is found is kept in `near`.

The caller holds the graph's lock (`graph.lock_graph`) when it writes: a hash goes with its last picture, and another
writer might be adding one. Searches need no lock.
"""

from asyncio import to_thread
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import BitString

from services.linker.domain.known_hashes import KnownHashes
from services.linker.domain.pdq import BITS, Picture
from shared.db.pool import Connection

HASHES_READ_AT_ONCE = 50_000
"""1.6 MB."""

REMOVE_PICTURES = """
DELETE FROM picture WHERE tip_id = ANY($1::uuid[]) RETURNING tip_id, number, hash, is_viral"""
ADD_HASHES = """
INSERT INTO pdq (hash) SELECT unnest($1::bit(256)[])
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

# What is sent of a hash is its length in four bytes, then its bits.
READ_HASHES = """
SELECT string_agg(substr(bit_send(unread.hash), 5), ''::bytea) AS hashes, max(unread.number) AS newest
FROM (SELECT hash, number FROM pdq WHERE number > $1 ORDER BY number LIMIT $2) AS unread"""
# Who waits to be searched for finds for itself what is near.
SELECT_STORED = """
SELECT pdq.hash, known.is_crowded IS TRUE OR waiting.is_unknown IS TRUE AS is_spared
FROM unnest($1::bit(256)[]) AS found (hash)
    JOIN pdq ON pdq.hash = found.hash
    LEFT JOIN picture_standing AS known ON known.hash = found.hash
    LEFT JOIN picture_waiting AS waiting ON waiting.hash = found.hash"""


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
    new = await transaction.fetch(ADD_HASHES, [bits_of(pdq) for pdq in hashes])
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
    transaction: Connection, known: KnownHashes, hashes: Sequence[int], *, crowd_min: int
) -> list[Near]:
    """Return, for each of the distinct hashes, the stored ones within 31 bits, nearest first.

    The hash itself is not among them. They are all there are, except where they are more than `crowd_min`: of the
    farther ones then only those that neither are known to be crowded nor wait to be searched for themselves. The hashes
    asked for need not be stored. `known` is of this database; it is given what was stored since, and may keep what is
    gone.
    """
    await read_hashes(transaction, known)
    found = await to_thread(known.find_near, hashes)
    others = set[int]().union(*found.values())
    rows = await transaction.fetch(SELECT_STORED, [bits_of(pdq) for pdq in others]) if others else []
    is_spared = {number_of(row["hash"]): row["is_spared"] for row in rows}
    return [
        Near(pdq, other, distance)
        for pdq, distances in found.items()
        for place, (distance, other) in enumerate(
            sorted((distance, other) for other, distance in distances.items() if other in is_spared)
        )
        if place < crowd_min or not is_spared[other]
    ]


async def read_hashes(transaction: Connection, known: KnownHashes) -> None:
    """Add the hashes that were stored since the newest known."""
    while row := await transaction.fetchrow(READ_HASHES, known.newest, HASHES_READ_AT_ONCE):
        if row["newest"] is None:
            return
        known.add(row["hashes"], row["newest"])


def bits_of(pdq: int) -> BitString:
    """Return a hash as it is stored."""
    return BitString.frombytes(pdq.to_bytes(BITS // 8))


def number_of(bits: BitString) -> int:
    """Return a hash as it is stored as a number."""
    return int.from_bytes(bits.bytes)


def _shown(pictures: Iterable[Picture]) -> set[tuple[UUID, int, bool]]:
    return {(picture.tip_id, picture.pdq, picture.is_viral) for picture in pictures}
