"""Records of every kind, written to Kafka without end: events, the same once more, what is no event, null values."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from aiokafka import AIOKafkaProducer

from shared.events.envelope import Context
from shared.events.topics import TOPICS, Topic, office_topics
from tests.builders import an_actor, event_bytes
from tests.fault.audit_stack import OFFICE

NAMES = ("intake.tips", "linker.notices", "query.activity", "intake.tips.dlq")
LOGGED = (*(topic for topic in TOPICS if topic.name in NAMES), *office_topics([OFFICE]))
"""The topics that are written to: facts, what people did, dead letters, an office's."""
RATE_PER_S = 400
BURST_S = 0.05
REMEMBERED = 200
"""So many of a partition's last events may come again."""


@dataclass
class AuditLoad:
    """A producer that writes at a steady rate while it may."""

    bootstrap: str
    seed: int
    sent: int = 0
    _may_write: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: bool = False

    def __post_init__(self) -> None:
        self._chance = random.Random(f"load {self.seed}")
        self._last: dict[tuple[str, int], list[bytes]] = {}
        self._at_rest = asyncio.Event()
        self._may_write.set()

    async def run(self) -> None:
        """Write until `stop`."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            while not self._is_over:
                if not self._may_write.is_set():
                    await producer.flush()
                    self._at_rest.set()
                    await self._may_write.wait()
                    self._at_rest.clear()
                for _ in range(int(RATE_PER_S * BURST_S)):
                    await self._send(producer)
                await asyncio.sleep(BURST_S)
        finally:
            await producer.stop()

    async def pause(self) -> None:
        """Return when all that was sent is on Kafka and no more comes."""
        self._may_write.clear()
        await self._at_rest.wait()

    def go_on(self) -> None:
        """Write again."""
        self._may_write.set()

    def stop(self) -> None:
        """Let `run` return."""
        self._is_over = True
        self._may_write.set()

    async def _send(self, producer: AIOKafkaProducer) -> None:
        topic = self._chance.choice(LOGGED)
        partition = self._chance.randrange(topic.partitions)
        value = self._value(topic, partition)
        # The client sends no record that has neither.
        key = self._chance.choice([b"a key", b"", None] if value is not None else [b"a key", b""])
        headers = self._headers()
        await producer.send(topic.name, value, key=key, partition=partition, headers=headers)
        self.sent += 1

    def _value(self, topic: Topic, partition: int) -> bytes | None:
        last = self._last.setdefault((topic.name, partition), [])
        kind = self._chance.random()
        if kind < 0.03:
            return None
        if kind < 0.08:
            return b"\xff no event " + self._chance.randbytes(self._chance.randrange(40))
        if kind < 0.16 and last:
            return self._chance.choice(last)
        value = self._event()
        if len(last) == REMEMBERED:
            last.pop(0)
        last.append(value)
        return value

    def _event(self) -> bytes:
        numbers: Mapping[str, UUID] = {
            name: UUID(int=self._chance.getrandbits(128), version=4) for name in ("event", "correlation")
        }
        actor = an_actor(id=f"invented.{self._chance.randrange(20)}") if self._chance.random() < 0.7 else None
        context = Context(actor, numbers["correlation"])
        # Of this month, so that no report on a month that is over is due.
        return event_bytes(event_id=numbers["event"], context=context, occurred_at=datetime.now(UTC))

    def _headers(self) -> list[tuple[str, bytes | None]]:
        kind = self._chance.random()
        if kind < 0.1:
            return []
        seq = str(self.sent + 1).encode()
        mac = self._chance.randbytes(32).hex().encode()
        marks: list[tuple[str, bytes | None]] = [("producer", b"invented.0"), ("seq", seq), ("mac", mac)]
        return [*marks, ("seq", b"0"), ("note", None)] if kind < 0.2 else marks
