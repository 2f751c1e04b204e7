"""Sensors follow the log: what they need of each event is kept, and what is due is looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.audit.domain.explain import reason_of
from services.audit.domain.keys import Keys
from services.audit.domain.logged import Logged
from services.audit.domain.lookup import hour_of, lookup_of, view_of
from services.audit.domain.sensors import see
from services.audit.domain.staff import Staff
from services.audit.handlers.followed import find_unfollowed
from services.audit.store import sensors as store
from shared.db.pool import Connection
from shared.metrics import Metrics

PATIENCE = timedelta(seconds=5)
"""A look-up is judged once the log tells of something so much later: by then its reason, on another topic, is there."""
DUE_AT_ONCE = 1_000
ROUNDS_MAX = 20
"""What is due beyond is looked at with the next events."""

log = structlog.get_logger()


class Sensors:
    """A follower of the log."""

    def __init__(self, keys: Keys, staff: Staff, metrics: Metrics) -> None:
        self._keys = keys
        self._staff = staff
        self._metrics = metrics

    async def follow(self, transaction: Connection, events: Sequence[Logged]) -> None:
        """Take in events of the log, each log's in its order, and flag what they complete.

        The time is that of the events. Once everything is read, the same log gives the same flags, in whatever
        batches; what is given again changes nothing. An event that its producer has not signed is told of as such, and
        is nobody's deed: whoever can write to Kafka accuses no one by it.
        """
        await keep(transaction, events, self._keys, self._staff)
        until = await read_until(transaction, events)
        for _ in range(ROUNDS_MAX):
            flags = None if until is None else await judge(transaction, until=until)
            if flags is None:
                return
            for flag_id, sensor in flags:
                self._metrics.flags.labels(sensor).inc()
                log.warning("flag_raised", flag_id=str(flag_id), sensor=sensor)


async def keep(transaction: Connection, events: Sequence[Logged], keys: Keys, staff: Staff) -> None:
    """Keep what sensors need of events; nothing of one that its producer has not signed."""
    sent = [event for event in events if event.is_verified is not False]
    await store.add_reasons(transaction, [reason for event in sent if (reason := reason_of(event, keys))])
    await store.add_lookups(transaction, [lookup for event in sent if (lookup := lookup_of(event, keys, staff))])
    await store.add_views(transaction, [view for event in sent if (view := view_of(event))])
    await store.add_hours(transaction, [hour for event in sent if (hour := hour_of(event))])


async def judge(transaction: Connection, *, until: datetime) -> list[tuple[UUID, str]] | None:
    """Look at some of the days that are due by then; return id and sensor of new flags, None when nothing was due."""
    due = await store.take_due(transaction, until=until, limit=DUE_AT_ONCE)
    if not due:
        return None
    days = sorted({(actor_id, store.day_of(at)) for actor_id, at in due})
    flags = [flag for day in await store.load_days(transaction, days, until=until) for flag in see(day)]
    return await store.add_flags(transaction, flags)


async def read_until(transaction: Connection, events: Sequence[Logged] = ()) -> datetime | None:
    """Return up to when all that happened is known: no later than the first entry of a log that is yet to be read.

    A log is read behind its end, and an old log that is read anew one topic after another.
    """
    times = [event.occurred_at for event in events if event.is_verified is not False]
    if (newest := await store.find_newest(transaction)) is not None:
        times.append(newest)
    if not times:
        return None
    waiting = await find_unfollowed(transaction)
    return min(max(times), waiting or max(times)) - PATIENCE
