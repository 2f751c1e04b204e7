"""Name variants that people really wrote: a spelling on record, found by another spelling of the same person.

They are other people's data, and come from folders: files `<set>.csv` of two columns, `recorded,asked`, one spelling a
line. The recorded names go on record beside the register's, so that they must be found among those.

Whoever improves the product may read the misses of one half of each set (`--misses`). The other half is held out: its
misses are not told, and its figure is the one to believe.
"""

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Variant:
    """A spelling on record, and how else the same person's name was written."""

    recorded: str
    asked: str

    @property
    def is_held_out(self) -> bool:
        """Whether its miss is nobody's to read; the same for all spellings of one record."""
        return zlib.crc32(self.recorded.encode()) % 2 == 1


async def measure_variants(
    stack: Stack, store: asyncpg.Connection, folders: Sequence[Path], misses: list[str]
) -> list[Figure]:
    """Return recall@10 of each set in the folders; add what is missed to `misses`, but for the held-out half."""
    figures = []
    async with connected(stack.addresses["query"], count=1) as connections:
        clerk = Clerk(connections, stack)
        for name, variants in read_sets(folders).items():
            records = records_of(name, variants)
            async with store.transaction():
                subjects = [_subject(record, recorded) for recorded, record in records.items()]
                await projection.add_records(store, [subject for subject in subjects if subject.names])
            is_hit = {}
            for variant in variants:
                # What is no name to the product (422), as "Mus?ab", finds nobody.
                answer, _ = await clerk.ask({"name": variant.asked}, good=[200, 422])
                found = [match["record_id"] for match in answer.get("matches", ())]
                is_hit[variant] = str(UUID(int=records[variant.recorded])) in found
            misses += [f"{name}: {v.asked} <- {v.recorded}" for v in variants if not is_hit[v] and not v.is_held_out]
            figures.append(figure_of(f"recall@10 of real variants: {name}", is_hit, TARGETS.get(name)))
    return figures


def read_sets(folders: Sequence[Path]) -> dict[str, Sequence[Variant]]:
    """Return the sets of the folders by name."""
    files = sorted(file for folder in folders for file in folder.glob("*.csv"))
    return {file.stem: list(read_variants(file)) for file in files}


def records_of(name: str, variants: Sequence[Variant]) -> dict[str, int]:
    """Return the number of each record of a set, by the name recorded.

    Several spellings of one person are one record, or those who have many would crowd each other out.
    """
    first = _RECORDS + (zlib.crc32(name.encode()) << 32)
    return {recorded: first + place for place, recorded in enumerate(dict.fromkeys(v.recorded for v in variants))}


def read_variants(file: Path) -> Iterator[Variant]:
    """Yield the lines of a set."""
    with file.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Variant(row["recorded"], row["asked"])


def figure_of(title: str, is_hit: dict[Variant, bool], target: float | None = None) -> Figure:
    """Return recall of a set, its two halves in the note."""
    read, held_out = ([hit for variant, hit in is_hit.items() if variant.is_held_out == half] for half in (False, True))
    note = (
        f"half that may be read {_share(read):.3f} of {len(read)}, held out {_share(held_out):.3f} of {len(held_out)}"
    )
    return Figure(title, _share([*read, *held_out]), "", target, note=note)


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / max(len(hits), 1)


def _subject(number: int, name: str) -> Subject:
    readings = readings_of(name)
    names = (Name(name, readings),) if readings else ()
    return Subject(UUID(int=number), UUID(int=number + (1 << 112)), None, names, None, ())
