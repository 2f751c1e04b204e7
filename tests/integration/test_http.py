"""Each service's HTTP held against its own OpenAPI document, with invented requests good and bad from one fixed seed.

A real server on the loopback answers; no answer may be a 5xx, and each must have a status, a media type and a body that
the document names. The account is the first that has a capability the operation asks for.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.clock import SystemClock
from shared.metrics import Metrics
from shared.security import ROLE_CAPABILITIES
from shared.service import Service, build_app
from tests.conftest import Keys, settings_of
from tests.depth import deep
from tests.servers import Database, free_port

SERVICES = ("intake", "linker", "referral", "query", "audit")
EXAMPLES_PER_OPERATION = 15
SEED = 20_261_125
START_TIMEOUT_S = 20
CALL_TIMEOUT_S = 20
ACCOUNTS = {
    "ceiu.supervisor": "ceiu.supervisor",
    "hsi.agent.sac-boston": "hsi.agent",
    "auditor": "auditor",
    "system.admin": "system.admin",
}
"""Accounts and their roles: together they have every capability that a route asks for."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/x-ndjson", "text/csv", "application/edifact")
def _as_text(_: Any, value: Any) -> bytes:
    """Send a made-up text as it is, and anything else as its Python form: a body that is wrong in another way."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


@pytest.mark.parametrize("name", SERVICES)
async def test_every_answer_is_one_the_openapi_document_names(name: str, database: Database, keys: Keys) -> None:
    service: Service[Any] = import_module(f"services.{name}.app").SERVICE
    app = build_app(service, settings_of(service, database, keys), clock=SystemClock(), metrics=Metrics())
    with _served(app) as url:
        statuses = await asyncio.to_thread(_try_all, url, keys)
    # Schemathesis leaves out the document it reads from.
    assert statuses.keys() == {f"{route.method} {route.path}" for route in service.routes} | {"GET /metrics"}
    assert not any(found & {401, 403} == found for found in statuses.values()), "an account that may calls each"


def _try_all(url: str, keys: Keys) -> dict[str, set[int]]:
    """Call every operation with made-up requests and return the statuses seen of each."""
    tokens = {account: keys.token(account) for account in ACCOUNTS}
    anyone = {"Authorization": f"Bearer {tokens['auditor']}"}
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=anyone)
    seen: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an invalid operation has no `ok`, and so fails here
        needs = operation.definition.raw["x-capabilities"]
        account = next(a for a, role in ACCOUNTS.items() if not needs or set(needs) & ROLE_CAPABILITIES[role])
        statuses = seen.setdefault(f"{operation.method.upper()} {operation.path}", set())
        _try_one(operation, {"Authorization": f"Bearer {tokens[account]}"}, statuses)
    return seen


def _try_one(operation: Any, headers: dict[str, str], statuses: set[int]) -> None:
    @seed(SEED)
    @settings(
        max_examples=deep(EXAMPLES_PER_OPERATION),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        response = case.call(headers=headers, timeout=CALL_TIMEOUT_S)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    call()


@contextmanager
def _served(app: Any) -> Iterator[str]:
    """Serve an application in a thread, with a loop of its own, as its process would."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="served", daemon=True)
    thread.start()
    waited = threading.Event()
    for _ in range(START_TIMEOUT_S * 50):
        if server.started or not thread.is_alive():
            break
        waited.wait(0.02)
    assert server.started
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
