"""The composition root of query."""

from pathlib import Path

from services.query.domain.answer import Contact
from services.query.handlers.desk import Desk
from services.query.http import ROUTES
from services.query.settings import QuerySettings
from services.query.stream import build_handler
from shared.events.topics import topics_read_by
from shared.service import Service, Tools


def build_desk(tools: Tools[QuerySettings]) -> Desk:
    """Return what the routes use."""
    settings = tools.settings
    ceiu = Contact(settings.ceiu_office, settings.ceiu_name, settings.ceiu_phone)
    return Desk(clock=tools.clock, outbox=tools.outbox, ceiu=ceiu)


SERVICE = Service(
    name="query",
    settings=QuerySettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("query"),
    build_handler=build_handler,
    has_dead_letters=True,
)
