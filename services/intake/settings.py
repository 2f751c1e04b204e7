"""The settings of intake."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """What can be set, under the prefix `INTAKE_`."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", frozen=True)

    batch_chunk_lines: int = Field(default=500, ge=1, le=5_000)
    """Lines of a batch or upload that are stored in one transaction."""
