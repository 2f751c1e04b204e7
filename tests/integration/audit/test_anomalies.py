"""`GET /v1/anomalies`: what is wrong with the log, and where; and looking is on record."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.audit.app import SERVICE
from services.audit.handlers.log import append
from services.audit.handlers.project import find_holes, follow_log, tell_missing
from services.audit.store import anomalies
from services.audit.store.projection import add_set_aside
from shared.clock import Clock
from shared.db.pool import Pool
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.service import OUTBOX_SHARDS
from tests.builders import event_bytes
from tests.conftest import Caller, CallService
from tests.fakes import START, FakeClock
from tests.unit.audit.records import POISON, a_record
from tests.unit.audit.test_producers import KEYS, sent

OUTBOX = Outbox(shards=OUTBOX_SHARDS)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


async def ask(caller: Caller, **query: Any) -> Any:
    response = await caller.client.get("/v1/anomalies", params=query, headers=caller.as_("auditor"))
    assert response.status_code == 200, response.text
    return response.json()


async def take_in(pool: Pool, clock: Clock, *records: Record) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)
        while (await follow_log(connection, keys=KEYS, followers=(), outbox=OUTBOX, clock=clock)).entry_count:
            pass


@pytest.fixture
async def trouble(pool: Pool) -> list[Record]:
    """Of each minute something else: forged records, lost ones on audit's own topic, numbers left out, a day."""
    clock = FakeClock(START)
    forged = [a_record(offset=n, headers=(), value=value) for n, value in enumerate((event_bytes(), POISON))]
    await take_in(pool, clock, *forged)
    clock.move(MINUTE)
    own = [a_record(topic="audit.activity", offset=n, headers=(), value=event_bytes()) for n in (0, 5)]
    await take_in(pool, clock, *own)
    clock.move(MINUTE)
    await take_in(
        pool, clock, *(sent(offset=2 + n, seq=seq, value=event_bytes()) for n, seq in enumerate((b"1", b"3", b"6")))
    )
    async with pool.acquire() as connection, connection.transaction():
        await tell_missing(connection, await find_holes(connection), OUTBOX, clock)
        clock.move(MINUTE)
        head_id = await connection.fetchval("SELECT id FROM head WHERE topic = 'intake.tips'")
        await add_set_aside(connection, "not_judged", (head_id, 0), error="ZeroDivisionError", at=clock.now())
    return [*forged, *own]


def place(item: Any) -> tuple[Any, ...]:
    if item["topic"] is None:
        return item["kind"], item["producer"], item["first_number"], item["last_number"]
    return item["kind"], item["topic"], item["partition"], item["index"]


OWN = (
    ("unsigned", "audit.activity", 2, 1),
    ("lost_offsets", "audit.activity", 2, 1),
    ("unsigned", "audit.activity", 2, 0),
)
MISSING = ("missing_numbers", "intake.0", 4, 5), ("missing_numbers", "intake.0", 2, 2)
FORGED = ("unsigned", "intake.tips", 2, 1), ("unsigned", "intake.tips", 2, 0)
DAY = (("not_judged", "intake.tips", 2, 0),)


def at(minutes: int) -> str:
    moment: datetime = START + minutes * MINUTE
    return moment.isoformat()


@pytest.mark.usefixtures("trouble")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [*DAY, *MISSING, *OWN, *FORGED]),
        ({"kind": "unsigned"}, [OWN[0], OWN[2], *FORGED]),
        ({"kind": "missing_numbers"}, [*MISSING]),
        ({"topic": "intake.tips"}, [*DAY, *FORGED]),
        ({"topic": "intake.tips", "kind": "missing_numbers"}, []),
        ({"from": at(2)}, [*DAY, *MISSING]),
        ({"from": at(1), "to": at(2)}, [*OWN]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_anomalies_are_listed_with_their_places_the_latest_first(
    caller: Caller, query: dict[str, str], found: list[Any], limit: int
) -> None:
    seen, cursor = [], None
    while True:
        page = await ask(caller, limit=limit, **query, **({"cursor": cursor} if cursor else {}))
        seen += [place(item) for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == found


@pytest.mark.usefixtures("trouble")
async def test_an_anomaly_names_its_event_where_there_is_one_and_looking_is_on_record(
    caller: Caller, pool: Pool
) -> None:
    whole, opaque = sorted((await ask(caller, topic="intake.tips", kind="unsigned"))["items"], key=lambda i: i["index"])
    event_id = await pool.fetchval("SELECT event_id FROM entry JOIN head ON id = head_id AND topic = 'intake.tips'")
    assert whole == {
        "kind": "unsigned",
        "noticed_at": "2026-03-01T10:00:00Z",
        "topic": "intake.tips",
        "partition": 2,
        "index": 0,
        "event_id": str(event_id),
        "producer": None,
        "first_number": None,
        "last_number": None,
        "error": None,
    }
    assert opaque["event_id"] is None
    [aside] = (await ask(caller, kind="not_judged"))["items"]
    assert aside["error"] == "ZeroDivisionError"
    await ask(caller, kind="missing_numbers")
    rows = await pool.fetch("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    looked = [row["event"]["payload"] for row in rows if row["event"]["type"] == "record.viewed"]
    assert [each["record_ids"] for each in looked] == [
        ["intake.tips[2] 1", str(event_id)],
        [str(event_id)],
        ["intake.0 4", "intake.0 2"],
    ]
    assert {each["kind"] for each in looked} == {"anomaly"}


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "none"},
        {"topic": ""},
        {"from": "yesterday"},
        {"cursor": "WyJhIiwxXQ"},
        {"cursor": "WyIyMDI2LTAzLTAxVDEwOjAwOjAwWiIsLTEsMCwieCJd"},
        {"cursor": "WyJ4IiwxLDAsIngiXQ"},
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(caller: Caller, query: dict[str, Any]) -> None:
    response = await caller.client.get("/v1/anomalies", params=query, headers=caller.as_("auditor"))
    assert response.status_code == 422, response.text


async def test_every_statement_fits_the_schema(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.prepare(anomalies.LIST_ANOMALIES)
