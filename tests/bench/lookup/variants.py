"""Name variants that people really wrote: a spelling on record, found by another spelling of the same person.

They are other people's data, and come from a folder: files `<set>.csv` of two columns, `recorded,asked`, one person a
line. The recorded names go on record beside the register's, so that they must be found among those.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg

from services.query.domain.subject import Subject
from services.query.domain.words import Name, readings_of
from services.query.store import projection
from tests.bench.figures import Figure
from tests.bench.http import connected
from tests.bench.lookup.register import Clerk
from tests.fault.stack import Stack

TARGETS = {"un-list": 0.98, "hand-labelled": 0.95, "latin-arabic": 0.60}
_RECORDS = 1 << 110


async def measure_variants(stack: Stack, store: asyncpg.Connection, folder: Path | None) -> list[Figure]:
    """Return recall@10 of each set in the folder; [] without one."""
    if folder is None:
        return []
    figures, number = [], _RECORDS
    for file in _files(folder):
        with file.open(newline="", encoding="utf-8") as lines:
            pairs = [(row["recorded"], row["asked"]) for row in csv.DictReader(lines)]
        first, number = number, number + len(pairs)
        subjects = [_subject(first + place, recorded) for place, (recorded, _) in enumerate(pairs)]
        async with store.transaction():
            await projection.add_records(store, [subject for subject in subjects if subject.names])
        figures.append(await _recall(stack, file.stem, pairs, first))
    return figures


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv"))


async def _recall(stack: Stack, name: str, pairs: Sequence[tuple[str, str]], first: int) -> Figure:
    hits = 0
    async with connected(stack.addresses["query"], count=1) as connections:
        clerk = Clerk(connections, stack)
        for place, (_, asked) in enumerate(pairs):
            answer, _ = await clerk.ask({"name": asked})
            hits += str(UUID(int=first + place)) in [match["record_id"] for match in answer["matches"]]
    note = f"{len(pairs)} asked"
    return Figure(f"recall@10 of real variants: {name}", hits / len(pairs), "", TARGETS.get(name), note=note)


def _subject(number: int, name: str) -> Subject:
    readings = readings_of(name)
    names = (Name(name, readings),) if readings else ()
    return Subject(UUID(int=number), UUID(int=number + (1 << 112)), None, names, None, ())
