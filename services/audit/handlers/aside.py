"""What fails by what it was given is set aside on record, so that the rest goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import structlog

from services.audit.handlers.announce import OWN_TOPIC, announce
from services.audit.store import projection as store
from services.audit.store.projection import Place
from shared.clock import Clock
from shared.db.pool import Connection, blames_values
from shared.events.audit import AuditAnomalyV1
from shared.kafka.outbox import Outbox

log = structlog.get_logger()


class Halving:
    """How many are taken at once: half as many after an error that one may be to blame for, down to that one."""

    def __init__(self, at_once: int) -> None:
        self.limit = self._limit_max = at_once

    def can_take_less(self, error: Exception) -> bool:
        """Halve the number, if that may help against the error; return whether it may."""
        if self.limit == 1 or not blames_values(error):
            return False
        self.limit //= 2
        log.warning("work_halved", error=type(error).__name__, at_once=self.limit)
        return True

    def take_more(self) -> None:
        """Take twice as many again, after it went well."""
        self.limit = min(self.limit * 2, self._limit_max)


@asynccontextmanager
async def apart(transaction: Connection, errors: list[Exception]) -> AsyncIterator[None]:
    """Do something in a part of the transaction; if it fails by what it was given, nothing of it is kept.

    The error is added to `errors`; one that nothing given is to blame for is raised.
    """
    try:
        async with transaction.transaction():
            yield
    # Whatever a single entry makes fail: it must not keep all others from being followed.
    except Exception as error:
        if not blames_values(error):
            raise
        errors.append(error)


async def set_aside(
    transaction: Connection,
    kind: Literal["not_followed", "not_judged"],
    topic: str,
    partition: int,
    place: Place,
    error: Exception,
    outbox: Outbox,
    clock: Clock,
) -> bool:
    """Put on record that an entry is set aside, with the error's class; return whether that was not known before."""
    name = type(error).__name__
    if not await store.add_set_aside(transaction, kind, place, error=name, at=clock.now()):
        return False
    index = place[1]
    log.error("set_aside", kind=kind, topic=topic, partition=partition, index=index, error=name)
    if topic != OWN_TOPIC:
        payload = AuditAnomalyV1(
            kind=kind,
            topic=topic,
            partition=partition,
            first_index=index,
            last_index=index,
            entry_count=1,
            error=name,
        )
        await announce(transaction, [("none", payload)], outbox, clock)
    return True
