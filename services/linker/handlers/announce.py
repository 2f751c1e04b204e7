"""Events of one transaction: gathered, stored for the relay, and kept so that they can be sent again.

Whoever announces holds the graph's lock, and with it every subject's; or, of a notice that is there, its row's.
"""

from collections.abc import Mapping
from uuid import UUID

from services.linker.domain.cluster import Move
from services.linker.domain.facts import Subject
from services.linker.domain.lead import ChangeKind, LeadChange
from services.linker.domain.priority import Tier
from services.linker.domain.snapshot import Hold, LeadSnapshot
from services.linker.store import leads as lead_store
from services.linker.store.leads import Announcement, AnnouncementKind
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events import linker as events
from shared.events.envelope import Context, Event, Payload, encode
from shared.events.intake import GivenIdentifier
from shared.kafka.outbox import Outbox, Outgoing

LINKS_TOPIC = "linker.links"
LEADS_TOPIC = "linker.leads"
NOTICES_TOPIC = "linker.notices"
TOPICS: Mapping[AnnouncementKind, str] = {
    "lead": LEADS_TOPIC,
    "cluster": LINKS_TOPIC,
    "links": LINKS_TOPIC,
    "notice": NOTICES_TOPIC,
}
"""Where each kind of what is kept travels."""

LeadPayload = events.LeadOpenedV1 | events.LeadUpdatedV1 | events.LeadMergedV1 | events.LeadClosedV1
LEAD_MODELS: Mapping[ChangeKind, type[LeadPayload]] = {
    "opened": events.LeadOpenedV1,
    "updated": events.LeadUpdatedV1,
    "reopened": events.LeadUpdatedV1,
    "merged": events.LeadMergedV1,
    "closed": events.LeadClosedV1,
}


class Announcer:
    """Gathers the events of one transaction, in the order in which they are to travel."""

    def __init__(self, clock: Clock, outbox: Outbox) -> None:
        self._clock = clock
        self._outbox = outbox
        self._outgoing: list[Outgoing] = []
        self._kept: dict[tuple[AnnouncementKind, UUID], Announcement] = {}

    def tell(self, topic: str, payload: Payload, context: Context, *, subject_id: str, version: int) -> Event:
        """Add an event that is not kept; return it."""
        event = Event(
            topic=topic,
            event_id=self._clock.new_id(),
            occurred_at=self._clock.now(),
            service="linker",
            context=context,
            subject_id=subject_id,
            subject_version=version,
            payload=payload,
        )
        self._outgoing.append(Outgoing(topic, subject_id.encode(), encode(event)))
        return event

    def keep(
        self,
        topic: str,
        payload: Payload,
        context: Context,
        *,
        kind: AnnouncementKind,
        subject_id: UUID,
        version: int,
        digest: bytes | None = None,
    ) -> None:
        """Add an event and keep it, in the place of the one before it about the same thing."""
        event = self.tell(topic, payload, context, subject_id=str(subject_id), version=version)
        value = self._outgoing[-1].value or b""
        self._kept[kind, subject_id] = Announcement(kind, subject_id, version, event.occurred_at, value, digest)

    def tell_move(self, move: Move, context: Context, *, tier: Tier | None, version: int) -> None:
        """Tell that a tip is in another cluster than before, or has another tier."""
        payload = events.TipClusteredV1(
            tip_id=move.tip_id,
            cluster_id=move.now.cluster_id,
            previous_cluster_id=move.previous.cluster_id if move.previous is not None else None,
            cluster_size=move.cluster_size,
            tier=tier,
        )
        self.keep(LINKS_TOPIC, payload, context, kind="cluster", subject_id=move.tip_id, version=version)

    def tell_lead(self, change: LeadChange, context: Context) -> None:
        """Tell a lead's new state."""
        payload = _lead_payload(LEAD_MODELS[change.kind], change.snapshot)
        lead = change.lead
        self.keep(LEADS_TOPIC, payload, context, kind="lead", subject_id=lead.lead_id, version=lead.version)

    async def publish(self, transaction: Connection) -> None:
        """Store what was gathered."""
        if self._kept:
            await lead_store.save_announcements(transaction, list(self._kept.values()))
        await self._outbox.put(transaction, self._outgoing)


def _lead_payload(model: type[LeadPayload], snapshot: LeadSnapshot) -> LeadPayload:
    return model(
        lead_id=snapshot.lead_id,
        lead_version=snapshot.version,
        cluster_id=snapshot.cluster_id,
        state=snapshot.state,
        tier=snapshot.tier,
        factors=[
            events.LeadFactor(factor=each.factor, effect=each.effect, source_tip_id=each.source_tip_id)
            for each in snapshot.factors
        ],
        tips=[
            events.LeadTip(
                tip_id=tip.tip_id, source=tip.source, source_ref=tip.source_ref, is_actionable=tip.is_actionable
            )
            for tip in snapshot.tips
        ],
        tip_count=snapshot.tip_count,
        related=list(snapshot.related),
        aliases=list(snapshot.aliases),
        merged_into=snapshot.merged_into,
        split_from=snapshot.split_from,
        held_by=_hold(snapshot.held_by) if snapshot.held_by is not None else None,
        silent=snapshot.silent,
        opened_at=snapshot.opened_at,
        evidence_expires_at=snapshot.evidence_expires_at,
        personal=events.LeadPersonal(
            subjects=[_subject(subject) for subject in snapshot.subjects],
            places=[
                events.LeadPlace(
                    role=place.role,
                    source_tip_id=place.source_tip_id,
                    country=place.country,
                    region=place.region,
                    city=place.city,
                    postal_code=place.postal_code,
                )
                for place in snapshot.places
            ],
            summary=snapshot.summary,
            priority_reason=snapshot.priority_reason,
            held_identifier=snapshot.held_value,
        ),
    )


def _hold(hold: Hold) -> events.LeadHold:
    """Return a hold without the value itself, which is personal."""
    return events.LeadHold(reason=hold.reason, identifier=hold.identifier.type if hold.identifier is not None else None)


def _subject(subject: Subject) -> events.LeadSubject:
    return events.LeadSubject(
        party_id=subject.party_id,
        tip_id=subject.tip_id,
        names=list(subject.names),
        birth_date=subject.birth_date,
        citizenship=subject.citizenship,
        identifiers=[
            GivenIdentifier(
                type=given.type,
                value=given.value,
                service=given.service,
                region=given.region,
                country=given.country,
                verified=given.verified,
                port=given.port,
                at=given.at,
                event=given.event,
            )
            for given in subject.identifiers
        ],
    )
