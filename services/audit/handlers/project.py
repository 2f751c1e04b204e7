"""Follow the log behind its end: for searching, for who sent what, and for whoever else sees each event once."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

from services.audit.domain.header import Header, decode_header
from services.audit.domain.logged import Logged, happened_at, shown_by
from services.audit.domain.producers import Keys, Numbers, find_fault, find_surplus
from services.audit.domain.record import Body, decode_body
from services.audit.handlers.announce import OWN_TOPIC, announce
from services.audit.handlers.aside import apart, set_aside
from services.audit.store import projection as store
from services.audit.store.projection import Place, Unprojected
from shared.clock import Clock
from shared.db.pool import Connection
from shared.events.audit import AuditAnomalyV1, AuditGapV1
from shared.events.envelope import Payload, decode
from shared.kafka.outbox import Outbox

READ_AT_ONCE = 1_000
"""Entries followed in one transaction; the largest has a little over 256 KiB."""
Follower = Callable[[Connection, Sequence[Logged]], Awaitable[None]]
"""Sees each entry of kind event once, in the transaction that moves on behind it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: how many entries it followed, and what was found wrong with which of them, newly."""

    entry_count: int = 0
    anomalies: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many of each kind and topic."""
    errors: Sequence[Exception] = ()
    """By which it could not follow a single entry."""


@dataclass(frozen=True, slots=True)
class _Entry:
    row: Unprojected
    header: Header
    body: Body
    fault: str | None
    is_verified: bool | None

    @property
    def place(self) -> Place:
        return self.row.place


Told = list[tuple[str, _Entry]]
"""Kinds of anomalies, each with the entry that it was found at."""


async def follow_log(
    transaction: Connection,
    *,
    keys: Keys,
    followers: Sequence[Follower],
    outbox: Outbox,
    clock: Clock,
    limit: int = READ_AT_ONCE,
) -> Step:
    """Follow the log by one step of at most `limit` entries; without any keys, no MAC is looked at.

    Nobody else may be at it (`try_lock`). What was followed before may be followed anew: it is filled in with the same
    result.
    """
    rows = await store.read_unprojected(transaction, limit=limit)
    if not rows:
        return Step()
    told, logged = await _fill_in(transaction, rows, keys, outbox, clock)
    await store.move_projected(transaction, {row.head_id: row.index + 1 for row in rows})
    for follow in followers:
        await follow(transaction, logged)
    return Step(len(rows), Counter((kind, entry.header.topic) for kind, entry in told))


async def follow_one(
    transaction: Connection, *, keys: Keys, followers: Sequence[Follower], outbox: Outbox, clock: Clock
) -> Step:
    """Follow the log by one entry, and set aside on record what of it cannot be followed by its own fault.

    Where nothing of it can be filled in, its event can still be searched for by what its header says.
    """
    rows = await store.read_unprojected(transaction, limit=1)
    if not rows:
        return Step()
    [row], errors = rows, list[Exception]()
    told, logged = Told(), list[Logged]()
    async with apart(transaction, errors):
        told, logged = await _fill_in(transaction, rows, keys, outbox, clock)
    if errors and row.kind == "event":
        async with apart(transaction, errors):
            await store.add_events(transaction, [(row.place, decode_header(row.header), None)])
    for follow in followers:
        async with apart(transaction, errors):
            await follow(transaction, logged)
    await store.move_projected(transaction, {row.head_id: row.index + 1})
    counts = Counter((kind, row.topic) for kind, _ in told)
    place = (row.topic, row.partition, row.place)
    if errors and await set_aside(transaction, "not_followed", *place, errors[0], outbox, clock):
        counts["not_followed", row.topic] += 1
    return Step(1, counts, errors)


async def find_holes(connection: Connection) -> list[tuple[str, int, int]]:
    """Return producer, first and last of each run of numbers that are not in the log, between others that are."""
    known = await store.load_numbers(connection)
    return [(name, *hole) for name, numbers in known.items() for hole in numbers.holes()]


async def tell_missing(
    transaction: Connection, holes: Sequence[tuple[str, int, int]], outbox: Outbox, clock: Clock
) -> tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]]:
    """Put on record that these numbers are missing; return those that were not told of before, and what was closed.

    A producer that left out too many has its earliest holes closed: they are looked for no longer, a record that comes
    late with one of their numbers looks repeated, and of all of them together one event tells, from the first number to
    the last. What audit itself sent is told of by no event: that would be one more of its own.
    """
    new = await store.add_missing(transaction, holes, at=clock.now())
    closed: list[tuple[str, int, int]] = []
    if surplus := find_surplus(holes):
        await store.close_holes(transaction, surplus)
        spans = {name: [hole for hole in surplus if hole[0] == name] for name, *_ in surplus}
        closed = [(name, mine[0][1], mine[-1][2]) for name, mine in spans.items()]
    gone = set(surplus)
    payloads = [
        AuditAnomalyV1(kind=kind, producer=name, first_number=first, last_number=last)
        for kind, told in (
            ("missing_numbers", [hole for hole in new if hole not in gone]),
            ("scattered_numbers", closed),
        )
        for name, first, last in told
        if not name.startswith("audit.")
    ]
    await announce(transaction, [(payload.producer or "", payload) for payload in payloads], outbox, clock)
    return new, closed


async def _fill_in(
    transaction: Connection, rows: Sequence[Unprojected], keys: Keys, outbox: Outbox, clock: Clock
) -> tuple[Told, list[Logged]]:
    """Fill in what entries say; return what was not known to be wrong with them, and their events."""
    entries = [_read(row, keys) for row in rows]
    events = [entry for entry in entries if entry.row.kind == "event"]
    new = await store.add_events(transaction, [(entry.place, entry.header, entry.is_verified) for entry in events])
    repeated = await _take_numbers(transaction, entries, new) if keys else []
    logged = [_logged(entry) for entry in events]
    if shown := [(record_id, event.place) for event in logged for record_id in shown_by(event)]:
        await store.add_shown(transaction, shown)
    wrong = [(entry.fault, entry) for entry in entries if entry.fault is not None]
    wrong += [("repeated_number", entry) for entry in repeated]
    wrong += [("lost_offsets", entry) for entry in entries if _lost_before(entry)]
    return await _add_anomalies(transaction, wrong, outbox, clock) if wrong else [], logged


def _read(row: Unprojected, keys: Keys) -> _Entry:
    header, body = decode_header(row.header), decode_body(row.body)
    fault = find_fault(header, body, keys) if keys else None
    return _Entry(row, header, body, fault, fault is None if keys else None)


def _logged(entry: _Entry) -> Logged:
    envelope, facts = decode(entry.body.value), entry.header.facts
    assert facts is not None
    return Logged(
        head_id=entry.row.head_id,
        index=entry.row.index,
        topic=entry.header.topic,
        partition=entry.header.partition,
        event_id=facts.event_id,
        type=facts.type,
        occurred_at=happened_at(facts.occurred_at, entry.header.timestamp_ms),
        subject_kind=facts.subject_kind,
        subject_id=facts.subject_id,
        outcome=facts.outcome,
        actor=envelope.actor,
        correlation_id=envelope.correlation_id,
        payload=envelope.payload,
        is_verified=entry.is_verified,
    )


def _lost_before(entry: _Entry) -> bool:
    before = entry.row.offset_before
    return before is not None and entry.header.offset > before + 1


async def _take_numbers(transaction: Connection, entries: Sequence[_Entry], new: Container[Place]) -> list[_Entry]:
    """Keep the numbers of what was sent well; return the `new` events whose number another event has."""
    sent: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        if entry.fault is None and entry.header.producer is not None:
            sent[entry.header.producer].append(entry)
    if not sent:
        return []
    known = await store.load_numbers(transaction)
    repeated = []
    for producer, mine in sent.items():
        # A record that came twice is of kind duplicate, or opaque: only an event of its own can have taken a number.
        # One that is followed anew took it when it was followed first.
        own = [entry for entry in mine if entry.place in new]
        numbers = known.get(producer, Numbers())
        repeated += [own[place] for place in numbers.find_repeated(entry.header.seq or 0 for entry in own)]
    taken = [(producer, entry.header.seq or 0) for producer, mine in sent.items() for entry in mine]
    await store.add_numbers(transaction, taken)
    return repeated


async def _add_anomalies(
    transaction: Connection, wrong: Sequence[tuple[str, _Entry]], outbox: Outbox, clock: Clock
) -> Told:
    """Keep what is wrong with which entries, and publish it, once; return what was not known before."""
    new = await store.add_anomalies(transaction, [(kind, entry.place) for kind, entry in wrong], at=clock.now())
    told = [(kind, entry) for kind, entry in wrong if (kind, entry.place) in new]
    groups: dict[tuple[str, int, str | None], list[_Entry]] = defaultdict(list)
    payloads: list[tuple[str, Payload]] = []
    for kind, entry in told:
        if entry.header.topic == OWN_TOPIC:
            # That is told by a metric and a log line alone: an event about it would stand there too.
            continue
        if kind == "lost_offsets":
            payloads.append((f"{entry.header.topic}/{entry.header.partition}", _gap(entry)))
        else:
            # What has a right MAC is told of by its producer. Other records may name as many as they like.
            proven = entry.header.producer if entry.fault is None else None
            groups[kind, entry.row.head_id, proven].append(entry)
    for (kind, *_), mine in groups.items():
        producer = _named_by_all(mine)
        payload = AuditAnomalyV1(
            kind=kind,
            producer=producer,
            topic=mine[0].header.topic,
            partition=mine[0].header.partition,
            first_index=mine[0].row.index,
            last_index=mine[-1].row.index,
            entry_count=len(mine),
        )
        payloads.append((producer or "none", payload))
    await announce(transaction, payloads, outbox, clock)
    return told


def _named_by_all(entries: Sequence[_Entry]) -> str | None:
    """Return the producer that all entries name; None for several, and for a name that would make our event opaque."""
    name, *others = {entry.header.producer for entry in entries}
    return None if name is None or others or not name.isprintable() else name


def _gap(entry: _Entry) -> AuditGapV1:
    assert entry.row.offset_before is not None
    return AuditGapV1(
        topic=entry.header.topic,
        partition=entry.header.partition,
        index=entry.row.index,
        first_offset=entry.row.offset_before + 1,
        last_offset=entry.header.offset - 1,
    )
