"""What referral consumes, and how a batch of it is applied."""

from services.referral.handlers import LEADS, Desk
from services.referral.settings import ReferralSettings
from shared.kafka.inbox import EventHandler
from shared.service import Tools


def build_handler(tools: Tools[ReferralSettings], desk: Desk) -> EventHandler:
    """Return what carries leads into referrals."""
    return EventHandler(
        group="referral",
        models=LEADS,
        store=desk.carry_leads,
        outbox=tools.outbox,
        metrics=tools.metrics,
        dead_letters_in_row_max=tools.settings.dead_letters_in_row_max,
    )
