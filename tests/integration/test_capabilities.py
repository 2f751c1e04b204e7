"""Who may call what, written out by hand, held against every route of every service.

A cell that allows answers anything but 401, 403 or a failure (the ids are unknown and the bodies empty, so mostly 404
or 422); a cell that denies answers 403; without a token every row answers 401. `/healthz` and `/readyz` alone are open.
"""

from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from shared.service import Service
from tests.conftest import Caller, CallService

SOURCES = ("ncmec", "tipline", "interpol", "police", "foreign_police", "field", "attache")
ACCOUNTS = {
    "source": tuple(f"source.{source}" for source in SOURCES),
    "ceiu.analyst": ("ceiu.analyst",),
    "ceiu.supervisor": ("ceiu.supervisor",),
    "hsi.agent": ("hsi.agent.sac-boston",),
    "cbp.att": ("cbp.att",),
    "cbp.supervisor": ("cbp.supervisor",),
    "auditor": ("auditor",),
    "privacy.officer": ("privacy.officer",),
    "system.admin": ("system.admin",),
    "program.manager": ("program.manager",),
}
EVERYONE = set(ACCOUNTS)
CEIU = {"ceiu.analyst", "ceiu.supervisor"}
SUPERVISOR = {"ceiu.supervisor"}
AGENT = {"hsi.agent"}
OFFICERS = CEIU | AGENT | {"cbp.att", "cbp.supervisor"}
LISTERS = CEIU | {"cbp.att", "cbp.supervisor"}
AUDITORS = {"auditor", "privacy.officer"}
OPERATORS = {"system.admin", "program.manager"}

Table = dict[str, set[str]]
OWN: Table = {"GET /metrics": OPERATORS, "GET /openapi.json": EVERYONE}
TABLES: dict[str, Table] = {
    "intake": {
        "POST /v1/tips": CEIU | {"source"},
        "POST /v1/tips/batch": CEIU | {"source"},
        "POST /v1/uploads": CEIU | {"source"},
        "GET /v1/tips": CEIU | {"source"},
        "GET /v1/tips/{tip_id}": CEIU | {"source"},
        "GET /v1/sources": CEIU | {"source"},
        "POST /v1/tips/{tip_id}/reviews": CEIU,
        "GET /v1/tips/{tip_id}/reviews": CEIU,
        "POST /v1/tips/{tip_id}/research": CEIU,
        "GET /v1/tips/{tip_id}/research": CEIU,
    },
    "linker": {
        "GET /v1/tips/{tip_id}/links": CEIU,
        "GET /v1/clusters": SUPERVISOR,
        "POST /v1/judgements": CEIU,
        "POST /v1/judgements/{judgement_id}/withdrawal": CEIU,
        "GET /v1/leads": CEIU | AGENT,
        "GET /v1/leads/{lead_id}": CEIU | AGENT,
        "GET /v1/leads/{lead_id}/graph": CEIU | AGENT,
        "POST /v1/leads/{lead_id}/priority": SUPERVISOR,
        "POST /v1/leads/{lead_id}/release": SUPERVISOR,
        "POST /v1/leads/{lead_id}/silence": SUPERVISOR,
        "GET /v1/notices": OFFICERS,
        "POST /v1/notices/{notice_id}/acknowledgements": OFFICERS,
    },
    "referral": {
        "GET /v1/offices": CEIU | AGENT,
        "GET /v1/referrals": CEIU | AGENT,
        "GET /v1/referrals/{referral_id}": CEIU | AGENT,
        "POST /v1/referrals/{referral_id}/responses": AGENT,
        "POST /v1/referrals/{referral_id}/assignments": SUPERVISOR,
    },
    "query": {
        "POST /v1/lookups": OFFICERS,
        "POST /v1/lookups/batch": OFFICERS,
        "POST /v1/manifests": LISTERS,
        "GET /v1/manifests": LISTERS,
        "GET /v1/manifests/{manifest_id}": LISTERS,
        "POST /v1/manifests/{manifest_id}/screenings": LISTERS,
        "GET /v1/alerts": LISTERS,
        "POST /v1/alerts/{alert_id}/acknowledgements": LISTERS,
        "GET /v1/lookups/{lookup_id}": OFFICERS,
        "POST /v1/lookups/{lookup_id}/handoffs": OFFICERS,
        "GET /v1/handoffs": OFFICERS,
        "GET /v1/handoffs/{handoff_id}": OFFICERS,
        "POST /v1/handoffs/{handoff_id}/follow_ups": OFFICERS,
        "GET /v1/statistics": LISTERS,
        "POST /v1/records/{record_id}/notes": OFFICERS,
        "GET /v1/records/{record_id}/notes": OFFICERS,
    },
    "audit": {
        "GET /v1/entries": AUDITORS,
        "GET /v1/entries/{event_id}/proof": AUDITORS,
        "GET /v1/actors/{actor}/timeline": AUDITORS,
        "GET /v1/records/{record_id}/views": AUDITORS,
        "GET /v1/checkpoint": AUDITORS,
        "POST /v1/exports": AUDITORS,
        "GET /v1/anomalies": AUDITORS,
        "GET /v1/flags": AUDITORS,
        "GET /v1/lookups": AUDITORS,
        "GET /v1/reports": AUDITORS | OPERATORS,
        "GET /v1/reports/{report_id}": AUDITORS | OPERATORS,
        "POST /v1/reports/{report_id}/signatures": OPERATORS,
    },
}
UNKNOWN = UUID("01950000-0000-7000-8000-00000000dead")


@pytest.mark.parametrize("service", TABLES)
def test_every_route_stands_in_the_table_and_the_table_names_no_other(service: str) -> None:
    routes = [f"{route.method} {route.path}" for route in service_of(service).routes]
    assert sorted(routes) == sorted(TABLES[service])


@pytest.mark.parametrize("service", TABLES)
async def test_each_account_may_call_what_the_table_says_and_nothing_else(
    service: str, call_service: CallService
) -> None:
    caller = await call_service(service_of(service))
    wrong = []
    for row, roles in (TABLES[service] | OWN).items():
        for role, accounts in ACCOUNTS.items():
            for account in accounts:
                status = await _call(caller, row, caller.as_(account))
                is_right = status == 403 if role not in roles else status not in {401, 403} and status < 500
                if not is_right:
                    wrong.append(f"{account}: {row} answers {status}")
        if (status := await _call(caller, row, {})) != 401:
            wrong.append(f"no token: {row} answers {status}")
    assert wrong == []


@pytest.mark.parametrize("service", TABLES)
async def test_only_the_health_pages_answer_without_a_token(service: str, call_service: CallService) -> None:
    caller = await call_service(service_of(service))
    described = (await caller.client.get("/openapi.json", headers=caller.as_("auditor"))).json()["paths"]
    rows = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert rows == set(TABLES[service] | OWN)
    for path in ("/healthz", "/readyz"):
        assert (await caller.client.get(path)).status_code == 200
    for path in ("/", "/docs", "/redoc", "/v1", "/v1/none"):
        assert (await caller.client.get(path)).status_code == 401
        assert (await caller.client.get(path, headers=caller.as_("auditor"))).status_code == 404


async def _call(caller: Caller, row: str, headers: dict[str, str]) -> int:
    method, path = row.split(" ")
    whole = "/".join(str(UNKNOWN) if part.startswith("{") else part for part in path.split("/"))
    body: dict[str, str] | None = {} if method == "POST" else None
    return (await caller.client.request(method, whole, json=body, headers=headers)).status_code


def service_of(name: str) -> Service[Any]:
    """Return the service as its composition root describes it."""
    service: Service[Any] = import_module(f"services.{name}.app").SERVICE
    return service


async def test_a_wrong_method_is_told_every_right_one(call_service: CallService) -> None:
    """`/v1/tips` is two rows of the table, one for each method."""
    caller = await call_service(service_of("intake"))
    answer = await caller.client.delete("/v1/tips", headers=caller.as_("auditor"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    answer = await caller.client.post("/healthz", headers=caller.as_("auditor"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
