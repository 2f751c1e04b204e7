"""Sensors follow the log: what they need of each event is kept, and what is due is judged behind that."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

import structlog

from services.audit.domain.explain import reason_of
from services.audit.domain.keys import Keys
from services.audit.domain.logged import Logged
from services.audit.domain.lookup import hour_of, lookup_of, view_of
from services.audit.domain.sensors import see
from services.audit.domain.staff import Staff
from services.audit.handlers.aside import apart, set_aside
from services.audit.handlers.followed import find_unfollowed
from services.audit.store import sensors as store
from shared.clock import Clock
from shared.db.pool import Connection
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics

PATIENCE = timedelta(seconds=5)
"""A look-up is judged once the log tells of something so much later: by then its reason, on another topic, is there."""
QUIET = timedelta(minutes=1)
"""While nothing comes, the clock counts as an event of so long ago, if then all that Kafka held was followed."""
DUE_AT_ONCE = 1_000

log = structlog.get_logger()


class Sensors:
    """A follower of the log."""

    def __init__(self, keys: Keys, staff: Staff, metrics: Metrics) -> None:
        self._keys = keys
        self._staff = staff
        self._metrics = metrics

    async def follow(self, transaction: Connection, events: Sequence[Logged]) -> None:
        """Take in events of the log, each log's in its order; what is given again changes nothing.

        An event that its producer has not signed is told of as such, and is nobody's deed: whoever can write to Kafka
        accuses no one by it.
        """
        await keep(transaction, events, self._keys, self._staff)

    async def judge(self, transaction: Connection, *, until: datetime, limit: int = DUE_AT_ONCE) -> int:
        """Let sensors look at what is due, as `judge` does, and tell of new flags; return how many events were due."""
        count, flags = await judge(transaction, until=until, limit=limit)
        self._tell(flags)
        return count

    async def judge_one(
        self, transaction: Connection, *, until: datetime, outbox: Outbox, clock: Clock
    ) -> tuple[int, Exception | None]:
        """Look at the day of the first event that is due; if that fails by what it holds, set it aside on record.

        Return how many there were, one or none, and the error.
        """
        due = await store.take_due(transaction, until=until, limit=1)
        errors: list[Exception] = []
        for event_id, actor_id, at in due:
            async with apart(transaction, errors):
                self._tell(await _look_at(transaction, [(actor_id, at)], until))
            if errors and (place := await store.find_place(transaction, event_id)):
                await set_aside(transaction, "not_judged", *place, errors[0], outbox, clock)
        return len(due), errors[0] if errors else None

    def _tell(self, flags: Iterable[tuple[UUID, str]]) -> None:
        for flag_id, sensor in flags:
            self._metrics.flags.labels(sensor).inc()
            log.warning("flag_raised", flag_id=str(flag_id), sensor=sensor)


async def keep(transaction: Connection, events: Sequence[Logged], keys: Keys, staff: Staff) -> None:
    """Keep what sensors need of events; nothing of one that its producer has not signed."""
    sent = [event for event in events if event.is_verified is not False]
    # In the order of time, so that of each log the latest stays.
    latest = {event.head_id: event.occurred_at for event in sorted(sent, key=attrgetter("occurred_at"))}
    await store.add_heard(transaction, latest)
    reasons = [reason for event in sent if (reason := reason_of(event, keys))]
    lookups = [lookup for event in sent if (lookup := lookup_of(event, keys, staff))]
    states = await store.add_reasons(transaction, reasons)
    new, listed = await store.add_lookups(transaction, lookups)
    await store.update_standing(transaction, new, states, listed)
    await store.add_views(transaction, [view for event in sent if (view := view_of(event))])
    await store.add_hours(transaction, [hour for event in sent if (hour := hour_of(event))])


async def judge(
    transaction: Connection, *, until: datetime, limit: int = DUE_AT_ONCE
) -> tuple[int, list[tuple[UUID, str]]]:
    """Look at the days of the first `limit` events that are due by `until`, and flag what they complete.

    Return how many there were, with id and sensor of each new flag. The time is that of the events: once everything is
    read, the same log gives the same flags, in whatever batches.
    """
    due = await store.take_due(transaction, until=until, limit=limit)
    return len(due), await _look_at(transaction, [(actor_id, at) for _, actor_id, at in due], until)


async def read_until(connection: Connection, *, quiet_at: datetime | None = None) -> datetime | None:
    """Return up to when what happened can be judged, by the newest event that was followed; None without any.

    That is no later than the first entry of a log that is yet to be followed: a log is read behind its end, and an old
    log that is read anew one topic after another. `quiet_at` is a time at which all that Kafka held has been followed:
    as if an event of `QUIET` before it had come last.
    """
    newest = await store.find_newest(connection)
    times = [at for at in (newest, quiet_at and quiet_at - QUIET) if at is not None]
    if not times:
        return None
    waiting = await find_unfollowed(connection)
    return min(max(times), waiting or max(times)) - PATIENCE


async def _look_at(
    transaction: Connection, due: Sequence[tuple[str, datetime]], until: datetime
) -> list[tuple[UUID, str]]:
    if not due:
        return []
    days = sorted({(actor_id, store.day_of(at)) for actor_id, at in due})
    flags = [flag for day in await store.load_days(transaction, days, until=until) for flag in see(day)]
    return await store.add_flags(transaction, flags)
