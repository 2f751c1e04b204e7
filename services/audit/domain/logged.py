"""An event of the log as those see it who follow the log: sensors, reports, whoever asks who looked at what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit.domain.header import EPOCH, MICROSECOND, MILLISECOND
from shared.events.envelope import Actor

SHOWN = ("record_id", "lead_id")
"""Fields of a payload that name one record which the actor was shown or changed."""
SHOWN_LISTS = ("record_ids", "lead_ids", "tip_ids")
"""Those that name several: of what a caller did. Facts have lists of what belongs together, which nobody was shown."""
UNSHOWN = frozenset({"session", "request", "view"})
"""Kinds of subjects that are no records."""
ID_CHARS_MAX = 100
"""Longer texts are nobody's id, and no index of PostgreSQL's holds very long ones."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of kind event, read."""

    head_id: int
    index: int
    topic: str
    partition: int
    event_id: UUID
    type: str
    occurred_at: datetime
    """See `happened_at`."""
    subject_kind: str
    subject_id: str
    outcome: str
    actor: Actor | None
    correlation_id: UUID
    payload: Mapping[str, Any]
    """As it travelled, what is personal opened under `personal`."""
    is_verified: bool | None
    """Whether the producer's MAC is right; None when audit has no keys to tell."""

    @property
    def place(self) -> tuple[int, int]:
        """Head and index."""
        return self.head_id, self.index


def happened_at(said: datetime, received_ms: int) -> datetime:
    """Return when something happened: when its event says, but no later than Kafka received that.

    So no event can turn the clock of those who judge by the log's time, nor put off when its actor is judged, by being
    dated ahead. `received_ms` is Kafka's time in milliseconds since 1970, as a record's header has it; without one the
    event is believed.
    """
    try:
        received = EPOCH + (received_ms + 1) * MILLISECOND - MICROSECOND
    except OverflowError:
        return said
    return min(said, received) if received_ms > 0 else said


def shown_by(event: Logged) -> Sequence[str]:
    """Return the ids of the records that a caller was shown, changed, or was refused, its subject among them.

    Empty for what no caller did; what a system hands in is not shown to it. What cannot be an id is left out: whoever
    forged it, the log is followed on.
    """
    actor, is_activity = event.actor, event.topic.endswith(".activity")
    if actor is None or (actor.kind != "person" and not is_activity):
        return ()
    ids = {} if event.subject_kind in UNSHOWN else {event.subject_id: None}
    lists = SHOWN_LISTS if is_activity else ()
    return list(ids | dict.fromkeys(_ids_in(event.payload, lists)))


def _ids_in(payload: Mapping[str, Any], lists: Iterable[str]) -> Iterator[str]:
    listed = (payload.get(name) for name in lists)
    said = [payload.get(name) for name in SHOWN]
    for ids in (said, *(ids for ids in listed if isinstance(ids, list))):
        yield from (id_ for id_ in ids if isinstance(id_, str) and 0 < len(id_) <= ID_CHARS_MAX)
