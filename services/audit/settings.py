"""Settings of audit; each is an environment variable with the prefix `AUDIT_`. And which topics it reads."""

from pydantic_settings import SettingsConfigDict

from shared.events.topics import OFFICE_PREFIX, topics_read_by
from shared.settings import ServiceSettings

TOPICS = (*topics_read_by("audit"), OFFICE_PREFIX + "*")
"""The topics of the offices are known to referral alone, and grow in number."""


class AuditSettings(ServiceSettings):
    """What every service needs, and no more."""

    model_config = SettingsConfigDict(env_prefix="AUDIT_", extra="ignore", frozen=True)


def is_read(topic: str, *, prefix: str) -> bool:
    """Return whether the log is made from this topic of the cluster."""
    name = topic.removeprefix(prefix)
    return topic.startswith(prefix) and (name in TOPICS or name.startswith(OFFICE_PREFIX))
