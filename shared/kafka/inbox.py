"""From records to typed events, each applied once: decode, drop repeats, isolate a culprit, dead-letter it.

A service hands over the event versions it understands and a function that stores a batch of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from shared.db.pool import Connection
from shared.errors import Rejected
from shared.events.envelope import Actor, Context, Envelope, Payload, decode, open_payload
from shared.events.topics import dead_letter_topic
from shared.kafka.consume import Record
from shared.kafka.dead_letter import Ceiling, dead_letter
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics

log = structlog.get_logger()

INSERT_INBOX = """
INSERT INTO inbox (event_id) SELECT DISTINCT id FROM unnest($1::uuid[]) AS id
ON CONFLICT ON CONSTRAINT inbox_pkey DO NOTHING RETURNING event_id"""

CULPRIT = (Rejected, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""Errors that one record's content causes, and that come back each time."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event read from a topic, ready for a handler."""

    envelope: Envelope
    payload: Payload
    record: Record
    consumer: str
    """The group that reads it, which is the service's name."""

    @property
    def context(self) -> Context:
        """What events caused by this one inherit: the service did it, and the cause says on whose account."""
        actor = Actor(id=self.consumer, kind="service")
        return Context(actor, self.envelope.correlation_id, self.envelope.event_id)


class EventHandler:
    """A `BatchHandler` that gives typed, fresh events to `store`, in offset order within each partition.

    Types that are not in `models` are passed over: another consumer's business. A type of ours in a version we do not
    know, or one that does not fit, is dead-lettered once for this group, in the same transaction.
    """

    def __init__(
        self,
        *,
        group: str,
        models: Iterable[type[Payload]],
        store: Callable[[Connection, Sequence[Incoming]], Awaitable[None]],
        outbox: Outbox,
        metrics: Metrics,
        dead_letters_in_row_max: int,
    ) -> None:
        self._group = group
        self._models = {(model.TYPE, model.VERSION): model for model in models}
        self._types = {type_ for type_, _ in self._models}
        self._store = store
        self._outbox = outbox
        self._metrics = metrics
        self._ceiling = Ceiling(dead_letters_in_row_max)

    async def apply(self, transaction: Connection, records: Sequence[Record]) -> None:
        """Store the batch as a whole; when a record's content makes that fail, one by one, so that only it is refused.

        Raises:
            TooManyDeadLetters: the ceiling is passed.
        """
        incoming: list[Incoming] = []
        dead: list[tuple[Record, Rejected]] = []
        for record in records:
            try:
                event = self._read(record)
            except Rejected as error:
                dead.append((record, error))
                continue
            if event is not None:
                incoming.append(event)
        try:
            await self._apply_fresh(transaction, incoming)
        except CULPRIT:
            dead += await self._apply_one_by_one(transaction, incoming)
        await self._bury(transaction, records, dead)

    async def apply_again(self, transaction: Connection, record: Record) -> Incoming | None:
        """Store one record that was dead-lettered, unless its event was applied since; return it if it was not.

        It neither writes another dead letter nor counts towards the ceiling.

        Raises:
            Rejected: it is refused again, or is none of ours any more; nothing of it may be kept.
        """
        event = self._read(record)
        if event is None:
            raise Rejected("events of this type are passed over by this release")
        try:
            fresh = await self._apply_fresh(transaction, [event])
        except CULPRIT as error:
            raise _refusal(error) from error
        return event if fresh else None

    def _read(self, record: Record) -> Incoming | None:
        envelope = decode(record.value)
        if envelope.type not in self._types:
            return None
        model = self._models.get((envelope.type, envelope.version))
        if model is None:
            raise Rejected(f"{envelope.type} version {envelope.version} is not known here")
        return Incoming(envelope, open_payload(envelope, model), record, self._group)

    async def _apply_fresh(self, transaction: Connection, incoming: Sequence[Incoming]) -> list[Incoming]:
        """Store those events that were not applied before, under a savepoint, and return them."""
        if not incoming:
            return []
        async with transaction.transaction():
            ids = [event.envelope.event_id for event in incoming]
            unseen = {row["event_id"] for row in await transaction.fetch(INSERT_INBOX, ids)}
            fresh = list(_first_of_each(incoming, unseen))
            if fresh:
                await self._store(transaction, fresh)
        applied = {event.envelope.event_id for event in fresh}
        for event in incoming:
            outcome = "applied" if event.envelope.event_id in applied else "skipped"
            self._metrics.records.labels(event.record.topic, outcome).inc()
        return fresh

    async def _apply_one_by_one(
        self, transaction: Connection, incoming: Sequence[Incoming]
    ) -> list[tuple[Record, Rejected]]:
        dead = []
        for event in incoming:
            try:
                await self._apply_fresh(transaction, [event])
            except CULPRIT as error:
                dead.append((event.record, _refusal(error)))
        return dead

    async def _bury(
        self, transaction: Connection, records: Sequence[Record], dead: Sequence[tuple[Record, Rejected]]
    ) -> None:
        errors = {(r.topic, r.partition, r.offset): error for r, error in dead}
        buried: list[tuple[Record, Rejected]] = []
        for record in records:
            error = errors.get((record.topic, record.partition, record.offset))
            self._ceiling.count(is_dead=error is not None)
            if error is not None:
                buried.append((record, error))
        # In the order of the records, so that to apply them again is to apply them in order.
        letters = [
            dead_letter(record, topic=dead_letter_topic(record.topic), group=self._group, error=error)
            for record, error in buried
        ]
        await self._outbox.put(transaction, letters)
        for record, error in buried:
            self._metrics.records.labels(record.topic, "dead_letter").inc()
            log.error(
                "record_dead_lettered",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=error.detail[:200],
            )


def _refusal(error: BaseException) -> Rejected:
    """Return why a record is refused; the database's own text may quote a value, so only its kind is kept."""
    return error if isinstance(error, Rejected) else Rejected(f"not storable: {type(error).__name__}")


def _first_of_each(incoming: Sequence[Incoming], unseen: set[UUID]) -> Iterable[Incoming]:
    """Yield the first event of each unseen id; a repeat within one batch is a repeat all the same."""
    left = set(unseen)
    for event in incoming:
        if event.envelope.event_id in left:
            left.discard(event.envelope.event_id)
            yield event
