"""`python -m services.audit verify`: whoever can write everything in the database is found, and the place is named.

Each attack is made as the superuser with the triggers off. What only a checkpoint kept elsewhere can show (the same
change made to entries and heads, consistently) is not among them.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.audit.__main__ import run
from services.audit.app import SERVICE, run_verify
from services.audit.verifier.options import Options
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from services.audit.verifier.run import source_of
from services.audit.verifier.whole import verify_snapshot
from shared.db.pool import Connection, Pool
from shared.kafka.consume import Record
from tests.builders import event_bytes, new_id
from tests.conftest import Kafka, Keys, Work, settings_of
from tests.fakes import FakeClock
from tests.integration.audit.conftest import Write
from tests.servers import Database, free_port
from tests.unit.audit.records import POISON, a_record
from tests.waiting import eventually

CHECKOUT = Path(__file__).parents[3]
Outcome = tuple[int, str]
Verify = Callable[..., Coroutine[None, None, Outcome]]


def some_records(count: int = 12) -> list[Record]:
    """Return records of two partitions; in each the 5th is a repeat of the first, and the 8th is poison."""
    records = []
    for topic in ("intake.tips", "query.activity"):
        values = [event_bytes() for _ in range(count)]
        values[4], values[7] = values[0], POISON
        records += [a_record(topic=topic, offset=n, value=value) for n, value in enumerate(values)]
    return records


@pytest.fixture
def verified(database: Database, keys: Keys, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the command on the test's database and return its exit code and what it said."""

    async def verified(**settings: object) -> Outcome:
        values = settings_of(SERVICE, database, keys, kafka_bootstrap=f"127.0.0.1:{free_port()}")
        code = await run_verify(values.model_copy(update=settings), argparse.Namespace())
        said = capsys.readouterr().out
        assert "Traceback" not in said
        return code, said

    return verified


@pytest.fixture
async def attacker(superuser: Connection, write: Write) -> Connection:
    """A connection that may do anything, on a log of two partitions."""
    await write(some_records(), batch=5)
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL")
    return superuser


AT_3 = "head_id = (SELECT id FROM head WHERE topic = 'query.activity') AND index = 3"
AT_4 = AT_3.replace("= 3", "= 4")
AT_7 = AT_3.replace("= 3", "= 7")
AT_11 = AT_3.replace("= 3", "= 11")
COPY = (
    "INSERT INTO entry (head_id, index, kafka_offset, kind, event_id, header, commit, leaf, body) "
    f"SELECT head_id, 12, 12, kind, gen_random_uuid(), header, commit, leaf, body FROM entry WHERE {AT_11}"
)
SWAP = (
    "ALTER TABLE entry DROP CONSTRAINT entry_kafka_offset; "
    f"UPDATE entry SET index = 99 WHERE {AT_3}; UPDATE entry SET index = 3 WHERE {AT_4}; "
    f"UPDATE entry SET index = 4 WHERE {AT_3.replace('= 3', '= 99')}"
)
REHASHED = (
    "UPDATE entry SET body = '\\x00', commit = sha256('\\x00'), leaf = sha256('\\x00' || header || sha256('\\x00'))"
)

ATTACKS = {
    "body": (f"UPDATE entry SET body = set_byte(body, 20, 0) WHERE {AT_3}", 3),
    "body and commit": (f"UPDATE entry SET body = '\\x00', commit = sha256('\\x00') WHERE {AT_3}", 3),
    "body, commit and leaf": (f"{REHASHED} WHERE {AT_3}", 0),
    "body, commit and leaf of the last peak": (f"{REHASHED} WHERE {AT_11}", 8),
    "header": (f"UPDATE entry SET header = set_byte(header, 140, 65) WHERE {AT_3}", 3),
    "commit": (f"UPDATE entry SET commit = sha256('x') WHERE {AT_3}", 3),
    "leaf": (f"UPDATE entry SET leaf = sha256('x') WHERE {AT_3}", 3),
    "actor": (f"UPDATE event SET actor_id = 'someone.else' WHERE {AT_3}", 3),
    "actor taken away": (f"UPDATE event SET actor_id = NULL WHERE {AT_3}", 3),
    "subject": (f"UPDATE event SET subject_id = 'another' WHERE {AT_3}", 3),
    "subject's kind": (f"UPDATE event SET subject_kind = 'lead' WHERE {AT_3}", 3),
    "type": (f"UPDATE event SET type = 'record.viewed' WHERE {AT_3}", 3),
    "outcome": (f"UPDATE event SET outcome = 'denied' WHERE {AT_3}", 3),
    "time": (f"UPDATE event SET occurred_at = occurred_at + interval '1 microsecond' WHERE {AT_3}", 3),
    "time without end": (f"UPDATE event SET occurred_at = 'infinity' WHERE {AT_3}", 3),
    "time that cannot be read": (f"UPDATE event SET occurred_at = '200000-01-01Z' WHERE {AT_3}", 3),
    "event id": (f"UPDATE entry SET event_id = gen_random_uuid() WHERE {AT_3}", 3),
    "offset": (f"UPDATE entry SET kafka_offset = 12 WHERE {AT_3}", 3),
    "not among the events": (f"DELETE FROM event WHERE {AT_3}", 3),
    "a repeat among the events": (
        "INSERT INTO event SELECT head_id, 4, occurred_at, type, subject_kind, subject_id, actor_id, outcome "
        f"FROM event WHERE {AT_3}",
        4,
    ),
    "event hidden as a duplicate": (f"UPDATE entry SET kind = 'duplicate' WHERE {AT_3}", 3),
    "event hidden as opaque": (f"UPDATE entry SET kind = 'opaque', event_id = NULL WHERE {AT_3}", 3),
    "event hidden under a kind of its own": (
        f"ALTER TABLE entry DROP CONSTRAINT entry_kind; UPDATE entry SET kind = 'none' WHERE {AT_3}",
        3,
    ),
    "opaque shown as an event": (f"UPDATE entry SET kind = 'event', event_id = gen_random_uuid() WHERE {AT_7}", 7),
    "repeat shown as an event": (f"DROP INDEX entry_event_id; UPDATE entry SET kind = 'event' WHERE {AT_4}", 4),
    "row removed": (f"DELETE FROM entry WHERE {AT_3}", 3),
    "last row removed": (f"DELETE FROM entry WHERE {AT_11}", 11),
    "all rows removed": (f"DELETE FROM entry WHERE {AT_3.replace('= 3', '>= 0')}", 0),
    "two rows swapped": (SWAP, 3),
    "forged row added": (COPY, 12),
    "head's size": ("UPDATE head SET size = 11, frontier = substr(frontier, 1, 96) WHERE topic = 'query.activity'", 11),
    "head's frontier": ("UPDATE head SET frontier = set_byte(frontier, 40, 0) WHERE topic = 'query.activity'", 8),
    "head's next offset": ("UPDATE head SET next_offset = 13 WHERE topic = 'query.activity'", None),
    "followed beyond the end": (f"UPDATE projected SET index = 13 WHERE {AT_3.partition(' AND')[0]}", None),
    "head's partition": ("UPDATE head SET partition = 5 WHERE topic = 'query.activity'", 0),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_change_of_the_log_is_found_with_its_place(verified: Verify, attacker: Connection, name: str) -> None:
    statement, index = ATTACKS[name]
    await attacker.execute("ALTER TABLE head DROP CONSTRAINT head_frontier")
    await attacker.execute(statement)
    code, said = await verified()
    assert code == TAMPERED, said
    place = "query.activity[5]" if name == "head's partition" else "query.activity[2]"
    where = f"  {place}:" if index is None else f"  {place} entry {index}:"
    assert where in said, said
    assert "intake.tips" not in said


async def test_a_head_removed_with_its_entries_left_is_found(verified: Verify, attacker: Connection) -> None:
    await attacker.execute("DELETE FROM head WHERE topic = 'query.activity'")
    code, said = await verified()
    assert code == TAMPERED
    assert "has no head" in said


async def test_every_log_that_was_touched_is_named(verified: Verify, attacker: Connection) -> None:
    await attacker.execute("UPDATE event SET outcome = 'denied' WHERE index IN (2, 9)")
    code, said = await verified()
    assert code == TAMPERED
    assert "in 2 places" in said
    assert "intake.tips[2] entry 2:" in said
    assert "query.activity[2] entry 2:" in said


async def test_a_page_that_the_database_cannot_read_is_tampering_with_its_place(
    verified: Verify, attacker: Connection
) -> None:
    """The body of one entry lies outside its row; then the relation it lies in is lost."""
    await attacker.execute("ALTER TABLE entry ALTER COLUMN body SET STORAGE EXTERNAL")
    await attacker.execute(f"UPDATE entry SET body = body || decode(repeat('00', 20000), 'hex') WHERE {AT_3}")
    await attacker.execute("SET allow_system_table_mods = on")
    await attacker.execute(
        "DELETE FROM pg_class WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'entry'::regclass)"
    )
    code, said = await verified()
    assert code == TAMPERED, said
    assert "query.activity[2] entry 3: the database cannot read it" in said
    assert "intake.tips" not in said


async def test_what_was_written_is_intact_and_the_kinds_are_counted(verified: Verify, write: Write) -> None:
    await write(some_records(), batch=5)
    code, said = await verified()
    assert code == INTACT
    assert said.startswith("intact: 24 entries of 2 partitions (20 event, 2 duplicate, 2 opaque)")
    assert "Kafka did not say" in said


async def test_an_empty_log_is_intact(verified: Verify) -> None:
    code, said = await verified()
    assert (code, said.startswith("intact: 0 entries")) == (INTACT, True)


async def test_many_pages_and_extreme_entries_are_intact(verified: Verify, write: Write) -> None:
    times = [b"0002-01-01T00:00:00Z", b"9998-12-31T23:59:59.999999Z", b"1969-12-31T23:59:59.999999Z"]
    values: list[bytes | None] = [event_bytes().replace(b"2026-03-01T10:00:00Z", time) for time in times]
    values += [None, b"", event_bytes(event_id=new_id(), subject_id="é" * 100)]
    values += [event_bytes() for _ in range(2_100)]
    await write([a_record(offset=n, value=value) for n, value in enumerate(values)])
    code, said = await verified()
    assert code == INTACT, said


async def test_entries_left_out_make_the_log_incomplete(verified: Verify, write: Write) -> None:
    await write([a_record(offset=3), a_record(offset=4), a_record(offset=7)])
    code, said = await verified()
    assert code == INCOMPLETE
    assert "intake.tips[2] entry 2: before it, the Kafka offsets 5 to 6 have no entry" in said


async def test_a_fence_that_was_moved_over_records_makes_the_log_incomplete(
    verified: Verify, write: Write, pool: Pool
) -> None:
    await write([a_record()])
    insert = "INSERT INTO fence (consumer_group, topic, partition, next_offset) VALUES ('audit', $1, 2, 5)"
    await pool.execute(insert, "intake.tips")
    await pool.execute(insert, "linker.leads")
    code, said = await verified()
    assert code == INCOMPLETE
    assert "intake.tips[2]: the fence stands at offset 5" in said
    assert "linker.leads[2]: everything below offset 5 was read, but there is no log" in said


async def test_a_live_log_is_verified_while_entries_come(database: Database, write: Write) -> None:
    """Batches are committed all the while; each run sees one moment."""
    offset = 0
    done = asyncio.Event()

    async def keep_writing() -> None:
        nonlocal offset
        while not done.is_set():
            await write([a_record(offset=offset + n) for n in range(20)])
            offset += 20

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep_writing())
        sizes: list[int] = []
        while len(sizes) < 5:
            async with source_of(Options(database_url=database.url("audit"))).open() as snapshot:
                report = await verify_snapshot(snapshot, Options())
            assert report.findings == []
            sizes.append(report.kinds.total())
        done.set()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


async def test_lag_behind_kafka_is_told_and_is_no_error(verified: Verify, kafka: Kafka, work: Work, pool: Pool) -> None:
    await kafka.make_offices("sac-boston")
    await kafka.send("intake.tips", *(event_bytes() for _ in range(3)), key=b"k")
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: has_entries(pool, 3))
    await kafka.send("intake.tips", event_bytes(), key=b"k")
    await kafka.send("referral.office.sac-boston", event_bytes())
    code, said = await verified(kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    assert code == INTACT, said
    assert "Kafka has 2 records more than the log had" in said


async def test_a_log_that_has_more_than_kafka_is_told(verified: Verify, kafka: Kafka, write: Write) -> None:
    await write([a_record(topic="query.activity", partition=1)])
    code, said = await verified(kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    assert code == INCOMPLETE
    assert "query.activity[1]: Kafka ends before offset 0, the log before 1" in said


async def has_entries(pool: Pool, count: int) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM entry") >= count)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://audit_app:x@127.0.0.1:1/cets", INCOMPLETE),
        ("postgresql://audit_app:wrong@{at}", INCOMPLETE),
        ("postgresql://intake_app:invented@{at}", INCOMPLETE),
        ("not an address", INCOMPLETE),
        ("", USAGE),
    ],
)
async def test_a_database_that_cannot_be_read_gets_a_sentence(
    verified: Verify, database: Database, url: str, code: int
) -> None:
    at = database.url("audit").partition("@")[2]
    found, said = await verified(database_url=SecretStr(url.format(at=at)))
    assert found == code, said
    assert len(said.splitlines()) == 1


async def test_a_database_that_goes_away_meanwhile_makes_it_incomplete(
    verified: Verify, write: Write, superuser: Connection
) -> None:
    """The backend is ended while the verifier waits for a locked table."""
    await write(some_records())
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE head IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(verified())
        await eventually(lambda: end_verifier(superuser))
    code, said = await running
    assert code == INCOMPLETE
    assert "nothing is said about the log" in said


async def end_verifier(superuser: Connection) -> bool:
    await superuser.execute("SELECT pg_stat_clear_snapshot()")
    return bool(await superuser.fetchval(END_VERIFIER))


END_VERIFIER = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'audit-verify' AND wait_event_type = 'Lock'"""


@pytest.mark.parametrize("arguments", [["--since", "x"], ["--nonsense"], ["extra"]])
def test_wrong_usage_is_3(arguments: list[str]) -> None:
    assert run(["verify", *arguments]) == USAGE


def test_wrong_usage_of_another_command_is_as_everywhere() -> None:
    with pytest.raises(SystemExit) as stop:
        run(["nonsense"])
    assert stop.value.code == 2


async def test_the_command_says_it_on_its_output(database: Database, write: Write, superuser: Connection) -> None:
    """As an operator runs it: a process of its own, settings from the environment."""
    await write(some_records())

    async def process() -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "services.audit", "verify"],
            cwd=CHECKOUT,
            env={**os.environ, "AUDIT_DATABASE_URL": database.url("audit"), "AUDIT_KAFKA_BOOTSTRAP": "127.0.0.1:1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    good = await process()
    assert (good.returncode, good.stderr) == (INTACT, "")
    assert good.stdout.startswith("intact: 24 entries")
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    await superuser.execute("UPDATE entry SET body = '' WHERE index = 2")
    bad = await process()
    assert bad.returncode == TAMPERED
    assert "entry 2: its body does not hash to its commit" in bad.stdout


async def test_whoever_reads_only_the_beginning_gets_the_exit_code_and_no_traceback(
    write: Write, database: Database
) -> None:
    """As `verify | head -0` does."""
    await write(some_records())
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "services.audit.verifier", "--database", database.superuser_url]
    process = await asyncio.create_subprocess_exec(*words, cwd=CHECKOUT, stdout=writer, stderr=asyncio.subprocess.PIPE)
    os.close(writer)
    _, said = await process.communicate()
    assert (process.returncode, said) == (INTACT, b"")
