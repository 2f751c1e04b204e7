"""Look-ups and the answers they got."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

from services.query.domain.answer import Answer
from services.query.domain.question import Asked
from services.query.domain.sight import Asker
from shared.db.pool import Connection

INSERT_LOOKUPS = """
INSERT INTO lookup (lookup_id, answered_at, actor, agency, office, purpose, reference, asked, answer)
SELECT row.lookup_id, row.answered_at, $5, $6, $7, $8, $9, row.asked::jsonb, row.answer::jsonb
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[]) AS row (lookup_id, answered_at, asked, answer)"""
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
    connection: Connection, asker: Asker, reason: Reason, rows: Sequence[tuple[Answer, Asked, dict[str, Any]]]
) -> None:
    """Keep look-ups with the answers they get: each answer, what was asked, and the document."""
    await connection.execute(
        INSERT_LOOKUPS,
        [answer.lookup_id for answer, _, _ in rows],
        [answer.answered_at for answer, _, _ in rows],
        [orjson.dumps(asdict(asked)).decode() for _, asked, _ in rows],
        [orjson.dumps(document).decode() for _, _, document in rows],
        asker.id,
        asker.agency,
        asker.office,
        reason.purpose,
        reason.reference,
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
