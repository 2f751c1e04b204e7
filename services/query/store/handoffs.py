"""Hand-offs of answers, and the steps of their follow-ups."""

from collections.abc import Sequence
from uuid import UUID

from services.query.domain.answer import Contact
from services.query.domain.handoff import Handoff, Step
from shared.db.pool import Connection, Row

INSERT_HANDOFF = """
INSERT INTO handoff (handoff_id, lookup_id, recorded_at, actor, agency, from_office, office, reference, liaison,
    record_ids, local_office, local_name, local_phone)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""
SELECT_HANDOFFS = """
SELECT handoff_id, lookup_id, recorded_at, actor, agency, from_office, office, reference, liaison, record_ids,
    local_office, local_name, local_phone
FROM handoff"""
FIND_HANDOFF = SELECT_HANDOFFS + "\nWHERE handoff_id = $1 AND agency = $2"
LIST_HANDOFFS = SELECT_HANDOFFS + (
    "\nWHERE agency = $1 AND ($2::uuid IS NULL OR handoff_id < $2)\nORDER BY handoff_id DESC LIMIT $3"
)
SELECT_STEPS = """
SELECT handoff_id, state, taken_at, actor, note FROM handoff_step
WHERE handoff_id = ANY($1::uuid[]) ORDER BY handoff_id, state = 'done'"""
INSERT_STEP = """
INSERT INTO handoff_step (handoff_id, state, taken_at, actor, note) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT handoff_step_pkey DO NOTHING
RETURNING handoff_id"""


async def add_handoff(connection: Connection, handoff: Handoff) -> None:
    """Keep a hand-off."""
    local = handoff.local_office
    await connection.execute(
        INSERT_HANDOFF,
        handoff.handoff_id,
        handoff.lookup_id,
        handoff.recorded_at,
        handoff.actor,
        handoff.agency,
        handoff.from_office,
        handoff.office,
        handoff.reference,
        handoff.liaison,
        handoff.record_ids,
        local.office if local else None,
        local.name if local else None,
        local.phone if local else None,
    )


async def find_handoff(connection: Connection, handoff_id: UUID, *, agency: str) -> Handoff | None:
    """Return a hand-off of the agency."""
    found = await _with_steps(connection, await connection.fetch(FIND_HANDOFF, handoff_id, agency))
    return found[0] if found else None


async def list_handoffs(
    connection: Connection, *, agency: str, before: UUID | None, count_max: int
) -> Sequence[Handoff]:
    """Return an agency's hand-offs, the newest first, from behind `before`."""
    return await _with_steps(connection, await connection.fetch(LIST_HANDOFFS, agency, before, count_max))


async def add_step(connection: Connection, handoff_id: UUID, step: Step) -> bool:
    """Add a step; return False, adding nothing, when another took it already."""
    added = await connection.fetchval(INSERT_STEP, handoff_id, step.state, step.taken_at, step.actor, step.note)
    return added is not None


async def _with_steps(connection: Connection, rows: Sequence[Row]) -> list[Handoff]:
    steps: dict[UUID, list[Step]] = {row["handoff_id"]: [] for row in rows}
    for row in await connection.fetch(SELECT_STEPS, list(steps)):
        steps[row["handoff_id"]].append(Step(row["state"], row["taken_at"], row["actor"], row["note"]))
    return [_handoff(row, steps[row["handoff_id"]]) for row in rows]


def _handoff(row: Row, steps: Sequence[Step]) -> Handoff:
    local = Contact(row["local_office"], row["local_name"], row["local_phone"]) if row["local_office"] else None
    return Handoff(
        handoff_id=row["handoff_id"],
        lookup_id=row["lookup_id"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
        agency=row["agency"],
        from_office=row["from_office"],
        office=row["office"],
        reference=row["reference"],
        liaison=row["liaison"],
        record_ids=tuple(row["record_ids"]),
        local_office=local,
        steps=tuple(steps),
    )
