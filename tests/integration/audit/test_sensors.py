"""Sensors follow the real log: what explains a look-up, what is flagged, and that neither depends on how it is read."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.audit.app import SERVICE, check_staff, read_staff_file
from services.audit.domain.explain import LATE_MAX
from services.audit.domain.keys import Keys
from services.audit.domain.staff import Staff, read_staff
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.sensors import PATIENCE, Sensors
from services.audit.settings import AuditSettings
from services.audit.store import flags, sensors
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.errors import Rejected
from shared.events.activity import (
    LookupAnsweredV1,
    LookupPersonal,
    ManifestPersonal,
    ManifestScreenedV1,
    ManifestSubmittedV1,
    RecordViewedV1,
)
from shared.events.envelope import Actor, Context, Event, Payload
from shared.events.linker import LeadOpenedV1, LeadPersonal, NoticeRaisedV1, NoticeSide
from shared.events.referral import ReferralOpenedV1, ReferralWithdrawnV1
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS
from tests.builders import a_tip_received, an_event, event_bytes, new_id
from tests.conftest import Caller, CallService
from tests.conftest import Keys as RunKeys
from tests.fakes import START
from tests.unit.audit.records import a_record

KEYS = Keys(b"secret")
CBP = Actor(id="cbp.att", kind="person", role="cbp.att", agency="CBP")
CEIU = Actor(id="ceiu.analyst", kind="person", role="ceiu.analyst", agency="ICE")
BOSTON = Actor(id="hsi.agent.sac-boston", kind="person", role="hsi.agent", agency="ICE", office="sac-boston")
DENVER = Actor(id="hsi.agent.sac-denver", kind="person", role="hsi.agent", agency="ICE", office="sac-denver")
LEAD, TIP, REQUEST = new_id(), new_id(), new_id()
DAY = timedelta(days=1)


class Log:
    """The log of a test: events are appended to their topics' logs and followed, sensors among the followers."""

    def __init__(self, pool: Pool, staff: Staff) -> None:
        self.pool = pool
        self.metrics = Metrics()
        self._sensors = Sensors(KEYS, staff, self.metrics)
        self._ends: dict[str, int] = {}

    async def append(self, *events: Event) -> None:
        """Append events, those of each topic in the order given; nobody follows yet."""
        async with self.pool.acquire() as connection, connection.transaction():
            await append(connection, [self._record(event) for event in events])

    async def follow(self) -> None:
        """Follow to the end."""
        while await self._step():
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
                followers=[self._sensors.follow],
                outbox=Outbox(shards=OUTBOX_SHARDS),
                clock=SystemClock(),
            )
        return step.entry_count

    def _record(self, event: Event) -> Record:
        offset = self._ends.get(event.topic, 0)
        self._ends[event.topic] = offset + 1
        fields = {name: getattr(event, name) for name in event.__slots__}
        return a_record(topic=event.topic, partition=0, offset=offset, value=event_bytes(**fields))


@pytest.fixture
def log(pool: Pool) -> Log:
    """An empty log."""
    return Log(pool, read_staff(b'{"cbp.att": {"emails": ["me@example.org"]}}', KEYS))


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


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
        passenger_count=1,
        remark_count=0,
        ends_at=START + DAY,
        personal=ManifestPersonal(flight_number="LH 0400", departs_at="x"),
    )
    return told(payload, "query.activity", fields.pop("actor", CBP), at=at, request=REQUEST)


def a_screening() -> Event:
    payload = ManifestScreenedV1(manifest_id=LEAD, screening_id=new_id(), requested_at=START, passenger_count=1)
    return told(payload, "query.activity", CBP, at=START + timedelta(minutes=30), request=REQUEST)


def a_lead(state: str = "open", *, at: datetime = START, **fields: Any) -> Event:
    payload = LeadOpenedV1(
        lead_id=LEAD,
        lead_version=1,
        cluster_id=LEAD,
        state=state,
        tier="T2",
        tip_count=1,
        opened_at=START,
        personal=LeadPersonal(),
        **fields,
    )
    return told(payload, "linker.leads", at=at)


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


def a_notice(*, is_told: bool = True, by: str = "tip") -> Event:
    sides = [
        NoticeSide(agency="ICE", office="sac-boston", is_told=is_told, record_kind=by, record_id=TIP),
        NoticeSide(agency="ICE", is_told=True, record_kind="tip", record_id=TIP, lead_id=LEAD),
    ]
    payload = NoticeRaisedV1(
        notice_id=TIP, kind="deconfliction", identifier_class="email", sides=sides, raised_at=START, until=START + DAY
    )
    return told(payload, "linker.notices", at=START)


def a_tip() -> Event:
    return told(a_tip_received(tip_id=TIP, source_ref="CT-2026-99"), "intake.tips", at=START)


async def explained(pool: Pool, lookup: Event) -> list[str]:
    rows = await pool.fetch("SELECT kind FROM lookup_reason WHERE event_id = $1 ORDER BY kind", lookup.event_id)
    return [row["kind"] for row in rows]


LATER = START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("reason", "lookup", "kinds"),
    [
        (a_manifest(), a_lookup(CBP, "LH400", at=LATER), ["manifest"]),
        (a_manifest(), a_lookup(CBP, "flight lh 400 / seat 3", at=LATER), ["manifest"]),
        (a_manifest(), a_lookup(CBP, "LH401", at=LATER), []),
        (a_manifest(), a_lookup(CBP, "LH400", at=START + 2 * DAY), []),
        (a_manifest(), a_lookup(CEIU, "LH400", at=LATER), []),
        (a_manifest(actor=CEIU), a_lookup(CBP, "LH400", at=LATER), []),
        (a_manifest(), a_lookup(CBP, "x", at=LATER, request=REQUEST), ["manifest"]),
        (a_screening(), a_lookup(CBP, "x", at=START + timedelta(minutes=25), request=REQUEST), ["manifest"]),
        (a_lead(), a_lookup(CEIU, f"lead {LEAD}", at=LATER), ["lead"]),
        (a_lead(), a_lookup(CEIU, lead_ids=[LEAD], at=LATER), ["lead"]),
        (a_lead(aliases=[TIP]), a_lookup(CEIU, str(TIP), at=LATER), ["lead"]),
        (a_lead(), a_lookup(CBP, lead_ids=[LEAD], at=LATER), []),
        (a_lead(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_lead("closed"), a_lookup(CEIU, lead_ids=[LEAD], at=START + 29 * DAY), ["lead"]),
        (a_lead("closed"), a_lookup(CEIU, lead_ids=[LEAD], at=START + 31 * DAY), []),
        (a_lead(at=START + LATE_MAX), a_lookup(CEIU, lead_ids=[LEAD]), ["lead"]),
        (a_lead(at=START + LATE_MAX + timedelta(seconds=1)), a_lookup(CEIU, lead_ids=[LEAD]), []),
        (a_referral(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), ["referral"]),
        (a_referral(), a_lookup(BOSTON, str(TIP), at=LATER), ["referral"]),
        (a_referral(), a_lookup(DENVER, lead_ids=[LEAD], at=LATER), []),
        (a_referral(None), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), ["notice"]),
        (a_notice(), a_lookup(BOSTON, str(TIP), at=LATER), ["notice"]),
        (a_notice(is_told=False), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(by="lookup"), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(), a_lookup(BOSTON, lead_ids=[LEAD], at=START + 2 * DAY), []),
        (a_tip(), a_lookup(CEIU, "ct 2026/99", at=LATER), ["tip"]),
        (a_tip(), a_lookup(CEIU, f"tip {TIP}", at=LATER), ["tip"]),
        (a_tip(), a_lookup(BOSTON, "CT-2026-99", at=LATER), []),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_a_lookup_is_explained_by_what_its_unit_knew(
    log: Log, reason: Event, lookup: Event, kinds: list[str], late: bool
) -> None:
    for event in (lookup, reason) if late else (reason, lookup):
        await log.tell(event)
    assert await explained(log.pool, lookup) == kinds


async def test_of_a_things_states_the_newest_before_the_lookup_counts(log: Log) -> None:
    moved = a_referral("sac-denver", at=START + 2 * DAY)
    early = [a_lookup(actor, lead_ids=[LEAD], at=START + DAY) for actor in (BOSTON, DENVER)]
    later = [a_lookup(actor, lead_ids=[LEAD], at=START + 3 * DAY) for actor in (BOSTON, DENVER)]
    gone = a_referral("sac-denver", at=START + 4 * DAY, gone=True)
    long_gone = a_lookup(DENVER, lead_ids=[LEAD], at=START + 35 * DAY)
    await log.tell(gone, *later, a_referral(), long_gone, *early, moved)
    assert [await explained(log.pool, lookup) for lookup in (*early, *later, long_gone)] == [
        ["referral"], [], [], ["referral"], [],
    ]  # fmt: skip


def some_abuse() -> list[Event]:
    """Two days of each kind of look-ups and views, in the order of time, with manifests and leads between them."""
    minute = timedelta(minutes=1)
    events = [a_manifest(), a_lead(), a_referral(), a_tip()]
    events += [a_lookup(CBP, "LH400", at=START + 2 * n * minute) for n in range(40)]
    for day in (0, 1):
        at = START + day * DAY + timedelta(hours=2)
        events += [a_lookup(BOSTON, "asap", at=at + 7 * n * minute) for n in range(6)]
        events += [
            a_lookup(DENVER, personal={"name": f"Other{n} Family"}, at=at + 2 * n * minute, lead_ids=[LEAD])
            for n in range(12)
        ]
        events += [a_lookup(CBP, "LH400", at=at, personal={"emails": ["ME@example.org"]})]
        viewed = RecordViewedV1(route="GET /v1/tips", kind="tip", record_ids=[], record_count=500)
        events += [told(viewed, "intake.activity", DENVER, at=at + n * minute) for n in range(3)]
    # So many that a log read anew takes several steps, and comes to the referral behind them last.
    events += [a_lookup(BOSTON, lead_ids=[LEAD], at=START + 9 * n * minute) for n in range(60)]
    events += [an_event(topic="query.activity", occurred_at=START + 6 * DAY + n * minute) for n in range(1_000)]
    again = {"name": "Old Friend", "birth_date": "1980-02-03"}
    events += [a_lookup(CEIU, "C-2026-1", personal=again, at=START + day * DAY) for day in range(7)]
    return sorted(events, key=lambda event: event.occurred_at)


def cut(events: Sequence[Event], size: int) -> Iterable[Sequence[Event]]:
    return (events[first : first + size] for first in range(0, len(events), size))


async def test_flags_are_the_same_however_the_log_is_read_and_none_comes_twice(log: Log, superuser: Connection) -> None:
    """As it came; then all of it anew, one topic after another, on top of the flags there are; then without them."""
    events = some_abuse()
    for part in cut(events, 17):
        await log.append(*part)
        await log.follow()
    await log.tell(events[-1])
    live = await log.flags()
    assert {(sensor, actor) for sensor, actor, _, _ in live} == {
        ("no_reason", BOSTON.id),
        ("enumeration", DENVER.id),
        ("self_lookup", CBP.id),
        ("bulk_view", DENVER.id),
        ("repeated", CEIU.id),
    }
    assert len(live) == 4 * 2 + 3
    for kept in (True, False):
        for table in ("lookup", "reason", "reason_name", "viewed", "worked", "due", "projected", "event", "shown"):
            await superuser.execute(f"TRUNCATE {table}")
        if not kept:
            await superuser.execute("ALTER TABLE flag DISABLE TRIGGER ALL")
            await superuser.execute("ALTER TABLE flag_event DISABLE TRIGGER ALL")
            await superuser.execute("TRUNCATE flag, flag_event")
        await log.follow()
        assert await log.flags() == live
        assert await log.pool.fetchval("SELECT count(*) FROM due WHERE occurred_at < $1", events[-1].occurred_at) == 0


async def test_a_lookup_is_judged_once_something_later_is_told_of(log: Log) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(4)]
    await log.append(*vague)
    await log.follow()
    assert await log.flags() == set(), "what explains it may be on its way"
    await log.append(an_event(occurred_at=vague[-1].occurred_at + PATIENCE))
    await log.follow()
    [(sensor, actor, begin, evidence)] = await log.flags()
    assert (sensor, actor, begin) == ("no_reason", BOSTON.id, START.replace(hour=0))
    assert evidence == {event.event_id for event in vague}
    counted = log.metrics.registry.get_sample_value("cets_flags_total", {"sensor": "no_reason"})
    assert counted == 1


async def test_evidence_grows_with_the_day_and_a_flag_is_never_taken_back(log: Log, superuser: Connection) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(6)]
    await log.tell(*vague[:4])
    await log.tell(*vague[4:])
    [(*_, evidence)] = await log.flags()
    assert evidence == {event.event_id for event in vague}
    for statement in ("DELETE FROM flag_event", "UPDATE flag SET reason = ''", "TRUNCATE flag CASCADE"):
        with pytest.raises(Exception, match="only added to"):
            await superuser.execute(statement)


async def test_services_and_lists_screened_by_them_are_not_flagged(log: Log) -> None:
    service = Actor(id="query", kind="service", agency="CBP")
    sweeps = [a_lookup(service, "asap", at=START + timedelta(minutes=n)) for n in range(9)]
    screened = [a_lookup(CBP, "asap", at=START, request=REQUEST, personal={"name": f"A{n} Same"}) for n in range(99)]
    travels = a_lookup(CBP, "LH400", at=START, request=REQUEST, personal={"emails": ["me@example.org"]})
    await log.tell(a_manifest(), *sweeps, *screened, travels)
    assert await log.flags() == set()


@pytest.mark.parametrize(("news", "found"), [([], {"repeated"}), ([4], set()), ([8], {"repeated"})])
async def test_what_is_new_about_a_person_lets_the_days_be_counted_anew(
    log: Log, news: list[int], found: set[str]
) -> None:
    """Days 0 to 8 under a lead; eight of them are too many, since the lead was last heard of."""
    again = {"name": "Old Friend", "birth_date": "1980-02-03"}
    visits = [
        a_lookup(CEIU, personal=again, lead_ids=[LEAD], at=START + day * DAY + timedelta(hours=1)) for day in range(9)
    ]
    await log.tell(a_lead(), *visits, *(a_lead(at=START + day * DAY) for day in news))
    assert {sensor for sensor, *_ in await log.flags()} == found


async def ask(caller: Caller, path: str, **query: Any) -> Any:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_flag_says_who_what_when_and_on_which_events_it_rests(log: Log, caller: Caller) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(22)]
    own = a_lookup(CBP, at=START + DAY, personal={"emails": ["me@example.org"]})
    await log.tell(*vague, own)
    page = await ask(caller, "/v1/flags", sensor="no_reason")
    [item] = page["items"]
    assert item.pop("flag_id")
    assert item == {
        "sensor": "no_reason",
        "actor": BOSTON.id,
        "reason": "the references of look-ups name neither a flight nor a case",
        "window": {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"},
        "event_ids": sorted(str(event.event_id) for event in vague)[:20],
        "count": 22,
    }
    assert page["cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["self_lookup", "enumeration", "no_reason"]),
        ({"actor": CBP.id}, ["self_lookup"]),
        ({"sensor": "enumeration"}, ["enumeration"]),
        ({"from": "2026-03-02T00:00:00Z"}, ["self_lookup"]),
        ({"to": "2026-03-02T00:00:00Z"}, ["enumeration", "no_reason"]),
        ({"sensor": "off_hours"}, []),
    ],
)
async def test_flags_are_listed_latest_first_and_narrowed(
    log: Log, caller: Caller, query: dict[str, str], found: list[str]
) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(22)]
    await log.tell(*vague, a_lookup(CBP, at=START + DAY, personal={"emails": ["me@example.org"]}))
    assert sorted(i["sensor"] for i in (await ask(caller, "/v1/flags", **query))["items"]) == sorted(found)
    seen, cursor = [], None
    while True:
        page = await ask(caller, "/v1/flags", limit=1, **query, **({"cursor": cursor} if cursor else {}))
        seen += [item["sensor"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen[:1] == found[:1]
    assert sorted(seen) == sorted(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [3, 1, 4, 2, 0]),
        ({"explained": "false"}, [3, 1]),
        ({"explained": "true"}, [4, 2, 0]),
        ({"actor": CEIU.id}, [3, 4]),
        ({"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T14:00:00Z"}, [3, 2]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_lookups_that_nothing_explains_come_first(
    log: Log, caller: Caller, query: dict[str, str], found: list[int], limit: int
) -> None:
    made = [
        a_lookup(actor, reference, at=START + timedelta(hours=n))
        for n, (actor, reference) in enumerate(
            [(CBP, "LH400"), (CBP, "x"), (CBP, "LH 400"), (CEIU, "x"), (CEIU, str(LEAD))]
        )
    ]
    await log.tell(a_manifest(), a_lead(), *made)
    seen, cursor = [], None
    while True:
        page = await ask(caller, "/v1/lookups", limit=limit, **query, **({"cursor": cursor} if cursor else {}))
        seen += [item["event_id"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == [str(made[n].event_id) for n in found]


async def test_a_lookup_is_listed_with_its_reasons_and_looking_is_on_record(log: Log, caller: Caller) -> None:
    lookup = a_lookup(BOSTON, "see lead", lead_ids=[LEAD], match_count=1)
    await log.tell(a_referral(), a_notice(), lookup)
    [item] = (await ask(caller, "/v1/lookups"))["items"]
    assert item == {
        "lookup_id": lookup.subject_id,
        "event_id": str(lookup.event_id),
        "actor": BOSTON.id,
        "agency": "ICE",
        "office": "sac-boston",
        "purpose": "investigation",
        "reference": "see lead",
        "occurred_at": "2026-03-01T10:00:00Z",
        "match_count": 1,
        "reasons": [{"kind": "notice", "id": str(TIP)}, {"kind": "referral", "id": str(TIP)}],
    }
    row = await log.pool.fetchrow("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id DESC")
    assert row is not None
    assert row["event"]["payload"]["record_ids"] == [item["lookup_id"]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/flags", {"sensor": "none"}),
        ("/v1/flags", {"cursor": "WyJhIiwxXQ"}),
        ("/v1/flags", {"from": "yesterday"}),
        ("/v1/flags", {"actor": ""}),
        ("/v1/lookups", {"explained": "1"}),
        ("/v1/lookups", {"cursor": "WzIsMiwzXQ"}),
        ("/v1/lookups", {"cursor": "x"}),
        ("/v1/lookups", {"limit": 501}),
        ("/v1/lookups", {"to": "1"}),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(caller: Caller, path: str, query: dict[str, Any]) -> None:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 422, response.text


async def test_every_statement_fits_the_schema(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for room in (sensors, flags):
            for name, text in vars(room).items():
                if name.isupper() and isinstance(text, str) and "\n" in text:
                    await connection.prepare(text)


async def test_who_the_users_are_is_checked_before_anything_starts(keys: RunKeys, tmp_path: Path) -> None:
    settings = AuditSettings(producer_key_file=keys.producer_file)
    assert list(check_staff(settings)) == ["self_lookup: off, since AUDIT_STAFF_FILE is not set"]
    file = tmp_path / "staff.json"
    settings = settings.model_copy(update={"staff_file": file})
    with pytest.raises(Rejected, match=r"AUDIT_STAFF_FILE: .* cannot be read"):
        read_staff_file(settings)
    file.write_bytes(b'{"cbp.att": {"nmae": "Ana"}}')
    with pytest.raises(Rejected, match=r"does not say who the users are: cbp.att.nmae"):
        list(check_staff(settings))
    file.write_bytes(orjson.dumps({"cbp.att": {"names": ["Ana López"]}}))
    assert list(check_staff(settings)) == ["self_lookup: 1 users are known"]
