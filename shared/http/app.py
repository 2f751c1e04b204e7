"""The FastAPI application of a service, from its route table; and the server that runs it."""

import gc
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.clock import Clock
from shared.errors import FieldError, Rejected, Unavailable
from shared.http.body import ERRORS_MAX
from shared.http.problem import ProblemDocument, problem_of, responses
from shared.http.protocol import EVERY_ANSWER, ProblemProtocol
from shared.http.route import IDEMPOTENCY_KEY_CHARS_MAX, Call, Edge, Route, answer, route_name
from shared.metrics import Metrics

CONNECTIONS_WAITING_MAX = 2_000
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Within 24 hours the same key and request get the same answer; with another request it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX},
}
"""As OpenAPI describes it."""
REQUESTS_MAX = 2_000
"""Requests in hand at once; one more is asked to come back."""
OBJECTS_COLLECTED_AFTER = 50_000
"""Objects that a request makes go with it, and hardly any must be collected. Looked for after every 700, as Python does
by itself, they cost a look-up of hundreds of people a fifth of its time."""
_TOO_BUSY = problem_of(Unavailable("too many requests are in hand; try again"))

log = structlog.get_logger()


def create_app(
    service: str,
    routes: Sequence[Route],
    build: Callable[[], Awaitable[tuple[Edge, Callable[[], Awaitable[None]]]]],
    *,
    clock: Clock,
    metrics: Metrics,
) -> FastAPI:
    """Return the application. `build` makes the edge once the loop runs, and gives what closes it again."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.edge, close = await build()
        # What was built stays: the collector need not walk over it again and again (7 % less work in intake).
        gc.collect()
        gc.freeze()
        gc.set_threshold(OBJECTS_COLLECTED_AFTER)
        yield
        await close()

    app = FastAPI(
        title=f"CETS {service}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.clock = clock
    for route in [*routes, *_own_routes(app, metrics)]:
        _add(app, route)
    _add_open_pages(app)
    # What no route took: the guard, which answers every other error, never ran.
    app.add_exception_handler(HTTPException, _on_error)
    app.add_middleware(_Observed, clock=clock, metrics=metrics)
    _describe(app, routes)
    return app


def run_http(app: FastAPI, *, host: str, port: int, drain_timeout_s: float) -> None:
    """Serve until SIGTERM; requests in hand get `drain_timeout_s`."""
    uvicorn.run(app, **server_options(host=host, port=port, drain_timeout_s=drain_timeout_s))


def server_options(*, host: str, port: int, drain_timeout_s: float) -> dict[str, Any]:
    """Return how uvicorn serves every application."""
    return {
        "host": host,
        "port": port,
        "http": ProblemProtocol,
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": int(drain_timeout_s),
        "timeout_keep_alive": 30,
        "backlog": CONNECTIONS_WAITING_MAX,
    }


def _add(app: FastAPI, route: Route) -> None:
    class Guarded(APIRoute):
        """Looks at the caller before anything of the request is read."""

        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
            handle = super().get_route_handler()
            names = {field.alias for field in self.dependant.query_params}

            async def guarded(request: Request) -> Response:
                edge: Edge = request.app.state.edge
                try:
                    principal = await edge.admit(request, route)
                    request.state.call = Call(request, principal, edge)
                    _check_parameters(request, names)
                    return await handle(request)
                # The edge of the service: every error becomes an answer here, and a bug a recorded one.
                except Exception as error:  # noqa: BLE001
                    return await _on_error(request, error)

            return guarded

    good: dict[int | str, dict[str, Any]] = {
        status: {"model": model} if model is not None else {"description": "Not JSON"}
        for status, model in route.answers.items()
    }
    extra = dict(route.openapi)
    if route.takes is not None:
        schema = {"$ref": f"#/components/schemas/{route.takes.__name__}"}
        others = extra.get("requestBody", {}).get("content", {})
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}, **others}}
    # What answers in JSON keeps its answer under a key; what streams does not.
    if route.method == "POST" and all(route.answers.values()):
        extra["parameters"] = [IDEMPOTENCY_KEY]
    app.router.add_api_route(
        route.path,
        route.endpoint,
        methods=[route.method],
        status_code=next(iter(route.answers)),
        response_model=None,
        # Where no model is named, the route itself says what it answers; FastAPI would say JSON beside it.
        response_class=JSONResponse if next(iter(route.answers.values())) is not None else Response,
        responses={**good, **responses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
        openapi_extra={**extra, "security": [{"bearer": []}], "x-capabilities": list(route.needs)},
        route_class_override=Guarded,
    )


def _check_parameters(request: Request, names: Set[str]) -> None:
    """Pass when the query holds only parameters named so, each once, and neither it nor the path holds a NUL.

    A misspelt filter that was passed over would answer far more than was asked for. No database text can hold a NUL.

    Raises:
        Rejected: naming each parameter that is wrong, up to a limit.
    """
    query = request.query_params.multi_items()
    counts = Counter(name for name, _ in query)
    errors = [FieldError(("query", name), "is no parameter of this route") for name in counts if name not in names]
    errors += [FieldError(("query", name), "must be given once") for name in names if counts[name] > 1]
    given = [("query", *pair) for pair in query]
    given += [("path", name, str(value)) for name, value in request.path_params.items()]
    errors += [
        FieldError((part, name), "must not hold a NUL character") for part, name, text in given if "\x00" in text
    ]
    if errors:
        raise Rejected("some fields are not valid", errors=errors[:ERRORS_MAX])


def _own_routes(app: FastAPI, metrics: Metrics) -> list[Route]:
    async def show_metrics(request: Request) -> Response:
        return Response(metrics.render(), media_type="text/plain; version=0.0.4")

    async def show_openapi(request: Request) -> Response:
        return answer(app.openapi())

    return [
        Route(
            "GET",
            "/metrics",
            show_metrics,
            needs=("metrics.read",),
            answers={200: None},
            # Figures about the process: no record is read.
            records=(),
            openapi=_answers("text/plain", {"type": "string"}),
        ),
        Route(
            "GET",
            "/openapi.json",
            show_openapi,
            needs=(),
            answers={200: None},
            # The same for everyone, whatever there is in the database.
            records=(),
            openapi=_answers("application/json", {"type": "object"}),
        ),
    ]


def _answers(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "As the media type says", "content": {media_type: {"schema": schema}}}}
    }


def _add_open_pages(app: FastAPI) -> None:
    async def healthz() -> Response:
        return answer({"status": "alive"})

    async def readyz(request: Request) -> Response:
        try:
            await request.app.state.edge.pool.fetchval("SELECT 1", timeout=2)
        # Whatever the reason, we cannot serve now, and that is all the caller is told.
        except Exception:
            log.warning("not_ready", exc_info=True)
            return answer({"status": "not ready"}, 503)
        return answer({"status": "ready"})

    app.router.add_api_route("/healthz", healthz, methods=["GET"], response_model=None, include_in_schema=False)
    app.router.add_api_route("/readyz", readyz, methods=["GET"], response_model=None, include_in_schema=False)


async def _on_error(request: Request, error: Exception) -> Response:
    """Answer any exception as a problem document, and record it first when a caller is to be held to it."""
    edge: Edge = request.app.state.edge
    if isinstance(error, HTTPException):
        # No route matched, so no guard ran: an unknown caller learns nothing, not even that.
        try:
            edge.authenticate(request)
        except Exception as unknown:  # noqa: BLE001
            error = unknown
        if isinstance(error, HTTPException) and error.status_code == 405:
            error = HTTPException(405, headers={"Allow": ", ".join(_methods_of_path(request))})
    problem = problem_of(error)
    if problem.status >= 500:
        log.error("request_failed", route=route_name(request), status=problem.status, exc_info=error)
    try:
        await edge.record_refusal(request, problem, error)
    # A refusal that cannot be put on record is still a refusal; the caller is told to come back.
    except Exception as unrecorded:
        log.exception("refusal_unrecorded", route=route_name(request))
        problem = problem_of(unrecorded)
    return problem.render(request.state.request_id)


def _methods_of_path(request: Request) -> list[str]:
    """Return what may be asked of this path, by any route: the framework itself looks at the first alone."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in route.methods})


class _Observed:
    """Outermost: gives each request its id, and measures it; refuses what would be too many at once."""

    def __init__(self, app: Any, clock: Clock, metrics: Metrics) -> None:
        self._app = app
        self._in_hand = 0
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._clock.new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def observed_send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", str(request_id).encode()),
                    *EVERY_ANSWER,
                ]
            await send(message)

        app = self._app if self._in_hand < REQUESTS_MAX else _TOO_BUSY.render(request_id)
        self._in_hand += 1
        with structlog.contextvars.bound_contextvars(correlation_id=str(request_id)):
            try:
                await app(scope, receive, observed_send)
            finally:
                self._in_hand -= 1
                template = getattr(scope.get("route"), "path", "(no route)")
                seconds = time.perf_counter() - started
                self._metrics.http_seconds.labels(scope["method"], template, str(status)).observe(seconds)


def _describe(app: FastAPI, routes: Sequence[Route]) -> None:
    """Put the bodies' models and the token's scheme into the OpenAPI document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            models = [(m, "validation") for m in {r.takes for r in routes if r.takes is not None} | {ProblemDocument}]
            _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(schemas.get("$defs", {}))
            components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        return app.openapi_schema or document

    app.openapi = openapi  # type: ignore[method-assign]
