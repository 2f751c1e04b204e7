"""What follows the log behind its end: who sent what, what is missing, an actor's day, who was shown a record."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.audit import following
from services.audit.app import SERVICE, read_producer_keys
from services.audit.domain.logged import Logged
from services.audit.domain.producers import HOLES_MAX
from services.audit.following import Following
from services.audit.handlers.log import append
from services.audit.handlers.project import find_holes, follow_log, tell_missing
from services.audit.settings import SENDERS
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.errors import Rejected
from shared.events.activity import LookupAnsweredV1, LookupPersonal, RecordViewedV1, TipRepeatedV1
from shared.events.envelope import Context, Payload
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS, Tools, open_tools
from tests.builders import an_actor, event_bytes, new_id
from tests.conftest import Caller, CallService, Kafka, Work, settings_of
from tests.conftest import Keys as SigningKeys
from tests.fakes import START, FakeClock
from tests.integration.audit.conftest import Write, follow
from tests.servers import Database
from tests.unit.audit.records import POISON, a_record
from tests.unit.audit.test_producers import KEYS, sent
from tests.waiting import eventually

OUTBOX = Outbox(shards=OUTBOX_SHARDS)
TIP, LEAD, PARTY = (UUID(f"01900000-0000-7000-8000-00000000000{number}") for number in (1, 2, 3))


async def write_unfollowed(pool: Pool, records: Sequence[Record]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, records)


async def published(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT topic, convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {"audit.activity"}
    return [row["event"] for row in rows]


async def test_what_no_service_sent_so_is_put_on_record_once_with_its_places(pool: Pool) -> None:
    forged = [
        sent(offset=0, seq=b"1"),
        sent(offset=1, seq=b"2", key=b"x" * 32, value=event_bytes()),
        sent(offset=2, seq=b"3", key=b"x" * 32, value=POISON),
        a_record(offset=3, headers=(), value=event_bytes()),
        sent(offset=4, seq=b"1", value=event_bytes()),
    ]
    await write_unfollowed(pool, forged)
    step = await follow(pool, KEYS)
    assert step.anomalies == {
        ("bad_mac", "intake.tips"): 2,
        ("unsigned", "intake.tips"): 1,
        ("repeated_number", "intake.tips"): 1,
    }
    told = {event["payload"]["kind"]: event for event in await published(pool)}
    assert set(told) == {"bad_mac", "unsigned", "repeated_number"}
    bad = told["bad_mac"]["payload"]
    assert (bad["producer"], bad["topic"], bad["partition"]) == ("intake.0", "intake.tips", 2)
    assert (bad["first_index"], bad["last_index"], bad["entry_count"]) == (1, 2, 2)
    assert told["unsigned"]["subject"] == {"kind": "producer", "id": "none", "version": 1}
    flags = await pool.fetch("SELECT index, is_verified FROM event ORDER BY index")
    assert [tuple(row.values()) for row in flags] == [(0, True), (1, False), (3, False), (4, True)]
    # Filled anew, it tells nothing twice.
    await pool.execute("UPDATE projected SET index = 5")
    assert (await follow(pool, KEYS)).entry_count == 0


async def test_what_is_filled_anew_is_the_same_and_is_told_of_once(pool: Pool, superuser: Connection) -> None:
    await write_unfollowed(pool, [sent(offset=n, seq=str(n).encode(), value=event_bytes()) for n in (1, 2, 5)])
    await write_unfollowed(pool, [a_record(offset=6, headers=())])
    await follow(pool, KEYS)
    before = await pool.fetch("SELECT * FROM event ORDER BY index"), await pool.fetch("SELECT * FROM producer")
    count = len(await published(pool))
    await superuser.execute("TRUNCATE event, shown, producer, projected")
    await follow(pool, KEYS)
    assert await pool.fetch("SELECT * FROM event ORDER BY index") == before[0]
    assert await pool.fetch("SELECT * FROM producer") == before[1]
    assert len(await published(pool)) == count == 2


async def test_offsets_that_kafka_lost_are_a_gap_on_record(pool: Pool) -> None:
    """Wherever a batch ended before it."""
    await write_unfollowed(pool, [a_record(offset=3)])
    await follow(pool)
    await write_unfollowed(pool, [a_record(offset=9, value=event_bytes()), a_record(offset=10, value=event_bytes())])
    await follow(pool)
    (event,) = await published(pool)
    assert event["type"] == "audit.gap"
    assert event["subject"]["id"] == "intake.tips/2"
    assert {name: event["payload"][name] for name in ("index", "first_offset", "last_offset")} == {
        "index": 1,
        "first_offset": 4,
        "last_offset": 8,
    }


async def test_trouble_with_audits_own_events_makes_no_further_event(pool: Pool) -> None:
    await write_unfollowed(pool, [a_record(topic="audit.activity", offset=n, headers=()) for n in (0, 7)])
    step = await follow(pool, KEYS)
    assert step.anomalies == {("unsigned", "audit.activity"): 2, ("lost_offsets", "audit.activity"): 1}
    assert await published(pool) == []


async def test_numbers_left_out_are_told_once_and_audits_own_by_no_event(pool: Pool) -> None:
    seqs = [("intake", n) for n in (1, 2, 4, 7)] + [("linker", n) for n in (5, 6)]
    records = [
        sent(f"{service}.0".encode(), seq=str(n).encode(), key=KEYS[service][0], offset=offset, topic=topic)
        for offset, (service, n) in enumerate(seqs)
        for topic in ({"intake": "intake.tips", "linker": "linker.leads"}[service],)
    ]
    await write_unfollowed(pool, records[::-1][:2][::-1])
    await write_unfollowed(pool, records[:4])
    await follow(pool, KEYS)
    async with pool.acquire() as connection, connection.transaction():
        holes = await find_holes(connection)
        assert holes == [("intake.0", 3, 3), ("intake.0", 5, 6)]
        told, _ = await tell_missing(connection, [*holes, ("audit.1", 3, 4)], OUTBOX, SystemClock())
        assert sorted(told) == [("audit.1", 3, 4), *holes]
        assert await tell_missing(connection, holes, OUTBOX, SystemClock()) == ([], [])
    payloads = [event["payload"] for event in await published(pool)]
    assert [(p["kind"], p["producer"], p["first_number"], p["last_number"]) for p in payloads] == [
        ("missing_numbers", "intake.0", 3, 3),
        ("missing_numbers", "intake.0", 5, 6),
    ]


async def test_numbers_are_missing_once_all_is_followed_that_kafka_held(
    pool: Pool, database: Database, kafka: Kafka, keys: SigningKeys, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker may have what this one does not, and be behind."""
    monkeypatch.setattr(following, "MISSING_AFTER_S", 0.0)
    monkeypatch.setattr(following, "ASK_PERIOD_S", 0.0)
    settings = settings_of(SERVICE, database, keys, kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    tools: Tools[Any] = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="worker")
    part = Following(tools, KEYS, (), lambda: None)
    await write_unfollowed(pool, [sent(offset=n, seq=str(2 * n + 1).encode()) for n in (0, 1)])
    await kafka.send("linker.leads", event_bytes(), key=b"k")
    await part.work()
    assert await pool.fetchval("SELECT count(*) FROM event") == 2
    assert await pool.fetchval("SELECT count(*) FROM missing_number") == 0
    async with work(SERVICE):
        await eventually(lambda: pool.fetchval("SELECT count(*) = 3 FROM event"))
    await part.work()
    assert [tuple(row) for row in await pool.fetch("SELECT producer, first, last FROM missing_number")] == [
        ("intake.0", 2, 2)
    ]
    await tools.pool.close()


async def test_a_producer_that_leaves_out_every_other_number_is_told_of_once_and_forgotten(pool: Pool) -> None:
    """Whoever has its key would have audit keep, and look through, more with each record."""
    count = HOLES_MAX + 10
    records = [sent(offset=n, seq=str(2 * n).encode(), value=POISON) for n in range(1, count + 2)]
    await write_unfollowed(pool, records)
    while (await follow(pool, KEYS)).entry_count:
        pass
    async with pool.acquire() as connection, connection.transaction():
        holes = await find_holes(connection)
        assert len(holes) == count
        told, closed = await tell_missing(connection, holes, OUTBOX, SystemClock())
        left = await find_holes(connection)
        assert await tell_missing(connection, left, OUTBOX, SystemClock()) == ([], [])
    assert sorted(told) == sorted(holes), "each stands in the table, and in the month's report"
    assert left == holes[-(HOLES_MAX // 2) :]
    assert closed == [("intake.0", 3, holes[-(HOLES_MAX // 2) - 1][2])]
    payloads = [event["payload"] for event in await published(pool)]
    (scattered,) = [payload for payload in payloads if payload["kind"] == "scattered_numbers"]
    assert (scattered["producer"], scattered["first_number"], scattered["last_number"]) == closed[0]
    assert len(payloads) == 1 + len(left)


async def test_a_follower_sees_each_event_once_in_the_order_of_its_log(pool: Pool) -> None:
    """What it does stands or falls with the step."""
    seen: list[Logged] = []

    async def take(transaction: Connection, events: Sequence[Logged]) -> None:
        seen.extend(events)

    async def fail(transaction: Connection, events: Sequence[Logged]) -> None:
        raise RuntimeError

    value = event_bytes()
    records = [a_record(offset=0, value=value), a_record(offset=1, value=POISON), a_record(offset=2, value=value)]
    await write_unfollowed(pool, [*records, a_record(offset=3, value=event_bytes())])
    async with pool.acquire() as connection:
        for followers in ((fail,), (take,), (take,)):
            try:
                async with connection.transaction():
                    await follow_log(connection, keys={}, followers=followers, outbox=OUTBOX, clock=SystemClock())
            except RuntimeError:
                continue
    assert [event.index for event in seen] == [0, 3]
    assert seen[0].payload["source_ref"]


@pytest.mark.alone
async def test_a_worker_follows_the_log_within_two_seconds(kafka: Kafka, work: Work, pool: Pool) -> None:
    await kafka.send("intake.tips", event_bytes(), key=b"k")
    async with work(SERVICE, clock=FakeClock()):
        await eventually(lambda: pool.fetchval("SELECT count(*) = 1 FROM event"), timeout_s=20)
        await kafka.send("intake.tips", event_bytes(), key=b"k")
        await eventually(lambda: pool.fetchval("SELECT count(*) = 2 FROM entry"), timeout_s=10)
        await eventually(lambda: pool.fetchval("SELECT count(*) = 2 FROM event"), timeout_s=2)


def test_a_folder_that_lacks_a_key_is_refused_by_name(tmp_path: Any) -> None:
    for service in SENDERS[:-1]:
        (tmp_path / f"{service}.producer").write_text("ab" * 32)
    with pytest.raises(Rejected, match="AUDIT_PRODUCER_KEYS_FOLDER"):
        read_producer_keys(tmp_path)
    (tmp_path / f"{SENDERS[-1]}.producer").write_text("\n")
    with pytest.raises(Rejected, match="AUDIT_PRODUCER_KEYS_FOLDER"):
        read_producer_keys(tmp_path)
    (tmp_path / f"{SENDERS[-1]}.producer").write_text("cd" * 32)
    assert set(read_producer_keys(tmp_path)) == set(SENDERS)


# What auditors ask


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


def a_deed(offset: int, payload: Payload, *, hours: float, actor: str = "cbp.att", **fields: Any) -> Record:
    context = Context(an_actor(id=actor), new_id())
    value = event_bytes(payload, context=context, occurred_at=START + timedelta(hours=hours), **fields)
    return a_record(topic="query.activity", partition=0, offset=offset, value=value)


def a_lookup() -> LookupAnsweredV1:
    return LookupAnsweredV1(
        lookup_id=new_id(),
        purpose="traveller_targeting",
        reference="UA 123",
        match_count=1,
        truncated=False,
        record_ids=[PARTY],
        tip_ids=[TIP],
        lead_ids=[LEAD],
        grades={"confirmed": 1},
        duration_ms=4.5,
        personal=LookupPersonal(name="Invented Name"),
    )


def a_view(*ids: object) -> RecordViewedV1:
    return RecordViewedV1(route="GET /v1/leads", kind="lead", record_ids=[str(i) for i in ids], record_count=len(ids))


@pytest.fixture
async def deeds(write: Write) -> None:
    """Three people's deeds of two days."""
    await write(
        [
            a_deed(0, a_lookup(), hours=3),
            a_deed(1, a_view(LEAD, TIP), hours=1),
            a_deed(2, a_view(LEAD), hours=1, actor="ceiu.analyst"),
            a_deed(3, a_view(TIP), hours=14),
            a_deed(4, a_view(), hours=4),
        ]
    )


async def ask(caller: Caller, path: str, **query: Any) -> Any:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.usefixtures("deeds")
async def test_an_actors_day_is_told_in_the_order_of_time(caller: Caller) -> None:
    page = await ask(caller, "/v1/actors/cbp.att/timeline", day="2026-03-01")
    assert [item["type"] for item in page["items"]] == ["record.viewed", "lookup.answered", "record.viewed"]
    lookup = page["items"][1]
    assert lookup["payload"]["purpose"] == "traveller_targeting"
    assert "personal" not in lookup["payload"]
    assert lookup["agency"]
    assert [
        item["index"] for item in (await ask(caller, "/v1/actors/cbp.att/timeline", day="2026-03-02"))["items"]
    ] == [3]
    assert (await ask(caller, "/v1/actors/nobody/timeline", day="2026-03-01"))["items"] == []


@pytest.mark.usefixtures("deeds")
async def test_who_was_shown_a_record_is_told_the_last_first(caller: Caller) -> None:
    page = await ask(caller, f"/v1/records/{LEAD}/views")
    assert page["items"][0]["index"] == 0
    assert {(item["index"], item["actor"]) for item in page["items"]} == {
        (0, "cbp.att"),
        (1, "cbp.att"),
        (2, "ceiu.analyst"),
    }
    assert [item["index"] for item in (await ask(caller, f"/v1/records/{TIP}/views"))["items"]] == [3, 0, 1]
    assert [item["index"] for item in (await ask(caller, f"/v1/records/{PARTY}/views"))["items"]] == [0]


async def test_whoever_was_shown_all_tips_was_shown_each_there_was(caller: Caller, write: Write) -> None:
    everything = RecordViewedV1(route="GET /v1/clusters", kind="cluster", record_ids=["all"], record_count=2)
    tip = TipRepeatedV1(tip_id=TIP, tip_version=1, source="ncmec", source_ref="CT-1")
    await write(
        [
            a_deed(0, everything, hours=1, actor="too.early"),
            a_deed(1, tip, hours=2, actor="source.ncmec", subject_id=str(TIP)),
            a_deed(2, everything, hours=3, actor="ceiu.supervisor"),
            a_deed(3, a_view(LEAD), hours=4),
        ]
    )
    shown = await ask(caller, f"/v1/records/{TIP}/views")
    assert [item["actor"] for item in shown["items"]] == ["ceiu.supervisor", "source.ncmec"]
    assert [item["actor"] for item in (await ask(caller, f"/v1/records/{LEAD}/views"))["items"]] == ["cbp.att"]


@pytest.mark.usefixtures("deeds")
@pytest.mark.parametrize("path", [f"/v1/records/{LEAD}/views", "/v1/actors/cbp.att/timeline"])
async def test_pages_of_deeds_give_each_once(caller: Caller, path: str) -> None:
    query = {"day": "2026-03-01"} if "actors" in path else {}
    whole = [item["event_id"] for item in (await ask(caller, path, **query))["items"]]
    seen, cursor = [], None
    while True:
        page = await ask(caller, path, limit=1, **query, **({"cursor": cursor} if cursor else {}))
        seen += [item["event_id"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == whole


@pytest.mark.usefixtures("deeds")
async def test_to_ask_so_is_itself_on_record(caller: Caller, pool: Pool) -> None:
    await ask(caller, f"/v1/records/{LEAD}/views")
    event = (await published(pool))[-1]
    assert (event["type"], event["payload"]["route"]) == ("record.viewed", "GET /v1/records/{record_id}/views")
    assert event["payload"]["record_count"] == 3


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/actors/cbp.att/timeline", {}),
        ("/v1/actors/cbp.att/timeline", {"day": "2026-02-30"}),
        ("/v1/actors/cbp.att/timeline", {"day": "2026-03-01", "cursor": "WyJhIiwxXQ"}),
        (f"/v1/records/{LEAD}/views", {"cursor": "WyJhIiwxXQ"}),
        (f"/v1/records/{LEAD}/views", {"limit": 0}),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(caller: Caller, path: str, query: dict[str, Any]) -> None:
    response = await caller.client.get(path, params=query, headers=caller.as_("auditor"))
    assert response.status_code == 422, response.text
