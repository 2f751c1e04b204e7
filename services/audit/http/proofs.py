"""What is signed of the log, and the proof that an event is in it."""

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from services.audit.handlers.proofs import prove
from services.audit.store.checkpoints import find_checkpoint
from shared.errors import NotFound
from shared.http import Call, answer


class LogCheckpointShown(BaseModel):
    """What is signed of one partition's log: the note for witnesses and proofs, with the lines of those that signed."""

    topic: str
    partition: int
    size: int
    note: str


class CheckpointShown(BaseModel):
    """The newest checkpoint: `note` is the signed state of all logs at that moment. Kept elsewhere, it pins them."""

    made_at: datetime
    note: str
    logs: list[LogCheckpointShown]


class ProofShown(BaseModel):
    """Where an event stands, and a file that proves it to whoever has the public keys (C2SP tlog-proof)."""

    event_id: UUID
    topic: str
    partition: int
    index: int
    size: int
    proof: str


async def get_checkpoint(request: Request) -> Response:
    """Show the newest checkpoint, 404 before the first."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        found = await find_checkpoint(transaction)
        if found is None:
            raise NotFound("checkpoint")
        await call.record_view(transaction, "checkpoint", [])
    logs = [
        LogCheckpointShown(topic=log.topic, partition=log.partition, size=log.size, note=log.note) for log in found.logs
    ]
    return answer(CheckpointShown(made_at=found.made_at, note=found.note, logs=logs))


async def get_proof(request: Request, event_id: UUID) -> Response:
    """Show the proof that an event is in what was signed; 409 until a checkpoint covers it."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        entry, proof = await prove(transaction, event_id)
        await call.record_view(transaction, "entry", [event_id])
    assert entry.size is not None
    return answer(
        ProofShown(
            event_id=event_id,
            topic=entry.topic,
            partition=entry.partition,
            index=entry.index,
            size=entry.size,
            proof=proof,
        )
    )
