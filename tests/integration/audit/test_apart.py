"""What follows the log may fail: the log is written and signed on, and no entry keeps others from being followed."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.audit.domain.logged import Logged
from services.audit.following import Following
from services.audit.handlers.log import append
from services.audit.handlers.project import Follower
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS, Tools
from tests.builders import event_bytes, new_id
from tests.conftest import Kafka, Keys
from tests.integration.audit.conftest import Verify
from tests.integration.workers import READY_S, Place
from tests.servers import Database
from tests.unit.audit.records import a_record
from tests.unit.audit.test_producers import KEYS, sent
from tests.waiting import eventually

COUNT, BAD = 40, 27
TAMPERED = 1
SIGNED = "SELECT COALESCE(max(size), 0) = $1 FROM log_checkpoint"
REFUSE = """
CREATE FUNCTION audit.refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation';
END $$"""
REFUSE_ONE = """
CREATE TRIGGER refuse_one BEFORE INSERT ON audit.shown
FOR EACH ROW WHEN (NEW.record_id = '{}') EXECUTE FUNCTION audit.refuse_one()"""


class Poisoned:
    """A follower that keeps what it sees in a table, and fails at some events, by the error given."""

    def __init__(self, error: Callable[[], Exception], *bad: int) -> None:
        self.error = error
        self.bad = bad
        self.calls = 0

    async def follow(self, transaction: Connection, events: Sequence[Logged]) -> None:
        self.calls += 1
        hours = [(f"{event.topic} {event.index}", event.occurred_at) for event in events]
        await transaction.executemany("INSERT INTO worked (actor_id, hour) VALUES ($1, $2)", hours)
        if any(event.index in self.bad for event in events):
            raise self.error()


def following(pool: Pool, metrics: Metrics, *followers: Follower, keys: Any = None) -> Following:
    settings: Any = SimpleNamespace(kafka_bootstrap="127.0.0.1:1", kafka_topic_prefix="")
    tools = Tools(settings, SystemClock(), metrics, pool, Outbox(shards=OUTBOX_SHARDS))
    return Following(tools, keys or {}, followers, lambda: None)


async def follow_to_end(part: Following) -> None:
    while await part.follow():
        pass


async def write_unfollowed(pool: Pool, records: Sequence[Record]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)


async def seen(pool: Pool) -> set[str]:
    return {row["actor_id"] for row in await pool.fetch("SELECT actor_id FROM worked")}


async def anomalies(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    return [row["event"]["payload"] for row in rows]


@pytest.fixture
async def records(pool: Pool) -> list[Record]:
    """Events of two logs, not followed yet."""
    records = [
        a_record(topic=topic, partition=0, offset=n, value=event_bytes())
        for topic in ("intake.tips", "linker.leads")
        for n in range(COUNT)
    ]
    await write_unfollowed(pool, records)
    return records


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("error", [ZeroDivisionError, lambda: asyncpg.UniqueViolationError("x")])
async def test_an_entry_at_which_a_follower_fails_is_set_aside_on_record_and_all_others_are_followed(
    pool: Pool, error: Callable[[], Exception]
) -> None:
    metrics, poisoned = Metrics(), Poisoned(error, BAD)
    await follow_to_end(following(pool, metrics, poisoned.follow))
    every = {f"{topic} {n}" for topic in ("intake.tips", "linker.leads") for n in range(COUNT)}
    aside = {f"intake.tips {BAD}", f"linker.leads {BAD}"}
    assert await seen(pool) == every - aside
    assert await pool.fetchval("SELECT count(*) FROM event") == len(every), "what does not fail is filled in"
    assert [
        (told["kind"], told["topic"], told["partition"], told["first_index"], told["error"])
        for told in await anomalies(pool)
    ] == [("not_followed", topic, 0, BAD, type(error()).__name__) for topic in ("intake.tips", "linker.leads")]
    assert metrics.registry.get_sample_value("cets_audit_anomalies_total", {"kind": "not_followed"}) == 2
    rows = await pool.fetch("SELECT kind, index, error FROM anomaly")
    assert [tuple(row.values()) for row in rows] == [("not_followed", BAD, type(error()).__name__)] * 2


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    "error", [TimeoutError, lambda: asyncpg.DeadlockDetectedError("x"), lambda: asyncpg.InsufficientPrivilegeError("x")]
)
async def test_an_error_that_no_entry_is_to_blame_for_is_met_again_until_it_is_gone(
    pool: Pool, error: Callable[[], Exception]
) -> None:
    poisoned = Poisoned(error, BAD)
    part = following(pool, Metrics(), poisoned.follow)
    for _ in range(3):
        with pytest.raises(type(error())):
            await follow_to_end(part)
    assert await seen(pool) == set()
    poisoned.bad = ()
    await follow_to_end(part)
    assert len(await seen(pool)) == 2 * COUNT
    assert await anomalies(pool) == []


async def test_what_cannot_be_filled_in_is_searched_for_by_its_header_and_followed_anew_once_it_can(
    pool: Pool, superuser: Connection, verified: Verify
) -> None:
    """Here by a fault of the database's, at one value."""
    ids = [new_id() for _ in range(3)]
    records = [
        sent(topic="intake.activity", offset=n, seq=str(n + 1).encode(), value=event_bytes(subject_id=str(id_)))
        for n, id_ in enumerate(ids)
    ]
    await write_unfollowed(pool, records)
    await superuser.execute(REFUSE)
    await superuser.execute(REFUSE_ONE.format(ids[1]))
    await follow_to_end(following(pool, Metrics(), keys=KEYS))
    rows = await pool.fetch("SELECT index, subject_id, is_verified FROM event ORDER BY index")
    assert [tuple(row.values()) for row in rows] == [
        (0, str(ids[0]), True),
        (1, str(ids[1]), None),
        (2, str(ids[2]), True),
    ]
    assert await pool.fetchval("SELECT count(*) FROM shown") == 2
    assert [told["first_index"] for told in await anomalies(pool)] == [1]
    assert (await verified(given_witness=None))[0] != TAMPERED
    await superuser.execute("DROP TRIGGER refuse_one ON audit.shown")
    await superuser.execute("DELETE FROM event WHERE is_verified IS NULL")
    await superuser.execute("UPDATE projected SET index = 0")
    await follow_to_end(following(pool, Metrics(), keys=KEYS))
    assert await pool.fetchval("SELECT count(*) FROM event WHERE is_verified") == 3
    assert await pool.fetchval("SELECT count(*) FROM shown") == 3
    assert len(await anomalies(pool)) == 1


async def test_a_mark_that_was_set_beyond_the_logs_end_skips_nothing(pool: Pool, superuser: Connection) -> None:
    part = following(pool, Metrics())
    await write_unfollowed(pool, [a_record(offset=n, value=event_bytes()) for n in range(3)])
    await follow_to_end(part)
    await superuser.execute("UPDATE projected SET index = index + 1000")
    await write_unfollowed(pool, [a_record(offset=n, value=event_bytes()) for n in range(3, 6)])
    await follow_to_end(part)
    assert await pool.fetchval("SELECT count(*) FROM event") == 6
    assert await pool.fetchval("SELECT bool_and(projected.index = head.size) FROM projected JOIN head ON id = head_id")


@pytest.mark.parametrize("back_to", [0, 1, BAD])
async def test_a_mark_that_was_set_back_changes_nothing_and_accuses_nobody(
    pool: Pool, superuser: Connection, back_to: int
) -> None:
    """Neither by a second row, nor by a number that would be there twice, nor by an anomaly told again."""
    records = [
        sent(topic="intake.activity", offset=n + (n > 5), seq=str(n + 1).encode(), value=event_bytes())
        for n in range(COUNT)
    ]
    forged = a_record(topic="intake.activity", offset=COUNT + 1, headers=(), value=event_bytes())
    await write_unfollowed(pool, [*records, forged])
    await follow_to_end(following(pool, Metrics(), keys=KEYS))

    async def state() -> list[Any]:
        tables = ("event", "shown", "producer", "anomaly", "projected", "outbox")
        return [await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    before = await state()
    await superuser.execute("UPDATE projected SET index = $1", back_to)
    await follow_to_end(following(pool, Metrics(), keys=KEYS))
    assert await state() == before


async def test_a_worker_writes_and_signs_on_while_nothing_can_be_followed_and_says_so(
    database: Database, kafka: Kafka, keys: Keys, pool: Pool, superuser: Connection, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    await superuser.execute("REVOKE INSERT ON event FROM audit_app")
    with Place("audit", database, kafka, keys, tmp_path).worker(checkpoint_key_file=key) as worker:
        await eventually(worker.is_ready, timeout_s=READY_S)

        async def fails() -> bool:
            return await worker.measure("cets_failing_parts", part="Following") == 1

        async def is_well() -> bool:
            return not await fails()

        async def says() -> Any:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"{worker.url}/readyz")).json()

        for count in (1, 2):
            await kafka.send("intake.tips", event_bytes(), key=b"k")
            await eventually(partial(pool.fetchval, SIGNED, count), timeout_s=20)
            await eventually(fails, timeout_s=10)
        assert await says() == {"status": "ready", "failing": ["Following"]}
        assert await pool.fetchval("SELECT count(*) FROM event") == 0
        await superuser.execute("GRANT INSERT ON event TO audit_app")
        await eventually(lambda: pool.fetchval("SELECT count(*) = 2 FROM event"), timeout_s=20)
        # It counts as done at the end of that work, which is a moment after the commit.
        await eventually(is_well, timeout_s=10)
        assert await says() == {"status": "ready"}
        assert await anomalies(pool) == []
