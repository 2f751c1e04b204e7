"""Hand answers over into risk assessments, and follow that up.

A hand-off is there for whoever may still be told of a match it relies on; otherwise it answers as one that never was.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.query.domain.answer import Contact
from services.query.domain.handoff import Handoff, Step, StepState, choose_local_office
from services.query.handlers.desk import Desk
from services.query.handlers.lookups import show_answer, show_answers
from services.query.store import handoffs
from shared.db.pool import Connection
from shared.errors import Conflict, FieldError, NotFound, Rejected
from shared.events.activity import (
    HandoffFollowedUpPersonal,
    HandoffFollowedUpV1,
    HandoffPersonal,
    HandoffRecordedV1,
)
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context
from shared.security import Principal


async def record_handoff(
    desk: Desk,
    transaction: Connection,
    caller: Principal,
    context: Context,
    lookup_id: UUID,
    *,
    office: str,
    reference: str,
    liaison: bool,
    has_follow_up: bool,
    record_ids: Sequence[UUID] | None,
) -> Handoff:
    """Record that an answer of the caller's agency went into a risk assessment.

    Without `record_ids` all matches that may be told now were relied on. Without a liaison officer there is always a
    follow-up.

    Raises:
        NotFound: the agency has no such look-up, or there is no match in it that may be told now.
        Rejected: a record is none of the answer's.
    """
    matches = (await show_answer(desk, transaction, caller, lookup_id))["matches"]
    if not matches:
        raise NotFound("there is no such look-up")
    told = {UUID(match["record_id"]): Contact(**match["contact"]) for match in matches}
    wanted = set(told if record_ids is None else record_ids)
    if not wanted <= set(told):
        fault = FieldError(("record_ids",), "holds a record that is none of the answer's matches")
        raise Rejected("some fields are not valid", errors=[fault])
    relied_on = tuple(record_id for record_id in told if record_id in wanted)
    handoff = Handoff(
        handoff_id=desk.clock.new_id(),
        lookup_id=lookup_id,
        recorded_at=desk.clock.now(),
        actor=caller.id,
        agency=caller.agency,
        from_office=caller.office,
        office=office,
        reference=reference,
        liaison=liaison,
        record_ids=relied_on,
        local_office=None if liaison and not has_follow_up else choose_local_office([told[id_] for id_ in relied_on]),
    )
    await handoffs.add_handoff(transaction, handoff)
    await desk.announce(transaction, context, handoff.handoff_id, _handoff_recorded(handoff))
    return handoff


async def follow_up(
    desk: Desk,
    transaction: Connection,
    caller: Principal,
    context: Context,
    handoff_id: UUID,
    *,
    state: StepState,
    note: str | None,
) -> Handoff:
    """Take the next step of a follow-up.

    Raises:
        NotFound: as of `get_handoff`.
        Conflict: it is not the next step, or somebody else just took it.
    """
    handoff = await get_handoff(desk, transaction, caller, handoff_id)
    step = Step(state, desk.clock.now(), caller.id, note)
    if not handoff.can_become(state) or not await handoffs.add_step(transaction, handoff_id, step):
        raise Conflict(f"this hand-off cannot become {state} now: a follow-up is open, then contacted, then done")
    followed, salt = replace(handoff, steps=(*handoff.steps, step)), new_salt()
    payload = HandoffFollowedUpV1(
        handoff_id=handoff_id,
        lookup_id=handoff.lookup_id,
        state=state,
        record_ids=list(handoff.record_ids),
        change=change_of(_standing(handoff), _standing(followed), salt=salt),
        personal=HandoffFollowedUpPersonal(note=note, salt=salt),
    )
    await desk.announce(transaction, context, handoff_id, payload)
    return followed


async def get_handoff(desk: Desk, transaction: Connection, caller: Principal, handoff_id: UUID) -> Handoff:
    """Return a hand-off of the caller's agency, less the matches that may no longer be told.

    Raises:
        NotFound: there is no such hand-off, or nothing it relied on may be told.
    """
    found = await handoffs.find_handoff(transaction, handoff_id, agency=caller.agency)
    shown = await _still_told(desk, transaction, caller, [found] if found else [])
    if not shown:
        raise NotFound("there is no such hand-off")
    return shown[0]


async def list_handoffs(
    desk: Desk, transaction: Connection, caller: Principal, *, before: UUID | None, count_max: int
) -> list[Handoff]:
    """Return so many of the agency's hand-offs as `get_handoff` would, the newest first; fewer only at the end."""
    shown: list[Handoff] = []
    while len(shown) < count_max:
        found = await handoffs.list_handoffs(transaction, agency=caller.agency, before=before, count_max=count_max)
        shown += await _still_told(desk, transaction, caller, found)
        if len(found) < count_max:
            break
        before = found[-1].handoff_id
    return shown[:count_max]


async def _still_told(
    desk: Desk, transaction: Connection, caller: Principal, found: Sequence[Handoff]
) -> list[Handoff]:
    lookup_ids = list(dict.fromkeys(handoff.lookup_id for handoff in found))
    documents = await show_answers(desk, transaction, caller, lookup_ids)
    told = {UUID(document["lookup_id"]): {UUID(m["record_id"]) for m in document["matches"]} for document in documents}
    less = [
        replace(each, record_ids=tuple(id_ for id_ in each.record_ids if id_ in told[each.lookup_id])) for each in found
    ]
    return [handoff for handoff in less if handoff.record_ids]


def _standing(handoff: Handoff) -> dict[str, object]:
    """Return how far a follow-up is, as fields of a change."""
    return {"state": handoff.state, "note": handoff.steps[-1].note if handoff.steps else None}


def _handoff_recorded(handoff: Handoff) -> HandoffRecordedV1:
    return HandoffRecordedV1(
        handoff_id=handoff.handoff_id,
        lookup_id=handoff.lookup_id,
        record_ids=list(handoff.record_ids),
        office=handoff.office,
        liaison=handoff.liaison,
        local_office=handoff.local_office.office if handoff.local_office else None,
        personal=HandoffPersonal(reference=handoff.reference),
    )
