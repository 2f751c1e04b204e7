"""Puts the roles, schemas and extensions of `roles.sql` into a database; safe to repeat."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg

ROLES_SQL = Path(__file__).with_name("roles.sql")
SERVER_VERSION_MIN = 150_000
TIMEOUT_S = 60.0

VERSION = "SELECT current_setting('server_version_num')::int"
DATABASE_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
CREATE_DATABASE = "SELECT format('CREATE DATABASE %I', $1::text)"
ALTER_ROLE = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"


async def create_database(superuser_url: str, name: str) -> None:
    """Create a database unless it is there.

    Raises:
        ValueError: the server is older than PostgreSQL 15.
        OSError, asyncpg.PostgresError: it cannot be reached, or refuses.
    """
    connection = await asyncpg.connect(superuser_url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    try:
        version = await connection.fetchval(VERSION)
        if version < SERVER_VERSION_MIN:
            raise ValueError(f"PostgreSQL 15 or newer is needed, and this is {version // 10_000}")
        if not await connection.fetchval(DATABASE_EXISTS, name):
            await connection.execute(await connection.fetchval(CREATE_DATABASE, name))
    finally:
        await connection.close()


async def provision(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Run `roles.sql` in the database that the address names and set the roles' passwords, all or nothing.

    `passwords` goes from role to password; a role that is not in it keeps the one it has.

    Raises:
        OSError, asyncpg.PostgresError: the server cannot be reached, or refuses.
    """
    connection = await asyncpg.connect(superuser_url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    try:
        async with connection.transaction():
            await connection.execute(ROLES_SQL.read_text(encoding="utf-8"))
            for role, password in passwords.items():
                await connection.execute(await connection.fetchval(ALTER_ROLE, role, password))
    finally:
        await connection.close()
