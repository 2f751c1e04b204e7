"""Every event of a person's change says which fields it changed, by hashes that hold against what is told."""

from collections.abc import Awaitable, Callable

from shared.clock import SystemClock
from shared.db.pool import Pool
from tests.conftest import CallService
from tests.fakes import FakeClock
from tests.integration.records.asks import send
from tests.integration.records.worlds import WORLDS
from tests.integration.test_capabilities import service_of

PoolOf = Callable[[str], Awaitable[Pool]]
EVENTS = "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id"
NEW = {"research.recorded", "notice.acknowledged", "alert.acknowledged"}
"""What adds to a record fields that it had not."""
CHANGED = {
    "tip.amended": None,
    "tip.reviewed": None,
    "research.recorded": ["entity", "kind", "parties"],
    "judgement.recorded": ["decision", "judgement_id"],
    "judgement.withdrawn": ["decision", "judgement_id"],
    "lead.prioritised": ["priority", "priority_reason"],
    "lead.silenced": ["silent"],
    "lead.released": ["held_identifier", "held_identifier_type", "held_reason"],
    "notice.acknowledged": ["acknowledged_at", "acknowledged_by", "note"],
    "referral.answered": None,
    "alert.acknowledged": ["acknowledged_at", "acknowledged_by", "note"],
    "handoff.followed_up": ["note", "state"],
}
"""The fields that each changes in the worlds; None where that differs."""


async def test_every_change_that_a_person_makes_says_what_it_changes(
    call_service: CallService, pool_of: PoolOf, clock: FakeClock
) -> None:
    met: set[str] = set()
    for name, build in WORLDS.items():
        pool = await pool_of(name)
        caller = await call_service(service_of(name), clock=SystemClock() if name == "query" else clock)
        for ask in await build(caller, pool, clock):
            await send(caller, ask)
        for event in [row["event"] for row in await pool.fetch(EVENTS)]:
            change = event["payload"].get("change")
            if event["type"] not in CHANGED:
                continue
            met.add(event["type"])
            fields = CHANGED[event["type"]]
            assert fields in (None, change["fields"]), event["type"]
            assert change["fields"], event["type"]
            is_new = event["type"] in NEW or (event["type"].startswith("judgement.") and change["before"] is None)
            assert (change["before"] is None) == is_new, event["type"]
            assert change["before"] != change["after"]
            assert len(bytes.fromhex(event["payload"]["personal"]["salt"])) == 16
    assert met == set(CHANGED)


async def test_a_note_that_supersedes_says_what_it_changes_and_one_that_does_not_is_no_change(
    call_service: CallService, pool_of: PoolOf, clock: FakeClock
) -> None:
    pool, caller = await pool_of("query"), await call_service(service_of("query"))
    for ask in await WORLDS["query"](caller, pool, clock):
        if ask.route.endswith("/notes") and ask.method == "POST":
            await send(caller, ask)
    notes = [row["event"]["payload"] for row in await pool.fetch(EVENTS) if row["event"]["type"] == "note.added"]
    changes = [(note["supersedes"] is not None, note["change"] and note["change"]["fields"]) for note in notes]
    assert changes == [(False, None), (False, None), (True, ["text"])]
