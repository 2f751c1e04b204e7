"""`make bench-lookup`, `python -m tests.bench.lookup`: build the register, ask for its people, print the tables."""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import psutil

from deploy.local.layout import CHECKOUT
from deploy.local.report import say, step
from tests.bench.figures import Figure, percentile, percentiles, print_table, write_json
from tests.bench.http import connected
from tests.bench.lookup import trigram
from tests.bench.lookup.damage import BIRTH_DATES, KINDS
from tests.bench.lookup.febrl import measure_febrl
from tests.bench.lookup.load import measure_findable, measure_under_load
from tests.bench.lookup.others import fetch_others
from tests.bench.lookup.population import Person, people
from tests.bench.lookup.register import Asked, Clerk, Register, connect_store, settled, sizes_mb
from tests.bench.lookup.variants import TARGETS, Variant, figure_of, measure_variants, read_sets, records_of
from tests.fault.stack import Stack, running_stack

SEED = 20_261_126
JSON_FILE = CHECKOUT / ".cache" / "bench-lookup.json"
WARM_UP = 150
BATCH = 300
BATCH_ROUNDS = 3
GIST_QUERIES = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked."""

    subjects: int
    per_kind: int
    is_quick: bool


async def measure(stack: Stack, size: Size, options: argparse.Namespace, misses: list[str]) -> list[Figure]:
    """Return every figure, in the order in which it was measured; add to `misses` who was not found."""
    store = await connect_store(stack)
    register, figures = Register(), list[Figure]()
    with step(f"Loading {size.subjects:,} subjects"):
        rate = await register.load(store, people(size.subjects, options.seed), size.subjects)
        await settled(store)
    figures.append(Figure("subjects loaded", rate, "/s", note=f"{size.subjects:,}"))
    figures += await _sizes(store)
    with step("Choosing whom to ask for"):
        questions = _questions(size, options.seed)
    async with _clerk(stack) as clerk:
        with step("Warming up"):
            for asked in _mixed(questions, with_birth_date=False)[:WARM_UP]:
                await clerk.ask(asked.fields)
        for title, with_birth_date, mean_min in (("name only", False, 0.96), ("with birth date", True, 0.98)):
            with step(f"Asking, {title}"):
                figures += await _quality(
                    clerk, register, questions, title, mean_min, misses, with_birth_date=with_birth_date
                )
        with step("Asking with birth dates that are not the recorded ones"):
            figures += await _other_birth_dates(clerk, register, questions["one typo"], options.seed)
        with step("Exact e-mail addresses"):
            figures += await _emails(clerk, size, options.seed)
        with step(f"{BATCH} travellers together"):
            figures += await _batches(clerk, _mixed(questions, with_birth_date=True))
    with step("Names that people wrote in other ways"):
        figures += await measure_variants(stack, store, options.variants, misses)
    with step("pg_trgm on the same names"):
        figures += await _trigrams(
            store, register, questions, figures, read_sets(options.variants), is_quick=size.is_quick
        )
    figures += _memory(stack)
    with step("20 look-ups a second while 500 tips a second come in"):
        figures += await measure_under_load(stack, [q.fields for q in _mixed(questions, with_birth_date=True)])
    with step("How soon a new tip is found"):
        figures += await measure_findable(stack, seconds=10 if size.is_quick else 40)
    with step("FEBRL"):
        figures += measure_febrl(options.febrl)
    await store.close()
    return figures


@asynccontextmanager
async def _clerk(stack: Stack) -> AsyncIterator[Clerk]:
    async with connected(stack.addresses["query"], count=1) as connections:
        yield Clerk(connections, stack)


def _questions(size: Size, seed: int) -> Mapping[str, Sequence[tuple[Person, str]]]:
    """Return for each kind of damage the people asked for, and their names as asked."""
    chance = Random(seed + 1)
    numbers = set(chance.sample(range(size.subjects), min(size.subjects, size.per_kind * 150)))
    chosen = [person for person in people(size.subjects, seed) if person.number in numbers]
    questions: dict[str, Sequence[tuple[Person, str]]] = {}
    for kind, damage in KINDS.items():
        chance.shuffle(chosen)
        written = ((person, damage(person, chance)) for person in chosen)
        questions[kind] = [(person, name) for person, name in written if name][: size.per_kind]
    return questions


def _asked(person: Person, name: str, *, with_birth_date: bool) -> Asked:
    return Asked(person, {"name": name, **({"birth_date": person.born} if with_birth_date and person.born else {})})


def _mixed(questions: Mapping[str, Sequence[tuple[Person, str]]], *, with_birth_date: bool) -> list[Asked]:
    mixed = [_asked(*each, with_birth_date=with_birth_date) for of_kind in questions.values() for each in of_kind]
    Random(1).shuffle(mixed)
    return mixed


async def _quality(
    clerk: Clerk,
    register: Register,
    questions: Mapping[str, Sequence[tuple[Person, str]]],
    title: str,
    mean_min: float,
    misses: list[str],
    *,
    with_birth_date: bool,
) -> list[Figure]:
    shares, first_shares, times_s = {}, [], []
    for kind, of_kind in questions.items():
        asked = [_asked(*each, with_birth_date=with_birth_date) for each in of_kind]
        asked = [each for each in asked if not with_birth_date or "birth_date" in each.fields]
        hits = first_hits = 0
        for each in asked:
            answer, seconds = await clerk.ask(each.fields)
            times_s.append(seconds)
            found = [match["record_id"] for match in answer["matches"]]
            first_hits += register.is_hit(each.person, found[:1])
            if register.is_hit(each.person, found):
                hits += 1
            else:
                misses.append(f"{kind}, {title}: {each.fields['name']} <- {' / '.join(each.person.names)}")
        shares[kind] = hits / len(asked)
        first_shares.append(first_hits / len(asked))
    figures = [
        Figure(f"recall@10 {title}: {kind}", share, "", 0.75, note=f"{len(questions[kind])} asked")
        for kind, share in shares.items()
    ]
    figures.append(Figure(f"recall@10 {title}: mean", statistics.mean(shares.values()), "", mean_min))
    figures.append(Figure(f"recall@1 {title}: mean", statistics.mean(first_shares), ""))
    p50 = percentile(times_s, 0.5) * 1_000
    figures.append(Figure(f"single look-up {title}, p50", p50, "ms", 10, is_limit=True, note="over HTTP"))
    p99 = percentile(times_s, 0.99) * 1_000
    figures.append(Figure(f"single look-up {title}, p99", p99, "ms", 30, is_limit=True, note=f"{len(times_s)} asked"))
    return figures


async def _other_birth_dates(
    clerk: Clerk, register: Register, asked: Sequence[tuple[Person, str]], seed: int
) -> list[Figure]:
    """Return recall@10 of names with a typo when the birth date given is another one than that on record."""
    figures, chance = [], Random(seed + 2)
    for kind, damage in BIRTH_DATES.items():
        hits = []
        for person, name in asked:
            if born := damage(person, chance):
                answer, _ = await clerk.ask({"name": name, "birth_date": born})
                hits.append(register.is_hit(person, [match["record_id"] for match in answer["matches"]]))
        figures.append(Figure(f"recall@10 one typo, birth date {kind}", statistics.mean(hits), "", note=f"{len(hits)}"))
    return figures


async def _emails(clerk: Clerk, size: Size, seed: int) -> list[Figure]:
    held = [person.email for person in people(min(size.subjects, 20_000), seed) if person.email][:500]
    times_s = []
    for email in held:
        answer, seconds = await clerk.ask({"emails": [email]})
        if [match["grade"] for match in answer["matches"]] != ["confirmed"]:
            raise RuntimeError(f"{email} was not found")
        times_s.append(seconds)
    return percentiles("exact e-mail", [times_s], p99_max_ms=10, note="over HTTP")


async def _batches(clerk: Clerk, asked: Sequence[Asked]) -> list[Figure]:
    times_s = []
    for number in range(BATCH_ROUNDS):
        part = [asked[(number * BATCH + place) % len(asked)] for place in range(BATCH)]
        travellers = [{"traveller_ref": str(place), **each.fields} for place, each in enumerate(part)]
        _, seconds = await clerk.ask({"travellers": travellers}, "/v1/lookups/batch")
        times_s.append(seconds)
    note = f"median of {BATCH_ROUNDS}, over HTTP, each with its record and event"
    return [Figure(f"{BATCH} travellers", statistics.median(times_s), "s", 1.5, is_limit=True, note=note)]


async def _trigrams(
    store: asyncpg.Connection,
    register: Register,
    questions: Mapping[str, Sequence[tuple[Person, str]]],
    ours: Sequence[Figure],
    sets: Mapping[str, Sequence[Variant]],
    *,
    is_quick: bool,
) -> list[Figure]:
    today = datetime.now(UTC).date()
    built_s = await trigram.build(store, trigram.INDEX_GIN)
    figures = [Figure("pg_trgm GIN: built", built_s, "s", note=await _size_of(store, "trigram"))]
    shares, times_s = [], []
    for of_kind in questions.values():
        hits = 0
        for each in of_kind:
            found, seconds = await trigram.ask(store, trigram.FIND_GIN, {"name": each[1]}, today=today)
            times_s.append(seconds)
            hits += register.is_hit(each[0], found)
        shares.append(hits / len(of_kind))
    mixed = [each.fields for each in _mixed(questions, with_birth_date=True)]
    batch_s = await trigram.ask_all(store, trigram.FIND_GIN, mixed[:BATCH], today=today) * BATCH / len(mixed[:BATCH])
    measured = {figure.name: figure.measured for figure in ours}
    p50, p99 = (percentile(times_s, share) * 1_000 for share in (0.5, 0.99))
    figures += [
        Figure("pg_trgm GIN: recall@10 name only, mean", statistics.mean(shares), "", note="graded by the same rules"),
        Figure("pg_trgm GIN: single look-up, p50", p50, "ms", note="without HTTP, record or event"),
        Figure("pg_trgm GIN: single look-up, p99", p99, "ms"),
        Figure(f"pg_trgm GIN: {BATCH} travellers", batch_s, "s"),
        Figure("faster than pg_trgm at p99", p99 / measured["single look-up name only, p99"], "times", 5),
        Figure(f"faster than pg_trgm for {BATCH} travellers", batch_s / measured[f"{BATCH} travellers"], "times", 8),
    ]
    for name, variants in sets.items():
        records, is_hit = records_of(name, variants), dict[Variant, bool]()
        for variant in variants:
            found, _ = await trigram.ask(store, trigram.FIND_GIN, {"name": variant.asked}, today=today)
            is_hit[variant] = str(UUID(int=records[variant.recorded])) in found
        figures.append(figure_of(f"pg_trgm GIN: recall@10 of real variants: {name}", is_hit))
    if not is_quick:
        await trigram.build(store, trigram.INDEX_GIST)
        nearest = [(await trigram.ask(store, trigram.FIND_GIST, each, today=today))[1] for each in mixed[:GIST_QUERIES]]
        note = f"nearest {trigram.CANDIDATES_MAX}, {GIST_QUERIES} asked"
        figures.append(Figure("pg_trgm GiST: single look-up, p50", percentile(nearest, 0.5) * 1_000, "ms", note=note))
    await store.execute("DROP SCHEMA trigram CASCADE")
    return figures


async def _sizes(store: asyncpg.Connection) -> list[Figure]:
    sizes = list(await sizes_mb(store, "query"))
    largest = ", ".join(f"{name} {size:,.0f}" for name, size in sizes[:6])
    return [Figure("subject index", sum(size for _, size in sizes), "MB", 1_500, is_limit=True, note=largest)]


async def _size_of(store: asyncpg.Connection, schema: str) -> str:
    return ", ".join(f"{name} {size:,.0f} MB" for name, size in await sizes_mb(store, schema))


def _memory(stack: Stack) -> list[Figure]:
    process = stack.find("query-http")
    if process is None:
        raise RuntimeError("query-http does not run at the end of the bench")
    return [Figure("RSS query-http", process.memory_info().rss / 1e6, "MB", 400, is_limit=True)]


def main() -> int:
    """Run the bench; return 0, whatever the figures say, but 3 when a table is missing for want of its data."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.lookup",
        description="Build a register of invented people in the product's index, ask for them in thirteen ways, and "
        "print recall, times and sizes beside their targets and beside pg_trgm. A million take a quarter of an hour; "
        "nothing else should run on the machine.",
    )
    parser.add_argument("--subjects", type=int, default=1_000_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="20,000 subjects: to try the bench, not to quote")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N")
    parser.add_argument("--febrl", type=Path, metavar="FOLDER", help="instead of the package's: dataset3.csv, 4a, 4b")
    parser.add_argument(
        "--variants",
        type=Path,
        nargs="*",
        default=[],
        metavar="FOLDER",
        help="name variants that no package holds, as SET.csv of the columns recorded,asked: " + ", ".join(TARGETS),
    )
    parser.add_argument(
        "--misses", type=Path, metavar="FILE", help="write there who was not found, but for those held out"
    )
    parser.add_argument("--json", type=Path, default=JSON_FILE, metavar="FILE", help="default: %(default)s")
    options = parser.parse_args()
    size = Size(20_000 if options.quick else options.subjects, 20 if options.quick else 60, options.quick)
    if others := fetch_others():
        options.febrl = options.febrl or others.febrl
        options.variants.append(others.variants)
    started, misses = time.monotonic(), list[str]()
    with (
        tempfile.TemporaryDirectory(prefix="cets-bench-", ignore_cleanup_errors=True) as folder,
        running_stack(Path(folder) / "home") as stack,
    ):
        figures = asyncio.run(measure(stack, size, options, misses))
    print_table(figures)
    about = {
        "date": date.today().isoformat(),  # noqa: DTZ011
        "seconds": round(time.monotonic() - started, 1),
        "is_quick": size.is_quick,
        "subjects": size.subjects,
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }
    write_json(options.json, figures, about)
    say(f"{about['seconds']} s in all; the figures are in {options.json}")
    if options.misses:
        options.misses.write_text("".join(f"{miss}\n" for miss in misses), encoding="utf-8")
    missing = [name for name in TARGETS if not any((folder / f"{name}.csv").is_file() for folder in options.variants)]
    missing += [] if options.febrl else ["FEBRL"]
    if missing:
        say(f"Not measured, since these data of other people are not here: {', '.join(missing)}. See --help.")
    return 3 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
