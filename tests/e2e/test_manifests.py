"""Passenger lists through the whole stack: submitted days ahead, answered, and alerted when a tip comes later."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.desk import ANALYST, OFFICER, Desk, Item, a_tip, email
from tests.unit.query.passenger_list.lists import a_message, a_traveller, an_interchange, written
from tests.waiting import eventually

ALERT_S, ALERT_AFTER_KILL_S = 5.0, 20.0
DAY = timedelta(days=1)


def paxlst(*names: str) -> bytes:
    """Return a list in EDIFACT, as an airline sends it, of a flight three days ahead."""
    departs = f"{datetime.now(UTC) + 3 * DAY:%y%m%d%H%M}"
    people = [a_traveller(*name.split(" "), document=f"P{place:07}") for place, name in enumerate(names)]
    return written(an_interchange(a_message(*people, flight="ZZ0123", departs=departs)))


async def submit_paxlst(desk: Desk, account: str, raw: bytes) -> str:
    """Return the id of a list that was posted as a file, once all of its passengers are looked up."""
    headers = {"Authorization": f"Bearer {desk.stack.token(account)}", "Content-Type": "application/edifact"}
    url = f"{desk.stack.addresses['query']}/v1/manifests"
    taken = await desk.client.post(url, content=raw, headers=headers)
    assert taken.status_code == 202, taken.text
    return await screened(desk, account, taken.json()["manifest_id"])


def a_list(*names: str, departs_in: timedelta = 3 * DAY) -> Item:
    return {
        "flight": "ZZ 123",
        "departs_at": (datetime.now(UTC) + departs_in).isoformat(),
        "passengers": [{"name": name} for name in names],
    }


async def submit(desk: Desk, account: str, body: Item) -> str:
    """Return the id of a list, once all of its passengers are looked up."""
    return await screened(desk, account, (await desk.call("query", "/v1/manifests", account, body))["manifest_id"])


async def screened(desk: Desk, account: str, manifest_id: str) -> str:
    """Return the id once all passengers are looked up."""

    async def is_screened() -> bool:
        shown = await desk.call("query", f"/v1/manifests/{manifest_id}", account)
        return bool(shown["progress"]["screened"] == shown["progress"]["total"])

    await desk.eventually(is_screened)
    return manifest_id


async def alerts_of(desk: Desk, account: str, manifest_id: str) -> list[Item]:
    return await desk.items("query", "/v1/alerts", account, manifest_id=manifest_id)


async def await_alerts(desk: Desk, account: str, manifest_id: str, count: int, *, timeout_s: float) -> list[Item]:
    async def enough() -> Any:
        found = await alerts_of(desk, account, manifest_id)
        return found if len(found) >= count else None

    return list(await eventually(enough, timeout_s=timeout_s))


@pytest.mark.parametrize("account", [OFFICER, ANALYST])
async def test_a_tip_that_comes_days_after_the_list_raises_one_alert_and_none_once_the_flight_is_over(
    desk: Desk, account: str
) -> None:
    surname = "Kowaltschuk" if account == OFFICER else "Jazwinsky"
    variants = [f"{surname.upper()} OLEKSANDR", f"{surname.upper().replace('SCH', 'CH').replace('KY', 'KI')} ALEXANDR"]
    live = await submit_paxlst(desk, account, paxlst(*variants, "BROWN PETER"))
    over = await submit(desk, account, a_list(*variants, departs_in=-DAY + timedelta(seconds=3)))

    async def is_over() -> bool:
        return bool((await desk.call("query", f"/v1/manifests/{over}", account))["state"] == "ended")

    await desk.eventually(is_over)
    refused = await desk.ask("query", "/v1/manifests", account, a_list(*variants, departs_in=-DAY))
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["departs_at"])
    assert await alerts_of(desk, account, live) == []

    tip = a_tip(f"PAX-{account}", email(f"{surname}@example.org"), names=[f"Oleksandr {surname}"])
    [tip_id] = await desk.tell(tip)
    alerts = await await_alerts(desk, account, live, 2, timeout_s=ALERT_S)
    assert sorted(alert["traveller_ref"] for alert in alerts) == ["1", "2"]
    assert {change["tip_id"] for alert in alerts for change in alert["changes"]} == {tip_id}
    shown = await desk.call("query", f"/v1/manifests/{live}", account)
    assert [len(result["matches"]) for result in shown["results"]] == [1, 1, 0]
    assert {alert["lookup_id"] for alert in alerts} == {result["lookup_id"] for result in shown["results"][:2]}

    # A second change of both answers: what is told of it shows that nothing more was told of the first.
    await desk.review(tip_id)
    alerts = await await_alerts(desk, account, live, 4, timeout_s=ALERT_S)
    assert [alert["changes"][0]["before"] is None for alert in alerts] == [True, True, False, False]
    assert {alert["changes"][0]["after"]["investigation"] for alert in alerts[2:]} <= {"developing", "referred"}
    assert await alerts_of(desk, account, over) == []

    path = f"/v1/alerts/{alerts[0]['alert_id']}/acknowledgements"
    taken = await desk.ask("query", path, account, {"note": "sent to secondary"})
    assert taken.status_code == 201, taken.text
    again = await desk.ask("query", f"/v1/manifests/{over}/screenings", account, {})
    assert again.status_code == 202, again.text
    answered = await results_of(desk, account, over)
    assert [len(result["matches"]) for result in answered] == [1, 1], "after arrival who asks is answered"
    assert await alerts_of(desk, account, over) == []


async def test_a_tip_raises_one_alert_when_query_and_linker_are_killed_in_between(desk: Desk) -> None:
    """Both workers are killed as soon as the tip is taken, and started again by the supervisor."""
    live = await submit(desk, OFFICER, a_list("ABERNATHY QUINTUS"))
    [tip_id] = await desk.tell(a_tip("PAX-killed", names=["Quintus Abernathy"]))
    for name in ("query-worker", "linker-worker"):
        process = desk.stack.find(name)
        assert process is not None
        process.kill()
    started = time.monotonic()
    [alert] = await await_alerts(desk, OFFICER, live, 1, timeout_s=ALERT_AFTER_KILL_S)
    print(f"alert {time.monotonic() - started:.1f} s after the workers were killed")
    assert [change["tip_id"] for change in alert["changes"]] == [tip_id]
    await desk.review(tip_id)
    found = await await_alerts(desk, OFFICER, live, 2, timeout_s=ALERT_AFTER_KILL_S)
    assert [alert["changes"][0]["before"] is None for alert in found] == [True, False], "the first was told once"


async def results_of(desk: Desk, account: str, manifest_id: str) -> list[Item]:
    """Return the results of a list once all of its passengers are looked up again."""

    async def results() -> Any:
        shown = await desk.call("query", f"/v1/manifests/{manifest_id}", account)
        return shown["results"] if shown["progress"]["screened"] == shown["progress"]["total"] else None

    return list(await desk.eventually(results))


@pytest.mark.parametrize("account", ["hsi.agent.sac-boston", "source.ncmec", "auditor"])
async def test_who_may_not_submit_lists_is_refused(desk: Desk, account: str) -> None:
    assert (await desk.ask("query", "/v1/manifests", account, a_list("BROWN PETER"))).status_code == 403
    assert (await desk.ask("query", "/v1/manifests", account)).status_code == 403
    assert (await desk.ask("query", "/v1/alerts", account)).status_code == 403
