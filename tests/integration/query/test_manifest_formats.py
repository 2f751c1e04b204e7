"""Passenger lists as airlines and offices write them, over HTTP."""

from typing import Any

import pytest

from shared.clock import SystemClock
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_party, a_tip
from tests.integration.query.lists import Lists, read
from tests.unit.query.passenger_list.lists import a_message, a_traveller, an_interchange, written


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at when told to."""
    return Lists(facts.pool, SystemClock())


async def send(officer: Officer, raw: bytes, media_type: str, query: str = "") -> Any:
    headers = {**officer.caller.as_(officer.account), "content-type": media_type}
    return await officer.caller.client.post(f"/v1/manifests{query}", content=raw, headers=headers)


def departs(lists: Lists) -> str:
    return lists.departs()[2:16].replace("-", "").replace("T", "").replace(":", "")


@pytest.mark.parametrize("media_type", ["application/EDIFACT", "text/plain; charset=iso-8859-1"])
async def test_a_paxlst_is_taken_and_its_passengers_are_looked_up(
    facts: Facts, lists: Lists, cbp: Officer, media_type: str
) -> None:
    await facts.tell(a_tip(a_party(name="Ana María López", birth_date="1980-02-03")))
    message = a_message(a_traveller(), a_traveller("DOE", "JOHN", born="999999"), departs=departs(lists), count=3)
    response = await send(cbp, written(an_interchange(message)), media_type)
    assert response.status_code == 202, response.text
    await lists.screen()
    shown = await read(cbp, response.json()["manifest_id"])
    assert (shown["flight"], shown["state"]) == ("XY123", "screened")
    assert "counts 3 travellers" in shown["remarks"][0]
    ana, john = shown["results"]
    assert [(match["grade"]) for match in ana["matches"]] == ["confirmed"]
    assert (ana["name"], ana["kind"], john["matches"]) == ("LOPEZ ANA MARIA", "passenger", [])
    assert "birth date of segment" in john["remarks"][0]


async def test_a_table_is_taken_with_its_flight_beside_it(facts: Facts, lists: Lists, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(name="Ana Lopez", birth_date="1980-02-03")))
    raw = b"surname;given_names;birth_date\nLOPEZ;ANA;1980-02-03\n"
    query = f"?flight=XY1&departs_at={lists.departs().replace('+', '%2B')}"
    response = await send(cbp, raw, "text/csv", query)
    assert response.status_code == 202, response.text
    await lists.screen()
    shown = await read(cbp, response.json()["manifest_id"])
    assert shown["results"][0]["matches"][0]["grade"] == "confirmed"


@pytest.mark.parametrize(
    ("raw", "media_type", "status", "problem"),
    [
        (b"UNH+1+PAXLST'", "application/edifact", 422, ["segment", 1]),
        (b"name\nAna", "text/csv", 422, ["flight"]),
        (b"name\nAna", "text/csv; charset=latin-1", 415, None),
        (b"<list/>", "application/xml", 415, None),
        (b"UNA:+.? '", "application/octet-stream", 415, None),
        (b"'" * (8 * 1024 * 1024 + 1), "application/edifact", 413, None),
    ],
)
async def test_what_is_no_list_is_refused_with_its_place(
    cbp: Officer, raw: bytes, media_type: str, status: int, problem: list[str | int] | None
) -> None:
    response = await send(cbp, raw, media_type)
    assert response.status_code == status, response.text
    if problem is not None:
        assert response.json()["errors"][0]["loc"] == problem
    assert (await cbp.get("/v1/manifests")).json()["items"] == []


async def test_a_flight_that_left_more_than_a_day_ago_is_refused(cbp: Officer) -> None:
    response = await send(cbp, written(an_interchange(a_message(a_traveller(), departs="2001010000"))), "text/plain")
    assert response.status_code == 422, response.text
    assert response.json()["errors"]
