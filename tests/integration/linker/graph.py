"""The linker's graph as a test works on it: facts of other services in, clusters, leads and events out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.linker.app import Learner, PictureFinder
from services.linker.domain.cluster import Judged, Judgement
from services.linker.domain.links import Link
from services.linker.domain.model import Model
from services.linker.domain.rules import RULES, Rules
from services.linker.handlers.decide import Decider, judge, withdraw
from services.linker.handlers.release import silence
from services.linker.handlers.show import LeadGraph, show_graph, show_links
from services.linker.handlers.turn import Desk
from services.linker.settings import LinkerSettings
from services.linker.store import models
from services.linker.store.models import Lesson
from services.linker.stream import build_handler
from shared.db.pool import Pool
from shared.events.activity import LookupAnsweredV1, LookupPersonal
from shared.events.envelope import Actor, Context, Event, Payload, encode
from shared.events.intake import (
    File,
    GivenIdentifier,
    Incident,
    Party,
    ResearchPersonal,
    ResearchRecordedV1,
    ReviewPersonal,
    TipAmendedV1,
    TipPersonal,
    TipReceivedV1,
    TipReviewedV1,
    Urgency,
)
from shared.events.referral import OfficeListedV1, ReferralChangedV1
from shared.kafka.consume import Progress, Record
from shared.kafka.inbox import EventHandler
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import Tools
from tests.builders import an_event, new_id
from tests.fakes import START, FakeClock

SELECT_EVENTS = "SELECT value FROM outbox WHERE topic NOT LIKE '%.activity' ORDER BY id"
SELECT_CLUSTERS = "SELECT tip.source_ref, membership.cluster_id FROM membership JOIN tip USING (tip_id)"
SELECT_LIVE_LEADS = """
SELECT announcement.event FROM lead JOIN announcement ON announcement.subject_id = lead.lead_id AND kind = 'lead'
WHERE lead.merged_into IS NULL AND lead.state <> 'closed'"""
# As the owner of the schema: all that the linker knows.
WIPE = """
TRUNCATE tip, review, research, key, holding, former_holding, judgement, judgement_withdrawal, membership, lead,
    priority, release, silence, referral, announcement, model, office_contact, asked, notice, notice_side,
    acknowledgement, picture, pdq, picture_waiting, near_picture, picture_standing, inbox, outbox, fence,
    named_report"""
ANALYST = Actor(id="ceiu.analyst", kind="person", role="ceiu.analyst", agency="ICE")
OFFICER = Actor(id="cbp.att", kind="person", role="cbp.att", agency="CBP")


def email(value: str) -> GivenIdentifier:
    return GivenIdentifier(type="email", value=value)


def a_tip(ref: str, *identifiers: GivenIdentifier, tip_id: UUID | None = None, **fields: Any) -> TipReceivedV1:
    """Return a tip about one person (a subject, unless `role` says otherwise) with these identifiers.

    `names`, `birth_date` and `addresses` describe the person, `parties` are others of the same tip.
    """
    version = fields.pop("version", 1)
    party = Party(
        party_id=new_id(),
        role=fields.pop("role", "subject"),
        names=list(fields.pop("names", ["Rosa Invented"])),
        birth_date=fields.pop("birth_date", None),
        identifiers=list(identifiers),
        addresses=list(fields.pop("addresses", [])),
    )
    parties = [party, *fields.pop("parties", [])]
    model = TipReceivedV1 if version == 1 else TipAmendedV1
    return model(  # type: ignore[return-value]  # the two differ in name only
        **{
            "tip_id": tip_id or new_id(),
            "tip_version": version,
            "source": "ncmec",
            "source_kind": "ngo",
            "source_ref": ref,
            "reported_at": START,
            "incident": Incident(type=fields.pop("incident", "possession"), country="US", region="CA"),
            "urgency": Urgency(**fields.pop("urgency", {})),
            "files": [File(**file) for file in fields.pop("files", [])],
            "personal": TipPersonal(narrative="invented", parties=parties),
            **fields,
        }
    )


def amended(tip: TipReceivedV1, *identifiers: GivenIdentifier, **fields: Any) -> TipReceivedV1:
    """Return the tip's next version, with these identifiers instead."""
    return a_tip(tip.source_ref, *identifiers, tip_id=tip.tip_id, version=tip.tip_version + 1, **fields)


def a_review(tip_id: UUID, number: int = 1, decision: str = "actionable") -> TipReviewedV1:
    limb = decision == "actionable"
    return TipReviewedV1(
        review_id=new_id(),
        review_number=number,
        tip_id=tip_id,
        tip_version=1,
        plausible=limb,
        verifiable=limb,
        illegal_if_verified=limb,
        decision=decision,
        personal=ReviewPersonal(reason="invented"),
    )


def a_result(
    tip_id: UUID,
    *identifiers: GivenIdentifier,
    number: int = 1,
    files: Sequence[dict[str, Any]] = (),
    **fields: Any,
) -> ResearchRecordedV1:
    """Return a research result that found identifiers of the subject, and files: a summons, unless `kind` says else."""
    party = Party(party_id=new_id(), role="subject", identifiers=list(identifiers))
    return ResearchRecordedV1(
        research_id=new_id(),
        research_number=number,
        tip_id=tip_id,
        kind=fields.pop("kind", "summons"),
        files=[File(**file) for file in files],
        personal=ResearchPersonal(parties=[party]),
        **fields,
    )


def a_lookup(asker: Actor = OFFICER, *, at: datetime = START, purpose: str = "investigation", **asked: Any) -> Event:
    """Return what query tells of a look-up for `emails`, `usernames`, `phones` or `documents`."""
    payload = LookupAnsweredV1(
        lookup_id=new_id(),
        purpose=purpose,
        reference="invented",
        match_count=0,
        truncated=False,
        record_ids=[],
        lead_ids=[],
        grades={},
        duration_ms=1.0,
        personal=LookupPersonal(**asked),
    )
    return an_event(
        payload,
        topic="query.activity",
        service="query",
        occurred_at=at,
        context=Context(asker, new_id()),
        subject_id=str(payload.lookup_id),
    )


def a_referral(lead_id: UUID, version: int = 1, **fields: Any) -> ReferralChangedV1:
    return ReferralChangedV1(
        **{
            "referral_id": fields.pop("referral_id", lead_id),
            "version": version,
            "lead_id": lead_id,
            "lead_version": 1,
            "state": "sent",
            "office": "sac-boston",
            "tier": "T4",
            "confidence": 1.0,
            "reason": "in Massachusetts",
            **fields,
        }
    )


def an_office(code: str, version: int = 1, *, phone: str = "+1-555-555-0100") -> OfficeListedV1:
    return OfficeListedV1(office=code, version=version, office_name=f"{code}, invented", office_phone=phone)


@dataclass
class Graph:
    """Applies batches as the worker does and judgements as HTTP does, and reads what came of it."""

    pool: Pool
    clock: FakeClock
    rules: Rules = RULES
    handler: EventHandler = field(init=False)

    def __post_init__(self) -> None:
        tools = Tools(LinkerSettings(), self.clock, Metrics(), self.pool, Outbox(shards=2))
        self.handler = build_handler(tools, self.rules)

    async def tell(self, *payloads: Payload | Event) -> None:
        """Apply the facts as one batch."""
        events = [each if isinstance(each, Event) else an_event(each) for each in payloads]
        await self.apply([encode(event) for event in events])

    async def apply(self, values: Sequence[bytes]) -> None:
        """Apply records as they lie on a topic, as one batch."""
        records = [Record("intake.tips", 0, offset, None, value, (), 0) for offset, value in enumerate(values)]
        async with self.pool.acquire() as connection, connection.transaction():
            await self.handler.apply(connection, records)

    async def judge(self, left: UUID, right: UUID, decision: Judged) -> Judgement:
        """Record a judgement, a second after the one before."""
        self.clock.move(timedelta(seconds=1))
        async with self.pool.acquire() as connection, connection.transaction():
            return await judge(connection, self._desk, self._decider, left, right, decision, reason="invented")

    async def withdraw(self, judgement: Judgement) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await withdraw(connection, self._desk, self._decider, judgement.judgement_id, reason="invented")

    async def silence(self, lead_id: UUID, *, silent: bool = True) -> None:
        """Make a lead silent, or not any more."""
        async with self.pool.acquire() as connection, connection.transaction():
            await silence(connection, self._desk, self._decider, lead_id, silent=silent, reason="invented")

    async def drawn(self, lead_id: UUID) -> LeadGraph:
        """Return a lead's graph as CEIU is shown it."""
        async with self.pool.acquire() as connection, connection.transaction():
            return await show_graph(connection, lead_id, office=None, desk=self._desk)

    def learner(self, progress: Progress | None = None) -> Learner:
        """Return what learns and links anew, as a worker that just started."""
        return Learner(self.pool, self._desk, progress)

    async def believe(self, model: Model) -> None:
        """Let a model count from now on; nothing is linked anew yet."""
        async with self.pool.acquire() as connection, connection.transaction():
            await models.add_model(connection, model.learned, Lesson(model.version, 1, 0, self.clock.now()))

    async def relink(self) -> int:
        """Link all that is stale anew; return how many tips that were."""
        learner, count = self.learner(), 0
        while some := await learner.relink_some():
            count += some
        return count

    def finder(self, metrics: Metrics | None = None) -> PictureFinder:
        """Return what looks for near copies, as a worker that just started."""
        return PictureFinder(self.pool, self._desk, metrics or Metrics())

    async def look(self) -> None:
        """Look at all pictures that wait."""
        finder = self.finder()
        while await finder.look_at_some():
            pass

    async def links(self, tip_id: UUID) -> tuple[Link, ...]:
        """Return the links of a tip as they are shown."""
        async with self.pool.acquire() as connection:
            return await show_links(connection, tip_id, desk=self._desk)

    async def clusters(self) -> set[frozenset[str]]:
        """Return the partition, by the sources' references."""
        found: dict[UUID, set[str]] = {}
        for row in await self.pool.fetch(SELECT_CLUSTERS):
            found.setdefault(row["cluster_id"], set()).add(row["source_ref"])
        return {frozenset(refs) for refs in found.values()}

    async def live_leads(self) -> list[dict[str, Any]]:
        """Return what was last published of each lead that stands and is not closed."""
        return [orjson.loads(row["event"])["payload"] for row in await self.pool.fetch(SELECT_LIVE_LEADS)]

    async def events(self, *types: str) -> list[dict[str, Any]]:
        """Return the events published so far, in order; those of the types, if some are named."""
        events = [orjson.loads(row["value"]) for row in await self.pool.fetch(SELECT_EVENTS)]
        return [event for event in events if not types or event["type"] in types]

    async def news(self) -> list[str]:
        """Return the types of the events since the last call, and forget them."""
        types = [event["type"] for event in await self.events()]
        await self.pool.execute("DELETE FROM outbox")
        return types

    @property
    def _desk(self) -> Desk:
        return Desk(self.clock, Outbox(shards=2), self.rules)

    @property
    def _decider(self) -> Decider:
        return Decider(ANALYST.id, Context(ANALYST, new_id()))


def refs_of(lead: dict[str, Any]) -> frozenset[str]:
    return frozenset(tip["source_ref"] for tip in lead["tips"])


def of_tip(events: Iterable[dict[str, Any]], tip_id: UUID) -> list[dict[str, Any]]:
    return [event["payload"] for event in events if event["payload"].get("tip_id") == str(tip_id)]
