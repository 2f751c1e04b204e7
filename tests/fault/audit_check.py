"""What the audit log must be after all that was done to it, from Kafka's records alone, and whether it is."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.audit.domain.check import StoredEntry
from services.audit.domain.header import FACTS
from services.audit.domain.log import Entry, Head, extend, read
from services.audit.domain.merkle import Frontier
from services.audit.domain.note import VerifyingKey, read_checkpoint, read_note
from shared.kafka.consume import Record, to_record
from tests.fault.audit_stack import AuditStack, Eyes
from tests.unit.audit.records import stored
from tests.waiting import eventually

DRAINED_S = 90.0
WRONG_MAX = 20

HEADS = """
SELECT head.id, head.topic, head.partition, head.size, head.next_offset, head.frontier, fence.next_offset AS fence,
    (SELECT max(size) FROM log_checkpoint WHERE head_id = head.id) AS signed,
    (SELECT max(size) FROM cosignature WHERE head_id = head.id) AS cosigned,
    (SELECT index FROM projected WHERE head_id = head.id) AS followed
FROM head LEFT JOIN fence USING (topic, partition)"""
ENTRIES = f"""
SELECT index, kafka_offset, kind, header, commit, leaf, body, {", ".join(FACTS)}
FROM entry LEFT JOIN event USING (head_id, index) WHERE head_id = $1 AND index >= $2 ORDER BY index"""
COUNT = "SELECT (SELECT count(*) FROM entry) AS entries, (SELECT count(*) FROM event) AS events"
WAITING = "SELECT count(*) FROM outbox"
VECTORS = "SELECT note FROM checkpoint WHERE id > $1 ORDER BY id"
LAST_VECTOR = "SELECT COALESCE(max(id), 0) FROM checkpoint"
LOG_NOTES = "SELECT note FROM log_checkpoint WHERE checkpoint_id > $1"
NEWEST = "SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1"
NEWEST_COSIGNED = """
SELECT DISTINCT ON (cosignature.head_id) log_checkpoint.note || cosignature.line AS note
FROM cosignature JOIN log_checkpoint USING (head_id, size)
ORDER BY cosignature.head_id, cosignature.size DESC"""

Place = tuple[str, int]


@dataclass
class Claims:
    """Everything that was ever signed, as far as it was seen: of each log at each size the roots, and who had them."""

    key: VerifyingKey
    roots: dict[Place, dict[int, dict[bytes, set[str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    )

    def add(self, note: str, who: str) -> None:
        """Add what a note of all logs, or of one, says."""
        text, _ = read_note(note)
        name, *lines = text.removesuffix("\n").split("\n")
        if name == self.key.name:
            # Written as a log's own checkpoint, a line is read as one.
            each = [line.split(" ") for line in lines]
            texts = [f"{name}/{topic}/{number}\n{size}\n{root}\n" for topic, number, size, root in each]
        else:
            texts = [text]
        for one in map(read_checkpoint, texts):
            topic, _, partition = one.origin.removeprefix(f"{self.key.name}/").rpartition("/")
            self.roots[topic, int(partition)][one.size][one.root].add(who)

    def wrong(self, place: Place, leaves: Sequence[bytes]) -> Iterator[str]:
        """Yield where what was signed of a log is not its one and only history, or is not in the database."""
        tree = Frontier()
        for size, roots in sorted(self.roots[place].items()):
            who = {root.hex()[:8]: sorted(names) for root, names in roots.items()}
            if size > len(leaves):
                yield f"{place}: {size} entries were signed ({who}), and Kafka has {len(leaves)} records"
                return
            tree = tree.extend(leaves[tree.size : size])
            if set(roots) != {tree.root()}:
                yield f"{place}: of its first {size} entries {who} was signed, and it is {tree.root().hex()[:8]}"
            elif "database" not in roots[tree.root()]:
                yield f"{place}: of its first {size} entries {who} was signed, which the database does not know"


@dataclass
class _Log:
    head: Head
    seen: set[UUID] = field(default_factory=set)
    leaves: list[bytes] = field(default_factory=list)


class Referee:
    """Reads Kafka and the database side by side, each time from where it was; a new one reads everything."""

    def __init__(self, stack: AuditStack, claims: Claims) -> None:
        self._stack = stack
        self.claims = claims
        self.kinds = Counter[str]()
        self._logs: dict[Place, _Log] = {}
        self._vector = 0
        self.wrong: list[str] = []

    @property
    def log_count(self) -> int:
        """How many logs there are."""
        return len(self._logs)

    def count(self, topics: Collection[str]) -> int:
        """Return how many records of these topics are in the log."""
        return sum(len(log.leaves) for (topic, _), log in self._logs.items() if topic in topics)

    @property
    def checkpoint_count(self) -> int:
        """How many checkpoints of all logs there are: their ids are dense but for what was taken back."""
        return self._vector

    async def check(self) -> None:
        """Note in `wrong` what is not as it must be."""
        eyes = self._stack.eyes
        heads = {(row["topic"], row["partition"]): row for row in await eyes.fetch(HEADS)}
        fresh = await self._read_kafka()
        for place, records in fresh.items():
            log = self._logs.setdefault(place, _Log(Head(0, *place, 0, Frontier())))
            first = log.head.frontier.size
            entries = self._extend(log, records)
            self.wrong += await _compare(eyes, heads.get(place), log, entries, first, records)
        count = (await eyes.fetch(COUNT))[0][0]
        if count != self.kinds.total() or set(heads) != set(self._logs):
            self.wrong.append(
                f"{count} entries of {len(heads)} logs for {self.kinds.total()} records of {fresh.keys()}"
            )
        await self._read_signed(eyes)
        for place, log in self._logs.items():
            self.wrong += self.claims.wrong(place, log.leaves)
        self.wrong += self._compare_witness(heads)
        del self.wrong[WRONG_MAX:]

    def _extend(self, log: _Log, records: Sequence[Record]) -> list[Entry]:
        readings = [read(record) for record in records]
        log.head, entries = extend(log.head, readings, log.seen)
        log.seen.update(reading.event_id for reading in readings if reading.event_id is not None)
        log.leaves += [entry.leaf for entry in entries]
        self.kinds.update(entry.kind for entry in entries)
        return entries

    async def _read_kafka(self) -> dict[Place, list[Record]]:
        """Return every partition's records from where we were."""
        ends = {place: end for place, end in (await self._stack.ends()).items() if end}
        found: dict[Place, list[Record]] = {place: [] for place in ends}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._stack.bootstrap, enable_auto_commit=False, isolation_level="read_committed"
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(*place) for place in ends])
            for place in ends:
                log = self._logs.get(place)
                consumer.seek(TopicPartition(*place), log.head.next_offset if log else 0)
            while any([await consumer.position(TopicPartition(*place)) < end for place, end in ends.items()]):
                for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                    found[place.topic, place.partition] += [to_record(raw, place.topic) for raw in batch]
        finally:
            await consumer.stop()
        return found

    async def _read_signed(self, eyes: Eyes) -> None:
        # The newest id first: what is made meanwhile is read the next time.
        last = (await eyes.fetch(LAST_VECTOR))[0][0]
        for statement in (VECTORS, LOG_NOTES):
            for row in await eyes.fetch(statement, self._vector):
                self.claims.add(row["note"], "database")
        self._vector = last

    def _compare_witness(self, heads: dict[Place, Any]) -> Iterator[str]:
        """Yield the logs of which the witness has forgotten what it signed."""
        kept = add_witnessed(self._stack.witness_file, self.claims)
        for place, head in heads.items():
            if kept.get(place, 0) < (head["cosigned"] or 0):
                yield f"{place}: the witness signed {head['cosigned']} entries, and knows of {kept.get(place, 0)}"


def add_witnessed(file: Path, claims: Claims) -> dict[Place, int]:
    """Add what the witness has kept to what was signed, and return the sizes by log."""
    sizes: dict[Place, int] = {}
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as storage:
        rows = storage.execute("SELECT origin, size, root, note FROM witnessed").fetchall()
    for origin, size, root, note in rows:
        assert claims.key.under(origin).has_signed(note), f"the witness keeps of {origin} what the log did not sign"
        known = read_checkpoint(read_note(note)[0])
        assert (known.origin, known.size, known.root) == (origin, size, root)
        claims.add(note, "the witness")
        topic, _, partition = origin.removeprefix(f"{claims.key.name}/").rpartition("/")
        sizes[topic, int(partition)] = size
    return sizes


async def notes_of(eyes: Eyes) -> list[str]:
    """Return what is signed now: the note of all logs, and the newest of each log that the witness has signed."""
    return [row["note"] for statement in (NEWEST, NEWEST_COSIGNED) for row in await eyes.fetch(statement)]


async def drained(stack: AuditStack) -> None:
    """Wait until everything on Kafka is in the log, was followed, is signed, and signed by the witness too."""

    async def left() -> str:
        for process in stack.started:
            process.refuse_ended()
        # What is told of the log is on its way to Kafka, and from there to the log.
        if (await stack.eyes.fetch(WAITING))[0][0]:
            return "events that were not sent"
        ends = {place: end for place, end in (await stack.ends()).items() if end}
        rows = await stack.eyes.fetch(HEADS)
        reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        if reached == ends and all(row["size"] == row["signed"] == row["cosigned"] == row["followed"] for row in rows):
            return ""
        return f"Kafka ends at {ends}, the log has {[dict(row) for row in rows]}"

    async def is_drained() -> bool:
        return not await left()

    try:
        await eventually(is_drained, timeout_s=DRAINED_S)
    except TimeoutError:
        raise AssertionError(f"not drained: {await left()}") from None


async def _compare(
    eyes: Eyes, head: Any, log: _Log, entries: list[Entry], first: int, records: Sequence[Record]
) -> list[str]:
    """Return what is wrong with a log from an index on, and with its head."""
    place = (log.head.topic, log.head.partition)
    if head is None:
        return [f"{place}: there is no log for {len(records)} records"]
    wrong = []
    found = (head["size"], head["next_offset"], head["frontier"], head["fence"])
    tree = log.head.frontier
    if found != (tree.size, log.head.next_offset, tree.encode(), log.head.next_offset):
        wrong.append(f"{place}: its head is {found[:2]}, and should be {(tree.size, log.head.next_offset)}")
    _, expected = stored(log.head, entries)
    rows = [StoredEntry(*row.values()) for row in await eyes.fetch(ENTRIES, head["id"], first)]
    for entry, row, record in zip(expected, rows, records, strict=False):
        if entry != row or row.body != _body(record):
            wrong.append(f"{place}: entry {row.index} should be {entry}, and is {row}")
            break
    if len(rows) != len(expected):
        wrong.append(f"{place}: {len(rows)} entries from {first} on for {len(expected)} records")
    return wrong


def _body(record: Record) -> bytes:
    """Return a record's body as the format describes it, written a second time."""

    def sized(part: bytes | None) -> bytes:
        return b"\xff" * 4 if part is None else len(part).to_bytes(4, "big") + part

    headers = b"".join(sized(name.encode()) + sized(value) for name, value in record.headers)
    return sized(record.key) + sized(record.value) + len(record.headers).to_bytes(4, "big") + headers
