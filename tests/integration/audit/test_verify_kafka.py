"""`--against-kafka`: the log holds what lies on Kafka, record by record; what Kafka no longer has is counted."""

import argparse
from collections.abc import Callable, Coroutine
from functools import partial

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.audit.app import SERVICE
from services.audit.settings import is_read
from services.audit.verifier.options import Options
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from services.audit.verifier.run import run
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes
from tests.conftest import Kafka, Work
from tests.fakes import FakeClock
from tests.integration.audit.conftest import Write
from tests.integration.audit.signed_logs import TOPIC, rebuild, rewrite
from tests.servers import Database, free_port
from tests.unit.audit.records import POISON, a_record
from tests.waiting import eventually

Outcome = tuple[int, str]
Compare = Callable[..., Coroutine[None, None, Outcome]]
COUNT = 12


@pytest.fixture
def compared(database: Database, kafka: Kafka, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Verify the log beside Kafka, without any key; return the exit code and what was said."""

    async def compared(bootstrap: str = kafka.bootstrap) -> Outcome:
        given = Options(
            database_url=database.superuser_url,
            kafka_bootstrap=bootstrap,
            kafka_topic_prefix=kafka.prefix,
            is_read=partial(is_read, prefix=kafka.prefix),
        )
        code = await run(given, argparse.Namespace(against_kafka=""))
        said = capsys.readouterr().out
        assert "Traceback" not in said
        return code, said

    return compared


@pytest.fixture
async def attacker(kafka: Kafka, work: Work, pool: Pool, superuser: Connection) -> Connection:
    """A connection that may do anything, on a log that audit's worker has made of two topics."""
    await kafka.send(TOPIC, *(event_bytes() for _ in range(COUNT - 2)), POISON, None, key=b"k")
    await kafka.send("query.activity", event_bytes())
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: _has_entries(pool, COUNT + 1))
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL")
    return superuser


async def _has_entries(pool: Pool, count: int) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM entry") >= count)


async def partition_of(pool: Connection) -> int:
    partition: int = await pool.fetchval("SELECT partition FROM head WHERE topic = $1", TOPIC)
    return partition


async def test_the_log_is_what_lies_on_kafka_and_what_is_above_its_head_is_lag(
    compared: Compare, attacker: Connection, kafka: Kafka
) -> None:
    await kafka.send(TOPIC, event_bytes(), key=b"k")
    code, said = await compared()
    assert code == INTACT, said
    assert "Kafka has 1 record more than the log had when it was read." in said
    assert "Of the entries 13 are, byte for byte, the records on Kafka, which no longer has 0." in said


async def test_history_that_was_written_anew_is_not_what_lies_on_kafka(compared: Compare, attacker: Connection) -> None:
    await attacker.execute("DROP TABLE cosignature, log_checkpoint, checkpoint, tile")
    await rewrite(attacker, 5)
    await rewrite(attacker, 7)
    code, said = await compared()
    place = f"{TOPIC}[{await partition_of(attacker)}]"
    assert (code, said.count(f"{place} entry ")) == (TAMPERED, 1), said
    assert f"{place} entry 5: Kafka's record at offset 5 is another" in said
    assert "Of the entries 6 are" in said


async def test_a_time_that_kafka_did_not_give_is_found(compared: Compare, attacker: Connection) -> None:
    of_entry = "head_id = (SELECT id FROM head WHERE topic = 'intake.tips') AND index = 4"
    await attacker.execute(f"UPDATE entry SET header = set_byte(header, 21, get_byte(header, 21) # 1) WHERE {of_entry}")
    await attacker.execute(f"UPDATE entry SET leaf = sha256('\\x00' || header || commit) WHERE {of_entry}")
    await rebuild(attacker)
    code, said = await compared()
    assert (code, "entry 4: Kafka's record at offset 4 is another" in said) == (TAMPERED, True), said


@pytest.mark.parametrize("removed", [0, 5, COUNT - 1])
async def test_a_record_that_the_log_left_out_is_named(compared: Compare, attacker: Connection, removed: int) -> None:
    """Deleted, and all that follow counted anew: the log is whole by itself, but for a hole that could be Kafka's."""
    await attacker.execute("ALTER TABLE entry DROP CONSTRAINT entry_kafka_offset, DROP CONSTRAINT entry_pkey")
    of_log = "head_id = (SELECT id FROM head WHERE topic = 'intake.tips')"
    await attacker.execute(f"DELETE FROM entry WHERE {of_log} AND index = $1", removed)
    await attacker.execute(f"UPDATE entry SET index = index - 1 WHERE {of_log} AND index > $1", removed)
    await attacker.execute("ALTER TABLE head DROP CONSTRAINT head_next_offset")
    await rebuild(attacker)
    await attacker.execute("UPDATE head SET next_offset = $1 WHERE topic = 'intake.tips'", COUNT)
    code, said = await compared()
    assert code == TAMPERED
    assert f"entry {removed}: before it, Kafka's record at offset {removed} is missing" in said, said


async def test_an_entry_that_kafka_never_had_is_named(
    compared: Compare, kafka: Kafka, work: Work, pool: Pool, superuser: Connection, write: Write
) -> None:
    """The end of a transaction takes an offset, which no record has; a forged entry stands there."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=f"{kafka.prefix}forger")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send(kafka.prefix + TOPIC, event_bytes(), partition=2)
    finally:
        await producer.stop()
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: _has_entries(pool, 1))
    code, said = await compared()
    assert (code, "Of the entries 1 are" in said) == (INTACT, True), said
    await write([a_record(offset=1)])
    code, said = await compared()
    assert code == TAMPERED
    assert f"{TOPIC}[2] entry 1: Kafka has no record at its offset 1" in said, said


@pytest.mark.parametrize("gone", [1, 6, COUNT])
async def test_what_kafka_no_longer_has_is_counted(
    compared: Compare, attacker: Connection, kafka: Kafka, gone: int
) -> None:
    place = TopicPartition(kafka.prefix + TOPIC, await partition_of(attacker))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=gone)})
    finally:
        await admin.close()
    await rewrite(attacker, gone - 1)
    code, said = await compared()
    assert code == INTACT, said
    are = f"Of the entries {COUNT + 1 - gone} are, byte for byte, the records on Kafka, which no longer has {gone}."
    assert are in said, said
    if gone < COUNT:
        await rewrite(attacker, gone)
        assert f"entry {gone}: Kafka's record at offset {gone} is another" in (await compared())[1]


async def test_an_entry_behind_kafka_s_end_is_named_once_and_may_be_one_that_kafka_lost(
    compared: Compare, write: Write
) -> None:
    await write([a_record(topic="query.activity", partition=1)])
    code, said = await compared()
    assert (code, said.count("query.activity[1]")) == (INCOMPLETE, 1), said
    assert "query.activity[1] entry 0: Kafka has no record at its offset 0" in said


async def test_a_topic_that_is_gone_is_counted_too(compared: Compare, write: Write) -> None:
    await write([a_record(topic="referral.office.sac-nowhere", offset=n) for n in range(3)])
    code, said = await compared()
    assert (code, "Of the entries 0 are, byte for byte, the records on Kafka, which no longer has 3" in said) == (
        INTACT,
        True,
    ), said


async def test_a_broker_that_is_away_leaves_the_comparison_incomplete(compared: Compare, attacker: Connection) -> None:
    code, said = await compared(bootstrap=f"127.0.0.1:{free_port()}")
    assert (code, "Kafka: it could not be read to the end" in said) == (INCOMPLETE, True), said


async def test_without_a_broker_s_address_nothing_can_be_compared(compared: Compare) -> None:
    assert (await compared(bootstrap=""))[0] == USAGE
