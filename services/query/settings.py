"""Settings of query; each is an environment variable with the prefix `QUERY_`."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class QuerySettings(ServiceSettings):
    """What every service needs, and whom an officer calls about a match that no field office has."""

    model_config = SettingsConfigDict(env_prefix="QUERY_", extra="ignore", frozen=True)

    ceiu_office: str = "ceiu"
    """The unit's code in the office directory."""
    ceiu_name: str = "Child Exploitation Investigations Unit"
    ceiu_phone: str | None = None
    """Round the clock, in international form; without it a match shows the office alone."""
