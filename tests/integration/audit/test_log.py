"""The writer: every record of every topic is one entry, in order; and nothing but appending is possible."""

import asyncio
import random

import asyncpg
import pytest

from services.audit.app import SERVICE
from services.audit.domain.log import NotNext
from services.audit.domain.record import decode_body
from services.audit.handlers.log import append
from shared.db.pool import Connection, Pool
from shared.events.topics import Topic
from shared.kafka.consume import Record
from tests.builders import event_bytes, new_id
from tests.conftest import Kafka, Work
from tests.fakes import FakeClock
from tests.integration.audit.conftest import Write
from tests.servers import Database
from tests.unit.audit.records import POISON, a_record
from tests.waiting import eventually

LOG = """
SELECT head.topic, head.partition, entry.index, entry.kafka_offset, entry.kind, entry.event_id, event.type,
    event.occurred_at, event.subject_kind, event.subject_id, event.actor_id, event.outcome, entry.header,
    entry.commit, entry.leaf, entry.body
FROM entry JOIN head ON head.id = entry.head_id
    LEFT JOIN event ON event.head_id = entry.head_id AND event.index = entry.index
ORDER BY head.topic, head.partition, entry.index"""
HEADS = "SELECT topic, partition, size, next_offset, frontier FROM head ORDER BY topic, partition"


def some_records(count: int) -> list[Record]:
    """Return records of three partitions, a tenth of them poison, a fifth of them repeats."""
    chance, offsets, sent = random.Random(7), {}, []  # type: ignore[var-annotated]
    ids = [new_id() for _ in range(count // 5)]
    for _ in range(count):
        place = chance.choice([("intake.tips", 0), ("intake.tips", 1), ("query.activity", 0)])
        offset = offsets.get(place, 0)
        offsets[place] = offset + 1
        kind = chance.random()
        value = POISON if kind < 0.1 else event_bytes(event_id=chance.choice(ids)) if kind < 0.3 else event_bytes()
        sent.append(a_record(topic=place[0], partition=place[1], offset=offset, value=value))
    return sent


async def the_log(connection: Connection | Pool) -> list[list[object]]:
    rows = [*await connection.fetch(LOG), *await connection.fetch(HEADS)]
    return [list(row.values()) for row in rows]


async def wipe(superuser: Connection) -> None:
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL")
    await superuser.execute("TRUNCATE entry, head, event, shown, projected; DELETE FROM fence")


async def test_the_same_records_make_the_same_rows_in_any_batches(
    write: Write, pool: Pool, superuser: Connection
) -> None:
    records = some_records(120)
    await write(records)
    whole = await the_log(pool)
    assert len([row for row in whole if len(row) > 5]) == 120
    for batch in (1, 7, 64):
        await wipe(superuser)
        await write(records, batch=batch)
        assert await the_log(pool) == whole


async def test_extreme_times_and_ids_are_kept_as_they_are(write: Write, pool: Pool) -> None:
    """The first and the last time an event can have, ids that hold what SQL might read, a header without value."""
    times = [b"0002-01-01T00:00:00Z", b"9998-12-31T23:59:59.999999Z", b"1969-12-31T23:59:59.999999Z"]
    values = [event_bytes().replace(b"2026-03-01T10:00:00Z", time) for time in times]
    values.append(event_bytes(subject_id="'; DROP TABLE entry; -- \\.\t\\N é"))
    await write([a_record(offset=n, value=value, headers=(("a", None),)) for n, value in enumerate(values)])
    kept = await pool.fetch("SELECT kind, body, subject_id FROM entry JOIN event USING (head_id, index) ORDER BY index")
    assert [row["kind"] for row in kept] == ["event"] * 4
    assert [decode_body(row["body"]).value for row in kept] == values
    assert kept[3]["subject_id"] == "'; DROP TABLE entry; -- \\.\t\\N é"


async def test_a_log_may_begin_at_any_offset_and_have_holes(write: Write, pool: Pool) -> None:
    await write([a_record(offset=500), a_record(offset=502)])
    await write([a_record(offset=510)])
    kept = await pool.fetch("SELECT index, kafka_offset FROM entry ORDER BY index")
    assert [tuple(row.values()) for row in kept] == [(0, 500), (1, 502), (2, 510)]


async def test_an_event_that_another_partition_has_is_no_duplicate(write: Write, pool: Pool) -> None:
    value = event_bytes()
    await write([a_record(value=value), a_record(value=value, partition=3)])
    await write([a_record(value=value, topic="intake.activity"), a_record(value=value, offset=1)])
    kinds = await pool.fetch("SELECT kind FROM entry JOIN head ON head.id = head_id ORDER BY topic, partition, index")
    assert [row["kind"] for row in kinds] == ["event", "event", "duplicate", "event"]


async def test_records_that_the_log_has_already_are_refused(write: Write, pool: Pool) -> None:
    """A fence that was moved back by hand does not double the log."""
    await write([a_record(offset=0), a_record(offset=1)])
    before = await the_log(pool)
    with pytest.raises(NotNext):
        await write([a_record(offset=1), a_record(offset=2)])
    assert await the_log(pool) == before


async def test_of_two_writers_of_one_partition_the_second_is_refused(pool: Pool, write: Write) -> None:
    """Both read the same end; the first commits while the second waits for the head."""
    await write([a_record(offset=0)])
    async with pool.acquire() as one, pool.acquire() as other:
        first = one.transaction()
        await first.start()
        await append(one, [a_record(offset=1)])
        second = other.transaction()
        await second.start()
        waiting = asyncio.create_task(append(other, [a_record(offset=1)]))
        await eventually(lambda: waits_for_a_lock(pool))
        await first.commit()
        with pytest.raises(NotNext):
            await waiting
        await second.rollback()
    assert await pool.fetchval("SELECT count(*) FROM entry") == 2


async def waits_for_a_lock(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))


REFUSED = [
    "UPDATE entry SET kind = 'event'",
    "UPDATE entry SET body = ''",
    "DELETE FROM entry",
    "DELETE FROM entry WHERE false",
    "TRUNCATE entry",
    "DELETE FROM head",
    "TRUNCATE head",
    "UPDATE head SET size = size - 1",
    "UPDATE head SET next_offset = next_offset - 1, size = size + 1",
    "UPDATE head SET topic = 'intake.activity'",
    "UPDATE head SET partition = 9, size = size + 1, next_offset = next_offset + 1",
]


@pytest.mark.parametrize("statement", REFUSED)
@pytest.mark.parametrize("role", ["app", "owner", "superuser"])
async def test_nobody_changes_or_removes_what_is_written(
    write: Write, database: Database, role: str, statement: str
) -> None:
    await write([a_record(offset=0), a_record(offset=1)])
    urls = {"app": database.url("audit"), "owner": database.owner_url("audit"), "superuser": database.superuser_url}
    connection = await asyncpg.connect(urls[role], server_settings={"search_path": "audit"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        if role == "superuser":
            # What a replica's session may do, this one may not.
            await connection.execute("SET session_replication_role = replica")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "DROP TABLE entry",
        "CREATE TABLE forged (id integer)",
        "INSERT INTO head (id, topic, partition, size, next_offset, frontier) OVERRIDING SYSTEM VALUE "
        "VALUES (9, 't', 0, 0, 0, '')",
        "SET ROLE audit_owner",
    ],
)
async def test_the_app_role_has_no_other_way_either(write: Write, pool: Pool, statement: str) -> None:
    await write([a_record()])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_the_app_role_may_do_with_its_tables_what_is_listed_here_and_nothing_else(pool: Pool) -> None:
    rows = await pool.fetch(
        """
        SELECT relname, privilege FROM pg_class CROSS JOIN unnest(
            ARRAY['INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
        WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'
            AND relname IN ('entry', 'head', 'schema_migration') AND has_table_privilege(oid, privilege)"""
    )
    assert {tuple(row.values()) for row in rows} == {
        ("entry", "INSERT"),
        ("entry", "SELECT"),
        ("head", "SELECT"),
        ("schema_migration", "SELECT"),
    }


async def test_every_topic_is_read_also_an_office_that_is_opened_later(kafka: Kafka, work: Work, pool: Pool) -> None:
    """Poison, repeats and dead letters are entries too; a topic that merely begins like ours is not read."""
    await kafka.make_offices("sac-boston")
    await kafka.make_topics(Topic("intake.tips.not-ours", "nobody", "id", (), (), 1))
    await kafka.send("intake.tips.not-ours", event_bytes())
    value = event_bytes()
    await kafka.send("intake.tips", value, POISON, value, None, key=b"k")
    await kafka.send("intake.tips.dlq", value)
    await kafka.send("audit.activity", event_bytes())
    async with work(SERVICE, clock=FakeClock()):
        await kafka.send("referral.office.sac-boston", event_bytes())
        await eventually(lambda: has_entries(pool, 7))
        await kafka.make_offices("sac-later")
        await kafka.send("referral.office.sac-later", event_bytes())
        await eventually(lambda: has_entries(pool, 8), timeout_s=40)
    kinds = await pool.fetch("SELECT topic, kind FROM entry JOIN head ON head.id = head_id ORDER BY topic, index")
    assert [tuple(row.values()) for row in kinds] == [
        ("audit.activity", "event"),
        ("intake.tips", "event"),
        ("intake.tips", "opaque"),
        ("intake.tips", "duplicate"),
        ("intake.tips", "opaque"),
        ("intake.tips.dlq", "opaque"),
        ("referral.office.sac-boston", "event"),
        ("referral.office.sac-later", "event"),
    ]
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0, "audit says nothing for storing"


async def test_a_restarted_worker_goes_on_where_the_log_ends(kafka: Kafka, work: Work, pool: Pool) -> None:
    await kafka.send("intake.tips", *(event_bytes() for _ in range(5)), key=b"k")
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: has_entries(pool, 5))
    await kafka.send("intake.tips", *(event_bytes() for _ in range(5)), key=b"k")
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: has_entries(pool, 10))
    assert await pool.fetchval("SELECT max(size) FROM head") == 10


async def has_entries(pool: Pool, count: int) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM entry") >= count)
