"""The index of pictures finds what comparing every hash with every other finds, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from random import Random
from uuid import UUID

import pytest

from services.linker.domain.pdq import BITS, CHUNKS, DISTANCE_MAX, Load, Picture, choose_probes, chunks_of, distance
from services.linker.store.graph import lock_graph
from services.linker.store.pictures import (
    ALLOW_SCANS,
    AVOID_SCANS,
    FIND_NEAR,
    HASHES_AT_ONCE,
    SELECT_LOAD,
    Near,
    bits_of,
    find_near,
    load_chunks,
    number_of,
    replace_pictures,
)
from shared.db.pool import Connection, Pool

COUNT_HASHES = "SELECT count(*) FROM pdq"
COUNT_PICTURES = "SELECT count(*) FROM picture"
SELECT_WAITING = "SELECT hash, is_unknown FROM picture_waiting ORDER BY number"
ADD_CROWDED = """
INSERT INTO picture_standing (hash, tip_count, is_crowded, is_silent) SELECT unnest($1::bit(256)[]), 1, true, true"""
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
    by_chance = [flip(rng, pdq, count) for count in (1, 16, 30, 31, 31, 32, 32, 33)]
    return [
        pdq,
        *by_chance,
        *(flip_evenly(rng, pdq, 31) for _ in range(4)),
        *(flip_evenly(rng, pdq, 32) for _ in range(4)),
    ]


def one_each(hashes: Iterable[int]) -> list[Picture]:
    """Return a picture for each hash, each of a tip of its own, from tip 1 on."""
    return [Picture(tip(number), 1, pdq) for number, pdq in enumerate(hashes, start=1)]


def by_force(asked: Iterable[int], stored: Iterable[int]) -> set[Near]:
    """Return what is near, from comparing each with each."""
    apart = (Near(left, right, distance(left, right)) for right in set(stored) for left in asked)
    return {near for near in apart if 0 < near.distance <= DISTANCE_MAX}


async def store(transaction: Connection, *pictures: Picture) -> None:
    await replace_pictures(transaction, {picture.tip_id for picture in pictures}, pictures)


async def near_to(transaction: Connection, *asked: int, distance_max: int = DISTANCE_MAX) -> list[tuple[int, int]]:
    """Return the hashes near one, with their distances, in the order found."""
    found = await find_near(transaction, asked, distance_max=distance_max, crowd_min=MANY)
    return [(near.other, near.distance) for near in found]


async def test_all_within_31_bits_are_found_and_none_at_32(transaction: Connection) -> None:
    rng = Random(4)
    hashes = [copy for _ in range(25) for copy in copies_of(rng, rng.getrandbits(BITS))]
    await store(transaction, *one_each(hashes))
    found = await find_near(transaction, hashes, crowd_min=MANY)
    assert len(found) == len(set(found))
    assert set(found) == by_force(hashes, hashes)
    assert {near.distance for near in found if near.pdq == hashes[0]} >= {1, 16, 30, 31}


async def test_a_chunk_that_most_hashes_share_is_avoided_and_all_are_found(pool: Pool, owner_pool: Pool) -> None:
    rng = Random(5)
    shared = sum(MASKS_OF_CHUNK[6])
    hashes = [rng.getrandbits(BITS) | (shared if rng.random() < 0.56 else 0) for _ in range(3_000)]
    hashes += [copy for pdq in hashes[:30] for copy in copies_of(rng, pdq)[1:]]
    await commit_and_look(pool, owner_pool, one_each(hashes))
    async with pool.acquire() as transaction, transaction.transaction():
        load = await load_chunks(transaction)
        found = await find_near(transaction, hashes[-400:], crowd_min=MANY)
    common = chunks_of(shared)[6]
    assert load.common[common] == pytest.approx(sum(common in chunks_of(pdq) for pdq in hashes), rel=0.1)
    # Here there are so few hashes that to read them all is cheaper than to look elsewhere; not so at a million.
    assert common not in choose_probes(hashes[0] | shared, Load(MANY, {common: 0.56 * MANY}))
    assert set(found) == by_force(hashes[-400:], hashes)


async def test_probes_of_two_bits_a_chunk_find_all(transaction: Connection) -> None:
    """As the one above at a million hashes: what it chooses there is asked for here."""
    rng = Random(11)
    hashes = [copy for _ in range(20) for copy in copies_of(rng, rng.getrandbits(BITS))]
    await store(transaction, *one_each(hashes))
    for asked in hashes[:40]:
        probes = choose_probes(asked, Load(MANY, {chunks_of(asked)[6]: 0.56 * MANY}))
        assert len(probes) == 13 * 17 + 2 * 137
        keys = f"{{{','.join(map(str, probes))}}}"
        rows = await transaction.fetch(FIND_NEAR, [bits_of(asked)], [keys], DISTANCE_MAX, MANY)
        assert {Near(asked, number_of(row["other_hash"]), row["distance"]) for row in rows} == by_force([asked], hashes)


async def test_where_all_hashes_are_alike_all_are_compared_and_all_are_found(pool: Pool, owner_pool: Pool) -> None:
    rng = Random(6)
    blank = rng.getrandbits(BITS)
    hashes = list({flip(rng, blank, rng.randint(0, 24)) for _ in range(400)})
    await commit_and_look(pool, owner_pool, one_each(hashes))
    async with pool.acquire() as transaction, transaction.transaction():
        assert choose_probes(blank, await load_chunks(transaction)) == ()
        found = await find_near(transaction, hashes[:60], crowd_min=MANY)
    assert set(found) == by_force(hashes[:60], hashes)
    assert found


async def test_before_any_statistics_no_chunk_is_common(transaction: Connection) -> None:
    assert await load_chunks(transaction) == Load()


async def test_an_amendment_replaces_what_its_tip_showed_and_nothing_else(transaction: Connection) -> None:
    old, new, others = (Random(number).getrandbits(BITS) for number in (1, 2, 3))
    await store(transaction, Picture(tip(1), 1, old), Picture(tip(1), 2, others), Picture(tip(2), 1, others))
    await store(transaction, Picture(tip(1), 1, new))
    assert await near_to(transaction, *(pdq ^ 1 for pdq in (old, new, others))) == [(new, 1), (others, 1)]
    assert await counts(transaction) == (2, 2), "the hash that nobody shows any more has gone"


async def test_a_tip_may_lose_all_its_pictures_and_storing_them_twice_changes_nothing(transaction: Connection) -> None:
    pictures = one_each(Random(number).getrandbits(BITS) for number in range(3))
    await store(transaction, *pictures)
    await transaction.execute("DELETE FROM picture_waiting")
    await store(transaction, *pictures)
    assert await counts(transaction) == (3, 3)
    assert await transaction.fetch(SELECT_WAITING) == []
    await replace_pictures(transaction, [picture.tip_id for picture in pictures], [])
    assert await counts(transaction) == (0, 0)


async def test_a_picture_of_500_tips_is_one_hash_and_waits_once(transaction: Connection) -> None:
    await store(transaction, *one_each([12345] * 500))
    assert await counts(transaction) == (1, 500)
    assert len(await transaction.fetch(SELECT_WAITING)) == 1


async def test_hashes_that_come_go_or_change_their_holders_wait_and_only_new_ones_are_unknown(
    transaction: Connection,
) -> None:
    old, new, kept = (Random(number).getrandbits(BITS) for number in (1, 2, 3))
    before = [Picture(tip(1), 1, old), Picture(tip(1), 2, kept), Picture(tip(2), 1, kept)]
    await store(transaction, *before)
    await transaction.execute("DELETE FROM picture_waiting")
    await store(transaction, Picture(tip(1), 5, kept), Picture(tip(1), 2, new))
    assert await waiting(transaction) == {old: False, new: True}, "that its number is another means nothing"
    await store(transaction, Picture(tip(1), 1, kept, is_viral=True))
    assert await waiting(transaction) == {old: False, new: True, kept: False}, "it stays unknown until looked at"


async def test_a_change_while_a_hash_waits_is_another_change(transaction: Connection) -> None:
    await store(transaction, Picture(tip(1), 1, 77))
    first = await transaction.fetchval("SELECT number FROM picture_waiting")
    await store(transaction, Picture(tip(2), 1, 77))
    assert await transaction.fetchval("SELECT number FROM picture_waiting") > first


async def test_the_nearest_come_first_and_of_a_crowd_the_farther_only_if_they_are_not_crowded(
    transaction: Connection,
) -> None:
    rng = Random(8)
    asked = rng.getrandbits(BITS)
    hashes = [flip(rng, asked, bits) for bits in range(32)]
    await store(transaction, *one_each(hashes))
    assert await near_to(transaction, asked) == list(zip(hashes[1:], range(1, 32), strict=True))
    await transaction.execute(ADD_CROWDED, [bits_of(pdq) for pdq in hashes[1::2]])
    found = await find_near(transaction, [asked], crowd_min=5)
    assert [near.distance for near in found] == [1, 2, 3, 4, 5, *range(6, 32, 2)]


async def test_a_shorter_distance_finds_less(transaction: Connection) -> None:
    rng = Random(9)
    pdq = rng.getrandbits(BITS)
    await store(transaction, *one_each(flip(rng, pdq, bits) for bits in range(33)))
    for distance_max in (0, 1, 15, 16, 30):
        found = await near_to(transaction, pdq, distance_max=distance_max)
        assert [bits for _, bits in found] == list(range(1, distance_max + 1))


async def test_many_hashes_are_one_statement_and_scans_are_allowed_again(transaction: Connection) -> None:
    hashes = [Random(number).getrandbits(BITS) for number in range(HASHES_AT_ONCE)]
    await store(transaction, *one_each(hashes))
    # The first time on a connection, the driver asks for the types.
    await find_near(transaction, hashes[:1], crowd_min=MANY)
    ran: list[str] = []
    asked = [pdq ^ 1 for pdq in hashes]
    with transaction.query_logger(lambda record: ran.append(record.query)):
        found = await find_near(transaction, asked, crowd_min=MANY)
    assert ran[:3] == [SELECT_LOAD, AVOID_SCANS, FIND_NEAR]
    assert ran.count(FIND_NEAR) == 1
    assert {near.other for near in found} == set(hashes)
    assert await transaction.fetchval("SHOW enable_seqscan") == "on"


async def test_more_hashes_than_one_statement_takes_are_all_answered(transaction: Connection) -> None:
    hashes = [Random(number).getrandbits(BITS) for number in range(HASHES_AT_ONCE + 1)]
    await store(transaction, *one_each(hashes))
    found = await find_near(transaction, [pdq ^ 1 for pdq in hashes], crowd_min=MANY)
    assert {near.other for near in found} == set(hashes)
    assert await find_near(transaction, [], crowd_min=MANY) == []


async def test_a_plan_made_while_the_index_is_empty_is_by_index(transaction: Connection) -> None:
    """Such a plan may be kept; one that reads the table would compare 272 probes with each row, for seconds."""
    await transaction.execute(AVOID_SCANS)
    rows = await transaction.fetch(f"EXPLAIN {FIND_NEAR}", [bits_of(0)], ["{1}"], 31, 50)
    await transaction.execute(ALLOW_SCANS)
    plan = "\n".join(row[0] for row in rows)
    assert "Bitmap Index Scan on pdq_by_chunk" in plan
    assert "Seq Scan on picture_standing" not in plan


async def commit_and_look(pool: Pool, owner_pool: Pool, pictures: Sequence[Picture]) -> None:
    """Store pictures, and let PostgreSQL look at them as autovacuum does."""
    async with pool.acquire() as transaction, transaction.transaction():
        await lock_graph(transaction)
        await store(transaction, *pictures)
    await owner_pool.execute("ANALYZE pdq")


async def counts(transaction: Connection) -> tuple[int, int]:
    """Return how many hashes and how many pictures there are."""
    return await transaction.fetchval(COUNT_HASHES), await transaction.fetchval(COUNT_PICTURES)


async def waiting(transaction: Connection) -> dict[int, bool]:
    """Return the hashes that wait for the second stage, and whether what is near them is unknown."""
    return {number_of(row["hash"]): row["is_unknown"] for row in await transaction.fetch(SELECT_WAITING)}
