"""What people decide about a lead as a whole: that a held one may go on, and that nobody may learn of one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.domain.hold import Release
from services.linker.handlers.announce import LEADS_TOPIC
from services.linker.handlers.decide import Decider
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, begin_turn, end_turn
from services.linker.store import holds as hold_store
from services.linker.store import shown
from services.linker.store.shown import FoundLead
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.change import change_of, new_salt
from shared.events.linker import LeadDecisionPersonal, LeadReleasedV1, LeadSilencedV1, ReleasePersonal


@dataclass(frozen=True, slots=True)
class Released:
    """A lead, its own id if another was absorbed into it; another reason may hold it still."""

    lead: FoundLead
    released_at: datetime


async def release(transaction: Connection, desk: Desk, decider: Decider, lead_id: UUID, *, reason: str) -> Released:
    """Let a held lead go on, as far as the reason goes that holds it now. An absorbed lead's id means its survivor.

    Raises:
        NotFound: there is no such lead.
        Conflict: it is not held.
    """
    turn = await begin_turn(transaction, desk, Causes({}, decider.context))
    lead = await get_lead(transaction, lead_id)
    found = await hold_store.find_hold(transaction, lead.lead_id)
    if found is None:
        raise Conflict("the lead is not held")
    hold, tip_count = found
    released_at = desk.clock.now()
    number = await hold_store.add_release(
        transaction,
        lead.lead_id,
        Release(hold.reason, hold.identifier, tip_count),
        reason=reason,
        released_by=decider.principal_id,
        released_at=released_at,
    )
    salt = new_salt()
    key_type, value = (hold.identifier.type, hold.identifier.value) if hold.identifier is not None else (None, None)
    held = {"held_reason": hold.reason, "held_identifier_type": key_type, "held_identifier": value}
    payload = LeadReleasedV1(
        lead_id=lead.lead_id,
        held_reason=hold.reason,
        identifier=key_type,
        tip_count=tip_count,
        # Another reason may hold it still: its next event tells.
        change=change_of(held, {}, salt=salt),
        personal=ReleasePersonal(reason=reason, identifier=value, salt=salt),
    )
    turn.announcer.tell(LEADS_TOPIC, payload, decider.context, subject_id=str(lead.lead_id), version=number)
    await settle(turn, [lead.anchor_tip_id])
    await end_turn(turn)
    return Released(await get_lead(transaction, lead.lead_id), released_at)


@dataclass(frozen=True, slots=True)
class Silenced:
    """A lead, its own id if another was absorbed into it, and what was decided."""

    lead_id: UUID
    silent: bool
    decided_at: datetime


async def silence(
    transaction: Connection, desk: Desk, decider: Decider, lead_id: UUID, *, silent: bool, reason: str
) -> Silenced:
    """Let nobody but its holder learn of a lead, or let others do so again.

    It is decided for those that were absorbed into it as well, so that neither a merge nor a split undoes it.

    Raises:
        NotFound: there is no such lead.
    """
    turn = await begin_turn(transaction, desk, Causes({}, decider.context))
    lead = await get_lead(transaction, lead_id)
    decided_at = desk.clock.now()
    numbers = await hold_store.add_silence(
        transaction,
        [lead.lead_id, *lead.aliases],
        silent=silent,
        reason=reason,
        decided_by=decider.principal_id,
        decided_at=decided_at,
    )
    salt = new_salt()
    payload = LeadSilencedV1(
        lead_id=lead.lead_id,
        silent=silent,
        change=change_of({"silent": lead.told["silent"]}, {"silent": silent}, salt=salt),
        personal=LeadDecisionPersonal(reason=reason, salt=salt),
    )
    number = numbers[lead.lead_id]
    turn.announcer.tell(LEADS_TOPIC, payload, decider.context, subject_id=str(lead.lead_id), version=number)
    await settle(turn, [lead.anchor_tip_id])
    await end_turn(turn)
    return Silenced(lead.lead_id, silent, decided_at)


async def get_lead(transaction: Connection, lead_id: UUID) -> FoundLead:
    """Return the lead, or the one that absorbed it.

    Raises:
        NotFound: there is no such lead.
    """
    lead = await shown.find_lead(transaction, lead_id, office=None)
    if lead is None:
        raise NotFound("there is no such lead")
    return lead
