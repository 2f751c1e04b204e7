"""A passenger list in each of its forms over HTTP: the same people are looked up, and what is wrong is named."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import SystemClock
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_party, a_tip
from tests.integration.query.lists import DAY, Lists, read
from tests.unit.query.passenger_list.messages import a_file, a_message

PEOPLE = (
    *("NAD+FL+++LOPEZ:ANA:MARIA", "DTM+329:800203", "RFF+ABO:UU17", "DOC+P+X1234567"),
    *("NAD+FL+++X", "DOC+P+Y7654321"),
    *("NAD+FL+++*", "DTM+329:800203"),
)
HEADER = "traveller_ref,surname,given_names,birth_date,document_number"


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at when told to."""
    return Lists(facts.pool, SystemClock())


def paxlst(lists: Lists, *people: str, in_: timedelta = 3 * DAY, **fields: Any) -> bytes:
    """Return a list of a flight that departs so long from now, by a clock in UTC."""
    departs = f"{lists.clock.now() + in_:%y%m%d%H%M}"
    flight = ("TDT+20+ZZ0123+++ZZ", "LOC+125+FRA", f"DTM+189:{departs}:201", "LOC+87+IAD")
    return a_file(a_message(*flight, *(people or PEOPLE), **fields))


async def post(officer: Officer, raw: bytes | str, media_type: str, query: str = "", **headers: str) -> Any:
    declared = officer.caller.as_(officer.account, **{"Content-Type": media_type, **headers})
    return await officer.caller.client.post(f"/v1/manifests{query}", content=raw, headers=declared)


@pytest.mark.parametrize("media_type", ["application/edifact", "application/octet-stream", "text/plain; charset=ascii"])
async def test_a_paxlst_is_looked_up_and_shown_with_what_could_not_be_read(
    facts: Facts, lists: Lists, cbp: Officer, media_type: str
) -> None:
    await facts.tell(a_tip(a_party(name="Ana María López", birth_date="1980-02-03")))
    taken = await post(cbp, paxlst(lists), media_type)
    assert taken.status_code == 202, taken.text
    await lists.screen()
    shown = await read(cbp, taken.json()["manifest_id"])
    assert (shown["flight"], shown["state"], shown["progress"]["screened"]) == ("ZZ123", "screened", 3)
    ana, documented, nobody = shown["results"]
    assert (ana["traveller_ref"], ana["name"], ana["remarks"]) == ("UU17", "LOPEZ ANA MARIA", [])
    assert [match["grade"] for match in ana["matches"]] == ["confirmed"]
    assert (documented["matches"], documented["name"], len(documented["remarks"])) == ([], None, 1)
    assert (nobody["matches"], nobody["lookup_id"], len(nobody["remarks"])) == (None, None, 2)


async def test_a_table_is_looked_up_with_flight_and_departure_beside_it_or_in_it(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    await facts.tell(a_tip(a_party(name="Ana María López", birth_date="1980-02-03")))
    row, departs = "UU17,LOPEZ,ANA MARIA,1980-02-03,X1234567", lists.departs().partition("+")[0]
    answers = [
        await post(cbp, f"{HEADER}\n{row}\n", "text/csv", f"?flight=ZZ123&departs_at={departs}"),
        await post(cbp, f"{HEADER},flight,departs_at\n{row},ZZ123,{departs}\n", "text/csv; charset=utf-8"),
    ]
    await lists.screen()
    for taken in answers:
        assert taken.status_code == 202, taken.text
        shown = await read(cbp, taken.json()["manifest_id"])
        assert (shown["flight"], shown["departs_at"]) == ("ZZ123", departs)
        [ana] = shown["results"]
        assert (ana["traveller_ref"], [match["grade"] for match in ana["matches"]]) == ("UU17", ["confirmed"])


async def test_a_list_that_cannot_be_read_is_refused_by_segment_or_line_and_nothing_of_it_is_kept(
    facts: Facts, lists: Lists, cbp: Officer
) -> None:
    whole, query = paxlst(lists), f"?flight=ZZ1&departs_at={lists.departs().partition('+')[0]}"
    edifact = "application/edifact"
    cases: list[tuple[bytes | str, str, str, list[Any]]] = [
        (whole[:300], edifact, "", ["segment", whole[:300].count(b"'") + 1]),
        (paxlst(lists, count=99), edifact, "", ["segment", 19]),
        (whole.replace(b"LOPEZ", b"L\xd3PEZ"), edifact, "", ["segment", 11]),
        (paxlst(lists, in_=-3 * DAY), edifact, "", ["departs_at"]),
        (whole.replace(b"DTM+189:", b"DTM+189:x"), edifact, "", ["segment", 7]),
        (paxlst(lists, "NAD+FL+++*"), edifact, "", ["passengers"]),
        (whole, edifact, query, ["query", "flight"]),
        (f"{HEADER}\n,LOPEZ,ANA,1980-02-30,\n", "text/csv", query, ["line", 2, "birth_date"]),
        (f"{HEADER}\n,LOPEZ,*,,\n", "text/csv", query, ["line", 2, "name"]),
        (f"{HEADER}\n,,,,X!\n", "text/csv", query, ["line", 2, "document_number"]),
        (f"{HEADER}\n,LOPEZ,ANA,,\n", "text/csv", "?flight=ZZ1&departs_at=soon", ["departs_at"]),
        (f"{HEADER}\n,LOPEZ,ANA,,\n", "text/csv", "?flight=ZZ1", ["departs_at"]),
    ]
    for raw, media_type, parameters, place in cases:
        refused = await post(cbp, raw, media_type, parameters)
        assert refused.status_code == 422, refused.text
        assert place in [error["loc"] for error in refused.json()["errors"]], refused.text
        assert "LOPEZ" not in refused.text
    assert await facts.pool.fetchval("SELECT count(*) FROM manifest") == 0


async def test_text_that_is_no_interchange_is_refused_as_another_form(cbp: Officer) -> None:
    for media_type in ("text/plain", "application/octet-stream"):
        assert (await post(cbp, b"surname,given\n", media_type)).status_code == 415
    assert (await post(cbp, b"\x89PNG\r\n\x1a\n" + b"0" * 100, "application/edifact")).status_code == 415
    assert (await post(cbp, b"name\n", "text/csv; charset=latin-1")).status_code == 415


async def test_the_parameters_of_a_table_tell_a_repeat_from_another_list(lists: Lists, cbp: Officer) -> None:
    departs, key = lists.departs().partition("+")[0], {"Idempotency-Key": "k"}
    table = f"{HEADER}\n,LOPEZ,ANA,,\n"
    answers = [
        await post(cbp, table, "text/csv", f"?flight={flight}&departs_at={departs}", **key)
        for flight in ("ZZ1", "ZZ1", "ZZ2")
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 409]
    assert answers[0].json() == answers[1].json()
