"""A look-up is on record in the same way whoever asks, and however: alone, in a batch, on a passenger list."""

from typing import Any

import orjson

from shared.clock import SystemClock
from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_tip, an_email
from tests.integration.query.lists import Lists
from tests.integration.query.test_lookups import EMAIL, events_of


async def told_of(facts: Facts) -> None:
    tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), new_id()
    await facts.tell(tip, a_membership(tip.tip_id, cluster_id), a_lead(cluster_id))


def shape_of(node: Any) -> Any:
    """Return the names in a document, and the names within."""
    return {name: shape_of(value) for name, value in node.items()} if isinstance(node, dict) else None


async def test_the_same_look_up_by_cbp_and_by_ice_is_the_same_event(facts: Facts, cbp: Officer, ice: Officer) -> None:
    await told_of(facts)
    for officer in (cbp, ice):
        await officer.look_up(emails=[EMAIL], name="Ana Lopez")
    mine, theirs = await events_of(facts, "lookup.answered")
    assert shape_of(mine) == shape_of(theirs)
    assert [event["actor"]["agency"] for event in (mine, theirs)] == ["CBP", "ICE"]
    for event in (mine, theirs):
        assert event["actor"].keys() >= {"id", "role", "agency", "office", "session"}
        assert event["actor"]["session"]
    differing = {"lookup_id", "duration_ms", "personal"}
    alike = [{k: v for k, v in event["payload"].items() if k not in differing} for event in (mine, theirs)]
    assert alike[0] == alike[1]
    assert {k: v for k, v in mine["payload"]["personal"].items() if k != "salt"} == {
        "name": "Ana Lopez",
        "birth_date": None,
        "emails": [EMAIL],
        "usernames": [],
        "phones": [],
        "documents": [],
    }


async def test_alone_in_a_batch_or_on_a_list_a_look_up_has_the_same_event(facts: Facts, cbp: Officer) -> None:
    await told_of(facts)
    lists = Lists(facts.pool, SystemClock())
    await cbp.look_up(emails=[EMAIL], reference="ZZ 123")
    travellers = [{"traveller_ref": "1", "emails": [EMAIL]}]
    body = {"purpose": "traveller_targeting", "reference": "ZZ 123", "travellers": travellers}
    assert (await cbp.post("/v1/lookups/batch", body)).status_code == 200
    await lists.submit(cbp, {"emails": [EMAIL]}, flight="ZZ 123")
    alone, batch, listed = await events_of(facts, "lookup.answered")
    assert shape_of(alone) == shape_of(batch) == shape_of(listed)
    assert alone["actor"] == batch["actor"] == listed["actor"]
    differing = {"lookup_id", "duration_ms", "personal"}
    facts_of = [{k: v for k, v in e["payload"].items() if k not in differing} for e in (alone, batch, listed)]
    assert facts_of[0] == facts_of[1] == facts_of[2]


async def test_a_look_up_says_how_much_was_shown(facts: Facts, cbp: Officer) -> None:
    await told_of(facts)
    answers = [await cbp.look_up(emails=[EMAIL]), await cbp.look_up(emails=["no.one@example.org"])]
    events = await events_of(facts, "lookup.answered")
    for answer, event in zip(answers, events, strict=True):
        payload = event["payload"]
        assert payload["match_count"] == len(answer["matches"]) == len(payload["record_ids"])
        assert payload["record_ids"] == [match["record_id"] for match in answer["matches"]]
        assert payload["answer_bytes"] == len(orjson.dumps(answer))
