"""What audit consumes: every topic, records as they are."""

from collections import Counter
from collections.abc import Sequence

from services.audit.handlers.log import append
from services.audit.settings import AuditSettings
from shared.db.pool import Connection
from shared.kafka.consume import Record
from shared.metrics import Metrics
from shared.service import Tools


class LogHandler:
    """Adds each batch to the log. It refuses nothing, so it has no dead letters."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def apply(self, transaction: Connection, records: Sequence[Record]) -> None:
        """Add an entry for each record."""
        await append(transaction, records)
        for topic, count in Counter(record.topic for record in records).items():
            self._metrics.records.labels(topic, "applied").inc(count)


def build_handler(tools: Tools[AuditSettings]) -> LogHandler:
    """Return what applies the topics' records."""
    return LogHandler(tools.metrics)
