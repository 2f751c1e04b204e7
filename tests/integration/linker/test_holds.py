"""Leads that wait for a person: what holds them, what lets them go, and that no order of arrival matters to it."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

import services.linker.app
from services.linker.app import SERVICE
from services.linker.domain.hold import VICTIM_TIPS_MAX
from services.linker.domain.model import Learned, Model, Rates
from services.linker.domain.rules import RULES
from shared.db.pool import Pool
from shared.events.envelope import Payload
from shared.events.intake import GivenIdentifier, Party, TipReceivedV1
from tests.builders import new_id
from tests.conftest import Caller, CallService
from tests.depth import deep
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import WIPE, Graph, a_referral, a_review, a_tip, amended, email, refs_of
from tests.integration.linker.test_clusters_of_the_set import World, play, said_of
from tests.integration.linker.test_http import get, post

SUPERVISOR = "ceiu.supervisor"
PHONE = GivenIdentifier(type="phone", value="+16175552301")
CARRIER = GivenIdentifier(type="ip", value="203.0.113.9", port=443, at=START)
STRICT = replace(RULES, tie_others_max=2, held_tips_max=5)


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


def a_group(name: str, *, count: int = 3, ip: GivenIdentifier | None = CARRIER, **fields: Any) -> list[TipReceivedV1]:
    """Return tips of one person, who has an address and a device, and was seen once behind the carrier's address."""
    own = [email(f"{name}@example.org"), GivenIdentifier(type="device", value=f"{name}-0011223344", service="android")]
    seen = [[ip] if ip is not None and number == 0 else [] for number in range(count)]
    return [a_tip(f"{name}-{number}", *own, *seen[number], **{"names": [], **fields}) for number in range(count)]


async def tell_groups(graph: Graph, *groups: list[TipReceivedV1]) -> None:
    for group in groups:
        await graph.tell(*group, *(a_review(tip.tip_id) for tip in group))


async def by_group(graph: Graph) -> dict[str, dict[str, Any]]:
    """Return the live leads by the name of the group of their first tip."""
    return {min(refs_of(lead)).partition("-")[0]: lead for lead in await graph.live_leads()}


async def states(graph: Graph) -> dict[str, str]:
    return {name: lead["state"] for name, lead in (await by_group(graph)).items()}


async def test_two_dense_groups_behind_one_carriers_address_stay_two_leads_held(graph: Graph) -> None:
    await tell_groups(graph, a_group("ann"), a_group("bob"))
    leads = await by_group(graph)
    for lead in leads.values():
        assert (lead["state"], lead["held_by"]) == ("held", {"reason": "weak_tie", "identifier": "ip"})
        assert lead["personal"]["held_identifier"].startswith("203.0.113.9")
    assert "203.0.113.9" not in orjson.dumps([{**lead, "personal": None} for lead in leads.values()]).decode()


async def test_a_shared_phone_joins_two_held_groups_and_lets_them_go(graph: Graph) -> None:
    await tell_groups(graph, ann := a_group("ann"), bob := a_group("bob"))
    for tip in (ann[1], bob[1]):
        person = tip.personal.parties[0]
        await graph.tell(amended(tip, *person.identifiers, PHONE, names=[]))
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["held_by"], lead["tip_count"]) == ("open", None, 6)


async def test_a_lead_is_held_while_the_tie_lasts(graph: Graph) -> None:
    await tell_groups(graph, ann := a_group("ann"), a_group("bob"))
    await graph.tell(amended(ann[0], *ann[0].personal.parties[0].identifiers[:2], names=[]))
    assert await states(graph) == {"ann": "open", "bob": "open"}


async def test_an_address_that_a_crowd_shares_holds_nobody(graph: Graph) -> None:
    await tell_groups(graph, a_group("ann"), a_group("bob"))
    crowd = [a_tip(f"x{number}-0", CARRIER, names=[]) for number in range(RULES.tie_others_max + 1)]
    await graph.tell(*crowd[:-1])
    assert await states(graph) == {"ann": "held", "bob": "held"}
    await graph.tell(crowd[-1])
    assert await states(graph) == {"ann": "open", "bob": "open"}


@pytest.mark.parametrize(
    ("ann", "bob"),
    [
        ({"birth_date": "1980-02-03"}, {"birth_date": "1991-11-30"}),
        ({"names": ["Rosa Invented"]}, {"names": ["Oskar Madeup"]}),
        ({"count": 2}, {}),
    ],
    ids=["other birth dates", "other names", "a small group"],
)
async def test_nothing_is_held_where_the_two_are_told_apart_or_small(
    graph: Graph, ann: dict[str, Any], bob: dict[str, Any]
) -> None:
    await tell_groups(graph, a_group("ann", **ann), a_group("bob", **bob))
    assert await states(graph) == {"ann": "open", "bob": "open"}


async def test_a_group_that_others_break_up_no_longer_holds_its_neighbour(graph: Graph) -> None:
    """Strangers come to hold the phone that is all a group has, so that it says little; no tip of the group changes."""
    group = [a_tip(f"ann-{number}", PHONE, *[CARRIER][number:], names=[]) for number in range(3)]
    await tell_groups(graph, group, a_group("bob"))
    assert await states(graph) == {"ann": "held", "bob": "held"}
    births = ("1951-01-02", "1963-04-05", "1977-08-09", "1989-11-12", "2001-02-28")
    await graph.tell(*(a_tip(f"x-{born}", PHONE, names=[], birth_date=born) for born in births))
    assert frozenset({"ann-0"}) in await graph.clusters()
    assert (await states(graph))["bob"] == "open"


async def test_groups_judged_different_are_not_held_until_that_is_withdrawn(graph: Graph) -> None:
    await tell_groups(graph, ann := a_group("ann"), bob := a_group("bob"))
    judgement = await graph.judge(ann[2].tip_id, bob[2].tip_id, "different")
    assert await states(graph) == {"ann": "open", "bob": "open"}
    await graph.withdraw(judgement)
    assert await states(graph) == {"ann": "held", "bob": "held"}


async def test_a_group_without_a_lead_holds_nobody(graph: Graph) -> None:
    ann, bob = a_group("ann"), a_group("bob")
    await graph.tell(*ann, *bob, a_review(ann[0].tip_id))
    assert await states(graph) == {"ann": "open"}
    await graph.tell(a_review(bob[0].tip_id))
    assert await states(graph) == {"ann": "held", "bob": "held"}
    await graph.tell(a_review(bob[0].tip_id, 2, "not_actionable"))
    assert await states(graph) == {"ann": "open"}


async def test_two_tips_joined_by_one_weak_identifier_are_held_until_a_second_one_comes(graph: Graph) -> None:
    weak = Model(Learned(kinds=((("email", 0, 3, 2), 0.74, 0.3),)), RULES)
    await graph.believe(weak)
    one, two = a_tip("CT-1", email("ann@example.org"), names=[]), a_tip("CT-2", email("ann@example.org"), names=[])
    await graph.tell(one, two, a_review(one.tip_id))
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["held_by"]) == ("held", {"reason": "weak_bridge", "identifier": "email"})
    for tip in (one, two):
        await graph.tell(amended(tip, email("ann@example.org"), PHONE, names=[]))
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["tip_count"]) == ("open", 2)


async def test_two_groups_joined_only_by_a_tip_of_several_people_wait_until_another_tip_ties_them(graph: Graph) -> None:
    """Whoever writes to the tip line may name anybody beside anybody."""
    ann, bob = (
        [a_tip(f"{name}-{number}", email(f"{name}@example.org"), names=[name.title()]) for number in range(3)]
        for name in ("ann", "bob")
    )
    mixed = a_tip(
        "CT-mixed",
        email("ann@example.org"),
        names=["Ann"],
        parties=[Party(party_id=new_id(), role="subject", names=["Bob"], identifiers=[email("bob@example.org")])],
    )
    await graph.tell(*ann, *bob, a_review(ann[0].tip_id), a_review(bob[0].tip_id), mixed)
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["held_by"]) == ("held", {"reason": "several_people", "identifier": "email"})
    await graph.tell(amended(ann[0], email("ann@example.org"), email("bob@example.org"), names=["Ann"]))
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["held_by"]) == ("open", None)


async def test_a_lead_of_many_tips_waits_and_so_does_one_that_was_referred(graph: Graph) -> None:
    await tell_groups(graph, a_group("ann", count=RULES.held_tips_max, ip=None))
    await graph.tell(a_referral(UUID((await by_group(graph))["ann"]["lead_id"])))
    assert await states(graph) == {"ann": "referred"}
    await graph.tell(a_group("ann", count=RULES.held_tips_max + 1, ip=None)[-1])
    assert await states(graph) == {"ann": "held"}
    assert (await by_group(graph))["ann"]["held_by"] == {"reason": "many_tips", "identifier": None}


async def test_a_release_lets_the_lead_go_for_good_says_who_and_why_and_leaves_the_other_held(
    graph: Graph, caller: Caller
) -> None:
    await tell_groups(graph, a_group("ann"), a_group("bob"))
    lead_id = (await by_group(graph))["ann"]["lead_id"]
    held = (await get(caller, f"/v1/leads/{lead_id}")).json()
    assert held["held_by"]["reason"] == "weak_tie"
    assert held["held_by"]["identifier"].startswith("ip 203.0.113.9")
    assert "network address" in held["held_by"]["detail"]
    made = await post(caller, f"/v1/leads/{lead_id}/release", {"reason": "a library's address"}, SUPERVISOR)
    assert made.status_code == 201
    assert (made.json()["lead_id"], made.json()["state"], made.json()["held_by"]) == (lead_id, "open", None)
    assert await states(graph) == {"ann": "open", "bob": "held"}
    (event,) = await graph.events("lead.released")
    assert (event["actor"]["id"], event["payload"]["personal"]["reason"]) == (SUPERVISOR, "a library's address")
    again = await post(caller, f"/v1/leads/{lead_id}/release", {"reason": "again"}, SUPERVISOR)
    assert again.status_code == 409
    await graph.tell(a_group("ann", count=4, ip=None)[-1])
    assert (await states(graph))["ann"] == "open"


async def test_a_large_lead_that_was_released_is_held_again_at_twice_the_size(graph: Graph, caller: Caller) -> None:
    size = RULES.held_tips_max + 1
    group = a_group("ann", count=2 * size, ip=None)
    await graph.tell(*group[:size], a_review(group[0].tip_id))
    lead_id = (await by_group(graph))["ann"]["lead_id"]
    await post(caller, f"/v1/leads/{lead_id}/release", {"reason": "one prolific person"}, SUPERVISOR)
    await graph.tell(*group[size:-1])
    assert await states(graph) == {"ann": "open"}
    await graph.tell(group[-1])
    assert await states(graph) == {"ann": "held"}


async def test_only_a_held_lead_can_be_released_by_who_may_refer(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("ann"))
    path = f"/v1/leads/{(await by_group(graph))['ann']['lead_id']}/release"
    body = {"reason": "invented"}
    assert (await post(caller, path, body, SUPERVISOR)).status_code == 409
    assert (await post(caller, path, {"reason": " "}, SUPERVISOR)).status_code == 422
    assert (await post(caller, path, body, "ceiu.analyst")).status_code == 403
    assert (await post(caller, f"/v1/leads/{new_id()}/release", body, SUPERVISOR)).status_code == 404


async def test_a_tier_set_by_hand_is_on_record_with_who_and_why(graph: Graph, caller: Caller) -> None:
    await tell_groups(graph, a_group("ann"))
    path = f"/v1/leads/{(await by_group(graph))['ann']['lead_id']}/priority"
    await post(caller, path, {"tier": "T1", "reason": "the child was seen"}, SUPERVISOR)
    await post(caller, path, {"tier": None, "reason": "it was another child"}, SUPERVISOR)
    first, second = await graph.events("lead.prioritised")
    assert (first["payload"]["tier"], second["payload"]["tier"]) == ("T1", None)
    assert (second["actor"]["id"], second["payload"]["personal"]["reason"]) == (SUPERVISOR, "it was another child")
    assert (first["subject"]["version"], second["subject"]["version"]) == (1, 2)


def draw_world(chance: Random) -> World:
    """Return groups that carriers' addresses tie, which come, go and become the crowd's; reviews and judgements."""
    carriers = [GivenIdentifier(type="ip", value=f"203.0.113.{number}", port=443, at=START) for number in range(3)]
    children = [email(f"child{number}@example.org") for number in range(2)]
    facts: list[Payload] = []
    tips: list[UUID] = []
    for name in ("ann", "bob", "cy", "dee"):
        names = chance.choice([[], [], [], ["Rosa Invented"], ["Oskar Madeup"]])
        for tip in a_group(name, count=chance.choice([3, 3, 4, 6]), ip=None, names=names):
            own = tip.personal.parties[0].identifiers
            seen = [chance.sample(carriers, chance.choice([0, 0, 1])) for _ in range(chance.choice([1, 1, 2, 3]))]
            for version, some in enumerate(seen, 1):
                victims = [a_victim(child) for child in children if chance.random() < 0.15]
                facts.append(
                    a_tip(
                        tip.source_ref,
                        *own,
                        *some,
                        tip_id=tip.tip_id,
                        version=version,
                        names=names,
                        parties=victims,
                    )
                )
            if chance.random() < 0.6:
                facts.append(a_review(tip.tip_id, 1, chance.choice(["actionable"] * 4 + ["not_actionable"])))
            tips.append(tip.tip_id)
    facts += [a_tip(f"x{number}-0", carriers[0], names=[]) for number in range(chance.choice([1, 2, 3, 4]))]
    judgements: list[Any] = [
        (*chance.sample(tips, 2), chance.choice(["different", "different", "same"]), chance.random() < 0.4)
        for _ in range(chance.randrange(4))
    ]
    learned = chance.choice([Learned(), Learned(), Learned(births=Rates(0.9, 0.1))])
    return World(facts, judgements, Model(learned, STRICT))


def a_victim(*identifiers: GivenIdentifier) -> Party:
    return Party(party_id=new_id(), role="victim", identifiers=list(identifiers))


async def related(graph: Graph) -> dict[str, list[str]]:
    return {name: lead["related"] for name, lead in (await by_group(graph)).items()}


async def test_a_victim_of_two_offenders_relates_their_leads_and_joins_nothing(graph: Graph) -> None:
    child = email("Small.One@gmail.com"), email("smallone+game@gmail.com")
    ann, bob = (a_group(name, ip=None)[:1] for name in ("ann", "bob"))
    cy = a_tip("cy-0", email("cy@example.org"), names=[], parties=[a_victim(child[0])])
    dee = a_tip("dee-0", email("dee@example.org"), names=[], parties=[a_victim(child[1])])
    await tell_groups(graph, ann, bob, [cy])
    assert (await related(graph))["cy"] == []
    await graph.tell(dee, a_review(dee.tip_id))
    assert await related(graph) == {"ann": [], "bob": [], "cy": [str(dee.tip_id)], "dee": [str(cy.tip_id)]}
    await graph.tell(amended(dee, email("dee@example.org"), names=[]))
    assert await related(graph) == {"ann": [], "bob": [], "cy": [], "dee": []}


async def test_a_victims_value_that_could_not_link_or_that_many_share_relates_nobody(graph: Graph) -> None:
    placeholder = email("none@none.com")
    tips = [
        a_tip(f"x{number}-0", email(f"x{number}@example.org"), names=[], parties=[a_victim(placeholder)])
        for number in range(2)
    ]
    await tell_groups(graph, tips)
    assert set(map(tuple, (await related(graph)).values())) == {()}
    hotline = GivenIdentifier(type="phone", value="+16175552399")
    many = [
        a_tip(f"y{number}-0", email(f"y{number}@example.org"), names=[], parties=[a_victim(hotline)])
        for number in range(VICTIM_TIPS_MAX + 1)
    ]
    await tell_groups(graph, many[:-1])
    assert len((await related(graph))["y0"]) == VICTIM_TIPS_MAX - 1
    await graph.tell(many[-1])
    assert (await related(graph))["y0"] == []


@pytest.mark.parametrize("part", range(deep(3)))
async def test_any_order_and_any_batches_hold_the_same_leads_for_the_same_reasons(
    part: int,
    pool_of: Callable[[str], Awaitable[Pool]],
    clock: FakeClock,
    owner_pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Small worlds of groups that addresses tie are each played in several orders; they must end alike."""
    monkeypatch.setattr(services.linker.app, "TIPS_AT_ONCE_MAX", 3)
    reasons: Counter[str | None] = Counter()
    related_count, pool = 0, await pool_of("linker")
    for seed in range(10 * part, 10 * part + 6):
        world = draw_world(Random(seed))
        told = []
        for order in range(4):
            await owner_pool.execute(WIPE)
            graph = Graph(pool, clock, STRICT)
            await play(graph, world, Random(1_000 * seed + order))
            told.append({refs_of(lead): said_of(lead) for lead in await graph.live_leads()})
            assert told[-1] == told[0], f"seed {seed}, order {order}"
        related_count += sum(len(said[3]) for said in told[0].values())
        reasons.update(said[1]["reason"] if said[1] else None for said in told[0].values())
    assert reasons["weak_tie"] > 1
    assert reasons[None] > 1
    assert related_count > 1
