"""The composition root of the linker."""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from services.linker.domain.known_hashes import KnownHashes
from services.linker.domain.lists import IgnoreList, join_lists, parse_list
from services.linker.domain.model import Model
from services.linker.domain.rules import RULES, Rules
from services.linker.handlers import learn, pictures
from services.linker.handlers.republish import list_facts
from services.linker.handlers.turn import Desk
from services.linker.http import ROUTES
from services.linker.settings import LinkerSettings
from services.linker.store import models, near
from services.linker.stream import build_handler, desk_of
from shared.clock import SystemClock
from shared.db.pool import Pool
from shared.errors import Rejected
from shared.events.topics import topics_read_by
from shared.kafka.consume import Progress
from shared.kafka.inbox import EventHandler
from shared.metrics import Metrics
from shared.periodic import Periodic
from shared.service import Command, Service, Tools, open_tools

PERIOD_S = 2.0
PICTURES_PERIOD_S = 0.25
"""Near copies are to be seen within 2 s."""
TOLD_EVERY_S = 2.0
LISTS = Path(__file__).parent / "lists"
TIPS_AT_ONCE_MAX = 500
TURN_MIN_S, TURN_MAX_S = 0.05, 0.1
"""Who waits for the graph while tips are linked anew waits about so long: as many are taken at once as fit in there."""
REST_S = 2.0
"""When nothing has come for so long, nothing arrives any more."""
LAG_RECORDS_MAX = 500
"""More than a batch holds when tips come one by one."""


def build_desk(tools: Tools[LinkerSettings]) -> Desk:
    """Return what the routes use."""
    return desk_of(tools, load_rules(tools.settings.lists_dir))


@cache
def load_rules(lists_dir: Path | None = None) -> Rules:
    """Return the rules with our lists and those in the operator's folder, read once: a process has one version.

    Raises:
        Rejected: a list is wrong, or the folder is not there; the sentence names file and line.
    """
    if lists_dir is not None and not lists_dir.is_dir():
        raise Rejected(f"{lists_dir}: the folder of ignore lists is not there")
    files: dict[str, Path] = {}
    for folder in filter(None, (LISTS, lists_dir)):
        files |= {file.name: file for file in sorted(folder.glob("*.txt"))}
    return RULES.with_lists(join_lists(_read_list(file) for file in files.values()))


def _read_list(file: Path) -> IgnoreList:
    try:
        found = parse_list(str(file), file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(f"{file}: not readable as UTF-8 text ({type(error).__name__})") from error
    if found.name != file.stem:
        raise Rejected(f"{file}: the list calls itself `{found.name}`; its file must be called {found.name}.txt")
    return found


def check_lists(settings: LinkerSettings) -> Iterator[str]:
    """Return what `check` tells of the rules and each list: its version, its effect, and how much is on it."""
    rules = load_rules(settings.lists_dir)
    yield f"rules {rules.version}"
    for each in rules.lists.all:
        yield f"list {each.name} {each.version}: {len(each.entries)} of sort {each.sort}, {each.effect}"


def build_batch_handler(tools: Tools[LinkerSettings]) -> EventHandler:
    """Return what applies the topics' records, by the rules in use."""
    return build_handler(tools, load_rules(tools.settings.lists_dir))


class Learner(Periodic):
    """A worker's part that keeps the model up to date, and the links with it."""

    def __init__(
        self, pool: Pool, desk: Desk, progress: Progress | None = None, on_commit: Callable[[], None] = lambda: None
    ) -> None:
        """`progress` is the pump's: while that is far behind, nothing is linked anew. Without it, nothing waits."""
        super().__init__(period_s=PERIOD_S)
        self._pool = pool
        self._desk = desk
        self._progress = progress or Progress()
        self._on_commit = on_commit
        self._at_once = 1
        self._read_to: int | None = None
        self._moved_at = 0.0
        """When this process saw last (monotonic seconds) that something had come."""

    async def work(self) -> None:
        """Learn when it is time, also in the middle of linking anew, and link anew what is stale.

        What arrives goes before: after each step it rests as long as that took, unless nothing arrives any more, and
        while there is a backlog it waits. A new model need not wait, as it serves what arrives.
        """
        asked_at = -math.inf
        while not self.is_draining:
            started = time.monotonic()
            if started - asked_at >= PERIOD_S:
                asked_at = started
                if await self.is_due():
                    await self.learn()
            if self._progress.lag_records > LAG_RECORDS_MAX or not await self.relink_some():
                return
            await self.rest(0.0 if self._is_at_rest else time.monotonic() - started)

    async def is_due(self) -> bool:
        """Return whether there is enough that the model was not learned from."""
        async with self._pool.acquire() as connection:
            read_to = await models.load_read_to(connection)
            if read_to != self._read_to:
                self._read_to, self._moved_at = read_to, time.monotonic()
            return await learn.is_due(connection, self._desk, rested_at=read_to if self._is_at_rest else None)

    @property
    def _is_at_rest(self) -> bool:
        """Whether nothing came any more, as far as was seen when it was last asked whether it is time to learn."""
        return self._progress.lag_records == 0 and time.monotonic() - self._moved_at >= REST_S

    async def learn(self) -> Model:
        """Make the model anew from the tips there are; return it."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            reading = await learn.read(connection, self._desk)
        model, lesson = await learn.learn(reading, self._desk)
        async with self._pool.acquire() as connection, connection.transaction():
            await learn.keep(connection, self._desk, model, lesson)
        self._on_commit()
        return model

    async def relink_some(self) -> int:
        """Link some stale tips anew; return how many, 0 when none is stale."""
        async with self._pool.acquire() as connection, connection.transaction():
            started, at_once = time.monotonic(), self._at_once
            # Where this comes to no end, the next turn takes fewer.
            self._at_once = max(1, at_once // 2)
            count = await learn.relink_some(connection, self._desk, count_max=at_once)
            self._at_once = paced(at_once, count, time.monotonic() - started)
        if count:
            self._on_commit()
        return count

    async def relink_all(self, tell: Callable[[int], None] = lambda _: None) -> None:
        """Link all stale tips anew, and tell how many are done after each step."""
        done = 0
        while count := await self.relink_some():
            done += count
            tell(done)

    async def count_stale(self) -> int:
        """Return how many tips were last linked by another model."""
        async with self._pool.acquire() as connection:
            return await learn.count_stale(connection, self._desk)


class PictureFinder(Periodic):
    """A worker's part that looks for near copies of the pictures that came, beside what arrives."""

    def __init__(self, pool: Pool, desk: Desk, metrics: Metrics, on_commit: Callable[[], None] = lambda: None) -> None:
        super().__init__(period_s=PICTURES_PERIOD_S)
        self._pool = pool
        self._desk = desk
        self._metrics = metrics
        self._on_commit = on_commit
        self.known = KnownHashes()
        """What this process has read of the hashes there are; from the start on, nothing."""

    async def work(self) -> None:
        """Look at all pictures that wait."""
        await self.measure()
        while not self.is_draining and await self.look_at_some():
            await self.measure()

    async def look_at_some(self) -> int:
        """Look at some pictures that wait; return how many, 0 when none waits or another worker is at it."""
        async with self._pool.acquire() as connection, connection.transaction():
            count = await pictures.look_at_some(connection, self._desk, self.known)
        if count:
            self._on_commit()
        return count

    async def measure(self) -> None:
        """Show how far behind it is."""
        async with self._pool.acquire() as connection:
            queue = await near.measure_queue(connection)
        self._metrics.waiting_rows.labels("pictures").set(queue.hashes)
        self._metrics.waiting_age_seconds.labels("pictures").set(queue.age.total_seconds())


def build_learner(
    tools: Tools[LinkerSettings], progress: Progress | None = None, on_commit: Callable[[], None] = lambda: None
) -> list[Learner]:
    """Return what keeps the model, and the links with it, up to date."""
    return [Learner(tools.pool, build_desk(tools), progress, on_commit)]


def build_more(tools: Tools[LinkerSettings], progress: Progress, on_commit: Callable[[], None]) -> list[Periodic]:
    """Return what a worker does besides applying what arrives."""
    finder = PictureFinder(tools.pool, build_desk(tools), tools.metrics, on_commit)
    return [*build_learner(tools, progress, on_commit), finder]


async def _relink(settings: LinkerSettings, _: argparse.Namespace) -> int:
    tools = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="relink")
    try:
        (learner,) = build_learner(tools)
        # What is learned is learned from tips that were read by the present rules.
        await _relink_stale(learner, "as things stand")
        print("learning ...", flush=True)  # noqa: T201
        model = await learner.learn()
        await _relink_stale(learner, f"learned {model.version}")
        print("every tip is linked by it", flush=True)  # noqa: T201
    finally:
        await tools.pool.close()
    return 0


async def _relink_stale(learner: Learner, why: str) -> None:
    """Link all stale tips anew, and print why and how far it is."""
    total, told_at = await learner.count_stale(), time.monotonic()
    print(f"{why}; {total} tips to link anew", flush=True)  # noqa: T201

    def tell(done: int) -> None:
        nonlocal told_at
        if done >= total or time.monotonic() - told_at > TOLD_EVERY_S:
            told_at = time.monotonic()
            print(f"{done} of {max(done, total)} tips", flush=True)  # noqa: T201

    await learner.relink_all(tell)


def paced(at_once: int, count: int, took_s: float) -> int:
    """Return how many tips to take at once after so many were, and `count` came of it and took so long.

    That few or none were left tells nothing of how long many would take.
    """
    if took_s > TURN_MAX_S:
        return max(1, at_once // 2)
    return min(2 * at_once, TIPS_AT_ONCE_MAX) if took_s < TURN_MIN_S and count >= at_once else at_once


SERVICE = Service(
    name="linker",
    settings=LinkerSettings,
    folder=Path(__file__).parent,
    routes=ROUTES,
    build_parts=build_desk,
    topics=topics_read_by("linker"),
    build_handler=build_batch_handler,
    check=check_lists,
    build_more=build_more,
    commands={"relink": Command("learn anew from all tips what values say, and link them all by it", _relink)},
    list_facts=list_facts,
    has_dead_letters=True,
)
"""The linker, described."""
