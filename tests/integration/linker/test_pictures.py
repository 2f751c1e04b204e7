"""The index of pictures finds what comparing every hash with every other finds, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from asyncpg import BitString

from services.linker.domain.pdq import BITS, CHUNKS, DISTANCE_MAX, Load, Picture, choose_probes, chunks_of, distance
from services.linker.store.graph import lock_graph
from services.linker.store.pictures import (
    ALLOW_SCANS,
    AVOID_SCANS,
    FIND_NEAR,
    PICTURES_AT_ONCE,
    SELECT_LOAD,
    Near,
    find_near,
    load_chunks,
    replace_pictures,
)
from shared.db.pool import Connection, Pool

COUNT_HASHES = "SELECT count(*) FROM pdq"
COUNT_PICTURES = "SELECT count(*) FROM picture"
MANY = 1_000_000
MASKS_OF_CHUNK = [[1 << bit for bit in range(BITS) if chunks_of(1 << bit)[number] & 0xFFFF] for number in range(CHUNKS)]


@pytest.fixture
async def pool(pool_of: Callable[[str], Awaitable[Pool]]) -> Pool:
    return await pool_of("linker")


@pytest.fixture
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction of the linker's, which may write pictures."""
    async with pool.acquire() as connection, connection.transaction():
        await lock_graph(connection)
        yield connection


def tip(number: int) -> UUID:
    return UUID(int=number)


def flip(rng: Random, pdq: int, count: int) -> int:
    for bit in rng.sample(range(BITS), count):
        pdq ^= 1 << bit
    return pdq


def flip_evenly(rng: Random, pdq: int, count: int) -> int:
    """Return the hash with `count` (31 or 32) bits flipped, no more than two of a chunk."""
    lucky = rng.randrange(CHUNKS) if count == 31 else None
    for number, masks in enumerate(MASKS_OF_CHUNK):
        for mask in rng.sample(masks, 1 if number == lucky else 2):
            pdq ^= mask
    return pdq


def copies_of(rng: Random, pdq: int) -> list[int]:
    """Return a hash and others at the distances where it matters."""
    by_chance = [flip(rng, pdq, count) for count in (0, 0, 1, 16, 30, 31, 31, 32, 32, 33)]
    return [*by_chance, *(flip_evenly(rng, pdq, 31) for _ in range(4)), *(flip_evenly(rng, pdq, 32) for _ in range(4))]


def one_each(hashes: Iterable[int]) -> list[Picture]:
    """Return a picture for each hash, each of a tip of its own, from tip 1 on."""
    return [Picture(tip(number), 1, pdq) for number, pdq in enumerate(hashes, start=1)]


def by_force(asked: Sequence[Picture], stored: Sequence[Picture]) -> set[Near]:
    """Return what is near, for pictures of which each tip has one."""
    apart = ((left, right, distance(left.pdq, right.pdq)) for left in asked for right in stored)
    return {
        Near(left.tip_id, right.tip_id, bits, left.number)
        for left, right, bits in apart
        if bits <= DISTANCE_MAX and left.tip_id != right.tip_id
    }


async def store(transaction: Connection, *pictures: Picture) -> list[Picture]:
    return await replace_pictures(transaction, {picture.tip_id for picture in pictures}, pictures)


async def others_near(transaction: Connection, *asked: Picture) -> list[tuple[UUID, int]]:
    return [(near.other_tip_id, near.distance) for near in await find_near(transaction, asked)]


async def test_all_within_31_bits_are_found_and_none_at_32(transaction: Connection) -> None:
    rng = Random(4)
    originals = [rng.getrandbits(BITS) for _ in range(25)]
    pictures = one_each(copy for pdq in originals for copy in copies_of(rng, pdq))
    await store(transaction, *pictures)
    found = await find_near(transaction, pictures, limit_per_picture=MANY)
    assert len(found) == len(set(found))
    assert set(found) == by_force(pictures, pictures)
    assert {near.distance for near in found if near.tip_id == tip(1)} >= {0, 1, 16, 30, 31}


async def test_a_chunk_that_most_hashes_share_is_avoided_and_all_are_found(pool: Pool, owner_pool: Pool) -> None:
    rng = Random(5)
    shared = sum(MASKS_OF_CHUNK[6])
    hashes = [rng.getrandbits(BITS) | (shared if rng.random() < 0.56 else 0) for _ in range(3_000)]
    pictures = one_each([*hashes, *(copy for pdq in hashes[:30] for copy in copies_of(rng, pdq))])
    await commit_and_look(pool, owner_pool, pictures)
    async with pool.acquire() as transaction, transaction.transaction():
        load = await load_chunks(transaction)
        found = await find_near(transaction, pictures[-400:], limit_per_picture=MANY)
    common = chunks_of(shared)[6]
    assert load.common[common] == pytest.approx(sum(common in chunks_of(p.pdq) for p in pictures), rel=0.1)
    # Here there are so few hashes that to read them all is cheaper than to look elsewhere; not so at a million.
    asked = hashes[0] | shared
    assert common not in choose_probes(asked, Load(MANY, {common: 0.56 * MANY}))
    assert set(found) == by_force(pictures[-400:], pictures)


async def test_probes_of_two_bits_a_chunk_find_all(transaction: Connection) -> None:
    """As the one above at a million hashes: what it chooses there is asked for here."""
    rng = Random(11)
    originals = [rng.getrandbits(BITS) for _ in range(20)]
    pictures = one_each(copy for pdq in originals for copy in copies_of(rng, pdq))
    await store(transaction, *pictures)
    for asked in pictures[:40]:
        probes = choose_probes(asked.pdq, Load(MANY, {chunks_of(asked.pdq)[6]: 0.56 * MANY}))
        assert len(probes) == 13 * 17 + 2 * 137
        bits, keys = BitString.frombytes(asked.pdq.to_bytes(32)), f"{{{','.join(map(str, probes))}}}"
        rows = await transaction.fetch(FIND_NEAR, [asked.tip_id], [1], [bits], [keys], DISTANCE_MAX, MANY)
        assert {Near(asked.tip_id, row["other_tip_id"], row["distance"], 1) for row in rows} == by_force(
            [asked], pictures
        )


async def test_where_all_hashes_are_alike_all_are_compared_and_all_are_found(pool: Pool, owner_pool: Pool) -> None:
    rng = Random(6)
    blank = rng.getrandbits(BITS)
    pictures = one_each(flip(rng, blank, rng.randint(0, 24)) for _ in range(400))
    await commit_and_look(pool, owner_pool, pictures)
    async with pool.acquire() as transaction, transaction.transaction():
        assert choose_probes(blank, await load_chunks(transaction)) == ()
        found = await find_near(transaction, pictures[:60], limit_per_picture=MANY)
    assert set(found) == by_force(pictures[:60], pictures)
    assert found


async def test_before_any_statistics_no_chunk_is_common(transaction: Connection) -> None:
    assert await load_chunks(transaction) == Load()


async def test_an_amendment_replaces_what_its_tip_held_and_nothing_else(transaction: Connection) -> None:
    old, new, others = (Random(number).getrandbits(BITS) for number in (1, 2, 3))
    before = [Picture(tip(1), 1, old), Picture(tip(1), 2, others, is_viral=True)]
    assert await store(transaction, *before, Picture(tip(2), 1, others)) == []
    removed = await store(transaction, Picture(tip(1), 1, new))
    assert sorted(removed, key=lambda picture: picture.number) == before
    asker = Picture(tip(9), 1, 0)
    assert await others_near(transaction, replace(asker, pdq=old)) == []
    assert await others_near(transaction, replace(asker, pdq=new)) == [(tip(1), 0)]
    assert await others_near(transaction, replace(asker, pdq=others)) == [(tip(2), 0)]
    assert await counts(transaction) == (2, 2), "the hash that nobody holds any more has gone"


async def test_a_tip_may_lose_all_its_pictures_and_storing_them_twice_changes_nothing(transaction: Connection) -> None:
    pictures = one_each(Random(number).getrandbits(BITS) for number in range(3))
    await store(transaction, *pictures)
    assert sorted(await store(transaction, *pictures), key=lambda picture: picture.tip_id) == pictures
    assert await counts(transaction) == (3, 3)
    await replace_pictures(transaction, [picture.tip_id for picture in pictures], [])
    assert await counts(transaction) == (0, 0)


async def test_a_picture_of_500_tips_is_one_hash(transaction: Connection) -> None:
    await store(transaction, *one_each([12345] * 500))
    assert await counts(transaction) == (1, 500)


async def test_a_viral_picture_is_kept_but_near_nothing(transaction: Connection) -> None:
    """Whoever calls it viral silences the hash for all who hold it, and whoever asks; taken back, it speaks again."""
    rng = Random(7)
    pdq = rng.getrandbits(BITS)
    viral, same, copy = Picture(tip(1), 1, pdq, is_viral=True), Picture(tip(2), 1, pdq), flip(rng, pdq, 9)
    near = Picture(tip(3), 1, copy)
    await store(transaction, viral, same, near)
    assert await find_near(transaction, [viral, same, near]) == []
    assert await find_near(transaction, [replace(near, is_viral=True)]) == []
    assert await counts(transaction) == (2, 3)
    assert await store(transaction, replace(viral, is_viral=False)) == [viral]
    assert await others_near(transaction, near) == [(tip(1), 9), (tip(2), 9)]
    assert await others_near(transaction, same) == [(tip(1), 0), (tip(3), 9)]
    assert await find_near(transaction, [Picture(tip(9), 1, copy, is_viral=True)]) == []


async def test_the_nearest_come_first_and_each_tip_once(transaction: Connection) -> None:
    rng = Random(8)
    pdq = rng.getrandbits(BITS)
    far, nearer = flip(rng, pdq, 20), flip(rng, pdq, 5)
    await store(
        transaction,
        *(Picture(tip(1), number, held) for number, held in enumerate((far, nearer, nearer), start=1)),
        *(Picture(tip(number), 1, far) for number in (4, 3, 2)),
        *(Picture(tip(number), 2, nearer) for number in (9, 8)),
    )
    asked = Picture(tip(9), 1, pdq)
    expected = [(tip(1), 5), (tip(8), 5), (tip(2), 20), (tip(3), 20), (tip(4), 20)]
    assert await others_near(transaction, asked) == expected
    for limit in range(6):
        found = await find_near(transaction, [asked], limit_per_picture=limit)
        assert [(near.other_tip_id, near.distance) for near in found] == expected[:limit]


async def test_a_shorter_distance_finds_less(transaction: Connection) -> None:
    rng = Random(9)
    pdq = rng.getrandbits(BITS)
    await store(transaction, *one_each(flip(rng, pdq, bits) for bits in range(33)))
    for distance_max in (0, 1, 15, 16, 30):
        found = await find_near(transaction, [Picture(tip(99), 1, pdq)], distance_max=distance_max)
        assert [near.distance for near in found] == list(range(distance_max + 1))


async def test_many_pictures_are_one_statement_and_scans_are_allowed_again(transaction: Connection) -> None:
    pictures = one_each(Random(number).getrandbits(BITS) for number in range(PICTURES_AT_ONCE))
    await store(transaction, *pictures)
    # The first time on a connection, the driver asks for the types.
    await find_near(transaction, pictures[:1])
    ran: list[str] = []
    with transaction.query_logger(lambda record: ran.append(record.query)):
        found = await find_near(transaction, [Picture(tip(999), n, each.pdq) for n, each in enumerate(pictures)])
    assert ran[:3] == [SELECT_LOAD, AVOID_SCANS, FIND_NEAR]
    assert ran.count(FIND_NEAR) == 1
    assert {near.other_tip_id for near in found} == {picture.tip_id for picture in pictures}
    assert await transaction.fetchval("SHOW enable_seqscan") == "on"


async def test_more_pictures_than_one_statement_takes_are_all_answered(transaction: Connection) -> None:
    pictures = one_each([Random(1).getrandbits(BITS)] * (PICTURES_AT_ONCE + 1))
    await store(transaction, *pictures)
    found = await find_near(transaction, pictures, limit_per_picture=1)
    assert {near.tip_id for near in found} == {picture.tip_id for picture in pictures}
    assert await find_near(transaction, []) == []


async def test_a_plan_made_while_the_index_is_empty_is_by_index(transaction: Connection) -> None:
    """Such a plan may be kept; one that reads the table would compare 272 probes with each row, for seconds."""
    await transaction.execute(AVOID_SCANS)
    rows = await transaction.fetch(
        f"EXPLAIN {FIND_NEAR}", [tip(1)], [1], [BitString.frombytes(bytes(BITS // 8))], ["{1}"], 31, 50
    )
    await transaction.execute(ALLOW_SCANS)
    plan = "\n".join(row[0] for row in rows)
    assert "Bitmap Index Scan on pdq_by_chunk" in plan
    assert "Seq Scan on picture" not in plan


async def commit_and_look(pool: Pool, owner_pool: Pool, pictures: Sequence[Picture]) -> None:
    """Store pictures, and let PostgreSQL look at them as autovacuum does."""
    async with pool.acquire() as transaction, transaction.transaction():
        await lock_graph(transaction)
        await store(transaction, *pictures)
    await owner_pool.execute("ANALYZE pdq")


async def counts(transaction: Connection) -> tuple[int, int]:
    """Return how many hashes and how many pictures there are."""
    return await transaction.fetchval(COUNT_HASHES), await transaction.fetchval(COUNT_PICTURES)
