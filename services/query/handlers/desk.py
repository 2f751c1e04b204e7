"""What every use case is given: the clock, the outbox, and whom to call at the unit."""

from dataclasses import dataclass
from uuid import UUID

from services.query.domain.answer import Contact
from services.query.domain.sight import Asker
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.envelope import Context, Event, Payload
from shared.kafka.outbox import Outbox
from shared.security import Principal

ACTIVITY_TOPIC = "query.activity"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where callers ask. `ceiu` is whom to call about a match that no office has."""

    clock: Clock
    outbox: Outbox
    ceiu: Contact

    def event(self, context: Context, subject_id: UUID, payload: Payload) -> Event:
        """Return what somebody did here, as an event to be published."""
        return Event(
            topic=ACTIVITY_TOPIC,
            event_id=self.clock.new_id(),
            occurred_at=self.clock.now(),
            service="query",
            context=context,
            subject_id=str(subject_id),
            subject_version=1,
            payload=payload,
        )

    async def announce(self, transaction: Connection, context: Context, subject_id: UUID, payload: Payload) -> None:
        """Publish what somebody did here."""
        await self.outbox.publish(transaction, [self.event(context, subject_id, payload)])


def asker_of(caller: Principal) -> Asker:
    """Return a caller as one who asks."""
    return Asker(caller.id, caller.agency, caller.office)
