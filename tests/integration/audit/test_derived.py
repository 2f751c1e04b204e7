"""`verify --derived`: what auditors are shown follows from the log, or the row that does not is named."""

import argparse
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from deploy.local.layout import CHECKOUT
from services.audit.app import SERVICE, run_verify
from services.audit.derived import read_schema, run_derived
from services.audit.domain.staff import read_staff
from services.audit.handlers.derived import Basis, compare
from services.audit.store.derived import DERIVED, ON_THE_WAY, begin
from services.audit.store.projection import try_lock
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes
from tests.conftest import Keys, settings_of
from tests.depth import IS_LONG
from tests.fakes import START
from tests.integration.audit.deriving import ATTACKS, PRODUCER_KEYS, SignedLog, fill, keep_all, put_back
from tests.integration.audit.looking import CEIU, KEYS, LEAD, a_lead, a_lookup, a_manifest, a_passenger
from tests.servers import Database

PLACES = 20 if IS_LONG else 1
"""Rows that each attack is tried on."""
STAFF = read_staff(b'{"cbp.att": {"emails": ["me@example.org"]}}', KEYS)
BASIS = Basis(PRODUCER_KEYS, KEYS, STAFF)
KEPT = {
    "entry", "head", "tile", "checkpoint", "log_checkpoint", "cosignature", "report", "report_signature",
    "missing_number",
}  # fmt: skip
"""The log, what was signed, and what audit did by itself, of which it has told."""
DELIVERY = {"outbox", "outbox_shard", "fence", "inbox", "schema_migration", "idempotency", "once"}

SCHEMA = read_schema(SERVICE.migrations)

Derive = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def derived(database: Database, capsys: pytest.CaptureFixture[str]) -> Derive:
    """Derive anew as the app role; return the exit code and what was said."""

    async def derived(basis: Basis = BASIS) -> tuple[int, str]:
        code = await run_derived(database.url("audit"), basis, SERVICE.migrations)
        return code, capsys.readouterr().out

    return derived


@pytest.fixture
async def followed(pool: Pool) -> SignedLog:
    """A log, followed as it came; what most tests derive anew, some many times, takes one step."""
    log = SignedLog(pool, STAFF)
    await fill(log, and_more=20)
    return log


@pytest.mark.parametrize("and_more", [20, 1_000], ids=["in one step", "in several"])
async def test_what_was_followed_is_what_is_derived_anew_and_nothing_of_it_is_kept(
    pool: Pool, derived: Derive, and_more: int
) -> None:
    followed = SignedLog(pool, STAFF)
    await fill(followed, and_more=and_more)
    tables = (*DERIVED, *ON_THE_WAY, "outbox")
    before = [await followed.pool.fetch(f"SELECT ctid, xmin, * FROM {table}") for table in tables]
    assert all(before[:-2])
    code, said = await derived()
    assert (code, said.startswith("the same: what is stored is what follows from the ")) == (INTACT, True), said
    assert [await followed.pool.fetch(f"SELECT ctid, xmin, * FROM {table}") for table in tables] == before


async def test_whatever_is_changed_of_what_is_derived_is_named(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    await keep_all(superuser)
    missed = []
    for name, attack in ATTACKS.items():
        chance = Random(name)
        for _ in range(PLACES):
            table = await attack(superuser, chance)
            code, said = await derived()
            if code != TAMPERED or not any(line.startswith(f"  {table} ") for line in said.splitlines()):
                missed.append((name, code, said))
            await put_back(superuser)
    assert missed == []
    assert (await derived())[0] == INTACT


BY_NAME = "current_setting('application_name') = 'audit-derive'"


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        (
            ["ALTER TABLE flag ENABLE ROW LEVEL SECURITY", f"CREATE POLICY p ON flag FOR SELECT USING ({BY_NAME})"],
            "table flag",
        ),
        (
            [
                "ALTER TABLE report RENAME TO report_kept",
                f"CREATE VIEW report AS SELECT * FROM report_kept WHERE {BY_NAME}",
                "GRANT SELECT ON report TO audit_app",
            ],
            "table report",
        ),
        (["CREATE RULE r AS ON INSERT TO flag DO INSTEAD NOTHING"], "table flag"),
        (
            [
                "CREATE FUNCTION yes(text[], text[]) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
                "CREATE OPERATOR && (LEFTARG = text[], RIGHTARG = text[], FUNCTION = yes)",
            ],
            "operator &&",
        ),
        (["CREATE FUNCTION unnest(text[]) RETURNS text LANGUAGE sql AS 'SELECT NULL'"], "function unnest"),
        (["UPDATE projected SET index = index + 1000"], "intake.tips[0]"),
    ],
    ids=["policy", "view", "rule", "operator", "function", "beyond the end"],
)
async def test_whatever_shows_this_command_something_else_than_its_readers_is_named(
    followed: SignedLog, derived: Derive, superuser: Connection, statements: list[str], name: str
) -> None:
    await superuser.execute("SET search_path = audit")
    for statement in statements:
        await superuser.execute(statement)
    code, said = await derived()
    assert code == TAMPERED, said
    assert any(line.startswith(f"  {name}") for line in said.splitlines()), said


async def test_from_when_on_somebody_stands_on_a_list_does_not_depend_on_what_was_followed_first(
    pool: Pool, derived: Derive
) -> None:
    log = SignedLog(pool, STAFF)
    await log.append(a_manifest(), *(a_passenger(at=START + timedelta(milliseconds=n)) for n in (300, 200)))
    await log.follow()
    earliest = await pool.fetchval("SELECT max(at) FROM listed")
    await log.append(a_passenger(at=START + timedelta(milliseconds=100)))
    await log.follow()
    assert earliest == START + timedelta(milliseconds=200)
    code, said = await derived()
    assert code == INTACT, said


async def test_who_came_second_with_a_number_depends_on_the_order_of_reading_and_is_no_difference(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    await say_the_other_repeats(superuser)
    code, said = await derived()
    assert code == INTACT, said


async def say_the_other_repeats(superuser: Connection) -> None:
    """Make it as if the two records with one number had been read the other way round."""
    done = await superuser.execute(
        "UPDATE anomaly SET (head_id, index) = ("
        "SELECT entry.head_id, entry.index FROM entry JOIN entry AS repeat ON repeat.head_id = anomaly.head_id "
        "AND repeat.index = anomaly.index WHERE (entry.head_id, entry.index) <> (repeat.head_id, repeat.index) "
        "AND encode(entry.header, 'hex') LIKE '%' || encode(substring(repeat.header FROM 23 FOR 8), 'hex') || '%' "
        "AND encode(entry.header, 'escape') LIKE '%intake.0%' LIMIT 1) WHERE kind = 'repeated_number'"
    )
    assert done == "UPDATE 1"


async def test_what_a_reason_that_came_late_would_have_explained_stays_flagged(
    pool: Pool, derived: Derive, superuser: Connection
) -> None:
    """Judged after five seconds, when a lead told of eight minutes later was not there; but not whatever else."""
    log = SignedLog(pool, STAFF)
    asked = [a_lookup(CEIU, lead_ids=[LEAD], at=START + timedelta(seconds=n)) for n in range(40)]
    await log.tell(*asked)
    flagged = await log.flags()
    assert flagged
    await log.tell(a_lead(at=START + timedelta(minutes=8)))
    code, said = await derived()
    assert code == INTACT, said
    await superuser.execute("ALTER TABLE flag_event DISABLE TRIGGER ALL")
    await superuser.execute("INSERT INTO flag_event SELECT flag_id, gen_random_uuid() FROM flag")
    assert (await derived())[0] == TAMPERED


async def test_a_view_that_was_replaced_is_named(followed: SignedLog, derived: Derive, superuser: Connection) -> None:
    definition = await superuser.fetchval("SELECT pg_get_viewdef('lookup_reason'::regclass)")
    easier = definition.replace("units &&", "units IS NOT NULL OR newest.units &&")
    assert easier != definition
    await superuser.execute(f"CREATE OR REPLACE VIEW lookup_reason AS {easier}")
    code, said = await derived()
    assert (code, "  view lookup_reason: " in said) == (TAMPERED, True), said


async def test_without_keys_and_staff_it_is_said_what_was_not_looked_at(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    await superuser.execute("UPDATE event SET is_verified = NOT is_verified WHERE index = 3")
    code, said = await derived(replace(BASIS, producers={}))
    assert (code, "who sent what was not looked at" in said, "What sensors keep" in said) == (INTACT, True, True), said
    await superuser.execute("UPDATE event SET is_verified = NOT is_verified WHERE index = 3")
    code, said = await derived(replace(BASIS, staff=read_staff(b"{}", KEYS)))
    assert (code, "  lookup event_id " in said, "the staff file says today" in said) == (INCOMPLETE, True, True), said
    code, said = await derived(replace(BASIS, staff=None))
    assert (code, "whose look-ups are of themselves was not looked at" in said) == (INTACT, True), said


async def test_what_is_not_followed_yet_is_incomplete_once_it_is_old_and_nobody_is_kept_from_following(
    followed: SignedLog, derived: Derive, database: Database
) -> None:
    now = SystemClock().now()
    await followed.append_records(followed.signed("intake.tips", event_bytes(occurred_at=now + timedelta(hours=1))))
    code, said = await derived()
    assert (code, "1 entries more are not followed yet" in said) == (INTACT, True), said
    await followed.append_records(followed.signed("linker.leads", event_bytes(occurred_at=START)))
    code, said = await derived()
    assert (code, "  the log: 2 entries, from 2026-03-01T10:00:00+00:00 on, are not followed yet" in said) == (
        INCOMPLETE,
        True,
    ), said
    async with begin(database.url("audit")) as transaction:
        await compare(transaction, BASIS, SCHEMA, clock=SystemClock(), advance=lambda count: None)
        async with followed.pool.acquire() as connection, connection.transaction():
            assert await try_lock(connection)
        await followed.follow()
    assert (await derived())[0] == INTACT


async def test_what_audit_did_is_not_told_of_before_its_event_is_in_the_log(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    """But once its log has gone on for minutes it should be."""
    made_at = await superuser.fetchval("SELECT max(occurred_at) FROM event")
    for minutes, code in ((1, INCOMPLETE), (-11, TAMPERED)):
        await superuser.execute(
            "INSERT INTO report SELECT date '2026-02-01', gen_random_uuid(), $1, document, sha256 FROM report",
            made_at + timedelta(minutes=minutes),
        )
        assert (await derived())[0] == code
        await superuser.execute("ALTER TABLE report DISABLE TRIGGER ALL")
        await superuser.execute("DELETE FROM report WHERE month = date '2026-02-01'")


async def test_every_table_is_derived_or_known_to_be_something_else(superuser: Connection) -> None:
    rows = await superuser.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'audit'")
    assert {row["tablename"] for row in rows} == {*DERIVED, *ON_THE_WAY} | KEPT | DELIVERY
    rows = await superuser.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'audit'")
    assert {row["viewname"] for row in rows} == {*SCHEMA.views}


async def test_the_command_takes_the_settings_and_nothing_else(
    followed: SignedLog, database: Database, keys: Keys, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for service, (key,) in PRODUCER_KEYS.items():
        (tmp_path / f"{service}.producer").write_text(key.hex())
    (tmp_path / "audit.key").write_text(b"secret".hex())
    more = {"producer_keys_folder": tmp_path, "producer_key_file": tmp_path / "audit.key"}
    settings = settings_of(SERVICE, database, keys).model_copy(update=more)
    assert await run_verify(settings, argparse.Namespace(command="verify", derived=True)) == INTACT
    assert "No staff file was given" in capsys.readouterr().out
    assert await run_verify(settings, argparse.Namespace(derived=True, since="x")) == USAGE
    away = settings.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/none")})
    assert await run_verify(away, argparse.Namespace(derived=True)) == INCOMPLETE


async def test_a_log_that_was_touched_is_followed_past_the_entry_and_to_be_verified(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    await superuser.execute("UPDATE entry SET body = '' WHERE index = 3")
    code, said = await derived()
    assert (code, "`verify` without --derived tells" in said) == (TAMPERED, True), said


async def test_what_was_changed_is_filled_in_anew_as_the_runbook_says(
    followed: SignedLog, derived: Derive, superuser: Connection
) -> None:
    text = (CHECKOUT / "deploy" / "runbook.md").read_text()
    [statement] = re.findall(r"^TRUNCATE .*;$", text, re.MULTILINE)
    await keep_all(superuser)
    for name in ("event: another actor", "shown: deleted", "lookup: deleted", "flag: deleted"):
        await ATTACKS[name](superuser, Random(name))
    await superuser.execute("DELETE FROM anomaly WHERE kind = 'unsigned'")
    await say_the_other_repeats(superuser)
    assert (await derived())[0] == TAMPERED
    await superuser.execute(statement)
    await followed.follow()
    code, said = await derived()
    assert code == INTACT, said
