"""Numbered plain SQL, applied forward only, once, in order; and the check that a service knows the schema it meets.

Each schema takes two series: `delivery` (the tables every service has) and the service's own.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from shared.db.pool import Connection, Pool, Row, connect
from shared.errors import CetsError

DELIVERY_FOLDER = Path(__file__).parent / "migrations"

log = structlog.get_logger()

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migration (
    series text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schema_migration_pkey PRIMARY KEY (series, number)
)"""
COMMENT_LEDGER = "COMMENT ON TABLE schema_migration IS 'Which migrations this schema has had, and their checksums.'"
GRANT_LEDGER = """
DO $$ BEGIN EXECUTE format('GRANT SELECT ON schema_migration TO %I', current_schema() || '_app'); END $$"""
LOCK_LEDGER = "SELECT pg_advisory_xact_lock(hashtext('schema_migration'), hashtext(current_schema()))"
SELECT_APPLIED = "SELECT series, number, name, checksum FROM schema_migration ORDER BY series, number"
INSERT_APPLIED = "INSERT INTO schema_migration (series, number, name, checksum) VALUES ($1, $2, $3, $4)"


class SchemaMismatch(CetsError):
    """The database's schema is not the one this code was written for."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of a series."""

    series: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex: an applied file may not change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def list_migrations(service: str, folder: Path) -> list[Migration]:
    """Return all migrations of a service's schema in the order they apply: delivery first."""
    return [*_series("delivery", DELIVERY_FOLDER), *_series(service, folder)]


async def migrate(owner_url: str, service: str, folder: Path) -> list[str]:
    """Bring the service's schema up to date as its owner, and return the names of what was applied.

    Each migration is one transaction. Two runs at once wait for each other.

    Raises:
        SchemaMismatch: an applied file was changed, or the schema is newer than this code.
    """
    connection = await connect(owner_url, name=f"{service}-migrate")
    try:
        await connection.execute(f'SET search_path = "{service}", extensions, public')
        async with connection.transaction():
            await connection.execute(LOCK_LEDGER)
            await connection.execute(CREATE_LEDGER)
            await connection.execute(COMMENT_LEDGER)
            await connection.execute(GRANT_LEDGER)
        return [m.name for m in list_migrations(service, folder) if await _apply(connection, service, m)]
    finally:
        await connection.close()


async def check_schema(pool: Pool, service: str, folder: Path) -> None:
    """Pass when the schema has exactly the migrations this code knows.

    Raises:
        SchemaMismatch: it has fewer, more or others; the message says what to do.
    """
    try:
        rows = await pool.fetch(SELECT_APPLIED)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError) as error:
        raise SchemaMismatch(f"{service} has no schema yet: run python -m services.{service} migrate") from error
    known = list_migrations(service, folder)
    _refuse_unknown(service, known, rows)
    if len(rows) < len(known):
        raise SchemaMismatch(f"the schema of {service} is behind: run python -m services.{service} migrate")


async def _apply(connection: Connection, service: str, migration: Migration) -> bool:
    async with connection.transaction():
        await connection.execute(LOCK_LEDGER)
        rows = await connection.fetch(SELECT_APPLIED)
        _refuse_unknown(service, [migration], [row for row in rows if _place(row) == _place_of(migration)])
        if any(_place(row) == _place_of(migration) for row in rows):
            return False
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute(migration.sql)
        await connection.execute(INSERT_APPLIED, migration.series, migration.number, migration.name, migration.checksum)
    log.info("migration_applied", series=migration.series, migration=migration.name)
    return True


def _refuse_unknown(service: str, known: list[Migration], rows: list[Row]) -> None:
    by_place = {_place_of(m): m for m in known}
    for row in rows:
        migration = by_place.get(_place(row))
        if migration is None:
            raise SchemaMismatch(f"the schema of {service} has {row['name']}, which is newer than this release")
        if migration.checksum != row["checksum"]:
            raise SchemaMismatch(f"{row['name']} of {service} was changed after it was applied; add a new file instead")


def _place(row: Row) -> tuple[str, int]:
    return row["series"], row["number"]


def _place_of(migration: Migration) -> tuple[str, int]:
    return migration.series, migration.number


def _series(series: str, folder: Path) -> list[Migration]:
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(series, int(file.name[:4]), file.stem, file.read_text()) for file in files]
