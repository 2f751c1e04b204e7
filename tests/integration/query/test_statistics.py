"""Statistics, held against a count by hand of what the fixture did."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_referral, a_review, a_tip, an_email
from tests.integration.query.test_lookups import EMAIL

FULL = {"name": "Ana Lopez", "birth_date": "1980-02-03"}


@pytest.fixture
async def done(facts: Facts, cbp: Officer, ice: Officer) -> None:
    """Three tips in two clusters, a referred lead; CBP looks up six times, ICE twice, and so on as counted below."""
    named = a_party(an_email(EMAIL), name="Ana Lopez", birth_date="1980-02-03")
    tips = [a_tip(named), a_tip(a_party(name="Bo Li")), a_tip(a_party(name="Cy Ro"), source="tipline")]
    cluster_id = new_id()
    lead = a_lead(cluster_id, state="referred")
    await facts.tell(*tips, a_review(tips[0].tip_id, "actionable"), lead)
    await facts.tell(*(a_membership(tip.tip_id, cluster_id) for tip in tips[:2]))
    await facts.tell(a_membership(tips[2].tip_id, new_id()), a_referral(lead))
    told = await cbp.look_up(**FULL)
    for _ in range(3):
        await cbp.look_up(name="Ana Lopez")
    for _ in range(2):
        await cbp.look_up(name="Nobody Whatsoever")
    await ice.look_up(emails=[EMAIL])
    await ice.look_up(name="Bo Li")
    record_id = told["matches"][0]["record_id"]
    await cbp.add_note(record_id, kind="screening", additional_screening=True, outcome="released")
    await cbp.add_note(record_id, kind="targeting", flight_number="XY 1", flight_date="2026-03-03")
    await ice.add_note(record_id, kind="general", text="Known here.")
    handed = {"office": "CBP JFK", "reference": "RA", "liaison": True}
    handoff = (await cbp.post(f"/v1/lookups/{told['lookup_id']}/handoffs", handed)).json()
    await cbp.post(f"/v1/handoffs/{handoff['handoff_id']}/follow_ups", {"state": "done"})
    departs_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"flight": "XY 1", "departs_at": departs_at, "passengers": [{"name": "Cy Ro"}, {"name": "Di Ng"}]}
    assert (await cbp.post("/v1/manifests", body)).status_code == 202


async def figures(officer: Officer, query: str) -> dict[tuple[str, str, str], float | None]:
    response = await officer.get(f"/v1/statistics?{query}")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return {(item["bucket"], item["agency"], item["figure"]): item["value"] for item in items}


def of(found: dict[tuple[str, str, str], float | None], bucket: str, agency: str) -> dict[str, float | None]:
    told = {figure: value for (b, a, figure), value in found.items() if (b, a) == (bucket, agency)}
    return {figure: value for figure, value in told.items() if value != 0 and not figure.startswith("answer_ms")}


CBP = {
    "lookups": 6, "lookups_with_match": 4, "matches_confirmed": 1, "matches_name_only": 3, "notes_screening": 1,
    "notes_targeting": 1, "additional_screenings": 1, "handoffs": 1, "follow_ups_done": 1, "manifests": 1,
    "passengers": 2,
}  # fmt: skip
ICE = {
    "lookups": 2, "lookups_with_match": 2, "matches_confirmed": 1, "matches_name_only": 1, "notes_general": 1,
}  # fmt: skip
ON_RECORD = {
    "tips": 3, "tips_possession": 3, "linked_tips": 2, "leads": 1, "leads_referred": 1, "referrals": 1,
    "referrals_sent": 1,
}  # fmt: skip


def today() -> str:
    return datetime.now(UTC).date().isoformat()


@pytest.mark.usefixtures("done")
async def test_each_agency_is_told_what_its_own_people_did(cbp: Officer, ice: Officer) -> None:
    assert of(await figures(cbp, "by=day"), today(), "CBP") == CBP
    assert {agency for _, agency, _ in await figures(cbp, "by=agency")} == {"CBP"}
    assert of(await figures(cbp, "by=agency"), "CBP", "CBP") == CBP
    by_day = of(await figures(ice, "by=day&from=2026-01-01&to=2027-01-01"), today(), "ICE")
    assert {figure: value for figure, value in by_day.items() if figure in ICE} == ICE


@pytest.mark.usefixtures("done")
async def test_what_is_on_record_is_told_to_ice_alone(facts: Facts, cbp: Officer, ice: Officer) -> None:
    wide = "from=2026-01-01&to=2027-01-01"
    summed: dict[str, float] = {}
    for (_, _, figure), value in (await figures(ice, f"by=month&{wide}")).items():
        summed[figure] = summed.get(figure, 0) + (value or 0)
    assert {figure: summed[figure] for figure in ON_RECORD} == ON_RECORD
    assert of(await figures(ice, f"by=source&{wide}"), "tipline", "ICE") == {"tips": 1, "tips_possession": 1}
    assert of(await figures(ice, f"by=tier&{wide}"), "T2", "ICE") == {"leads": 1, "leads_referred": 1, "linked_tips": 2}
    assert of(await figures(ice, f"by=office&{wide}"), "sac-boston", "ICE") == {"referrals": 1, "referrals_sent": 1}
    for by in ("source", "tier"):
        assert await figures(cbp, f"by={by}&{wide}") == {}
    assert not {figure for _, _, figure in await figures(cbp, f"by=month&{wide}")} & set(ON_RECORD)


@pytest.mark.usefixtures("done")
async def test_small_figures_of_the_other_agency_are_kept_back(ice: Officer) -> None:
    items = (await ice.get("/v1/statistics?by=agency")).json()["items"]
    others = {item["figure"]: (item["value"], item["suppressed"]) for item in items if item["agency"] == "CBP"}
    assert others["lookups"] == (6, False)
    assert {figure for figure, (value, _) in others.items() if value is None} == set(CBP) - {"lookups"}
    assert all(suppressed == (value is None) for value, suppressed in others.values())
    own = {item["figure"]: item["value"] for item in items if item["agency"] == "ICE" and item["value"]}
    assert own["lookups"] == 2, "one's own are told however small"


@pytest.mark.usefixtures("done")
async def test_grades_are_counted(cbp: Officer) -> None:
    found = await figures(cbp, "by=grade")
    assert {bucket: value for (bucket, _, _), value in found.items()} == {"confirmed": 1, "name_only": 3}


@pytest.mark.usefixtures("done")
async def test_the_table_says_what_the_document_says(ice: Officer) -> None:
    for by in ("day", "agency", "office", "tier"):
        document = (await ice.get(f"/v1/statistics?by={by}")).json()["items"]
        response = await ice.get(f"/v1/statistics?by={by}&format=csv")
        assert response.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(response.text)))
        assert [row["figure"] for row in rows] == [item["figure"] for item in document]
        values = [float(row["value"]) if row["value"] else None for row in rows]
        assert values == [item["value"] for item in document]


async def test_a_time_in_which_nothing_happened_is_told_as_such(cbp: Officer) -> None:
    found = await figures(cbp, "by=week&from=2026-03-04&to=2026-03-20")
    assert {bucket for bucket, _, _ in found} == {"2026-03-02", "2026-03-09", "2026-03-16"}
    assert set(found.values()) == {0}


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("from=2026-03-02&to=2026-03-01", ["query", "to"]),
        ("from=2020-01-01&to=2026-03-01", ["query", "to"]),
        ("from=soon", ["query", "from"]),
        ("by=shoe_size", ["query", "by"]),
        ("format=xml", ["query", "format"]),
    ],
)
async def test_a_wrong_time_is_named(cbp: Officer, query: str, loc: list[str]) -> None:
    response = await cbp.get(f"/v1/statistics?{query}")
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["loc"] == loc
