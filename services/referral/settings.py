"""The settings of referral."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class ReferralSettings(ServiceSettings):
    """What can be set, under the prefix `REFERRAL_`."""

    model_config = SettingsConfigDict(env_prefix="REFERRAL_", extra="ignore", frozen=True)

    routing_confidence_min: float = Field(default=0.5, ge=0.0, le=1.0)
    """Below this a person chooses the office: the referral waits in the manual queue with its reason."""
