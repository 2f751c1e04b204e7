"""What others tell intake: links that make a rejected tip news again, tiers, and what became of a source's tips."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from services.intake import store
from services.intake.domain.tip import LINKED, Known, State, is_news
from services.intake.handlers.announce import ACTIVITY_TOPIC
from services.intake.store import Outcome
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.activity import TipReopenedPersonal, TipReopenedV1
from shared.events.change import change_of, new_salt
from shared.events.envelope import Context, Event
from shared.events.linker import TipClusteredV1, TipLinkedV1
from shared.events.referral import ReferralAnsweredV1, ReferralChangedV1, ReferralOpenedV1, ReferralWithdrawnV1
from shared.kafka.inbox import Incoming
from shared.kafka.outbox import Outbox

REFERRALS = (ReferralOpenedV1, ReferralChangedV1, ReferralAnsweredV1, ReferralWithdrawnV1)
_REFERRED = {"sent", "acknowledged", "accepted", "closed"}
_ACCEPTED = {"accepted", "closed"}
"""States that a referral reaches only by way of an office, and of its accepting."""

log = structlog.get_logger()


async def hear(transaction: Connection, events: Sequence[Incoming], *, clock: Clock, outbox: Outbox) -> None:
    """Apply a batch of what linker and referral published; older news changes nothing.

    Only that a tip awaits review again is published.
    """
    links: dict[UUID, tuple[int, TipLinkedV1]] = {}
    contexts: dict[UUID, Context] = {}
    tiers: dict[UUID, tuple[int, str]] = {}
    outcomes: dict[UUID, Outcome] = {}
    for event in events:
        version = event.envelope.subject.version
        match event.payload:
            case TipLinkedV1() as linked:
                if version > links.get(linked.tip_id, (0, linked))[0]:
                    links[linked.tip_id] = version, linked
                    contexts[linked.tip_id] = event.context
            case TipClusteredV1(tip_id=tip_id, tier=str() as tier):
                tiers[tip_id] = max(tiers.get(tip_id, (0, "")), (version, tier))
            case ReferralOpenedV1() | ReferralChangedV1() | ReferralAnsweredV1() | ReferralWithdrawnV1() as referral:
                outcome = _outcome_of(referral)
                outcomes[outcome.referral_id] = _newer(outcomes.get(outcome.referral_id), outcome)
    if links:
        reopened = await _hear_of_links(transaction, links, clock=clock)
        news = [_reopened(tip_id, contexts[tip_id], clock) for tip_id in sorted(reopened)]
        await outbox.publish(transaction, news)
    if tiers:
        await store.update_tiers(transaction, tiers)
    if outcomes:
        await store.upsert_outcomes(transaction, list(outcomes.values()))


async def _hear_of_links(
    transaction: Connection, links: dict[UUID, tuple[int, TipLinkedV1]], *, clock: Clock
) -> set[UUID]:
    """Keep what links say, and put tips before a person for whom that is news; return those."""
    known = await store.lock_links(transaction, links)
    strong = {
        tip_id: {link.tip_id for link in linked.links if link.strength == "strong"}
        for tip_id, (_, linked) in links.items()
    }
    actionable = await store.list_actionable(transaction, set().union(*strong.values()))
    fresh: dict[UUID, Known] = {}
    news: list[UUID] = []
    for tip_id, (version, linked) in links.items():
        former, found = known.get(tip_id), strong[tip_id] & actionable
        if former is not None and version <= former.version:
            continue
        if is_news(former, found, is_linked_to_actionable=linked.is_linked_to_actionable):
            news.append(tip_id)
        # Of a tip never linked to an actionable one there is nothing to remember; that is most of them.
        if former is not None or found or linked.is_linked_to_actionable:
            fresh[tip_id] = Known(version, frozenset(found))
    if fresh:
        await store.upsert_links(transaction, fresh)
    reopened = await store.reopen_tips(transaction, news, LINKED, clock.now()) if news else set()
    for tip_id in sorted(reopened):
        log.info("tip_reopened", tip_id=str(tip_id), because=LINKED)
    return reopened


def _reopened(tip_id: UUID, context: Context, clock: Clock) -> Event:
    salt = new_salt()
    before = {"state": State.NOT_ACTIONABLE, "reopened_because": None}
    after = {"state": State.AWAITING_REVIEW, "reopened_because": LINKED}
    payload = TipReopenedV1(
        tip_id=tip_id,
        because=LINKED,
        change=change_of(before, after, salt=salt),
        personal=TipReopenedPersonal(salt=salt),
    )
    return Event(
        topic=ACTIVITY_TOPIC,
        event_id=clock.new_id(),
        occurred_at=clock.now(),
        service="intake",
        context=context,
        subject_id=str(tip_id),
        subject_version=1,
        payload=payload,
    )


def _outcome_of(
    referral: ReferralOpenedV1 | ReferralChangedV1 | ReferralAnsweredV1 | ReferralWithdrawnV1,
) -> Outcome:
    return Outcome(
        referral_id=referral.referral_id,
        version=referral.version,
        state=referral.state,
        outcome=referral.outcome,
        is_referred=referral.state in _REFERRED,
        is_accepted=referral.state in _ACCEPTED,
        is_declined=referral.response == "declined",
        tip_ids=tuple(dict.fromkeys(referral.tip_ids)),
    )


def _newer(one: Outcome | None, other: Outcome) -> Outcome:
    """Return the newer state of two, with all that ever was true of either."""
    if one is None:
        return other
    newest = max(one, other, key=lambda outcome: outcome.version)
    return Outcome(
        referral_id=newest.referral_id,
        version=newest.version,
        state=newest.state,
        outcome=newest.outcome,
        is_referred=one.is_referred or other.is_referred,
        is_accepted=one.is_accepted or other.is_accepted,
        is_declined=one.is_declined or other.is_declined,
        tip_ids=newest.tip_ids,
    )
