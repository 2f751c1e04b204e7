"""All SQL of checkpoints: what has grown, the rows signed for, tiles, signatures."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.domain.merkle import HASH_BYTES, Frontier, decode_frontier
from services.audit.domain.reread import Reread
from services.audit.domain.tiles import Span, Tile
from shared.db.pool import Connection, Row

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7300, 0)"
# The newest checkpoint of each log, or none.
SELECT_SIGNED = """
SELECT head.id, head.topic, head.partition, head.size, head.frontier, signed.size AS signed_size,
    signed.frontier AS signed_frontier
FROM head
    LEFT JOIN LATERAL (
        SELECT log_checkpoint.size, log_checkpoint.frontier FROM log_checkpoint
        WHERE log_checkpoint.head_id = head.id ORDER BY log_checkpoint.size DESC LIMIT 1
    ) AS signed ON true
ORDER BY head.topic, head.partition"""
# A range is read by its key, each by itself, and has no more rows than it is long: of a range whose ends it cannot see
# PostgreSQL expects a ninth of the log, and for a few of them it would rather read the whole table.
SELECT_REREAD = """
SELECT asked.head_id, entry.index, entry.header, entry.commit, entry.leaf, entry.body
FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS asked (head_id, first, beyond)
    CROSS JOIN LATERAL (
        SELECT entry.index, entry.header, entry.commit, entry.leaf, entry.body FROM entry
        WHERE entry.head_id = asked.head_id AND entry.index >= asked.first AND entry.index < asked.beyond
        ORDER BY entry.index
        LIMIT asked.beyond - asked.first
    ) AS entry
ORDER BY asked.head_id, entry.index"""
SELECT_LEAVES = """
SELECT asked.place, array_agg(entry.leaf ORDER BY entry.index) AS hashes
FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (head_id, first, beyond, place)
    CROSS JOIN LATERAL (
        SELECT entry.index, entry.leaf FROM entry
        WHERE entry.head_id = asked.head_id AND entry.index >= asked.first AND entry.index < asked.beyond
        ORDER BY entry.index
        LIMIT asked.beyond - asked.first
    ) AS entry
GROUP BY asked.place"""
SELECT_ROOTS = """
SELECT asked.place, array_agg(tile.root ORDER BY tile.index) AS hashes
FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
        AS asked (head_id, level, first, beyond, place)
    CROSS JOIN LATERAL (
        SELECT tile.index, tile.root FROM tile
        WHERE tile.head_id = asked.head_id AND tile.level = asked.level
            AND tile.index >= asked.first AND tile.index < asked.beyond
        ORDER BY tile.index
        LIMIT asked.beyond - asked.first
    ) AS tile
GROUP BY asked.place"""
SELECT_TILES = """
SELECT asked.place, tile.hashes
FROM unnest($1::integer[], $2::smallint[], $3::bigint[]) WITH ORDINALITY AS asked (head_id, level, index, place)
    CROSS JOIN LATERAL (
        SELECT tile.hashes FROM tile
        WHERE tile.head_id = asked.head_id AND tile.level = asked.level AND tile.index = asked.index
        LIMIT 1
    ) AS tile"""
INSERT_CHECKPOINT = "INSERT INTO checkpoint (made_at, note) VALUES ($1, $2) RETURNING id"
INSERT_LOG_CHECKPOINTS = """
INSERT INTO log_checkpoint (head_id, size, frontier, checkpoint_id, note)
SELECT made.head_id, made.size, made.frontier, $4, made.note
FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $5::text[]) AS made (head_id, size, frontier, note)"""
INSERT_COSIGNATURES = """
INSERT INTO cosignature (head_id, size, witness, line)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[])
ON CONFLICT ON CONSTRAINT cosignature_pkey DO NOTHING"""
# Of each log its newest checkpoint, unless the witness has signed that one; the newest that it has signed; and since
# when one waits, which may be an older one.
SELECT_UNWITNESSED = """
SELECT head.id, newest.size, newest.note, made.made_at, COALESCE(witnessed.size, 0) AS witnessed_size
FROM head
    CROSS JOIN LATERAL (
        SELECT log_checkpoint.size, log_checkpoint.note FROM log_checkpoint
        WHERE log_checkpoint.head_id = head.id ORDER BY log_checkpoint.size DESC LIMIT 1
    ) AS newest
    LEFT JOIN LATERAL (
        SELECT cosignature.size FROM cosignature
        WHERE cosignature.head_id = head.id AND cosignature.witness = $1 ORDER BY cosignature.size DESC LIMIT 1
    ) AS witnessed ON true
    CROSS JOIN LATERAL (
        SELECT log_checkpoint.checkpoint_id FROM log_checkpoint
        WHERE log_checkpoint.head_id = head.id AND log_checkpoint.size > COALESCE(witnessed.size, 0)
        ORDER BY log_checkpoint.size LIMIT 1
    ) AS waiting
    JOIN checkpoint AS made ON made.id = waiting.checkpoint_id
WHERE newest.size IS DISTINCT FROM witnessed.size
ORDER BY made.made_at, head.id"""
SELECT_CHECKPOINT = "SELECT id, made_at, note FROM checkpoint ORDER BY id DESC LIMIT 1"
SELECT_LOG_CHECKPOINTS = """
SELECT head.topic, head.partition, newest.size, newest.note, lines.text AS cosignatures
FROM head
    CROSS JOIN LATERAL (
        SELECT log_checkpoint.size, log_checkpoint.note FROM log_checkpoint
        WHERE log_checkpoint.head_id = head.id AND log_checkpoint.checkpoint_id <= $1
        ORDER BY log_checkpoint.size DESC LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT COALESCE(string_agg(cosignature.line, '' ORDER BY cosignature.witness), '') AS text FROM cosignature
        WHERE cosignature.head_id = head.id AND cosignature.size = newest.size
    ) AS lines
ORDER BY head.topic, head.partition"""
# The event's first entry by place, and the checkpoint to prove it by: the newest with a cosignature, else the newest.
SELECT_PROVABLE = """
SELECT head.id AS head_id, head.topic, head.partition, found.index, found.header, found.commit, made.size,
    made.note || COALESCE(lines.text, '') AS note
FROM (
        SELECT entry.head_id, entry.index, entry.header, entry.commit FROM entry
        WHERE entry.event_id = $1 AND entry.kind = 'event'
    ) AS found
    JOIN head ON head.id = found.head_id
    CROSS JOIN LATERAL (
        SELECT max(log_checkpoint.size) AS size FROM log_checkpoint WHERE log_checkpoint.head_id = head.id
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT max(cosignature.size) AS size FROM cosignature WHERE cosignature.head_id = head.id
    ) AS cosigned
    LEFT JOIN log_checkpoint AS made ON made.head_id = head.id AND made.size > found.index
        AND made.size = CASE WHEN cosigned.size > found.index THEN cosigned.size ELSE newest.size END
    LEFT JOIN LATERAL (
        SELECT string_agg(cosignature.line, '' ORDER BY cosignature.witness) AS text FROM cosignature
        WHERE cosignature.head_id = made.head_id AND cosignature.size = made.size
    ) AS lines ON true
ORDER BY head.topic, head.partition, found.index
LIMIT 1"""


@dataclass(frozen=True, slots=True)
class SignedLog:
    """A log: its head as it stands, and the tree that was signed last, empty before the first time."""

    id: int
    topic: str
    partition: int
    head: Frontier
    signed: Frontier

    @property
    def place(self) -> str:
        """The partition's name in sentences."""
        return f"{self.topic}[{self.partition}]"


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """What is signed of one log."""

    head_id: int
    frontier: Frontier
    note: str


@dataclass(frozen=True, slots=True)
class Unwitnessed:
    """The newest checkpoint of a log, which the witness has not signed; the newest one that it has is of `old_size`.

    `waits_since`: when the first one was made that it has not signed.
    """

    head_id: int
    size: int
    note: str
    waits_since: datetime
    old_size: int


@dataclass(frozen=True, slots=True)
class ShownLog:
    """A log's part of a checkpoint, with the witnesses' lines."""

    topic: str
    partition: int
    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest checkpoint."""

    made_at: datetime
    note: str
    logs: Sequence[ShownLog]


@dataclass(frozen=True, slots=True)
class Provable:
    """An entry, and the log checkpoint it can be proved by: None until one covers it."""

    head_id: int
    topic: str
    partition: int
    index: int
    header: bytes
    commit: bytes
    size: int | None
    note: str | None


async def try_lock(transaction: Connection) -> bool:
    """Return whether nobody else signs; the lock goes with the transaction."""
    is_locked: bool = await transaction.fetchval(TRY_LOCK)
    return is_locked


async def list_logs(transaction: Connection) -> list[SignedLog]:
    """Return every log by topic and partition."""
    return [_signed_log(row) for row in await transaction.fetch(SELECT_SIGNED)]


async def reread(connection: Connection, ranges: Mapping[int, tuple[int, int]]) -> dict[int, list[Reread]]:
    """Return the entries of each log, by its head, from the first index to the one before the second."""
    rows = await connection.fetch(
        SELECT_REREAD,
        list(ranges),
        [first for first, _ in ranges.values()],
        [beyond for _, beyond in ranges.values()],
    )
    found = defaultdict[int, list[Reread]](list)
    for row in rows:
        found[row["head_id"]].append(row[1:])
    return found


async def load_leaves(connection: Connection, ranges: Mapping[int, tuple[int, int]]) -> dict[int, list[bytes]]:
    """Return the leaves of each log, by its head, from the first index to the one before the second."""
    heads = list(ranges)
    rows = await connection.fetch(
        SELECT_LEAVES, heads, [first for first, _ in ranges.values()], [beyond for _, beyond in ranges.values()]
    )
    return {heads[row["place"] - 1]: row["hashes"] for row in rows}


async def load_roots(
    connection: Connection, ranges: Mapping[int, tuple[int, int]], *, level: int
) -> dict[int, list[bytes]]:
    """Return the roots of each log's tiles of a level, by its head, from the first to the one before the second."""
    heads = list(ranges)
    rows = await connection.fetch(
        SELECT_ROOTS,
        heads,
        [level] * len(heads),
        [first for first, _ in ranges.values()],
        [beyond for _, beyond in ranges.values()],
    )
    return {heads[row["place"] - 1]: row["hashes"] for row in rows}


async def load_spans(connection: Connection, spans: Collection[Span]) -> dict[Span, list[bytes]]:
    """Return the hashes of each span: from its tile if that is full, else from the entries or the tiles below."""
    asked = list(spans)
    rows = await connection.fetch(
        SELECT_TILES,
        [span.head_id for span in asked],
        [span.level for span in asked],
        [span.tile for span in asked],
    )
    found = {asked[row["place"] - 1]: asked[row["place"] - 1].cut(_hashes(row["hashes"])) for row in rows}
    leaves = [span for span in asked if span not in found and span.level == 0]
    if leaves:
        rows = await connection.fetch(
            SELECT_LEAVES,
            [span.head_id for span in leaves],
            [span.start for span in leaves],
            [span.end for span in leaves],
        )
        found |= {leaves[row["place"] - 1]: row["hashes"] for row in rows}
    above = [span for span in asked if span not in found and span.level > 0]
    if above:
        rows = await connection.fetch(
            SELECT_ROOTS,
            [span.head_id for span in above],
            [span.level - 1 for span in above],
            [span.start for span in above],
            [span.end for span in above],
        )
        found |= {above[row["place"] - 1]: row["hashes"] for row in rows}
    return found


async def add_checkpoint(
    transaction: Connection, note: str, logs: Sequence[LogCheckpoint], *, made_at: datetime
) -> None:
    """Store a checkpoint, and what it says of the logs that had grown."""
    checkpoint_id = await transaction.fetchval(INSERT_CHECKPOINT, made_at, note)
    await transaction.execute(
        INSERT_LOG_CHECKPOINTS,
        [log.head_id for log in logs],
        [log.frontier.size for log in logs],
        [log.frontier.encode() for log in logs],
        checkpoint_id,
        [log.note for log in logs],
    )


async def add_tiles(transaction: Connection, tiles: Iterable[tuple[int, Tile]]) -> None:
    """Store full tiles, each with its log's head."""
    await transaction.copy_records_to_table(
        "tile",
        columns=("head_id", "level", "index", "root", "hashes"),
        records=[(head_id, tile.level, tile.index, tile.root, b"".join(tile.hashes)) for head_id, tile in tiles],
    )


async def list_unwitnessed(connection: Connection, witness: str) -> list[Unwitnessed]:
    """Return the newest checkpoints that a witness has not signed, those that have waited longest first."""
    return [Unwitnessed(*row.values()) for row in await connection.fetch(SELECT_UNWITNESSED, witness)]


async def add_cosignatures(transaction: Connection, witness: str, lines: Mapping[tuple[int, int], str]) -> None:
    """Store a witness's lines, by head and size; one that is known stays as it is."""
    await transaction.execute(
        INSERT_COSIGNATURES,
        [head_id for head_id, _ in lines],
        [size for _, size in lines],
        [witness] * len(lines),
        list(lines.values()),
    )


async def find_checkpoint(transaction: Connection) -> Shown | None:
    """Return the newest checkpoint, None before the first."""
    newest = await transaction.fetchrow(SELECT_CHECKPOINT)
    if newest is None:
        return None
    rows = await transaction.fetch(SELECT_LOG_CHECKPOINTS, newest["id"])
    logs = [ShownLog(row["topic"], row["partition"], row["size"], row["note"] + row["cosignatures"]) for row in rows]
    return Shown(newest["made_at"], newest["note"], logs)


async def find_provable(transaction: Connection, event_id: UUID) -> Provable | None:
    """Return the first entry of an event, None when there is none."""
    row = await transaction.fetchrow(SELECT_PROVABLE, event_id)
    if row is None:
        return None
    return Provable(**dict(row))


def _signed_log(row: Row) -> SignedLog:
    signed = Frontier()
    if row["signed_size"] is not None:
        signed = decode_frontier(row["signed_size"], row["signed_frontier"])
    head = decode_frontier(row["size"], row["frontier"])
    return SignedLog(row["id"], row["topic"], row["partition"], head, signed)


def _hashes(raw: bytes) -> list[bytes]:
    return [raw[place : place + HASH_BYTES] for place in range(0, len(raw), HASH_BYTES)]
