"""What audit itself has to say: events of its own topic, which no caller's request led to, or one did."""

from collections.abc import Sequence

from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.envelope import Context, Event, Payload
from shared.kafka.outbox import Outbox

OWN_TOPIC = "audit.activity"


async def announce(
    transaction: Connection,
    payloads: Sequence[tuple[str, Payload]],
    outbox: Outbox,
    clock: Clock,
    *,
    context: Context | None = None,
) -> None:
    """Publish payloads, each with its subject's id; without a context each stands for itself and no one did it."""
    now = clock.now()
    events = [
        Event(
            topic=OWN_TOPIC,
            event_id=clock.new_id(),
            occurred_at=now,
            service="audit",
            context=context or Context(None, clock.new_id()),
            subject_id=subject_id,
            subject_version=1,
            payload=payload,
        )
        for subject_id, payload in payloads
    ]
    await outbox.publish(transaction, events)
