"""Settings of the linker; each is an environment variable with the prefix `LINKER_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class LinkerSettings(ServiceSettings):
    """What every service needs, and deconfliction. The rules of linking are versioned code (`domain/rules.py`)."""

    model_config = SettingsConfigDict(env_prefix="LINKER_", extra="ignore", frozen=True)

    deconflict_days: int = Field(default=90, ge=1, le=3_650)
    """A look-up counts for so long, and so long after a notice there is no second one on the same value."""
    ceiu_name: str = "Child Exploitation Investigations Unit"
    ceiu_phone: str | None = None
    """Round the clock, in international form; without it a notice shows the unit alone."""
    agency_phones: dict[str, str] = {}
    """Whom offices call at other agencies, by agency, as JSON: `{"CBP": "+1…"}`."""
    lists_dir: Path | None = None
    """A folder with further ignore lists, `*.txt`. One with the name of a list that we bring stands in for that one.
    Set it alike for every process; whoever starts with other lists links all tips anew, in the background."""
