"""A month of look-ups in the log, to be reported."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.audit.domain.keys import Keys
from services.audit.domain.staff import Staff
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.sensors import Sensors
from shared.db.pool import Pool
from shared.events.activity import (
    AuthRefusedV1,
    CallerPersonal,
    LookupAnsweredV1,
    LookupPersonal,
    RequestRefusedV1,
    SessionOpenedV1,
)
from shared.events.envelope import Context, Payload
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS
from tests.builders import an_actor, event_bytes, new_id
from tests.fakes import FakeClock
from tests.unit.audit.records import a_record

OUTBOX = Outbox(shards=OUTBOX_SHARDS)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
LATER = FakeClock(datetime(2026, 3, 2, tzinfo=UTC))


def an_event(offset: int, payload: Payload, *, days: float, actor: str | None = "cbp.att", **who: Any) -> Record:
    context = Context(None if actor is None else an_actor(id=actor, **who), new_id())
    value = event_bytes(payload, context=context, occurred_at=FEBRUARY + timedelta(days=days))
    return a_record(topic="query.activity", partition=0, offset=offset, value=value)


def a_lookup(purpose: str, match_count: int = 0, *, reference: str = "none") -> LookupAnsweredV1:
    return LookupAnsweredV1(
        lookup_id=new_id(),
        purpose=purpose,
        reference=reference,
        match_count=match_count,
        truncated=False,
        record_ids=[],
        lead_ids=[],
        grades={},
        duration_ms=1,
        personal=LookupPersonal(name="Invented Name"),
    )


def refused(outcome: str) -> RequestRefusedV1:
    return RequestRefusedV1(
        route="GET /v1/leads", status=403, problem="forbidden", outcome=outcome, personal=CallerPersonal()
    )


async def tell_month(pool: Pool) -> None:
    """A month of two people, one whom nobody knew, and something of the next month."""
    unknown = AuthRefusedV1(reason="expired", route="GET /v1/leads", personal=CallerPersonal())
    records = [
        an_event(0, SessionOpenedV1(session="s", issued_at=FEBRUARY), days=0),
        an_event(1, a_lookup("investigation", 1), days=3),
        an_event(2, a_lookup("investigation"), days=27.9),
        an_event(3, a_lookup("redress"), days=4, actor="ceiu.analyst"),
        an_event(4, refused("denied"), days=5),
        an_event(5, refused("failed"), days=5, actor="ceiu.analyst"),
        an_event(6, unknown, days=6, actor=None),
        an_event(7, a_lookup("investigation"), days=28),
    ]
    await tell(pool, records)


async def tell(pool: Pool, records: Sequence[Record]) -> None:
    """Append to the log, and let sensors follow."""
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)
    keys = Keys(b"secret")
    sensors = Sensors(keys, Staff({}, keys), Metrics())
    async with pool.acquire() as connection, connection.transaction():
        await follow_log(connection, keys={}, followers=(sensors.follow,), outbox=OUTBOX, clock=LATER)
