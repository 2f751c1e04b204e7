"""Whoever can write to Kafka puts records there once more, or some of their own: nobody has done more by that."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.audit.domain.report import Verification, Verifications
from services.audit.domain.staff import Staff
from services.audit.handlers.reports import make_report
from services.audit.handlers.sensors import PATIENCE
from shared.db.pool import Pool
from tests.builders import an_event
from tests.fakes import START, FakeClock
from tests.integration.audit.deriving import APRIL, MARCH, OUTBOX, SignedLog
from tests.integration.audit.looking import CBP, COLLEAGUE, KEYS, a_lookup, a_manifest, a_passenger, a_screening
from tests.unit.audit.records import a_record

SEEN = ("lookup", "listed", "reason", "reason_name", "viewed", "worked", "flag", "flag_event", "stood")
SAID = Verification(APRIL, 0, ["intact"])


async def seen(pool: Pool) -> list[Any]:
    return [await pool.fetch(f"SELECT * FROM {table} ORDER BY {table}::text") for table in SEEN]


async def test_a_screening_that_is_replayed_is_told_of_and_changes_nothing(pool: Pool) -> None:
    """On its own partition each record is a duplicate; on another one it takes its number a second time."""
    log = SignedLog(pool, Staff({}, KEYS))
    people = [{"name": f"Passenger{n} Listed{n}", "birth_date": "1980-02-03"} for n in range(9)]
    minute = timedelta(minutes=1)
    events = [
        a_manifest(actor=COLLEAGUE, passenger_count=9),
        *(a_passenger(each, actor=COLLEAGUE) for each in people),
        *(a_lookup(CBP, "LH400", at=START + 9 * n * minute, personal=each) for n, each in enumerate(people, 1)),
        a_screening(),
    ]
    records = [log._record(event) for event in events]
    await log.append_records(*records)
    await log.append(an_event(occurred_at=START + timedelta(hours=3) + PATIENCE))
    await log.follow()
    before = await seen(pool)
    assert len(await log.flags()) == 1
    count = len(records)
    await log.append_records(*(replace(record, offset=record.offset + count) for record in records))
    await log.append_records(*(replace(record, partition=1, offset=n) for n, record in enumerate(records)))
    forged = an_event(a_lookup(CBP).payload, topic="query.activity", context=events[1].context, occurred_at=START)
    await log.append_records(
        replace(log._record(forged), partition=2, offset=0, headers=()),
        a_record(topic="query.activity", partition=2, offset=1, headers=()),
    )
    await log.append(an_event(occurred_at=START + timedelta(days=1)))
    await log.follow()
    assert await seen(pool) == before
    told = await pool.fetch("SELECT kind, partition, count(*) FROM anomaly JOIN head ON id = head_id GROUP BY 1, 2")
    assert {tuple(row) for row in told} == {("repeated_number", 1, count), ("unsigned", 2, 2)}
    async with pool.acquire() as connection, connection.transaction():
        report = await make_report(connection, MARCH, Verifications(SAID, SAID), OUTBOX, FakeClock(APRIL))
    assert report is not None
    said = json.loads(report.document)
    looked = {
        actor: sum(purpose["count"] for purpose in each["purposes"].values()) for actor, each in said["lookups"].items()
    }
    assert looked == {CBP.id: 9, COLLEAGUE.id: 9}
    assert said["changes"]["manifest.submitted"] == {COLLEAGUE.id: 1}
