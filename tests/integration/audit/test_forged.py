"""Whoever can write to Kafka without a key: what they write is on record, is told of, and holds up nobody."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.audit.domain.staff import Staff
from services.audit.handlers.log import append
from services.audit.handlers.reports import find_months
from services.audit.handlers.sensors import Sensors, read_until
from services.audit.store.reports import SELECT_FIRST
from services.audit.store.sensors import SELECT_NEWEST
from shared.db.pool import Pool
from shared.events.envelope import Event, decode, encode
from shared.kafka.consume import Record
from shared.metrics import Metrics
from tests.builders import an_event, event_bytes
from tests.fakes import START
from tests.integration.audit.conftest import follow
from tests.integration.audit.looking import BOSTON, a_lookup, received_ms
from tests.integration.audit.looking import KEYS as KEYS_OF_LOOKUPS
from tests.unit.audit import test_producers
from tests.unit.audit.records import a_record
from tests.unit.audit.test_producers import sent

KEYS = {**test_producers.KEYS, "query": [b"q" * 32]}
SENSORS = Sensors(KEYS_OF_LOOKUPS, Staff({}, KEYS_OF_LOOKUPS), Metrics())
HUGE = "HUGE"
"""Stands for a number of 4,000 digits, which is JSON."""


def forged(offset: int, payload: dict[str, object], **fields: object) -> Record:
    """Return an unsigned record of a person's event that says this."""
    value = json.loads(event_bytes())
    value |= {"actor": {"id": "hsi.agent", "kind": "person"}, **fields, "payload": payload}
    return a_record(
        topic="query.activity",
        offset=offset,
        headers=(),
        value=json.dumps(value).encode().replace(b'"HUGE"', b"9" * 4_000),
    )


async def follow_all(pool: Pool, records: Sequence[Record]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)
    while (await follow(pool, KEYS, SENSORS.follow)).entry_count:
        pass
    async with pool.acquire() as connection, connection.transaction():
        until = await read_until(connection)
        while until is not None and await SENSORS.judge(connection, until=until):
            pass


def on_topic(event: Event, offset: int, *, is_forged: bool) -> Record:
    """Return an event as a record of its topic's own partition."""
    value, received = encode(event), received_ms(event.occurred_at)
    if is_forged:
        return a_record(topic=event.topic, partition=0, offset=offset, headers=(), value=value, timestamp_ms=received)
    seq, key = str(offset + 1).encode(), KEYS["query"][0]
    record = sent(b"query.0", seq=seq, key=key, topic=event.topic, partition=0, offset=offset, value=value)
    return replace(record, timestamp_ms=received)


@pytest.mark.parametrize("name", ["record_id", "lead_id", "record_ids"])
@pytest.mark.parametrize("said", [secrets.token_hex(100_000), {"a": 1}, HUGE, "\U0010ffff", ""])
async def test_what_a_forged_event_shows_may_be_anything(pool: Pool, name: str, said: object) -> None:
    payload = {name: [said] if name.endswith("s") else said}
    await follow_all(pool, [forged(0, payload)])
    assert await pool.fetchval("SELECT count(*) FROM event") == 1


@pytest.mark.parametrize("is_forged", [False, True])
async def test_a_forged_lookup_accuses_nobody(pool: Pool, is_forged: bool) -> None:
    asked = [a_lookup(BOSTON, "asap", at=START + n * timedelta(minutes=9)) for n in range(6)]
    later = an_event(topic="query.activity", occurred_at=START + timedelta(hours=2))
    records = [on_topic(event, offset, is_forged=is_forged) for offset, event in enumerate(asked)]
    await follow_all(pool, [*records, on_topic(later, 6, is_forged=False)])
    counts = [await pool.fetchval(f"SELECT count(*) FROM {table}") for table in ("lookup", "worked", "flag")]
    assert counts == ([0, 0, 0] if is_forged else [6, 1, 1])


@pytest.mark.parametrize("is_forged", [False, True])
async def test_a_forged_event_of_a_later_time_has_nothing_judged_before_its_reason_is_there(
    pool: Pool, is_forged: bool
) -> None:
    asked = [a_lookup(BOSTON, "asap", at=START + n * timedelta(seconds=1)) for n in range(4)]
    records = [on_topic(event, offset, is_forged=False) for offset, event in enumerate(asked)]
    later = an_event(topic="query.activity", occurred_at=START + timedelta(days=9_000))
    await follow_all(pool, [*records, on_topic(later, 4, is_forged=is_forged)])
    await follow_all(pool, [on_topic(asked[0], 5, is_forged=True)])
    assert await pool.fetchval("SELECT count(*) FROM due") == (4 if is_forged else 0)


async def test_a_forged_event_of_long_ago_makes_no_month_due(pool: Pool) -> None:
    ancient = an_event(topic="query.activity", occurred_at=datetime(2, 1, 1, tzinfo=UTC))
    now = an_event(topic="query.activity", occurred_at=START)
    await follow_all(pool, [on_topic(ancient, 0, is_forged=True), on_topic(now, 1, is_forged=False)])
    async with pool.acquire() as connection:
        assert await find_months(connection, START + timedelta(days=40)) == (
            [START.date().replace(day=1)],
            [START.date().replace(day=1)],
        )


async def test_forged_records_of_many_producers_are_told_of_together(pool: Pool) -> None:
    names = [b"intake.%d" % n for n in range(50)] + [b"nobody.%d" % n for n in range(50)]
    records = [sent(name, key=b"x" * 32, offset=offset, value=event_bytes()) for offset, name in enumerate(names)]
    await follow_all(pool, records)
    events = [open_event(row["value"]) for row in await pool.fetch("SELECT value FROM outbox ORDER BY id")]
    assert sorted((event["kind"], event["producer"], event["entry_count"]) for event in events) == [
        ("bad_mac", None, 50),
        ("unknown_producer", None, 50),
    ]


async def test_what_is_told_of_a_forged_record_can_be_read(pool: Pool) -> None:
    """A NUL in a producer's name would make of our own event an entry that nobody finds."""
    await follow_all(pool, [sent(b"intake.\x00", key=b"x" * 32, value=event_bytes())])
    assert open_event(await pool.fetchval("SELECT value FROM outbox"))["kind"] == "unknown_producer"


def open_event(value: bytes) -> Mapping[str, Any]:
    return decode(value).payload


@pytest.mark.parametrize("statement", [SELECT_NEWEST, SELECT_FIRST])
async def test_a_flood_of_forged_events_is_not_read_again_with_every_step(pool: Pool, statement: str) -> None:
    """PostgreSQL may read every row of so small a table, unless it is told that this is dear."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN {statement}")]
    reads = [line for line in plan if " on event" in line]
    assert all("event_sent" in line for line in reads)
    assert reads or statement == SELECT_NEWEST, "the newest is kept apart, and no forged event in it"
