"""Whoever can write to Kafka without a key: what they write is on record, is told of, and holds up nobody."""

import json
import secrets
from collections.abc import Sequence

import orjson
import pytest

from services.audit.handlers.log import append
from shared.db.pool import Pool
from shared.kafka.consume import Record
from tests.builders import event_bytes
from tests.integration.audit.conftest import follow
from tests.unit.audit.records import a_record
from tests.unit.audit.test_producers import KEYS

HUGE = "HUGE"
"""Stands for a number of 4,000 digits, which is JSON."""


def forged(offset: int, payload: dict[str, object], **fields: object) -> Record:
    """Return an unsigned record of a person's event that says this."""
    value = orjson.loads(event_bytes())
    value |= {"actor": {"id": "hsi.agent", "kind": "person"}, **fields, "payload": payload}
    return a_record(topic="query.activity", offset=offset, headers=(), value=json.dumps(value).encode().replace(b'"HUGE"', b"9" * 4_000))


async def follow_all(pool: Pool, records: Sequence[Record]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)
    while (await follow(pool, KEYS)).entry_count:
        pass


@pytest.mark.parametrize("name", ["record_id", "lead_id", "record_ids"])
@pytest.mark.parametrize("said", [secrets.token_hex(100_000), {"a": 1}, HUGE, "\U0010ffff", ""])
async def test_what_a_forged_event_shows_may_be_anything(pool: Pool, name: str, said: object) -> None:
    payload = {name: [said] if name.endswith("s") else said}
    await follow_all(pool, [forged(0, payload)])
    assert await pool.fetchval("SELECT count(*) FROM event") == 1
