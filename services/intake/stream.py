"""What intake consumes: links, tiers and the fate of referrals."""

from collections.abc import Sequence

from services.intake.handlers.feedback import REFERRALS, hear
from services.intake.settings import IntakeSettings
from shared.db.pool import Connection
from shared.events.linker import TipClusteredV1, TipLinkedV1
from shared.kafka.inbox import EventHandler, Incoming
from shared.service import Tools


def build_handler(tools: Tools[IntakeSettings]) -> EventHandler:
    """Return what applies the records of intake's topics."""

    async def store_batch(transaction: Connection, events: Sequence[Incoming]) -> None:
        await hear(transaction, events, clock=tools.clock, outbox=tools.outbox)

    return EventHandler(
        group="intake",
        models=(TipLinkedV1, TipClusteredV1, *REFERRALS),
        store=store_batch,
        outbox=tools.outbox,
        metrics=tools.metrics,
        dead_letters_in_row_max=tools.settings.dead_letters_in_row_max,
    )
