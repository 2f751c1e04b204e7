"""Dead letters given again to the service that refused them, as records of the place where they once lay.

Nothing is put on the shared topic again: other groups have read those records, and the audit log has its entry for
them. A letter goes through the same inbox as any record, so what was applied already, by whatever way, is not applied
twice; and that is all the memory there is of what was redriven. Letters stay on their topic until they expire.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

import structlog

from shared.clock import Clock
from shared.db.pool import Pool, retry
from shared.errors import Rejected
from shared.events.activity import DeadLetterRedrivenV1
from shared.events.envelope import Actor, Context, Event
from shared.events.topics import dead_letter_topic
from shared.kafka.consume import LOCK_FENCE, to_record
from shared.kafka.dead_letter import Letter, read_letter
from shared.kafka.inbox import EventHandler, Incoming
from shared.kafka.outbox import Outbox
from shared.kafka.scan import list_places, scan

PAGE_LETTERS = 500
SELECT_APPLIED = "SELECT event_id FROM inbox WHERE event_id = ANY($1::uuid[])"

log = structlog.get_logger()


@dataclass(slots=True)
class Pile:
    """Dead letters of one topic with one reason: how many, how many of them applied since, and from when to when."""

    topic: str
    reason: str
    letters: int = 0
    applied: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, letter: Letter, *, is_applied: bool) -> None:
        """Count one more."""
        self.letters += 1
        self.applied += is_applied
        self.oldest = min(self.oldest or letter.refused_at, letter.refused_at)
        self.newest = max(self.newest or letter.refused_at, letter.refused_at)


class Outcome(StrEnum):
    """What became of a letter that was given again."""

    APPLIED = "applied"
    KNOWN = "already applied"
    REFUSED = "still refused"


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome, and of a refusal why."""

    outcome: Outcome
    reason: str | None = None


class _Rehearsed(Exception):
    """Ends a rehearsal's transaction, so that nothing of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """One service's dead letters, and the service's own handler to apply them."""

    group: str
    bootstrap: str
    topic_prefix: str
    handler: EventHandler
    pool: Pool
    outbox: Outbox
    clock: Clock

    async def letters(self, topics: Sequence[str]) -> AsyncIterator[Letter]:
        """Yield the dead letters that this group wrote about these topics, in the order it wrote them for each.

        Raises:
            aiokafka.errors.KafkaError: the cluster cannot be reached.
        """
        names = [self.topic_prefix + dead_letter_topic(topic) for topic in topics]
        async for raw in scan(self.bootstrap, await list_places(self.bootstrap, names.__contains__)):
            letter = read_letter(to_record(raw, raw.topic.removeprefix(self.topic_prefix)))
            if letter is not None and letter.group == self.group and letter.record.topic in topics:
                yield letter

    async def list_piles(self, topics: Sequence[str]) -> list[Pile]:
        """Return what there is, by topic and reason; raises what `letters` raises."""
        piles: dict[tuple[str, str], Pile] = {}
        page: list[Letter] = []
        async for letter in self.letters(topics):
            page.append(letter)
            if len(page) == PAGE_LETTERS:
                await self._add(page, piles)
                page.clear()
        await self._add(page, piles)
        return [pile for _, pile in sorted(piles.items())]

    async def apply(self, letter: Letter, *, is_rehearsal: bool) -> Result:
        """Apply one letter in a transaction of its own, which puts that on record too; a rehearsal keeps nothing.

        It waits while the database is away.
        """
        try:
            return await retry(partial(self._apply_once, letter, is_rehearsal=is_rehearsal), what="redrive")
        except Rejected as error:
            return Result(Outcome.REFUSED, error.detail)
        # Whatever else it is, it is a bug, and its own words may quote a person's data: the log says where it lies.
        except Exception as error:
            log.error("redrive_failed", topic=letter.record.topic, offset=letter.record.offset, exc_info=error)
            return Result(Outcome.REFUSED, f"this release fails on it: {type(error).__name__}")

    async def _add(self, page: Sequence[Letter], piles: dict[tuple[str, str], Pile]) -> None:
        ids = [letter.event_id for letter in page]
        rows = await self.pool.fetch(SELECT_APPLIED, [id_ for id_ in ids if id_ is not None])
        applied = {row["event_id"] for row in rows}
        for letter, event_id in zip(page, ids, strict=True):
            topic, reason = letter.record.topic, letter.error
            piles.setdefault((topic, reason), Pile(topic, reason)).add(letter, is_applied=event_id in applied)

    async def _apply_once(self, letter: Letter, *, is_rehearsal: bool) -> Result:
        record = letter.record
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                # The worker applies a partition's records one after another; this takes its turn among them.
                await connection.fetch(LOCK_FENCE, self.group, [record.topic], [record.partition])
                event = await self.handler.apply_again(connection, record)
                if event is not None:
                    await self.outbox.publish(connection, [self._redriven(event, letter)])
                if is_rehearsal:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        return Result(Outcome.KNOWN if event is None else Outcome.APPLIED)

    def _redriven(self, event: Incoming, letter: Letter) -> Event:
        envelope, record = event.envelope, letter.record
        return Event(
            topic=f"{self.group}.activity",
            event_id=self.clock.new_id(),
            occurred_at=self.clock.now(),
            service=self.group,
            context=Context(
                Actor(id=f"{self.group}.redrive", kind="system"), envelope.correlation_id, envelope.event_id
            ),
            subject_id=str(envelope.event_id),
            subject_version=1,
            payload=DeadLetterRedrivenV1(
                event_type=envelope.type,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=letter.error,
            ),
        )
