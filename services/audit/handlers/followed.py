"""How far the log was followed, for whoever says something once and for all of a time that is over."""

from datetime import datetime
from functools import partial

from services.audit.settings import AuditSettings, is_read
from services.audit.store.projection import list_unread
from shared.db.pool import Connection, Pool
from shared.kafka.reach import Offsets, find_unread, load_reached, read_ends

GROUP = "audit"
PLACES_SAID = 10


async def find_unfollowed(connection: Connection) -> datetime | None:
    """Return the earliest time of what each log has next to be followed; None where all of it is."""
    return min((at for header in await list_unread(connection) if (at := header.moment)), default=None)


class KafkaEnd:
    """Where Kafka ends, and whether all before that is in the log and followed.

    A worker's own lag does not say so: another may have the other partitions, and none may have had any for long.
    """

    def __init__(self, settings: AuditSettings, pool: Pool) -> None:
        self._pool = pool
        self._bootstrap = settings.kafka_bootstrap
        self._prefix = settings.kafka_topic_prefix

    async def read(self) -> Offsets:
        """Return where each partition ends now.

        Raises:
            aiokafka.errors.KafkaError: the cluster cannot be reached.
        """
        return await read_ends(self._bootstrap, partial(is_read, prefix=self._prefix), prefix=self._prefix)

    async def find_lack(self, ends: Offsets) -> str | None:
        """Return what before these ends is not in the log, or not followed, in words; None where nothing is.

        Raises:
            aiokafka.errors.KafkaError: the cluster cannot be reached, or fell silent.
        """
        async with self._pool.acquire() as connection:
            reached = await load_reached(connection, GROUP)
            unfollowed = {
                place
                for each in await list_unread(connection)
                if each.offset < ends.get(place := (each.topic, each.partition), 0)
            }
        unread = await find_unread(self._bootstrap, reached=reached, ends=ends, prefix=self._prefix)
        for what, places in (("not read", unread), ("not followed", unfollowed)):
            if places:
                return f"{what}: " + ", ".join(f"{topic}[{number}]" for topic, number in sorted(places)[:PLACES_SAID])
        return None
