"""The linker's processes against real Kafka: facts in, leads out, and everything sent again when asked to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import services.linker.store.graph
import services.linker.store.inboxes
import services.linker.store.leads
import services.linker.store.models
import services.linker.store.near
import services.linker.store.notices
import services.linker.store.pictures
import services.linker.store.shown
import services.linker.store.values
from services.linker.app import SERVICE
from services.linker.handlers.republish import list_facts
from services.linker.store.graph import lock_graph
from services.linker.store.near import load_copies
from shared.db.pool import Pool
from shared.kafka.outbox import Outbox
from shared.kafka.republish import republish
from tests.builders import an_event, event_bytes
from tests.conftest import Kafka, Work
from tests.fakes import START
from tests.integration.linker.graph import Graph, a_review, a_tip, email
from tests.waiting import eventually

PoolOf = Callable[[str], Awaitable[Pool]]
NEAR_WITHIN_S = 2.0
COUNT_WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
STORES = (
    services.linker.store.graph,
    services.linker.store.inboxes,
    services.linker.store.leads,
    services.linker.store.models,
    services.linker.store.notices,
    services.linker.store.near,
    services.linker.store.pictures,
    services.linker.store.shown,
    services.linker.store.values,
)


async def test_a_reviewed_tip_becomes_a_lead_on_its_topic(kafka: Kafka, work: Work) -> None:
    one, two = a_tip("CT-1", email("x@example.org")), a_tip("CT-2", email("x@example.org"))
    async with work(SERVICE):
        for fact in (a_review(two.tip_id), one, two):
            await kafka.send("intake.tips", event_bytes(fact), key=str(fact.tip_id).encode())
        events = await kafka.read_events("linker.leads", count_min=1)
    assert events[0]["type"] == "lead.opened"
    assert events[-1]["payload"]["tip_count"] == 2
    assert events[0]["subject"]["id"] == events[0]["payload"]["lead_id"]


@pytest.mark.alone
async def test_a_near_copy_is_seen_within_two_seconds_of_its_tip_and_told_of_its_lead(
    kafka: Kafka, work: Work, pool_of: PoolOf
) -> None:
    pool = await pool_of("linker")
    shown = int("5a0f93c1" * 7 + "5a0f93c2", 16)
    one, two = (a_tip(f"CT-{n}", files=[{"pdq": f"{shown ^ n:064x}", "pdq_quality": 80}]) for n in (1, 2))

    async def is_known() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM tip WHERE tip_id = $1", two.tip_id))

    async def is_seen() -> bool:
        async with pool.acquire() as connection:
            return bool(await load_copies(connection, [one.tip_id], cap=80))

    async with work(SERVICE):
        for fact in (one, a_review(one.tip_id)):
            await kafka.send("intake.tips", event_bytes(fact), key=str(fact.tip_id).encode())
        await kafka.read_events("linker.leads", count_min=1)
        await kafka.send("intake.tips", event_bytes(two), key=str(two.tip_id).encode())
        await eventually(is_known)
        await eventually(is_seen, timeout_s=NEAR_WITHIN_S)
        events = await kafka.read_events("linker.leads", count_min=2)
    assert [event["type"] for event in events] == ["lead.opened", "lead.updated"]
    assert events[-1]["payload"]["related"] == [str(two.tip_id)]


async def test_whoever_decides_waits_until_the_one_before_is_done(graph: Graph) -> None:
    one, two = a_tip("CT-1"), a_tip("CT-2")
    await graph.tell(one, two)

    async def someone_waits() -> bool:
        return bool(await graph.pool.fetchval(COUNT_WAITING))

    async with asyncio.TaskGroup() as tasks:
        async with graph.pool.acquire() as connection, connection.transaction():
            await lock_graph(connection)
            batch = tasks.create_task(graph.tell(a_tip("CT-3")))
            await eventually(someone_waits)
            assert not batch.done()
        await batch
        async with graph.pool.acquire() as connection, connection.transaction():
            await lock_graph(connection)
            judged = tasks.create_task(graph.judge(one.tip_id, two.tip_id, "same"))
            await eventually(someone_waits)
            assert not judged.done()
    assert len(await graph.clusters()) == 2


async def test_batches_and_judgements_side_by_side_end_in_one_view(graph: Graph) -> None:
    names = ("amber", "basil", "cedar")
    tips = [a_tip(f"CT-{number}", email(f"{names[number % 3]}@example.org")) for number in range(12)]
    await graph.tell(*tips[:3])
    await asyncio.gather(
        *(graph.tell(tip) for tip in tips[3:]),
        graph.judge(tips[0].tip_id, tips[1].tip_id, "same"),
    )
    assert sorted(map(len, await graph.clusters())) == [4, 8]


async def test_everything_kept_is_sent_again_under_its_old_id(graph: Graph) -> None:
    tips = [a_tip(f"CT-{number}", email("x@example.org")) for number in range(3)]
    await graph.tell(*tips)
    await graph.tell(*(a_review(tip.tip_id) for tip in tips))
    before = await graph.events()
    await graph.news()
    count = await republish(graph.pool, Outbox(shards=2), list_facts, since=START, tell=print)
    again = await graph.events()
    assert len(again) == count
    assert {event["type"] for event in again} == {"tip.clustered", "tip.linked", "lead.opened"}
    assert [event for event in before if event in again] == sorted(again, key=before.index)
    later = START.replace(year=START.year + 1)
    assert await republish(graph.pool, Outbox(shards=2), list_facts, since=later, tell=print) == 0


async def test_every_statement_fits_the_schema(pool_of: PoolOf) -> None:
    pool = await pool_of("linker")
    statements = [(name, text) for store in STORES for name, text in vars(store).items() if _is_statement(name, text)]
    assert len(statements) > 30
    async with pool.acquire() as connection:
        for name, text in statements:
            assert await connection.prepare(text), name


def _is_statement(name: str, text: object) -> bool:
    return name.isupper() and isinstance(text, str)


def test_an_event_of_a_tip_is_one_of_those_read() -> None:
    assert an_event(a_tip("CT-1")).topic in SERVICE.topics
