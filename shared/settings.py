"""The settings every service has, and how they are read: defaults, then a file, then the environment.

Each service's variables carry its own prefix (`INTAKE_HTTP_PORT`); the file is `$CETS_HOME/env/<service>.env`,
so that a command typed by hand means the running stack without further ado.
"""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_HOME = ".run"


class ServiceSettings(BaseSettings):
    """What all five services need. A subclass adds its own and sets the prefix."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    environment: str = Field(default="production", pattern="^(test|production)$")
    """`test` only on a system that holds no real data."""

    database_url: SecretStr = SecretStr("")
    """PostgreSQL as the service's app role, which owns nothing."""
    owner_database_url: SecretStr = SecretStr("")
    """PostgreSQL as the schema's owner; used by `migrate` alone."""
    database_pool_size: int = Field(default=8, ge=2, le=100)
    """Connections of one process at most."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_topic_prefix: str = Field(default="", pattern="^[a-z0-9.-]*$")
    """Put before every topic and group name, so that several systems can share a cluster."""
    kafka_session_timeout_ms: int = Field(default=6_000, ge=6_000, le=300_000)
    """How long the broker waits for a silent worker before another takes over its partitions."""
    batch_records_max: int = Field(default=1_000, ge=1, le=10_000)
    """Records in one transaction of the pump at most; 500 to 1,000 is the sweet spot on one machine."""
    stall_timeout_s: float = Field(default=60.0, gt=0)
    """A worker that makes no progress for this long while there is lag ends itself, to be started anew."""
    dead_letters_in_row_max: int = Field(default=100, ge=1)
    """So many dead letters one after another mean a bad release, not bad data: the worker stops."""

    outbox_rows_max: int = Field(default=1_000_000, ge=1)
    """Above this many unsent events the service refuses new work with 503."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=1, le=65_535)
    worker_port: int = Field(default=8100, ge=1, le=65_535)
    """Health and metrics of the worker."""
    drain_timeout_s: float = Field(default=10.0, gt=0)
    """After SIGTERM, work in hand gets this long."""
    worker_niceness: int = Field(default=10, ge=0, le=19)
    """Workers yield the processor to answers: an officer waits, a backlog can."""

    token_public_key_file: Path = Path("token_public.pem")
    """Ed25519 public key, PEM, that tokens are verified with."""
    producer_key_file: Path = Path("producer.key")
    """Hex key of the HMAC that every published event carries."""

    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")


Settings = TypeVar("Settings", bound=ServiceSettings)
AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def home() -> Path:
    """Return `CETS_HOME`, the folder with a local stack's state (default `.run`)."""
    return Path(os.environ.get("CETS_HOME", DEFAULT_HOME))


def load_settings(kind: type[AnySettings]) -> AnySettings:
    """Return the settings of one service, or of another process.

    Raises:
        pydantic.ValidationError: a value does not fit; the message names the variable.
    """
    prefix = kind.model_config.get("env_prefix", "")
    file = home() / "env" / f"{prefix.rstrip('_').lower()}.env"
    return kind(_env_file=file if file.is_file() else None)
