"""Facts of other services: kept until they can be used, applied once, told on when they change something."""

from datetime import timedelta

from services.linker.domain.cluster import derived_id
from services.linker.domain.rules import Rules, TypeRule
from shared.events.envelope import Context
from shared.events.intake import GivenIdentifier, Party, TipPersonal
from tests.builders import an_actor, an_event, new_id
from tests.integration.linker.graph import (
    Graph,
    a_referral,
    a_result,
    a_review,
    a_tip,
    amended,
    email,
    of_tip,
    refs_of,
)

SHARED = email("someone@example.org")
SELECT_COUNTED = "SELECT value, tip_count, xmin::text AS written_by FROM key WHERE tip_count > 0 ORDER BY key_id"
LOW = Rules("test", {"email": TypeRule("handle", 0.95, 3)})


async def test_tips_that_share_a_strong_value_are_one_cluster_under_the_older_tip(graph: Graph) -> None:
    one, two, three = (
        a_tip("CT-1", SHARED),
        a_tip("CT-2", email("SomeOne@Example.org")),
        a_tip("CT-3", email("wren@example.org")),
    )
    await graph.tell(one, three)
    await graph.tell(two)
    assert await graph.clusters() == {frozenset({"CT-1", "CT-2"}), frozenset({"CT-3"})}
    moves = await graph.events("tip.clustered")
    (first,), (joined,) = of_tip(moves, one.tip_id), of_tip(moves, two.tip_id)
    assert joined["cluster_id"] == first["cluster_id"]
    assert (joined["previous_cluster_id"], joined["cluster_size"]) == (None, 2)


async def test_a_victims_value_joins_nothing(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", SHARED), a_tip("CT-2", SHARED, role="victim"))
    assert len(await graph.clusters()) == 2


async def test_a_victims_value_leaves_alone_what_it_says_of_others(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", SHARED), a_tip("CT-2", SHARED))
    before = await graph.pool.fetch(SELECT_COUNTED)
    await graph.tell(a_tip("CT-3", SHARED, email("new@example.org"), role="victim"))
    assert await graph.pool.fetch(SELECT_COUNTED) == before
    assert await graph.pool.fetchval("SELECT tip_count FROM key WHERE value = 'new@example.org'") == 0


async def test_a_review_and_a_research_result_that_come_before_their_tip_wait_for_it(graph: Graph) -> None:
    tip = a_tip("CT-2")
    await graph.tell(a_tip("CT-1", SHARED))
    await graph.tell(a_review(tip.tip_id), a_result(tip.tip_id, SHARED))
    assert await graph.live_leads() == []
    await graph.tell(tip)
    (lead,) = await graph.live_leads()
    assert refs_of(lead) == {"CT-1", "CT-2"}


async def test_an_older_version_or_review_that_comes_late_changes_nothing(graph: Graph) -> None:
    tip = a_tip("CT-1", SHARED)
    await graph.tell(amended(tip, email("other@example.org")), a_review(tip.tip_id, 2, "not_actionable"))
    await graph.news()
    await graph.tell(tip, a_review(tip.tip_id, 1))
    assert await graph.news() == []
    assert await graph.live_leads() == []


async def test_a_fact_under_a_new_event_id_changes_nothing_the_second_time(graph: Graph) -> None:
    tip = a_tip("CT-1", SHARED)
    facts = [tip, a_tip("CT-2", SHARED), a_review(tip.tip_id), a_result(tip.tip_id, email("x@example.org"))]
    await graph.tell(*facts)
    await graph.news()
    await graph.tell(*facts)
    assert await graph.news() == []


async def test_an_amendment_takes_links_away_and_brings_them_back(graph: Graph) -> None:
    one, two = a_tip("CT-1", SHARED), a_tip("CT-2", SHARED)
    await graph.tell(one, two, a_review(one.tip_id), a_review(two.tip_id))
    (whole,) = await graph.live_leads()
    gone = amended(two, email("other@example.org"))
    graph.clock.move(timedelta(days=1))
    await graph.tell(gone)
    assert {refs_of(lead) for lead in await graph.live_leads()} == {frozenset({"CT-1"}), frozenset({"CT-2"})}
    await graph.tell(amended(gone, SHARED))
    (again,) = await graph.live_leads()
    assert (again["lead_id"], refs_of(again)) == (whole["lead_id"], refs_of(whole))
    moves = [event["subject"]["version"] for event in await graph.events("tip.clustered")]
    assert sorted(moves) == [1, 1, 2, 3]


async def test_a_value_that_passes_its_cap_is_told_of_and_parts_its_holders_and_back(graph: Graph) -> None:
    graph = Graph(graph.pool, graph.clock, LOW)
    tips = [a_tip(f"CT-{number}", SHARED) for number in range(4)]
    await graph.tell(*tips[:3])
    assert len(await graph.clusters()) == 1
    await graph.tell(tips[3])
    assert len(await graph.clusters()) == 4
    await graph.tell(amended(tips[0]))
    await graph.tell(amended(tips[1]))
    assert await graph.clusters() == {frozenset({"CT-0"}), frozenset({"CT-1"}), frozenset({"CT-2", "CT-3"})}
    capped, uncapped = await graph.events("value.capped", "value.uncapped")
    assert [event["subject"]["version"] for event in (capped, uncapped)] == [1, 2]
    assert capped["subject"]["id"] == uncapped["subject"]["id"]
    assert (capped["type"], uncapped["type"]) == ("value.capped", "value.uncapped")
    assert capped["payload"]["personal"]["value"] == "someone@example.org"
    assert (capped["payload"]["frequency"], uncapped["payload"]["frequency"]) == (4, 2)


async def test_one_tip_that_calls_a_file_viral_takes_its_word_from_all_that_have_it(graph: Graph) -> None:
    """A handle on two services is not enough by itself; with a file it is, until that is known to circulate."""
    file = {"sha256": "ab" * 32}
    for number, service in enumerate(["forum", "chat"], start=1):
        handle = GivenIdentifier(type="username", value="quiet.otter", service=service)
        await graph.tell(a_tip(f"CT-{number}", handle, files=[file], names=[]))
    assert len(await graph.clusters()) == 1
    late = a_tip("CT-3", files=[{**file, "viral": True}], names=[])
    await graph.tell(late)
    assert len(await graph.clusters()) == 3
    await graph.tell(amended(late, names=[]))
    assert len(await graph.clusters()) == 2


async def test_a_tip_is_told_whom_it_is_linked_to_once(graph: Graph) -> None:
    one, two = a_tip("CT-1", SHARED), a_tip("CT-2", SHARED)
    await graph.tell(one)
    assert await graph.events("tip.linked") == []
    await graph.tell(two)
    (told,) = of_tip(await graph.events("tip.linked"), two.tip_id)
    assert [link["tip_id"] for link in told["links"]] == [str(one.tip_id)]
    assert told["links"][0]["evidence"][0]["detail"] == "same e-mail address, seen in 2 tips"
    assert "someone@example.org" not in str(told)
    await graph.news()
    await graph.tell(amended(two, SHARED, email("more@example.org")))
    assert "tip.linked" not in await graph.news()
    await graph.tell(amended(amended(two)))
    assert of_tip(await graph.events("tip.linked"), two.tip_id)[-1]["link_count"] == 0


async def test_a_tip_found_not_actionable_is_told_when_an_actionable_one_is_strongly_linked(graph: Graph) -> None:
    poor, good = a_tip("CT-1", SHARED), a_tip("CT-2", SHARED)
    await graph.tell(poor, a_review(poor.tip_id, 1, "not_actionable"))
    await graph.tell(good)
    await graph.tell(a_review(good.tip_id))
    told = of_tip(await graph.events("tip.linked"), poor.tip_id)
    assert [each["is_linked_to_actionable"] for each in told] == [False, True]


async def test_a_value_with_very_many_links_still_fits_an_event(graph: Graph) -> None:
    values = [email(f"someone{number}@{'long' * 12}.example.org") for number in range(60)]
    await graph.tell(*(a_tip(f"CT-{number}", *values) for number in range(45)))
    told = (await graph.events("tip.linked"))[-1]["payload"]
    assert told["link_count"] == 44
    assert max(len(link["evidence"]) for link in told["links"]) == 5


async def test_an_event_names_the_event_that_led_to_it_and_the_linker_as_its_actor(graph: Graph) -> None:
    one, two = a_tip("CT-1", SHARED), a_tip("CT-2", SHARED)
    received = an_event(one)
    person = an_actor(id="ceiu.analyst", kind="person")
    review = an_event(a_review(one.tip_id), context=Context(person, new_id()))
    await graph.tell(received, review, two)
    (lead,) = await graph.events("lead.opened")
    assert (lead["causation_id"], lead["actor"]["id"]) == (str(review.event_id), "linker")
    assert lead["correlation_id"] == str(review.context.correlation_id)
    linked = {each["subject"]["id"]: each["causation_id"] for each in await graph.events("tip.linked")}
    assert linked[str(one.tip_id)] == str(review.event_id) != linked[str(two.tip_id)]


async def test_a_tip_in_words_we_do_not_know_is_dead_lettered_alone(graph: Graph) -> None:
    strange = a_tip("CT-1", SHARED, role="bystander")
    await graph.tell(strange, a_tip("CT-2", SHARED))
    assert await graph.clusters() == {frozenset({"CT-2"})}
    letters = await graph.pool.fetch("SELECT headers FROM outbox WHERE topic = 'intake.tips.dlq'")
    assert [letter["headers"]["dlq-error"] for letter in letters] == ["not known to the linker: parties.0.role"]


async def test_a_lead_of_many_wordy_tips_still_fits_its_event(graph: Graph) -> None:
    def wordy(number: int) -> Party:
        values = [GivenIdentifier(type="email", value=f"{'ü' * 200}{number}.{n}@example.org") for n in range(30)]
        return Party(party_id=new_id(), role="subject", names=["名" * 300] * 20, identifiers=[SHARED, *values])

    tips = [
        a_tip(f"{'長' * 60}-{number}", personal=TipPersonal(parties=[wordy(number)] * 3), incident="production")
        for number in range(45)
    ]
    await graph.tell(*tips, *(a_review(tip.tip_id) for tip in tips))
    (lead,) = await graph.live_leads()
    assert lead["tip_count"] == 45


async def test_a_referral_of_a_lead_not_yet_known_waits_for_it(graph: Graph) -> None:
    """As when the linker starts anew from the topics: a lead's id follows from its tip."""
    tip = a_tip("CT-1")
    await graph.tell(a_referral(derived_id("lead", tip.tip_id)))
    await graph.tell(tip, a_review(tip.tip_id))
    assert [lead["state"] for lead in await graph.live_leads()] == ["referred"]
