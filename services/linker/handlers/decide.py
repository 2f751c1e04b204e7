"""What people decide: that two tips belong together or not, and how urgent a lead is. Each takes effect at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.linker.domain.cluster import Judged, Judgement, Pair, newest_judgements, pair_of
from services.linker.domain.priority import Tier, assess
from services.linker.handlers.announce import LEADS_TOPIC, LINKS_TOPIC
from services.linker.handlers.settle import settle
from services.linker.handlers.turn import Causes, Desk, Turn, begin_turn, end_turn
from services.linker.store import graph, shown
from services.linker.store import leads as lead_store
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context
from shared.events.linker import (
    JudgementPersonal,
    JudgementRecordedV1,
    JudgementWithdrawnV1,
    LeadDecisionPersonal,
    LeadPrioritisedV1,
)


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and what the events of it inherit."""

    principal_id: str
    context: Context


@dataclass(frozen=True, slots=True)
class Prioritised:
    """A lead, its own id if another was absorbed into it, and the tier it has now."""

    lead_id: UUID
    tier: Tier
    decided_at: datetime


async def judge(
    transaction: Connection, desk: Desk, decider: Decider, left: UUID, right: UUID, decision: Judged, *, reason: str
) -> Judgement:
    """Record a decision on two different tips, and bring clusters and leads in line with it.

    Raises:
        NotFound: one of the tips is not known.
    """
    turn = await begin_turn(transaction, desk, Causes({}, decider.context))
    pair = pair_of(left, right)
    if len(await graph.known_tips(transaction, pair)) < len(pair):
        raise NotFound("one of these tips is not known")
    judgement = Judgement(desk.clock.new_id(), *pair, decision, desk.clock.now())
    before = await _counting(transaction, pair)
    await lead_store.add_judgement(transaction, judgement, reason=reason, decided_by=decider.principal_id)
    await _apply(turn, judgement, JudgementRecordedV1, decider.context, reason=reason, before=before)
    return judgement


async def withdraw(
    transaction: Connection, desk: Desk, decider: Decider, judgement_id: UUID, *, reason: str
) -> Judgement:
    """Take a judgement back: the one before it on the same pair counts again, if there was one.

    Raises:
        NotFound: there is no such judgement.
        Conflict: it was withdrawn before.
    """
    turn = await begin_turn(transaction, desk, Causes({}, decider.context))
    judgement = await lead_store.find_judgement(transaction, judgement_id)
    if judgement is None:
        raise NotFound("there is no such judgement")
    if judgement.is_withdrawn:
        raise Conflict("this judgement was withdrawn before")
    before = await _counting(transaction, (judgement.left_tip_id, judgement.right_tip_id))
    await lead_store.withdraw_judgement(
        transaction,
        judgement_id,
        reason=reason,
        withdrawn_by=decider.principal_id,
        withdrawn_at=desk.clock.now(),
    )
    await _apply(turn, judgement, JudgementWithdrawnV1, decider.context, reason=reason, before=before)
    return judgement


async def prioritise(
    transaction: Connection, desk: Desk, decider: Decider, lead_id: UUID, tier: Tier | None, *, reason: str
) -> Prioritised:
    """Set a lead's tier by hand, which stands until its tips become more urgent, or let them decide again (None).

    An absorbed lead's id means the lead that absorbed it.

    Raises:
        NotFound: there is no such lead.
        Conflict: it is closed.
    """
    turn = await begin_turn(transaction, desk, Causes({}, decider.context))
    lead = await shown.find_lead(transaction, lead_id, office=None)
    if lead is None:
        raise NotFound("there is no such lead")
    if lead.state == "closed":
        raise Conflict("the lead is closed, so its tier leads to nothing")
    decided_at = desk.clock.now()
    members = await shown.list_members(transaction, lead.cluster_id)
    facts = await graph.load_facts(transaction, members, await graph.load_decisions(transaction, members))
    number = await lead_store.add_priority(
        transaction,
        lead.lead_id,
        tier,
        over=assess(facts.values()).tier,
        reason=reason,
        decided_by=decider.principal_id,
        decided_at=decided_at,
    )
    salt, told = new_salt(), lead.told["personal"]["priority_reason"]
    payload = LeadPrioritisedV1(
        lead_id=lead.lead_id,
        tier=tier,
        change=change_of(
            {"priority": lead.tier if told is not None else None, "priority_reason": told},
            {"priority": tier, "priority_reason": reason if tier is not None else None},
            salt=salt,
        ),
        personal=LeadDecisionPersonal(reason=reason, salt=salt),
    )
    turn.announcer.tell(LEADS_TOPIC, payload, decider.context, subject_id=str(lead.lead_id), version=number)
    await settle(turn, [lead.anchor_tip_id])
    await end_turn(turn)
    stored = await shown.find_lead(transaction, lead.lead_id, office=None)
    return Prioritised(lead.lead_id, stored.tier if stored is not None else lead.tier, decided_at)


async def _apply(
    turn: Turn,
    judgement: Judgement,
    model: type[JudgementRecordedV1],
    context: Context,
    *,
    reason: str,
    before: Mapping[str, Any] | None,
) -> None:
    """Announce what was decided on a pair, of which `before` counted, and what follows from it."""
    left, right = judgement.left_tip_id, judgement.right_tip_id
    salt, after = new_salt(), await _counting(turn.transaction, (left, right))
    payload = model(
        judgement_id=judgement.judgement_id,
        left_tip_id=left,
        right_tip_id=right,
        decision=judgement.decision,
        change=change_of(before, after or {}, salt=salt),
        personal=JudgementPersonal(reason=reason, salt=salt),
    )
    number = await lead_store.count_judgements(turn.transaction, judgement)
    turn.announcer.tell(LINKS_TOPIC, payload, context, subject_id=f"{left}:{right}", version=number)
    await settle(turn, [left, right])
    await end_turn(turn)


async def _counting(transaction: Connection, pair: Pair) -> dict[str, Any] | None:
    """Return what counts for a pair, as fields of a change; None where nobody decided, or took it back."""
    newest = newest_judgements(await graph.load_judgements(transaction, pair)).get(pair)
    return None if newest is None else {"judgement_id": newest.judgement_id, "decision": newest.decision}
