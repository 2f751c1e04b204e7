"""Makes a production system's secrets, and gives its servers what the services need: `python -m deploy.provision WORD`.

`secrets FOLDER` makes what is missing below a folder: a part for each service, and `provision`. `servers` makes the
database, roles, topics and schemas, as far as they are missing; it reads the part `provision`, mounted at `CETS_HOME`.
"""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.kafka.provision import all_topics
from deploy.kafka.provision import provision as provision_topics
from deploy.postgres.provision import create_database
from deploy.postgres.provision import provision as provision_roles
from deploy.signing_keys import LOG_NAME, WITNESS_NAME, keep_log_key, keep_witness_key
from shared.db.migrate import migrate
from shared.settings import home

DATABASE = "cets"
SERVICES = ("intake", "linker", "referral", "query", "audit")
ROLES = tuple(f"{service}_{part}" for service in SERVICES for part in ("owner", "app"))
CODE = Path(__file__).parents[1]
SETTINGS: Mapping[str, str] = {
    "HTTP_HOST": "0.0.0.0",  # noqa: S104 - of the container's own network; compose.yaml publishes on the loopback
    "HTTP_PORT": "8000",
    "WORKER_PORT": "8000",
    "TOKEN_PUBLIC_KEY_FILE": "/run/token_public.pem",
    "PRODUCER_KEY_FILE": "/run/cets/producer.key",
}
"""What is alike in all containers; files lie where compose.yaml mounts them."""


def make_secrets(folder: Path, *, postgres: str, kafka: str) -> None:
    """Make the passwords, producer keys and settings files that are missing; no file that is there is changed.

    `postgres` is `host:port`, `kafka` a bootstrap address, both as the services see them.
    """
    provision = folder / "provision"
    keep(provision / "postgres.password", secrets.token_hex(32))
    keep(provision / "postgres.address", postgres)
    for role in ROLES:
        keep(provision / f"{role}.password", secrets.token_hex(32))
    witness = folder / "witness"
    log_key = keep_log_key(folder / "audit" / "checkpoint.pem", folder / "checkpoint.vkey")
    witness_key = keep_witness_key(witness / "witness.pem", folder / "witness.vkey")
    of_audit = {
        "LOG_NAME": LOG_NAME,
        "CHECKPOINT_KEY_FILE": "/run/cets/checkpoint.pem",
        "PRODUCER_KEYS_FOLDER": "/run/cets/producers",
        "WITNESS_URL": "http://audit-witness:8000",
        "WITNESS_KEY": witness_key,
    }
    of_witness = {"NAME": WITNESS_NAME, "KEY_FILE": "/run/cets/witness.pem", "LOG_KEY": log_key}
    keep(witness / "env" / "witness.env", _settings_text("witness", of_witness))
    for service in SERVICES:
        producer_key = folder / service / "producer.key"
        keep(producer_key, secrets.token_hex(32))
        _know(folder / "audit" / "producers" / f"{service}.producer", producer_key.read_text(encoding="utf-8"))
        password = (provision / f"{service}_app.password").read_text()
        values = {
            **SETTINGS,
            "DATABASE_URL": f"postgresql://{service}_app:{password}@{postgres}/{DATABASE}",
            "KAFKA_BOOTSTRAP": kafka,
            **(of_audit if service == "audit" else {}),
        }
        keep(folder / service / "env" / f"{service}.env", _settings_text(service, values))


def _know(path: Path, key: str) -> None:
    """Have a key among those by which audit knows a producer; former ones stay, as records lie under them."""
    keep(path, "")
    known = path.read_text(encoding="utf-8").split()
    if key not in known:
        path.write_text("\n".join([key, *known, ""]), encoding="utf-8")


def _settings_text(service: str, values: Mapping[str, str]) -> str:
    return "".join(f"{service.upper()}_{name}={value}\n" for name, value in values.items())


def keep(path: Path, text: str) -> None:
    """Write a file that only its owner reads, unless it is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


async def provision_servers(kafka: str, *, replication: int) -> None:
    """Make the database, its roles with their passwords, the topics and the schemas, as far as they are missing.

    Raises:
        OSError, asyncpg.PostgresError, aiokafka.errors.KafkaError: a server cannot be reached, or refuses.
        SchemaMismatch: a migration that was applied has been changed since.
    """
    address = (home() / "postgres.address").read_text().strip()

    def url(role: str, database: str) -> str:
        return f"postgresql://{role}:{(home() / f'{role}.password').read_text().strip()}@{address}/{database}"

    await create_database(url("postgres", "postgres"), DATABASE)
    passwords = {role: (home() / f"{role}.password").read_text().strip() for role in ROLES}
    await provision_roles(url("postgres", DATABASE), passwords)
    made = await provision_topics(kafka, all_topics(), replication=replication)
    print(f"topics: {', '.join(made) or 'none missing'}")  # noqa: T201
    for service in SERVICES:
        applied = await migrate(url(f"{service}_owner", DATABASE), service, CODE / "services" / service / "migrations")
        print(f"{service}: {', '.join(applied) or 'nothing to apply'}")  # noqa: T201


def main() -> int:
    """Run one of the two words; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.provision")
    words = parser.add_subparsers(dest="word", required=True)
    of_secrets = words.add_parser("secrets", help="make what is missing of passwords, keys and settings files")
    of_secrets.add_argument("folder", type=Path)
    of_secrets.add_argument("--postgres", default="postgres:5432", help="host:port")
    of_servers = words.add_parser("servers", help="make database, roles, topics and schemas")
    of_servers.add_argument("--replication", type=int, default=1, help="how many brokers keep each new topic")
    for word in (of_secrets, of_servers):
        word.add_argument("--kafka", default="kafka:9092", help="bootstrap address")
    chosen = parser.parse_args()
    if chosen.word == "secrets":
        make_secrets(chosen.folder, postgres=chosen.postgres, kafka=chosen.kafka)
    else:
        asyncio.run(provision_servers(chosen.kafka, replication=chosen.replication))
    return 0


if __name__ == "__main__":
    sys.exit(main())
