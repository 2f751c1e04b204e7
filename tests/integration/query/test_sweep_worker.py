"""Query's workers as processes, killed while they look at lists: each passenger is looked up and each alert told once.

Facts come over Kafka, lists over HTTP; what is counted is what lies in the database and on `query.activity`.
"""

import time
from pathlib import Path
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.db.pool import Pool
from shared.events.envelope import Payload, encode
from tests.builders import an_event, new_id
from tests.conftest import Kafka, Keys
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_lead, a_membership, a_party, a_review, a_tip, an_email
from tests.integration.query.lists import Lists, alerts_of
from tests.integration.query.test_lookups import EMAIL
from tests.integration.workers import DRAIN_S, READY_S, Place
from tests.servers import Database
from tests.waiting import eventually

PASSENGERS = 1_200
ALERT_S, ALERT_AFTER_KILL_S = 5.0, 20.0
TOPIC_OF = {"lead.opened": "linker.leads", "tip.clustered": "linker.links"}


@pytest.fixture
def place(database: Database, kafka: Kafka, keys: Keys, tmp_path: Path) -> Place:
    """A place for query's workers."""
    return Place("query", database, kafka, keys, tmp_path)


async def send(kafka: Kafka, *facts: Any) -> None:
    """Put facts on their topics, one after another."""
    for fact in facts:
        event = an_event(fact) if isinstance(fact, Payload) else fact
        await kafka.send(TOPIC_OF.get(event.payload.TYPE, "intake.tips"), encode(event), key=event.subject_id.encode())


async def submit(officer: Officer, lists: Lists, *passengers: dict[str, Any]) -> str:
    """Submit a list, for a worker to look at."""
    body = {"flight": "ZZ 123", "departs_at": lists.departs(), "passengers": list(passengers)}
    response = await officer.post("/v1/manifests", body)
    assert response.status_code == 202, response.text
    return str(response.json()["manifest_id"])


async def count(pool: Pool, statement: str) -> int:
    return int(await pool.fetchval(statement))


@pytest.fixture
def lists(facts: Facts) -> Lists:
    """Lists, looked at by workers alone."""
    return Lists(facts.pool, SystemClock())


async def test_workers_killed_while_they_look_passengers_up_leave_none_out_and_none_twice(
    place: Place, kafka: Kafka, facts: Facts, lists: Lists, cbp: Officer
) -> None:
    passengers = [{"name": f"Traveller Number{n}", "documents": [f"X{n:08}"]} for n in range(PASSENGERS)]
    await submit(cbp, lists, *passengers)
    looked_up = "SELECT count(*) FROM lookup"
    for _ in range(2):
        done = await count(facts.pool, looked_up)
        with place.worker() as one, place.worker() as other:
            await eventually(lambda done=done: _is_past(facts.pool, looked_up, done), timeout_s=READY_S)  # type: ignore[misc]
            one.process.kill()
            other.process.kill()
            await one.ended(within_s=DRAIN_S)
            await other.ended(within_s=DRAIN_S)
    assert await count(facts.pool, looked_up) < PASSENGERS, "they were killed in the middle"
    with place.worker():
        await eventually(
            lambda: _is_past(facts.pool, "SELECT count(*) FROM screening WHERE passengers_left = 0", 0),
            timeout_s=READY_S,
        )
        await eventually(lambda: _is_empty(facts.pool, "SELECT count(*) FROM outbox"), timeout_s=READY_S)
    assert await count(facts.pool, looked_up) == PASSENGERS
    assert await count(facts.pool, "SELECT count(DISTINCT lookup_id) FROM passenger") == PASSENGERS
    events = await kafka.read_events("query.activity", count_min=PASSENGERS + 1)
    answered = [event["subject"]["id"] for event in events if event["type"] == "lookup.answered"]
    assert len(set(answered)) == len(answered) == PASSENGERS
    assert len([event for event in events if event["type"] == "manifest.screened"]) == 1


@pytest.mark.alone
async def test_a_tip_raises_one_alert_within_seconds_also_when_the_worker_is_killed_meanwhile(
    place: Place, kafka: Kafka, facts: Facts, lists: Lists, cbp: Officer
) -> None:
    with place.worker() as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)
        for name in ("LOPEZ ANA MARIA", "LOPES ANA-MARIA", "BROWN PETER"):
            await submit(cbp, lists, {"name": name}, {"emails": [EMAIL]} if name[0] == "B" else {"name": "Bo Li"})
        waits = "SELECT count(*) FROM passenger WHERE waiting_for IS NOT NULL"
        await eventually(lambda: _is_empty(facts.pool, waits), timeout_s=READY_S)
        tip, cluster_id = a_tip(a_party(an_email(EMAIL), name="Ana María López")), new_id()
        lead = an_event(a_lead(cluster_id), topic="linker.leads")
        started = time.monotonic()
        await send(kafka, tip, a_membership(tip.tip_id, cluster_id), a_review(tip.tip_id, "actionable"), lead)
        await eventually(lambda: _has_alerts(cbp, 3), timeout_s=ALERT_S)
        took_s = time.monotonic() - started
        told = await alerts_of(cbp)
        assert [alert["grade"] for alert in told].count("confirmed") == 1
        assert all(change["after"]["investigation"] == "developing" for alert in told for change in alert["changes"])
        again = a_tip(a_party(an_email(EMAIL)))
        await send(kafka, again, a_membership(again.tip_id, cluster_id))
        await eventually(lambda: _is_past(facts.pool, "SELECT count(*) FROM membership", 1))
        worker.process.kill()
        await worker.ended(within_s=DRAIN_S)
    started = time.monotonic()
    with place.worker():
        await eventually(lambda: _has_alerts(cbp, 4), timeout_s=ALERT_AFTER_KILL_S)
        restarted_s = time.monotonic() - started
        await send(kafka, again)
        for waiting in ("touched_tip", "outbox"):
            await eventually(
                lambda waiting=waiting: _is_empty(facts.pool, f"SELECT count(*) FROM {waiting}"),  # type: ignore[misc]
                timeout_s=READY_S,
            )
    assert len(await alerts_of(cbp)) == 4
    events = await kafka.read_events("query.activity")
    assert len({e["subject"]["id"] for e in events if e["type"] == "alert.raised"}) == 4
    print(f"alerts after {took_s:.2f} s; after a killed worker, {restarted_s:.2f} s from the start of the next")


async def _is_past(pool: Pool, statement: str, number: int) -> bool:
    return await count(pool, statement) > number


async def _is_empty(pool: Pool, statement: str) -> bool:
    return await count(pool, statement) == 0


async def _has_alerts(officer: Officer, number: int) -> bool:
    return len(await alerts_of(officer)) >= number
