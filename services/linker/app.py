"""The composition root of the linker."""

from pathlib import Path

from services.linker.domain.rules import FOUNDATION
from services.linker.handlers.republish import list_facts
from services.linker.handlers.turn import Desk
from services.linker.http import ROUTES
from services.linker.settings import LinkerSettings
from services.linker.stream import build_handler
from shared.events.topics import topics_read_by
from shared.service import Service, Tools


def build_desk(tools: Tools[LinkerSettings]) -> Desk:
    """Return what the routes use."""
    return Desk(tools.clock, tools.outbox, FOUNDATION)


SERVICE = Service(
    name="linker",
    settings=LinkerSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("linker"),
    build_handler=build_handler,
    list_facts=list_facts,
    has_dead_letters=True,
)
"""The linker, described."""
