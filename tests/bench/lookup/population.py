"""The invented people of a register, the same for the same seed, made one by one."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate, product
from random import Random

from tests.bench.lookup.culture import Culture
from tests.bench.lookup.cultures import CULTURES

BORN_FIRST, BORN_DAYS = date(1935, 1, 1), 28_000
LETTER_CHARS_MAX = 6
"""The most Latin letters that stand for one of another script, the sign of a word's beginning included."""
TAIL_MAX = 12_000
"""Surnames a culture has at most."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on record. `born` is full, a year, or None. `native` is the name in its own script, "" if Latin."""

    number: int
    culture: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    born: str | None
    native: str
    is_native_kept: bool
    email: str | None = None

    @property
    def name(self) -> str:
        """The name in the order of its culture."""
        return written(self.given, self.surnames, is_surname_first=CULTURES[self.culture].is_surname_first)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are on record."""
        return (self.name, self.native) if self.native and self.is_native_kept else (self.name,)


def written(given: Sequence[str], surnames: Sequence[str], *, is_surname_first: bool) -> str:
    """Return the parts of a name as one text."""
    return " ".join((*surnames, *given) if is_surname_first else (*given, *surnames))


def people(count: int, seed: int) -> Iterator[Person]:
    """Yield so many people; the first ones are the same however many there are."""
    chance = Random(seed)
    names = tuple(CULTURES)
    shares = tuple(accumulate(CULTURES[name].share for name in names))
    for number in range(count):
        yield _person(number, names[bisect_right(shares, chance.random() * shares[-1])], chance)


def _person(number: int, name: str, chance: Random) -> Person:
    culture = CULTURES[name]
    given = [given_name(name, chance)]
    if chance.random() < culture.middle:
        given.append(given_name(name, chance))
    surnames = [_pick(_surnames(name), chance)]
    if chance.random() < culture.double:
        surnames.append(_pick(_surnames(name), chance))
    given, surnames = list(dict.fromkeys(given)), list(dict.fromkeys(surnames))
    native = _native(culture, given, surnames)
    return Person(
        number,
        name,
        tuple(given),
        tuple(surnames),
        _born(chance),
        native,
        is_native_kept=chance.random() < 0.5,
        email=f"p{number}@example.org" if chance.random() < 0.1 else None,
    )


def given_name(culture: str, chance: Random) -> str:
    """Return a given name, common ones more often."""
    joined = CULTURES[culture].joined
    if joined is None:
        return _pick(CULTURES[culture].given, chance)
    syllables = _syllables(culture)
    first, second = _pick(syllables, chance), _pick(syllables, chance)
    if joined == "" and chance.random() < 0.3:
        return first.capitalize()
    return f"{first}{joined}{second}".capitalize()


def _pick(ranked: Sequence[str], chance: Random) -> str:
    return ranked[bisect_right(_ranks(len(ranked)), chance.random() * _ranks(len(ranked))[-1])]


@cache
def _ranks(count: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + 3.0) ** 0.85 for rank in range(count)))


@cache
def _syllables(culture: str) -> tuple[str, ...]:
    """Return the syllables of given names: those of the script that are no common surname, then the others."""
    surnames = {surname.lower() for surname in CULTURES[culture].surnames}
    return tuple(sorted(CULTURES[culture].script, key=lambda syllable: (syllable in surnames, syllable)))


@cache
def _surnames(name: str) -> tuple[str, ...]:
    culture = CULTURES[name]
    middles = [a + b for a in culture.middles for b in culture.middles] if len(culture.middles) > 1 else [""]
    tail = sorted({head + middle + end for head, middle, end in product(culture.heads, middles, culture.ends)})
    Random(len(tail)).shuffle(tail)
    return tuple(dict.fromkeys((*culture.surnames, *tail[:TAIL_MAX])))


def _born(chance: Random) -> str | None:
    day = BORN_FIRST + timedelta(days=chance.randrange(BORN_DAYS))
    kind = chance.random()
    if kind < 0.80:
        return day.isoformat()
    if kind < 0.87:
        return str(day.year)
    return f"{day.year}-01-01" if kind < 0.90 else None


def _native(culture: Culture, given: Sequence[str], surnames: Sequence[str]) -> str:
    if not culture.script:
        return ""
    parts = [_in_script(part.lower().replace("-", ""), culture.script) for part in (*surnames, *given)]
    if "" in parts:
        return ""
    if culture.joined is not None:
        return "".join(parts)
    return " ".join(part.capitalize() for part in (*parts[len(surnames) :], *parts[: len(surnames)]))


def _in_script(word: str, script: Mapping[str, str]) -> str:
    """Return a word letter by letter, the longest first; "" when a letter has none in the script."""
    left, letters = f"^{word}", []
    while left:
        found = next((left[:n] for n in range(min(LETTER_CHARS_MAX, len(left)), 0, -1) if left[:n] in script), None)
        if found is None and left[0] != "^":
            return ""
        letters.append(script.get(found or "", ""))
        left = left[len(found or "^") :]
    return "".join(letters)
