"""`python -m services.audit verify`: re-reads the whole log of a database, live or at rest, and says what it found.

Everything is read in one snapshot, so entries that are added meanwhile do not matter. What stands only here and in
the heads cannot prove that both were not replaced together; that takes a checkpoint kept elsewhere.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.audit.domain.check import Finding, LogCheck, StoredEntry, StoredHead
from services.audit.settings import AuditSettings, is_read
from services.audit.store import log as store
from shared.db.pool import TRANSIENT, Connection, connect

INTACT, TAMPERED, INCOMPLETE, USAGE = 0, 1, 2, 3

PAGE_ENTRIES = 500
"""Held in memory at once; an entry has at most a little over 256 KiB."""
PROGRESS_PERIOD_S = 5.0
KAFKA_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 5.0
WHOLE_LOG_TIMEOUT_S = 3_600.0
FINDINGS_SHOWN_MAX = 100

DAMAGE = (asyncpg.InternalServerError, asyncpg.PostgresSystemError, asyncpg.DataError, ValueError, OverflowError)
"""What PostgreSQL or its client raises when stored bytes are not what they should be."""


class Damaged(Exception):
    """Something could not be read; the text says why."""


@dataclass
class Report:
    """What was read and found."""

    heads: list[StoredHead] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Tampering outweighs gaps."""
        if any(finding.is_tampered for finding in self.findings):
            return TAMPERED
        return INCOMPLETE if self.findings else INTACT


async def run_verify(settings: AuditSettings, chosen: argparse.Namespace) -> int:
    """Verify the log that the settings name, print what was found, and return the exit code."""
    # What a library says about a broker that is away is not a finding.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    database_url = settings.database_url.get_secret_value()
    if not database_url:
        _say("no database is named: start the stack, or set CETS_HOME or AUDIT_DATABASE_URL")
        return USAGE
    try:
        report = await verify(database_url)
    except (*TRANSIENT, asyncpg.PostgresError) as error:
        _say(f"incomplete: the database could not be read to the end ({_reason(error)}); nothing is said about the log")
        return INCOMPLETE
    lag = await compare_with_kafka(report, settings.kafka_bootstrap, settings.kafka_topic_prefix)
    _say(_verdict(report))
    for finding in report.findings[:FINDINGS_SHOWN_MAX]:
        _say(f"  {finding}")
    if len(report.findings) > FINDINGS_SHOWN_MAX:
        _say(f"  and {len(report.findings) - FINDINGS_SHOWN_MAX} findings more")
    _say(lag)
    return report.exit_code


async def verify(database_url: str) -> Report:
    """Return what is wrong with the log, of each partition the first thing.

    Raises:
        asyncpg.PostgresError, OSError, …: the database cannot be reached, or went away meanwhile.
    """
    report = Report()
    connection = await connect(database_url, name="audit-verify")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await _verify_all(connection, report)
    finally:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    return report


async def compare_with_kafka(report: Report, bootstrap: str, topic_prefix: str) -> str:
    """Return a sentence on how far the log is behind Kafka, and add a finding where it is ahead."""
    heads = {(head.topic, head.partition): head for head in report.heads}
    try:
        async with asyncio.timeout(KAFKA_TIMEOUT_S):
            ends = await _read_ends(bootstrap, topic_prefix)
    except (KafkaError, OSError, TimeoutError) as error:
        return f"Kafka did not say where its topics end ({_reason(error)}), so how far the log is behind is unknown."
    behind = 0
    for place, end in ends.items():
        head = heads.get(place)
        behind += max(0, end - (0 if head is None else head.next_offset))
        if head is not None and end < head.next_offset:
            reason = (
                f"Kafka ends before offset {end}, the log before {head.next_offset}: records are gone, or were added"
            )
            report.findings.append(Finding(head.place, None, reason, is_tampered=False))
    return f"Kafka has {behind:,} record{'' if behind == 1 else 's'} more than the log had when it was read."


async def _read_ends(bootstrap: str, topic_prefix: str) -> dict[tuple[str, int], int]:
    """Return the offset behind the last record of every partition of every topic that the log is made from."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        await admin.start()
        names = [name for name in await admin.list_topics() if is_read(name, prefix=topic_prefix)]
        found = await admin.describe_topics(names) if names else []
        places = [TopicPartition(topic["topic"], row["partition"]) for topic in found for row in topic["partitions"]]
        await consumer.start()
        # Once assigned, all leaders are learned in one request; one by one, each topic costs a tenth of a second.
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        return {(place.topic.removeprefix(topic_prefix), place.partition): end for place, end in ends.items()}
    finally:
        await admin.close()
        await consumer.stop()


async def _verify_all(snapshot: Connection, report: Report) -> None:
    try:
        async with _readable(snapshot):
            report.heads = await store.list_stored_heads(snapshot, group=store.GROUP)
            headless = await store.list_headless_fences(snapshot, group=store.GROUP)
        for place, next_offset in headless:
            reason = f"everything below offset {next_offset} was read, but there is no log"
            report.findings.append(Finding(place, None, reason, is_tampered=False))
        progress = _Progress(sum(head.size for head in report.heads))
        for head in report.heads:
            report.findings += await _verify_log(snapshot, head, report.kinds, progress)
        async with _readable(snapshot):
            orphan = await store.find_orphan(snapshot, report.heads, timeout_s=WHOLE_LOG_TIMEOUT_S)
    except Damaged as error:
        report.findings.append(Finding("the log", None, str(error)))
        return
    if orphan is not None:
        report.findings.append(Finding(f"head {orphan[0]}", orphan[1], "it belongs to a log that has no head"))


async def _verify_log(
    snapshot: Connection, head: StoredHead, kinds: Counter[str], progress: "_Progress"
) -> list[Finding]:
    check = LogCheck(head)
    while check.finding is None:
        entries, damage = await _read_page(snapshot, head, check.next_index)
        if check.take(entries):
            await _check_duplicates(snapshot, head, check, entries)
            if damage is not None and check.finding is None:
                check.damaged(check.next_index, damage)
        kinds.update(entry.kind for entry in entries)
        progress.advance(len(entries))
        if len(entries) < PAGE_ENTRIES:
            break
    if check.finding is None:
        await _check_repeats(snapshot, head, check)
    return list(check.finish())


async def _read_page(snapshot: Connection, head: StoredHead, start: int) -> tuple[list[StoredEntry], str | None]:
    """Return the next entries; when one of them cannot be read, those before it and why."""
    try:
        async with _readable(snapshot):
            return await store.read_entries(snapshot, head, start=start, limit=PAGE_ENTRIES), None
    except Damaged:
        entries: list[StoredEntry] = []
    # One by one, to find the place.
    while len(entries) < PAGE_ENTRIES:
        try:
            async with _readable(snapshot):
                one = await store.read_entries(snapshot, head, start=start + len(entries), limit=1)
        except Damaged as error:
            return entries, str(error)
        entries += one
        if not one:
            break
    return entries, None


async def _check_duplicates(
    snapshot: Connection, head: StoredHead, check: LogCheck, entries: Sequence[StoredEntry]
) -> None:
    duplicates = [entry for entry in entries if entry.kind == "duplicate"]
    if not duplicates:
        return
    try:
        async with _readable(snapshot):
            unfounded = await store.find_unfounded_duplicate(snapshot, head, duplicates)
    except Damaged as error:
        check.damaged(None, str(error))
        return
    if unfounded is not None:
        check.repeated(unfounded, is_event=False)


async def _check_repeats(snapshot: Connection, head: StoredHead, check: LogCheck) -> None:
    try:
        async with _readable(snapshot):
            repeated = await store.find_repeated_event(snapshot, head, timeout_s=WHOLE_LOG_TIMEOUT_S)
    except Damaged as error:
        check.damaged(None, str(error))
        return
    if repeated is not None:
        check.repeated(repeated, is_event=True)


@asynccontextmanager
async def _readable(snapshot: Connection) -> AsyncIterator[None]:
    """Turn what damaged bytes raise into `Damaged`; the savepoint keeps the snapshot usable."""
    try:
        async with snapshot.transaction():
            yield
    except DAMAGE as error:
        raise Damaged(f"the database cannot read it ({_reason(error)})") from error


class _Progress:
    """Says on standard error how far we are, every five seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._said_at = time.monotonic()

    def advance(self, entries: int) -> None:
        self._done += entries
        if time.monotonic() - self._said_at > PROGRESS_PERIOD_S:
            self._said_at = time.monotonic()
            print(f"{self._done:,} of {self._total:,} entries read", file=sys.stderr, flush=True)  # noqa: T201


def _verdict(report: Report) -> str:
    count = f"{report.kinds.total():,} entries of {len(report.heads)} partitions"
    match report.exit_code:
        case 0:
            kinds = ", ".join(f"{report.kinds[kind]:,} {kind}" for kind in ("event", "duplicate", "opaque"))
            return f"intact: {count} ({kinds}) hash to what was kept of them, in order and without a hole."
        case 1:
            places = sum(finding.is_tampered for finding in report.findings)
            return f"tampered: what is stored is not what was written, in {places} places; {count} were read."
        case _:
            return f"incomplete: {count} hash to what was kept of them, but not everything is there."


def _reason(error: BaseException) -> str:
    """Kinds of errors, not their texts, which may quote a value; a server's own damage report names the page."""
    if isinstance(error, asyncpg.InternalServerError | asyncpg.PostgresSystemError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
