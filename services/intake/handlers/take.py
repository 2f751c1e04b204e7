"""Tips as their sources send them: new, amended or repeated; one or hundreds in one transaction."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake import store
from services.intake.domain.content import Submission
from services.intake.domain.tip import State, Status, Tip, amend, tip_id_of
from services.intake.handlers.announce import ACTIVITY_TOPIC, TIPS_TOPIC, Former, content_event, head_of
from services.intake.store import Content
from shared.clock import Clock
from shared.db.pool import Connection, Pool
from shared.events.activity import TipRepeatedV1
from shared.events.envelope import Context, Event, encode
from shared.kafka.outbox import Outbox, Outgoing

SOURCES_FRESH_S = 10.0


@dataclass(frozen=True, slots=True)
class Given:
    """A submission, and the request it came with."""

    submission: Submission
    context: Context


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one submission; `version` is the tip's current one."""

    tip_id: UUID
    version: int
    status: Status


@dataclass(slots=True)
class Sources:
    """The registered sources and their kinds, read again every ten seconds; a source is only ever added."""

    _kinds: dict[str, str] = field(default_factory=dict)
    _read_at: float = float("-inf")

    async def kinds(self, pool: Pool) -> dict[str, str]:
        """Return the kind of each source, by name."""
        if time.monotonic() - self._read_at > SOURCES_FRESH_S:
            self._kinds = await store.list_source_kinds(pool)
            self._read_at = time.monotonic()
        return self._kinds


async def take_tips(transaction: Connection, given: Sequence[Given], *, clock: Clock, outbox: Outbox) -> list[Taken]:
    """Store submissions in their order, and return what became of each.

    The first content under a new reference is accepted. Content equal to any the tip had is a duplicate, and changes
    nothing; any other is an amendment. The same reference may come several times, here or in transactions beside this
    one: it makes one tip.
    """
    taking = _Taking(transaction, clock, clock.now())
    taken = await taking.take(given)
    await outbox.put(transaction, taking.outgoing)
    return taken


class _Taking:
    def __init__(self, transaction: Connection, clock: Clock, now: datetime) -> None:
        self.outgoing: list[Outgoing] = []
        self._transaction = transaction
        self._clock = clock
        self._now = now
        self._heads: dict[UUID, Mapping[str, Any]] = {}

    async def take(self, given: Sequence[Given]) -> list[Taken]:
        first: dict[tuple[str, str], Given] = {}
        for each in given:
            first.setdefault(each.submission.key, each)
        # Two transactions that wait for each other's references do so in the same order, so neither waits for ever.
        contents = {key: self._new_tip(first[key]) for key in sorted(first)}
        made = await store.insert_tips(self._transaction, list(contents.values()), self._now)
        taken: list[Taken | None] = []
        for each in given:
            content = contents[each.submission.key]
            is_new = first[each.submission.key] is each and content.tip.tip_id in made
            if is_new:
                self._publish(TIPS_TOPIC, content.tip, content.event)
            taken.append(Taken(content.tip.tip_id, 1, Status.ACCEPTED) if is_new else None)
        again = [each for each, done in zip(given, taken, strict=True) if done is None]
        known = iter(await self._take_again(again) if again else ())
        return [done or next(known) for done in taken]

    async def _take_again(self, given: Sequence[Given]) -> list[Taken]:
        """Take submissions whose references are in the database, be it since a moment ago."""
        tips = await store.lock_tips(self._transaction, sorted({each.submission.key for each in given}))
        hashes = await store.list_content_hashes(self._transaction, [tip.tip_id for tip in tips.values()])
        asked = [(tips[each.submission.key].tip_id, each.submission.digest) for each in given]
        amended = {tip_id for tip_id, digest in asked if digest not in hashes[tip_id]}
        events = await store.list_contents(self._transaction, amended) if amended else {}
        contents: list[Content] = []
        taken: list[Taken] = []
        for each in given:
            submission = each.submission
            tip = tips[submission.key]
            if submission.digest in hashes[tip.tip_id]:
                status = Status.DUPLICATE
                self._publish(ACTIVITY_TOPIC, tip, self._repeated(tip, each.context))
            else:
                status = Status.AMENDED
                former = Former(tip, events[tip.tip_id])
                tip = tips[submission.key] = amend(tip)
                hashes[tip.tip_id].add(submission.digest)
                contents.append(self._content(each, tip, former))
                events[tip.tip_id] = contents[-1].event
                self._publish(TIPS_TOPIC, tip, contents[-1].event)
            taken.append(Taken(tip.tip_id, tip.version, status))
        if contents:
            changed = {content.tip.key for content in contents}
            await store.update_tips(self._transaction, [tips[key] for key in changed], self._now)
            await store.insert_versions(self._transaction, contents, self._now)
        return taken

    def _new_tip(self, given: Given) -> Content:
        key = given.submission.key
        tip = Tip(tip_id_of(self._clock.new_id(), *key), *key, State.AWAITING_REVIEW, version=1, revision=1)
        return self._content(given, tip)

    def _content(self, given: Given, tip: Tip, former: Former | None = None) -> Content:
        request_id = given.context.correlation_id
        if request_id not in self._heads:
            self._heads[request_id] = head_of(given.context, self._now)
        head, event_id = self._heads[request_id], self._clock.new_id()
        event = content_event(given.submission, tip, event_id=event_id, head=head, former=former)
        return Content(tip, given.submission.digest, event)

    def _repeated(self, tip: Tip, context: Context) -> bytes:
        payload = TipRepeatedV1(
            tip_id=tip.tip_id, tip_version=tip.version, source=tip.source, source_ref=tip.source_ref
        )
        return encode(
            Event(
                topic=ACTIVITY_TOPIC,
                event_id=self._clock.new_id(),
                occurred_at=self._now,
                service="intake",
                context=context,
                subject_id=str(tip.tip_id),
                subject_version=tip.revision,
                payload=payload,
            )
        )

    def _publish(self, topic: str, tip: Tip, event: bytes) -> None:
        self.outgoing.append(Outgoing(topic, str(tip.tip_id).encode(), event))
