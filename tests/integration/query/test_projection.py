"""The projection: facts of four topics in any order, cut into any batches, repeated, come to the same answers."""

import random
from typing import Any
from uuid import UUID

import pytest

from services.query.app import SERVICE
from shared.events.envelope import Event, Payload, encode
from shared.events.linker import LeadMergedV1, LeadUpdatedV1
from shared.events.referral import ReferralAnsweredV1, ReferralChangedV1
from tests.builders import an_event, new_id
from tests.conftest import Caller, Kafka, Work
from tests.depth import deep
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import (
    a_lead,
    a_membership,
    a_party,
    a_referral,
    a_research_result,
    a_review,
    a_tip,
    an_amendment,
    an_email,
)
from tests.waiting import eventually

EMAIL = "ana.lopez@example.org"
AS_IT_HAPPENED, BACKWARDS = 0, 1


def a_history() -> tuple[list[Event], dict[str, Any]]:
    """Return the events of one case in the order they happened, and the match that answers in the end."""
    first, second = a_party(an_email(EMAIL), name="Ana Lopez"), a_party(an_email(EMAIL), birth_date="1980-02-03")
    found = a_party(an_email(EMAIL), name="Ana M Lopez")
    old, tip = a_tip(first), a_tip(second)
    cluster_id = new_id()
    # The absorbed lead is the older one by its id, so that only its being absorbed keeps it from answering.
    absorbed, lead = a_lead(new_id()), a_lead(cluster_id)
    referral = a_referral(lead)
    former = {"office": "sac-miami", "office_name": "HSI Miami", "office_phone": None}
    payloads: list[Payload | Event] = [
        old,
        tip,
        a_review(old.tip_id, "not_actionable", number=1),
        a_membership(old.tip_id, new_id(), version=1),
        a_membership(tip.tip_id, cluster_id, version=1),
        lead,
        absorbed,
        referral.model_copy(update=former),
        a_membership(old.tip_id, cluster_id, version=2),
        an_amendment(tip, a_party(name="Bo Li")),
        an_amendment(tip, second, version=3),
        a_research_result(tip.tip_id, found),
        a_review(old.tip_id, "actionable", number=2),
        LeadMergedV1(
            **absorbed.model_dump() | {"lead_version": 2, "cluster_id": cluster_id, "merged_into": lead.lead_id}
        ),
        LeadUpdatedV1(**lead.model_dump() | {"lead_version": 2, "state": "referred", "tier": "T0"}),
        ReferralChangedV1(**referral.model_dump() | {"version": 2, "state": "acknowledged"}),
    ]
    outcome = {
        "record_id": str(first.party_id),
        "tip_ids": [str(old.tip_id), str(tip.tip_id)],
        "lead_id": str(lead.lead_id),
        "grade": "confirmed",
        "relevant": True,
        "investigation": "referred",
        "tier": "T0",
        "contact": {"office": "sac-boston", "name": "HSI Boston", "phone": "+1-617-555-0101"},
    }
    return [one if isinstance(one, Event) else an_event(one) for one in payloads], outcome


def shown(match: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in match.items() if name not in ("evidence", "caveat")}


@pytest.mark.parametrize("seed", range(deep(8)))
async def test_any_order_batches_and_repeats_of_the_same_facts_give_the_same_answer(
    facts: Facts, cbp: Officer, seed: int
) -> None:
    chance = random.Random(seed)
    events, outcome = a_history()
    if seed == BACKWARDS:
        events.reverse()
    elif seed != AS_IT_HAPPENED:
        chance.shuffle(events)
    events += chance.sample(events, 4)
    while events:
        size = 1 if seed == BACKWARDS else chance.randint(1, 6)
        await facts.tell(*events[:size])
        del events[:size]
    [match] = await cbp.find(name="LOPEZ ANA", birth_date="1980-02-03", emails=[EMAIL])
    assert shown(match) == outcome
    assert await cbp.find(name="Bo Li") == []


async def test_a_lead_that_is_known_before_its_tip_waits_for_it(facts: Facts, cbp: Officer) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    lead = a_lead(cluster_id, state="held")
    await facts.tell(a_referral(lead, state="queued", office=None), lead)
    await facts.tell(a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, cluster_id))
    assert await cbp.find(emails=[EMAIL]) == []
    await facts.tell(tip)
    [match] = await cbp.find(emails=[EMAIL])
    assert (match["lead_id"], match["investigation"], match["relevant"]) == (str(lead.lead_id), "developing", True)
    assert match["contact"]["office"] == "ceiu"


async def test_the_office_that_has_the_lead_now_is_the_contact(facts: Facts, cbp: Officer) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    lead = a_lead(cluster_id)
    recalled, live = a_referral(lead, office="sac-miami"), a_referral(lead)

    async def contact() -> str:
        [match] = await cbp.find(emails=[EMAIL])
        return str(match["contact"]["office"])

    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), lead, recalled)
    assert await contact() == "sac-miami"
    await facts.tell(ReferralChangedV1(**recalled.model_dump() | {"version": 2, "state": "recalled"}))
    assert await contact() == "ceiu"
    await facts.tell(live)
    assert await contact() == "sac-boston"
    await facts.tell(ReferralAnsweredV1(**live.model_dump() | {"version": 2, "state": "closed", "outcome": "arrest"}))
    assert await contact() == "sac-boston"


async def test_a_cluster_that_splits_answers_as_two_people(facts: Facts, cbp: Officer) -> None:
    tips, cluster_id = [a_tip(a_party(an_email(EMAIL))) for _ in range(2)], new_id()
    await facts.tell(*tips, *(a_membership(tip.tip_id, cluster_id) for tip in tips))
    assert len(await cbp.find(emails=[EMAIL])) == 1
    await facts.tell(a_membership(tips[1].tip_id, new_id(), version=2))
    assert [match["tip_ids"] for match in await cbp.find(emails=[EMAIL])] == [[str(tip.tip_id)] for tip in tips]


async def test_an_event_that_does_not_fit_is_dead_lettered_and_the_rest_is_applied(facts: Facts, cbp: Officer) -> None:
    tip = a_tip(a_party(an_email(EMAIL)))
    await facts.tell(a_review(tip.tip_id, "perhaps"), tip)
    assert len(await cbp.find(emails=[EMAIL])) == 1
    topics = await facts.pool.fetch("SELECT topic FROM outbox WHERE topic LIKE '%.dlq'")
    assert [row["topic"] for row in topics] == ["intake.tips.dlq"]


async def test_the_worker_brings_facts_from_kafka_to_the_answer(kafka: Kafka, work: Work, caller: Caller) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL))), new_id()
    lead = a_lead(cluster_id)
    cbp = Officer(caller, "cbp.att")

    async def send(topic: str, key: UUID, event: Event) -> None:
        await kafka.send(topic, encode(event), key=str(key).encode())

    async def answered() -> bool:
        matches = await cbp.find(emails=[EMAIL])
        return bool(matches) and matches[0]["contact"]["office"] == "sac-boston"

    async with work(SERVICE):
        await send("referral.referrals", lead.lead_id, an_event(a_referral(lead)))
        await send("linker.leads", lead.lead_id, an_event(lead))
        await send("linker.links", tip.tip_id, a_membership(tip.tip_id, cluster_id))
        await send("intake.tips", tip.tip_id, an_event(tip))
        await eventually(answered)
        events = await kafka.read_events("query.activity", count_min=2)
    assert {"session.opened", "lookup.answered"} <= {event["type"] for event in events}
