"""The review queue: the most urgent tips first, then those that wait longest."""

from typing import Any
from uuid import UUID

from shared.events.linker import TipClusteredV1
from shared.kafka.inbox import Incoming
from tests.builders import new_id
from tests.fakes import FakeClock
from tests.integration.intake.desk import GOOD, Desk
from tests.integration.intake.test_feedback import incoming, tell

SUMS = "SELECT source, state, sum(tips)::integer AS tips FROM tip_count GROUP BY source, state HAVING sum(tips) <> 0"
ROWS = "SELECT count(*) FROM tip_count"


def a_tier(tip_id: str | UUID, tier: str | None, version: int = 1) -> Incoming:
    payload = TipClusteredV1(tip_id=UUID(str(tip_id)), cluster_id=new_id(), cluster_size=1, tier=tier)
    return incoming(payload, topic="linker.links", service="linker", subject_id=str(tip_id), subject_version=version)


async def submitted(desk: Desk, count: int) -> list[str]:
    return [str((await desk.submit(source_ref=f"CT-{number}"))["tip_id"]) for number in range(count)]


async def queue(desk: Desk, account: str = "ceiu.analyst", **query: Any) -> list[str]:
    items = await desk.items("/v1/tips", account, state="awaiting_review", limit=2, **query)
    return [item["tip_id"] for item in items]


async def test_the_queue_is_by_tier_then_age_and_what_is_not_yet_judged_comes_first(
    desk: Desk, clock: FakeClock
) -> None:
    tips = await submitted(desk, 6)
    tiers = ["T4", "T1", None, "T1", "T0", "T3"]
    await tell(desk, clock, [a_tier(tip_id, tier) for tip_id, tier in zip(tips, tiers, strict=True)])
    assert await queue(desk) == [tips[number] for number in (2, 4, 1, 3, 5, 0)]
    await desk.review(tips[4], GOOD)
    assert await queue(desk) == [tips[number] for number in (2, 1, 3, 5, 0)]
    items = await desk.items("/v1/tips", state="awaiting_review")
    assert [item["tier"] for item in items] == [None, "T1", "T1", "T3", "T4"]


async def test_pages_of_the_queue_stay_stable_while_more_urgent_tips_arrive(desk: Desk, clock: FakeClock) -> None:
    tips = await submitted(desk, 4)
    await tell(desk, clock, [a_tier(tip_id, "T3") for tip_id in tips])
    first = (await desk.get("/v1/tips", state="awaiting_review", limit=2)).json()
    late = str((await desk.submit(source_ref="late"))["tip_id"])
    await tell(desk, clock, [a_tier(late, "T0")])
    second = (await desk.get("/v1/tips", state="awaiting_review", limit=2, cursor=first["cursor"])).json()
    assert [item["tip_id"] for item in first["items"] + second["items"]] == tips
    assert (await queue(desk))[0] == late


async def test_a_source_sees_its_own_as_they_arrived_and_no_tier(desk: Desk, clock: FakeClock) -> None:
    tips = await submitted(desk, 3)
    await tell(desk, clock, [a_tier(tips[2], "T0"), a_tier(tips[0], "T4"), a_tier(tips[1], "T2")])
    assert await queue(desk, "source.ncmec") == tips
    items = await desk.items("/v1/tips", "source.ncmec", state="awaiting_review")
    assert {item["tier"] for item in items} == {None}
    assert "tier" not in await desk.show(tips[0], "source.ncmec")


async def test_the_newest_tier_counts_in_any_order_and_one_of_no_tip_of_ours_is_passed_over(
    desk: Desk, clock: FakeClock
) -> None:
    one, two = await submitted(desk, 2)
    await tell(desk, clock, [a_tier(one, "T4", 1), a_tier(one, "T0", 3), a_tier(one, "T2", 2), a_tier(new_id(), "T0")])
    await tell(desk, clock, [a_tier(two, "T1"), a_tier(one, "T3", 2), a_tier(one, None, 4)])
    assert await queue(desk) == [one, two]


async def test_a_tier_counts_no_tip_again(desk: Desk, clock: FakeClock) -> None:
    tips = await submitted(desk, 3)
    await desk.review(tips[0], GOOD)
    before = await desk.pool.fetchval(ROWS)
    await tell(desk, clock, [a_tier(tip_id, "T1") for tip_id in tips])
    assert await desk.pool.fetchval(ROWS) == before
    counted = {row["state"]: row["tips"] for row in await desk.pool.fetch(SUMS)}
    assert counted == {"actionable": 1, "awaiting_review": 2}


async def test_a_cursor_of_another_list_is_refused(desk: Desk) -> None:
    for cursor in ("x", "WzFd", "WyJUOSIsIngiXQ", "WyJUMCIsIngiXQ", "WyJUMCIsMV0"):
        assert (await desk.get("/v1/tips", state="awaiting_review", cursor=cursor)).status_code == 422
