"""What is read of the log by its place, and what is due, is read by index, whatever PostgreSQL knows of its tables.

Statistics are made while a log grows, so there are none, or those of a log that was smaller, or fresh ones. With each,
rows that are read are counted, those among them that are thrown away again as well.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from services.audit.store.checkpoints import SELECT_LEAVES, SELECT_REREAD, SELECT_ROOTS, SELECT_TILES
from services.audit.store.projection import SELECT_UNPROJECTED
from services.audit.store.sensors import take_due
from services.audit.verifier.database import SELECT_STORED_ENTRIES, SELECT_STORED_EVENTS, SETTINGS
from shared.db.pool import Connection, Pool

SIZE, TILE_COUNT = 8_192, 4_000
LOG = "INSERT INTO head (topic, partition, size, next_offset, frontier) VALUES ('t', $1, $2, $2, $3) RETURNING id"
ENTRIES = """
INSERT INTO entry (head_id, index, kafka_offset, kind, event_id, header, commit, leaf, body)
SELECT $1, n, n, 'event', gen_random_uuid(), '', sha256(''), sha256(''), convert_to(repeat('x', 500), 'UTF8')
FROM generate_series(0, $2::bigint - 1) AS n"""
EVENTS = """
INSERT INTO event (head_id, index, type, occurred_at, subject_kind, subject_id, outcome)
SELECT $1, n, 'tip.repeated', '2026-03-01'::timestamptz + n * interval '1 second', 'tip', n::text, 'ok'
FROM generate_series(0, $2::bigint - 1) AS n"""
TILES = """
INSERT INTO tile (head_id, level, index, root, hashes)
SELECT $1, 0, n, sha256(''), decode(repeat('00', 256 * 32), 'hex') FROM generate_series(0, $2::bigint - 1) AS n"""
DUE = """
INSERT INTO due (occurred_at, event_id, actor_id)
SELECT '2026-03-01'::timestamptz + n * interval '1 second', gen_random_uuid(), 'cbp.att'
FROM generate_series(1, $1::int) AS n"""
SELECT_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'due'::regclass"

OF_VERIFIER = (SELECT_STORED_ENTRIES, SELECT_STORED_EVENTS)
Read = tuple[str, tuple[Any, ...], int]
"""A statement, its values, and the most rows of the log's tables that it may read."""


def reads(log: int) -> Mapping[str, Read]:
    """Return what is read by its place, of a log behind others."""
    firsts = [index * 100 for index in range(50, 58)]
    logs, beyonds, tiles = [log] * len(firsts), [first + 10 for first in firsts], [2, 4, 6, 8, 10, 12, 14, 16]
    level, next_tiles = [0] * len(tiles), [tile + 2 for tile in tiles]
    return {
        "a page of entries": (SELECT_STORED_ENTRIES, (log, 5_000, 512), 512),
        "a page of events": (SELECT_STORED_EVENTS, (log, 5_000, 5_511), 512),
        "entries signed for": (SELECT_REREAD, (logs, firsts, beyonds), 80),
        "leaves of a proof": (SELECT_LEAVES, (logs, firsts, beyonds), 80),
        "roots of a proof": (SELECT_ROOTS, (logs, level, tiles, next_tiles), 16),
        "tiles of a proof": (SELECT_TILES, (logs, level, tiles), 8),
        # Of each of two logs as many as of both together, each with the one before it.
        "entries to be followed": (SELECT_UNPROJECTED, (100,), 400),
    }


async def test_what_is_asked_for_is_all_that_is_read(superuser: Connection) -> None:
    for table in ("entry", "event", "tile"):
        await superuser.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    first = await add_log(superuser, 0)
    await assert_reads_what_is_asked(superuser, first, "none")
    await superuser.execute("ANALYZE")
    second = await add_log(superuser, 1)
    await assert_reads_what_is_asked(superuser, second, "stale")
    await superuser.execute("ANALYZE")
    await assert_reads_what_is_asked(superuser, second, "fresh")


async def test_of_what_is_due_no_more_is_read_than_taken(superuser: Connection, pool: Pool) -> None:
    """Once by its time and once by its key; the statistics are of a moment when nothing was due."""
    until, count = datetime(2026, 3, 2, tzinfo=UTC), 200
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(DUE, 5 * count)
        await superuser.execute("VACUUM ANALYZE due")
        before = await connection.fetchval(SELECT_READ)
        taken = await take_due(connection, until=until, limit=count)
        assert len(taken) == count
        assert await connection.fetchval(SELECT_READ) - before <= 2 * count


async def add_log(superuser: Connection, partition: int) -> int:
    head_id: int = await superuser.fetchval(LOG, partition, SIZE, bytes(32))
    await superuser.execute(ENTRIES, head_id, SIZE)
    await superuser.execute(EVENTS, head_id, SIZE)
    await superuser.execute(TILES, head_id, TILE_COUNT)
    return head_id


async def assert_reads_what_is_asked(superuser: Connection, log: int, statistics: str) -> None:
    for name, (statement, values, most) in reads(log).items():
        plans = SETTINGS["enable_bitmapscan"] if statement in OF_VERIFIER else "on"
        await superuser.execute("SELECT set_config('enable_bitmapscan', $1, false)", plans)
        explained = await superuser.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        (whole,) = orjson.loads(explained) if isinstance(explained, str) else explained
        count = sum(map(rows_of, scans_in(whole["Plan"])))
        assert 0 < count <= most, (statistics, name, count, orjson.dumps(whole["Plan"]).decode())


def scans_in(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if node.get("Relation Name") in ("entry", "event", "tile"):
        yield node
    for inner in node.get("Plans", ()):
        yield from scans_in(inner)


def rows_of(scan: Mapping[str, Any]) -> float:
    """Return how many rows a scan read: what it found, and what it threw away."""
    thrown = sum(value for name, value in scan.items() if name.startswith("Rows Removed by"))
    return float((scan["Actual Rows"] + thrown) * scan["Actual Loops"])
