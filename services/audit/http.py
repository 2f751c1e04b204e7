"""The routes of audit, for auditors: the list of events, the newest checkpoint, the proof of an event.

Looking is itself on record.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel

from services.audit.domain.record import FACTS_BYTES_MAX
from services.audit.handlers.checkpoints import prove
from services.audit.handlers.log import list_events
from services.audit.store.checkpoints import find_checkpoint
from services.audit.store.log import INT8_MAX, Filters, Listed, Place
from shared.errors import NotFound
from shared.http import VIEW, Call, Cursor, Limit, Page, Route, answer, cursor_of, read_cursor, wrong_cursor
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import Time

PARTITION_MAX = 2**31 - 1

Text = Annotated[str | None, Query(min_length=1, max_length=FACTS_BYTES_MAX, pattern=r"^[^\x00]+$")]


class SubjectShown(BaseModel):
    """What an event is about."""

    kind: str
    id: str


class EntryItem(BaseModel):
    """An event on record; `topic`, `partition` and `index` say where."""

    event_id: UUID
    type: str
    occurred_at: datetime
    actor: str | None
    """The actor's id; null when no one did it."""
    subject: SubjectShown
    outcome: str
    topic: str
    partition: int
    index: int


async def list_entries(
    request: Request,
    actor: Text = None,
    subject: Text = None,
    type_: Annotated[Text, Query(alias="type")] = None,
    from_at: Annotated[Time | None, Query(alias="from")] = None,
    to_at: Annotated[Time | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> Response:
    """List events in the order of topic, partition and index: those that fit all filters given."""
    call: Call = request.state.call
    after = _place(cursor)
    filters = Filters(actor, subject, type_, from_at, to_at)
    async with call.transaction() as transaction:
        listing = await list_events(transaction, filters, after=after, limit=limit)
        await call.record_view(transaction, "entry", [entry.event_id for entry in listing.entries])
    last = listing.entries[-1].place if listing.more else None
    following = None if last is None else cursor_of([last.topic, last.partition, last.index])
    return answer(Page[EntryItem](items=[_item(entry) for entry in listing.entries], cursor=following))


def _place(cursor: str | None) -> Place | None:
    key = read_cursor(cursor, length=3)
    if key is None:
        return None
    topic, partition, index = key
    if (
        not isinstance(topic, str)
        or "\x00" in topic
        or not isinstance(partition, int)
        or not isinstance(index, int)
        or not (0 <= partition <= PARTITION_MAX and 0 <= index <= INT8_MAX)
    ):
        raise wrong_cursor()
    return Place(topic, partition, index)


def _item(entry: Listed) -> EntryItem:
    return EntryItem(
        event_id=entry.event_id,
        type=entry.type,
        occurred_at=entry.occurred_at,
        actor=entry.actor_id,
        subject=SubjectShown(kind=entry.subject_kind, id=entry.subject_id),
        outcome=entry.outcome,
        topic=entry.place.topic,
        partition=entry.place.partition,
        index=entry.place.index,
    )


class LogCheckpointShown(BaseModel):
    """What is signed of one partition's log: the note for witnesses and proofs, with the lines of those that signed."""

    topic: str
    partition: int
    size: int
    note: str


class CheckpointShown(BaseModel):
    """The newest checkpoint: `note` is the signed state of all logs at that moment. Kept elsewhere, it pins them."""

    made_at: datetime
    note: str
    logs: list[LogCheckpointShown]


class ProofShown(BaseModel):
    """Where an event stands, and a file that proves it to whoever has the public keys (C2SP tlog-proof)."""

    event_id: UUID
    topic: str
    partition: int
    index: int
    size: int
    proof: str


async def show_checkpoint(request: Request) -> Response:
    """Show the newest checkpoint, 404 before the first."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found = await find_checkpoint(transaction)
        if found is None:
            raise NotFound("checkpoint")
        await call.record_view(transaction, "checkpoint", [])
    logs = [
        LogCheckpointShown(topic=log.topic, partition=log.partition, size=log.size, note=log.note) for log in found.logs
    ]
    return answer(CheckpointShown(made_at=found.made_at, note=found.note, logs=logs))


async def show_proof(request: Request, event_id: UUID) -> Response:
    """Show the proof that an event is in what was signed; 409 until a checkpoint covers it."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        entry, proof = await prove(transaction, event_id)
        await call.record_view(transaction, "entry", [event_id])
    assert entry.size is not None
    return answer(
        ProofShown(
            event_id=event_id,
            topic=entry.topic,
            partition=entry.partition,
            index=entry.index,
            size=entry.size,
            proof=proof,
        )
    )


NEEDS = ("audit.read",)
ROUTES = (
    Route("GET", "/v1/entries", list_entries, needs=NEEDS, answers={200: Page[EntryItem]}, records=VIEW),
    Route("GET", "/v1/entries/{event_id}/proof", show_proof, needs=NEEDS, answers={200: ProofShown}, records=VIEW),
    Route("GET", "/v1/checkpoint", show_checkpoint, needs=NEEDS, answers={200: CheckpointShown}, records=VIEW),
)
