"""The search for pictures finds what comparing every hash with every other finds, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from random import Random
from uuid import UUID

import pytest

from services.linker.domain.known_hashes import KnownHashes
from services.linker.domain.pdq import BITS, DISTANCE_MAX, Picture, distance
from services.linker.store import pictures as pictures_store
from services.linker.store.graph import lock_graph
from services.linker.store.pictures import (
    READ_HASHES,
    Near,
    bits_of,
    find_near,
    number_of,
    read_hashes,
    replace_pictures,
)
from shared.db.pool import Connection, Pool

COUNT_HASHES = "SELECT count(*) FROM pdq"
COUNT_PICTURES = "SELECT count(*) FROM picture"
SELECT_WAITING = "SELECT hash, is_unknown FROM picture_waiting ORDER BY number"
ADD_CROWDED = """
INSERT INTO picture_standing (hash, tip_count, is_crowded, is_silent) SELECT unnest($1::bit(256)[]), 1, true, true"""
MANY = 1_000_000


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


def copies_of(rng: Random, pdq: int) -> list[int]:
    """Return a hash and others at the distances where it matters."""
    return [pdq, *(flip(rng, pdq, count) for count in (1, 16, 30, 31, 31, 31, 32, 32, 32, 33))]


def one_each(hashes: Iterable[int]) -> list[Picture]:
    """Return a picture for each hash, each of a tip of its own, from tip 1 on."""
    return [Picture(tip(number), 1, pdq) for number, pdq in enumerate(hashes, start=1)]


def by_force(asked: Iterable[int], stored: Iterable[int]) -> set[Near]:
    """Return what is near, from comparing each with each."""
    apart = (Near(left, right, distance(left, right)) for right in set(stored) for left in asked)
    return {near for near in apart if 0 < near.distance <= DISTANCE_MAX}


async def store(transaction: Connection, *pictures: Picture) -> None:
    await replace_pictures(transaction, {picture.tip_id for picture in pictures}, pictures)


async def near_to(transaction: Connection, *asked: int) -> list[tuple[int, int]]:
    """Return the hashes near some, with their distances, in the order found, as a process that just started."""
    return [(near.other, near.distance) for near in await search(transaction, *asked)]


async def search(transaction: Connection, *asked: int, crowd_min: int = MANY) -> list[Near]:
    return await find_near(transaction, KnownHashes(), asked, crowd_min=crowd_min)


async def test_all_within_31_bits_are_found_and_none_at_32(transaction: Connection) -> None:
    rng = Random(4)
    hashes = [copy for _ in range(25) for copy in copies_of(rng, rng.getrandbits(BITS))]
    await store(transaction, *one_each(hashes))
    found = await search(transaction, *hashes)
    assert len(found) == len(set(found))
    assert set(found) == by_force(hashes, hashes)
    assert {near.distance for near in found if near.pdq == hashes[0]} >= {1, 16, 30, 31}


async def test_what_was_stored_since_the_last_search_is_read_and_only_that(
    transaction: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read in a round ends where the next one begins, however few it takes."""
    monkeypatch.setattr(pictures_store, "HASHES_READ_AT_ONCE", 2)
    known, pdq = KnownHashes(), Random(5).getrandbits(BITS)
    await store(transaction, *(Picture(tip(number), 1, pdq ^ number) for number in range(1, 6)))
    await read_hashes(transaction, known)
    await store(transaction, *(Picture(tip(number), 1, pdq ^ number) for number in range(6, 9)))
    newest = await transaction.fetchrow(READ_HASHES, known.newest, MANY)
    assert newest is not None
    assert len(newest["hashes"]) == 3 * BITS // 8
    found = await find_near(transaction, known, [pdq], crowd_min=MANY)
    assert {near.other for near in found} == {pdq ^ number for number in range(1, 9)}


async def test_a_hash_that_has_gone_is_not_found_and_back_again_it_is(transaction: Connection) -> None:
    known = KnownHashes()
    await store(transaction, Picture(tip(1), 1, 12345))
    assert await find_near(transaction, known, [12344], crowd_min=MANY) == [Near(12344, 12345, 1)]
    await replace_pictures(transaction, [tip(1)], [])
    assert await find_near(transaction, known, [12344], crowd_min=MANY) == []
    await store(transaction, Picture(tip(1), 1, 12345))
    assert await find_near(transaction, known, [12344], crowd_min=MANY) == [Near(12344, 12345, 1)]


async def test_what_was_rolled_back_is_not_found(pool: Pool) -> None:
    known = KnownHashes()
    async with pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        await store(connection, Picture(tip(1), 1, 12345))
        await read_hashes(connection, known)
        await undone.rollback()
        async with connection.transaction():
            await store(connection, Picture(tip(2), 1, 12346))
            assert await find_near(connection, known, [12344], crowd_min=MANY) == [Near(12344, 12346, 1)]


async def test_what_is_gone_takes_no_place_in_a_crowd(transaction: Connection) -> None:
    known = KnownHashes()
    await store(transaction, *one_each([1, 3, 7]))
    await read_hashes(transaction, known)
    await transaction.execute(ADD_CROWDED, [bits_of(pdq) for pdq in (3, 7)])
    await replace_pictures(transaction, [tip(1)], [])
    assert await find_near(transaction, known, [0], crowd_min=1) == [Near(0, 3, 2)]


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


async def test_the_nearest_come_first_and_of_a_crowd_the_farther_only_if_they_need_to_be_told(
    transaction: Connection,
) -> None:
    """Neither those known to be crowded nor those that wait to be searched for themselves need to."""
    rng = Random(8)
    asked = rng.getrandbits(BITS)
    hashes = [flip(rng, asked, bits) for bits in range(32)]
    await store(transaction, *one_each(hashes))
    assert await near_to(transaction, asked) == list(zip(hashes[1:], range(1, 32), strict=True))
    assert [near.distance for near in await search(transaction, asked, crowd_min=5)] == [1, 2, 3, 4, 5]
    await transaction.execute("DELETE FROM picture_waiting")
    await transaction.execute(ADD_CROWDED, [bits_of(pdq) for pdq in hashes[1::2]])
    found = await search(transaction, asked, crowd_min=5)
    assert [near.distance for near in found] == [1, 2, 3, 4, 5, *range(6, 32, 2)]
    await store(transaction, Picture(tip(99), 1, hashes[6]))
    assert await waiting(transaction) == {hashes[6]: False}
    assert len(await search(transaction, asked, crowd_min=5)) == len(found), "who only changed its holders is told"


async def test_nothing_asked_nothing_found(transaction: Connection) -> None:
    await store(transaction, Picture(tip(1), 1, 12345))
    assert await search(transaction) == []


async def counts(transaction: Connection) -> tuple[int, int]:
    """Return how many hashes and how many pictures there are."""
    return await transaction.fetchval(COUNT_HASHES), await transaction.fetchval(COUNT_PICTURES)


async def waiting(transaction: Connection) -> dict[int, bool]:
    """Return the hashes that wait for the second stage, and whether what is near them is unknown."""
    return {number_of(row["hash"]): row["is_unknown"] for row in await transaction.fetch(SELECT_WAITING)}
