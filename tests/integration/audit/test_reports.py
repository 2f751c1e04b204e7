"""The periodic audit: each month's report, two people's signatures, and the alarm when they are missing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from services.audit import reporting
from services.audit.app import SERVICE
from services.audit.domain.keys import Keys
from services.audit.domain.report import Verification
from services.audit.domain.sensors.day import DAY, Flag
from services.audit.domain.staff import Staff
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.reports import find_months, make_report, sign_report
from services.audit.handlers.sensors import Sensors
from services.audit.reporting import Reporting
from services.audit.store.reports import Report
from services.audit.store.sensors import add_flags
from shared.db.pool import Connection, Pool
from shared.errors import Conflict
from shared.events.activity import (
    AuthRefusedV1,
    CallerPersonal,
    LookupAnsweredV1,
    LookupPersonal,
    RequestRefusedV1,
    SessionOpenedV1,
)
from shared.events.envelope import Actor, Context, Payload
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.security import Principal
from shared.service import OUTBOX_SHARDS, Tools, open_tools
from tests import conftest
from tests.builders import a_tip_received, an_actor, event_bytes, new_id
from tests.conftest import Caller, CallService, settings_of
from tests.fakes import START, FakeClock
from tests.integration.audit.conftest import Write, follow
from tests.servers import Database
from tests.unit.audit.records import a_record
from tests.waiting import eventually

OUTBOX = Outbox(shards=OUTBOX_SHARDS)
VERIFIED = Verification(START, 0, ["intact"])
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


@pytest.fixture
async def month(pool: Pool, write: Write) -> None:
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


Make = Callable[[], Awaitable[Report]]


@pytest.fixture
def make(pool: Pool) -> Make:
    """Make February's report."""

    async def make() -> Report:
        async with pool.acquire() as connection, connection.transaction():
            report = await make_report(connection, FEBRUARY.date(), VERIFIED, OUTBOX, LATER)
        assert report is not None
        return report

    return make


async def published(pool: Pool, type_: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    return [row["event"] for row in rows if row["event"]["type"] == type_]


async def test_what_only_ones_own_tip_explains_is_unexplained_in_a_report(pool: Pool, make: Make) -> None:
    records = [
        an_event(0, a_tip_received(source_ref="CT-1"), days=1, actor="ceiu.analyst", agency="ICE"),
        an_event(1, a_lookup("investigation", reference="CT-1"), days=2, actor="ceiu.analyst", agency="ICE"),
        an_event(2, a_lookup("investigation", reference="CT-1"), days=2, actor="ceiu.supervisor", agency="ICE"),
    ]
    await tell(pool, records)
    said = json.loads((await make()).document)
    counted = {actor: person["purposes"]["investigation"]["unexplained"] for actor, person in said["lookups"].items()}
    assert counted == {"ceiu.analyst": 1, "ceiu.supervisor": 0}


@pytest.mark.usefixtures("month")
async def test_a_report_counts_its_month_and_nothing_else(pool: Pool, make: Make) -> None:
    report = await make()
    said = json.loads(report.document)
    assert said["entries"] == 7
    assert {actor: person["purposes"] for actor, person in said["lookups"].items()} == {
        "cbp.att": {"investigation": {"count": 2, "matched": 1, "unexplained": 2}},
        "ceiu.analyst": {"redress": {"count": 1, "matched": 0, "unexplained": 1}},
    }
    assert said["refused"] == {"denied": {"(unknown)": 1, "cbp.att": 1}, "failed": {"ceiu.analyst": 1}}
    assert said["logins"] == {"cbp.att": 1}
    assert said["verification"]["exit_code"] == 0
    (event,) = await published(pool, "report.made")
    assert event["payload"]["sha256"] == report.sha256.hex()


@pytest.mark.usefixtures("month")
async def test_a_session_at_two_services_is_one_login(write: Write, make: Make) -> None:
    opened = [("s1", "intake"), ("s1", "query"), ("s2", "query")]
    records = [
        a_record(
            topic=f"{service}.activity",
            partition=1,
            offset=offset,
            value=event_bytes(
                SessionOpenedV1(session=session, issued_at=FEBRUARY),
                context=Context(an_actor(id="k.lee"), new_id()),
                occurred_at=FEBRUARY,
                subject_id=session,
            ),
        )
        for offset, (session, service) in enumerate(opened)
    ]
    await write(records)
    assert json.loads((await make()).document)["logins"] == {"cbp.att": 1, "k.lee": 2}


@pytest.mark.usefixtures("month")
async def test_a_flag_is_reported_with_the_month_of_its_day(pool: Pool, make: Make) -> None:
    before, first, last = (FEBRUARY + timedelta(days=day) for day in (-1, 0, 27))
    days = {"bulk_view": [before, first], "repeated": [last], "off_hours": [last + DAY]}
    flags = [
        Flag(sensor, "cbp.att", day, day + DAY, "invented", (new_id(),))
        for sensor, mine in days.items()
        for day in mine
    ]
    async with pool.acquire() as connection, connection.transaction():
        await add_flags(connection, flags)
    said = json.loads((await make()).document)
    assert said["flags"] == {"bulk_view": 1, "repeated": 1}


@pytest.mark.usefixtures("month")
async def test_a_month_is_reported_once(pool: Pool, make: Make) -> None:
    async with pool.acquire() as connection:
        assert await find_months(connection, LATER.now()) == ([FEBRUARY.date()], [])
    await make()
    async with pool.acquire() as connection, connection.transaction():
        assert await find_months(connection, LATER.now()) == ([], [])
        assert await make_report(connection, FEBRUARY.date(), VERIFIED, OUTBOX, LATER) is None
    assert len(await published(pool, "report.made")) == 1


@pytest.mark.usefixtures("month")
async def test_what_no_service_sent_makes_no_month_due(pool: Pool) -> None:
    forged = an_event(8, a_lookup("investigation"), days=-700_000)
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, [forged])
        await follow_log(connection, keys={"query": [bytes(32)]}, followers=(), outbox=OUTBOX, clock=LATER)
        assert await find_months(connection, LATER.now()) == ([FEBRUARY.date()], [])


@pytest.mark.usefixtures("month")
async def test_a_month_is_not_reported_before_the_log_is_followed_up_to_its_end(pool: Pool) -> None:
    async def due() -> list[date]:
        async with pool.acquire() as connection:
            return (await find_months(connection, LATER.now()))[0]

    for topic, days, expected in (("intake.activity", 30.0, [FEBRUARY.date()]), ("query.views", 3.0, [])):
        async with pool.acquire() as connection, connection.transaction():
            await append(connection, [replace(an_event(0, refused("denied"), days=days), topic=topic)])
        assert await due() == expected
    await follow(pool)
    assert await due() == [FEBRUARY.date()]


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


async def sign(caller: Caller, account: str, report: Report, **changes: Any) -> Any:
    body = {"sha256": report.sha256.hex(), **changes}
    return await caller.client.post(
        f"/v1/reports/{report.report_id}/signatures", json=body, headers=caller.as_(account)
    )


async def read(caller: Caller, account: str, path: str) -> Any:
    response = await caller.client.get(path, headers=caller.as_(account))
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.usefixtures("month")
async def test_it_takes_the_system_administrator_and_the_program_manager(
    caller: Caller, pool: Pool, make: Make
) -> None:
    report = await make()
    (item,) = (await read(caller, "system.admin", "/v1/reports"))["items"]
    assert item["missing"] == ["system.admin", "program.manager"]
    first = await sign(caller, "system.admin", report, remark="Read.")
    assert (first.status_code, first.json()["complete"]) == (201, False)
    assert (await sign(caller, "system.admin", report)).status_code == 409
    second = await sign(caller, "program.manager", report)
    assert (second.status_code, second.json()["complete"]) == (201, True)
    whole = await read(caller, "auditor", f"/v1/reports/{report.report_id}")
    assert [each["role"] for each in whole["signatures"]] == ["system.admin", "program.manager"]
    assert (whole["missing"], whole["sha256"]) == ([], report.sha256.hex())
    assert whole["report"] == json.loads(report.document)
    told = [event["payload"]["is_complete"] for event in await published(pool, "report.signed")]
    assert told == [False, True]


@pytest.mark.usefixtures("month")
async def test_of_two_who_sign_at_once_the_second_completes_the_report(pool: Pool, make: Make) -> None:
    report = await make()

    async def signs(connection: Connection, role: str) -> bool:
        _, complete = await sign_report(
            connection,
            Principal(role, "person", role, "ICE", None, None, "s", START),
            Context(Actor(id=role, kind="person"), new_id()),
            report.report_id,
            sha256=report.sha256.hex(),
            remark=None,
            outbox=OUTBOX,
            clock=LATER,
        )
        return complete

    async def waits() -> bool:
        statement = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return second.done() or await pool.fetchval(statement) == 1

    async with pool.acquire() as one, pool.acquire() as other, other.transaction():
        async with one.transaction():
            assert not await signs(one, "system.admin")
            second = asyncio.create_task(signs(other, "program.manager"))
            await eventually(waits)
        assert await second


@pytest.mark.usefixtures("month")
async def test_one_person_in_both_roles_is_not_two(pool: Pool, make: Make) -> None:
    report = await make()

    def someone(role: str) -> Principal:
        return Principal("k.lee", "person", role, "ICE", None, None, "s", START)

    async def signs(role: str) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await sign_report(
                connection,
                someone(role),
                Context(Actor(id="k.lee", kind="person"), new_id()),
                report.report_id,
                sha256=report.sha256.hex(),
                remark=None,
                outbox=OUTBOX,
                clock=LATER,
            )

    await signs("system.admin")
    with pytest.raises(Conflict, match="two people"):
        await signs("program.manager")


@pytest.mark.usefixtures("month")
async def test_what_was_not_read_is_not_signed(caller: Caller, make: Make) -> None:
    report = await make()
    assert (await sign(caller, "system.admin", report, sha256="ab" * 32)).status_code == 409
    for changes in ({"sha256": "x"}, {"remark": " "}, {"role": "program.manager"}):
        assert (await sign(caller, "system.admin", report, **changes)).status_code == 422
    assert (await sign(caller, "auditor", report)).status_code == 403
    path = f"/v1/reports/{new_id()}"
    assert (await caller.client.get(path, headers=caller.as_("auditor"))).status_code == 404
    body = {"sha256": report.sha256.hex()}
    response = await caller.client.post(f"{path}/signatures", json=body, headers=caller.as_("system.admin"))
    assert response.status_code == 404


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE report SET document = '{}'",
        "DELETE FROM report_signature",
        "INSERT INTO report_signature VALUES ((SELECT report_id FROM report), 'auditor', 'a', now())",
        "INSERT INTO report VALUES ('2026-01-01', gen_random_uuid(), now(), '{}', '\\x00')",
        "INSERT INTO report VALUES ('2026-01-02', gen_random_uuid(), now(), '{}', sha256('{}'))",
    ],
)
async def test_a_report_cannot_be_changed_or_forged_by_a_slip(superuser: Any, make: Make, statement: str) -> None:
    await make()
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)):
        await superuser.execute(statement)


@pytest.fixture
async def tools(database: Database, kafka: conftest.Kafka, keys: conftest.Keys, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker's tools, on the day after February; its own commands find the same database."""
    settings = settings_of(SERVICE, database, keys, kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    monkeypatch.setenv("AUDIT_ENVIRONMENT", "test")
    monkeypatch.setenv("AUDIT_DATABASE_URL", settings.database_url.get_secret_value())
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
