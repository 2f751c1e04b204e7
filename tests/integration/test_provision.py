"""What provisioning gives the servers: roles that may do as little as they can, and the topics of the table."""

import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.provision import all_topics
from deploy.kafka.provision import provision as provision_topics
from deploy.local.layout import SERVICES
from deploy.postgres.provision import create_database, provision
from shared.events.topics import TOPICS, office_topics
from tests.servers import ROLES, Database, drop_database

_numbers = itertools.count(1)


@pytest.fixture
async def bare(postgres_url: str) -> AsyncIterator[Database]:
    """A provisioned database with no tables."""
    name = f"bare_{os.getpid()}_{next(_numbers)}"
    await create_database(postgres_url, name)
    made = Database(postgres_url.rpartition("/")[0] + f"/{name}")
    await provision(made.superuser_url, ROLES)
    yield made
    await drop_database(postgres_url, name)


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


RIGHTS = """
SELECT nspname, nspacl::text, (SELECT array_agg(defaclacl::text ORDER BY defaclobjtype) FROM pg_default_acl
                               WHERE defaclnamespace = pg_namespace.oid) AS defaults
FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY nspname"""


async def fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def test_provisioning_again_changes_nothing_and_breaks_nothing(bare: Database) -> None:
    await run(bare.owner_url("intake"), "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7)")
    before = await fetch(bare.superuser_url, RIGHTS)
    await create_database(bare.superuser_url, bare.superuser_url.rpartition("/")[2])
    await provision(bare.superuser_url, ROLES)
    assert [row["id"] for row in await fetch(bare.url("intake"), "SELECT id FROM kept")] == [7]
    assert await fetch(bare.superuser_url, RIGHTS) == before


async def test_no_role_is_more_than_it_needs_to_be(bare: Database) -> None:
    connection = await asyncpg.connect(bare.superuser_url)
    rows = await connection.fetch(
        "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = ANY($1)",
        list(ROLES),
    )
    owned = await connection.fetchval(
        "SELECT count(*) FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid"
        " WHERE deptype = 'o' AND rolname = ANY($1)"
        " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [role for role in ROLES if role.endswith("_app")],
    )
    await connection.close()
    assert {row["rolname"] for row in rows} == set(ROLES)
    assert not [row for row in rows if any(row[1:])]
    assert owned == 0


@pytest.mark.parametrize("service", [service for service in SERVICES if service != "audit"])
async def test_an_app_role_uses_its_owners_tables_and_makes_none(bare: Database, service: str) -> None:
    await run(bare.owner_url(service), "CREATE TABLE thing (id bigserial, name text)")
    await run(
        bare.url(service),
        "INSERT INTO thing (name) VALUES ('x')",
        "UPDATE thing SET name = 'y'",
        "SELECT name FROM thing",
        "DELETE FROM thing",
    )
    for forbidden in (
        "CREATE TABLE own (id int)",
        "TRUNCATE thing",
        "DROP TABLE thing",
        "CREATE TABLE public.x (id int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(bare.url(service), forbidden)


async def test_audits_app_role_gets_nothing_that_is_not_granted_by_name(bare: Database) -> None:
    await run(bare.owner_url("audit"), "CREATE TABLE entry (id bigint)")
    for forbidden in ("SELECT id FROM entry", "INSERT INTO entry VALUES (1)", "DELETE FROM entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(bare.url("audit"), forbidden)


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_sees_anothers_schema(bare: Database, service: str) -> None:
    other = SERVICES[SERVICES.index(service) - 1]
    await run(bare.owner_url(other), "CREATE TABLE secret (id int)")
    for url in (bare.url(service), bare.owner_url(service)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(url, f"SELECT id FROM {other}.secret")


async def test_a_function_of_an_owner_is_not_for_everyone(bare: Database) -> None:
    await run(bare.owner_url("query"), "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    await run(bare.superuser_url, "GRANT USAGE ON SCHEMA query TO intake_app")
    await run(bare.url("query"), "SELECT one()")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(bare.url("intake"), "SELECT query.one()")


async def test_the_extensions_are_found_without_naming_their_schema(bare: Database) -> None:
    (found,) = await fetch(
        bare.url("linker"),
        "SELECT similarity('ana', 'ana') AS alike, levenshtein('ana', 'anna') AS slips, unaccent('Díaz') AS plain,"
        " length(digest('x', 'sha256')) AS bytes",
    )
    assert tuple(found.values()) == (1.0, 1, "Diaz", 32)
    await run(bare.owner_url("linker"), "CREATE TABLE t (x text)", "CREATE INDEX ON t USING gin (x gin_trgm_ops)")


async def test_missing_topics_are_created_as_the_table_says_and_no_topic_twice(kafka_bootstrap: str) -> None:
    prefix = f"p{os.getpid()}.{next(_numbers)}."
    topics = [replace(topic, name=prefix + topic.name) for topic in (*TOPICS, *office_topics(["sac-somewhere"]))]
    first = await provision_topics(kafka_bootstrap, topics[:3])
    rest = await provision_topics(kafka_bootstrap, topics)
    assert first + rest == [topic.name for topic in topics]
    assert await provision_topics(kafka_bootstrap, topics) == []

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    described = await admin.describe_topics([topic.name for topic in topics])
    (configs,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topics[0].name)])
    await admin.close()
    assert {each["topic"]: len(each["partitions"]) for each in described} == {
        topic.name: topic.partitions for topic in topics
    }
    values = {name: value for name, value, *_ in configs.resources[0][4]}
    assert values["retention.ms"] == str(topics[0].retention_ms)
    assert values["compression.type"] == "uncompressed"
    assert values["message.timestamp.type"] == "LogAppendTime"


def test_every_office_has_a_topic() -> None:
    names = [topic.name for topic in all_topics()]
    assert len(names) == len(set(names))
    assert len(names) > len(TOPICS) + 20
