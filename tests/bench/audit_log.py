"""`make bench-audit`, `python -m tests.bench.audit_log`: the audit log in a PostgreSQL of its own, and what it proves.

Events of some 600 bytes lie ready as Kafka would give them; one writer appends them as the worker does, while
checkpoints are made beside it as there. It is held against two plain ways to insert the same rows into a table with the
same indexes, in as large batches, one transaction each: an INSERT from arrays, and a binary COPY, the fastest there is.
Both have their rows ready in memory: nothing is read or hashed, and nothing runs beside them. Before each, and before
each round of the writer, PostgreSQL writes down what it holds, so that nobody pays for what others left.

It is verified twice, by processes of its own: before PostgreSQL has statistics of what was followed, and with fresh
ones. Its vacuum has ended by then: what is wanted is wanted of two cores.
"""

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.layout import CHECKOUT, read_layout
from deploy.local.postgres import start_postgres
from deploy.local.report import say, step
from services.audit.domain.signer import Signer
from services.audit.handlers.log import append
from services.audit.handlers.project import follow_log
from services.audit.handlers.proofs import prove
from services.audit.signing import SIGN_PERIOD_S, Checkpointer
from services.audit.store.log import ENTRY_COLUMNS
from shared.clock import SystemClock
from shared.db.pool import Pool, open_pool
from shared.events.activity import TipRepeatedV1
from shared.events.envelope import Context, Event, encode
from shared.kafka.consume import Record
from shared.kafka.outbox import Outbox
from shared.kafka.worker import GC_THRESHOLDS
from shared.metrics import Metrics
from shared.service import OUTBOX_SHARDS
from tests.bench.audit_tessera import tessera_figures
from tests.bench.figures import Figure, percentile, print_table, write_json
from tests.builders import an_actor, new_id
from tests.servers import free_port, make_database_with
from tests.waiting import eventually

JSON_FILE = CHECKOUT / ".cache" / "bench-audit.json"
BATCH = 1_000
PARTITIONS = 4
ROUNDS = 3
PACED_BATCH, PACED_S = 50, 20
PROOFS = 500
TESSERA_ENTRIES_MAX = 200_000
RSS_POLL_S = 0.05
SELECT_SIGNED = """
SELECT COALESCE(sum(newest.size), 0) FROM (SELECT max(size) AS size FROM log_checkpoint GROUP BY head_id) AS newest"""
# While a log is followed PostgreSQL may have looked at its tables before or not: here it has not.
UNSEEN = "ALTER TABLE event SET (autovacuum_enabled = off)"
SELECT_VACUUMS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
VACUUM_TIMEOUT_S = 120.0
INSERT_PLAINLY = f"""
INSERT INTO plain ({", ".join(ENTRY_COLUMNS)})
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[], $5::uuid[],
    $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[])"""


def events(first: int, count: int) -> list[Record]:
    """Return invented records of four partitions, in offset order within each."""
    context = Context(an_actor(), new_id())
    records = []
    for number in range(first, first + count):
        event = Event(
            topic="intake.activity",
            event_id=UUID(int=(7 << 76) | (2 << 62) | number),
            occurred_at=SystemClock().now(),
            service="intake",
            context=context,
            subject_id=str(new_id()),
            subject_version=1,
            payload=TipRepeatedV1(tip_id=new_id(), tip_version=1, source="ncmec", source_ref=f"R-{number}"),
        )
        headers = (("producer", b"intake.0"), ("seq", str(number + 1).encode()), ("mac", b"ab" * 32))
        place, offset = number % PARTITIONS, number // PARTITIONS
        records.append(Record("intake.activity", place, offset, b"key", encode(event), headers, 1_772_359_200_000))
    return records


async def measure(superuser_url: str, entries: int) -> list[Figure]:
    """Return every figure; the log has so many entries at the end."""
    database = await make_database_with(superuser_url, "log", services=("audit",))
    pool = await open_pool(database.url("audit"), size=6, name="bench-audit")
    signer = Signer("cets.bench/audit", Ed25519PrivateKey.generate())
    checkpointer = Checkpointer(pool, signer, SystemClock(), Metrics())
    signing = asyncio.create_task(checkpointer.run())
    try:
        figures = await _fill(pool, entries, superuser_url)
        figures += await _delays(pool, entries)
        await checkpointer.work()
        figures += await _proofs(pool, entries)
        await _as_owner(superuser_url, UNSEEN)
        figures += await _follow(pool)
    finally:
        checkpointer.drain()
        await signing
        await pool.close()
    for statistics_are in ("without", "fresh"):
        if statistics_are == "fresh":
            await _as_owner(superuser_url, "ANALYZE")
        await _settle_server(superuser_url)
        figures += await asyncio.to_thread(_verify, database.superuser_url, f"statistics: {statistics_are}")
    return figures


async def _fill(pool: Pool, entries: int, superuser_url: str) -> list[Figure]:
    """Append in rounds; after each, insert what it appended into plain tables."""
    rates, of_insert, of_copy, size = [], [], [], 0
    part = entries // ROUNDS
    for number in range(ROUNDS):
        with step(f"Appending, round {number + 1} of {ROUNDS}"):
            records = events(number * part, part)
            size = len(records[0].value or b"")
            await _settle_server(superuser_url)
            _settle()
            started = time.monotonic()
            for first in range(0, part, BATCH):
                async with pool.acquire() as connection, connection.transaction():
                    await append(connection, records[first : first + BATCH])
            rates.append(part / (time.monotonic() - started))
        await eventually(lambda: _is_signed(pool))
        del records
        inserted, copied = await _insert_plainly(superuser_url, number * part, part)
        of_insert.append(100 * rates[-1] / inserted)
        of_copy.append(100 * rates[-1] / copied)
    return [
        Figure("appended, hashed and signed", statistics.median(rates), "/s", 20_000, note=f"events of {size} B"),
        Figure("of a plain INSERT of the same rows", statistics.median(of_insert), "%", 40, note="from unnest(…)"),
        Figure("of a plain COPY of the same rows", statistics.median(of_copy), "%", 40, note="binary"),
    ]


def _settle() -> None:
    """Look for circles among objects as seldom as a worker does, and not among the records of a round."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _as_owner(superuser_url: str, statement: str) -> Any:
    owner = await _connect(superuser_url)
    try:
        return await owner.fetchval(statement)
    finally:
        await owner.close()


async def _connect(superuser_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    url = superuser_url.rpartition("/")[0] + "/log"
    return await asyncpg.connect(url, server_settings={"search_path": "audit"})


async def _settle_server(superuser_url: str) -> None:
    """Wait until PostgreSQL cleans up nothing, and let it write down what it holds."""

    async def is_idle() -> bool:
        return not await _as_owner(superuser_url, SELECT_VACUUMS)

    await eventually(is_idle, timeout_s=VACUUM_TIMEOUT_S)
    await _as_owner(superuser_url, "CHECKPOINT")


async def _is_signed(pool: Pool) -> bool:
    return bool(await pool.fetchval(SELECT_SIGNED) == await pool.fetchval("SELECT sum(size) FROM head"))


async def _insert_plainly(superuser_url: str, first: int, count: int) -> tuple[float, float]:
    """Return how many rows a second an INSERT and a COPY take, of the rows that were appended last."""
    owner = await _connect(superuser_url)
    columns = ", ".join(ENTRY_COLUMNS)
    rows = [
        tuple(row)
        for row in await owner.fetch(
            f"SELECT {columns} FROM entry WHERE index >= $1 ORDER BY index", first // PARTITIONS
        )
    ]
    _settle()
    batches = [rows[at : at + BATCH] for at in range(0, count, BATCH)]
    arrays = [[list(column) for column in zip(*batch, strict=True)] for batch in batches]

    async def insert(number: int) -> None:
        await owner.execute(INSERT_PLAINLY, *arrays[number])

    async def copy(number: int) -> None:
        await owner.copy_records_to_table("plain", records=batches[number], columns=ENTRY_COLUMNS)

    rates = []
    for way in (insert, copy):
        await owner.execute("CREATE TABLE plain (LIKE entry INCLUDING ALL)")
        await _settle_server(superuser_url)
        started = time.monotonic()
        for number in range(len(batches)):
            async with owner.transaction():
                await way(number)
        rates.append(count / (time.monotonic() - started))
        await owner.execute("DROP TABLE plain")
    await owner.close()
    return rates[0], rates[1]


async def _delays(pool: Pool, entries: int) -> list[Figure]:
    """Return how long after its commit an entry is in a signed checkpoint, at a thousand entries a second."""
    appended: list[tuple[int, float]] = []
    records = events(entries, PACED_BATCH * PACED_S * 20)
    done = asyncio.Event()
    delays: list[float] = []

    async def watch() -> None:
        waiting = 0
        while not (done.is_set() and waiting == len(appended)):
            signed = await pool.fetchval(SELECT_SIGNED)
            now = time.monotonic()
            while waiting < len(appended) and appended[waiting][0] <= signed:
                delays.append(now - appended[waiting][1])
                waiting += 1
            await asyncio.sleep(0.01)

    with step("Appending 1,000 a second"):
        total = await pool.fetchval("SELECT sum(size) FROM head")
        watching = asyncio.create_task(watch())
        started = time.monotonic()
        for number, first in enumerate(range(0, len(records), PACED_BATCH)):
            await asyncio.sleep(max(0.0, started + number / 20 - time.monotonic()))
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, records[first : first + PACED_BATCH])
            appended.append((total + first + PACED_BATCH, time.monotonic()))
        done.set()
        await watching
    note = f"{len(delays)} batches; signed every {SIGN_PERIOD_S} s"
    return [
        Figure("appended to signed, p50", percentile(delays, 0.5), "s"),
        Figure("appended to signed, p99", percentile(delays, 0.99), "s", 1.5, is_limit=True, note=note),
    ]


async def _proofs(pool: Pool, entries: int) -> list[Figure]:
    chance, times_s = Random(1), []
    async with pool.acquire() as connection:
        for number in chance.sample(range(entries), PROOFS):
            started = time.perf_counter()
            await prove(connection, UUID(int=(7 << 76) | (2 << 62) | number))
            times_s.append(time.perf_counter() - started)
    return [
        Figure("proof of one entry, p50", 1_000 * percentile(times_s, 0.5), "ms"),
        Figure(
            "proof of one entry, p99", 1_000 * percentile(times_s, 0.99), "ms", 5, is_limit=True, note=f"{entries:,}"
        ),
    ]


async def _follow(pool: Pool) -> list[Figure]:
    """Follow the log to its end, as the worker does behind it; verify compares what is filled in with the entries."""
    outbox, count, started = Outbox(shards=OUTBOX_SHARDS), 0, time.monotonic()
    with step("Following"):
        while True:
            async with pool.acquire() as connection, connection.transaction():
                done = await follow_log(connection, keys={}, followers=(), outbox=outbox, clock=SystemClock())
            if not done.entry_count:
                break
            count += done.entry_count
    return [Figure("followed, without keys and sensors", count / (time.monotonic() - started), "/s")]


def _verify(url: str, note: str) -> list[Figure]:
    """Run the verifier as a process; return how fast it was, and the most memory it held."""
    with step("Verifying"):
        started = time.monotonic()
        words = [sys.executable, "-m", "services.audit.verifier", "--database", url]
        verifier = subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        process, rss = psutil.Process(verifier.pid), 0
        while verifier.poll() is None:
            children = process.children(recursive=True)
            rss = max(rss, sum(each.memory_info().rss for each in (process, *children)))
            time.sleep(RSS_POLL_S)
        seconds = time.monotonic() - started
        said = verifier.communicate()[0]
        if verifier.returncode:
            raise RuntimeError(f"the log does not verify: {said}")
    count = int(said.split()[1].replace(",", ""))
    return [
        Figure("verified", count / seconds, "rows/s", 150_000, note=f"{count:,} in {seconds:.1f} s; {note}"),
        Figure("verifier, most memory", rss / 1e6, "MB", 200, is_limit=True),
    ]


def figures_of(entries: int) -> Sequence[Figure]:
    """Run a PostgreSQL of its own and measure on it."""
    with tempfile.TemporaryDirectory(prefix="cets-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder), free_port(), cache=read_layout().cache)
        try:
            return asyncio.run(measure(server.url, entries))
        finally:
            server.stop()


def main() -> int:
    """Run the bench; return 0, whatever the figures say."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.audit_log",
        description="Append events to an audit log with hashing and checkpoints, prove entries, verify it, and print "
        "the figures beside their targets. A million take some minutes; nothing else should run on the machine.",
    )
    parser.add_argument("--entries", type=int, default=1_000_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args()
    started = time.monotonic()
    figures = figures_of(options.entries - options.entries % (ROUNDS * PARTITIONS))
    figures = [*figures, *tessera_figures(min(options.entries, TESSERA_ENTRIES_MAX))]
    print_table(figures)
    about = {
        "date": date.today().isoformat(),  # noqa: DTZ011
        "seconds": round(time.monotonic() - started, 1),
        "entries": options.entries,
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }
    write_json(options.json, figures, about)
    say(f"{about['seconds']} s in all; the figures are in {options.json}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
