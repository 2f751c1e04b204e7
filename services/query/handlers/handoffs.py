"""Hand an answer over into a risk assessment, and follow it up."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.query.domain.handoff import FollowUp, Handoff, Step, StepState, may_follow
from services.query.handlers.desk import Desk, asker_of
from services.query.handlers.lookups import show_answer
from services.query.store import handoffs
from shared.db.pool import Connection
from shared.errors import Conflict, FieldError, NotFound, Rejected
from shared.events.activity import (
    HandoffFollowedUpV1,
    HandoffPersonal,
    HandoffRecordedV1,
    HandoffStepPersonal,
)
from shared.events.envelope import Context
from shared.security import Principal


async def hand_off(
    desk: Desk,
    transaction: Connection,
    caller: Principal,
    context: Context,
    lookup_id: UUID,
    *,
    office: str,
    reference: str,
    liaison: bool,
    follow_up: FollowUp | None,
    record_ids: Sequence[UUID] | None,
) -> Handoff:
    """Record that an answer was handed over: the matches named, or all that may still be told.

    Where the agency has no liaison officer, the local HSI office is asked: the office that has the lead of the best of
    these matches, as referral's directory names it, else the CEIU.

    Raises:
        NotFound: there is no such look-up, or it has no match (of these records) that the caller may be told.
        Rejected: there is neither a liaison officer nor a follow-up by the local office.
    """
    if not liaison and follow_up is None:
        fault = FieldError(("follow_up",), "is local_hsi_office where there is no liaison officer")
        raise Rejected("some fields are not valid", errors=[fault])
    document = await show_answer(desk, transaction, caller, lookup_id)
    relied_on = _relied_on(document["matches"], record_ids)
    contact = relied_on[0]["contact"] if follow_up else dict.fromkeys(("office", "name", "phone"))
    handoff = Handoff(
        handoff_id=desk.clock.new_id(),
        lookup_id=lookup_id,
        created_at=desk.clock.now(),
        author=caller.id,
        agency=caller.agency,
        author_office=caller.office,
        office=office,
        reference=reference,
        liaison=liaison,
        follow_up=follow_up,
        local_office=contact["office"],
        local_office_name=contact["name"],
        local_office_phone=contact["phone"],
        record_ids=[UUID(match["record_id"]) for match in relied_on],
    )
    await handoffs.add_handoff(transaction, handoff)
    payload = HandoffRecordedV1(
        handoff_id=handoff.handoff_id,
        lookup_id=lookup_id,
        office=office,
        liaison=liaison,
        follow_up=follow_up,
        local_office=handoff.local_office,
        record_ids=handoff.record_ids,
        personal=HandoffPersonal(reference=reference),
    )
    await desk.announce(transaction, context, handoff.handoff_id, payload)
    return handoff


async def follow_up_handoff(
    desk: Desk,
    transaction: Connection,
    caller: Principal,
    context: Context,
    handoff_id: UUID,
    *,
    state: StepState,
    note: str | None,
) -> Step:
    """Add a step to a hand-off's follow-up.

    Raises:
        NotFound: the caller's agency or office has no such hand-off.
        Conflict: the step does not come after the state it is in.
    """
    handoff = await get_handoff(transaction, caller, handoff_id)
    if not may_follow(handoff.state, state):
        raise Conflict(f"the hand-off is {handoff.state}, after which {state} does not come")
    step = Step(desk.clock.new_id(), handoff_id, desk.clock.now(), caller.id, state, note)
    await handoffs.add_step(transaction, step)
    payload = HandoffFollowedUpV1(
        handoff_id=handoff_id, step_id=step.step_id, state=state, personal=HandoffStepPersonal(note=note)
    )
    await desk.announce(transaction, context, handoff_id, payload)
    return step


async def get_handoff(transaction: Connection, caller: Principal, handoff_id: UUID) -> Handoff:
    """Return a hand-off of the caller's agency or office; raises `NotFound` for any other."""
    handoff = await handoffs.find_handoff(transaction, asker_of(caller), handoff_id)
    if handoff is None:
        raise NotFound("there is no such hand-off")
    return handoff


async def list_handoffs(
    transaction: Connection, caller: Principal, *, before: UUID | None, count_max: int
) -> list[Handoff]:
    """Return the hand-offs of the caller's agency or office, the newest first."""
    return await handoffs.list_handoffs(transaction, asker_of(caller), before=before, count_max=count_max)


async def list_steps(transaction: Connection, handoff_id: UUID) -> Sequence[Step]:
    """Return the steps of a hand-off that was got, oldest first."""
    return await handoffs.list_steps(transaction, handoff_id)


def _relied_on(matches: Sequence[dict[str, Any]], record_ids: Sequence[UUID] | None) -> list[dict[str, Any]]:
    told = {match["record_id"]: match for match in matches}
    named = list(told) if record_ids is None else [str(record_id) for record_id in record_ids]
    if not named or not all(record_id in told for record_id in named):
        # What may not be told is not there, and an answer without a match has nothing to hand over.
        raise NotFound("the look-up has no such match")
    return [match for record_id, match in told.items() if record_id in named]
