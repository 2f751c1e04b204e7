"""The periodic audit: each month's report, and two people's signatures."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from services.audit.app import SERVICE
from services.audit.domain.report import Verification, Verifications
from services.audit.domain.sensors.day import DAY, Flag
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.reports import find_months, make_report, sign_report
from services.audit.store.reports import Report
from services.audit.store.sensors import add_flags
from shared.db.pool import Connection, Pool
from shared.errors import Conflict
from shared.events.activity import (
    SessionOpenedV1,
)
from shared.events.envelope import Actor, Context
from shared.security import Principal
from tests.builders import a_tip_received, an_actor, event_bytes, new_id
from tests.conftest import Caller, CallService
from tests.fakes import START
from tests.integration.audit.conftest import Write, follow
from tests.integration.audit.months import FEBRUARY, LATER, OUTBOX, a_lookup, an_event, refused, tell, tell_month
from tests.unit.audit.records import a_record
from tests.waiting import eventually

VERIFIED = Verifications(Verification(START, 0, ["intact"]), Verification(START, 2, ["not finished"]))


@pytest.fixture
async def month(pool: Pool) -> None:
    """A month that is over."""
    await tell_month(pool)


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
