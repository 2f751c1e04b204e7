"""Settings of the linker; each is an environment variable with the prefix `LINKER_`."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class LinkerSettings(ServiceSettings):
    """What every service needs. The rules of linking are versioned code (`domain/rules.py`), not settings."""

    model_config = SettingsConfigDict(env_prefix="LINKER_", extra="ignore", frozen=True)
