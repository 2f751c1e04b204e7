"""Hand-offs and the steps of their follow-up."""

from collections.abc import Sequence
from dataclasses import astuple
from uuid import UUID

from services.query.domain.handoff import Handoff, Step
from services.query.domain.sight import Asker
from shared.db.pool import Connection

INSERT_HANDOFF = """
INSERT INTO handoff (handoff_id, lookup_id, created_at, author, agency, author_office, office, reference, liaison,
    follow_up, local_office, local_office_name, local_office_phone, record_ids)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"""
# An office sees its own; whoever has none sees the whole agency's.
HANDOFFS = """
SELECT handoff.handoff_id, handoff.lookup_id, handoff.created_at, handoff.author, handoff.agency, handoff.author_office,
    handoff.office, handoff.reference, handoff.liaison, handoff.follow_up, handoff.local_office,
    handoff.local_office_name, handoff.local_office_phone, handoff.record_ids, COALESCE(newest.state, 'open') AS state
FROM handoff
    LEFT JOIN LATERAL (
        SELECT handoff_step.state FROM handoff_step WHERE handoff_step.handoff_id = handoff.handoff_id
        ORDER BY handoff_step.step_id DESC LIMIT 1
    ) AS newest ON true
WHERE handoff.agency = $1 AND ($2::text IS NULL OR handoff.author_office = $2)"""
LIST_HANDOFFS = (
    HANDOFFS + "\n    AND ($3::uuid IS NULL OR handoff.handoff_id < $3)\nORDER BY handoff.handoff_id DESC LIMIT $4"
)
FIND_HANDOFF = HANDOFFS + "\n    AND handoff.handoff_id = $3"
LOCK_HANDOFF = "SELECT handoff_id FROM handoff WHERE handoff_id = $1 FOR UPDATE"
LIST_STEPS = """
SELECT step_id, handoff_id, created_at, author, state, note FROM handoff_step WHERE handoff_id = $1 ORDER BY step_id"""
INSERT_STEP = """
INSERT INTO handoff_step (step_id, handoff_id, created_at, author, state, note) VALUES ($1, $2, $3, $4, $5, $6)"""


async def add_handoff(connection: Connection, handoff: Handoff) -> None:
    """Add a hand-off."""
    *values, _ = (getattr(handoff, name) for name in Handoff.__slots__)
    await connection.execute(INSERT_HANDOFF, *values)


async def list_handoffs(connection: Connection, asker: Asker, *, before: UUID | None, count_max: int) -> list[Handoff]:
    """Return an agency's hand-offs, or one office's of it, the newest first, from before `before` on."""
    rows = await connection.fetch(LIST_HANDOFFS, asker.agency, asker.office, before, count_max)
    return [Handoff(**dict(row)) for row in rows]


async def find_handoff(connection: Connection, asker: Asker, handoff_id: UUID) -> Handoff | None:
    """Return one of those that `list_handoffs` lists, held until the transaction ends."""
    await connection.execute(LOCK_HANDOFF, handoff_id)
    row = await connection.fetchrow(FIND_HANDOFF, asker.agency, asker.office, handoff_id)
    return Handoff(**dict(row)) if row is not None else None


async def list_steps(connection: Connection, handoff_id: UUID) -> Sequence[Step]:
    """Return the steps of a hand-off's follow-up, oldest first."""
    return [Step(**dict(row)) for row in await connection.fetch(LIST_STEPS, handoff_id)]


async def add_step(connection: Connection, step: Step) -> None:
    """Add a step."""
    await connection.execute(INSERT_STEP, *astuple(step))
