"""What happens around look-ups, as events; and a log that sensors follow."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.audit.domain.keys import Keys
from services.audit.domain.staff import Staff
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.sensors import PATIENCE, Sensors, read_until
from shared.clock import SystemClock
from shared.db.pool import Pool
from shared.events.activity import (
    LookupAnsweredV1,
    LookupPersonal,
    ManifestPersonal,
    ManifestScreenedV1,
    ManifestSubmittedV1,
)
from shared.events.envelope import Actor, Context, Event, Payload
from shared.events.intake import ResearchPersonal, ResearchRecordedV1, ReviewPersonal, TipReviewedV1
from shared.events.linker import (
    AcknowledgementPersonal,
    LeadOpenedV1,
    LeadPersonal,
    LeadTip,
    NoticeAcknowledgedV1,
    NoticeRaisedV1,
    NoticeSide,
)
from shared.events.referral import ReferralOpenedV1, ReferralWithdrawnV1
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS
from tests.builders import a_tip_received, an_event, event_bytes, new_id
from tests.fakes import START
from tests.unit.audit.records import a_record

KEYS = Keys(b"secret")
CBP = Actor(id="cbp.att", kind="person", role="cbp.att", agency="CBP")
COLLEAGUE = Actor(id="cbp.supervisor", kind="person", role="cbp.supervisor", agency="CBP")
CEIU = Actor(id="ceiu.analyst", kind="person", role="ceiu.analyst", agency="ICE")
OTHER_CEIU = Actor(id="ceiu.supervisor", kind="person", role="ceiu.supervisor", agency="ICE")
BOSTON = Actor(id="hsi.agent.sac-boston", kind="person", role="hsi.agent", agency="ICE", office="sac-boston")
DENVER = Actor(id="hsi.agent.sac-denver", kind="person", role="hsi.agent", agency="ICE", office="sac-denver")
LINKER = Actor(id="linker", kind="service")
LEAD, TIP, REQUEST = new_id(), new_id(), new_id()
PASSENGER = {"name": "LOPEZ GARCIA ANA MARIA", "birth_date": "1980-02-03", "documents": ["X1234567"]}
DAY = timedelta(days=1)


class Log:
    """The log of a test: events are appended to their topics' logs and followed, sensors among the followers."""

    def __init__(self, pool: Pool, staff: Staff) -> None:
        self.pool = pool
        self.metrics = Metrics()
        self.sensors = Sensors(KEYS, staff, self.metrics)
        self._ends: dict[str, int] = {}

    async def append(self, *events: Event) -> None:
        """Append events, those of each topic in the order given; nobody follows yet."""
        async with self.pool.acquire() as connection, connection.transaction():
            await append(connection, [self._record(event) for event in events])

    async def follow(self, *, quiet_at: datetime | None = None) -> None:
        """Follow to the end, and let sensors judge behind each step."""
        while await self._step():
            await self.judge()
        await self.judge(quiet_at=quiet_at)

    async def follow_only(self) -> None:
        """Follow to the end; nobody judges yet."""
        while await self._step():
            pass

    async def judge(self, *, quiet_at: datetime | None = None) -> None:
        """Let sensors judge what is due."""
        async with self.pool.acquire() as connection, connection.transaction():
            until = await read_until(connection, quiet_at=quiet_at)
            while until is not None and await self.sensors.judge(connection, until=until):
                pass

    async def tell(self, *events: Event) -> None:
        """Append events and follow; then an hour goes by."""
        latest = max(event.occurred_at for event in events)
        await self.append(*events, an_event(occurred_at=latest + PATIENCE))
        await self.follow()

    async def flags(self) -> set[tuple[str, str, datetime, frozenset[UUID]]]:
        """Return sensor, actor, begin and evidence of all flags."""
        rows = await self.pool.fetch(
            "SELECT sensor, actor_id, from_at, array_agg(event_id) AS ids FROM flag JOIN flag_event USING (flag_id) "
            "GROUP BY flag_id"
        )
        return {(row["sensor"], row["actor_id"], row["from_at"], frozenset(row["ids"])) for row in rows}

    async def _step(self) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            step = await follow_log(
                connection,
                keys={},
                followers=[self.sensors.follow],
                outbox=Outbox(shards=OUTBOX_SHARDS),
                clock=SystemClock(),
            )
        return step.entry_count

    def _record(self, event: Event) -> Record:
        offset = self._ends.get(event.topic, 0)
        self._ends[event.topic] = offset + 1
        fields = {name: getattr(event, name) for name in event.__slots__}
        value = event_bytes(**fields)
        return a_record(
            topic=event.topic, partition=0, offset=offset, value=value, timestamp_ms=received_ms(event.occurred_at)
        )


def received_ms(at: datetime) -> int:
    """Return when Kafka receives what happens then."""
    return round(at.timestamp() * 1_000) + 1


def told(
    payload: Payload, topic: str, actor: Actor | None = None, *, at: datetime = START, request: Any = None
) -> Event:
    context, subject_id = Context(actor, request or new_id()), str(getattr(payload, "lookup_id", "x"))
    return an_event(payload, topic=topic, occurred_at=at, context=context, subject_id=subject_id)


def a_lookup(
    actor: Actor, reference: str = "CASE-2026-1", *, at: datetime = START, request: Any = None, **fields: Any
) -> Event:
    personal = LookupPersonal(**fields.pop("personal", {"name": f"P{new_id().hex}", "birth_date": "1980-02-03"}))
    payload = LookupAnsweredV1(
        **{
            "lookup_id": new_id(),
            "purpose": "investigation",
            "reference": reference,
            "match_count": 0,
            "truncated": False,
            "record_ids": [],
            "lead_ids": [],
            "grades": {},
            "duration_ms": 1.0,
            "personal": personal,
            **fields,
        }
    )
    return told(payload, "query.activity", actor, at=at, request=request)


def a_manifest(**fields: Any) -> Event:
    at = fields.pop("at", START)
    payload = ManifestSubmittedV1(
        manifest_id=LEAD,
        format="json",
        passenger_count=fields.pop("passenger_count", 1),
        remark_count=0,
        ends_at=START + DAY,
        personal=ManifestPersonal(flight_number="LH 0400", departs_at="x"),
    )
    return told(payload, "query.activity", fields.pop("actor", CBP), at=at, request=REQUEST)


def a_passenger(personal: Any = None, **fields: Any) -> Event:
    """Somebody on the list of `a_manifest`, looked up by its screening."""
    actor = fields.pop("actor", CBP)
    asked = {"purpose": "traveller_targeting", "request": REQUEST, "personal": personal or PASSENGER, **fields}
    return a_lookup(actor, "LH 0400", **asked)


def a_screening() -> Event:
    payload = ManifestScreenedV1(manifest_id=LEAD, screening_id=new_id(), requested_at=START, passenger_count=1)
    return told(payload, "query.activity", CBP, at=START + timedelta(minutes=30), request=REQUEST)


def a_lead(
    state: str = "open", *, at: datetime = START, tips: Sequence[UUID] = (), request: Any = None, **fields: Any
) -> Event:
    payload = LeadOpenedV1(
        lead_id=LEAD,
        lead_version=1,
        cluster_id=LEAD,
        state=state,
        tier="T2",
        tip_count=1,
        opened_at=START,
        tips=[LeadTip(tip_id=tip_id, source="ncmec", source_ref="x") for tip_id in tips],
        personal=LeadPersonal(),
        **fields,
    )
    return told(payload, "linker.leads", LINKER, at=at, request=request)


def a_referral(office: str | None = "sac-boston", *, at: datetime = START, gone: bool = False) -> Event:
    state: dict[str, Any] = {"referral_id": TIP, "version": 1, "lead_id": LEAD, "lead_version": 1}
    kind = ReferralWithdrawnV1 if gone else ReferralOpenedV1
    payload = kind(
        **state,
        state="recalled" if gone else "sent",
        office=office,
        tier="T2",
        confidence=1.0,
        reason="x",
        tip_ids=[TIP],
    )
    return told(payload, "referral.referrals", at=at)


def a_notice(*, is_told: bool = True, by: str = "tip", request: Any = None) -> Event:
    sides = [
        NoticeSide(agency="ICE", office="sac-boston", is_told=is_told, record_kind=by, record_id=TIP),
        NoticeSide(agency="ICE", is_told=True, record_kind="tip", record_id=TIP, lead_id=LEAD),
    ]
    payload = NoticeRaisedV1(
        notice_id=TIP, kind="deconfliction", identifier_class="email", sides=sides, raised_at=START, until=START + DAY
    )
    return told(payload, "linker.notices", LINKER, at=START, request=request)


def a_notice_taken(actor: Actor, *, at: datetime = START) -> Event:
    payload = NoticeAcknowledgedV1(
        notice_id=TIP,
        kind="deconfliction",
        identifier_class="email",
        sides=[NoticeSide(agency="ICE", is_told=True, record_kind="tip", record_id=TIP, lead_id=LEAD)],
        raised_at=START,
        until=START + DAY,
        personal=AcknowledgementPersonal(),
    )
    return told(payload, "linker.notices", actor, at=at)


def a_tip(actor: Actor | None = None, *, tip_id: UUID = TIP) -> Event:
    return told(a_tip_received(tip_id=tip_id, source_ref="CT-2026-99"), "intake.tips", actor, at=START)


def a_research(actor: Actor, *, at: datetime = START, request: Any = None) -> Event:
    payload = ResearchRecordedV1(
        research_id=new_id(), research_number=1, tip_id=TIP, kind="public_search", personal=ResearchPersonal()
    )
    return told(payload, "intake.tips", actor, at=at, request=request)


def a_review(actor: Actor, *, at: datetime = START) -> Event:
    payload = TipReviewedV1(
        review_id=new_id(),
        review_number=1,
        tip_id=TIP,
        tip_version=1,
        plausible=True,
        verifiable=True,
        illegal_if_verified=True,
        decision="actionable",
        personal=ReviewPersonal(reason="x"),
    )
    return told(payload, "intake.tips", actor, at=at)
