"""The repairing commands as an operator types them, on a real service: what they print, and how they end."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from services.linker.app import SERVICE
from shared.errors import Rejected
from shared.events.envelope import decode
from shared.kafka.consume import Record
from shared.kafka.dead_letter import dead_letter
from tests.builders import a_tip_received, event_bytes, new_id
from tests.conftest import Kafka, Keys, Work
from tests.servers import CHECKOUT, Database

NAME = "Rosa Invented"
TIPS = "SELECT tip_id FROM linker.tip"


@dataclass(frozen=True)
class Operator:
    """Someone who types `python -m services.linker …`."""

    database: Database
    kafka: Kafka
    keys: Keys
    home: Path

    async def types(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Return the exit code, and all that was printed; no personal data is in it, whatever the command."""
        values = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.database.url("linker"),
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "KAFKA_TOPIC_PREFIX": self.kafka.prefix,
            "TOKEN_PUBLIC_KEY_FILE": str(self.keys.public_file),
            "PRODUCER_KEY_FILE": str(self.keys.producer_file),
            **settings,
        }
        environ = {**os.environ, "CETS_HOME": str(self.home)} | {f"LINKER_{k}": v for k, v in values.items()}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.linker",
            *arguments,
            cwd=CHECKOUT,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), 60)
        assert NAME not in printed.decode()
        assert "Traceback" not in printed.decode()
        return process.returncode or 0, printed.decode()

    async def bury(self, *values: bytes) -> None:
        """Put letters on the dead-letter topic, as a release left them that could not read these."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.bootstrap)
        await producer.start()
        for offset, value in enumerate(values):
            record = Record("intake.tips", 0, offset, b"k", value, (), 0)
            letter = dead_letter(
                record, topic="intake.tips.dlq", group="linker", error=Rejected("an old \x1b[2J reason")
            )
            headers = [(name, text.encode()) for name, text in letter.headers.items()]
            await producer.send_and_wait(self.kafka.prefix + letter.topic, value, key=letter.key, headers=headers)
        await producer.stop()

    async def tips(self) -> int:
        connection = await asyncpg.connect(self.database.superuser_url)
        try:
            return len(await connection.fetch(TIPS))
        finally:
            await connection.close()


@pytest.fixture
def operator(database: Database, kafka: Kafka, keys: Keys, tmp_path: Path) -> Operator:
    return Operator(database, kafka, keys, tmp_path)


async def test_letters_are_listed_rehearsed_applied_and_then_known(operator: Operator) -> None:
    assert await operator.types("redrive") == (0, "linker has no dead letters\n")
    value = event_bytes(a_tip_received())
    event_id = str(decode(value).event_id)
    await operator.bury(value, event_bytes(a_tip_received()))
    code, printed = await operator.types("redrive", "--topic", "intake.tips")
    assert code == 0
    assert "2 of these were not applied since" in printed
    assert "an old ?[2J reason" in printed
    code, printed = await operator.types("redrive", "--dry-run")
    assert (code, printed.count("\napplied") + printed.startswith("applied"), await operator.tips()) == (0, 2, 0)
    assert "nothing of it was kept" in printed
    code, printed = await operator.types("redrive", "--event-id", event_id)
    assert code == 0
    assert f"applied          intake.tips[0] offset 0  event {event_id}\n1 applied, 0 already applied" in printed
    assert await operator.tips() == 1
    code, printed = await operator.types("redrive", "--all")
    assert (code, await operator.tips()) == (0, 2)
    assert "1 applied, 1 already applied, 0 still refused" in printed


async def test_what_is_still_refused_or_is_not_there_ends_with_1_and_a_reason(operator: Operator) -> None:
    await operator.bury(b"not an event", event_bytes(a_tip_received()).replace(b'"version":1', b'"version":9', 1))
    code, printed = await operator.types("redrive", "--all")
    assert code == 1
    assert "event unreadable: not a valid event: (whole)" in printed
    assert "tip.received version 9 is not known here" in printed
    assert "stays a dead letter" in printed
    unknown = str(new_id())
    code, printed = await operator.types("redrive", "--event-id", unknown)
    assert (code, printed.splitlines()[0]) == (1, f"linker has no dead letter of event {unknown}")


async def test_a_broker_that_is_away_is_told_in_a_sentence(operator: Operator) -> None:
    code, printed = await operator.types("redrive", KAFKA_BOOTSTRAP="127.0.0.1:9")
    assert (code, printed.splitlines()[-1].partition(" (")[0]) == (1, "Kafka at 127.0.0.1:9 does not answer")


async def test_republish_says_how_many_events_it_put_in_the_outbox(operator: Operator, work: Work) -> None:
    async with work(SERVICE):
        await operator.kafka.send("intake.tips", event_bytes(a_tip_received()), key=b"k")
        await operator.kafka.read("linker.links", count_min=1)
        told = len(await operator.kafka.read("linker.links"))
        code, printed = await operator.types("republish")
        assert (code, printed) == (0, f"done: {told:,} events were put in the outbox again\n")
        records = await operator.kafka.read("linker.links", count_min=2 * told)
    assert {decode(r.value).event_id for r in records[:told]} == {decode(r.value).event_id for r in records[told:]}
    code, printed = await operator.types("republish", "--since", "2026-03-01")
    assert (code, "must be a time as in RFC 3339" in printed) == (2, True)
