"""The secrets of one stack and the settings files of its services; made once, kept until `make reset`."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from deploy.local.layout import SERVICES, WITNESS, Layout, write_file
from deploy.signing_keys import LOG_NAME, WITNESS_NAME, keep_log_key, keep_witness_key

DATABASE = "cets"
STAFF_FILE = Path(__file__).parent / "staff.json"
"""Who the test system's accounts are, as people; invented."""
PHONES = {
    "linker": {"CEIU_PHONE": "+1-703-555-0100", "AGENCY_PHONES": '{"CBP": "+1-703-555-0101"}'},
    "query": {"CEIU_PHONE": "+1-703-555-0100"},
}
"""Whom the test system's officers call; invented."""
ROLES = tuple(f"{service}_{part}" for service in SERVICES for part in ("owner", "app"))


def keep_secret(path: Path) -> str:
    """Return the secret in a file, 64 hex digits, made on the first call."""
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, secrets.token_hex(32))
    return path.read_text()


def token_private_key(layout: Layout) -> bytes:
    """Return the Ed25519 key that signs the test system's tokens, as PEM; the first call makes the pair."""
    private, public = layout.keys / "token_private.pem", layout.keys / "token_public.pem"
    if not (private.is_file() and public.is_file()):
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        write_file(private, text)
        text = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        write_file(public, text)
    return private.read_bytes()


def database_passwords(layout: Layout) -> dict[str, str]:
    """Return a password for each of the services' database roles."""
    return {role: keep_secret(layout.keys / f"{role}.password") for role in ROLES}


def write_settings(layout: Layout, *, postgres_url: str, kafka_bootstrap: str) -> None:
    """Write `env/<service>.env` for each service, and make the keys that it names."""
    token_private_key(layout)
    log_key = keep_log_key(layout.keys / "audit_checkpoint.pem", layout.keys / "audit_checkpoint.vkey")
    witness_key = keep_witness_key(layout.keys / "witness.pem", layout.keys / "witness.vkey")
    passwords = database_passwords(layout)
    for service in SERVICES:
        producer_key = layout.keys / f"{service}.producer"
        keep_secret(producer_key)
        values = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url(postgres_url, f"{service}_app", passwords),
            "OWNER_DATABASE_URL": database_url(postgres_url, f"{service}_owner", passwords),
            "KAFKA_BOOTSTRAP": kafka_bootstrap,
            "HTTP_PORT": str(layout.port(f"{service}-http")),
            "WORKER_PORT": str(layout.port(f"{service}-worker")),
            "TOKEN_PUBLIC_KEY_FILE": str(layout.keys / "token_public.pem"),
            "PRODUCER_KEY_FILE": str(producer_key),
        }
        values |= PHONES.get(service, {})
        if service == "audit":
            values |= {
                "LOG_NAME": LOG_NAME,
                "CHECKPOINT_KEY_FILE": str(layout.keys / "audit_checkpoint.pem"),
                "PRODUCER_KEYS_FOLDER": str(layout.keys),
                "STAFF_FILE": str(STAFF_FILE),
                "WITNESS_URL": layout.url("audit", "witness"),
                "WITNESS_KEY": witness_key,
            }
        write_file(layout.env / f"{service}.env", env_file_text(service, values))
    values = {
        "NAME": WITNESS_NAME,
        "KEY_FILE": str(layout.keys / "witness.pem"),
        "LOG_KEY": log_key,
        "FOLDER": str(layout.home / "witness"),
        "HTTP_PORT": str(layout.port(WITNESS)),
    }
    write_file(layout.env / "witness.env", env_file_text("witness", values))


def database_url(postgres_url: str, role: str, passwords: Mapping[str, str]) -> str:
    """Return the address of the stack's database, on the superuser's server, for one role."""
    parts = urlsplit(postgres_url)
    login = f"{role}:{quote(passwords[role], safe='')}"
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{place}", path=f"/{DATABASE}"))


def superuser_database_url(postgres_url: str) -> str:
    """Return the superuser's address of the stack's database."""
    return urlunsplit(urlsplit(postgres_url)._replace(path=f"/{DATABASE}"))


def env_file_text(service: str, values: Mapping[str, str]) -> str:
    """Return a settings file: one variable a line, with the service's prefix, quoted so that any path survives."""
    lines = [f"{service.upper()}_{name}='{_escaped(value)}'\n" for name, value in values.items()]
    return "".join(lines)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
