"""What sensors keep of what a person did: look-ups, and views of records."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from services.audit.domain.explain import COUNT_MAX, request_name
from services.audit.domain.keys import Keys, names_flight_or_case
from services.audit.domain.logged import Logged
from services.audit.domain.staff import Staff
from shared.events.activity import LookupAnsweredV1, RecordViewedV1
from shared.events.envelope import Actor

PERSON = "person"
REDRESS = "redress"
TRAVELLER = "traveller_targeting"
"""The purpose of every look-up that a passenger list's screening makes."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """An answered look-up. `person`, `request` and the lists are keys; `office` is empty where there is none.

    `names` are those that a reason may share with it: the request that it came in, what its reference names, the leads
    and records that answered it. `sought` are those by which whom it asks for is found on a passenger list, `listed`
    those under which they stand on one, should it be a list's own look-up.
    """

    event_id: UUID
    occurred_at: datetime
    lookup_id: UUID
    request_id: UUID
    match_count: int
    is_person: bool
    names_reason: bool
    is_self: bool
    actor_id: str
    role: str
    agency: str
    office: str
    purpose: str
    reference: str
    request: bytes
    person: bytes
    likeness: tuple[bytes, ...]
    names: tuple[bytes, ...]
    sought: tuple[bytes, ...]
    listed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A person was shown records."""

    event_id: UUID
    occurred_at: datetime
    record_count: int
    actor_id: str
    role: str


def lookup_of(event: Logged, keys: Keys, staff: Staff) -> Lookup | None:
    """Return the look-up that an event tells of, None when it tells of none or cannot be read."""
    if event.type != LookupAnsweredV1.TYPE or event.actor is None:
        return None
    try:
        told = LookupAnsweredV1.model_validate(event.payload)
    except ValidationError:
        return None
    actor, asked, request = event.actor, told.personal.model_dump(), request_name(event, keys)
    answered = [keys.of("id", str(id_)) for id_ in (*told.lead_ids, *told.record_ids)]
    persons, (sought, listed) = keys.persons(asked), keys.passenger(asked)
    return Lookup(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        lookup_id=told.lookup_id,
        request_id=event.correlation_id,
        match_count=_bounded(told.match_count),
        is_person=_is_person(actor),
        names_reason=names_flight_or_case(told.reference),
        is_self=staff.is_self(actor.id, asked),
        actor_id=actor.id,
        role=actor.role or "",
        agency=actor.agency or "",
        office=actor.office or "",
        purpose=told.purpose,
        reference=told.reference,
        request=request,
        person=persons[0] if persons else keys.of("lookup", str(told.lookup_id)),
        likeness=tuple(keys.likeness(asked)),
        names=tuple(dict.fromkeys((request, *keys.reference(told.reference), *answered))),
        sought=tuple(sought),
        listed=tuple(listed) if told.purpose == TRAVELLER else (),
    )


def view_of(event: Logged) -> View | None:
    """Return the view of records that an event tells of, None when it tells of none by a person."""
    if event.type != RecordViewedV1.TYPE or event.actor is None or not _is_person(event.actor):
        return None
    try:
        told = RecordViewedV1.model_validate(event.payload)
    except ValidationError:
        return None
    count = _bounded(told.record_count)
    return View(event.event_id, event.occurred_at, count, event.actor.id, event.actor.role or "")


def hour_of(event: Logged) -> tuple[str, datetime] | None:
    """Return who did it, and the hour in which, None when no person did."""
    if event.actor is None or not _is_person(event.actor):
        return None
    return event.actor.id, event.occurred_at.replace(minute=0, second=0, microsecond=0)


def _is_person(actor: Actor) -> bool:
    return actor.kind == PERSON


def _bounded(count: int) -> int:
    return max(0, min(count, COUNT_MAX))
