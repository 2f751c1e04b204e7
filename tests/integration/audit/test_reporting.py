"""The part of the worker that makes each month's report when it is due, and rings while it is not signed."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from services.audit import reporting
from services.audit.app import SERVICE
from services.audit.reporting import Reporting
from shared.db.pool import Pool
from shared.metrics import Metrics
from shared.service import Tools, open_tools
from tests import conftest
from tests.builders import event_bytes
from tests.conftest import settings_of
from tests.fakes import FakeClock
from tests.integration.audit.conftest import follow
from tests.integration.audit.months import FEBRUARY, LATER, tell_month
from tests.servers import Database
from tests.waiting import eventually


@pytest.fixture
async def month(pool: Pool) -> None:
    """A month that is over."""
    await tell_month(pool)


@pytest.fixture
async def tools(
    database: Database,
    kafka: conftest.Kafka,
    keys: conftest.Keys,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Any:
    """A worker's tools, on the day after February; its own commands find the same database, and no stack that runs."""
    settings = settings_of(SERVICE, database, keys, kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    monkeypatch.setenv("AUDIT_ENVIRONMENT", "test")
    monkeypatch.setenv("AUDIT_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("CETS_HOME", str(tmp_path / "no-home"))
    monkeypatch.setenv("AUDIT_PRODUCER_KEY_FILE", str(keys.producer_file))
    opened: Tools[Any] = await open_tools(SERVICE, settings, Metrics(), FakeClock(LATER.now()), process="worker")
    yield opened
    await opened.pool.close()


@pytest.mark.usefixtures("month")
async def test_the_worker_makes_what_is_due_with_what_the_verifier_says(pool: Pool, tools: Tools[Any]) -> None:
    rung: list[bool] = []
    await Reporting(tools, lambda: rung.append(True)).work()
    (row,) = await pool.fetch("SELECT month, document FROM report")
    assert row["month"] == FEBRUARY.date()
    verification = json.loads(row["document"])["verification"]
    assert verification["exit_code"] == 0, verification
    assert verification["said"][0].startswith("intact: 8 entries")
    assert rung == [True]


async def said_of_derived(pool: Pool, tools: Tools[Any]) -> Any:
    await Reporting(tools, lambda: None).work()
    document = json.loads(await pool.fetchval("SELECT document FROM report"))
    assert document["verification"]["exit_code"] == 0
    return document["verification_derived"]


@pytest.mark.usefixtures("month")
async def test_a_report_says_too_whether_what_auditors_are_shown_follows_from_the_log(
    pool: Pool, tools: Tools[Any], superuser: Any
) -> None:
    await superuser.execute("DELETE FROM shown")
    await superuser.execute("INSERT INTO shown SELECT 'x', head_id, index FROM event LIMIT 1")
    said = await said_of_derived(pool, tools)
    assert said["exit_code"] == 1
    assert said["said"][0] == "different: what is stored is not what follows from the 8 entries that were followed."


@pytest.mark.usefixtures("month")
async def test_a_report_is_made_though_what_is_derived_cannot_be_looked_at(
    pool: Pool, tools: Tools[Any], superuser: Any
) -> None:
    name = await pool.fetchval("SELECT current_database()")
    await superuser.execute(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC, audit_app')
    said = await said_of_derived(pool, tools)
    assert said["exit_code"] == 2
    assert said["said"] == [
        "incomplete: it could not be derived to the end (InsufficientPrivilegeError); nothing is said about it"
    ]


@pytest.mark.usefixtures("month")
async def test_a_report_does_not_wait_for_ever_and_says_so(
    pool: Pool, tools: Tools[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "DERIVE_TIMEOUT_S", 0.018)
    said = await said_of_derived(pool, tools)
    assert (said["exit_code"], said["said"]) == (None, ["not finished: it was stopped after 5e-06 hours"])


@pytest.mark.usefixtures("month")
async def test_a_verifier_that_breaks_is_not_taken_for_one_that_found_tampering(
    pool: Pool, tools: Tools[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both end with 1; only one of them says something."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    await Reporting(tools, lambda: None).work()
    document = json.loads(await pool.fetchval("SELECT document FROM report"))
    for name in ("verification", "verification_derived"):
        assert document[name]["exit_code"] is None
        assert document[name]["said"] == ["it ended without saying anything (exit status 1): the worker's log has why"]


async def reports_made(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT count(*) = 1 FROM report"))


@pytest.mark.usefixtures("month")
async def test_no_report_is_made_before_all_is_read_and_followed_that_kafka_held_then(
    pool: Pool, tools: Tools[Any], kafka: conftest.Kafka, work: conftest.Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes to Kafka afterwards is not waited for. One who waits for long is heard."""
    monkeypatch.setattr(reporting, "WAITS_MAX_S", 0.0)
    await kafka.send("intake.tips", event_bytes(), key=b"k")
    part = Reporting(tools, lambda: None)
    with capture_logs() as logs:
        await part.work()
    assert not await reports_made(pool)
    (said,) = [entry for entry in logs if entry["event"] == "report_waits"]
    assert said["reason"].startswith("not read: intake.tips[")
    async with work(SERVICE, clock=FakeClock(FEBRUARY)):
        await eventually(
            lambda: pool.fetchval("SELECT count(*) = 1 FROM event WHERE type = 'tip.repeated'"), timeout_s=20
        )
    await kafka.send("intake.tips", event_bytes(), key=b"k")
    await pool.execute("UPDATE projected SET index = index - 1")
    with capture_logs() as logs:
        await part.work()
    assert [entry["reason"] for entry in logs if entry["event"] == "report_waits"] == []
    assert not await reports_made(pool)
    while (await follow(pool)).entry_count:
        pass
    await part.work()
    assert await reports_made(pool)


@pytest.mark.usefixtures("month")
async def test_an_end_without_a_record_is_not_waited_for(
    pool: Pool, tools: Tools[Any], kafka: conftest.Kafka, work: conftest.Work
) -> None:
    """The mark at a transaction's end takes an offset too."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=f"{kafka.prefix}someone")
    await producer.start()
    async with producer.transaction():
        await producer.send(f"{kafka.prefix}intake.tips", event_bytes(occurred_at=FEBRUARY), key=b"k")
    await producer.stop()
    part = Reporting(tools, lambda: None)
    await part.work()
    assert not await reports_made(pool)
    async with work(SERVICE, clock=FakeClock(FEBRUARY)):
        await eventually(
            lambda: pool.fetchval("SELECT count(*) = 1 FROM event WHERE type = 'tip.repeated'"), timeout_s=20
        )
    await part.work()
    assert await reports_made(pool)


@pytest.mark.usefixtures("month")
async def test_a_log_that_was_tampered_with_is_reported_so(superuser: Any, pool: Pool, tools: Tools[Any]) -> None:
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    await superuser.execute("UPDATE entry SET body = '\\x00' WHERE index = 3")
    await Reporting(tools, lambda: None).work()
    verification = json.loads(await pool.fetchval("SELECT document FROM report"))["verification"]
    assert verification["exit_code"] == 1
    assert "query.activity[0] entry 3" in verification["said"][1]


@pytest.mark.usefixtures("month")
async def test_a_missing_signature_raises_the_alarm_on_day_35(tools: Tools[Any]) -> None:
    clock = tools.clock
    assert isinstance(clock, FakeClock)
    part = Reporting(tools, lambda: None)
    for days, alarm in ((33.9, False), (35, True)):
        clock.move(FEBRUARY + timedelta(days=days) - clock.now())
        with capture_logs() as logs:
            await part.work()
        assert [entry["months"] for entry in logs if entry["event"] == "report_unsigned"] == (
            [["2026-02-01"]] if alarm else []
        )
        assert b"cets_audit_late_reports 1.0" in tools.metrics.render() or not alarm
