"""Figures through the whole stack. Other tests share it, so what is held is by how much figures grow."""

import pytest

from tests.e2e.desk import ANALYST, OFFICER, Desk, a_tip, email

AGENCY = {OFFICER: "CBP", ANALYST: "ICE"}


async def figures(desk: Desk, account: str, **query: str) -> dict[tuple[str | None, str], int | None]:
    """Return the totals by agency and figure."""
    shown = await desk.call("query", "/v1/statistics", account, **query)
    return {(item["agency"], item["figure"]): item["value"] for item in shown["items"] if item["bucket"] == "total"}


@pytest.mark.parametrize("account", [OFFICER, ANALYST])
async def test_what_an_agency_does_is_counted_as_its_own(desk: Desk, account: str) -> None:
    agency, address = AGENCY[account], f"figures-{account}@example.org"
    before = await figures(desk, account)
    await desk.report(a_tip(f"ST-{account}", email(address), names=["Zahl Probe"]))
    question = {"purpose": "redress", "reference": "ZZ 123", "emails": [address]}

    async def is_found() -> object:
        return (await desk.call("query", "/v1/lookups", account, question))["matches"]

    [match] = await desk.eventually(is_found)
    await desk.call("query", "/v1/lookups", account, question)
    note = {"kind": "screening", "additional_screening": True, "outcome": "cleared"}
    await desk.call("query", f"/v1/records/{match['record_id']}/notes", account, note)
    after = await figures(desk, account)

    def growth(figure: str, whose: str | None = agency) -> int:
        return (after[whose, figure] or 0) - (before.get((whose, figure)) or 0)

    assert growth("lookups.redress") == growth("lookups") >= 2
    assert growth("hits.confirmed") == growth("hits") == 2
    assert growth("notes.screening") == growth("screenings.additional") == growth("screenings.with_outcome") == 1
    assert after[agency, "answer_ms.max"]
    if account == ANALYST:
        assert growth("tips", None) == growth("tips.possession", None) == 1
        assert {"CBP", "all"} >= {whose for whose, _ in after} - {"ICE", None}
    else:
        assert {whose for whose, _ in after} == {"CBP"}
        assert (await desk.ask("query", "/v1/statistics", account, by="source")).status_code == 422


async def test_who_may_not_read_statistics_is_denied(desk: Desk) -> None:
    for account in ("hsi.agent.sac-boston", "source.ncmec", "auditor"):
        assert (await desk.ask("query", "/v1/statistics", account)).status_code == 403
