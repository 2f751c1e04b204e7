"""The composition root of the linker."""

import argparse
from collections.abc import Callable
from pathlib import Path

from services.linker.domain.rules import RULES
from services.linker.handlers.learn import Learner
from services.linker.handlers.republish import list_facts
from services.linker.handlers.turn import Desk
from services.linker.http import ROUTES
from services.linker.settings import LinkerSettings
from services.linker.stream import build_handler
from shared.clock import SystemClock
from shared.events.topics import topics_read_by
from shared.metrics import Metrics
from shared.service import Command, Service, Tools, open_tools


def build_desk(tools: Tools[LinkerSettings]) -> Desk:
    """Return what the routes use."""
    return Desk(tools.clock, tools.outbox, RULES)


def build_learner(tools: Tools[LinkerSettings], on_commit: Callable[[], None] = lambda: None) -> list[Learner]:
    """Return what keeps the model, and the links with it, up to date."""
    return [Learner(tools.pool, build_desk(tools), on_commit)]


async def _relink(settings: LinkerSettings, _: argparse.Namespace) -> int:
    tools = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="relink")
    try:
        (learner,) = build_learner(tools)
        model = await learner.learn()
        total = await learner.count_stale()
        print(f"learned {model.version}; {total} tips to link anew")  # noqa: T201
        done = 0
        while count := await learner.relink_some():
            done += count
            print(f"{done} of {max(done, total)} tips")  # noqa: T201
        print("every tip is linked by it")  # noqa: T201
    finally:
        await tools.pool.close()
    return 0


SERVICE = Service(
    name="linker",
    settings=LinkerSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("linker"),
    build_handler=build_handler,
    build_more=build_learner,
    commands={"relink": Command("learn anew from all tips what values say, and link them all by it", _relink)},
    list_facts=list_facts,
    has_dead_letters=True,
)
"""The linker, described."""
