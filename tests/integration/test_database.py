"""What the database itself holds the services to: their SQL fits their schema, and each role may do its part alone."""

import importlib
import pkgutil
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.layout import CHECKOUT, SERVICES
from services.audit.derived import read_schema
from services.audit.store.derived import begin, make_tables
from shared.db.migrate import SchemaMismatch, check_schema, list_migrations, migrate
from shared.db.pool import Pool
from tests.servers import Database

SHARED = ("shared.db", "shared.kafka", "shared.http")
BY_OWNER = {"shared.db.migrate"}
"""The modules whose statements run as the schema's owner."""
BESIDE_DERIVED = "services.audit.store.derived"
"""The module whose statements compare what is stored with tables that it makes for its session."""
STATEMENT = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH|LOCK|COPY|CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|DO|SET"
    r"|LISTEN|NOTIFY)\s"
)
PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH)\s")

LIST_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename"
LIST_OWNED = """
SELECT relname::text AS name FROM pg_class WHERE relowner = $1::regrole
UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspowner = $1::regrole
UNION ALL SELECT proname::text FROM pg_proc WHERE proowner = $1::regrole
UNION ALL SELECT typname::text FROM pg_type WHERE typowner = $1::regrole
UNION ALL SELECT datname::text FROM pg_database WHERE datdba = $1::regrole"""
LIST_TABLE_GRANTS = """
SELECT privilege_type::text AS privilege FROM information_schema.role_table_grants
WHERE grantee = 'audit_app' AND table_schema = 'audit' AND table_name = $1"""
LIST_COLUMN_GRANTS = """
SELECT column_name::text AS column, privilege_type::text AS privilege FROM information_schema.column_privileges
WHERE grantee = 'audit_app' AND table_schema = 'audit' AND table_name = $1"""
FORGE_NEWER = """
INSERT INTO schema_migration (series, number, name, checksum) VALUES ($1, 9999, '9999_from_the_future', 'x')"""


@pytest.mark.parametrize("service", SERVICES)
async def test_every_statement_of_a_store_fits_the_schema_and_the_rights_of_its_role(
    service: str, database: Database
) -> None:
    statements = [each for each in _statements(f"services.{service}.store") if not each[0].startswith(BESIDE_DERIVED)]
    assert statements
    async with _connected(database.url(service)) as connection:
        assert await _misfits(connection, statements) == []


async def test_every_statement_beside_derived_tables_fits_these_too(database: Database) -> None:
    statements = list(_statements(BESIDE_DERIVED))
    assert statements
    async with begin(database.owner_url("audit")) as transaction:
        await make_tables(transaction, read_schema(_folder("audit")).views)
        assert await _misfits(transaction, statements) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_every_shared_statement_fits_each_schema_it_runs_in(service: str, database: Database) -> None:
    """All five: audit's role has only what is granted it by name."""
    statements = [found for package in SHARED for found in _statements(package)]
    by_owner = [found for found in statements if found[0].rpartition(".")[0] in BY_OWNER]
    by_app = [found for found in statements if found not in by_owner]
    assert by_owner
    assert by_app
    async with _connected(database.url(service)) as connection:
        assert await _misfits(connection, by_app) == []
    async with _connected(database.owner_url(service)) as connection:
        assert await _misfits(connection, by_owner) == []


async def test_a_statement_that_does_not_fit_is_named(database: Database) -> None:
    """The two tests above can fail: on a column that is not there, and on a right that is not given."""
    statements = [
        ("made.up.WRONG_COLUMN", "SELECT no_such_column FROM entry WHERE index = $1"),
        ("made.up.NO_RIGHT", "UPDATE entry SET leaf = $1"),
        ("made.up.GOOD", "SELECT leaf FROM entry WHERE index = $1"),
    ]
    async with _connected(database.url("audit")) as connection:
        misfits = await _misfits(connection, statements)
    assert [misfit.partition(":")[0] for misfit in misfits] == ["made.up.WRONG_COLUMN", "made.up.NO_RIGHT"]


@pytest.mark.parametrize("service", SERVICES)
async def test_an_app_role_owns_nothing(service: str, database: Database) -> None:
    async with _connected(database.superuser_url) as connection:
        owned = await connection.fetch(LIST_OWNED, f"{service}_owner")
        assert len(owned) > 5, "the owner owns the schema, so the query sees what is owned"
        assert await connection.fetch(LIST_OWNED, f"{service}_app") == []


@pytest.mark.parametrize("service", SERVICES)
async def test_an_app_role_can_change_no_schema_and_empty_no_table(service: str, database: Database) -> None:
    async with _connected(database.url(service)) as connection:
        tables = await _tables(connection, service)
        assert "outbox" in tables
        attempts = [f"CREATE TABLE {schema}.intruder (id bigint)" for schema in (*SERVICES, "public", "extensions")]
        attempts += ["CREATE SCHEMA intruder", "CREATE ROLE intruder", "CREATE EXTENSION hstore"]
        attempts += [f"SET ROLE {service}_owner", f"DROP SCHEMA {service} CASCADE"]
        for table in tables:
            attempts += [
                f"DROP TABLE {service}.{table} CASCADE",
                f"ALTER TABLE {service}.{table} ADD COLUMN intruder text",
                f"ALTER TABLE {service}.{table} DISABLE TRIGGER ALL",
                f"CREATE INDEX ON {service}.{table} ((1))",
                f"TRUNCATE {service}.{table} CASCADE",
            ]
        allowed = [attempt for attempt in attempts if not await _is_refused(connection, attempt)]
    assert allowed == []


@pytest.mark.parametrize("reader", SERVICES)
@pytest.mark.parametrize("schema", SERVICES)
async def test_a_role_reads_its_own_schema_alone(reader: str, schema: str, database: Database) -> None:
    async with _connected(database.superuser_url) as connection:
        tables = await _tables(connection, schema)
    async with _connected(database.url(reader)) as connection:
        refused = [t for t in tables if await _is_refused(connection, f"SELECT FROM {schema}.{t} LIMIT 0")]
    assert refused == ([] if reader == schema else tables)


async def test_audits_app_role_adds_and_reads_entries_and_can_do_nothing_else_to_them(database: Database) -> None:
    async with _connected(database.superuser_url) as connection:
        for table, expected in {"entry": {"SELECT", "INSERT"}, "head": {"SELECT"}}.items():
            assert {row["privilege"] for row in await connection.fetch(LIST_TABLE_GRANTS, table)} == expected
        on_entry = {row["privilege"] for row in await connection.fetch(LIST_COLUMN_GRANTS, "entry")}
        on_head = {(row["privilege"], row["column"]) for row in await connection.fetch(LIST_COLUMN_GRANTS, "head")}
    assert on_entry == {"SELECT", "INSERT"}
    assert {column for privilege, column in on_head if privilege == "UPDATE"} == {"size", "next_offset", "frontier"}
    assert {privilege for privilege, _ in on_head} == {"SELECT", "INSERT", "UPDATE"}


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_again_applies_nothing(service: str, database: Database) -> None:
    assert await migrate(database.owner_url(service), service, _folder(service)) == []


async def test_an_applied_migration_that_was_changed_is_refused(database: Database, tmp_path: Path) -> None:
    folder = shutil.copytree(_folder("query"), tmp_path / "migrations")
    file = sorted(folder.glob("*.sql"))[0]
    file.write_text(file.read_text() + "\n-- One more word.\n")
    with pytest.raises(SchemaMismatch, match="changed after it was applied"):
        await migrate(database.owner_url("query"), "query", folder)


async def test_a_migration_that_fails_leaves_no_trace(database: Database, tmp_path: Path) -> None:
    folder = shutil.copytree(_folder("query"), tmp_path / "migrations")
    (folder / "9998_half.sql").write_text("CREATE TABLE half (id bigint); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database.owner_url("query"), "query", folder)
    async with _connected(database.superuser_url) as connection:
        assert "half" not in await _tables(connection, "query")
    assert await migrate(database.owner_url("query"), "query", _folder("query")) == []


@pytest.mark.parametrize("series", ["query", "delivery"])
async def test_a_schema_newer_than_the_code_is_refused(
    series: str, database: Database, pool_of: Callable[[str], Awaitable[Pool]]
) -> None:
    pool = await pool_of("query")
    await check_schema(pool, "query", _folder("query"))
    async with _connected(database.owner_url("query")) as connection:
        await connection.execute(FORGE_NEWER, series)
    with pytest.raises(SchemaMismatch, match="newer than this release"):
        await check_schema(pool, "query", _folder("query"))


async def test_a_schema_behind_the_code_is_refused(pool_of: Callable[[str], Awaitable[Pool]], tmp_path: Path) -> None:
    folder = shutil.copytree(_folder("query"), tmp_path / "migrations")
    (folder / "9998_more.sql").write_text("SELECT 1")
    with pytest.raises(SchemaMismatch, match="the schema of query is behind"):
        await check_schema(await pool_of("query"), "query", folder)


def test_migrations_are_numbered_without_a_gap() -> None:
    for service in SERVICES:
        for series in ("delivery", service):
            numbers = [m.number for m in list_migrations(service, _folder(service)) if m.series == series]
            assert numbers == list(range(1, len(numbers) + 1))
            assert numbers


def _statements(package: str) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each SQL constant that a module, or a package's modules, define."""
    root = importlib.import_module(package)
    inner = pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.")
    for module in [root, *(importlib.import_module(found.name) for found in inner)]:
        source = Path(str(module.__file__)).read_text()
        for name, value in vars(module).items():
            is_own = re.search(rf"^{name}\b.*=", source, re.MULTILINE) if name.isupper() else None
            if is_own and isinstance(value, str) and STATEMENT.match(value):
                yield f"{module.__name__}.{name}", value


async def _misfits(connection: Any, statements: list[tuple[str, str]]) -> list[str]:
    """Return a sentence for each statement that the database refuses, without running any.

    Preparing looks at tables, columns and types; explaining the prepared statement looks at the role's rights too.
    """
    wrong = []
    for name, sql in statements:
        try:
            async with connection.transaction():
                prepared = await connection.prepare(sql)
                if PLANNED.match(sql):
                    await _explain(connection, sql, parameter_count=len(prepared.get_parameters()))
        except asyncpg.PostgresError as error:
            wrong.append(f"{name}: {error}")
    return wrong


async def _explain(connection: Any, sql: str, *, parameter_count: int) -> None:
    await connection.execute(f"PREPARE checked AS {sql}")
    try:
        values = f"({', '.join(['NULL'] * parameter_count)})" if parameter_count else ""
        async with connection.transaction():
            await connection.execute(f"EXPLAIN EXECUTE checked{values}")
    finally:
        await connection.execute("DEALLOCATE checked")


async def _is_refused(connection: Any, statement: str) -> bool:
    """Return whether the role lacks the right; the statement's effect, if it had one, is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await transaction.rollback()
    return False


async def _tables(connection: Any, schema: str) -> list[str]:
    return [row["tablename"] for row in await connection.fetch(LIST_TABLES, schema)]


def _folder(service: str) -> Path:
    return CHECKOUT / "services" / service / "migrations"


@asynccontextmanager
async def _connected(url: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
