"""Answers handed over into risk assessments, through the whole stack, as CBP and as CEIU."""

import pytest

from tests.e2e.desk import ANALYST, OFFICER, Desk, a_tip, email

OTHER = {OFFICER: ANALYST, ANALYST: OFFICER}


@pytest.mark.parametrize("account", [OFFICER, ANALYST])
async def test_an_answer_is_handed_over_and_followed_up_by_the_agency_that_got_it(desk: Desk, account: str) -> None:
    address = f"handoff-{account}@example.org"
    await desk.open_lead(a_tip(f"HO-{account}", email(address), names=["Ilse Übergabe"]))
    question = {"purpose": "traveller_targeting", "reference": "ZZ 123", "emails": [address]}

    async def is_found() -> object:
        found = await desk.call("query", "/v1/lookups", account, question)
        return found if found["matches"] and found["matches"][0]["lead_id"] else None

    found = await desk.eventually(is_found)
    path = f"/v1/lookups/{found['lookup_id']}/handoffs"
    body = {"office": "National Targeting Center", "reference": "RA-1", "liaison": False}
    handoff = await desk.call("query", path, account, body)
    assert handoff["record_ids"] == [found["matches"][0]["record_id"]]
    assert (handoff["local_office"], handoff["state"]) == (found["matches"][0]["contact"], "open")
    steps = f"/v1/handoffs/{handoff['handoff_id']}/follow_ups"
    assert (await desk.ask("query", steps, account, {"state": "done"})).status_code == 409
    for state in ("contacted", "done"):
        assert (await desk.call("query", steps, account, {"state": state}))["state"] == state
    listed = await desk.items("query", "/v1/handoffs", account)
    assert [item["state"] for item in listed if item["handoff_id"] == handoff["handoff_id"]] == ["done"]

    for refused in (
        await desk.ask("query", path, OTHER[account], body),
        await desk.ask("query", f"/v1/handoffs/{handoff['handoff_id']}", OTHER[account]),
        await desk.ask("query", steps, OTHER[account], {"state": "done"}),
    ):
        assert refused.status_code == 404
    denied = await desk.ask("query", path, "auditor", body)
    assert denied.status_code == 403
