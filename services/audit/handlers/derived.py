"""Derive anew from the log what follows it, and compare that with what is stored; nothing of it is kept.

It is filled in by the code that fills it in at work, in tables of this session alone (`store/derived.py`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import ValidationError

from services.audit.domain.check import Finding
from services.audit.domain.explain import LATE_MAX
from services.audit.domain.header import decode_header
from services.audit.domain.keys import Keys as LookupKeys
from services.audit.domain.logged import Logged
from services.audit.domain.producers import FAULTS, Keys
from services.audit.domain.staff import Staff
from services.audit.handlers.announce import OWN_TOPIC
from services.audit.handlers.aside import Halving
from services.audit.handlers.followed import find_unfollowed
from services.audit.handlers.project import READ_AT_ONCE, follow_log, follow_one
from services.audit.handlers.sensors import PATIENCE, judge, keep, read_until
from services.audit.store import derived as store
from services.audit.store.projection import count_waiting
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.audit import AuditAnomalyV1, ReportMadeV1, ReportSignedV1
from shared.kafka.outbox import Outbox, Outgoing

BEHIND_AFTER = timedelta(seconds=10)
"""What is younger may not be followed yet; what is older should be."""
TOLD_AFTER = timedelta(minutes=10)
"""What audit did is told of by an event in its log by then, as long as that log grows."""
TOLD_WITHIN = timedelta(minutes=1)
"""So far a row's time may lie from its event's: both are made in one transaction."""
FOR_GOOD = datetime.max.replace(tzinfo=UTC)
OTHER_STAFF = "whether whoever asked is asked for is stored otherwise than the staff file says today"
NUMBERS = {"missing_numbers": "missing", "scattered_numbers": "scattered"}
SENSORS = ("lookup", "listed", "reason", "reason_name", "viewed", "worked")


@dataclass(frozen=True, slots=True)
class Basis:
    """What is derived from besides the log: each service's keys, if they are known, and what sensors know of people."""

    producers: Keys
    lookups: LookupKeys
    staff: Staff | None


@dataclass(frozen=True, slots=True)
class Schema:
    """What the release makes in the schema: views by name, with their queries, and the names of functions."""

    views: Mapping[str, str]
    functions: Sequence[str]


@dataclass
class Compared:
    """What was compared; a finding that is not tampered says that the log is not followed so far, or is doubtful."""

    entry_count: int = 0
    waiting_count: int = 0
    findings: list[Finding] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """What was not looked at, in sentences."""


class Unsent(Outbox):
    """What there is to say was said when the log was followed first."""

    async def put(self, transaction: Connection, records: Sequence[Outgoing]) -> None:
        """Store nothing."""


async def compare(
    transaction: Connection, basis: Basis, schema: Schema, *, clock: Clock, advance: Callable[[int], None]
) -> Compared:
    """Compare what is stored with what follows from the log, up to where it was followed.

    The transaction is to be rolled back.
    """
    compared = Compared(waiting_count=await count_waiting(transaction))
    waiting = await find_unfollowed(transaction)
    if waiting is not None and waiting < clock.now() - BEHIND_AFTER:
        reason = f"{compared.waiting_count:,} entries, from {waiting.isoformat()} on, are not followed yet"
        compared.findings.append(Finding("the log", None, reason, is_tampered=False))
    for name, reason in await store.find_strange(transaction, schema.functions):
        compared.findings.append(Finding(name, None, reason))
    for name in await store.make_tables(transaction, schema.views):
        compared.findings.append(Finding(f"view {name}", None, "it is not the one of this release"))
    compared.entry_count = await _derive(transaction, basis, clock, advance)
    finder = _Finder(transaction, await store.list_places(transaction), compared)
    await _compare_entries(finder, basis)
    is_blind = not basis.producers and await store.has_verdicts(transaction)
    if not basis.producers:
        compared.unseen.append("No keys of producers were given: who sent what was not looked at.")
    if is_blind:
        compared.unseen.append("What sensors keep rests on that, and was not looked at either.")
    else:
        await _compare_sensors(finder, basis, waiting)
    await _compare_told(finder, basis)
    return compared


async def _derive(transaction: Connection, basis: Basis, clock: Clock, advance: Callable[[int], None]) -> int:
    async def take_in(transaction: Connection, events: Sequence[Logged]) -> None:
        await keep(transaction, events, basis.lookups, basis.staff or Staff({}, basis.lookups))
        await _tell(transaction, events)

    total, halving = 0, Halving(READ_AT_ONCE)
    keys, outbox = basis.producers, Unsent(shards=1)
    while True:
        follow = follow_one if halving.limit == 1 else partial(follow_log, limit=halving.limit)
        try:
            async with transaction.transaction():
                count = (
                    await follow(transaction, keys=keys, followers=(take_in,), outbox=outbox, clock=clock)
                ).entry_count
        # As at work: which entry cannot be followed, is found by halves.
        except Exception as error:
            if not halving.can_take_less(error):
                raise
            continue
        halving.take_more()
        if not count:
            return total
        total += count
        advance(count)


async def _tell(transaction: Connection, events: Sequence[Logged]) -> None:
    """Keep what audit itself put on record of its reports and of numbers that are missing."""
    told: dict[str, list[tuple[object, ...]]] = {"report": [], "signature": [], "missing": [], "scattered": []}
    for event in events:
        if event.topic != OWN_TOPIC or event.is_verified is False:
            continue
        try:
            match event.type:
                case ReportMadeV1.TYPE:
                    made = ReportMadeV1.model_validate(event.payload)
                    told["report"].append((made.report_id, made.month, made.sha256, event.occurred_at))
                case ReportSignedV1.TYPE if event.actor is not None:
                    signed = ReportSignedV1.model_validate(event.payload)
                    who = signed.report_id, signed.role, event.actor.id, signed.personal.remark
                    told["signature"].append((*who, event.occurred_at))
                case AuditAnomalyV1.TYPE if event.payload.get("kind") in NUMBERS:
                    missing = AuditAnomalyV1.model_validate(event.payload)
                    numbers = missing.producer, missing.first_number, missing.last_number
                    told[NUMBERS[missing.kind]].append(numbers)
        except ValidationError:
            continue  # No release of ours wrote that.
    for what, rows in told.items():
        await store.tell(transaction, what, rows)


@dataclass(frozen=True, slots=True)
class _Finder:
    transaction: Connection
    places: Mapping[int, str]
    compared: Compared

    async def look(self, name: str, *values: object, doubt: str = "") -> None:
        """Add the first difference of a table, and how many more there are; with a doubt it is not tampering."""
        found = await store.find_difference(self.transaction, name, *values)
        if found is None:
            return
        key = dict(found.key)
        head_id, index = key.pop("head_id", None), key.pop("index", None)
        words = [found.table, *([] if head_id is None else [self.places.get(head_id, f"head {head_id}")])]
        words += [f"{name} {value.hex() if isinstance(value, bytes) else value}" for name, value in key.items()]
        is_untold = found.is_invented and found.is_new
        reason = doubt or _reason(found, is_untold=is_untold)
        if found.row_count > 1:
            reason += f"; it is one of {found.row_count:,} such rows"
        self.add(" ".join(words), index, reason, is_tampered=not doubt and not is_untold)

    def add(self, place: str, index: int | None, reason: str, *, is_tampered: bool = True) -> None:
        finding = Finding(place, index, reason, is_tampered=is_tampered)
        if finding not in self.compared.findings:
            self.compared.findings.append(finding)


def _reason(found: store.Difference, *, is_untold: bool) -> str:
    if found.is_missing:
        return "the log says it, and it is not there"
    if is_untold:
        return "no event of the log tells of it yet"
    return "it is there, and the log does not say it" if found.is_invented else "it is not what the log says"


async def _compare_entries(finder: _Finder, basis: Basis) -> None:
    if not basis.producers:
        await store.take(finder.transaction, "is_verified")
    await store.take(finder.transaction, "noticed_at")
    await finder.look("event")
    await finder.look("shown")
    await finder.look("anomaly", ["lost_offsets", *(FAULTS if basis.producers else ())])
    if basis.producers:
        await store.take(finder.transaction, "closed")
        await finder.look("producer")
        await _compare_repeated(finder)


async def _compare_repeated(finder: _Finder) -> None:
    """Hold that of the records with one number at least all but one are said to repeat it, and no others.

    Which they are depends on the order in which the logs were read, and once more when they are read anew.
    """
    stored: Counter[tuple[str | None, int | None]] = Counter()
    derived: Counter[tuple[str | None, int | None]] = Counter()
    places: dict[tuple[str | None, int | None], tuple[int, int]] = {}
    async for each in store.read_repeated(finder.transaction):
        header = None if each.header is None else decode_header(each.header)
        number = (None, None) if header is None else (header.producer, header.seq)
        stored[number] += each.is_stored
        derived[number] += each.is_derived
        places.setdefault(number, (each.head_id, each.index))
    for number, (head_id, index) in places.items():
        if stored[number] < derived[number] or not derived[number]:
            often = f"{stored[number]} times, and the log says {derived[number]}"
            reason = f"that number {number[1]} of {number[0]} is repeated is said {often}"
            finder.add(f"anomaly {finder.places.get(head_id, f'head {head_id}')}", index, reason)
            return


async def _compare_sensors(finder: _Finder, basis: Basis, waiting: datetime | None) -> None:
    """Compare what sensors keep, then flags: all must be there that there are however much is known of reasons."""
    transaction = finder.transaction
    if basis.staff is None:
        finder.compared.unseen.append("No staff file was given: whose look-ups are of themselves was not looked at.")
    else:
        await finder.look("lookup, is_self", doubt=OTHER_STAFF)
    await store.take(transaction, "is_self")
    for table in SENSORS:
        await finder.look(table)
    until = await read_until(transaction)
    if until is not None:
        await _judge(transaction, until if waiting is None else min(until, waiting - PATIENCE))
    await finder.look("flag, missing")
    await finder.look("flag_event, missing")
    # Reasons that came late did not count yet when somebody was judged, and then more was flagged.
    for late in (LATE_MAX, None):
        await store.judge_again(transaction, late=late)
        await _judge(transaction, FOR_GOOD)
    await finder.look("flag, invented")
    await finder.look("flag_event, invented")


async def _judge(transaction: Connection, until: datetime) -> None:
    while (await judge(transaction, until=until))[0]:
        pass


async def _compare_told(finder: _Finder, basis: Basis) -> None:
    """Compare what audit did with what it has put on record of that."""
    newest = await store.find_newest_told(finder.transaction, OWN_TOPIC)
    settled = datetime.min.replace(tzinfo=UTC) if newest is None else newest - TOLD_AFTER
    await finder.look("report", settled, TOLD_WITHIN)
    await finder.look("report_signature", settled, TOLD_WITHIN)
    if basis.producers:
        await finder.look("missing_number", settled)
