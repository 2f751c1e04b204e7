"""What query consumes, and how a batch of it is applied."""

from services.query.handlers.project import LEADS, REFERRALS, TIP_CONTENTS, project
from services.query.settings import QuerySettings
from shared.events.intake import ResearchRecordedV1, TipReviewedV1
from shared.events.linker import TipClusteredV1
from shared.kafka.inbox import EventHandler
from shared.service import Tools

MODELS = (*TIP_CONTENTS, TipReviewedV1, ResearchRecordedV1, TipClusteredV1, *LEADS, *REFERRALS)
"""Other types of these topics (links, judgements, capped values) say nothing that an answer shows."""


def build_handler(tools: Tools[QuerySettings]) -> EventHandler:
    """Return what applies the topics' records to the projection."""
    return EventHandler(
        group="query",
        models=MODELS,
        store=project,
        outbox=tools.outbox,
        metrics=tools.metrics,
        dead_letters_in_row_max=tools.settings.dead_letters_in_row_max,
    )
