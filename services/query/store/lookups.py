"""Look-ups and the answers they got."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.query.domain.answer import Answer
from services.query.domain.question import Asked
from shared.db.pool import Connection
from shared.security import Principal

INSERT_LOOKUP = """
INSERT INTO lookup (lookup_id, answered_at, actor, agency, office, purpose, reference, asked, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
SELECT_LOOKUP = "SELECT asked, answer FROM lookup WHERE lookup_id = $1 AND agency = $2"


async def add_lookup(
    connection: Connection,
    caller: Principal,
    answer: Answer,
    *,
    purpose: str,
    reference: str,
    asked: Asked,
    document: dict[str, Any],
) -> None:
    """Keep a look-up with the answer it gets."""
    await connection.execute(
        INSERT_LOOKUP,
        answer.lookup_id,
        answer.answered_at,
        caller.id,
        caller.agency,
        caller.office,
        purpose,
        reference,
        asdict(asked),
        document,
    )


async def find_lookup(connection: Connection, lookup_id: UUID, *, agency: str) -> tuple[Asked, dict[str, Any]] | None:
    """Return what an agency's look-up asked, and the answer it got."""
    row = await connection.fetchrow(SELECT_LOOKUP, lookup_id, agency)
    if row is None:
        return None
    asked: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row["asked"].items()
    }
    return Asked(**asked), row["answer"]
