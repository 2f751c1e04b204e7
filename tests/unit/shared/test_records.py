"""What the routes' tables say is put on record: for each route, of models that its service may publish."""

from importlib import import_module

import pytest

from shared.events.activity import AnswerRepeatedV1, AuthRefusedV1, RequestRefusedV1, SessionOpenedV1
from shared.events.envelope import Payload
from shared.events.topics import OFFICE_MODELS, TOPICS
from shared.http.problem import STATUS
from shared.http.route import Route, refused_by

SERVICES = ("audit", "intake", "linker", "query", "referral")
ALWAYS: tuple[type[Payload], ...] = (SessionOpenedV1, AuthRefusedV1, RequestRefusedV1, AnswerRepeatedV1)
"""What any route may put on record, whatever its row says."""


def routes_of(service: str) -> tuple[Route, ...]:
    routes: tuple[Route, ...] = import_module(f"services.{service}.app").SERVICE.routes
    return routes


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_of_a_service_puts_something_on_record(service: str) -> None:
    assert [f"{route.method} {route.path}" for route in routes_of(service) if not route.records] == []


@pytest.mark.parametrize("service", SERVICES)
def test_what_goes_on_record_stands_in_the_topic_table(service: str) -> None:
    own = {(model.TYPE, model.VERSION) for topic in TOPICS if topic.owner == service for model in topic.models}
    if service == "referral":
        own |= {(model.TYPE, model.VERSION) for model in OFFICE_MODELS}
    named: set[type[Payload]] = {model for route in routes_of(service) for model in (*route.records, *route.follows)}
    named |= set(ALWAYS)
    assert {(model.TYPE, model.VERSION) for model in named} <= own


def test_every_refusal_goes_on_record_whatever_its_status() -> None:
    told = {status: refused_by(status) for status in STATUS.values()}
    assert [status for status, model in told.items() if model is AuthRefusedV1] == [401]
    assert set(told.values()) == {AuthRefusedV1, RequestRefusedV1}
