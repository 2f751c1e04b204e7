"""Both sides of a value are told of each other: once, and nothing but whom to call."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from services.linker.app import SERVICE
from shared.events.envelope import Actor, encode
from shared.events.intake import GivenIdentifier, Party
from tests.builders import an_event, new_id
from tests.conftest import Caller, CallService
from tests.fakes import START, FakeClock
from tests.integration.linker.graph import (
    ANALYST,
    Graph,
    a_lookup,
    a_referral,
    a_result,
    a_review,
    a_tip,
    amended,
    an_office,
    email,
)

ONE, OTHER = "Rosa.Inventada+x@gmail.com", "rosainventada@googlemail.com"
"""One address in two spellings."""
BOSTON = "hsi.agent.sac-boston"
AGENT = Actor(id=BOSTON, kind="person", role="hsi.agent", agency="ICE", office="sac-boston")
POLICE: dict[str, Any] = {"source": "police", "source_kind": "local_law_enforcement"}
INTERPOL: dict[str, Any] = {"source": "interpol", "source_kind": "interpol"}
VIEWS = "SELECT value FROM outbox WHERE topic = 'linker.activity'"
COUNT_ASKED = "SELECT count(*) FROM asked"

Units = set[tuple[str, str | None]]
CEIU, CBP, OFFICE = ("ICE", None), ("CBP", None), ("ICE", "sac-boston")
POLICE_UNIT, INTERPOL_UNIT = ("police", None), ("interpol", None)


@pytest.fixture
async def caller(call_service: CallService, clock: FakeClock) -> Caller:
    return await call_service(SERVICE, clock=clock, ceiu_phone="+1 202 555 0100", agency_phones={"CBP": "+12025550101"})


def username(value: str, service: str | None = "socialA") -> GivenIdentifier:
    return GivenIdentifier(type="username", value=value, service=service)


async def raised(graph: Graph) -> list[dict[str, Any]]:
    return [event["payload"] for event in await graph.events("notice.raised")]


async def pairs(graph: Graph) -> list[Units]:
    """Return between whom notices were raised, in order."""
    return [{(side["agency"], side["office"]) for side in notice["sides"]} for notice in await raised(graph)]


async def inbox(caller: Caller, account: str, **query: Any) -> list[dict[str, Any]]:
    answer = await caller.client.get("/v1/notices", params=query, headers=caller.as_(account))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def take_note(caller: Caller, notice_id: str, account: str, body: Any = None) -> httpx.Response:
    path = f"/v1/notices/{notice_id}/acknowledgements"
    return await caller.client.post(path, json=body, headers=caller.as_(account))


async def refer(graph: Graph, *identifiers: GivenIdentifier, office: str = "sac-boston", **fields: Any) -> UUID:
    """Open a lead of one tip and refer it; return its id."""
    tip = a_tip(f"CT-of-{office}", *identifiers, **fields)
    before = {lead["lead_id"] for lead in await graph.live_leads()}
    await graph.tell(tip, a_review(tip.tip_id))
    (lead_id,) = [UUID(lead["lead_id"]) for lead in await graph.live_leads() if lead["lead_id"] not in before]
    await graph.tell(a_referral(lead_id, office=office))
    return lead_id


async def test_a_tip_and_a_lookup_in_another_spelling_put_one_notice_into_both_inboxes(
    graph: Graph, caller: Caller
) -> None:
    tip, lookup = a_tip("CT-1", email(ONE)), a_lookup(emails=[OTHER])
    await graph.tell(tip)
    await graph.tell(lookup)
    await graph.tell(a_lookup(emails=[ONE]), a_tip("CT-2", email(OTHER)))
    (mine,), (theirs,) = await inbox(caller, "ceiu.analyst"), await inbox(caller, "cbp.att")
    assert mine["notice_id"] == theirs["notice_id"]
    assert mine["counterpart"] == {"agency": "CBP", "office": None, "name": "CBP", "phone": "+12025550101"}
    assert theirs["counterpart"]["phone"] == "+1 202 555 0100"
    assert mine["reference"] == theirs["own_reference"] == {"kind": "lookup", "id": lookup.subject_id, "lead_id": None}
    assert theirs["reference"] == mine["own_reference"] == {"kind": "tip", "id": str(tip.tip_id), "lead_id": None}
    assert (mine["kind"], mine["identifier_class"], mine["state"]) == ("deconfliction", "email", "unread")
    assert await inbox(caller, BOSTON) == []


async def test_neither_a_notice_nor_its_events_hold_the_value_or_anything_a_tip_says(
    graph: Graph, caller: Caller
) -> None:
    await graph.tell(a_tip("CT-1", email(ONE), names=["Rosa Secreta"]), a_lookup(emails=[OTHER]))
    (notice,) = await inbox(caller, "cbp.att")
    await take_note(caller, notice["notice_id"], "cbp.att")
    told = [notice, *await graph.events("notice.raised", "notice.acknowledged")]
    assert len(told) == 3
    for each in told:
        text = orjson.dumps(each).decode().lower()
        assert all(word not in text for word in ("inventad", "gmail", "secreta", "invented", "ct-1", "ncmec"))


async def test_a_tip_of_another_agencys_own_source_meets_the_holder_of_a_tip(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)))
    await graph.tell(a_tip("P-1", email(OTHER), **POLICE))
    await graph.tell(a_tip("I-1", email(OTHER), **INTERPOL))
    first, *rest = await pairs(graph)
    assert first == {CEIU, POLICE_UNIT}
    assert len(rest) == 2
    assert {CEIU, INTERPOL_UNIT} in rest
    assert {POLICE_UNIT, INTERPOL_UNIT} in rest


async def test_tips_of_one_batch_meet_each_other(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_tip("P-1", email(OTHER), **POLICE))
    assert await pairs(graph) == [{CEIU, POLICE_UNIT}]


async def test_the_office_that_has_the_lead_is_the_holder_and_its_phone_is_told(graph: Graph, caller: Caller) -> None:
    lead_id = await refer(graph, email(ONE))
    await graph.tell(a_lookup(emails=[OTHER]), an_office("sac-boston", phone="+16175550100"))
    (theirs,) = await inbox(caller, "cbp.att")
    assert theirs["counterpart"] == {
        "agency": "ICE",
        "office": "sac-boston",
        "name": "sac-boston, invented",
        "phone": "+16175550100",
    }
    assert theirs["reference"]["lead_id"] == str(lead_id)
    assert [notice["counterpart"]["agency"] for notice in await inbox(caller, BOSTON)] == ["CBP"]
    assert await inbox(caller, "ceiu.analyst") == []
    assert await inbox(caller, "hsi.agent.sac-miami") == []


async def test_a_lookup_then_a_tip_meet(graph: Graph) -> None:
    await graph.tell(a_lookup(emails=[OTHER]))
    assert await pairs(graph) == []
    await graph.tell(a_tip("CT-1", email(ONE)))
    assert await pairs(graph) == [{CEIU, CBP}]


async def test_two_lookups_meet_whether_or_not_a_tip_holds_the_value(graph: Graph) -> None:
    await graph.tell(a_lookup(emails=[ONE]), a_lookup(AGENT, emails=[OTHER]))
    await graph.tell(a_lookup(ANALYST, emails=[ONE]))
    assert len(await pairs(graph)) == 3
    assert {CBP, OFFICE} in await pairs(graph)


async def test_what_research_finds_touches_too(graph: Graph) -> None:
    tip = a_tip("CT-1", email("one@example.org"))
    await graph.tell(tip, a_lookup(emails=[OTHER]))
    assert await pairs(graph) == []
    await graph.tell(a_result(tip.tip_id, email(ONE)))
    assert await pairs(graph) == [{CEIU, CBP}]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (username("Dark_77"), {"usernames": ["@dark_77"]}),
        (GivenIdentifier(type="document", value="X-123 4567", country="MX"), {"documents": ["x1234567"]}),
        (GivenIdentifier(type="document", value="X1234567"), {"documents": ["X 1234567"]}),
        (GivenIdentifier(type="phone", value="(212) 734-6821", region="US"), {"phones": ["+12127346821"]}),
    ],
)
async def test_a_lookup_meets_a_value_in_any_scope(graph: Graph, given: GivenIdentifier, asked: dict[str, Any]) -> None:
    await graph.tell(a_tip("CT-1", given))
    await graph.tell(a_lookup(**asked))
    await graph.tell(a_tip("CT-2", given))
    assert await pairs(graph) == [{CEIU, CBP}]


@pytest.mark.parametrize(
    "given", [username("Dark_77"), GivenIdentifier(type="document", value="X-1234567", country="MX")]
)
async def test_a_value_in_any_scope_meets_who_asked_before(graph: Graph, given: GivenIdentifier) -> None:
    await graph.tell(a_lookup(usernames=["dark_77"], documents=["X1234567"]))
    await graph.tell(a_tip("CT-1", given))
    assert await pairs(graph) == [{CEIU, CBP}]


async def test_one_user_name_on_two_services_is_two_people_among_tips(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", username("dark_77")), a_tip("P-1", username("dark_77", "other"), **POLICE))
    assert await pairs(graph) == []


async def test_nobody_is_told_of_the_own_unit(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_tip("CT-2", email(OTHER)), a_lookup(ANALYST, emails=[ONE]))
    await graph.tell(a_tip("P-1", email("p@example.org"), **POLICE), a_tip("P-2", email("p@example.org"), **POLICE))
    await refer(graph, email("lead@example.org"))
    await graph.tell(a_lookup(AGENT, emails=["lead@example.org"]))
    assert await pairs(graph) == []


async def test_a_repeat_of_an_event_raises_nothing_not_even_when_the_inbox_forgot_it(graph: Graph) -> None:
    values = [encode(an_event(a_tip("CT-1", email(ONE)))), encode(a_lookup(emails=[OTHER]))]
    await graph.apply(values)
    await graph.apply(values)
    await graph.pool.execute("DELETE FROM inbox")
    await graph.apply(values)
    assert len(await raised(graph)) == 1
    graph.clock.move(timedelta(days=95))
    await graph.pool.execute("DELETE FROM inbox")
    await graph.apply(values)
    assert len(await raised(graph)) == 1


async def test_touches_at_the_same_time_raise_one_notice(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)))
    await asyncio.gather(*(graph.tell(a_lookup(emails=[OTHER])) for _ in range(6)))
    assert len(await raised(graph)) == 1


async def test_there_is_a_second_notice_when_the_window_is_over_and_not_before(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_lookup(emails=[OTHER]))
    for days, count in ((89, 1), (2, 2)):
        graph.clock.move(timedelta(days=days))
        await graph.tell(a_lookup(emails=[OTHER], at=graph.clock.now()))
        assert len(await raised(graph)) == count


async def test_a_lookup_counts_for_ninety_days(graph: Graph) -> None:
    await graph.tell(a_lookup(emails=[OTHER]))
    graph.clock.move(timedelta(days=90))
    await graph.tell(a_tip("CT-1", email(ONE)))
    await graph.tell(a_lookup(AGENT, emails=["else@example.org"], at=graph.clock.now()))
    assert await pairs(graph) == []
    assert await graph.pool.fetchval(COUNT_ASKED) == 1, "what was asked for before is forgotten"


@pytest.mark.parametrize(
    "asker",
    [Actor(id="job", kind="service"), Actor(id="feed", kind="system", agency="CBP"), Actor(id="x", kind="person")],
)
async def test_only_a_person_of_an_agency_deconflicts(graph: Graph, asker: Actor) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_lookup(asker, emails=[OTHER]))
    assert await pairs(graph) == []


@pytest.mark.parametrize("purpose", ["training", "audit"])
async def test_a_lookup_that_is_after_nobody_does_not_deconflict(graph: Graph, purpose: str) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_lookup(emails=[OTHER], purpose=purpose))
    assert await pairs(graph) == []


async def test_a_value_that_many_hold_does_not_deconflict(graph: Graph) -> None:
    cap = graph.rules.types["email"].tip_count_max
    await graph.tell(*(a_tip(f"CT-{number}", email(ONE)) for number in range(cap + 1)))
    await graph.tell(a_lookup(emails=[OTHER]), a_lookup(AGENT, emails=[ONE]), a_tip("P-1", email(ONE), **POLICE))
    assert await pairs(graph) == []


@pytest.mark.parametrize(("holders", "count"), [(3, 1), (4, 0)])
async def test_a_value_that_some_share_but_that_joins_nobody_deconflicts_while_they_are_few(
    graph: Graph, holders: int, count: int
) -> None:
    await graph.tell(*(a_tip(f"CT-{number}", email(ONE)) for number in range(holders)))
    await graph.pool.execute("UPDATE key SET standing = 'shows' WHERE type = 'email'")
    await graph.tell(a_lookup(emails=[OTHER]))
    assert len(await pairs(graph)) == count


async def test_what_tells_nobody_apart_does_not_deconflict(graph: Graph) -> None:
    values: dict[str, Any] = {
        "emails": ["none@none.com", "info@example.org"],
        "usernames": ["unknown"],
        "documents": ["A12"],
    }
    await graph.tell(a_tip("CT-1", email("none@none.com"), email("info@example.org"), username("unknown")))
    await graph.tell(a_lookup(**values), a_lookup(AGENT, **values))
    assert await pairs(graph) == []


@pytest.mark.parametrize("role", ["victim", "reporter", "witness", "recipient", "account_victim"])
async def test_the_value_of_anyone_but_a_subject_does_not_deconflict(graph: Graph, role: str) -> None:
    await graph.tell(a_tip("CT-1", email(ONE), role=role))
    await graph.tell(a_lookup(emails=[OTHER]), a_tip("P-1", email(ONE), role=role, **POLICE))
    assert await pairs(graph) == []
    await graph.tell(a_tip("I-1", email(ONE), **INTERPOL))
    await graph.tell(a_tip("P-2", email(ONE), role=role, **POLICE))
    met = [units for units in await pairs(graph) if len(units) == 2]
    assert met == [{CBP, INTERPOL_UNIT}]


async def test_a_network_address_a_home_and_a_file_do_not_deconflict(graph: Graph) -> None:
    shared: dict[str, Any] = {
        "files": [{"sha256": "ab" * 31 + "cd"}],
        "addresses": [{"line": "1 Invented Way", "postal_code": "02101"}],
    }
    address = GivenIdentifier(type="ip", value="203.0.113.9", port=40112, at=START)
    await graph.tell(a_tip("CT-1", address, **shared), a_tip("P-1", address, **shared, **POLICE))
    assert await pairs(graph) == []


async def test_of_a_silent_lead_its_owner_alone_is_told(graph: Graph, caller: Caller) -> None:
    lead_id = await refer(graph, email(ONE))
    await graph.silence(lead_id)
    await graph.tell(a_lookup(emails=[OTHER]))
    assert len(await inbox(caller, BOSTON)) == 1
    assert await inbox(caller, "cbp.att") == []
    (notice,) = await raised(graph)
    assert [(side["agency"], side["is_told"]) for side in notice["sides"]] == [("CBP", False), ("ICE", True)]
    assert (await take_note(caller, notice["notice_id"], "cbp.att")).status_code == 404
    assert (await take_note(caller, notice["notice_id"], BOSTON)).status_code == 201


async def test_a_tip_that_joins_a_silent_lead_gives_nobody_else_notice(graph: Graph, caller: Caller) -> None:
    lead_id = await refer(graph, email("lead@example.org"))
    await graph.silence(lead_id)
    await graph.tell(a_lookup(emails=[OTHER]))
    await graph.tell(a_tip("CT-2", email("lead@example.org"), email(ONE)))
    assert await inbox(caller, "cbp.att") == []
    assert {CEIU, OFFICE} in await pairs(graph)
    assert [len(await inbox(caller, account)) for account in (BOSTON, "ceiu.analyst")] == [1, 1]


@pytest.mark.parametrize("agency", ["CBP", "police"])
async def test_who_was_not_told_while_a_lead_was_silent_is_told_by_a_touch_after(graph: Graph, agency: str) -> None:
    """Of two units the one stands before the office, and the other behind it."""

    async def times_told() -> int:
        sides = [side for notice in await raised(graph) for side in notice["sides"]]
        return sum(side["is_told"] for side in sides if side["agency"] == agency)

    async def touch() -> None:
        asker = Actor(id="officer", kind="person", agency=agency)
        await graph.tell(a_lookup(asker, emails=[OTHER]))

    lead_id = await refer(graph, email(ONE))
    await graph.silence(lead_id)
    await touch()
    assert await times_told() == 0
    await graph.silence(lead_id, silent=False)
    for _ in range(2):
        await touch()
    assert await times_told() == 1


async def test_a_tip_found_not_actionable_is_told_to_ice_alone(graph: Graph, caller: Caller) -> None:
    tip = a_tip("CT-1", email(ONE))
    await graph.tell(tip, a_review(tip.tip_id, decision="not_actionable"))
    await graph.tell(a_lookup(emails=[OTHER]))
    assert await inbox(caller, "cbp.att") == []
    await graph.tell(a_lookup(AGENT, emails=[OTHER]))
    assert {notice["identifier_class"] for notice in await inbox(caller, BOSTON)} == {"email"}


async def test_a_victims_value_that_is_a_subjects_too_is_one_warning_for_the_unit_alone(
    graph: Graph, caller: Caller
) -> None:
    victim = a_tip("CT-1", email(ONE), role="victim")
    await graph.tell(victim)
    assert await pairs(graph) == []
    subject = a_tip("CT-2", email(OTHER))
    await graph.tell(subject)
    await graph.tell(a_tip("CT-3", email(ONE), role="victim"), amended(subject, email(OTHER), email("b@example.org")))
    (warning,) = await inbox(caller, "ceiu.analyst")
    assert (warning["kind"], warning["reference"]["id"]) == ("dual_role", str(victim.tip_id))
    assert warning["own_reference"]["id"] == str(subject.tip_id)
    assert len(await raised(graph)) == 1


async def test_a_subject_and_a_victim_of_one_tip_are_warned_of(graph: Graph) -> None:
    child = Party(party_id=new_id(), role="victim", identifiers=[email(OTHER)])
    await graph.tell(a_tip("CT-1", email(ONE), parties=[child]))
    assert [notice["kind"] for notice in await raised(graph)] == ["dual_role"]


async def test_a_placeholder_of_victim_and_subject_is_not_warned_of(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email("none@none.com"), role="victim"), a_tip("CT-2", email("none@none.com")))
    assert await raised(graph) == []


async def test_notices_page_newest_first_without_gap_or_repeat_and_are_on_record(graph: Graph, caller: Caller) -> None:
    for number in range(5):
        address = f"person{number}@example.org"
        await graph.tell(a_tip(f"CT-{number}", email(address)), a_lookup(emails=[address]))
    whole = [notice["notice_id"] for notice in await inbox(caller, "cbp.att")]
    assert whole == sorted(whole, reverse=True)
    paged: list[str] = []
    cursor: str | None = None
    while cursor is not None or not paged:
        query: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await caller.client.get("/v1/notices", params=query, headers=caller.as_("cbp.att"))).json()
        paged += [notice["notice_id"] for notice in page["items"]]
        cursor = page["cursor"]
    assert paged == whole
    views = [orjson.loads(row["value"])["payload"] for row in await graph.pool.fetch(VIEWS)]
    assert whole in [view["record_ids"] for view in views if view.get("kind") == "notice"]
    for wrong in ("state=x", "limit=0", "cursor=x"):
        refused = await caller.client.get(f"/v1/notices?{wrong}", headers=caller.as_("cbp.att"))
        assert refused.status_code == 422


async def test_each_side_takes_note_for_itself_and_once(graph: Graph, caller: Caller) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_lookup(emails=[OTHER]))
    (notice,) = await inbox(caller, "cbp.att")
    done = await take_note(caller, notice["notice_id"], "cbp.att", {"note": "called"})
    assert (done.status_code, done.json()["acknowledged_by"]) == (201, "cbp.att")
    assert (await take_note(caller, notice["notice_id"], "cbp.supervisor")).status_code == 409
    (seen,) = await inbox(caller, "cbp.supervisor", state="acknowledged")
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", "cbp.att")
    assert await inbox(caller, "cbp.att", state="unread") == []
    assert [each["state"] for each in await inbox(caller, "ceiu.analyst", state="unread")] == ["unread"]
    assert (await take_note(caller, notice["notice_id"], "ceiu.supervisor")).status_code == 201
    events = await graph.events("notice.raised", "notice.acknowledged")
    assert [event["subject"]["version"] for event in events] == [1, 2, 3]
    assert [event["actor"]["id"] for event in events] == ["linker", "cbp.att", "ceiu.supervisor"]
    assert events[1]["payload"]["personal"]["note"] == "called"
    assert all(side["acknowledged_by"] for side in events[2]["payload"]["sides"])


async def test_a_notice_of_others_is_like_one_that_is_not_there(graph: Graph, caller: Caller) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_lookup(emails=[OTHER]))
    (notice,) = await inbox(caller, "cbp.att")
    for account, notice_id in ((BOSTON, notice["notice_id"]), ("cbp.att", str(new_id()))):
        assert (await take_note(caller, notice_id, account)).status_code == 404
    assert (await take_note(caller, notice["notice_id"], "cbp.att", {"note": " "})).status_code == 422
    assert (await take_note(caller, notice["notice_id"], "source.police")).status_code == 403


async def test_linking_anew_raises_nothing(graph: Graph) -> None:
    await graph.tell(a_tip("CT-1", email(ONE)), a_tip("P-1", email(OTHER), **POLICE))
    await graph.pool.execute("UPDATE tip SET linked_by = 'other'")
    graph.clock.move(timedelta(days=100))
    assert await graph.relink() == 2
    assert len(await raised(graph)) == 1
