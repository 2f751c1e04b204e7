"""What intake says of changes to a tip holds against what is told of it before and after."""

from typing import Any

import orjson

from shared.events.change import change_of
from tests.integration.intake.desk import BAD, GOOD, Desk
from tests.unit.intake.bodies import a_full_tip


async def test_an_amendment_holds_against_the_contents_it_lies_between(desk: Desk) -> None:
    """Who has both bodies can make the hashes again: from the one before, and from its own."""
    tip = await desk.submit(source_ref="A")
    await desk.review(tip["tip_id"], GOOD)
    await desk.submit(**{**a_full_tip(source_ref="A"), "source": "ncmec"})
    [received] = await desk.events("tip.received")
    [amended] = await desk.events("tip.amended")
    change, salt = amended["payload"]["change"], amended["payload"]["personal"]["salt"]
    assert "incident.narrative" in change["fields"]
    assert {"state", "reopened_because", "parties"} <= set(change["fields"])
    assert "decision" not in change["fields"]
    before = {**_content(received), "state": "actionable", "reopened_because": None}
    after = {**_content(amended), "state": "awaiting_review", "reopened_because": "its source amended it"}
    assert change_of(before, after, salt=salt).model_dump() == change
    outside = orjson.dumps({**amended["payload"], "personal": None})
    assert b"Ana" not in outside


async def test_a_review_says_what_decision_it_replaces(desk: Desk) -> None:
    tip = await desk.submit(source_ref="A")
    for verdict in (GOOD, BAD):
        await desk.review(tip["tip_id"], verdict)
    first, second = await desk.events("tip.reviewed")
    standings: list[dict[str, Any]] = [
        {"state": "awaiting_review", "decision": None, "review_number": None},
        {"state": "actionable", "decision": "actionable", "review_number": 1},
        {"state": "not_actionable", "decision": "not_actionable", "review_number": 2},
    ]
    for event, before, after in zip((first, second), standings, standings[1:], strict=False):
        expected = change_of(before, after, salt=event["payload"]["personal"]["salt"])
        assert event["payload"]["change"] == expected.model_dump()


def _content(event: dict[str, Any]) -> dict[str, Any]:
    payload, personal = event["payload"], event["payload"]["personal"]
    fields = {name: payload[name] for name in ("reported_at", "urgency", "files", "related_refs") if name in payload}
    parts = {name: personal[name] for name in ("narrative", "city", "postal_code") if name in personal}
    incident = {f"incident.{name}": value for name, value in {**payload["incident"], **parts}.items()}
    return {**fields, **incident, "parties": personal.get("parties", [])}
