"""Every figure equals a hand count: a small world is told and asked about, and what is in it is written out here.

The days are 28 February (Saturday, week 9), 2 March (Monday) and 8 March 2026 (Sunday, both week 10).
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.query.app import SERVICE, Folder
from services.query.store.statistics import fold_lookups
from shared.events.intake import Incident
from tests.builders import an_event, new_id
from tests.conftest import Caller, CallService
from tests.fakes import FakeClock
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_referral, a_review, a_tip, an_email
from tests.integration.query.test_handoffs import follow_up, hand_off
from tests.integration.query.test_lookups import events_of
from tests.integration.query.test_silent_leads import speak

D1, D2, D3 = (datetime(2026, *day, 12, tzinfo=UTC) for day in ((2, 28), (3, 2), (3, 8)))
PERIOD = "from=2026-02-28&to=2026-03-08"
ANA, BEN = "ana@example.org", "ben@example.org"
SET_DURATIONS = """
UPDATE counted_lookup SET duration_ms = row.duration_ms
FROM unnest($1::uuid[], $2::integer[]) AS row (lookup_id, duration_ms)
WHERE counted_lookup.lookup_id = row.lookup_id"""

Cells = dict[tuple[str | None, str, str], int | None]


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Query's HTTP, at a time that the tests set."""
    return await call_service(SERVICE, ceiu_phone="+1-703-555-0100", clock=FakeClock(D1))


def move_to(caller: Caller, time: datetime) -> None:
    """Let it be that time; tokens are issued anew."""
    assert isinstance(caller.clock, FakeClock)
    caller.clock.move(time - caller.clock.now())
    caller._tokens.clear()


async def read(officer: Officer, query: str = PERIOD) -> tuple[Cells, set[tuple[str | None, str, str]]]:
    """Return the figures by agency, bucket and name, and those of them that are suppressed."""
    response = await officer.get(f"/v1/statistics?{query}")
    assert response.status_code == 200, response.text
    items = response.json()["items"]
    cells = {(item["agency"], item["bucket"], item["figure"]): item["value"] for item in items}
    assert len(cells) == len(items)
    return cells, {(i["agency"], i["bucket"], i["figure"]) for i in items if i["suppressed"]}


def nonzero(cells: Cells, agency: str | None, *, times: bool = False) -> dict[tuple[str, str], int]:
    """Return what is counted of an agency."""
    return {
        (bucket, figure): value
        for (whose, bucket, figure), value in cells.items()
        if whose == agency and value and figure.startswith("answer_ms") == times
    }


async def a_world(facts: Facts, caller: Caller, cbp: Officer, ice: Officer) -> dict[str, Any]:
    """Tell and ask what the tests count.

    28 February: tips of Ana (ncmec, possession) and her second one (interpol, enticement), one cluster, its lead of
    tier T1 with Boston. 2 March: Ben's tip (ncmec, enticement), alone.
    """
    ana, second, ben = (
        a_tip(a_party(an_email(ANA), name="Ana Lopez"), incident=Incident(type="possession")),
        a_tip(a_party(an_email(ANA)), incident=Incident(type="enticement"), source="interpol"),
        a_tip(a_party(an_email(BEN), name="Ben Muster"), incident=Incident(type="enticement")),
    )
    cluster_id = new_id()
    lead = a_lead(cluster_id, state="referred", tier="T1", opened_at=D1)
    await facts.tell(
        an_event(ana, occurred_at=D1),
        an_event(second, occurred_at=D1 + timedelta(hours=11)),
        an_event(ben, occurred_at=D2),
        a_review(ana.tip_id, "actionable"),
        a_membership(ana.tip_id, cluster_id),
        a_membership(second.tip_id, cluster_id),
        an_event(lead, topic="linker.leads"),
        an_event(a_referral(lead), topic="referral.referrals", occurred_at=D2),
    )
    durations: dict[str, int] = {}
    answered = await cbp.look_up(emails=[ANA])
    durations[answered["lookup_id"]] = 10
    record_id = answered["matches"][0]["record_id"]
    await cbp.add_note(record_id, kind="targeting", flight_number="XY 1", flight_date="2026-03-02")
    durations[(await ice.look_up(emails=[ANA], purpose="investigation"))["lookup_id"]] = 7
    move_to(caller, D2)
    for duration_ms, asked in ((20, {"emails": [BEN]}), (30, {"emails": [BEN]}), (40, {"name": "Zed Nobody"})):
        durations[(await cbp.look_up(**asked))["lookup_id"]] = duration_ms
    handoff = await hand_off(cbp, answered["lookup_id"])
    first = await cbp.add_note(record_id, kind="screening", additional_screening=False)
    move_to(caller, D3)
    await cbp.add_note(
        record_id, kind="screening", additional_screening=True, outcome="cleared", supersedes=first["note_id"]
    )
    await follow_up(cbp, handoff["handoff_id"], "contacted")
    durations[(await ice.look_up(name="Ana Lopez", purpose="audit"))["lookup_id"]] = 9
    await facts.pool.execute(SET_DURATIONS, [UUID(id_) for id_ in durations], list(durations.values()))
    return {"lead": lead, "tip": ana}


CBP_BY_WEEK = {
    ("2026-W09", "lookups"): 1,
    ("2026-W09", "lookups.traveller_targeting"): 1,
    ("2026-W09", "hits"): 1,
    ("2026-W09", "hits.confirmed"): 1,
    ("2026-W09", "notes"): 1,
    ("2026-W09", "notes.targeting"): 1,
    ("2026-W10", "lookups"): 3,
    ("2026-W10", "lookups.traveller_targeting"): 3,
    ("2026-W10", "hits"): 2,
    ("2026-W10", "hits.confirmed"): 2,
    ("2026-W10", "notes"): 1,
    ("2026-W10", "notes.screening"): 1,
    ("2026-W10", "screenings.additional"): 1,
    ("2026-W10", "screenings.with_outcome"): 1,
    ("2026-W10", "handoffs"): 1,
    ("2026-W10", "follow_ups.contacted"): 1,
}
CBP_TOTAL = {
    "lookups": 4,
    "lookups.traveller_targeting": 4,
    "hits": 3,
    "hits.confirmed": 3,
    "notes": 2,
    "notes.targeting": 1,
    "notes.screening": 1,
    "screenings.additional": 1,
    "screenings.with_outcome": 1,
    "handoffs": 1,
    "follow_ups.contacted": 1,
}
TOTALS = {("total", figure): value for figure, value in CBP_TOTAL.items()}
BY_DAY_OF_CBP = {
    ("2026-03-02", "lookups"): 3,
    ("2026-03-02", "handoffs"): 1,
    ("2026-03-08", "notes.screening"): 1,
    ("2026-03-08", "follow_ups.contacted"): 1,
}


async def test_cbp_is_told_its_own_work_week_by_week(facts: Facts, caller: Caller, cbp: Officer, ice: Officer) -> None:
    await a_world(facts, caller, cbp, ice)
    cells, suppressed = await read(cbp, f"{PERIOD}&by=week")
    assert nonzero(cells, "CBP") == CBP_BY_WEEK | TOTALS
    assert {agency for agency, _, _ in cells} == {"CBP"}
    assert suppressed == set()
    assert nonzero(cells, "CBP", times=True) == {
        **dict.fromkeys([("2026-W09", f"answer_ms.{what}") for what in ("p50", "p95", "max")], 10),
        ("2026-W10", "answer_ms.p50"): 30,
        ("2026-W10", "answer_ms.p95"): 40,
        ("2026-W10", "answer_ms.max"): 40,
        ("total", "answer_ms.p50"): 20,
        ("total", "answer_ms.p95"): 40,
        ("total", "answer_ms.max"): 40,
    }


async def test_cbp_is_told_the_same_by_day_month_office_agency_and_grade(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer
) -> None:
    await a_world(facts, caller, cbp, ice)
    by_day = nonzero((await read(cbp, f"{PERIOD}&by=day"))[0], "CBP")
    assert BY_DAY_OF_CBP.items() <= by_day.items()
    assert {bucket for bucket, _ in by_day} == {"2026-02-28", "2026-03-02", "2026-03-08", "total"}
    by_month = nonzero((await read(cbp, f"{PERIOD}&by=month"))[0], "CBP")
    renamed = {"2026-W09": "2026-02", "2026-W10": "2026-03"}
    assert by_month == {(renamed[week], figure): value for (week, figure), value in CBP_BY_WEEK.items()} | TOTALS
    for by, bucket in (("office", "none"), ("agency", "CBP")):
        cells = nonzero((await read(cbp, f"{PERIOD}&by={by}"))[0], "CBP")
        assert cells == {(bucket, figure): value for figure, value in CBP_TOTAL.items()} | TOTALS
    by_grade = nonzero((await read(cbp, f"{PERIOD}&by=grade"))[0], "CBP")
    assert by_grade == {("confirmed", "hits"): 3, ("total", "hits"): 3}


async def test_ice_is_told_its_own_work_and_what_became_of_the_tips(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer
) -> None:
    await a_world(facts, caller, cbp, ice)
    cells, _ = await read(ice, f"{PERIOD}&by=week")
    own = {
        ("2026-W09", "lookups"): 1,
        ("2026-W09", "lookups.investigation"): 1,
        ("2026-W09", "hits"): 1,
        ("2026-W09", "hits.confirmed"): 1,
        ("2026-W10", "lookups"): 1,
        ("2026-W10", "lookups.audit"): 1,
        ("2026-W10", "hits"): 1,
        ("2026-W10", "hits.name_only"): 1,
    }
    total = {"lookups": 2, "lookups.investigation": 1, "lookups.audit": 1, "hits": 2, "hits.confirmed": 1}
    total["hits.name_only"] = 1
    assert nonzero(cells, "ICE") == own | {("total", figure): value for figure, value in total.items()}
    tips = {
        ("2026-W09", "tips"): 2,
        ("2026-W09", "tips.possession"): 1,
        ("2026-W09", "tips.enticement"): 1,
        ("2026-W09", "linked_tips"): 2,
        ("2026-W09", "linked_tips.T1"): 2,
        ("2026-W09", "leads"): 1,
        ("2026-W09", "leads.T1"): 1,
        ("2026-W10", "tips"): 1,
        ("2026-W10", "tips.enticement"): 1,
        ("2026-W10", "referrals"): 1,
        ("2026-W10", "referrals.sent"): 1,
        ("total", "tips"): 3,
        ("total", "tips.possession"): 1,
        ("total", "tips.enticement"): 2,
        ("total", "linked_tips"): 2,
        ("total", "linked_tips.T1"): 2,
        ("total", "leads"): 1,
        ("total", "leads.T1"): 1,
        ("total", "referrals"): 1,
        ("total", "referrals.sent"): 1,
    }
    assert nonzero(cells, None) == tips


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            "source",
            {
                ("interpol", "tips"): 1,
                ("interpol", "tips.enticement"): 1,
                ("ncmec", "tips"): 2,
                ("ncmec", "tips.possession"): 1,
                ("ncmec", "tips.enticement"): 1,
                ("total", "tips"): 3,
                ("total", "tips.possession"): 1,
                ("total", "tips.enticement"): 2,
            },
        ),
        (
            "office",
            {
                ("sac-boston", "referrals"): 1,
                ("sac-boston", "referrals.sent"): 1,
                ("total", "referrals"): 1,
                ("total", "referrals.sent"): 1,
            },
        ),
        (
            "tier",
            {("T1", "leads"): 1, ("total", "leads"): 1, ("T1", "linked_tips"): 2, ("total", "linked_tips"): 2},
        ),
    ],
)
async def test_ice_is_told_tips_leads_and_referrals_by_source_office_and_tier(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer, by: str, expected: dict[tuple[str, str], int]
) -> None:
    await a_world(facts, caller, cbp, ice)
    cells, _ = await read(ice, f"{PERIOD}&by={by}")
    assert nonzero(cells, None) == expected


async def test_putting_days_that_are_over_together_changes_no_figure(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer
) -> None:
    await a_world(facts, caller, cbp, ice)
    queries = [(who, f"{PERIOD}&by={by}") for who in (cbp, ice) for by in ("day", "month", "office", "grade")]
    before = [await read(who, query) for who, query in queries]
    folder = Folder(facts.pool, caller.clock)
    for folded, left, time in ((5, 1, D3), (1, 0, D3 + timedelta(days=1)), (0, 0, D3 + timedelta(days=1))):
        move_to(caller, time)
        assert await folder.fold_some() == folded
        assert await facts.pool.fetchval("SELECT count(*) FROM counted_lookup") == left
        assert [await read(who, query) for who, query in queries] == before
    move_to(caller, D3 + timedelta(days=1))
    await cbp.look_up(emails=[BEN])
    assert (await read(cbp, "from=2026-03-09&to=2026-03-09"))[0]["CBP", "total", "lookups"] == 1


async def test_a_day_may_be_put_together_bit_by_bit(facts: Facts, caller: Caller, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(an_email(ANA))))
    for _ in range(3):
        await cbp.look_up(emails=[ANA])
    before = await read(cbp)
    async with facts.pool.acquire() as connection:
        for folded in (1, 1, 1, 0):
            assert await fold_lookups(connection, before=D2, count_max=1) == folded
            assert await read(cbp) == before
    assert await facts.pool.fetchval("SELECT count(*) FROM counted_day") == 1


async def test_every_bucket_is_there_though_nothing_is_counted(cbp: Officer) -> None:
    for by, buckets in (
        ("day", {"2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"}),
        ("week", {"2026-W09", "2026-W10"}),
        ("month", {"2026-02", "2026-03"}),
    ):
        cells, _ = await read(cbp, f"from=2026-02-27&to=2026-03-02&by={by}")
        assert {bucket for _, bucket, _ in cells} == buckets | {"total"}
        figures = [{figure for _, other, figure in cells if other == bucket} for bucket in buckets]
        assert all(each == figures[0] for each in figures)
        assert {value for (_, _, figure), value in cells.items() if not figure.startswith("answer_ms")} == {0}
        assert {value for (_, _, figure), value in cells.items() if figure.startswith("answer_ms")} == {None}


@pytest.mark.parametrize("by", ["day", "week", "month", "office", "agency", "grade", "source", "tier"])
async def test_the_table_holds_what_json_holds(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer, by: str
) -> None:
    await a_world(facts, caller, cbp, ice)
    query = f"/v1/statistics?{PERIOD}&by={by}"
    items = (await ice.get(query)).json()["items"]
    table = await ice.get(f"{query}&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = [
        {
            "agency": row["agency"] or None,
            "bucket": row["bucket"],
            "figure": row["figure"],
            "value": int(row["value"]) if row["value"] else None,
            "suppressed": row["suppressed"] == "true",
        }
        for row in csv.DictReader(io.StringIO(table.text))
    ]
    assert rows == items
    assert rows


async def test_another_agencys_small_days_are_not_told_and_do_not_follow_from_any_other_cell(
    caller: Caller, cbp: Officer, ice: Officer
) -> None:
    """CBP asks 5 times on the first day, 4 times on the next, ICE twice on each."""
    for time, count in ((D1, 5), (D1 + timedelta(days=1), 4)):
        move_to(caller, time)
        for _ in range(count):
            await cbp.look_up(name="Zed Nobody")
        for _ in range(2):
            await ice.look_up(name="Zed Nobody")
    cells, suppressed = await read(ice, "from=2026-02-28&to=2026-03-02&by=day")
    lookups = {(agency, bucket): value for (agency, bucket, figure), value in cells.items() if figure == "lookups"}
    assert lookups == {
        ("ICE", "2026-02-28"): 2,
        ("ICE", "2026-03-01"): 2,
        ("ICE", "2026-03-02"): 0,
        ("ICE", "total"): 4,
        ("CBP", "2026-02-28"): 5,
        ("CBP", "2026-03-01"): None,
        ("CBP", "2026-03-02"): 0,
        ("CBP", "total"): None,
        ("all", "2026-02-28"): 7,
        ("all", "2026-03-01"): None,
        ("all", "2026-03-02"): 0,
        ("all", "total"): None,
    }
    assert suppressed == {
        cell for cell, value in cells.items() if value is None and not cell[2].startswith("answer_ms")
    }
    by_week, _ = await read(ice, "from=2026-02-28&to=2026-03-02&by=week")
    assert by_week["CBP", "2026-W09", "lookups"] is None, "the week less the day before would be the small day"
    by_agency, _ = await read(ice, "from=2026-02-28&to=2026-03-02&by=agency")
    assert (by_agency["CBP", "CBP", "lookups"], by_agency["all", "total", "lookups"]) == (None, None)
    alone, _ = await read(ice, "from=2026-02-28&to=2026-02-28&by=agency")
    assert (alone["CBP", "CBP", "lookups"], alone["all", "total", "lookups"]) == (5, 7)


async def test_another_agencys_hits_are_not_told_when_those_of_one_grade_are_few(
    facts: Facts, cbp: Officer, ice: Officer
) -> None:
    """Five are confirmed and one is by name only: six in all less the five would be the one."""
    await facts.tell(a_tip(a_party(an_email(ANA), name="Ana Lopez")))
    for _ in range(5):
        await cbp.look_up(emails=[ANA])
    await cbp.look_up(name="Ana Lopez")
    day = "from=2026-02-28&to=2026-02-28"
    by_day, suppressed = await read(ice, f"{day}&by=day")
    assert by_day["CBP", "total", "lookups"] == 6
    assert {("CBP", "2026-02-28", "hits"), ("CBP", "total", "hits"), ("all", "total", "hits")} <= suppressed
    by_grade, _ = await read(ice, f"{day}&by=grade")
    told = {bucket: value for (agency, bucket, figure), value in by_grade.items() if agency == "CBP"}
    assert told == {"confirmed": 5, "probable": 0, "name_only": None, "contradicted": 0, "total": None}


async def test_cbp_does_not_see_in_a_figure_what_it_may_no_longer_be_told(
    facts: Facts, caller: Caller, cbp: Officer, ice: Officer
) -> None:
    world = await a_world(facts, caller, cbp, ice)
    told, _ = await read(ice, f"{PERIOD}&by=week")
    before, _ = await read(cbp, f"{PERIOD}&by=week")
    await speak(facts, world["lead"], silent=True, version=2)
    cells, _ = await read(cbp, f"{PERIOD}&by=week")
    gone = ("hits", "notes", "screenings", "handoffs", "follow_ups")
    left = {cell: value for cell, value in TOTALS.items() if not cell[1].startswith(gone)}
    left |= {("total", "hits"): 2, ("total", "hits.confirmed"): 2}
    assert {cell: value for cell, value in nonzero(cells, "CBP").items() if cell[0] == "total"} == left
    assert (await read(ice, f"{PERIOD}&by=week"))[0] == told, "CEIU is told of silent leads"
    await speak(facts, world["lead"], silent=False, version=3)
    assert (await read(cbp, f"{PERIOD}&by=week"))[0] == before


async def test_a_tip_counts_once_by_its_newest_content_on_the_day_it_first_came(facts: Facts, ice: Officer) -> None:
    tip = a_tip(a_party(name="Ana Lopez"), incident=Incident(type="possession"))
    newer = tip.model_copy(update={"tip_version": 2, "incident": Incident(type="enticement")})
    for event in (an_event(newer, occurred_at=D2), an_event(tip, occurred_at=D1), an_event(newer, occurred_at=D2)):
        await facts.tell(event)
    expected = {("2026-02", "tips"): 1, ("2026-02", "tips.enticement"): 1}
    expected |= {("total", "tips"): 1, ("total", "tips.enticement"): 1}
    assert nonzero((await read(ice, f"{PERIOD}&by=month"))[0], None) == expected


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("from=2025-01-25&to=2026-03-01", "from"),
        ("from=2010-01-01&to=2026-03-01&by=month", "from"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("by=year", "by"),
        ("by=source", "by"),
        ("by=tier", "by"),
        ("format=pdf", "format"),
        ("agency=ICE", "agency"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(cbp: Officer, query: str, place: str) -> None:
    response = await cbp.get(f"/v1/statistics?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["query", place]


async def test_four_hundred_days_may_be_asked_day_by_day(cbp: Officer) -> None:
    cells, _ = await read(cbp, "from=2025-01-26&to=2026-03-01&by=day")
    assert len({bucket for _, bucket, _ in cells}) == 401


async def test_reading_statistics_is_on_record(facts: Facts, cbp: Officer) -> None:
    await read(cbp, f"{PERIOD}&by=week")
    [view] = [e["payload"] for e in await events_of(facts, "record.viewed") if e["payload"]["kind"] == "statistics"]
    assert view["record_ids"] == ["week 2026-02-28/2026-03-08"]
