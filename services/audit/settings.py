"""Settings of audit; each is an environment variable with the prefix `AUDIT_`. And which topics it reads."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.events.topics import ACTIVITY_TOPICS, FACT_TOPICS, OFFICE_PREFIX, topics_read_by
from shared.settings import ServiceSettings

TOPICS = (*topics_read_by("audit"), OFFICE_PREFIX + "*")
"""The topics of the offices are known to referral alone, and grow in number."""
SENDERS = tuple(sorted({topic.owner for topic in (*FACT_TOPICS, *ACTIVITY_TOPICS)}))
"""The services that publish."""


class AuditSettings(ServiceSettings):
    """What every service needs, and what signs the log."""

    model_config = SettingsConfigDict(env_prefix="AUDIT_", extra="ignore", frozen=True)

    log_name: str = Field(default="cets.local/audit", pattern=r"^[^\s+]{1,200}$")
    """Begins the name of each partition's log (`<log name>/<topic>/<partition>`). Never changed while a log lives."""
    checkpoint_key_file: Path | None = None
    """Ed25519 private key, PEM, that checkpoints are signed with; without it none are."""
    producer_keys_folder: Path | None = None
    """Holds each service's producer keys as `<service>.producer`: in hex, one a line, also former ones. Without
    it no record's MAC is looked at."""
    staff_file: Path | None = None
    """JSON: who the users are, by actor id; without it nobody is found to have looked themselves up."""
    witness_url: str = ""
    """Of a witness (C2SP tlog-witness); without it nobody but us signs."""
    witness_key: str = ""
    """The witness's public key (vkey)."""


def is_read(topic: str, *, prefix: str) -> bool:
    """Return whether the log is made from this topic of the cluster."""
    name = topic.removeprefix(prefix)
    return topic.startswith(prefix) and (name in TOPICS or name.startswith(OFFICE_PREFIX))
