"""Linking through the whole stack: which tips belong together, why, and what people, research and a new model change.

The numbers in the names are those of the points that the linker was built to.
"""

import json
import re
from typing import Any

import pytest

from tests.e2e.desk import ANALYST, BAD, SUPERVISOR, Desk, Item, a_party, a_tip, email, given, phone, tips_of

SEEN_AT = "2026-02-28T22:00:00Z"
BESIDES = ("birth_date", "name", "country", "city", "platform", "time")
"""What supports or contradicts identifiers comes behind them."""
SPELLINGS = {
    "email": (email("Orla.Quist+games@gmail.com"), email("orlaquist@googlemail.com")),
    "username": (
        given("username", "@Moth_Lantern", service="twitter.com"),
        given("username", "moth_lantern", service="X"),
    ),
    "phone": (given("phone", "(617) 555-2311", region="US"), phone("+1 617-555-2311")),
    "document": (given("document", "k 914 7725", country="USA"), given("document", "K-914-7725", country="US")),
    "device": (given("device", "IMEI: 35 209900 176148 1"), given("device", "35-209900-176148-1")),
    "payment": (given("payment", "de89 3704 0044 0532 0130 00"), given("payment", "DE89370400440532013000")),
    "account": (given("account", "UC-8841203", service="Twitter"), given("account", "uc-8841203", service="x.com")),
    "url": (given("url", "HTTPS://Glade.example/Quoll?utm_source=x"), given("url", "glade.example/Quoll")),
    "ip_port": (
        given("ip", "198.51.100.23", port=50_123, at=SEEN_AT),
        given("ip", "198.51.100.23", port=50_123, at="2026-02-28T17:00:30-05:00"),
    ),
}
"""By type: one identifier as two sources have it."""
SILENT = {
    "a placeholder address": email("none@none.com"),
    "a role address": email("postmaster@quince.example"),
    "a private address": given("ip", "192.168.4.9", port=50_123, at=SEEN_AT),
    "a carrier's inner address": given("ip", "100.64.7.9", port=50_123, at=SEEN_AT),
    "a phone placeholder": phone("+1 617 555 0123"),
    "a phone whose country nobody told": phone("617 555 2312"),
    "a name that stands for none": given("username", "[deleted]", service="socialA"),
    "a device that reads as a description": given("device", "Galaxy S9 plus"),
    "what is no address": email("not an address"),
}


async def test_point_1_two_spellings_of_one_identifier_link_and_each_tip_keeps_its_own(desk: Desk) -> None:
    tips = [
        a_tip(f"P1-{type_}-{number}", value) for type_, pair in SPELLINGS.items() for number, value in enumerate(pair)
    ]
    tip_ids = await desk.report(*tips)
    linked_by, kept = {}, {}
    for number, type_ in enumerate(SPELLINGS):
        one, other = tip_ids[2 * number : 2 * number + 2]
        linked_by[type_] = {each["type"] for each in (await desk.links(one)).get(other, {"evidence": []})["evidence"]}
        shown = [await desk.call("intake", f"/v1/tips/{tip_id}") for tip_id in (one, other)]
        kept[type_] = tuple(tip["parties"][0]["identifiers"][0]["value"] for tip in shown)
    assert {type_ for type_, found in linked_by.items() if type_ not in found} == set()
    assert kept == {type_: tuple(value["value"] for value in pair) for type_, pair in SPELLINGS.items()}


async def test_point_1_what_names_nobody_is_kept_and_links_nothing(desk: Desk) -> None:
    tips = [a_tip(f"P1-{what}-{number}", value) for what, value in SILENT.items() for number in range(2)]
    tip_ids = await desk.report(*tips)
    linked = {tip["source_ref"] for tip_id, tip in zip(tip_ids, tips, strict=True) if await desk.links(tip_id)}
    assert linked == set()
    shown = await desk.call("intake", f"/v1/tips/{tip_ids[-1]}")
    assert shown["parties"][0]["identifiers"][0]["value"] == "not an address"


async def test_point_2_a_link_tells_rule_value_frequency_and_weight_and_is_announced_with_its_versions(
    desk: Desk,
) -> None:
    one, other = await desk.report(*(a_tip(f"P2-{number}", email("velvet.ibex@alder.example")) for number in range(2)))
    (link,) = (await desk.links(one)).values()
    by_rule = {each["rule"]: each for each in link["evidence"]}
    evidence = by_rule["same_email"]
    assert (link["tip_id"], link["strength"], link["judgement"]) == (other, "strong", None)
    assert (evidence["type"], evidence["value"], evidence["frequency"]) == ("email", "velvet.ibex@alder.example", 2)
    assert evidence["weight"] > 0

    async def announcements() -> list[Item]:
        events = [event["payload"] for event in await desk.events("linker.links", "tip.linked")]
        return [told for told in events if one in {told["tip_id"], *(link["tip_id"] for link in told["links"])}]

    told, *_ = await desk.eventually(announcements)
    (announced,) = (each for each in told["links"][0]["evidence"] if each["rule"] == "same_email")
    assert (announced["weight"], announced["frequency"]) == (evidence["weight"], 2)
    versions = re.fullmatch(r"[^+.]+\+[^+.]+\.[0-9a-f]{12}", told["rules_version"])
    assert versions, "of the rules, the lists and the model"
    assert "velvet" not in json.dumps(told), "the value itself is not in what is kept for ever"


async def test_point_2_a_value_that_becomes_generic_weakens_old_links_and_strengthens_them_when_holders_go(
    desk: Desk,
) -> None:
    """Strangers, as their birth dates say, come to hold a phone number, until it is too common to say anything."""
    number = phone("+1 617 555 2313")
    one, other = await desk.report(*(a_tip(f"P2-phone-{n}", number) for n in range(2)))

    async def weight() -> float | None:
        link = (await desk.links(one)).get(other)
        return None if link is None else link["evidence"][0]["weight"]

    alone = await weight()
    assert alone is not None
    born = [f"19{50 + n % 50}-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(80)]
    crowd = [a_tip(f"P2-crowd-{n}", number, birth_date=day) for n, day in enumerate(born)]
    await desk.report(*crowd[:8])
    few = await weight()
    assert few is not None
    assert few < alone
    await desk.report(*crowd[8:])
    assert await weight() is None
    await desk.tell(*({**tip, "parties": [a_party(birth_date=day)]} for tip, day in zip(crowd, born, strict=True)))

    async def is_as_before() -> bool:
        return await weight() == alone

    async def crossings() -> list[str] | None:
        events = await desk.events("linker.links", "value.capped", "value.uncapped")
        mine = [event["type"] for event in events if event["payload"]["personal"]["value"] == "+16175552313"]
        return mine if len(mine) > 1 else None

    await desk.eventually(is_as_before)
    assert await desk.eventually(crossings) == ["value.capped", "value.uncapped"]


async def test_point_4_different_splits_for_good_and_a_withdrawal_restores(desk: Desk) -> None:
    shared = email("quiet.marten@alder.example")
    tips = [a_tip(f"P4-{number}", shared, phone(f"+1617555232{number}")) for number in range(2)]
    one, other = await desk.report(*tips)
    assert await desk.clusters(one, other) == {frozenset({one, other})}
    judgement_id = await desk.judge(one, other, "different")
    apart = {frozenset({one}), frozenset({other})}
    assert await desk.clusters(one, other) == apart
    amended = {**tips[1], "parties": [a_party(shared, phone("+16175552320"))]}
    await desk.tell(amended)

    async def shares_both() -> bool:
        return {"email", "phone"} <= {each["type"] for each in (await desk.links(one))[other]["evidence"]}

    await desk.eventually(shares_both)
    assert await desk.clusters(one, other) == apart, "more of the same does not outweigh a person's word"
    assert (await desk.links(one))[other]["judgement"] == "different"
    await desk.call("linker", f"/v1/judgements/{judgement_id}/withdrawal", body={"reason": "a mistake"})
    assert await desk.clusters(one, other) == {frozenset({one, other})}


async def test_point_4_same_joins_what_shares_nothing_unsure_changes_nothing_and_who_decided_is_on_record(
    desk: Desk,
) -> None:
    tips = (a_tip(f"P4-apart-{word}", email(f"{word}@alder.example")) for word in ("oxbow", "fjord", "tundra"))
    one, other, third = await desk.report(*tips)
    await desk.judge(one, third, "unsure")
    await desk.judge(one, other, "same")
    assert await desk.clusters(one, other, third) == {frozenset({one, other}), frozenset({third})}
    links = await desk.links(one)
    assert {tip_id: link["judgement"] for tip_id, link in links.items()} == {other: "same", third: "unsure"}

    async def record() -> list[Item]:
        about = ":".join(sorted((one, other)))
        return await desk.items("audit", "/v1/entries", "auditor", type="judgement.recorded", subject=about)

    assert [entry["actor"] for entry in await desk.eventually(record)] == [ANALYST]


async def test_point_8_a_research_result_links_and_raises_the_tier_at_once(desk: Desk) -> None:
    quiet = a_tip("P8-quiet", email("amber.stoat@alder.example"))
    urgent = a_tip("P8-urgent", phone("+16175552341"), urgency={"contact_access": True})
    lead_id, (one,) = await desk.open_lead(quiet)
    (other,) = await desk.report(urgent)
    assert (await desk.lead(one))["tier"] == "T4"
    found = {"kind": "summons", "entity": "an invented provider", "parties": [a_party(phone("+1 617 555 2341"))]}
    await desk.call("intake", f"/v1/tips/{one}/research", body=found)
    lead = await desk.lead(one, lambda lead: other in tips_of(lead))
    assert (lead["lead_id"], lead["tier"]) == (lead_id, "T1")
    assert lead["factors"][0] == {"factor": "contact_access", "effect": "raises to T1", "source_tip_id": other}
    (link,) = (await desk.links(one)).values()
    assert "found by research" in link["evidence"][0]["detail"]


async def test_point_8_a_tip_found_not_actionable_is_reviewed_again_when_it_comes_to_share_what_matters(
    desk: Desk,
) -> None:
    rejected = a_tip("P8-rejected", email("sable.finch@alder.example"))
    (one,) = await desk.report(rejected)
    await desk.review(one, verdict=BAD)

    async def is_closed() -> bool:
        return bool((await desk.call("intake", f"/v1/tips/{one}"))["state"] == "not_actionable")

    await desk.eventually(is_closed)
    _, (other,) = await desk.open_lead(a_tip("P8-good", phone("+16175552342")))
    body = {"kind": "summons", "parties": [a_party(email("Sable.Finch@alder.example"))]}
    await desk.call("intake", f"/v1/tips/{other}/research", body=body)

    async def reopened() -> Any:
        tip = await desk.call("intake", f"/v1/tips/{one}")
        return tip["state"] == "awaiting_review" and tip["reopened_because"]

    assert await desk.eventually(reopened)
    assert one in {tip["tip_id"] for tip in await desk.items("intake", "/v1/tips", state="awaiting_review")}


async def test_point_10_every_reason_is_a_sentence_and_the_strongest_come_first(desk: Desk) -> None:
    mine = [email("Cobalt.Newt+a@gmail.com"), phone("+16175552351"), given("ip", "198.51.100.31", at=SEEN_AT)]
    one, by_both, by_address, by_network = await desk.report(
        a_tip("P10-1", *mine),
        a_tip("P10-2", email("cobaltnewt@gmail.com"), mine[1]),
        a_tip("P10-3", email("cobalt.newt@googlemail.com")),
        a_tip("P10-4", mine[2]),
    )
    links = await desk.links(one)
    assert list(links) == [by_both, by_address, by_network]
    sentences = {each["detail"] for each in links[by_both]["evidence"]}
    assert sentences >= {
        "same e-mail address after removing dots and +tag, seen in 3 tips",
        "same phone number, seen in 2 tips",
    }
    assert [each["detail"] for each in links[by_network]["evidence"]][:1] == [
        "same network address within two days, seen in 2 tips"
    ]
    for link in links.values():
        besides = [each for each in link["evidence"] if each["type"] in BESIDES]
        identifiers = [each for each in link["evidence"] if each not in besides]
        assert link["evidence"] == identifiers + besides
        for reasons in (identifiers, besides):
            weights = [each["weight"] for each in reasons]
            assert weights == sorted(weights, reverse=True)


async def test_point_10_a_lead_tells_its_links_and_draws_them_as_nodes_and_edges(desk: Desk) -> None:
    shared = email("umber.wren@alder.example")
    lead_id, tip_ids = await desk.open_lead(*(a_tip(f"P10-lead-{number}", shared) for number in range(3)))
    lead = await desk.call("linker", f"/v1/leads/{lead_id}")
    pairs = {frozenset((link["left_tip_id"], link["right_tip_id"])) for link in lead["links"]}
    assert pairs == {frozenset(pair) for pair in (tip_ids[:2], tip_ids[1:], tip_ids[::2])}
    assert {"same e-mail address, seen in 3 tips"} <= {each["detail"] for each in lead["links"][0]["evidence"]}
    drawn = await desk.call("linker", f"/v1/leads/{lead_id}/graph")
    value_ids = {node["id"] for node in drawn["nodes"] if node["kind"] == "identifier" and node["type"] == "email"}
    assert {node["id"] for node in drawn["nodes"] if node["kind"] == "tip"} == set(tip_ids)
    assert {edge["source"] for edge in drawn["edges"] if edge["target"] in value_ids} == set(tip_ids)


@pytest.mark.timeout(240)
async def test_point_9_linking_all_anew_tells_how_far_it_is_and_twice_is_as_good_as_once(desk: Desk) -> None:
    """Last of this file: what is learned from these tips holds for those that follow."""
    await desk.report(*(a_tip(f"P9-{number}", email("ochre.vole@alder.example")) for number in range(3)))
    first = desk.stack.run("services.linker", "relink").stdout
    once = (await desk.ask("linker", "/v1/clusters", SUPERVISOR)).text
    second = desk.stack.run("services.linker", "relink").stdout
    for told in (first, second):
        assert re.search(r"\b\d+ tips to link anew", told)
        assert told.splitlines()[-1] == "every tip is linked by it"
    assert re.search(r"\b0 tips to link anew", second.rpartition("learned ")[2])
    assert (await desk.ask("linker", "/v1/clusters", SUPERVISOR)).text == once
