"""The envelope around every event, and the one step that seals and opens personal data.

An event is made once, encoded once, and stored as bytes in the outbox; a resend is the same bytes.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.errors import FieldError, Rejected

EVENT_BYTES_MAX = 256 * 1024


class Fact(BaseModel):
    """Part of an event. Producers build it complete; consumers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Payload(Fact):
    """What happened. All personal data sits in a field `personal`; the rest may be kept for ever."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    SUBJECT: ClassVar[str]
    """Kind of the thing the event is about; its id is the Kafka key."""


class Actor(Fact):
    """Who did it."""

    id: str
    kind: str
    """person, system or service."""
    role: str | None = None
    agency: str | None = None
    office: str | None = None
    session: str | None = None


class Subject(Fact):
    """What it is about. `version` grows with each change of the thing; consumers ignore older ones."""

    kind: str
    id: str
    version: int = 1


class Envelope(Fact):
    """An event as read from a topic, its payload not yet looked into."""

    event_id: UUID
    type: str = Field(min_length=1, max_length=100)
    version: int = Field(ge=1)
    occurred_at: AwareDatetime
    service: str
    actor: Actor | None = None
    correlation_id: UUID
    causation_id: UUID | None = None
    subject: Subject
    payload: dict[str, Any]


# Each record goes through it: the model's own method adds a tenth to that.
_ENVELOPE = TypeAdapter(Envelope).validator


@dataclass(frozen=True, slots=True)
class Context:
    """What an event inherits from the request or event that led to it."""

    actor: Actor | None
    correlation_id: UUID
    causation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event about to be published on `topic`."""

    topic: str
    event_id: UUID
    occurred_at: datetime
    service: str
    context: Context
    subject_id: str
    subject_version: int
    payload: Payload


def encode(event: Event) -> bytes:
    """Return the event as the JSON that travels.

    Raises:
        Rejected: it is larger than 256 KiB; an event carries ids and facts, not whole documents.
    """
    body = event.payload.model_dump(mode="json")
    if body.get("personal") is not None:
        body["personal"] = seal(body["personal"])
    context = event.context
    value = orjson.dumps(
        {
            "event_id": event.event_id,
            "type": event.payload.TYPE,
            "version": event.payload.VERSION,
            "occurred_at": event.occurred_at,
            "service": event.service,
            "actor": None if context.actor is None else context.actor.model_dump(),
            "correlation_id": context.correlation_id,
            "causation_id": context.causation_id,
            "subject": {
                "kind": event.payload.SUBJECT,
                "id": event.subject_id,
                "version": event.subject_version,
            },
            "payload": body,
        },
        # The database driver's ids are of a class of its own, which orjson knows only as text.
        default=str,
        option=orjson.OPT_UTC_Z,
    )
    if len(value) > EVENT_BYTES_MAX:
        raise Rejected(f"the event would be {len(value)} bytes; the limit is {EVENT_BYTES_MAX}")
    return value


def decode(value: bytes | None) -> Envelope:
    """Return the envelope of a record's value.

    Raises:
        Rejected: it is not JSON, not an envelope, or holds a NUL, which PostgreSQL cannot keep.
    """
    if value is None:
        raise Rejected("the record has no value")
    # Most have no backslash at all, which is several times faster to see.
    if b"\\" in value and b"\\u0000" in value:
        raise Rejected("the record holds a NUL character")
    try:
        envelope: Envelope = _ENVELOPE.validate_json(value)
    except ValidationError as error:
        raise _rejected(error) from error
    return envelope


def open_payload(envelope: Envelope, model: type[Payload]) -> Payload:
    """Return the envelope's payload as `model`, its personal part opened.

    Raises:
        Rejected: the payload does not fit the model.
    """
    body = envelope.payload
    if isinstance(body.get("personal"), dict):
        body = {**body, "personal": open_sealed(body["personal"])}
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise _rejected(error) from error


def seal(personal: dict[str, Any]) -> dict[str, Any]:
    """Add a random 128-bit salt where there is none, so that the hash of a body removed by law tells nobody a name.

    Encryption under a tip's own key goes here, and nowhere else, when it comes.
    """
    return {**personal, "salt": personal.get("salt") or secrets.token_hex(16)}


def open_sealed(sealed: dict[str, Any]) -> dict[str, Any]:
    """Undo `seal`; the salt is of no use to a reader."""
    return {name: value for name, value in sealed.items() if name != "salt"}


def _rejected(error: ValidationError) -> Rejected:
    """Keep places and reasons, not the values: the message may end in a log."""
    errors = [FieldError(tuple(e["loc"]), e["msg"]) for e in error.errors(include_input=False, include_url=False)]
    places = ", ".join(".".join(str(part) for part in e.loc[:4]) or "(whole)" for e in errors[:5])
    return Rejected(f"not a valid event: {places}", errors=errors)
