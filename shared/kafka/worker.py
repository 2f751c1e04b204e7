"""The worker process: Faust is the host (signals, life cycle, health pages), our pump and relay do the work in it.

Faust's own consumer and producer are off; `DECISIONS.md` no. 1 says why. A watchdog thread ends a process that makes
no progress while there is lag, or does not drain in time: the supervisor starts it anew, and nothing is lost by that.
"""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
import structlog
from aiohttp import web
from faust.app.base import BootStrategy
from mode import Service

from shared.errors import Forbidden, Unauthenticated
from shared.kafka.part import Built
from shared.metrics import Metrics
from shared.periodic import Periodic
from shared.security import Principal

EXIT_STALLED = 70
EXIT_NOT_DRAINED = 75
GC_THRESHOLDS = (500_000, 10, 10)

log = structlog.get_logger()


class _Boot(BootStrategy):
    enable_kafka_consumer = False
    enable_kafka_producer = False

    def agents(self) -> Sequence[Any]:
        return []


class _Host(faust.App):
    BootStrategy = _Boot

    def _create_directories(self) -> None:
        """Make none: Faust keeps tables in its folder, and there are none."""


class _Worker(faust.Worker):
    def _setup_logging(self) -> None:
        """Leave logging as `shared.logging` set it up."""


def run_worker(
    service: str,
    build: Callable[[], Awaitable[Built]],
    *,
    metrics: Metrics,
    verify: Callable[[str], Principal],
    host: str,
    port: int,
    drain_timeout_s: float,
    stall_timeout_s: float,
    niceness: int,
) -> None:
    """Run a worker until SIGTERM or SIGINT, then drain it; it does not return.

    The process ends with 0 after draining, 1 after a bug, 70 when stalled, 75 when it did not drain in time.
    """
    os.nice(niceness)
    app = _Host(
        f"{service}-worker",
        broker="kafka://unused",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
    )
    crew = _Crew(build, drain_timeout_s=drain_timeout_s, stall_timeout_s=stall_timeout_s)
    pages = _Pages(crew, metrics, verify)
    app.service(_service_of(crew, pages, host, port))
    worker = _Worker(app, redirect_stdouts=False, quiet=True)
    # The spinner draws on a terminal, which a supervised process has not, and fails without one of Faust's handlers.
    worker.spinner = None
    worker.execute_from_commandline()


class _Crew:
    """Runs the parts side by side; the first exception ends the process."""

    def __init__(
        self, build: Callable[[], Awaitable[Built]], *, drain_timeout_s: float, stall_timeout_s: float
    ) -> None:
        self._build = build
        self._drain_timeout_s = drain_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._built: Built | None = None
        self._draining_since: float | None = None
        self._finished = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether everything is built and every pump has its partitions, or waits behind another that has them."""
        return self._built is not None and self._draining_since is None

    @property
    def failing(self) -> dict[str, bool]:
        """Which parts there are that do their work again and again, and whether they fail at it."""
        parts = self._built.parts if self._built is not None else ()
        return {type(part).__name__: part.is_failing for part in parts if isinstance(part, Periodic)}

    async def run(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        try:
            self._built = await self._build()
            # Events are trees without circles: looking for circles less often saves a third of a batch's work.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            async with asyncio.TaskGroup() as tasks:
                for part in self._built.parts:
                    tasks.create_task(part.run())
        # Whatever it is, it is a bug or a state a person must see: say so and end, acknowledging nothing.
        except Exception as error:
            for cause in _leaves(error):
                log.error("worker_failed", error=type(cause).__name__, reason=_reason(cause), exc_info=cause)
            os._exit(1)
        finally:
            self._finished.set()

    async def stop(self) -> None:
        """Drain all parts within the time limit, then close what they used."""
        self._draining_since = time.monotonic()
        if self._built is None:
            os._exit(0)
        for part in self._built.parts:
            part.drain()
        await self._finished.wait()
        await self._built.close()

    def _watch(self) -> None:
        """A thread, so that it sees a blocked event loop too."""
        while True:
            time.sleep(1.0)
            now = time.monotonic()
            if self._draining_since is not None:
                if now - self._draining_since > self._drain_timeout_s:
                    _end(EXIT_NOT_DRAINED, "worker_not_drained")
                continue
            for progress in self._built.progress if self._built is not None else ():
                if progress.lag_records > 0 and now - progress.moved_at > self._stall_timeout_s:
                    _end(EXIT_STALLED, "worker_stalled", lag_records=progress.lag_records)


def _service_of(crew: _Crew, pages: "_Pages", host: str, port: int) -> type[Service]:
    class Host(Service):
        """Ties the crew and its pages to Faust's life cycle."""

        async def on_start(self) -> None:
            await pages.serve(host, port)

        @Service.task
        async def _run(self) -> None:
            await crew.run()

        async def on_stop(self) -> None:
            await crew.stop()
            await pages.close()

    return Host


class _Pages:
    """`/healthz` and `/readyz`, open, and `/metrics`, with a token."""

    def __init__(self, crew: _Crew, metrics: Metrics, verify: Callable[[str], Principal]) -> None:
        self._crew = crew
        self._metrics = metrics
        self._verify = verify
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._show_metrics)
        self._runner = web.AppRunner(application, access_log=None)

    async def serve(self, host: str, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, reuse_address=True).start()

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        if self._crew.is_ready:
            # Whoever starts it anew when it is not ready would stop what still works.
            failing = [part for part, is_failing in self._crew.failing.items() if is_failing]
            return web.json_response({"status": "ready", **({"failing": failing} if failing else {})})
        return web.json_response({"status": "starting"}, status=503)

    async def _show_metrics(self, request: web.Request) -> web.Response:
        try:
            self._verify(request.headers.get("authorization", "").removeprefix("Bearer ")).require("metrics.read")
        except Unauthenticated:
            return web.json_response({"type": "/problems/unauthenticated", "status": 401}, status=401)
        except Forbidden:
            return web.json_response({"type": "/problems/forbidden", "status": 403}, status=403)
        for part, is_failing in self._crew.failing.items():
            self._metrics.failing_parts.labels(part).set(is_failing)
        return web.Response(body=self._metrics.render(), content_type="text/plain", charset="utf-8")


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _reason(error: BaseException) -> str | None:
    """Our own errors carry a sentence fit for a log; another's text may quote a person's data."""
    detail = getattr(error, "detail", None)
    return detail if isinstance(detail, str) and type(error).__module__.startswith("shared.") else None


def _end(code: int, event: str, **values: object) -> None:
    log.error(event, exit_code=code, **values)
    os._exit(code)
