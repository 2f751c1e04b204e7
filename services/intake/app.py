"""The composition root of intake."""

from pathlib import Path

from services.intake.handlers.republish import list_facts
from services.intake.handlers.take import Sources
from services.intake.http import ROUTES
from services.intake.http.desk import TipDesk
from services.intake.http.reading import Parts
from services.intake.settings import IntakeSettings
from services.intake.stream import build_handler
from shared.events.topics import topics_read_by
from shared.service import Service, Tools

FOLDER = Path(__file__).parent


def build_parts(tools: Tools[IntakeSettings]) -> Parts:
    """Return what the routes use besides the edge."""
    return Parts(Sources(), TipDesk(), chunk_lines=tools.settings.batch_chunk_lines)


SERVICE = Service(
    name="intake",
    settings=IntakeSettings,
    folder=FOLDER,
    routes=ROUTES,
    build_parts=build_parts,
    topics=topics_read_by("intake"),
    build_handler=build_handler,
    list_facts=list_facts,
    has_dead_letters=True,
)
