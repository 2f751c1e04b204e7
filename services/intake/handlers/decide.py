"""What people at CEIU add to a tip: their review, and what research found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake import store
from services.intake.domain.content import identified
from services.intake.domain.tip import State, Tip, Verdict, research, review
from services.intake.handlers.announce import TIPS_TOPIC, standing_of
from shared.clock import Clock
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context, Event, Payload, encode
from shared.events.intake import ResearchPersonal, ResearchRecordedV1, ReviewPersonal, TipReviewedV1
from shared.kafka.outbox import Outbox, Outgoing


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review as stored."""

    review_id: UUID
    number: int
    decision: State


@dataclass(frozen=True, slots=True)
class Researched:
    """A research result as stored."""

    research_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Decider:
    """One person's request to add to tips."""

    transaction: Connection
    context: Context
    clock: Clock
    outbox: Outbox

    async def review_tip(self, tip_id: UUID, verdict: Verdict, reason: str, *, tip_version: int | None) -> Reviewed:
        """Add a review, which now counts; `tip_version` is the content the person saw, if they say so.

        Raises:
            NotFound: there is no such tip.
            Conflict: its source has amended it since.
        """
        former = await self._lock(tip_id)
        if tip_version is not None and tip_version != former.version:
            raise Conflict(f"the tip is at version {former.version} by now; look at it again")
        tip, salt = review(former, verdict), new_salt()
        number = await store.next_review_number(self.transaction, tip_id)
        review_id, now = self.clock.new_id(), self.clock.now()
        payload = TipReviewedV1(
            review_id=review_id,
            review_number=number,
            tip_id=tip_id,
            tip_version=tip.version,
            plausible=verdict.plausible,
            verifiable=verdict.verifiable,
            illegal_if_verified=verdict.illegal_if_verified,
            decision=verdict.decision,
            change=change_of(
                {**standing_of(former), "review_number": number - 1 or None},
                {**standing_of(tip), "review_number": number},
                salt=salt,
            ),
            personal=ReviewPersonal(reason=reason, salt=salt),
        )
        event = await self._save(tip, payload, now)
        await store.insert_review(
            self.transaction, tip, review_id=review_id, number=number, reviewed_at=now, event=event
        )
        return Reviewed(review_id, number, verdict.decision)

    async def record_research(self, tip_id: UUID, found: Mapping[str, Any]) -> Researched:
        """Add a research result; `found` holds the request's fields.

        Raises:
            NotFound: there is no such tip.
        """
        tip = research(await self._lock(tip_id))
        number = await store.next_research_number(self.transaction, tip_id)
        research_id, now = self.clock.new_id(), self.clock.now()
        personal = {field: found[field] for field in ("entity", "summary") if field in found}
        salt = new_salt()
        parties = identified(found.get("parties", ()), research_id)
        payload = ResearchRecordedV1.model_validate(
            {
                **found,
                "research_id": research_id,
                "research_number": number,
                "tip_id": tip_id,
                "change": change_of(None, {**found, "parties": parties}, salt=salt),
                "personal": ResearchPersonal.model_validate({**personal, "parties": parties, "salt": salt}),
            }
        )
        event = await self._save(tip, payload, now)
        await store.insert_research(
            self.transaction, tip, research_id=research_id, number=number, recorded_at=now, event=event
        )
        return Researched(research_id, number)

    async def _lock(self, tip_id: UUID) -> Tip:
        tip = await store.find_locked_tip(self.transaction, tip_id)
        if tip is None:
            raise NotFound("there is no such tip")
        return tip

    async def _save(self, tip: Tip, payload: Payload, now: datetime) -> bytes:
        """Store and announce the tip's new state; return the event."""
        event = encode(
            Event(
                topic=TIPS_TOPIC,
                event_id=self.clock.new_id(),
                occurred_at=now,
                service="intake",
                context=self.context,
                subject_id=str(tip.tip_id),
                subject_version=tip.revision,
                payload=payload,
            )
        )
        await store.update_tips(self.transaction, [tip], now)
        await self.outbox.put(self.transaction, [Outgoing(TIPS_TOPIC, str(tip.tip_id).encode(), event)])
        return event
