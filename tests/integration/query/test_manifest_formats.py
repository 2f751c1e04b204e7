"""Passenger lists as airlines and offices write them, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from services.query.domain.passenger_list.table import COLUMNS
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


def crew_in_one_line(departs: str) -> bytes:
    """Return a list of crew: no UNA, one line, a count padded with zeros and one of crew instead of passengers."""
    message = a_message(a_traveller(kind="FM"), a_traveller("DOE", "JOHN", kind="FM"), departs=departs)
    segments = [segment.replace("CNT+42:2", "CNT+41+2").replace("UNT+", "UNT+00000") for segment in message]
    return written(an_interchange(segments), una="", end="'")


def legs_with_a_date_behind(departs: str) -> bytes:
    """Return a list of three legs, the last across the border; some lines joined by blanks, a word behind the last."""
    head, *others = a_message(a_traveller(), a_traveller("DOE", "JOHN"), departs=departs)
    leg = ["TDT+20+XY999+++XY", "LOC+92+CNX", f"DTM+189:{departs}:201", "LOC+92+BKK", f"DTM+232:{departs}:201"]
    body = [head, *others[:3], *leg, *leg, *others[3:-1]]
    raw = written(an_interchange([*body, f"UNT+{len(body) + 1}+PAX001"]))
    return raw.replace(b"'\n", b"' ", 4) + b"01Mar26\n"


def indented_with_another_reserved_sign(departs: str) -> bytes:
    """Return a list that begins with a blank, two segments in some lines, its reserved sign declared as another."""
    message = a_message(a_traveller(), a_traveller("DOE", "JOHN"), departs=departs)
    raw = b" " + written(an_interchange(message), una="UNA:+.?*'").replace(b"'\n", b"'\n ")
    return raw.replace(b"'\n DTM", b"'DTM").replace(b"+USCSAPIS", b"+ USCSAPIS")


@pytest.mark.parametrize("shape", [crew_in_one_line, legs_with_a_date_behind, indented_with_another_reserved_sign])
async def test_the_shapes_of_the_public_samples_are_taken(
    facts: Facts, lists: Lists, cbp: Officer, shape: Callable[[str], bytes]
) -> None:
    await facts.tell(a_tip(a_party(name="Ana María López", birth_date="1980-02-03")))
    response = await send(cbp, shape(departs(lists)), "application/edifact")
    assert response.status_code == 202, response.text
    await lists.screen()
    shown = await read(cbp, response.json()["manifest_id"])
    assert (shown["flight"], shown["remarks"]) == ("XY123", [])
    assert [result["name"] for result in shown["results"]] == ["LOPEZ ANA MARIA", "DOE JOHN"]
    assert [match["grade"] for match in shown["results"][0]["matches"]] == ["confirmed"]


async def test_travellers_whose_references_are_alike_are_all_kept(lists: Lists, cbp: Officer) -> None:
    travellers = [[*a_traveller(), f"RFF+ABO:{reference}"] for reference in ("3", "X", "X")]
    response = await send(cbp, written(an_interchange(a_message(*travellers, departs=departs(lists)))), "text/plain")
    assert response.status_code == 202, response.text
    shown = await read(cbp, response.json()["manifest_id"])
    assert [result["traveller_ref"] for result in shown["results"]] == ["3", "X", "3."]


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
        (b"UNB+UNOA:4'UNH+1+PAXLST'NAD+FL+++M\xfcLLER'", "application/edifact", 422, ["segment", 3]),
        (b"UNH+1+PAXLST'RFF+ABO:A\0B'", "application/edifact", 422, ["segment", 2]),
        (b"name\nAna", "text/csv", 422, ["flight"]),
        (b"name,flight\nAna Lopez,XY1\nJohn\0,XY1", "text/csv", 422, ["line", 3]),
        (b"x," * 4_000_000, "text/csv", 422, ["line", 1]),
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


async def test_the_description_names_every_form_and_every_column(cbp: Officer) -> None:
    document = (await cbp.get("/openapi.json")).json()
    forms = document["paths"]["/v1/manifests"]["post"]["requestBody"]["content"]
    assert forms.keys() == {"application/json", "text/csv", "application/edifact", "text/plain"}
    assert all(column in forms["text/csv"]["schema"]["description"] for column in COLUMNS)


async def test_a_flight_that_left_more_than_a_day_ago_is_refused(cbp: Officer) -> None:
    response = await send(cbp, written(an_interchange(a_message(a_traveller(), departs="2001010000"))), "text/plain")
    assert response.status_code == 422, response.text
    assert response.json()["errors"]
