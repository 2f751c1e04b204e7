"""`GET /v1/entries`: what happened, by who, whom, what and when; and looking is on record."""

from datetime import timedelta
from typing import Any

import pytest

from services.audit.app import SERVICE
from services.audit.store import checkpoints, log, projection
from services.audit.store import entries as store
from services.audit.verifier import database
from shared.db.pool import Pool
from shared.events.activity import TipRepeatedV1
from shared.events.envelope import Context
from shared.kafka.consume import Record
from tests.builders import an_actor, event_bytes, new_id
from tests.conftest import Caller, CallService
from tests.fakes import START
from tests.integration.audit.conftest import Write
from tests.unit.audit.records import POISON, a_record

TIP = new_id()


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


async def ask(caller: Caller, account: str = "auditor", **query: Any) -> Any:
    response = await caller.client.get("/v1/entries", params=query, headers=caller.as_(account))
    assert response.status_code == 200, response.text
    return response.json()


async def places(caller: Caller, **query: Any) -> list[tuple[str, int, int]]:
    page = await ask(caller, **query)
    return [(item["topic"], item["partition"], item["index"]) for item in page["items"]]


def an_entry(topic: str, partition: int, offset: int, *, actor: str = "cbp.att", **fields: Any) -> Record:
    context = Context(an_actor(id=actor), new_id())
    value = event_bytes(fields.pop("payload", None), context=context, **fields)
    return a_record(topic=topic, partition=partition, offset=offset, value=value)


def a_repeat_of(tip_id: Any) -> TipRepeatedV1:
    return TipRepeatedV1(tip_id=tip_id, tip_version=1, source="ncmec", source_ref="CT-1", outcome="denied")


@pytest.fixture
async def entries(write: Write) -> None:
    """Six events of three partitions, and what is not listed."""
    repeated = event_bytes()
    await write(
        [
            an_entry("query.activity", 0, 0, occurred_at=START),
            an_entry("query.activity", 0, 1, occurred_at=START + timedelta(hours=1), actor="ceiu.analyst"),
            an_entry("intake.tips", 1, 0, occurred_at=START + timedelta(hours=2), payload=a_repeat_of(TIP)),
            an_entry("intake.tips", 1, 1, occurred_at=START, payload=a_repeat_of(TIP), actor="source.ncmec"),
            a_record(topic="intake.tips", partition=1, offset=2, value=POISON),
            a_record(topic="intake.tips", partition=0, offset=0, value=repeated),
            a_record(topic="intake.tips", partition=0, offset=1, value=repeated),
            a_record(topic="intake.tips", partition=0, offset=2, value=event_bytes(context=Context(None, new_id()))),
            a_record(topic="intake.tips.dlq", partition=0, offset=0),
        ]
    )


ALL = [
    ("intake.tips", 0, 0),
    ("intake.tips", 0, 2),
    ("intake.tips", 1, 0),
    ("intake.tips", 1, 1),
    ("query.activity", 0, 0),
    ("query.activity", 0, 1),
]


@pytest.mark.usefixtures("entries")
async def test_events_are_listed_in_order_and_neither_repeats_nor_opaque_records(caller: Caller) -> None:
    assert await places(caller) == ALL


@pytest.mark.usefixtures("entries")
async def test_an_item_says_who_did_what_to_whom_when_and_where_it_is_on_record(caller: Caller) -> None:
    page = await ask(caller, subject=str(TIP), limit=1)
    (item,) = page["items"]
    assert item.pop("event_id")
    assert item == {
        "type": "tip.repeated",
        "occurred_at": "2026-03-01T12:00:00Z",
        "actor": "cbp.att",
        "subject": {"kind": "tip", "id": str(TIP)},
        "outcome": "denied",
        "topic": "intake.tips",
        "partition": 1,
        "index": 0,
        "verified": None,
    }
    nobody = (await ask(caller))["items"][1]
    assert (nobody["actor"], nobody["outcome"]) == (None, "ok")


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "cbp.att"}, [2, 4]),
        ({"actor": "nobody"}, []),
        ({"subject": str(TIP)}, [2, 3]),
        ({"subject": str(TIP), "actor": "source.ncmec"}, [3]),
        ({"type": "tip.repeated"}, [0, 1, 2, 3, 4, 5]),
        ({"type": "tip"}, []),
        ({"from": "2026-03-01T11:00:00Z"}, [2, 5]),
        ({"from": "2026-03-01T12:00:00+01:00", "to": "2026-03-01T12:00:00Z"}, [5]),
        ({"to": "2026-03-01T10:00:00Z"}, []),
        ({"to": "2026-03-01T10:00:00.000001Z"}, [0, 1, 3, 4]),
        ({"actor": "' OR true --"}, []),
    ],
)
async def test_filters_narrow_and_from_counts_in_and_to_does_not(
    caller: Caller, query: dict[str, str], found: list[int]
) -> None:
    assert await places(caller, **query) == [ALL[n] for n in found]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_pages_give_each_entry_once_while_entries_come(caller: Caller, write: Write, limit: int) -> None:
    cursor, seen, offset = None, [], 3
    while True:
        page = await ask(caller, limit=limit, **({} if cursor is None else {"cursor": cursor}))
        seen += [(item["topic"], item["partition"], item["index"]) for item in page["items"]]
        cursor = page["cursor"]
        if offset < 6:
            await write([an_entry("intake.tips", 0, offset), an_entry("audit.activity", 0, offset)])
            offset += 1
        if cursor is None:
            break
        assert len(page["items"]) == limit
    assert [place for place in seen if place in ALL] == ALL
    assert len(seen) == len(set(seen))


async def test_the_log_may_be_empty(caller: Caller) -> None:
    assert await ask(caller) == {"items": [], "cursor": None}


@pytest.mark.usefixtures("entries")
async def test_looking_is_on_record_with_what_was_shown(caller: Caller, pool: Pool) -> None:
    page = await ask(caller, "privacy.officer", actor="cbp.att")
    rows = await pool.fetch("SELECT topic, convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    events = [row["event"] for row in rows]
    assert {row["topic"] for row in rows} == {"audit.activity"}
    assert [event["type"] for event in events] == ["session.opened", "record.viewed"]
    assert events[1]["actor"]["id"] == "privacy.officer"
    assert events[1]["payload"]["record_count"] == 2
    assert events[1]["payload"]["record_ids"] == [item["event_id"] for item in page["items"]]


@pytest.mark.parametrize("account", ["system.admin", "ceiu.supervisor", "cbp.att", "source.ncmec"])
async def test_only_auditors_look(caller: Caller, account: str) -> None:
    response = await caller.client.get("/v1/entries", headers=caller.as_(account))
    assert response.status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "WyJhIiwxXQ"},
        {"cursor": "WyJhIiwxLC0xXQ"},
        {"cursor": "WyJhIiwxLDk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"},
        {"cursor": "WzEsMiwzXQ"},
        {"cursor": "WyJhXHUwMDAwIiwxLDFd"},
        {"limit": 0},
        {"limit": 501},
        {"limit": "1_0"},
        {"limit": "5.0"},
        {"limit": "+5"},
        {"limit": " 5"},
        {"limit": "٥"},
        {"actor": ""},
        {"actor": "a\0"},
        {"subject": "a" * 501},
        {"type": "\0"},
        {"from": "2026-03-01"},
        {"from": "2026-03-01T10:00:00"},
        {"from": "0001-01-01T00:00:00+01:00"},
        {"from": "1"},
        {"from": "1767225600"},
        {"from": "2026-03-01 10:00:00Z"},
        {"from": "20260301T100000Z"},
        {"from": ""},
        {"to": "1"},
        {"to": "2026-03-01T10:00:00"},
        {"offset": "10"},
        {"From": "2026-03-01T10:00:00Z"},
        {"to": "yesterday"},
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(caller: Caller, query: dict[str, Any]) -> None:
    response = await caller.client.get("/v1/entries", params=query, headers=caller.as_("auditor"))
    assert response.status_code == 422, response.text
    (name,) = query
    assert name in str(response.json()["errors"])


async def test_every_statement_fits_the_schema(pool: Pool) -> None:
    rooms = (store, log, projection, checkpoints, database)
    statements = [
        text
        for room in rooms
        for name, text in vars(room).items()
        if name.isupper() and isinstance(text, str) and " " in text
    ]
    async with pool.acquire() as connection:
        for statement in statements:
            await connection.prepare(statement)
    assert len(statements) >= 30
