"""Leads through the whole stack: what is held and let go, what relates leads, and how urgent they are.

The numbers in the names are those of the points that the linker was built to.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.desk import SUPERVISOR, Desk, Item, a_party, a_tip, email, given, phone, tips_of

CHILD_ROLES = ("victim", "reporter", "witness", "recipient", "account_victim")
YEAR = timedelta(days=365)


def a_group(word: str, *seen: Item, count: int = 3) -> list[Item]:
    """Return tips about one person, who has an address and a device; the first tip saw more of them."""
    own = [email(f"{word}@alder.example"), given("device", f"{word}-0011223344", service="android")]
    return [a_tip(f"{word}-{number}", *own, *(seen if number == 0 else ())) for number in range(count)]


def behind_a_carrier(address: str) -> Item:
    return given("ip", address, port=443, at="2026-02-28T22:00:00Z")


async def two_held_groups(desk: Desk, one: str, other: str, address: str) -> list[Item]:
    """Open a lead of each group, both seen behind one carrier's address; return the leads, once both are held."""
    groups = [a_group(word, behind_a_carrier(address)) for word in (one, other)]
    leads = [await desk.open_lead(*group) for group in groups]
    return [await desk.lead(tip_ids[0], lambda lead: lead["state"] == "held") for _, tip_ids in leads]


async def referrals_of(desk: Desk, lead_id: str) -> list[Item]:
    found = await desk.items("referral", "/v1/referrals")
    return [each for each in found if each["lead_id"] == lead_id and each["state"] != "recalled"]


async def test_point_3_two_groups_behind_one_carriers_address_are_two_leads_held_until_they_share_a_phone(
    desk: Desk,
) -> None:
    leads = await two_held_groups(desk, "cinder.lynx", "marsh.egret", "203.0.113.41")
    assert [len(lead["tips"]) for lead in leads] == [3, 3]
    for lead in leads:
        assert lead["held_by"]["reason"] == "weak_tie"
        assert lead["held_by"]["identifier"].startswith("ip 203.0.113.41")
        assert "a second identifier would" in lead["held_by"]["detail"]
    shared = phone("+16175552361")
    groups = (a_group(word, behind_a_carrier("203.0.113.41"), shared) for word in ("cinder.lynx", "marsh.egret"))
    await desk.tell(*(group[0] for group in groups))
    one = next(iter(tips_of(leads[0])))
    joined = await desk.lead(one, lambda lead: len(lead["tips"]) == 6)
    assert joined["held_by"] is None
    assert {joined["lead_id"], *joined["aliases"]} == {lead["lead_id"] for lead in leads}


async def test_point_3_a_held_lead_is_not_referred_until_a_person_releases_it(desk: Desk) -> None:
    kept, let_go = await two_held_groups(desk, "pewter.shrew", "saffron.crane", "203.0.113.42")
    answer = await desk.call(
        "linker", f"/v1/leads/{let_go['lead_id']}/release", SUPERVISOR, {"reason": "a library's address"}
    )
    assert answer["held_by"] is None

    async def is_referred() -> list[Item]:
        return await referrals_of(desk, let_go["lead_id"])

    assert len(await desk.eventually(is_referred)) == 1
    assert (await desk.call("linker", f"/v1/leads/{kept['lead_id']}"))["state"] == "held"
    assert await referrals_of(desk, kept["lead_id"]) == []


async def test_point_3_a_lead_of_more_than_25_tips_stands_and_waits_for_a_look(desk: Desk) -> None:
    lead_id, tip_ids = await desk.open_lead(*a_group("russet.plover", count=26))
    lead = await desk.lead(tip_ids[0], lambda lead: lead["state"] == "held")
    assert (lead["lead_id"], lead["held_by"]["reason"], len(lead["tips"])) == (lead_id, "many_tips", 26)


async def test_point_3_reports_of_one_viral_file_stay_apart_and_the_one_with_a_child_in_danger_is_on_top(
    desk: Desk,
) -> None:
    """A tenth of what the linker's own test has."""
    fields: dict[str, Any] = {"files": [{"sha256": "5e" * 32, "viral": True}]}
    tips = [a_tip(f"P3-viral-{number}", urgency={"viral": True}, **fields) for number in range(49)]
    danger = a_tip("P3-danger", urgency={"viral": True, "child_in_immediate_danger": True}, **fields)
    tip_ids = await desk.report(*tips[:30], danger, *tips[30:])
    assert {len(cluster) for cluster in await desk.clusters(*tip_ids)} == {1}
    await desk.review(*tip_ids)

    async def all_leads() -> list[Item] | None:
        found = [lead for lead in await desk.items("linker", "/v1/leads") if tips_of(lead) <= set(tip_ids)]
        return found if len(found) == len(tip_ids) else None

    top, *others = await desk.eventually(all_leads)
    assert (top["tips"][0]["tip_id"], top["tier"]) == (tip_ids[30], "T0")
    assert {lead["tier"] for lead in others} == {"T4"}


async def test_point_3_leads_keep_their_ids_through_merge_and_split(desk: Desk) -> None:
    older, (one,) = await desk.open_lead(a_tip("P3-older", email("hazel.dunnock@alder.example")))
    younger, (other,) = await desk.open_lead(a_tip("P3-younger", phone("+16175552362")))
    judgement_id = await desk.judge(one, other, "same")
    merged = await desk.call("linker", f"/v1/leads/{younger}")
    assert (merged["lead_id"], merged["aliases"], tips_of(merged)) == (older, [younger], {one, other})
    await desk.call("linker", f"/v1/judgements/{judgement_id}/withdrawal", body={"reason": "a mistake"})
    for lead_id, tip_id in ((older, one), (younger, other)):
        lead = await desk.call("linker", f"/v1/leads/{lead_id}")
        assert (lead["lead_id"], lead["aliases"], tips_of(lead)) == (lead_id, [], {tip_id})


async def test_point_3_a_near_copy_of_a_picture_relates_and_joins_nothing(desk: Desk) -> None:
    shown = int("5a0f93c1" * 7 + "5a0f93c2", 16)
    pictures = [{"pdq": f"{shown ^ bits:064x}", "pdq_quality": 80} for bits in (0, 0b1101)]
    _, (one,) = await desk.open_lead(a_tip("P3-picture", files=pictures[:1]))
    (other,) = await desk.report(a_tip("P3-near-copy", files=pictures[1:]))
    lead = await desk.lead(one, lambda lead: other in lead["related"])
    assert tips_of(lead) == {one}


async def test_point_5_a_victim_of_two_offenders_relates_their_leads_and_joins_nothing(desk: Desk) -> None:
    child = [email("Small.Robin@gmail.com"), email("smallrobin+game@gmail.com")]
    leads = [
        await desk.open_lead(
            a_tip(f"P5-{word}", email(f"{word}@alder.example"), parties=[a_party(known_as, role="victim")])
        )
        for word, known_as in zip(("granite.kestrel", "thistle.otter"), child, strict=True)
    ]
    for (lead_id, (tip_id,)), (beside, (related,)) in (leads, leads[::-1]):
        lead = await desk.lead(tip_id, lambda lead: bool(lead["related"]))
        assert (lead["lead_id"], tips_of(lead), lead["related"]) == (lead_id, {tip_id}, [related])
        assert lead["related_leads"] == [{"lead_id": beside, "reason": "a victim with the same e-mail address"}]


async def test_point_5_nobody_but_subjects_makes_a_subjects_cluster(desk: Desk) -> None:
    tips = [
        a_tip(f"P5-{role}-{number}", parties=[a_party(email(f"slate.dipper.{role}@alder.example"), role=role)])
        for role in CHILD_ROLES
        for number in range(2)
    ]
    tip_ids = await desk.report(*tips)
    assert {len(cluster) for cluster in await desk.clusters(*tip_ids)} == {1}
    assert [await desk.links(tip_id) for tip_id in tip_ids] == [{}] * len(tip_ids)


@pytest.mark.parametrize(
    ("incident", "urgency", "tier", "factor"),
    [
        ("possession", {"child_in_immediate_danger": True}, "T0", "child_in_immediate_danger"),
        ("possession", {"victim_identifiable": True}, "T1", "victim_identifiable"),
        ("other", {"travel_on": "2026-03-10"}, "T1", "travel_within_14_days"),
        ("production", {}, "T2", "incident_production"),
        ("distribution", {}, "T3", "incident_distribution"),
        ("production", {"viral": True}, "T4", "viral"),
        ("distribution", {"informational": True}, "T4", "informational"),
        ("distribution", {"viral": True, "escalated": True}, "T1", "escalated"),
    ],
)
async def test_point_7_a_tier_comes_with_what_led_to_it_and_the_tip_that_says_so(
    desk: Desk, incident: str, urgency: dict[str, Any], tier: str, factor: str
) -> None:
    ref = f"P7-{incident}-{'-'.join(urgency)}"
    _, (tip_id,) = await desk.open_lead(a_tip(ref, incident=incident, urgency=urgency))
    lead = await desk.lead(tip_id)
    assert lead["tier"] == tier
    effect = f"lowers to {tier}" if factor in ("viral", "informational") else f"raises to {tier}"
    assert lead["factors"][0] == {"factor": factor, "effect": effect, "source_tip_id": tip_id}


async def test_point_7_evidence_expires_by_its_source_and_a_letter_stops_the_clock(desk: Desk) -> None:
    reported_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=350)
    old = a_tip("P7-old", reported_at=reported_at.isoformat())
    lead_id, (tip_id,) = await desk.open_lead(old)
    foreign = a_tip("P7-foreign", source="interpol", reported_at=(reported_at + timedelta(days=270)).isoformat())
    _, (other,) = await desk.open_lead(foreign)

    async def perishing() -> set[str]:
        found = await desk.items("linker", "/v1/leads", perishing_in_days=30)
        return {tip for lead in found for tip in tips_of(lead)} & {tip_id, other}

    assert await perishing() == {tip_id, other}
    lead = await desk.call("linker", f"/v1/leads/{lead_id}")
    assert datetime.fromisoformat(lead["evidence_expires_at"]) - reported_at in (YEAR, YEAR + timedelta(days=1))
    letter = {"kind": "preservation_letter", "entity": "invented", "served_at": datetime.now(UTC).isoformat()}
    await desk.call("intake", f"/v1/tips/{tip_id}/research", body=letter)
    after = await desk.lead(tip_id, lambda found: found["evidence_expires_at"] != lead["evidence_expires_at"])
    assert after["factors"][-1]["factor"] == "evidence_preserved"
    assert await perishing() == {other}


async def test_point_7_a_tier_set_by_hand_stands_with_its_reason_until_it_is_taken_back(desk: Desk) -> None:
    lead_id, (tip_id,) = await desk.open_lead(a_tip("P7-by-hand", email("ivory.pipit@alder.example")))
    path = f"/v1/leads/{lead_id}/priority"
    await desk.call("linker", path, SUPERVISOR, {"tier": "T1", "reason": "the child was seen"})
    await desk.report(a_tip("P7-by-hand-2", email("ivory.pipit@alder.example")))
    lead = await desk.lead(tip_id)
    assert (lead["tier"], lead["priority_reason"], len(lead["tips"])) == ("T1", "the child was seen", 2)
    await desk.call("linker", path, SUPERVISOR, {"tier": None, "reason": "it was another child"})
    assert (await desk.lead(tip_id))["tier"] == "T4"


async def test_point_7_the_review_queue_is_by_tier_and_then_by_age(desk: Desk) -> None:
    urgencies: list[dict[str, Any]] = [{}, {"escalated": True}, {}, {"child_in_immediate_danger": True}]
    # One after the other, since age is when a tip arrived.
    tip_ids = [
        (await desk.report(a_tip(f"P7-queue-{number}", urgency=urgency)))[0]
        for number, urgency in enumerate([*urgencies, {"escalated": True}])
    ]

    async def queue() -> list[int] | None:
        listed = await desk.items("intake", "/v1/tips", state="awaiting_review")
        mine = [tip for tip in listed if tip["tip_id"] in tip_ids]
        return [tip_ids.index(tip["tip_id"]) for tip in mine] if all(tip["tier"] for tip in mine) else None

    assert await desk.eventually(queue) == [3, 1, 4, 0, 2]
