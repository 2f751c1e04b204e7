"""A log whose every record its producer has signed, followed as it came; and what someone can do to what follows it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

from services.audit.domain.report import Verification, Verifications
from services.audit.domain.staff import Staff
from services.audit.handlers.log import append
from services.audit.handlers.project import find_holes, follow_log, tell_missing
from services.audit.handlers.reports import make_report, sign_report
from services.audit.settings import SENDERS
from shared.clock import Clock
from shared.db.pool import Connection, Pool
from shared.events.envelope import Actor, Context, Event, decode
from shared.events.topics import ACTIVITY_TOPICS, FACT_TOPICS
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.security import Principal
from shared.service import OUTBOX_SHARDS
from tests.builders import an_event, event_bytes, new_id
from tests.fakes import START, FakeClock
from tests.integration.audit.looking import CEIU, Log, a_lookup, a_tip, received_ms
from tests.integration.audit.test_sensors import cut, some_abuse
from tests.unit.audit.records import a_record
from tests.unit.audit.test_producers import sent

PRODUCER_KEYS = {service: [service.encode().ljust(32, b".")] for service in SENDERS}
OWNERS = {topic.name: topic.owner for topic in (*FACT_TOPICS, *ACTIVITY_TOPICS)}
OUTBOX = Outbox(shards=OUTBOX_SHARDS)
LATE_TIP = new_id()
MARCH = date(2026, 3, 1)
APRIL = datetime(2026, 4, 2, tzinfo=UTC)


class SignedLog(Log):
    """A log that knows its producers."""

    def __init__(self, pool: Pool, staff: Staff, *, clock: Clock | None = None) -> None:
        super().__init__(pool, staff)
        self._clock = clock or FakeClock(APRIL)
        self._offsets: dict[str, int] = defaultdict(int)
        self._numbers: dict[str, int] = defaultdict(int)

    async def append_records(self, *records: Record) -> None:
        """Append records as they are."""
        async with self.pool.acquire() as connection, connection.transaction():
            await append(connection, records)

    async def hear_audit(self) -> None:
        """Take what audit has published into the log, as its relay and the log's writer would."""
        rows = await self.pool.fetch("SELECT topic, value FROM outbox ORDER BY id")
        await self.append_records(*(self.signed(row["topic"], row["value"]) for row in rows))
        await self.follow()

    def signed(self, topic: str, value: bytes, *, skipped: int = 0, lost: int = 0, again: bool = False) -> Record:
        """Return a record after so many numbers left out and so many offsets lost; or with the number used last."""
        service = OWNERS[topic]
        offset = self._offsets[topic] + lost
        self._offsets[topic] = offset + 1
        self._numbers[service] += 0 if again else 1 + skipped
        seq = str(self._numbers[service]).encode()
        key, received = PRODUCER_KEYS[service][0], received_ms(decode(value).occurred_at)
        record = sent(f"{service}.0".encode(), seq=seq, key=key, topic=topic, partition=0, offset=offset, value=value)
        return replace(record, timestamp_ms=received)

    def unsigned(self, topic: str) -> Record:
        """Return a record that no service sent."""
        self._offsets[topic] += 1
        offset = self._offsets[topic] - 1
        return a_record(topic=topic, partition=0, offset=offset, headers=(), value=event_bytes())

    async def _step(self) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            step = await follow_log(
                connection,
                keys=PRODUCER_KEYS,
                followers=[self.sensors.follow],
                outbox=OUTBOX,
                clock=self._clock,
            )
        return step.entry_count

    def _record(self, event: Event) -> Record:
        return self.signed(event.topic, event_bytes(**{name: getattr(event, name) for name in event.__slots__}))


async def fill(log: SignedLog, *, and_more: int) -> None:
    """Fill a log: abuse, events more, what no service sent so, a report with both signatures."""
    events = some_abuse(and_more=and_more)
    for part in cut(events, 97):
        await log.append(*part)
        await log.follow()
    # A look-up whose reason is heard of later.
    for event in (a_lookup(CEIU, f"tip {LATE_TIP}"), a_tip(tip_id=LATE_TIP)):
        await log.append(event)
        await log.follow()
    value = partial(event_bytes, occurred_at=START)
    await log.append_records(
        log.signed("intake.tips", value(), skipped=3),
        log.unsigned("intake.tips"),
        log.signed("intake.activity", value(), again=True),
        log.signed("intake.tips", value(), lost=2),
    )
    await log.append(an_event(occurred_at=events[-1].occurred_at + timedelta(hours=1)))
    await log.follow()
    clock = FakeClock(APRIL)
    async with log.pool.acquire() as connection, connection.transaction():
        await tell_missing(connection, await find_holes(connection), OUTBOX, clock)
        verified = Verifications(Verification(APRIL, 0, ["intact"]), Verification(APRIL, 0, ["the same"]))
        report = await make_report(connection, MARCH, verified, OUTBOX, clock)
        assert report is not None
        for name, role in (("a", "system.admin"), ("b", "program.manager")):
            signer = Principal(name, "person", role, "ICE", None, None, "s", START)
            context = Context(Actor(id=name, kind="person", role=role), new_id())
            await sign_report(
                connection,
                signer,
                context,
                report.report_id,
                sha256=report.sha256.hex(),
                remark=None,
                outbox=OUTBOX,
                clock=clock,
            )
    await log.hear_audit()
    # No event tells of audit's own.
    await log.append_records(log.signed("audit.activity", value(), skipped=2))
    await log.follow()
    async with log.pool.acquire() as connection, connection.transaction():
        await tell_missing(connection, await find_holes(connection), OUTBOX, clock)


# What someone can do. Each returns the table that must be named.

Attack = Callable[[Connection, Random], Awaitable[str]]
ATTACKED = (
    "event", "shown", "projected", "producer", "anomaly", "missing_number", "lookup", "reason", "reason_name", "viewed",
    "worked", "due", "flag", "flag_event", "report", "report_signature",
)  # fmt: skip


def attack(table: str, statement: str, *, named: str = "") -> Attack:
    """Return an attack on one row of a table, `$1` being its place in the heap."""

    async def do(attacker: Connection, chance: Random) -> str:
        rows = await attacker.fetch(f"SELECT ctid FROM {table} ORDER BY {table}::text")
        done = await attacker.execute(statement.replace("$1", f"'{_place(chance.choice(rows)['ctid'])}'"))
        assert not done.endswith(" 0"), done
        return named or table

    return do


def _place(ctid: tuple[int, int]) -> str:
    return f"({ctid[0]},{ctid[1]})"


def deleted(table: str) -> Attack:
    return attack(table, f"DELETE FROM {table} WHERE ctid = $1")


def changed(table: str, change: str) -> Attack:
    return attack(table, f"UPDATE {table} SET {change} WHERE ctid = $1")


ATTACKS: dict[str, Attack] = {
    **{
        f"{table}: deleted": deleted(table)
        for table in ATTACKED
        if table not in ("projected", "due", "report", "missing_number")
    },
    "missing_number: deleted": attack("missing_number", "DELETE FROM missing_number WHERE producer = 'intake.0'"),
    "event: another actor": changed("event", "actor_id = 'someone.else'"),
    "event: verified otherwise": changed("event", "is_verified = NOT is_verified"),
    "shown: another record": changed("shown", "record_id = record_id || 'x'"),
    "shown: invented": attack("shown", "INSERT INTO shown SELECT 'x', head_id, index FROM shown WHERE ctid = $1"),
    "producer: a hole filled": attack(
        "producer", "UPDATE producer SET numbers = int8multirange(range_merge(numbers)) WHERE name = 'intake.0'"
    ),
    "anomaly: of another entry": changed("anomaly", "index = index + 1"),
    "anomaly: invented": attack(
        "event",
        "INSERT INTO anomaly SELECT 'repeated_number', head_id, index, now() FROM event WHERE ctid = $1 AND "
        "NOT EXISTS (SELECT FROM anomaly WHERE (anomaly.head_id, anomaly.index) = (event.head_id, event.index))",
        named="anomaly",
    ),
    "missing_number: another run": changed("missing_number", "last = last - 1"),
    "missing_number: invented": attack(
        "producer",
        "INSERT INTO missing_number SELECT name, 1, 1, now() FROM producer WHERE ctid = $1",
        named="missing_number",
    ),
    "lookup: of someone else": changed("lookup", "actor_id = 'someone.else'"),
    "lookup: for another purpose": changed("lookup", "purpose = purpose || 'x'"),
    "lookup: names a reason": changed("lookup", "names = names || '\\x00'::bytea"),
    "reason: for others": changed("reason", "units = units || ARRAY['CBP/*']"),
    "reason: for longer": changed("reason", "until = until - interval '1 day', at = at - interval '1 day'"),
    "reason_name: of another": changed("reason_name", "state_of = state_of || 'x'"),
    "viewed: fewer": changed("viewed", "record_count = 0"),
    "flag: of someone else": changed("flag", "actor_id = 'someone.else'"),
    "flag: milder": changed("flag", "reason = 'nothing much'"),
    "flag: invented": attack(
        "flag",
        "INSERT INTO flag SELECT from_at, to_at, gen_random_uuid(), sensor, actor_id, reason || '.' FROM flag "
        "WHERE ctid = $1",
    ),
    "flag_event: invented": attack(
        "flag", "INSERT INTO flag_event SELECT flag_id, gen_random_uuid() FROM flag WHERE ctid = $1", named="flag_event"
    ),
    "report: another document": changed("report", "document = '{}', sha256 = sha256('{}'::bytea)"),
    "report: another document under the same hash": changed("report", "document = '{}'"),
    "report: of another month": changed("report", "month = month - interval '1 month'"),
    "report_signature: by someone else": changed("report_signature", "signer = signer || 'x'"),
    "report_signature: at another time": changed("report_signature", "signed_at = signed_at - interval '1 day'"),
}


async def keep_all(attacker: Connection) -> None:
    """Remember everything, and take away what would keep an attack from being written."""
    await attacker.execute("ALTER TABLE report_signature DROP CONSTRAINT report_signature_of")
    await attacker.execute("ALTER TABLE report DROP CONSTRAINT report_sha256")
    await attacker.execute("ALTER TABLE flag_event DROP CONSTRAINT flag_event_of")
    for table in ATTACKED:
        await attacker.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        await attacker.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")


async def put_back(attacker: Connection) -> None:
    """Make everything what it was."""
    await attacker.execute(f"TRUNCATE {', '.join(ATTACKED)}")
    for table in ATTACKED:
        await attacker.execute(f"INSERT INTO {table} TABLE kept_{table}")
