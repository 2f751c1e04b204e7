"""The checker: it only reads, and says in a sentence each thing that is not as it must be.

An answered tip is stored once and, like an answered look-up, in the audit log once. Each cluster with an actionable
tip has one lead, each lead at most one office. A poisoned record is a dead letter once for each group. The clusters
are those of a run without faults, and the audit log verifies.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.events.topics import DEAD_LETTER_SUFFIX, FACT_TOPICS, OFFICE_PREFIX
from tests.fault.chaos import Harm
from tests.fault.load import History
from tests.fault.reference import clusters_without_faults
from tests.fault.stack import Stack
from tests.waiting import eventually

SETTLE_TIMEOUT_S = 120.0
QUIET_S = 2.0
KAFKA_TIMEOUT_S = 60.0

TIPS = "SELECT source, source_ref, count(*) AS row_count FROM intake.tip GROUP BY source, source_ref"
TIP_IDS = "SELECT tip_id FROM intake.tip WHERE tip_id = ANY($1::uuid[])"
OUTBOXES = """
SELECT (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM linker.outbox)
    + (SELECT count(*) FROM referral.outbox) + (SELECT count(*) FROM query.outbox)
    + (SELECT count(*) FROM audit.outbox) AS row_count"""
FENCES = """
SELECT 'intake' AS service, topic, partition, next_offset FROM intake.fence
UNION ALL SELECT 'linker', topic, partition, next_offset FROM linker.fence
UNION ALL SELECT 'referral', topic, partition, next_offset FROM referral.fence
UNION ALL SELECT 'query', topic, partition, next_offset FROM query.fence
UNION ALL SELECT 'audit', topic, partition, next_offset FROM audit.fence"""
AUDITED = """
SELECT subject_id, count(*) AS entries FROM audit.event WHERE type = $1 GROUP BY subject_id"""
ANOMALIES = "SELECT kind, count(*) AS entries FROM audit.anomaly GROUP BY kind"
UNFOLLOWED = """
SELECT sum(head.size - COALESCE(projected.index, 0))::bigint
FROM audit.head LEFT JOIN audit.projected ON projected.head_id = head.id"""
AUDITED_OPAQUE = """
SELECT head.topic, entry.body
FROM audit.entry JOIN audit.head ON head.id = entry.head_id WHERE entry.kind = 'opaque'"""


@dataclass
class Verdict:
    """What was found."""

    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def expect(self, holds: bool, sentence: str) -> None:
        """Note the sentence unless it holds."""
        if not holds:
            self.wrong.append(sentence)


@dataclass(frozen=True)
class Evidence:
    """All that was read."""

    topics: dict[str, list[Any]]
    clusters: dict[str, list[tuple[str, str]]]
    cluster_of: dict[str, str]
    leads: list[dict[str, Any]]


async def check(stack: Stack, history: History, harm: Harm, *, seed: int) -> Verdict:
    """Wait until everything has been carried through, then hold it against the history."""
    verdict = Verdict()
    await settle(stack)
    database = await asyncpg.connect(stack.addresses["postgres"])
    try:
        evidence = await _read(stack)
        await _check_tips(database, history, verdict)
        await _check_audit(database, history, harm, verdict)
        _check_leads(history, evidence, verdict)
        _check_referrals(evidence, verdict)
        _check_dead_letters(evidence, harm, verdict)
        await _check_clusters(stack, evidence, verdict, seed=seed)
    finally:
        await database.close()
    verified = await asyncio.to_thread(stack.run, "services.audit", "verify", check=False)
    verdict.expect(verified.returncode == 0, f"audit verify: {verified.returncode} {verified.stdout} {verified.stderr}")
    verdict.expect(not history.contradictions, f"contradicting answers: {history.contradictions[:5]}")
    verdict.expect(history.unanswered == 0, f"{history.unanswered} calls never got an answer")
    verdict.counts |= {
        "tips": len(history.tips),
        "reviews": len(history.actionable),
        "lookups": len(history.lookups),
        "calls": history.calls,
        "poison": len(harm.poison),
        "leads": len(evidence.leads),
        **{f"fault {kind}": count for kind, count in harm.faults.items()},
    }
    return verdict


async def settle(stack: Stack) -> None:
    """Return when every outbox is empty and every fence stands at its partition's end, and stays so.

    Raises:
        TimeoutError: it did not come to rest in time.
    """
    quiet_since: float | None = None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(SETTLE_TIMEOUT_S):
        while quiet_since is None or loop.time() - quiet_since < QUIET_S:
            try:
                is_quiet = await _is_quiet(stack)
            except (OSError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                is_quiet = False
            quiet_since = (quiet_since or loop.time()) if is_quiet else None
            await asyncio.sleep(0.25)


async def _is_quiet(stack: Stack) -> bool:
    database = await asyncpg.connect(stack.addresses["postgres"], timeout=5)
    try:
        if await database.fetchval(OUTBOXES):
            return False
        fences = await database.fetch(FENCES)
    finally:
        await database.close()
    ends = await read_ends(stack)
    reached = {(row["service"], row["topic"], row["partition"]): row["next_offset"] for row in fences}
    readers = {topic.name: topic.consumers for topic in FACT_TOPICS}
    return all(
        reached.get((service, topic, partition), 0) >= end
        for (topic, partition), end in ends.items()
        for service in readers.get(topic, ("audit",))
    )


async def _check_tips(database: Any, history: History, verdict: Verdict) -> None:
    stored = {(row["source"], row["source_ref"]): row["row_count"] for row in await database.fetch(TIPS)}
    lost = history.tips.keys() - stored.keys()
    verdict.expect(not lost, f"{len(lost)} answered tips are not stored: {sorted(lost)[:3]}")
    double = {reference for reference, count in stored.items() if count != 1}
    verdict.expect(not double, f"{len(double)} tips are stored more than once: {sorted(double)[:3]}")
    ids = await database.fetch(TIP_IDS, list(history.tips.values()))
    verdict.expect(len(ids) == len(history.tips), f"{len(history.tips) - len(ids)} answered tip ids are unknown")


async def _check_audit(database: Any, history: History, harm: Harm, verdict: Verdict) -> None:
    async def is_followed() -> bool:
        return not await database.fetchval(UNFOLLOWED)

    await eventually(is_followed)
    for type_, ids in (("tip.received", set(history.tips.values())), ("lookup.answered", history.lookups)):
        entries = {row["subject_id"]: row["entries"] for row in await database.fetch(AUDITED, type_)}
        missing = ids - entries.keys()
        verdict.expect(not missing, f"{len(missing)} of {len(ids)} {type_} are not in the audit")
        double = [id_ for id_ in ids if entries.get(id_, 1) != 1]
        verdict.expect(not double, f"{len(double)} {type_} are in the audit more than once")
    # No crash makes anything look forged or lost: only what we forged does.
    anomalies = {row["kind"]: row["entries"] for row in await database.fetch(ANOMALIES)}
    verdict.expect(anomalies == {"unsigned": len(harm.poison)}, f"of {len(harm.poison)} forged: {anomalies}")
    opaque = [(row["topic"], row["body"]) for row in await database.fetch(AUDITED_OPAQUE)]
    for topic, value in harm.poison:
        # The body holds the record's key and headers too, so the value is looked for within it.
        count = sum(1 for place, body in opaque if place == topic and value in body)
        verdict.expect(count == 1, f"poison on {topic} is {count} times in the audit")


def _check_leads(history: History, evidence: Evidence, verdict: Verdict) -> None:
    """Every cluster with an actionable tip has exactly one open lead, and no other cluster has one."""
    actionable = {evidence.cluster_of.get(tip_id) for tip_id in history.actionable}
    verdict.expect(None not in actionable, "an actionable tip is in no cluster")
    leads: Counter[str | None] = Counter()
    for lead in evidence.leads:
        clusters = {evidence.cluster_of.get(_tip_id(tip)) for tip in lead["tips"]}
        verdict.expect(len(clusters) == 1, f"lead {lead['lead_id']} spans {len(clusters)} clusters")
        leads.update(clusters)
    verdict.expect(
        set(leads) == actionable and set(leads.values()) <= {1},
        f"{len(actionable)} actionable clusters, {len(leads)} with leads, {sum(leads.values())} leads",
    )


def _check_referrals(evidence: Evidence, verdict: Verdict) -> None:
    """A referral lives on the topic of one office, each of its versions once, counted without what audit skips too."""
    offices: dict[str, set[str]] = defaultdict(set)
    versions: Counter[tuple[str, str, int]] = Counter()
    referred: Counter[str] = Counter()
    for topic, records in evidence.topics.items():
        if not topic.startswith(OFFICE_PREFIX):
            continue
        for record in records:
            event = json.loads(record.value)
            payload = event["payload"]
            verdict.expect(topic == OFFICE_PREFIX + payload["office"], f"{payload['referral_id']} is on {topic}")
            offices[payload["referral_id"]].add(topic)
            versions[payload["referral_id"], event["type"], payload["version"]] += 1
            if event["type"] == "referral.sent":
                referred[payload["lead_id"]] += 1
    many = {id_ for id_, topics in offices.items() if len(topics) > 1}
    verdict.expect(not many, f"{len(many)} referrals are on more than one office's topic")
    repeated = {version for version, count in versions.items() if count > 1}
    verdict.expect(not repeated, f"{len(repeated)} referral versions were sent more than once")
    twice = {lead for lead, count in referred.items() if count > 1}
    verdict.expect(not twice, f"{len(twice)} leads were sent more than once")
    states = {lead["lead_id"]: lead["state"] for lead in evidence.leads}
    unsent = [id_ for id_, state in states.items() if state == "referred" and not referred[id_]]
    verdict.expect(not unsent, f"{len(unsent)} referred leads are on no office's topic")
    verdict.counts["referrals"] = len(offices)


def _check_dead_letters(evidence: Evidence, harm: Harm, verdict: Verdict) -> None:
    """Each poison record is a dead letter once for each group that reads its topic, besides audit."""
    letters: Counter[tuple[str, str, bytes]] = Counter()
    for topic in FACT_TOPICS:
        for record in evidence.topics.get(topic.name + DEAD_LETTER_SUFFIX, []):
            group = dict(record.headers)["dlq-group"].decode()
            letters[topic.name, group, record.value] += 1
    consumers = {topic.name: set(topic.consumers) - {"audit"} for topic in FACT_TOPICS}
    for name, value in harm.poison:
        for group in consumers[name]:
            count = letters[name, group, value]
            verdict.expect(count == 1, f"poison on {name} is {count} times a dead letter of {group}")
    verdict.counts["dead letters"] = sum(letters.values())


async def _check_clusters(stack: Stack, evidence: Evidence, verdict: Verdict, *, seed: int) -> None:
    """The clusters are those that the same tips make in a fresh system, given in another order, without any fault."""
    found = {frozenset(members) for members in evidence.clusters.values()}
    tips = evidence.topics["intake.tips"]
    expected = await clusters_without_faults(stack.addresses["postgres"], tips, seed=seed)
    verdict.expect(found == expected, f"{len(found ^ expected)} clusters differ from those of a run without faults")
    verdict.counts["clusters"] = len(found)


async def _read(stack: Stack) -> Evidence:
    headers = {"Authorization": f"Bearer {stack.token('ceiu.supervisor')}"}
    async with httpx.AsyncClient(base_url=stack.addresses["linker"], headers=headers, timeout=60) as client:
        exported = (await client.get("/v1/clusters")).raise_for_status()
        rows = [json.loads(line) for line in exported.text.splitlines()]
        leads = [lead async for lead in _leads(client)]
    clusters: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        clusters[row["cluster_id"]].append((row["source"], row["source_ref"]))
    cluster_of = {row["tip_id"]: row["cluster_id"] for row in rows}
    return Evidence(await _read_topics(stack), clusters, cluster_of, leads)


async def _leads(client: httpx.AsyncClient) -> Any:
    """Yield every lead that is not closed, whole."""
    cursor: str | None = None
    while True:
        parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/leads", params=parameters)).raise_for_status().json()
        for item in page["items"]:
            if item["state"] != "closed":
                yield (await client.get(f"/v1/leads/{item['lead_id']}")).raise_for_status().json()
        cursor = page["cursor"]
        if cursor is None:
            return


def _tip_id(tip: Any) -> str:
    return str(tip["tip_id"] if isinstance(tip, dict) else tip)


async def _read_topics(stack: Stack) -> dict[str, list[Any]]:
    """Return every record of the offices' topics, of the dead letters', and of the tips'."""
    places = [
        place
        for place in await list_partitions(stack)
        if place.topic.startswith(OFFICE_PREFIX)
        or place.topic.endswith(DEAD_LETTER_SUFFIX)
        or place.topic == "intake.tips"
    ]
    found: dict[str, list[Any]] = defaultdict(list)
    async with _consumer(stack) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        left = {place for place in places if ends[place] > 0}
        # Set one by one: a reset under way to the topics' ends would otherwise win over a later "to the beginning".
        for place in places:
            consumer.seek(place, 0)
        while left:
            for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                found[place.topic] += batch
                if batch and batch[-1].offset + 1 >= ends[place]:
                    left.discard(place)
    return found


async def read_ends(stack: Stack) -> dict[tuple[str, int], int]:
    """Return where every partition of every topic ends now."""
    places = await list_partitions(stack)
    async with _consumer(stack) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
    return {(place.topic, place.partition): end for place, end in ends.items()}


async def list_partitions(stack: Stack) -> list[TopicPartition]:
    """Return every partition of every topic of ours; there are some, or the checks would hold of nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.addresses["kafka"])
    await admin.start()
    try:
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    places = [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in topics
        if not topic["is_internal"]
        for partition in topic["partitions"]
    ]
    assert places, "Kafka says that it has no topics"
    return places


@asynccontextmanager
async def _consumer(stack: Stack) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.addresses["kafka"], enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(KAFKA_TIMEOUT_S):
            yield consumer
    finally:
        await asyncio.wait_for(consumer.stop(), 10)
