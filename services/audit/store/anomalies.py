"""What auditors read of what is wrong with the log: entries, and numbers that never came."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.store.log import PLAN_EACH
from shared.db.pool import Connection

MISSING = "missing_numbers"
"""The kind of those that lie nowhere in the log."""

# Numbers that never came stand where the entries of a log 0 would, which there is not.
LIST_ANOMALIES = """
SELECT found.noticed_at, found.head_id, found.index, found.name, found.kind, head.topic, head.partition, entry.event_id,
    found.producer, found.last, found.error
FROM (
        (
            SELECT anomaly.noticed_at, anomaly.head_id, anomaly.index, anomaly.kind AS name, anomaly.kind,
                NULL AS producer, NULL::bigint AS last, anomaly.error
            FROM anomaly JOIN head AS log ON log.id = anomaly.head_id
            WHERE ($1::text IS NULL OR anomaly.kind = $1)
                AND ($2::text IS NULL OR log.topic = $2)
                AND ($3::timestamptz IS NULL OR anomaly.noticed_at >= $3)
                AND ($4::timestamptz IS NULL OR anomaly.noticed_at < $4)
                AND ($5::timestamptz IS NULL OR (anomaly.noticed_at, anomaly.head_id, anomaly.index, anomaly.kind)
                    < ($5, $6::integer, $7::bigint, $8::text))
            ORDER BY anomaly.noticed_at DESC, anomaly.head_id DESC, anomaly.index DESC, anomaly.kind DESC
            LIMIT $9
        )
        UNION ALL
        (
            SELECT missing.noticed_at, 0, missing.first, missing.producer, $10::text, missing.producer, missing.last,
                NULL
            FROM missing_number AS missing
            WHERE ($1::text IS NULL OR $1 = $10)
                AND $2::text IS NULL
                AND ($3::timestamptz IS NULL OR missing.noticed_at >= $3)
                AND ($4::timestamptz IS NULL OR missing.noticed_at < $4)
                AND ($5::timestamptz IS NULL OR (missing.noticed_at, 0, missing.first, missing.producer)
                    < ($5, $6::integer, $7::bigint, $8::text))
            ORDER BY missing.noticed_at DESC, missing.first DESC, missing.producer DESC
            LIMIT $9
        )
    ) AS found
    LEFT JOIN head ON head.id = found.head_id
    LEFT JOIN entry ON entry.head_id = found.head_id AND entry.index = found.index
ORDER BY found.noticed_at DESC, found.head_id DESC, found.index DESC, found.name DESC
LIMIT $9"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells an anomaly from all others, and where it stands in their list; `index` and `name` of missing numbers
    are the first number and its producer, and their head is 0.
    """

    noticed_at: datetime
    head_id: int
    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What is wrong with an entry; or numbers of a producer that never came, which have no place."""

    mark: Mark
    kind: str
    topic: str | None
    partition: int | None
    event_id: UUID | None
    producer: str | None
    last: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which anomalies to list; what is None does not matter. `from_at` counts in, `to_at` does not."""

    kind: str | None = None
    topic: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


async def list_anomalies(transaction: Connection, sought: Sought, *, before: Mark | None, limit: int) -> list[Anomaly]:
    """Return the `limit` anomalies before `before` that were noticed last, the latest first."""
    await transaction.execute(PLAN_EACH)
    mark = (None,) * 4 if before is None else (before.noticed_at, before.head_id, before.index, before.name)
    filters = (sought.kind, sought.topic, sought.from_at, sought.to_at)
    rows = await transaction.fetch(LIST_ANOMALIES, *filters, *mark, limit, MISSING)
    return [Anomaly(Mark(*list(row.values())[:4]), *list(row.values())[4:]) for row in rows]
