"""How a service becomes processes: `http`, `worker`, `migrate`, `check`, repairs, and commands of its own.

A service's `app.py` describes it as one `Service` value; its `__main__.py` hands that to `main`.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic

import structlog
from fastapi import FastAPI
from pydantic import ValidationError

from shared.clock import Clock, SystemClock
from shared.db.migrate import check_schema, migrate
from shared.db.pool import TRANSIENT, Connection, Pool, open_pool, rehearse
from shared.db.prune import Janitor
from shared.errors import CetsError, Unavailable
from shared.http.app import create_app, run_http
from shared.http.route import Edge, Route
from shared.kafka.bell import Bell
from shared.kafka.consume import BatchHandler, Progress, Pump
from shared.kafka.inbox import EventHandler
from shared.kafka.outbox import PACE_S, Outbox, OutboxGate, Relay
from shared.kafka.part import Built, Part
from shared.kafka.redrive import Redrive
from shared.kafka.republish import ListFacts
from shared.logging import configure_logging
from shared.metrics import Metrics
from shared.repair import add_redrive, add_republish, run_redrive, run_republish
from shared.security import token_verifier
from shared.settings import ServiceSettings, Settings, load_settings

OUTBOX_SHARDS = 2
"""Fixed: a row's shard is stored with it. Two let two workers share the relaying, and cost two idle connections."""
EXIT_INTERRUPTED = 130

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tools(Generic[Settings]):
    """What every process of a service has at hand."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    pool: Pool
    outbox: Outbox


@dataclass(frozen=True, slots=True)
class Command(Generic[Settings]):
    """A further command of a service: `python -m services.<name> <word>`."""

    summary: str
    run: Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]
    """Returns the exit code."""
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None


@dataclass(frozen=True, slots=True)
class Service(Generic[Settings]):
    """A service, described."""

    name: str
    settings: type[Settings]
    folder: Path
    """The package's folder; its migrations lie in `migrations/`."""
    routes: Sequence[Route]
    build_parts: Callable[[Tools[Settings]], Any]
    """Makes what the routes find under `call.edge.parts`."""
    topics: Sequence[str]
    """What its worker consumes."""
    build_handler: Callable[[Tools[Settings]], BatchHandler]
    """Makes what applies the topics' records."""
    build_more: Callable[[Tools[Settings], Progress, Callable[[], None]], Sequence[Part]] = lambda *_: ()
    """Makes further parts of its worker; they see how far its pump is, and call the last argument after a commit."""
    rehearse: Callable[[Tools[Settings], Connection], Awaitable[None]] | None = None
    """Goes through the statements that callers wait for, before any does; it keeps nothing."""
    database_settings: Mapping[str, str] = field(default_factory=dict)
    """PostgreSQL's, for the connections of its pool: how its statements are planned."""
    pace_s: float = PACE_S
    """How long its events gather before they are relayed, where nobody waits for them sooner."""
    list_facts: ListFacts | None = None
    """Gives the facts that `republish` sends again; None where a service owns none."""
    has_dead_letters: bool = False
    """Whether its handler is an `EventHandler`, which refuses records; then there is `redrive`."""
    commands: Mapping[str, Command[Settings]] = field(default_factory=dict)
    check: Callable[[Settings], Iterable[str]] = lambda settings: ()
    """Reads, before anything starts, what a service needs besides its settings; gives the lines that `check` tells."""

    @property
    def migrations(self) -> Path:
        """Folder of the numbered SQL files."""
        return self.folder / "migrations"


def main(service: Service[Any], arguments: Sequence[str] | None = None) -> int:
    """Run one of a service's commands and return the process's exit code."""
    chosen = _parser(service).parse_args(arguments)
    try:
        settings = load_settings(service.settings)
    except ValidationError as error:
        for found in error.errors(include_input=False):
            name = f"{service.name}_{found['loc'][0]}".upper()
            print(f"setting {name}: {found['msg']}", file=sys.stderr)  # noqa: T201
        return 2
    configure_logging(service.name, chosen.command, settings.log_level)
    try:
        return _run(service, settings, chosen)
    except CetsError as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return 1


def _run(service: Service[Any], settings: ServiceSettings, chosen: argparse.Namespace) -> int:
    checked = list(service.check(settings))
    match chosen.command:
        case "http":
            _serve(service, settings)
        case "worker":
            _work(service, settings)
        case "migrate":
            owner_url = settings.owner_database_url.get_secret_value()
            try:
                applied = asyncio.run(migrate(owner_url, service.name, service.migrations))
            except TRANSIENT as error:
                raise Unavailable(f"the database of {service.name} does not answer ({type(error).__name__})") from error
            print(f"{service.name}: {', '.join(applied) or 'nothing to apply'}")  # noqa: T201
        case "check":
            for name, value in settings:
                print(f"{service.name}_{name}".upper(), "=", value)  # noqa: T201
            for line in checked:
                print(line)  # noqa: T201
        case "republish" | "redrive":
            try:
                return asyncio.run(_repair(service, settings, chosen))
            except KeyboardInterrupt:
                print("stopped: what was done stays done, and to do it again is harmless", file=sys.stderr)  # noqa: T201
                return EXIT_INTERRUPTED
        case word:
            return asyncio.run(service.commands[word].run(settings, chosen))
    return 0


def build_app(service: Service[Any], settings: ServiceSettings, *, clock: Clock, metrics: Metrics) -> FastAPI:
    """Return the service's HTTP application; what it needs is opened when it starts, and closed when it ends."""
    verify = token_verifier(settings.token_public_key_file.read_bytes(), clock.now)

    async def build() -> tuple[Edge, Callable[[], Awaitable[None]]]:
        tools = await open_tools(service, settings, metrics, clock, process="http")
        if service.rehearse is not None:
            await rehearse(tools.pool, partial(service.rehearse, tools))
        bell = Bell(tools.pool, pace_s=service.pace_s)
        ringing = asyncio.create_task(bell.run())
        edge = Edge(
            service=service.name,
            pool=tools.pool,
            outbox=tools.outbox,
            bell=bell,
            gate=OutboxGate(rows_max=settings.outbox_rows_max),
            clock=clock,
            verify=verify,
            metrics=metrics,
            parts=service.build_parts(tools),
        )

        async def close() -> None:
            bell.drain()
            await ringing
            await tools.pool.close()

        return edge, close

    return create_app(service.name, service.routes, build, clock=clock, metrics=metrics)


async def build_worker(service: Service[Any], settings: ServiceSettings, *, clock: Clock, metrics: Metrics) -> Built:
    """Return a worker's parts: the pump, the relay, and the one that prunes; they do nothing until run."""
    tools = await open_tools(service, settings, metrics, clock, process="worker")
    bell = Bell(tools.pool, pace_s=service.pace_s)
    pump = Pump(
        group=service.name,
        topics=service.topics,
        bootstrap=settings.kafka_bootstrap,
        topic_prefix=settings.kafka_topic_prefix,
        handler=service.build_handler(tools),
        pool=tools.pool,
        metrics=metrics,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        batch_records_max=settings.batch_records_max,
        on_commit=bell.ring,
    )
    relay = Relay(
        service=service.name,
        database_url=settings.database_url.get_secret_value(),
        bootstrap=settings.kafka_bootstrap,
        topic_prefix=settings.kafka_topic_prefix,
        producer_key=bytes.fromhex(settings.producer_key_file.read_text().strip()),
        shards=OUTBOX_SHARDS,
        metrics=metrics,
        pace_s=service.pace_s,
    )
    return Built(
        [pump, relay, bell, Janitor(tools.pool), *service.build_more(tools, pump.progress, bell.ring)],
        [pump.progress],
        tools.pool.close,
    )


def _serve(service: Service[Any], settings: ServiceSettings) -> None:
    app = build_app(service, settings, clock=SystemClock(), metrics=Metrics())
    run_http(app, host=settings.http_host, port=settings.http_port, drain_timeout_s=settings.drain_timeout_s)


def _work(service: Service[Any], settings: ServiceSettings) -> None:
    from shared.kafka.worker import run_worker  # noqa: PLC0415 - Faust, a fifth of all imports, is for workers alone

    clock, metrics = SystemClock(), Metrics()
    run_worker(
        service.name,
        lambda: build_worker(service, settings, clock=clock, metrics=metrics),
        metrics=metrics,
        verify=token_verifier(settings.token_public_key_file.read_bytes(), clock.now),
        host=settings.http_host,
        port=settings.worker_port,
        drain_timeout_s=settings.drain_timeout_s,
        stall_timeout_s=settings.stall_timeout_s,
        niceness=settings.worker_niceness,
    )


async def _repair(service: Service[Any], settings: ServiceSettings, chosen: argparse.Namespace) -> int:
    tools = await open_tools(service, settings, Metrics(), SystemClock(), process=chosen.command)
    try:
        if chosen.command == "republish":
            assert service.list_facts is not None
            return await run_republish(
                tools.pool, tools.outbox, service.list_facts, rows_max=settings.outbox_rows_max, chosen=chosen
            )
        handler = service.build_handler(tools)
        assert isinstance(handler, EventHandler)
        redrive = Redrive(
            group=service.name,
            bootstrap=settings.kafka_bootstrap,
            topic_prefix=settings.kafka_topic_prefix,
            handler=handler,
            pool=tools.pool,
            outbox=tools.outbox,
            clock=tools.clock,
        )
        return await run_redrive(redrive, chosen)
    finally:
        await tools.pool.close()


async def open_tools(
    service: Service[Any], settings: ServiceSettings, metrics: Metrics, clock: Clock, *, process: str
) -> Tools[Any]:
    """Return a process's tools once the database answers.

    Raises:
        SchemaMismatch: the schema is not the one this code was written for.
    """
    url = settings.database_url.get_secret_value()
    pool = await open_pool(
        url,
        size=settings.database_pool_size,
        name=f"{service.name}-{process}",
        settings=service.database_settings,
    )
    await check_schema(pool, service.name, service.migrations)
    return Tools(settings, clock, metrics, pool, Outbox(shards=OUTBOX_SHARDS))


def _parser(service: Service[Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("http", help="serve HTTP until SIGTERM")
    commands.add_parser("worker", help="consume and relay until SIGTERM")
    commands.add_parser("migrate", help="bring the schema up to date, as its owner")
    commands.add_parser("check", help="print the settings, secrets masked, and exit; 2 when one is wrong")
    if service.list_facts is not None:
        add_republish(commands.add_parser("republish", help="send stored facts again, under their old event ids"))
    if service.has_dead_letters:
        redrive = commands.add_parser("redrive", help="list the records that were refused, or apply them again")
        add_redrive(redrive, service.topics)
    for word, command in service.commands.items():
        command.arguments(commands.add_parser(word, help=command.summary, description=command.summary))
    return parser
