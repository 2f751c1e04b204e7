"""What a new version of a lead does to its referral.

| the lead                   | no referral, or a final one | queued                | with an office           |
|----------------------------|-----------------------------|-----------------------|--------------------------|
| open or referred           | open one [1]                | send once routed [2]  | update, if there is news |
| held                       | nothing                     | recall                | nothing [3]              |
| merged into another lead   | nothing                     | recall                | recall                   |
| closed                     | nothing                     | recall                | recall                   |

[1] After an office closed its referral, only for tips it was not told of: the rest of the lead is done.
[2] Never to an office that refused the lead before: that only a person does.
[3] A held lead hangs together by one thin thread. What an office has, it keeps; but nothing more goes to it over that
    thread. Release brings one update with all that came meanwhile.

When two leads merge, each is planned by itself: the absorbed one's referral is recalled; the survivor keeps its own or,
if it has none, opens one. A split is an update of the lead that stays; the part that left is a lead of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from services.referral.domain.referral import (
    Change,
    ChangeType,
    Content,
    Message,
    MessageType,
    ReferralFacts,
    State,
)
from services.referral.domain.routing import Routing
from shared.events.linker import LeadPlace, LeadSubject


class LeadState(StrEnum):
    """A lead's state, as the linker publishes it."""

    OPEN = "open"
    HELD = "held"
    REFERRED = "referred"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """A lead at one version. `merged_into` names the lead that absorbed it."""

    lead_id: UUID
    version: int
    state: LeadState
    content: Content
    merged_into: UUID | None = None


def plan(
    lead: LeadFacts,
    current: ReferralFacts | None,
    routing: Routing,
    *,
    new_id: UUID,
    seen_version: int = 0,
) -> Change | None:
    """Return what this version of the lead changes, or None when nothing.

    `current` is the lead's newest referral, live or final; `routing` is where the lead's places point to; `new_id`
    becomes the id of a referral that is opened. `seen_version` is the highest version of the lead applied so far:
    repeats and older versions change nothing.
    """
    if lead.version <= max(seen_version, current.lead_version if current else 0):
        return None
    if current is None or not current.is_live:
        return _open(lead, current, routing, new_id) if _needs_referral(lead, current) else None
    if lead.merged_into:
        # The other is not named: another office may have it, or it may be silent.
        return _recall(lead, current, "the lead was merged into another, which goes on with its tips")
    if lead.state is LeadState.CLOSED:
        return _recall(lead, current, "the lead was closed: no actionable tip is left in it")
    if lead.state is LeadState.HELD:
        queued = current.state is State.QUEUED
        return _recall(lead, current, "the lead is held, so it waits for its release") if queued else None
    return _update(lead, current, routing)


def describe_news(old: Content, new: Content) -> str:
    """Return in words what an office would see as new, such as "2 tips added; tier T2, was T4"; empty if nothing.

    Tips, tier, subjects, places and the expiry of evidence are news; their order and the summary are not.
    """
    added, removed = len(new.tip_ids - old.tip_ids), len(old.tip_ids - new.tip_ids)
    is_recounted = new.tip_count != old.tip_count and not added and not removed
    news = (
        (f"{_tips(added)} added", added > 0),
        (f"{_tips(removed)} removed", removed > 0),
        (f"{_tips(new.tip_count)}, was {old.tip_count}", is_recounted),
        (f"tier {new.tier}, was {old.tier}", new.tier != old.tier),
        ("subjects changed", _unordered(new.subjects) != _unordered(old.subjects)),
        ("places changed", _unordered(new.places) != _unordered(old.places)),
        ("expiry of evidence changed", new.evidence_expires_at != old.evidence_expires_at),
    )
    return "; ".join(words for words, is_true in news if is_true)


def _needs_referral(lead: LeadFacts, last: ReferralFacts | None) -> bool:
    if lead.merged_into or lead.state not in {LeadState.OPEN, LeadState.REFERRED}:
        return False
    if last is None or last.state is State.RECALLED:
        return True
    told = last.content
    return not lead.content.tip_ids <= told.tip_ids or lead.content.tip_count > told.tip_count


def _open(lead: LeadFacts, last: ReferralFacts | None, routing: Routing, new_id: UUID) -> Change:
    referral = ReferralFacts(
        referral_id=new_id,
        lead_id=lead.lead_id,
        lead_version=lead.version,
        version=1,
        state=State.QUEUED,
        office=None,
        confidence=0.0,
        reason="",
        content=lead.content,
        refused_by=last.refused_by if last else frozenset(),
    )
    return _place(ChangeType.OPENED, referral, routing)


def _update(lead: LeadFacts, current: ReferralFacts, routing: Routing) -> Change | None:
    news = describe_news(current.content, lead.content)
    updated = replace(current, lead_version=lead.version, version=current.version + 1, content=lead.content)
    if current.office is None:
        change = _place(ChangeType.CHANGED, updated, routing)
        return change if news or change.messages else None
    return Change(ChangeType.CHANGED, updated, (Message(MessageType.UPDATED, current.office, news),)) if news else None


def _place(kind: ChangeType, referral: ReferralFacts, routing: Routing) -> Change:
    """Send a referral that no office has to where it is routed, or queue it with the reason why not."""
    placed = replace(referral, confidence=routing.confidence, reason=routing.reason, alternatives=routing.alternatives)
    if routing.office and routing.office not in referral.refused_by:
        sent = replace(placed, state=State.SENT, office=routing.office)
        return Change(kind, sent, (Message(MessageType.SENT, routing.office, routing.reason),))
    if referral.refused_by:
        refusers = " and ".join(sorted(referral.refused_by))
        placed = replace(placed, reason=f"{routing.reason}; refused before by {refusers}")
    return Change(kind, placed)


def _recall(lead: LeadFacts, current: ReferralFacts, reason: str) -> Change:
    """Withdraw the referral, its content left as the office was last told it."""
    recalled = replace(
        current, state=State.RECALLED, lead_version=lead.version, version=current.version + 1, reason=reason
    )
    messages = (Message(MessageType.RECALLED, current.office, reason),) if current.office else ()
    return Change(ChangeType.WITHDRAWN, recalled, messages)


def _tips(count: int) -> str:
    return f"{count} tip" if count == 1 else f"{count} tips"


def _unordered(parts: Sequence[LeadSubject] | Sequence[LeadPlace]) -> list[str]:
    return sorted(part.model_dump_json() for part in parts)
