"""Each side of a notice is told whom to call at the other, also at an office that never had a referral."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.linker.app import SERVICE
from services.referral.app import SERVICE as REFERRAL
from services.referral.app import load_directory
from shared.db.pool import Pool
from shared.events.envelope import Actor, encode
from shared.events.intake import Address
from tests.builders import an_event, event_bytes
from tests.conftest import Caller, CallService, Kafka, Work
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import Graph, a_lookup, a_referral, a_review, a_tip, an_office, email
from tests.waiting import eventually

PoolOf = Callable[[str], Awaitable[Pool]]
VALUE = "rosa.inventada@example.org"
BOSTON = Actor(id="hsi.agent.sac-boston", kind="person", role="hsi.agent", agency="ICE", office="sac-boston")
MIAMI = Actor(id="hsi.agent.sac-miami", kind="person", role="hsi.agent", agency="ICE", office="sac-miami")
LOS_ANGELES = "hsi.agent.sac-los-angeles"


@pytest.fixture
def schemas() -> Sequence[str]:
    return ("linker", "referral")


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


async def counterparts(caller: Caller, account: str) -> list[dict[str, Any]]:
    answer = await caller.client.get("/v1/notices", headers=caller.as_(account))
    assert answer.status_code == 200, answer.text
    return [notice["counterpart"] for notice in answer.json()["items"]]


async def phone_of_miami(caller: Caller) -> Any:
    """Return the phone of Miami in Boston's notices."""
    (phone,) = [each["phone"] for each in await counterparts(caller, BOSTON.id) if each["office"] == "sac-miami"]
    return phone


async def test_an_office_that_never_had_a_referral_is_named_with_its_phone(
    kafka: Kafka, work: Work, call_service: CallService, pool_of: PoolOf
) -> None:
    """An agent in Miami looks up a value of a lead that Los Angeles has; both offices' inboxes name the other."""
    await kafka.make_offices(*load_directory().offices)
    pool, caller, referral = await pool_of("linker"), await call_service(SERVICE), await call_service(REFERRAL)
    offices = (await referral.client.get("/v1/offices", headers=referral.as_(MIAMI.id))).json()["items"]
    known = {office["code"]: (office["code"], office["name"], office["phone"]) for office in offices}
    home = Address(city="Los Angeles", region="CA", postal_code="90012", country="US")
    tip = a_tip("CT-1", email(VALUE), addresses=[home])
    lookup = a_lookup(MIAMI, at=caller.clock.now(), emails=[VALUE])

    async def is_referred() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM referral WHERE office = 'sac-los-angeles'"))

    async def contacts(account: str) -> list[Any]:
        return [(each["office"], each["name"], each["phone"]) for each in await counterparts(caller, account)]

    async def both_are_named() -> bool:
        told = [await contacts(account) for account in (LOS_ANGELES, MIAMI.id)]
        return told == [[known["sac-miami"]], [known["sac-los-angeles"]]]

    async with work(REFERRAL), work(SERVICE):
        for fact in (tip, a_review(tip.tip_id)):
            await kafka.send("intake.tips", event_bytes(fact), key=str(tip.tip_id).encode())
        await eventually(is_referred)
        await kafka.send("query.activity", encode(lookup), key=lookup.subject_id.encode())
        await eventually(both_are_named)


async def test_a_phone_that_changes_is_told_in_notices_that_are_there(graph: Graph, caller: Caller) -> None:
    asked = [a_lookup(actor, emails=[VALUE]) for actor in (BOSTON, MIAMI)]
    await graph.tell(a_tip("CT-1", email(VALUE)), *asked)
    assert await phone_of_miami(caller) is None
    await graph.tell(an_office("sac-miami", phone="+1-305-555-0001"))
    await graph.tell(an_office("sac-miami", 2, phone="+1-305-555-0002"))
    assert await phone_of_miami(caller) == "+1-305-555-0002"


async def test_neither_an_old_version_nor_a_referral_brings_an_old_phone_back(graph: Graph, caller: Caller) -> None:
    tip, lookups = a_tip("CT-1", email(VALUE)), [a_lookup(actor, emails=[VALUE]) for actor in (BOSTON, MIAMI)]
    await graph.tell(tip, a_review(tip.tip_id), *lookups, an_office("sac-miami", 2, phone="+1-305-555-0002"))
    (lead,) = await graph.live_leads()
    late = an_event(an_office("sac-miami", 1, phone="+1-305-555-0001"), occurred_at=START + timedelta(days=1))
    await graph.tell(late)
    await graph.tell(a_referral(lead["lead_id"], office="sac-miami", office_phone="+1-305-555-0001"))
    assert await phone_of_miami(caller) == "+1-305-555-0002"
