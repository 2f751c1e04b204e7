"""Sensors judge in silence too, and a day at which they fail keeps no other from being judged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.audit.app import SERVICE
from services.audit.domain.sensors import see
from services.audit.domain.sensors.day import SHIFT, Day, Flag
from services.audit.domain.staff import Staff
from services.audit.handlers import sensors as handlers
from services.audit.handlers.sensors import PATIENCE, QUIET
from services.audit.judging import Judging
from shared.db.pool import Connection, Pool
from shared.events.envelope import Event, encode
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.service import OUTBOX_SHARDS, Tools
from tests.builders import an_event
from tests.conftest import Kafka, Work, settings_of
from tests.fakes import START, FakeClock
from tests.integration.audit.looking import BOSTON, CEIU, DENVER, KEYS, TIP, Log, a_lookup, a_tip, received_ms
from tests.servers import Database
from tests.waiting import eventually

DERIVED = ("lookup", "reason", "reason_name", "viewed", "worked", "due", "projected", "event", "shown")
COUNT_FLAGS = "SELECT count(*) = $1 FROM flag"


def vague_lookups(*actors: Any) -> list[Event]:
    return [a_lookup(actor, "asap", at=START + timedelta(minutes=n)) for actor in actors for n in range(4)]


LAST = START + timedelta(minutes=3)


async def test_the_last_lookups_before_a_silence_are_judged_by_the_clock_as_a_later_event_would_have_it(
    log: Log, superuser: Connection
) -> None:
    """And a log that is read anew gives the same, in silence or with what came later."""
    await log.append(*vague_lookups(BOSTON, DENVER))
    await log.follow(quiet_at=LAST + QUIET + PATIENCE - timedelta(microseconds=1))
    early = {evidence for *_, evidence in await log.flags()}
    assert all(len(evidence) < 4 for evidence in early)
    await log.follow(quiet_at=LAST + QUIET + PATIENCE)
    by_clock = await log.flags()
    assert {(sensor, actor, len(evidence)) for sensor, actor, _, evidence in by_clock} == {
        ("no_reason", BOSTON.id, 4),
        ("no_reason", DENVER.id, 4),
    }
    assert await log.pool.fetchval("SELECT count(*) FROM due") == 0
    await log.tell(an_event(occurred_at=START + timedelta(hours=3)))
    assert await log.flags() == by_clock
    for table in ("flag", "flag_event"):
        await superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    await superuser.execute(f"TRUNCATE {', '.join(DERIVED)}, flag, flag_event")
    await log.follow()
    assert await log.flags() == by_clock


async def test_in_silence_too_nothing_is_judged_before_what_waits_to_be_followed(log: Log) -> None:
    await log.append(*vague_lookups(BOSTON))
    await log.follow()
    await log.append(an_event(topic="linker.leads", occurred_at=START))
    await log.judge(quiet_at=START + timedelta(hours=1))
    assert await log.flags() == set()


class Ahead(Log):
    """A log whose Kafka received all but `START`'s second so much earlier than its events say."""

    ahead = timedelta()

    def _record(self, event: Event) -> Record:
        record = super()._record(event)
        return replace(record, timestamp_ms=received_ms(event.occurred_at - self.ahead))


@pytest.fixture
def ahead(pool: Pool) -> Ahead:
    """A log of producers whose clocks may go wrong."""
    return Ahead(pool, Staff({}, KEYS))


@pytest.mark.parametrize("topic", ["intake.tips", "query.activity"])
async def test_an_event_dated_ahead_does_not_let_look_ups_be_judged_before_their_reason_can_come(
    ahead: Ahead, topic: str
) -> None:
    lookups = [a_lookup(CEIU, f"tip {TIP}, {n}", at=START + n * PATIENCE / 40) for n in range(40)]
    await ahead.append(*lookups)
    ahead.ahead = timedelta(days=4_000)
    await ahead.append(an_event(topic=topic, occurred_at=lookups[-1].occurred_at + ahead.ahead))
    await ahead.follow()
    assert await ahead.pool.fetchval("SELECT count(*) FROM due") == 40
    ahead.ahead = timedelta()
    await ahead.append(a_tip(), an_event(occurred_at=START + timedelta(hours=1)))
    await ahead.follow()
    assert await ahead.flags() == set()


async def test_whoever_dates_what_they_do_ahead_is_judged_when_kafka_received_it(ahead: Ahead) -> None:
    ahead.ahead = timedelta(days=4_000)
    vague = [a_lookup(BOSTON, "asap", at=START + ahead.ahead + timedelta(minutes=n)) for n in range(4)]
    await ahead.append(*vague)
    ahead.ahead = timedelta()
    await ahead.append(an_event(occurred_at=START + timedelta(hours=1)))
    await ahead.follow()
    [(sensor, actor, begin, evidence)] = await ahead.flags()
    assert (sensor, actor, begin) == ("no_reason", BOSTON.id, START.replace(hour=0) - SHIFT)
    assert evidence == {event.event_id for event in vague}


async def test_a_worker_judges_in_silence_once_it_has_read_all_that_kafka_holds(
    kafka: Kafka, work: Work, log: Log
) -> None:
    clock = FakeClock(LAST + QUIET + PATIENCE - timedelta(seconds=1))
    for event in vague_lookups(BOSTON):
        await kafka.send(event.topic, encode(event), key=b"k")
    async with work(SERVICE, clock=clock):
        await eventually(lambda: log.pool.fetchval("SELECT count(*) > 0 FROM due"), timeout_s=20)
        await eventually(lambda: log.pool.fetchval("SELECT count(*) = 4 FROM lookup"), timeout_s=20)
        assert await log.pool.fetchval(COUNT_FLAGS, 0)
        clock.move(timedelta(seconds=1))
        await eventually(lambda: log.pool.fetchval(COUNT_FLAGS, 1), timeout_s=20)
    [(*_, evidence)] = await log.flags()
    assert len(evidence) == 4


@pytest.fixture
async def judging(log: Log, kafka: Kafka, database: Database, keys: Any) -> Judging:
    """What lets the log's sensors judge, at a time long after it."""
    settings = settings_of(SERVICE, database, keys, kafka_bootstrap=kafka.bootstrap, kafka_topic_prefix=kafka.prefix)
    clock = FakeClock(START + timedelta(days=1))
    tools = Tools(settings, clock, log.metrics, log.pool, Outbox(shards=OUTBOX_SHARDS))
    return Judging(tools, log.sensors, lambda: None)


async def test_in_silence_nothing_is_judged_while_kafka_holds_more(log: Log, judging: Judging, kafka: Kafka) -> None:
    await log.append(*vague_lookups(BOSTON))
    await log.follow()
    await kafka.send("linker.leads", encode(an_event(topic="linker.leads")), key=b"k")
    await judging.work()
    assert await log.flags() == set()


async def test_a_day_at_which_a_sensor_fails_is_set_aside_on_record_and_all_others_are_judged(
    log: Log, judging: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(day: Day) -> Iterator[Flag]:
        if day.actor_id == DENVER.id:
            raise ZeroDivisionError
        yield from see(day)

    monkeypatch.setattr(handlers, "see", poisoned)
    events = vague_lookups(BOSTON, DENVER, CEIU)
    await log.append(*events)
    await log.follow_only()
    # What has something later behind it, then what only the clock is later than.
    await judging.work()
    await judging.work()
    assert {actor for _, actor, *_ in await log.flags()} == {BOSTON.id, CEIU.id}
    rows = await log.pool.fetch("SELECT kind, error, index FROM anomaly ORDER BY index")
    assert [tuple(row.values()) for row in rows] == [("not_judged", "ZeroDivisionError", n) for n in range(4, 8)]
    assert await log.pool.fetchval("SELECT count(*) FROM outbox") == 4
    assert await log.pool.fetchval("SELECT count(*) FROM due") == 0
    counted = log.metrics.registry.get_sample_value("cets_audit_anomalies_total", {"kind": "not_judged"})
    assert counted == 4
