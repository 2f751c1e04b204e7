"""Look-ups and the answers they got."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

from services.query.domain.answer import Answer
from services.query.domain.grade import Grade
from services.query.domain.question import Asked
from services.query.domain.sight import Asker
from shared.db.pool import Connection
from shared.kafka.outbox import Columns

# One statement, because the caller waits for each: with it the answers and their events are stored, or none. What the
# outbox stores is its own statement, word for word.
INSERT_LOOKUPS = """
WITH announced AS (
    INSERT INTO outbox (shard, topic, key, value, headers)
    SELECT row.shard, row.topic, row.key, row.value, row.headers::jsonb
    FROM unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[])
        WITH ORDINALITY AS row (shard, topic, key, value, headers, place)
    ORDER BY row.place
), answered AS (
    INSERT INTO lookup (lookup_id, answered_at, actor, agency, office, purpose, reference, asked, answer)
    SELECT row.lookup_id, row.answered_at, $10, $11, $12, $13, $14, row.asked::jsonb, row.answer::jsonb
    FROM unnest($6::uuid[], $7::timestamptz[], $8::text[], $9::text[]) AS row (lookup_id, answered_at, asked, answer)
), counted AS (
    INSERT INTO counted_lookup (lookup_id, answered_at, agency, office, purpose, duration_ms, confirmed, probable,
        name_only, contradicted)
    SELECT row.lookup_id, row.answered_at, $11, COALESCE($12, ''), $13, $15, row.confirmed, row.probable, row.name_only,
        row.contradicted
    FROM unnest($6::uuid[], $7::timestamptz[], $16::integer[], $17::integer[], $18::integer[], $19::integer[])
        AS row (lookup_id, answered_at, confirmed, probable, name_only, contradicted)
)
INSERT INTO hit_tip (lookup_id, place, tip_id, grade)
SELECT row.lookup_id, row.place, row.tip_id, row.grade
FROM unnest($20::uuid[], $21::integer[], $22::uuid[], $23::text[]) AS row (lookup_id, place, tip_id, grade)"""
SELECT_LOOKUPS = """
SELECT lookup.asked, lookup.answer
FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (lookup_id, place)
    JOIN lookup ON lookup.lookup_id = wanted.lookup_id AND lookup.agency = $2
ORDER BY wanted.place"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody asks, as they said."""

    purpose: str
    reference: str


async def add_lookups(
    connection: Connection,
    asker: Asker,
    reason: Reason,
    rows: Sequence[tuple[Answer, Asked, bytes]],
    *,
    duration_ms: float,
    announced: Columns,
) -> None:
    """Keep look-ups with the answers they get, what statistics count of them, and the events that tell of them.

    A row is the answer, what was asked, and the document in JSON; `duration_ms` is what all of them took together.
    """
    grades = [answer.grades for answer, _, _ in rows]
    hits = [
        (answer.lookup_id, place, tip_id, str(answered.match.grade))
        for answer, _, _ in rows
        for place, answered in enumerate(answer.matches, start=1)
        for tip_id in answered.match.tip_ids
    ]
    await connection.execute(
        INSERT_LOOKUPS,
        *announced,
        [answer.lookup_id for answer, _, _ in rows],
        [answer.answered_at for answer, _, _ in rows],
        [orjson.dumps(asdict(asked)).decode() for _, asked, _ in rows],
        [document.decode() for _, _, document in rows],
        asker.id,
        asker.agency,
        asker.office,
        reason.purpose,
        reason.reference,
        math.ceil(duration_ms),
        *([each.get(grade, 0) for each in grades] for grade in Grade),
        *([hit[column] for hit in hits] for column in range(4)),
    )


async def find_lookups(
    connection: Connection, lookup_ids: Sequence[UUID], *, agency: str
) -> list[tuple[Asked, dict[str, Any]]]:
    """Return what an agency's look-ups asked, and the answers they got, in the order of the ids."""
    rows = await connection.fetch(SELECT_LOOKUPS, lookup_ids, agency)
    return [(asked_of(row["asked"]), row["answer"]) for row in rows]


def asked_of(document: dict[str, Any]) -> Asked:
    """Return what was asked, from its document."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return Asked(**fields)
