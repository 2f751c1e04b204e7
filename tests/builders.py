"""Valid-by-default objects: a test names only what it is about. All invented."""

from typing import Any
from uuid import UUID

import uuid_utils.compat

from shared.events.activity import TipRepeatedV1
from shared.events.envelope import Actor, Context, Event, Payload, encode
from shared.events.intake import Incident, Party, TipPersonal, TipReceivedV1
from tests.fakes import START


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


def an_actor(**fields: Any) -> Actor:
    """Return a source's system."""
    return Actor(**{"id": "source.ncmec", "kind": "system", "role": "source", "agency": "ncmec", **fields})


def a_tip_received(**fields: Any) -> TipReceivedV1:
    """Return the payload of a tip with one subject and nothing else."""
    tip_id = fields.pop("tip_id", None) or new_id()
    return TipReceivedV1(
        **{
            "tip_id": tip_id,
            "tip_version": 1,
            "source": "ncmec",
            "source_kind": "ngo",
            "source_ref": f"CT-{tip_id}",
            "reported_at": START,
            "incident": Incident(type="possession"),
            "personal": TipPersonal(parties=[Party(party_id=new_id(), role="subject", names=["Rosa Invented"])]),
            **fields,
        }
    )


def an_event(payload: Payload | None = None, **fields: Any) -> Event:
    """Return an event; by default a repeat of an invented tip at intake."""
    payload = payload or TipRepeatedV1(tip_id=new_id(), tip_version=1, source="ncmec", source_ref="CT-1")
    return Event(
        **{
            "topic": "intake.activity" if isinstance(payload, TipRepeatedV1) else "intake.tips",
            "event_id": new_id(),
            "occurred_at": START,
            "service": "intake",
            "context": Context(an_actor(), new_id()),
            "subject_id": str(getattr(payload, "tip_id", new_id())),
            "subject_version": 1,
            "payload": payload,
            **fields,
        }
    )


def event_bytes(payload: Payload | None = None, **fields: Any) -> bytes:
    """Return an event as it lies on a topic."""
    return encode(an_event(payload, **fields))
