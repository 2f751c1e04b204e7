"""All SQL of exports: which entries a time covers, by what they are proved, and the entries themselves."""

from dataclasses import dataclass
from datetime import datetime

from services.audit.store.log import PLAN_EACH
from shared.db.pool import Connection

# Of each log the entries from the first to the last that happened then, as far as they are signed for; proved by the
# newest checkpoint with a cosignature that covers them, else by the newest.
SELECT_RANGES = """
SELECT head.id AS head_id, head.topic, head.partition, spanned.first, LEAST(spanned.beyond, newest.size) AS beyond,
    made.size, made.note || COALESCE(lines.text, '') AS note
FROM head
    CROSS JOIN LATERAL (
        SELECT min(event.index) AS first, max(event.index) + 1 AS beyond FROM event
        WHERE event.head_id = head.id AND event.occurred_at >= $1 AND event.occurred_at < $2
    ) AS spanned
    CROSS JOIN LATERAL (
        SELECT max(log_checkpoint.size) AS size FROM log_checkpoint WHERE log_checkpoint.head_id = head.id
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT max(cosignature.size) AS size FROM cosignature WHERE cosignature.head_id = head.id
    ) AS cosigned
    JOIN log_checkpoint AS made ON made.head_id = head.id
        AND made.size = CASE WHEN cosigned.size >= LEAST(spanned.beyond, newest.size) THEN cosigned.size
            ELSE newest.size END
    LEFT JOIN LATERAL (
        SELECT string_agg(cosignature.line, '' ORDER BY cosignature.witness) AS text FROM cosignature
        WHERE cosignature.head_id = made.head_id AND cosignature.size = made.size
    ) AS lines ON true
WHERE spanned.first < newest.size AND ($3::text IS NULL OR head.topic = $3)
ORDER BY head.topic, head.partition"""
SELECT_VECTOR = "SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1"
HAS_LOG = "SELECT EXISTS (SELECT FROM head WHERE topic = $1)"
SELECT_PAGE = """
SELECT entry.index, entry.header, entry.body FROM entry
WHERE entry.head_id = $1 AND entry.index >= $2 AND entry.index < $3
ORDER BY entry.index"""


@dataclass(frozen=True, slots=True)
class Exported:
    """Of one log, the entries from `first` to before `beyond`; `note` signs the first `size` of it."""

    head_id: int
    topic: str
    partition: int
    first: int
    beyond: int
    size: int
    note: str


async def list_ranges(
    transaction: Connection, from_at: datetime, to_at: datetime, *, topic: str | None
) -> list[Exported]:
    """Return what of each log is to be exported for a time, of one topic or of all."""
    await transaction.execute(PLAN_EACH)
    return [Exported(**dict(row)) for row in await transaction.fetch(SELECT_RANGES, from_at, to_at, topic)]


async def find_vector(transaction: Connection) -> str | None:
    """Return the newest checkpoint of all logs, None before the first."""
    note: str | None = await transaction.fetchval(SELECT_VECTOR)
    return note


async def has_log(transaction: Connection, topic: str) -> bool:
    """Return whether anything of a topic was ever logged."""
    found: bool = await transaction.fetchval(HAS_LOG, topic)
    return found


async def read_page(connection: Connection, head_id: int, first: int, beyond: int) -> list[tuple[int, bytes, bytes]]:
    """Return index, header and body of a log's entries from `first` to before `beyond`."""
    return [tuple(row) for row in await connection.fetch(SELECT_PAGE, head_id, first, beyond)]
