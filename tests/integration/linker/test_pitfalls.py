"""The known pitfalls of linking by Internet identifiers: what they must not do to clusters and leads; a test for each.

What a value and its holders tell without clusters is in `tests/unit/linker/test_pitfalls.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.linker.app import load_rules
from services.linker.domain.rules import RULES
from shared.events.intake import Address, GivenIdentifier, Party, TipReceivedV1
from tests.builders import new_id
from tests.fakes import START
from tests.integration.linker.graph import Graph, a_review, a_tip, amended, email, of_tip, refs_of

MAILBOX = email("someone@example.org")
FILE = {"sha256": "ab" * 32}
FLAT = Address(country="US", postal_code="02101", line="12 Elm St., Apt 3")


def an_ip(value: str = "198.51.100.7", *, port: int | None = None, after: timedelta = timedelta()) -> GivenIdentifier:
    return GivenIdentifier(type="ip", value=value, port=port, at=START + after)


def a_phone(last: int) -> GivenIdentifier:
    return GivenIdentifier(type="phone", value=f"+1617555{2300 + last}")


def a_user(name: str, service: str = "forum") -> GivenIdentifier:
    return GivenIdentifier(type="username", value=name, service=service)


def nameless(ref: str, *identifiers: GivenIdentifier, **fields: Any) -> TipReceivedV1:
    """Return a tip about someone whose name is not known, so that only the identifiers speak."""
    return a_tip(ref, *identifiers, **{"names": [], **fields})


async def are_together(graph: Graph, *tips: TipReceivedV1) -> bool:
    """Tell the tips, and return whether they are one cluster; nothing else may be in the graph."""
    await graph.tell(*tips)
    clusters = await graph.clusters()
    assert len(clusters) in (1, len(tips))
    return len(clusters) == 1


async def test_ipv4_without_port_never_joins_by_itself(graph: Graph) -> None:
    assert not await are_together(graph, *(nameless(f"CT-{n}", an_ip(), an_ip("203.0.113.9")) for n in range(3)))


async def test_ipv4_without_port_never_joins_with_a_name_and_a_birth_date_either(graph: Graph) -> None:
    tips = [a_tip(f"CT-{n}", an_ip(), birth_date="1980-03-04") for n in range(2)]
    assert not await are_together(graph, *tips)


async def test_ipv4_with_port_within_minutes_is_one_line(graph: Graph) -> None:
    assert await are_together(graph, nameless("CT-1", an_ip(port=50_123)), nameless("CT-2", an_ip(port=50_123)))


async def test_server_port_is_no_port(graph: Graph) -> None:
    assert not await are_together(graph, nameless("CT-1", an_ip(port=443)), nameless("CT-2", an_ip(port=443)))


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.1", "100.64.0.1"])
async def test_private_and_cgnat_addresses_never_link(graph: Graph, address: str) -> None:
    one, two = (nameless(ref, an_ip(address, port=50_123), MAILBOX) for ref in ("CT-1", "CT-2"))
    await graph.tell(one, two)
    (told,) = of_tip(await graph.events("tip.linked"), two.tip_id)
    assert {each["type"] for link in told["links"] for each in link["evidence"]} <= {"email", "handle", "handle_family"}


async def test_vpn_exit_or_carrier_address_joins_only_what_something_else_joins(graph: Graph) -> None:
    """Whoever is behind it: an address that many tips have says nothing, and one that few have only supports."""
    crowd = [nameless(f"CT-{number}", an_ip(port=50_000 + number)) for number in range(60)]
    pair = [nameless(f"CT-pair-{number}", an_ip(), a_phone(1)) for number in range(2)]
    await graph.tell(*crowd, *pair)
    clusters = await graph.clusters()
    assert max(clusters, key=len) == {"CT-pair-0", "CT-pair-1"}
    assert len(clusters) == 61


async def test_vpn_tor_and_cloud_addresses_do_not_even_support(graph: Graph) -> None:
    graph = Graph(graph.pool, graph.clock, load_rules())
    exits = [an_ip(value, port=50_123) for value in ("185.220.101.7", "104.28.1.1", "3.5.140.2")]
    assert not await are_together(graph, *(a_tip(f"CT-{n}", *exits, birth_date="1980-03-04") for n in range(3)))
    assert await graph.events("tip.linked") == []


async def test_ipv6_household_never_joins_by_itself(graph: Graph) -> None:
    one, two = (nameless(f"CT-{n}", an_ip(f"2001:db8:1:2::{n}")) for n in (1, 2))
    assert not await are_together(graph, one, two)


async def test_two_dense_groups_with_one_cgnat_address_stay_two_until_they_share_a_phone(graph: Graph) -> None:
    red = [nameless(f"CT-red-{n}", email("red.heron@example.org"), an_ip()) for n in range(6)]
    blue = [nameless(f"CT-blue-{n}", email("blue.otter@example.net"), an_ip()) for n in range(6)]
    await graph.tell(*red, *blue, *(a_review(tip.tip_id) for tip in (red[0], blue[0])))
    refs = [frozenset(tip.source_ref for tip in group) for group in (red, blue)]
    assert await graph.clusters() == set(refs)
    assert {refs_of(lead) for lead in await graph.live_leads()} == set(refs)
    await graph.tell(
        *(amended(tip, *tip.personal.parties[0].identifiers, a_phone(1), names=[]) for tip in (*red, *blue))
    )
    assert await graph.clusters() == {refs[0] | refs[1]}
    assert len(await graph.live_leads()) == 1


async def test_email_dots_and_tags_are_one_mailbox_where_the_provider_says_so(graph: Graph) -> None:
    gmail = [nameless(f"CT-{n}", email(value)) for n, value in enumerate(["A.Heron+x@gmail.com", "aheron@gmail.com"])]
    assert await are_together(graph, *gmail)


async def test_email_dots_elsewhere_are_two_mailboxes(graph: Graph) -> None:
    tips = [nameless("CT-1", email("a.heron@outlook.com")), nameless("CT-2", email("aheron@outlook.com"))]
    assert not await are_together(graph, *tips)


async def test_role_and_placeholder_addresses_join_nothing(graph: Graph) -> None:
    values = [email("none@none.com"), email("abuse@example.org")]
    assert not await are_together(graph, *(a_tip(f"CT-{n}", *values) for n in range(3)))


async def test_username_is_per_service(graph: Graph) -> None:
    alike = [nameless("CT-1", a_user("quiet.otter")), nameless("CT-2", a_user("@Quiet.Otter"))]
    elsewhere = nameless("CT-3", a_user("quiet.otter", "chat"))
    await graph.tell(*alike, elsewhere)
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2"}), frozenset({"CT-3"})}


async def test_renamed_service(graph: Graph) -> None:
    old, new = (GivenIdentifier(type="account", value="98765432", service=name) for name in ("Twitter", "X"))
    assert await are_together(graph, nameless("CT-1", old), nameless("CT-2", new))


async def test_account_id_of_another_service_joins_nothing(graph: Graph) -> None:
    one, other = (GivenIdentifier(type="account", value="98765432", service=name) for name in ("forum", "chat"))
    assert not await are_together(graph, a_tip("CT-1", one), a_tip("CT-2", other))


async def test_phone_needs_region(graph: Graph) -> None:
    national = GivenIdentifier(type="phone", value="617 555 2301")
    tips = [nameless("CT-1", national), nameless("CT-2", national), nameless("CT-3", a_phone(1))]
    assert not await are_together(graph, *tips)
    in_country = national.model_copy(update={"region": "US"})
    await graph.tell(amended(tips[0], in_country, names=[]))
    assert frozenset({"CT-1", "CT-3"}) in await graph.clusters()


async def test_phone_of_a_family_is_not_one_person(graph: Graph) -> None:
    """Two who share a number, and whose birth dates and names contradict each other."""
    one = a_tip("CT-1", a_phone(1), names=["Rosa Invented"], birth_date="1951-03-04")
    other = a_tip("CT-2", a_phone(1), names=["Otto Makebelieve"], birth_date="1987-09-21")
    assert not await are_together(graph, one, other)


@pytest.mark.parametrize(
    "value", ["00000000-0000-0000-0000-000000000000", "iPhone", "Cafe WiFi 7", "02:1a:2b:3c:4d:5e"]
)
async def test_device_placeholder(graph: Graph, value: str) -> None:
    device = GivenIdentifier(type="device", value=value)
    assert not await are_together(graph, a_tip("CT-1", device), a_tip("CT-2", device))


async def test_file_hash_joins_nothing_alone(graph: Graph) -> None:
    assert not await are_together(graph, *(a_tip(f"CT-{n}", files=[FILE], birth_date="1980-03-04") for n in range(3)))


@pytest.mark.parametrize("is_marked", [True, False])
async def test_viral_500_reports_make_no_cluster_and_the_child_in_danger_is_on_top(
    graph: Graph, *, is_marked: bool
) -> None:
    """Whether or not one of the sources knows that the file is viral."""
    tips = [nameless(f"CT-{n}", email(f"{_word(n)}@example.org"), files=[FILE]) for n in range(500)]
    urgent = nameless("CT-urgent", files=[{**FILE, "viral": is_marked}], urgency={"child_in_immediate_danger": True})
    facts = [*tips, urgent]
    for start in range(0, len(facts), 250):
        some = facts[start : start + 250]
        await graph.tell(*some, *(a_review(tip.tip_id) for tip in some))
    assert {len(refs) for refs in await graph.clusters()} == {1}
    leads = sorted(await graph.live_leads(), key=lambda lead: lead["tier"])
    assert refs_of(leads[0]) == {"CT-urgent"}
    assert [lead["tier"] for lead in leads[:2]] == ["T0", "T4"]


def _word(number: int) -> str:
    """Return a name of six letters that resembles no other."""
    letters = "bcdfghklmnprstvz"
    return "".join(letters[(number * 7_919 + place * place * 31 * (number + 1)) % 16] for place in range(4)) + "".join(
        letters[number // step % 16] for step in (1, 16, 256)
    )


async def test_name_alone_never_links(graph: Graph) -> None:
    tips = [a_tip(f"CT-{n}", names=["Rosa Invented"], birth_date="1980-03-04") for n in range(3)]
    assert not await are_together(graph, *tips)
    assert await graph.events("tip.linked") == []


async def test_birth_date_01_01_says_little(graph: Graph) -> None:
    """It must not make one person of two who share a weak value; a birth day that is known does."""
    tips = [nameless(f"CT-{n}", a_user("quiet.otter", f"site-{n}"), birth_date="1980-01-01") for n in range(2)]
    assert not await are_together(graph, *tips)
    await graph.tell(
        *(amended(tip, *tip.personal.parties[0].identifiers, names=[], birth_date="1980-03-04") for tip in tips)
    )
    assert len(await graph.clusters()) == 1


async def test_address_of_a_flat_does_not_join_its_inhabitants(graph: Graph) -> None:
    assert not await are_together(
        graph,
        a_tip("CT-1", names=["Rosa Invented"], addresses=[FLAT]),
        a_tip("CT-2", names=["Otto Makebelieve"], addresses=[FLAT]),
        nameless("CT-3", addresses=[FLAT]),
    )


@pytest.mark.parametrize("role", ["victim", "reporter", "witness", "recipient", "account_victim"])
async def test_hijacked_account_owner_and_other_roles_join_nothing(graph: Graph, role: str) -> None:
    values = (MAILBOX, a_phone(1), a_user("quiet.otter"))
    assert not await are_together(graph, a_tip("CT-1", *values), a_tip("CT-2", *values, role=role))


async def test_victim_shared_by_two_offenders_does_not_make_them_one(graph: Graph) -> None:
    def with_victim(ref: str, mailbox: str) -> TipReceivedV1:
        return nameless(ref, email(mailbox), parties=[Party(party_id=new_id(), role="victim", identifiers=[MAILBOX])])

    assert not await are_together(graph, with_victim("CT-1", "red.heron@example.org"), with_victim("CT-2", "ox@y.org"))


def _chain(step: GivenIdentifier, last: GivenIdentifier) -> Sequence[TipReceivedV1]:
    """Return four tips: a network address, then `step`, then a file, each between neighbours."""
    return [
        nameless("CT-A", an_ip()),
        nameless("CT-B", an_ip(), step),
        nameless("CT-C", last, files=[FILE]),
        nameless("CT-D", files=[FILE]),
    ]


async def test_chain_of_weak_links_joins_nothing(graph: Graph) -> None:
    assert not await are_together(graph, *_chain(a_user("quiet.otter"), a_user("quiet.otter", "chat")))


async def test_chain_of_weak_links_keeps_its_one_strong_link(graph: Graph) -> None:
    await graph.tell(*_chain(a_phone(1), a_phone(1)))
    assert await graph.clusters() == {frozenset({"CT-A"}), frozenset({"CT-B", "CT-C"}), frozenset({"CT-D"})}


async def test_chain_of_likely_links_does_not_run_away(graph: Graph) -> None:
    """Each tip has a phone number in common with the next: any one link would do, the whole is no one person."""
    await graph.tell(*(nameless(f"CT-{n}", a_phone(n), a_phone(n + 1)) for n in range(120)))
    assert 2 < max(map(len, await graph.clusters())) <= 2 * RULES.grown


async def test_sticky_over_block(graph: Graph) -> None:
    """A value that becomes too common stops to join, one that is rare again joins; each crossing is told of, once.

    It is rare again only when clearly fewer hold it: one tip that lets go of it and takes it back changes nothing.
    """
    email_rule = replace(RULES.types["email"], tip_count_max=5)
    rules = replace(RULES, types={"email": email_rule})
    graph = Graph(graph.pool, graph.clock, rules)
    tips = [nameless(f"CT-{number}", MAILBOX) for number in range(6)]
    await graph.tell(*tips[:5])
    assert len(await graph.clusters()) == 1

    async def amend(place: int, *identifiers: GivenIdentifier) -> list[int]:
        tips[place] = amended(tips[place], *identifiers, names=[])
        await graph.tell(tips[place])
        return sorted(map(len, await graph.clusters()))

    await graph.tell(tips[5])
    apart, rare = [1] * 6, [1, 1, 4]
    assert await amend(5) == apart
    assert await amend(5, MAILBOX) == apart
    assert await amend(5) == apart
    assert await amend(4) == rare
    assert await amend(4, MAILBOX) == apart
    assert await amend(4) == rare
    told = [event["type"] for event in await graph.events("value.capped", "value.uncapped")]
    assert told == ["value.capped", "value.uncapped"] * 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [[0, 1, 2]], [[2, 0], 1]])
async def test_sticky_over_block_counts_a_version_that_comes_late_or_together_with_a_newer_one(
    graph: Graph, order: Sequence[int | list[int]]
) -> None:
    """Of six tips that ever held a value five still do, whatever came first: it was too common, and still is."""
    email_rule = replace(RULES.types["email"], tip_count_max=5)
    graph = Graph(graph.pool, graph.clock, replace(RULES, types={"email": email_rule}))
    await graph.tell(*(nameless(f"CT-{number}", MAILBOX) for number in range(5)))
    first = nameless("CT-5")
    second = amended(first, MAILBOX, names=[])
    versions = [first, second, amended(second, names=[])]
    for step in order:
        await graph.tell(*([versions[step]] if isinstance(step, int) else [versions[place] for place in step]))
    assert sorted(map(len, await graph.clusters())) == [1] * 6


async def test_stale_exclusions(graph: Graph) -> None:
    """A value that a newer list ignores parts those it joined when they are linked anew, and joins them without it."""
    listed = Graph(graph.pool, graph.clock, load_rules())
    tips = [nameless(f"CT-{number}", email("press@example.org")) for number in (1, 2)]
    assert await are_together(graph, *tips)
    for now, count in ((listed, 2), (graph, 1)):
        await now.relink()
        assert len(await now.clusters()) == count
    told = [event["payload"] for event in await graph.events("tip.linked")]
    assert {each["link_count"] for each in told} == {0, 1}
    assert {each["rules_version"].partition(".")[0] for each in told} == {RULES.version, load_rules().version}


async def test_volatile_cluster_ids(graph: Graph) -> None:
    """A lead keeps its id while its cluster grows, parts and closes again; an absorbed one's id leads to it."""
    one, two, three = (nameless(f"CT-{n}", MAILBOX) for n in range(3))
    await graph.tell(two, a_review(two.tip_id))
    (first,) = await graph.live_leads()
    await graph.tell(one, three, a_review(one.tip_id))
    (grown,) = await graph.live_leads()
    assert first["lead_id"] in (grown["lead_id"], *grown["aliases"])
    judgement = await graph.judge(two.tip_id, one.tip_id, "different")
    assert len(await graph.live_leads()) == 2
    await graph.withdraw(judgement)
    (again,) = await graph.live_leads()
    assert (again["lead_id"], again["cluster_id"]) == (grown["lead_id"], grown["cluster_id"])
