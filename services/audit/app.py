"""The composition root of audit."""

from pathlib import Path

from services.audit.http import ROUTES
from services.audit.settings import TOPICS, AuditSettings
from services.audit.stream import build_handler
from services.audit.verify import run_verify
from shared.service import Command, Service, Tools


def build_parts(tools: Tools[AuditSettings]) -> None:
    """The routes need nothing of their own."""


SERVICE = Service(
    name="audit",
    settings=AuditSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_parts,
    topics=TOPICS,
    build_handler=build_handler,
    commands={
        "verify": Command(
            "re-read the whole log, live: 0 intact, 1 tampered, 2 incomplete or not to be verified, 3 wrong usage",
            run_verify,
        )
    },
)
