"""What intake hears from linker and referral, and what it sends again when asked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.app import SERVICE
from services.intake.domain.tip import AMENDED, LINKED
from services.intake.handlers.feedback import hear
from services.intake.handlers.republish import list_facts
from shared.events.envelope import Payload, decode, encode
from shared.events.linker import LinkFact, TipLinkedV1
from shared.events.referral import (
    ReferralAnsweredV1,
    ReferralChangedV1,
    ReferralOpenedV1,
    ReferralWithdrawnV1,
)
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from shared.kafka.outbox import Outbox
from shared.kafka.republish import republish
from tests.builders import an_event, event_bytes, new_id
from tests.conftest import Kafka, Work
from tests.fakes import FakeClock
from tests.integration.intake.desk import BAD, CLEAR_OUTBOX, GOOD, OUTBOX, Desk
from tests.waiting import eventually

REFERRALS = {
    "opened": ReferralOpenedV1,
    "changed": ReferralChangedV1,
    "answered": ReferralAnsweredV1,
    "withdrawn": ReferralWithdrawnV1,
}
LINKS = "SELECT tip_id, version FROM tip_link"


def a_link(tip_id: str, *to: str, version: int = 1, strength: str = "strong", is_actionable: bool = True) -> Incoming:
    links = [LinkFact(tip_id=UUID(other), strength=strength, evidence=[]) for other in to]
    payload = TipLinkedV1(
        tip_id=UUID(tip_id),
        links=links,
        link_count=len(links),
        is_linked_to_actionable=is_actionable,
        rules_version="1",
    )
    return incoming(payload, topic="linker.links", service="linker", subject_id=tip_id, subject_version=version)


def a_referral(kind: str, referral_id: UUID, version: int, state: str, *tip_ids: str, **fields: Any) -> Incoming:
    payload = REFERRALS[kind](
        referral_id=referral_id,
        version=version,
        lead_id=referral_id,
        lead_version=1,
        state=state,
        office="sac-boston",
        tier="T3",
        confidence=0.9,
        reason="invented",
        tip_ids=[UUID(tip_id) for tip_id in tip_ids],
        **fields,
    )
    return incoming(
        payload, topic="referral.referrals", service="referral", subject_id=str(referral_id), subject_version=version
    )


def incoming(payload: Payload, **fields: Any) -> Incoming:
    event = an_event(payload, **fields)
    return Incoming(decode(encode(event)), payload, Record(event.topic, 0, 0, None, b"", (), 0), "intake")


async def tell(desk: Desk, clock: FakeClock, events: Sequence[Incoming]) -> None:
    async with desk.pool.acquire() as connection, connection.transaction():
        await hear(connection, events, clock=clock, outbox=Outbox(shards=2))


async def decided_tips(desk: Desk, *verdicts: dict[str, Any]) -> list[str]:
    """Return tips of which each was reviewed so."""
    tip_ids = []
    for number, verdict in enumerate(verdicts):
        tip_ids.append(str((await desk.submit(source_ref=f"CT-{number}"))["tip_id"]))
        await desk.review(tip_ids[-1], verdict)
    return tip_ids


async def state_of(desk: Desk, tip_id: str) -> tuple[str, str | None]:
    tip = await desk.show(tip_id)
    return tip["state"], tip["reopened_because"]


async def test_a_rejected_tip_linked_to_an_actionable_one_awaits_review_again(desk: Desk, clock: FakeClock) -> None:
    rejected, actionable = await decided_tips(desk, BAD, GOOD)
    before = await desk.sent()
    await tell(desk, clock, [a_link(rejected, actionable), a_link(actionable, rejected, is_actionable=False)])
    assert await state_of(desk, rejected) == ("awaiting_review", LINKED)
    assert (await desk.show(rejected))["decision"] == "not_actionable"
    assert await state_of(desk, actionable) == ("actionable", None)
    after = [sent for sent in await desk.sent() if sent[1] != "record.viewed"]
    assert after == [*before, ("intake.activity", "tip.reopened")], "hearing publishes nothing else"
    [event] = await desk.events("tip.reopened")
    assert (event["payload"]["tip_id"], event["payload"]["because"]) == (rejected, LINKED)
    assert event["payload"]["change"]["fields"] == ["reopened_because", "state"]


async def test_a_source_is_not_told_that_its_tip_was_linked_to_another(desk: Desk, clock: FakeClock) -> None:
    rejected, actionable = await decided_tips(desk, BAD, GOOD)
    await tell(desk, clock, [a_link(rejected, actionable)])
    assert (await desk.show(rejected))["reopened_because"] == LINKED
    assert (await desk.show(rejected, "source.ncmec"))["reopened_because"] is None
    assert [tip["reopened_because"] for tip in await desk.items("/v1/tips", "source.ncmec")] == [None, None]
    await desk.submit(source_ref="CT-0", reported_at="2026-04-01T00:00:00Z")
    assert (await desk.show(rejected, "source.ncmec"))["reopened_because"] == AMENDED


async def test_a_tip_that_is_not_rejected_stays_as_it_is(desk: Desk, clock: FakeClock) -> None:
    actionable, other = await decided_tips(desk, GOOD, GOOD)
    waiting = str((await desk.submit(source_ref="CT-9"))["tip_id"])
    await tell(desk, clock, [a_link(actionable, other), a_link(waiting, other)])
    assert await state_of(desk, actionable) == ("actionable", None)
    assert await state_of(desk, waiting) == ("awaiting_review", None)


async def test_a_link_that_was_known_reopens_nothing(desk: Desk, clock: FakeClock) -> None:
    rejected, actionable, other = await decided_tips(desk, BAD, GOOD, BAD)
    await tell(desk, clock, [a_link(rejected, actionable)])
    await desk.review(rejected, BAD)
    for again in (a_link(rejected, actionable), a_link(rejected, actionable, other, version=2)):
        await tell(desk, clock, [again])
        assert await state_of(desk, rejected) == ("not_actionable", None)
    await desk.review(other, GOOD)
    await tell(desk, clock, [a_link(rejected, actionable, other, version=3)])
    assert await state_of(desk, rejected) == ("awaiting_review", LINKED)


async def test_older_news_of_links_is_ignored(desk: Desk, clock: FakeClock) -> None:
    rejected, actionable, other = await decided_tips(desk, BAD, GOOD, GOOD)
    await tell(desk, clock, [a_link(rejected, actionable, version=5), a_link(rejected, other, version=4)])
    await desk.review(rejected, BAD)
    await tell(desk, clock, [a_link(rejected, other, version=4)])
    assert await state_of(desk, rejected) == ("not_actionable", None)


@pytest.mark.parametrize("case", ["weak", "rejected", "none"])
async def test_other_links_reopen_nothing_and_leave_nothing(desk: Desk, clock: FakeClock, case: str) -> None:
    rejected, actionable, other = await decided_tips(desk, BAD, GOOD, BAD)
    to = {"weak": (actionable,), "rejected": (other,), "none": ()}[case]
    strength = "weak" if case == "weak" else "strong"
    await tell(desk, clock, [a_link(rejected, *to, strength=strength, is_actionable=False)])
    assert await state_of(desk, rejected) == ("not_actionable", None)
    assert await desk.pool.fetch(LINKS) == []


async def test_an_actionable_link_beyond_the_listed_ones_reopens_once(desk: Desk, clock: FakeClock) -> None:
    rejected, other = await decided_tips(desk, BAD, BAD)
    await tell(desk, clock, [a_link(rejected, other)])
    assert (await state_of(desk, rejected))[0] == "awaiting_review"
    await desk.review(rejected, BAD)
    await tell(desk, clock, [a_link(rejected, other, version=2)])
    assert (await state_of(desk, rejected))[0] == "not_actionable"


async def outcome_of(desk: Desk, source: str) -> tuple[dict[str, int], dict[str, int]]:
    (item,) = await desk.items("/v1/sources", f"source.{source}")
    return item["referrals"], item["outcomes"]


async def test_sources_are_told_what_their_tips_came_to(desk: Desk, clock: FakeClock) -> None:
    ours = [str((await desk.submit(source_ref=f"CT-{n}"))["tip_id"]) for n in range(3)]
    theirs = str((await desk.submit("source.police"))["tip_id"])
    one, two = new_id(), new_id()
    await tell(desk, clock, [a_referral("opened", one, 1, "sent", ours[0], ours[1], theirs)])
    await tell(desk, clock, [a_referral("opened", two, 1, "queued", ours[2])])
    assert await outcome_of(desk, "ncmec") == ({"referred": 2, "accepted": 0, "declined": 0, "closed": 0}, {})
    await tell(
        desk,
        clock,
        [
            a_referral("answered", one, 2, "accepted", ours[0], ours[1], theirs, response="accepted"),
            a_referral("answered", one, 3, "closed", ours[0], ours[1], theirs, response="closed", outcome="arrest"),
            a_referral("changed", two, 2, "sent", ours[2]),
            a_referral("answered", two, 3, "queued", ours[2], response="declined"),
        ],
    )
    expected = {"referred": 3, "accepted": 2, "declined": 1, "closed": 2}
    assert await outcome_of(desk, "ncmec") == (expected, {"arrest": 2})
    assert await outcome_of(desk, "police") == (
        {"referred": 1, "accepted": 1, "declined": 0, "closed": 1},
        {"arrest": 1},
    )
    for source in await desk.items("/v1/sources"):
        assert sum(source["tips"].values()) == {"ncmec": 3, "police": 1}.get(source["source"], 0)


async def test_older_versions_and_repeats_of_a_referral_change_nothing(desk: Desk, clock: FakeClock) -> None:
    tip_id, referral_id = str((await desk.submit())["tip_id"]), new_id()
    closed = a_referral("answered", referral_id, 3, "closed", tip_id, outcome="unfounded")
    for events in ([closed], [closed], [a_referral("opened", referral_id, 1, "sent", tip_id)]):
        await tell(desk, clock, events)
        referrals, outcomes = await outcome_of(desk, "ncmec")
        assert (referrals["closed"], outcomes) == (1, {"unfounded": 1})


async def test_a_source_whose_tips_left_the_lead_counts_none_there(desk: Desk, clock: FakeClock) -> None:
    ours, theirs = [str((await desk.submit(f"source.{s}"))["tip_id"]) for s in ("ncmec", "police")]
    referral_id = new_id()
    await tell(desk, clock, [a_referral("opened", referral_id, 1, "sent", ours, theirs)])
    await tell(desk, clock, [a_referral("changed", referral_id, 2, "sent", ours)])
    assert (await outcome_of(desk, "police"))[0]["referred"] == 0
    assert (await outcome_of(desk, "ncmec"))[0]["referred"] == 1


async def test_news_of_a_tip_that_is_not_ours_is_passed_over(desk: Desk, clock: FakeClock) -> None:
    stranger = str(new_id())
    await tell(desk, clock, [a_link(stranger, stranger), a_referral("opened", new_id(), 1, "sent", stranger)])
    assert (await outcome_of(desk, "ncmec"))[0]["referred"] == 0


async def test_republish_sends_every_fact_again_byte_for_byte_in_each_tips_order(desk: Desk) -> None:
    first, _ = await decided_tips(desk, BAD, GOOD)
    await desk.submit(source_ref="CT-0", related_refs=["X"])
    await desk.post(f"/v1/tips/{first}/research", {"kind": "public_search"}, "ceiu.analyst")
    sent = [row["event"] for row in await desk.pool.fetch(OUTBOX) if row["topic"] == "intake.tips"]
    await desk.pool.execute(CLEAR_OUTBOX)
    count = await republish(desk.pool, Outbox(shards=2), list_facts, tell=print)
    again = [row["event"] for row in await desk.pool.fetch(OUTBOX)]
    assert count == len(again) == 6
    key = lambda event: (event["subject"]["id"], event["subject"]["version"])  # noqa: E731
    assert again == sorted(sent, key=key)


async def test_republish_since_a_moment_sends_only_what_came_then(desk: Desk, clock: FakeClock) -> None:
    tip_id = (await desk.submit())["tip_id"]
    clock.move(timedelta(hours=1))
    await desk.review(tip_id, GOOD)
    await desk.pool.execute(CLEAR_OUTBOX)
    assert await republish(desk.pool, Outbox(shards=2), list_facts, since=clock.now(), tell=print) == 1
    assert [type_ for _, type_ in await desk.sent()] == ["tip.reviewed"]


async def test_the_worker_hears_from_topics_and_sends_tips_to_theirs(desk: Desk, kafka: Kafka, work: Work) -> None:
    rejected, actionable = await decided_tips(desk, BAD, GOOD)
    link = a_link(rejected, actionable)
    raw = event_bytes(link.payload, topic="linker.links", service="linker", subject_id=rejected)

    async def is_reopened() -> bool:
        return await state_of(desk, rejected) == ("awaiting_review", LINKED)

    async with work(SERVICE):
        await kafka.send("linker.links", b"poison", raw, raw, key=rejected.encode())
        await eventually(is_reopened)
        events = await kafka.read_events("intake.tips", count_min=4)
        letters = await kafka.read("linker.links.dlq", count_min=1)
    assert sorted(event["type"] for event in events) == ["tip.received"] * 2 + ["tip.reviewed"] * 2
    for tip_id in (rejected, actionable):
        assert [e["subject"]["version"] for e in events if e["subject"]["id"] == tip_id] == [1, 2]
    assert len(letters) == 1
