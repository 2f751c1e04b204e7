"""The use cases: carry leads into referrals, take a response, tell the directory, say what was published.

Each is given its transaction and never commits. A change and its announcements, to the office and to everyone else, are
stored together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from services.referral import store
from services.referral.domain.directory import Directory, Office
from services.referral.domain.lifecycle import Response, ResponseType, respond
from services.referral.domain.places import places_of
from services.referral.domain.planning import LeadFacts, LeadState, plan
from services.referral.domain.referral import Change, ChangeType, Content, Message, MessageType, ReferralFacts, State
from services.referral.domain.routing import route
from services.referral.store import Published, Referral
from shared.clock import Clock
from shared.db.pool import Connection
from shared.errors import Conflict, NotFound, Rejected
from shared.events.change import change_of, new_salt
from shared.events.envelope import Actor, Context, Event, Payload, encode
from shared.events.linker import LeadClosedV1, LeadMergedV1, LeadOpenedV1, LeadUpdatedV1
from shared.events.referral import (
    OfficeListedV1,
    ReferralAnsweredV1,
    ReferralChangedV1,
    ReferralOpenedV1,
    ReferralPersonal,
    ReferralRecalledV1,
    ReferralSentV1,
    ReferralUpdatedV1,
    ReferralWithdrawnV1,
    ReferredTip,
    ResponsePersonal,
)
from shared.events.topics import office_topic
from shared.kafka.inbox import Incoming
from shared.kafka.outbox import Outbox, Outgoing
from shared.kafka.republish import Page, Place
from shared.security import Principal

STATE_TOPIC = "referral.referrals"
TIP_IDS_MAX = 1_000
EVENTS_AT_ONCE = 200

LEADS = (LeadOpenedV1, LeadUpdatedV1, LeadMergedV1, LeadClosedV1)
MESSAGES = {
    MessageType.SENT: ReferralSentV1,
    MessageType.UPDATED: ReferralUpdatedV1,
    MessageType.RECALLED: ReferralRecalledV1,
}
CHANGES = {
    ChangeType.OPENED: ReferralOpenedV1,
    ChangeType.CHANGED: ReferralChangedV1,
    ChangeType.ANSWERED: ReferralAnsweredV1,
    ChangeType.WITHDRAWN: ReferralWithdrawnV1,
}


@dataclass(frozen=True, slots=True)
class _Announced:
    """A change, what there was before, if anything, why it came about, and what the office said to it."""

    change: Change
    former: ReferralFacts | None
    context: Context
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The referral desk: what the use cases need besides their transaction."""

    clock: Clock
    outbox: Outbox
    directory: Directory
    confidence_min: float

    async def carry_leads(self, transaction: Connection, events: Sequence[Incoming]) -> None:
        """Bring referrals in line with new versions of leads; repeats and older versions change nothing."""
        leads = [(event, lead) for event in events if (lead := _lead_of(event))]
        seen = await store.lock_leads(transaction, (lead.lead_id for _, lead in leads))
        current = await store.list_newest(transaction, seen)
        announced = []
        for event, lead in leads:
            former = current.get(lead.lead_id)
            change = self._plan(lead, former, seen[lead.lead_id])
            seen[lead.lead_id] = max(seen[lead.lead_id], lead.version)
            if change is not None:
                current[lead.lead_id] = change.referral
                same = former is not None and former.referral_id == change.referral.referral_id
                announced.append(_Announced(change, former if same else None, event.context))
        await store.advance_leads(transaction, seen)
        await self._save(transaction, announced, actor=None, response=None)

    async def answer(
        self, transaction: Connection, referral_id: UUID, response: Response, principal: Principal, context: Context
    ) -> Referral:
        """Take an office's response to one of its referrals.

        Raises:
            NotFound: the referral is unknown, or another office's.
            Conflict: it cannot be answered so in its state.
            Rejected: the response is incomplete.
        """
        referral = await self._lock(transaction, referral_id)
        if referral.facts.office is None or referral.facts.office != principal.office:
            raise NotFound("there is no such referral")
        return await self._respond(transaction, referral, response, principal, context)

    async def assign(
        self, transaction: Connection, referral_id: UUID, response: Response, principal: Principal, context: Context
    ) -> Referral:
        """Send a referral from the manual queue to the office that a person chose.

        Raises:
            NotFound: the referral is unknown.
            Conflict: it does not wait in the queue.
            Rejected: the office is unknown.
        """
        referral = await self._lock(transaction, referral_id)
        if referral.facts.state is not State.QUEUED:
            raise Conflict(f"the referral is {referral.facts.state}, not queued: its office reroutes it")
        return await self._respond(transaction, referral, response, principal, context)

    async def get(self, transaction: Connection, referral_id: UUID, principal: Principal) -> Referral:
        """Return a referral; raises `NotFound` when it is unknown or, for an agent, another office's."""
        referral = await store.find_referral(transaction, referral_id)
        if referral is None or (principal.office is not None and referral.facts.office != principal.office):
            raise NotFound("there is no such referral")
        return referral

    def list_offices(self) -> list[Office]:
        """Return the offices in the order of their codes."""
        return [office for _, office in sorted(self.directory.offices.items())]

    async def tell_offices(self, transaction: Connection) -> int:
        """Tell everyone of the offices that are new, or whose name or phone is not as it was told; return how many."""
        offices, now = self.directory.offices, self.clock.now()
        versions = await store.save_listed(transaction, offices.values())
        context = Context(Actor(id="referral", kind="service"), self.clock.new_id())
        payloads = [_office_listed(offices[code], versions[code]) for code in sorted(versions)]
        events = [self._event(STATE_TOPIC, each, (each.office, each.version), context, now) for each in payloads]
        await self._publish(transaction, events, now=now)
        return len(events)

    def _plan(self, lead: LeadFacts, current: ReferralFacts | None, seen_version: int) -> Change | None:
        routing = route(places_of(lead.content.places), self.directory, floor=self.confidence_min)
        return plan(lead, current, routing, new_id=self.clock.new_id(), seen_version=seen_version)

    async def _lock(self, transaction: Connection, referral_id: UUID) -> Referral:
        """Return the referral as it stands once nobody else can change it."""
        referral = await store.find_referral(transaction, referral_id)
        if referral is not None:
            await store.lock_leads(transaction, [referral.facts.lead_id])
            referral = await store.find_referral(transaction, referral_id)
        if referral is None:
            raise NotFound("there is no such referral")
        return referral

    async def _respond(
        self, transaction: Connection, referral: Referral, response: Response, principal: Principal, context: Context
    ) -> Referral:
        change = respond(referral.facts, response, self.directory)
        announced = [_Announced(change, referral.facts, context, response)]
        now = await self._save(transaction, announced, actor=principal.id, response=response.type)
        return Referral(change.referral, referral.opened_at, now)

    async def _save(
        self,
        transaction: Connection,
        announced: Sequence[_Announced],
        *,
        actor: str | None,
        response: ResponseType | None,
    ) -> datetime:
        now = self.clock.now()
        if announced:
            changes = [a.change for a in announced]
            await store.save_changes(transaction, changes, actor=actor, response=response, now=now)
            await self._publish(transaction, [event for a in announced for event in self._events(a, now)], now=now)
        return now

    async def _publish(self, transaction: Connection, events: Sequence[Event], *, now: datetime) -> None:
        if not events:
            return
        published = [_encode(event) for event in events]
        await store.keep_published(transaction, published, now=now)
        await self.outbox.put(transaction, map_outgoing(published))

    def _events(self, announced: _Announced, now: datetime) -> Iterable[Event]:
        """Yield what an office hears, in order, and then what everyone else does."""
        referral = announced.change.referral
        subject = str(referral.referral_id), referral.version
        for message in announced.change.messages:
            topic = office_topic(message.office)
            yield self._event(topic, _office_payload(referral, message), subject, announced.context, now)
        yield self._event(STATE_TOPIC, self._state_payload(announced), subject, announced.context, now)

    def _event(self, topic: str, payload: Payload, subject: tuple[str, int], context: Context, now: datetime) -> Event:
        """Return an event about a subject, given by its id and version."""
        return Event(
            topic=topic,
            event_id=self.clock.new_id(),
            occurred_at=now,
            service="referral",
            context=context,
            subject_id=subject[0],
            subject_version=subject[1],
            payload=payload,
        )

    def _state_payload(self, announced: _Announced) -> Payload:
        referral, response = announced.change.referral, announced.response
        office = self.directory.offices.get(referral.office) if referral.office else None
        salt, former = new_salt(), announced.former
        said = ResponsePersonal(
            reason=response.reason if response else None, note=response.note if response else None, salt=salt
        )
        return CHANGES[announced.change.type](
            referral_id=referral.referral_id,
            version=referral.version,
            lead_id=referral.lead_id,
            lead_version=referral.lead_version,
            state=referral.state,
            office=referral.office,
            office_name=office.name if office else None,
            office_phone=office.phone if office else None,
            tier=referral.content.tier,
            confidence=referral.confidence,
            reason=referral.reason,
            tip_ids=[tip.tip_id for tip in referral.content.tips[:TIP_IDS_MAX]],
            response=response.type if response else None,
            outcome=referral.outcome,
            change=change_of(_fields(former), _fields(referral), salt=salt) if former is not None else None,
            personal=said if former is not None else None,
        )


async def list_facts(transaction: Connection, *, since: datetime, after: Place) -> Page:
    """Return a page of what was published from `since` on, by time, as `republish` asks for it.

    Raises:
        Rejected: `after` is no place of these.
    """
    try:
        begin = max(since, datetime.fromisoformat(after[0])) if after[0] else since
    except (ValueError, TypeError) as error:
        raise Rejected("referral goes on from a time and an id, as its own run printed them") from error
    found = await store.list_published(transaction, after=(begin, after[1]), limit=EVENTS_AT_ONCE)
    last = (found[-1].occurred_at.isoformat(), found[-1].event_id) if found else None
    return Page(map_outgoing(found), last)


def map_outgoing(published: Sequence[Published]) -> list[Outgoing]:
    """Return published events as records, keyed by their referral or office."""
    return [
        Outgoing(event.topic, (event.office or str(event.referral_id)).encode(), event.value) for event in published
    ]


def _encode(event: Event) -> Published:
    office = event.subject_id if event.payload.SUBJECT == OfficeListedV1.SUBJECT else None
    referral_id = UUID(event.subject_id) if office is None else None
    return Published(event.event_id, event.topic, referral_id, office, encode(event), event.occurred_at)


def _office_listed(office: Office, version: int) -> OfficeListedV1:
    return OfficeListedV1(office=office.code, version=version, office_name=office.name, office_phone=office.phone)


def _lead_of(event: Incoming) -> LeadFacts | None:
    lead = event.payload
    if not isinstance(lead, LEADS):
        return None
    content = Content(
        tier=lead.tier,
        tips=tuple(ReferredTip(tip_id=t.tip_id, source=t.source, source_ref=t.source_ref) for t in lead.tips),
        tip_count=lead.tip_count,
        evidence_expires_at=lead.evidence_expires_at,
        subjects=tuple(lead.personal.subjects),
        places=tuple(lead.personal.places),
        summary=lead.personal.summary,
    )
    return LeadFacts(lead.lead_id, lead.lead_version, LeadState(lead.state), content, lead.merged_into)


def _fields(referral: ReferralFacts) -> dict[str, object]:
    """Return what may change of a referral, the lead behind it included, as fields of a change."""
    own = ("lead_version", "state", "office", "confidence", "reason", "alternatives", "outcome")
    refused_by = sorted(referral.refused_by)
    content = {f"lead.{field.name}": getattr(referral.content, field.name) for field in fields(Content)}
    return {**{field: getattr(referral, field) for field in own}, "refused_by": refused_by, **content}


def _office_payload(referral: ReferralFacts, message: Message) -> Payload:
    content = referral.content
    return MESSAGES[message.type](
        referral_id=referral.referral_id,
        version=referral.version,
        lead_id=referral.lead_id,
        tier=content.tier,
        office=message.office,
        reason=message.reason,
        confidence=referral.confidence,
        evidence_expires_at=content.evidence_expires_at,
        tips=list(content.tips),
        personal=ReferralPersonal(
            subjects=list(content.subjects), places=list(content.places), summary=content.summary
        ),
    )
