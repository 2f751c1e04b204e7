"""Referral on a real database: leads become referrals, offices hear once, answers travel, nothing is sent twice."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.referral.app import SERVICE, load_directory
from services.referral.handlers import Desk, list_facts
from shared.db.pool import Pool
from shared.errors import Rejected
from shared.events.envelope import decode, encode
from shared.events.linker import (
    LeadClosedV1,
    LeadMergedV1,
    LeadOpenedV1,
    LeadPersonal,
    LeadPlace,
    LeadTip,
    LeadUpdatedV1,
)
from shared.kafka.consume import Record
from shared.kafka.inbox import Incoming
from shared.kafka.outbox import Outbox
from shared.kafka.republish import BEGINNING, Page, republish
from shared.kafka.republish import START as START_PLACE
from tests.builders import an_event, new_id
from tests.conftest import Caller, CallService
from tests.fakes import START, FakeClock

PoolOf = Callable[[str], Awaitable[Pool]]
BOSTON = LeadPlace(role="subject", source_tip_id=new_id(), country="US", region="MA", postal_code="02108")
MIAMI = LeadPlace(role="subject", source_tip_id=new_id(), country="US", region="FL", postal_code="33101")
KINDS = {"opened": LeadOpenedV1, "updated": LeadUpdatedV1, "merged": LeadMergedV1, "closed": LeadClosedV1}
OUTBOX = "SELECT topic, convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id"


def a_lead(kind: str, lead_id: UUID, version: int, *, place: LeadPlace | None = BOSTON, **fields: Any) -> Incoming:
    """Return a lead's event; by default an open lead of one tip in Boston."""
    tips = fields.pop("tips", 1)
    payload = KINDS[kind](
        **{
            "lead_id": lead_id,
            "lead_version": version,
            "cluster_id": lead_id,
            "state": "closed" if kind in {"closed", "merged"} else "open",
            "tier": "T3",
            "tips": [LeadTip(tip_id=UUID(int=n), source="ncmec", source_ref=f"CT-{n}") for n in range(tips)],
            "tip_count": tips,
            "opened_at": START,
            "personal": LeadPersonal(places=[place] if place else []),
            **fields,
        }
    )
    event = an_event(payload, topic="linker.leads", service="linker", subject_id=str(lead_id), subject_version=version)
    record = Record("linker.leads", 0, 0, None, encode(event), (), 0)
    return Incoming(decode(record.value), payload, record, "referral")


@pytest.fixture
async def pool(pool_of: PoolOf) -> Pool:
    return await pool_of("referral")


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return Desk(clock=clock, outbox=Outbox(shards=1), directory=load_directory(), confidence_min=0.5)


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock)


async def carry(pool: Pool, desk: Desk, *events: Incoming) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await desk.carry_leads(connection, events)


async def sent(pool: Pool, prefix: str = "referral.office.") -> list[tuple[str, str, int]]:
    """Return (topic, type, version) of what was published under a prefix, in order."""
    rows = await pool.fetch(OUTBOX)
    found = [
        (r["topic"], r["event"]["type"], r["event"]["payload"]["version"])
        for r in rows
        if "referral_id" in r["event"]["payload"]
    ]
    return [row for row in found if row[0].startswith(prefix)]


async def only_referral(pool: Pool) -> asyncpg.Record:
    (row,) = await pool.fetch("SELECT referral_id, version, state, office, reason FROM referral")
    return row


async def respond(caller: Caller, agent_of: str, referral_id: UUID, **body: Any) -> Any:
    headers = caller.as_(f"hsi.agent.{agent_of}")
    return await caller.client.post(f"/v1/referrals/{referral_id}/responses", json=body, headers=headers)


async def test_a_lead_goes_to_its_office_once_however_often_it_comes(pool: Pool, desk: Desk) -> None:
    opened = a_lead("opened", new_id(), 1)
    await carry(pool, desk, opened, opened)
    await carry(pool, desk, opened)
    assert await sent(pool) == [("referral.office.sac-boston", "referral.sent", 1)]
    assert await sent(pool, "referral.referrals") == [("referral.referrals", "referral.opened", 1)]


async def test_what_an_office_would_not_care_about_is_not_sent(pool: Pool, desk: Desk) -> None:
    lead = new_id()
    await carry(pool, desk, a_lead("opened", lead, 1))
    await carry(pool, desk, a_lead("updated", lead, 2, state="referred"))
    assert len(await sent(pool)) == 1
    await carry(pool, desk, a_lead("updated", lead, 3, tips=2), a_lead("updated", lead, 4, tips=2, tier="T1"))
    assert [row[1:] for row in await sent(pool)] == [
        ("referral.sent", 1),
        ("referral.updated", 2),
        ("referral.updated", 3),
    ]


async def test_an_older_version_changes_nothing(pool: Pool, desk: Desk) -> None:
    lead = new_id()
    await carry(pool, desk, a_lead("updated", lead, 5, tips=3))
    await carry(pool, desk, a_lead("opened", lead, 1), a_lead("closed", lead, 4))
    assert (await only_referral(pool))["state"] == "sent"
    assert len(await sent(pool)) == 1


async def test_a_lead_without_a_place_waits_for_a_person_who_sends_it(pool: Pool, desk: Desk, caller: Caller) -> None:
    await carry(pool, desk, a_lead("opened", new_id(), 1, place=None))
    referral = await only_referral(pool)
    assert (referral["state"], referral["office"], referral["reason"]) == ("queued", None, "no place is known")
    path = f"/v1/referrals/{referral['referral_id']}/assignments"
    body = {"office": "sac-miami", "reason": "the provider names the city"}
    assert (await caller.client.post(path, json=body, headers=caller.as_("ceiu.analyst"))).status_code == 403
    assert (await caller.client.post(path, json=body, headers=caller.as_("ceiu.supervisor"))).status_code == 201
    assert await sent(pool) == [("referral.office.sac-miami", "referral.sent", 2)]
    assert (await caller.client.post(path, json=body, headers=caller.as_("ceiu.supervisor"))).status_code == 409


async def test_a_place_that_comes_later_routes_what_waits_in_the_queue(pool: Pool, desk: Desk) -> None:
    lead = new_id()
    await carry(pool, desk, a_lead("opened", lead, 1, place=None))
    await carry(pool, desk, a_lead("updated", lead, 2, place=MIAMI))
    assert await sent(pool) == [("referral.office.sac-miami", "referral.sent", 2)]


@pytest.mark.parametrize("is_absorbed_first", [True, False])
async def test_of_two_merged_leads_the_younger_one_is_recalled_whichever_event_comes_first(
    pool: Pool, desk: Desk, is_absorbed_first: bool
) -> None:
    older, younger = new_id(), new_id()
    await carry(pool, desk, a_lead("opened", older, 1), a_lead("opened", younger, 1, place=MIAMI))
    merge = [a_lead("merged", younger, 2, merged_into=older), a_lead("updated", older, 2, tips=2, aliases=[younger])]
    for event in merge if is_absorbed_first else reversed(merge):
        await carry(pool, desk, event)
    assert sorted((await sent(pool))[2:]) == [
        ("referral.office.sac-boston", "referral.updated", 2),
        ("referral.office.sac-miami", "referral.recalled", 2),
    ]


async def test_a_closed_lead_is_recalled_and_opened_again_under_a_new_id(pool: Pool, desk: Desk) -> None:
    lead = new_id()
    await carry(pool, desk, a_lead("opened", lead, 1), a_lead("closed", lead, 2), a_lead("updated", lead, 3))
    assert [row[1:] for row in await sent(pool)] == [
        ("referral.sent", 1),
        ("referral.recalled", 2),
        ("referral.sent", 1),
    ]
    assert await pool.fetchval("SELECT count(DISTINCT referral_id) FROM referral") == 2


async def test_an_office_answers_step_by_step_and_everyone_learns_of_it(pool: Pool, desk: Desk, caller: Caller) -> None:
    await carry(pool, desk, a_lead("opened", new_id(), 1))
    id_ = (await only_referral(pool))["referral_id"]
    early = await respond(caller, "sac-boston", id_, response="closed", outcome="arrest")
    assert (early.status_code, "accepted" in early.json()["detail"]) == (409, True)
    for body in (
        {"response": "acknowledged"},
        {"response": "accepted"},
        {"response": "status", "note": "subject identified"},
        {"response": "closed", "outcome": "arrest"},
    ):
        assert (await respond(caller, "sac-boston", id_, **body)).status_code == 201
    rows = [row["event"] for row in await pool.fetch(OUTBOX) if row["topic"] == "referral.referrals"]
    assert [e["payload"]["response"] for e in rows] == [None, "acknowledged", "accepted", "status", "closed"]
    assert rows[-1]["payload"]["outcome"] == "arrest"
    assert rows[-1]["actor"]["id"] == "hsi.agent.sac-boston"
    assert rows[3]["payload"]["personal"]["note"] == "subject identified"
    assert (await respond(caller, "sac-boston", id_, response="status", note="more")).status_code == 409


async def test_a_declined_referral_is_queued_and_not_lost(pool: Pool, desk: Desk, caller: Caller) -> None:
    lead = new_id()
    await carry(pool, desk, a_lead("opened", lead, 1))
    id_ = (await only_referral(pool))["referral_id"]
    assert (await respond(caller, "sac-boston", id_, response="declined")).status_code == 422
    for blank in ("", "  ", "\u200b"):
        refused = await respond(caller, "sac-boston", id_, response="declined", reason=blank)
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["reason"])
        refused = await respond(caller, "sac-boston", id_, response="acknowledged", note=blank)
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["note"])
    assert (await respond(caller, "sac-boston", id_, response="declined", reason="moved away")).status_code == 201
    await carry(pool, desk, a_lead("updated", lead, 2, tips=2))
    assert ((await only_referral(pool))["state"], len(await sent(pool))) == ("queued", 1)


async def test_a_reroute_recalls_from_one_office_and_sends_to_the_other(pool: Pool, desk: Desk, caller: Caller) -> None:
    await carry(pool, desk, a_lead("opened", new_id(), 1))
    id_ = (await only_referral(pool))["referral_id"]
    body = {"response": "reroute", "office": "sac-miami", "reason": "the subject moved"}
    assert (await respond(caller, "sac-boston", id_, **body)).status_code == 201
    assert (await sent(pool))[1:] == [
        ("referral.office.sac-boston", "referral.recalled", 2),
        ("referral.office.sac-miami", "referral.sent", 2),
    ]
    assert (await respond(caller, "sac-boston", id_, response="status", note="x")).status_code == 404
    unknown = await respond(caller, "sac-miami", id_, response="reroute", office="sac-nowhere", reason="x")
    assert unknown.json()["errors"][0]["loc"] == ["office"]


async def test_an_agent_knows_of_the_own_offices_referrals_only(pool: Pool, desk: Desk, caller: Caller) -> None:
    await carry(pool, desk, a_lead("opened", new_id(), 1), a_lead("opened", new_id(), 1, place=MIAMI))
    boston, miami = caller.as_("hsi.agent.sac-boston"), caller.as_("hsi.agent.sac-miami")
    own = (await caller.client.get("/v1/referrals", headers=boston)).json()["items"]
    assert [item["office"] for item in own] == ["sac-boston"]
    foreign = await caller.client.get("/v1/referrals", params={"office": "sac-miami"}, headers=boston)
    assert foreign.json() == {"items": [], "cursor": None}
    path = f"/v1/referrals/{own[0]['referral_id']}"
    assert (await caller.client.get(path, headers=miami)).status_code == 404
    assert (await caller.client.get(path, headers=boston)).json()["places"][0]["postal_code"] == "02108"
    assert len((await caller.client.get("/v1/referrals", headers=caller.as_("ceiu.analyst"))).json()["items"]) == 2
    assert (await caller.client.get("/v1/referrals", headers=caller.as_("cbp.att"))).status_code == 403


async def test_pages_follow_each_other_without_gap_while_more_arrives(pool: Pool, desk: Desk, caller: Caller) -> None:
    await carry(pool, desk, *(a_lead("opened", new_id(), 1) for _ in range(5)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        headers = caller.as_("ceiu.analyst")
        page = (await caller.client.get("/v1/referrals", params={"limit": "2"} | cursor, headers=headers)).json()
        seen += [item["referral_id"] for item in page["items"]]
        await carry(pool, desk, a_lead("opened", new_id(), 1)) if len(seen) == 2 else None
        if page["cursor"] is None:
            break
        cursor = {"cursor": page["cursor"]}
    assert len(seen) == len(set(seen)) == 6
    bad = await caller.client.get("/v1/referrals", params={"cursor": "WyJ4Il0"}, headers=caller.as_("ceiu.analyst"))
    assert (bad.status_code, bad.json()["errors"][0]["loc"]) == (422, ["query", "cursor"])


async def test_two_workers_at_once_open_one_referral(pool: Pool, desk: Desk) -> None:
    opened = a_lead("opened", new_id(), 1)
    await asyncio.gather(*(carry(pool, desk, opened) for _ in range(4)))
    assert len(await sent(pool)) == 1


async def test_the_database_itself_refuses_a_second_live_referral_of_a_lead(pool: Pool, desk: Desk) -> None:
    await carry(pool, desk, a_lead("opened", new_id(), 1))
    twin = """
        INSERT INTO referral (referral_id, lead_id, lead_version, version, state, office, tier, confidence, reason,
            content, opened_at, changed_at)
        SELECT $1, lead_id, lead_version, version, state, office, tier, confidence, reason, content, opened_at,
            changed_at
        FROM referral"""
    with pytest.raises(asyncpg.UniqueViolationError, match="referral_live_lead"):
        await pool.execute(twin, new_id())


async def test_republish_sends_the_same_bytes_again(pool: Pool, desk: Desk) -> None:
    await carry(pool, desk, *(a_lead("opened", new_id(), 1) for _ in range(3)))
    before = await pool.fetch("SELECT topic, key, value FROM outbox ORDER BY topic, value")
    await pool.execute("DELETE FROM outbox")
    assert await republish(pool, Outbox(shards=1), list_facts, tell=print) == 6
    after = await pool.fetch("SELECT topic, key, value FROM outbox ORDER BY topic, value")
    assert [tuple(row) for row in before] == [tuple(row) for row in after]
    assert json.loads(after[0]["value"])["event_id"]


async def test_republish_goes_on_from_a_place_and_knows_one_that_is_none(pool: Pool, desk: Desk) -> None:
    await carry(pool, desk, *(a_lead("opened", new_id(), 1) for _ in range(3)))
    async with pool.acquire() as connection:
        page = await list_facts(connection, since=BEGINNING, after=START_PLACE)
        assert page.last is not None
        assert await list_facts(connection, since=BEGINNING, after=page.last) == Page([], None)
        with pytest.raises(Rejected):
            await list_facts(connection, since=BEGINNING, after=("yesterday", new_id()))
