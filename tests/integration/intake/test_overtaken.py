"""Many tips locked or changed at once, some of which another transaction changes after the statement began.

Goal: none of them is passed over. Method: the statements run while a transaction with the change is not yet committed,
over so many tips that they are found one by one through an index, as in a table of any size.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from services.intake import store
from shared.db.pool import Connection
from tests.fakes import FakeClock
from tests.integration.intake.desk import BAD, Desk
from tests.waiting import overtaken

TIPS = 8
TOUCH = "UPDATE tip SET changed_at = changed_at + interval '1 second' WHERE tip_id = ANY($1)"
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"


async def submitted(desk: Desk) -> list[UUID]:
    return [UUID((await desk.submit(source_ref=f"CT-{number}"))["tip_id"]) for number in range(TIPS)]


def changing(tip_ids: list[UUID]) -> Callable[[Connection], Awaitable[object]]:
    """Return what changes all but the first of these tips."""
    return lambda connection: connection.execute(TOUCH, tip_ids[1:])


async def test_every_repeated_tip_is_locked(desk: Desk) -> None:
    tip_ids = await submitted(desk)
    keys = [("ncmec", f"CT-{number}") for number in range(TIPS)]

    async def lock(transaction: Connection) -> set[tuple[str, str]]:
        await transaction.execute(BY_INDEX)
        return set(await store.lock_tips(transaction, keys))

    assert await overtaken(desk.pool, changing(tip_ids), lock) == set(keys)


async def test_every_tier_is_stored(desk: Desk) -> None:
    tip_ids = await submitted(desk)

    async def update(transaction: Connection) -> None:
        await transaction.execute(BY_INDEX)
        await store.update_tiers(transaction, dict.fromkeys(tip_ids, (1, "T1")))

    await overtaken(desk.pool, changing(tip_ids), update)
    assert [item["tier"] for item in await desk.items("/v1/tips", state="awaiting_review")] == ["T1"] * TIPS


async def test_every_rejected_tip_is_reopened(desk: Desk, clock: FakeClock) -> None:
    tip_ids = await submitted(desk)
    for tip_id in tip_ids:
        await desk.review(str(tip_id), BAD)

    async def reopen(transaction: Connection) -> set[UUID]:
        await transaction.execute(BY_INDEX)
        return await store.reopen_tips(transaction, tip_ids, "a link", clock.now() + timedelta(hours=1))

    assert await overtaken(desk.pool, changing(tip_ids), reopen) == set(tip_ids)
