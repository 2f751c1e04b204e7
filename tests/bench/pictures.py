"""`make bench-pictures`, `python -m tests.bench.pictures`: the index of near-duplicate pictures at its full size.

What is measured is what the linker's two stages do, Python's part included, on a PostgreSQL of its own with the local
stack's settings, whose commits reach the disk. Two sets: `even`, all bits by chance, and `skewed`, of which 56 % share
a whole diagonal of the 16 x 16 grid of bits, as pictures of shades may.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from deploy.local.layout import CHECKOUT, read_layout
from deploy.local.postgres import start_postgres
from deploy.local.report import say, step
from deploy.postgres.provision import create_database, provision
from services.linker.app import PictureFinder
from services.linker.domain.known_hashes import KnownHashes
from services.linker.domain.pdq import BITS, DISTANCE_MAX, Picture, distance
from services.linker.domain.rules import RULES
from services.linker.handlers.turn import Desk
from services.linker.store.graph import lock_graph
from services.linker.store.pictures import find_near, read_hashes, replace_pictures
from shared.clock import SystemClock
from shared.db.migrate import migrate
from shared.db.pool import Pool, connect, open_pool
from shared.kafka.outbox import Outbox
from shared.logging import configure_logging
from shared.metrics import Metrics
from tests.bench.figures import Figure, percentile, print_table, write_json
from tests.servers import ROLES, Database, free_port

SEED = 20_261_125
HASHES = 1_000_000
FILL_BATCH = 5_000
BATCH, BATCHES = 100, 100
SEARCHES = 2_000
BRUTE_FORCED = 40
SKEWED_SHARE = 0.56
CROWD_MIN = 81
DIAGONALS = [[1 << 16 * row + (number + row) % 16 for row in range(16)] for number in range(16)]
"""The bits of a hash, cut into 16 parts, as masks."""
JSON_FILE = CHECKOUT / ".cache" / "bench-pictures.json"


@dataclass(frozen=True, slots=True)
class Search:
    """A hash to look for, and the stored one it is a copy of, if any. `is_even`: its flips spread over all parts."""

    pdq: int
    original: int | None
    is_even: bool = False


def draw_hashes(rng: Random, count: int, *, skewed_share: float) -> Iterator[int]:
    """Yield hashes, that share of them with the same first diagonal."""
    shared = sum(DIAGONALS[0])
    for _ in range(count):
        pdq = rng.getrandbits(BITS)
        yield pdq | shared if rng.random() < skewed_share else pdq


def flip_evenly(rng: Random, pdq: int) -> int:
    """Return the hash with 31 bits flipped, two of each part but one: what an index by parts finds least easily."""
    lucky = rng.randrange(len(DIAGONALS))
    for number, masks in enumerate(DIAGONALS):
        for mask in rng.sample(masks, 1 if number == lucky else 2):
            pdq ^= mask
    return pdq


def flip(rng: Random, pdq: int, count: int) -> int:
    """Return the hash with so many bits flipped by chance."""
    for bit in rng.sample(range(BITS), count):
        pdq ^= 1 << bit
    return pdq


def draw_searches(rng: Random, hashes: Sequence[int], count: int, *, skewed_share: float) -> list[Search]:
    """Return a quarter each: copies at any distance, at 31, at 31 evenly spread; and hashes near nothing."""
    strangers = draw_hashes(rng, count, skewed_share=skewed_share)
    searches = []
    for number in range(count):
        pdq = hashes[rng.randrange(len(hashes))]
        match number % 4:
            case 0:
                searches.append(Search(flip(rng, pdq, rng.randint(1, DISTANCE_MAX)), pdq))
            case 1:
                searches.append(Search(flip(rng, pdq, DISTANCE_MAX), pdq))
            case 2:
                searches.append(Search(flip_evenly(rng, pdq), pdq, is_even=True))
            case _:
                searches.append(Search(next(strangers), None))
    return searches


async def measure_set(database: Database, name: str, count: int, *, skewed_share: float) -> list[Figure]:
    """Fill an empty database, then return how fast more goes in, and how fast and how completely is found."""
    rng = Random(SEED)
    pool = await open_pool(database.url("linker"), size=1, name="bench-pictures")
    try:
        with step(f"{name}: {count:,} hashes"):
            hashes = list(draw_hashes(rng, count, skewed_share=skewed_share))
            started = time.monotonic()
            for at in range(0, count, FILL_BATCH):
                await _add(pool, hashes, at, at + FILL_BATCH)
            filling_s = time.monotonic() - started
        with step(f"{name}: vacuum, as autovacuum would"):
            await _vacuum(database)
        with step(f"{name}: {BATCHES} batches of {BATCH}"):
            hashes += draw_hashes(rng, BATCH * BATCHES, skewed_share=skewed_share)
            batches_s = []
            for at in range(count, len(hashes), BATCH):
                started = time.monotonic()
                await _add(pool, hashes, at, at + BATCH)
                batches_s.append(time.monotonic() - started)
        with step(f"{name}: {BATCHES} batches of {BATCH}, both stages"):
            both_s, cpu_s = await _measure_both_stages(database, pool, hashes, rng, skewed_share=skewed_share)
        searches = draw_searches(rng, hashes, SEARCHES, skewed_share=skewed_share)
        with step(f"{name}: {SEARCHES:,} searches"):
            searched = await _search_figures(pool, name, hashes, searches)
        return [
            Figure(f"{name}: filled", count / filling_s, "hashes/s", note=f"batches of {FILL_BATCH:,}, from empty"),
            Figure(f"{name}: added", BATCH / percentile(batches_s, 0.5), "hashes/s", 300, note="median batch of 100"),
            Figure(
                f"{name}: added, all", BATCH * BATCHES / sum(batches_s), "hashes/s", 300, note="the whole 100 batches"
            ),
            Figure(
                f"{name}: both stages",
                BATCH * BATCHES / both_s,
                "hashes/s",
                300,
                note="added and looked at, one worker",
            ),
            Figure(
                f"{name}: both stages, CPU", cpu_s * 1000 / (BATCH * BATCHES), "ms", note="a hash, PostgreSQL's not"
            ),
            *searched,
            Figure(f"{name}: size", await _size_mb(database), "MB", note="picture, pdq, and their indexes"),
        ]
    finally:
        await pool.close()


async def _measure_both_stages(
    database: Database, pool: Pool, hashes: list[int], rng: Random, *, skewed_share: float
) -> tuple[float, float]:
    """Return what it takes to add batches and look at each, in seconds and in those of this process's CPU.

    A tenth of the new hashes are copies of stored ones. Those stored before count as looked at.
    """
    owner = await connect(database.owner_url("linker"), name="bench-look")
    await owner.execute("TRUNCATE picture_waiting")
    await owner.close()
    finder = PictureFinder(pool, Desk(SystemClock(), Outbox(shards=1), RULES), Metrics())
    async with pool.acquire() as connection:
        await read_hashes(connection, finder.known)
    new = list(draw_hashes(rng, BATCH * BATCHES, skewed_share=skewed_share))
    new[::10] = [flip(rng, hashes[rng.randrange(len(hashes))], rng.randint(1, DISTANCE_MAX)) for _ in new[::10]]
    started, cpu_started = time.monotonic(), time.process_time()
    for _ in range(BATCHES):
        at = len(hashes)
        hashes += new[:BATCH]
        del new[:BATCH]
        await _add(pool, hashes, at, at + BATCH)
        while await finder.look_at_some():
            pass
    return time.monotonic() - started, time.process_time() - cpu_started


async def _search_figures(pool: Pool, name: str, hashes: list[int], searches: list[Search]) -> list[Figure]:
    found: list[set[int]] = []
    times_s = []
    known = KnownHashes()
    started = time.monotonic()
    async with pool.acquire() as connection:
        await read_hashes(connection, known)
    reading_s = time.monotonic() - started
    for search in searches:
        started = time.monotonic()
        found += await _find(pool, known, [search])
        times_s.append(time.monotonic() - started)
    copies = [(search, near) for search, near in zip(searches, found, strict=True) if search.original is not None]
    evens = [(search, near) for search, near in copies if search.is_even]
    started = time.monotonic()
    together = await _find(pool, known, searches[:BATCH])
    batch_s = time.monotonic() - started
    truths = [_near_by_force(hashes, search.pdq) for search in searches[:BRUTE_FORCED]]
    exact = sum(truth == near for truth, near in zip(truths, found, strict=False)) / BRUTE_FORCED
    return [
        Figure(f"{name}: read at start", reading_s, "s", note="all hashes, into memory"),
        Figure(f"{name}: search, p50", percentile(times_s, 0.5) * 1000, "ms", note="one picture a call, all of it"),
        Figure(f"{name}: search, p99", percentile(times_s, 0.99) * 1000, "ms", 30, is_limit=True),
        Figure(f"{name}: search, slowest", max(times_s) * 1000, "ms"),
        Figure(f"{name}: search in a batch", batch_s * 1000 / BATCH, "ms", note=f"each of {BATCH} in one call"),
        Figure(f"{name}: batch as one by one", 100 * (together == found[:BATCH]), "%", 100),
        Figure(f"{name}: recall", _recall(copies), "%", 100, note=f"{len(copies):,} copies up to distance 31"),
        Figure(f"{name}: recall, even 31", _recall(evens), "%", 100, note=f"{len(evens)} with flips evenly spread"),
        Figure(f"{name}: as by brute force", 100 * exact, "%", 100, note=f"{BRUTE_FORCED} whole answers compared"),
    ]


def _recall(copies: Sequence[tuple[Search, set[int]]]) -> float:
    return 100 * sum(search.original in found for search, found in copies) / len(copies)


def _near_by_force(hashes: Sequence[int], pdq: int) -> set[int]:
    return {other for other in hashes if other != pdq and distance(pdq, other) <= DISTANCE_MAX}


async def _add(pool: Pool, hashes: Sequence[int], first: int, end: int) -> None:
    """Store hashes as pictures of a tip each, in a transaction of their own."""
    pictures = [Picture(_tip_id(number), 1, hashes[number]) for number in range(first, min(end, len(hashes)))]
    async with pool.acquire() as connection, connection.transaction():
        await lock_graph(connection)
        await replace_pictures(connection, [picture.tip_id for picture in pictures], pictures)


async def _find(pool: Pool, known: KnownHashes, searches: Sequence[Search]) -> list[set[int]]:
    """Return for each search the hashes that were found, in one call."""
    found: dict[int, set[int]] = {search.pdq: set() for search in searches}
    async with pool.acquire() as connection, connection.transaction():
        for near in await find_near(connection, known, list(found), crowd_min=CROWD_MIN):
            found[near.pdq].add(near.other)
    return [found[search.pdq] for search in searches]


def _tip_id(number: int) -> UUID:
    return UUID(int=number)


async def _vacuum(database: Database) -> None:
    connection = await connect(database.owner_url("linker"), name="bench-vacuum")
    try:
        await connection.execute("VACUUM (ANALYZE) pdq", timeout=600)
        await connection.execute("VACUUM (ANALYZE) picture", timeout=600)
    finally:
        await connection.close()


async def _size_mb(database: Database) -> float:
    connection = await connect(database.owner_url("linker"), name="bench-size")
    try:
        size = await connection.fetchval("SELECT pg_total_relation_size('pdq') + pg_total_relation_size('picture')")
        return float(size) / 1e6
    finally:
        await connection.close()


async def measure(superuser_url: str, count: int, sets: Sequence[str]) -> list[Figure]:
    """Return the figures of the sets, each in a database of its own."""
    figures: list[Figure] = []
    for name in sets:
        await create_database(superuser_url, f"pictures_{name}")
        database = Database(urlunsplit(urlsplit(superuser_url)._replace(path=f"/pictures_{name}")))
        await provision(database.superuser_url, ROLES)
        await migrate(database.owner_url("linker"), "linker", CHECKOUT / "services" / "linker" / "migrations")
        figures += await measure_set(database, name, count, skewed_share=SETS[name])
    return figures


SETS = {"even": 0.0, "skewed": SKEWED_SHARE}


def main() -> int:
    """Run the bench; return 0, whatever the figures say."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pictures", description=__doc__)
    parser.add_argument("--hashes", type=int, default=HASHES, metavar="NUMBER", help="default: %(default)s")
    parser.add_argument("--set", choices=SETS, action="append", help="default: both")
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args()
    configure_logging("bench", "pictures", "ERROR")
    started_at = datetime.now(UTC)
    about = {"started_at": started_at.isoformat(), "cores": os.cpu_count(), "load_before": os.getloadavg()}
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start: above 0.5, others slow this down")
    with tempfile.TemporaryDirectory(prefix="cets-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder) / "home", free_port(), cache=read_layout().cache)
        try:
            figures = asyncio.run(measure(server.url, options.hashes, options.set or list(SETS)))
        finally:
            server.stop()
    print_table(figures)
    say(f"Load {os.getloadavg()[0]:.1f} at the end")
    write_json(options.json, figures, {**about, "load_after": os.getloadavg(), "hashes": options.hashes})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
