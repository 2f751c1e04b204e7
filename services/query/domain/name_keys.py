"""The keys that names are filed under and found by.

A name is filed under each two of its words together, each word with another's initial, each word alone, and the birth
date. A look-up first finds words like those asked for among all words ever met, by their spelling keys; then the names
that hold two of them together. So neither a slip nor another form of a name needs a look at more than a few names, and
what half the world is called is never read word by word.

Keys are hashes of 32 bits: another name under the same key costs a comparison, and is not found alike.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from services.query.domain.forms import forms_of
from services.query.domain.likeness import NEAR, SLIP, likeness
from services.query.domain.sounds import sounds_of
from services.query.domain.words import Reading, is_searchable, joined_neighbours, major_words
from shared.identifiers import BirthDate

FILED_WORDS_MAX = 8
"""Words of a name that it is filed under."""
FUZZY_CHARS_MIN = 4
"""A shorter word is found by itself, its sound and its forms alone."""
ALIKE_MAX = 24
"""Words like one asked for that are tried, the most alike first."""
PART_CHARS_MIN = 3
"""A word is taken for two written together where each has so many letters."""
PROBES_MAX = 600
"""Pairs of words tried in one look-up; the more words a name has, the fewer words like each are tried."""
PAIR_ROWS_MAX = 1_000
INITIAL_ROWS_MAX = 500
SHORTENED_ROWS_MAX = 100
WORD_ROWS_MAX = 100
DATE_ROWS_MAX = 400
"""Names read under one key at most. More hold it only if it tells nobody apart."""
_INITIAL_WEIGHT, _WORD_WEIGHT, _DATE_WEIGHT = 0.5, 0.2, 1.0
_DATE_SLOT = -1

Alike = Mapping[str, Mapping[str, float]]
"""Of each word asked for, the words on record that are like it, and how much."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A key to look under: how much a name found there agrees, and how many names are read at most.

    Of the probes of one slot a name counts the best alone: that it holds a word in three spellings says no more.
    """

    key: int
    weight: float
    rows_max: int
    slot: int


def spelling_keys(word: str) -> frozenset[str]:
    """Return the keys by which a word is found by words like it.

    They are the word, from four characters on the word with any one character left out (two words one slip apart have
    one of these in common), how it sounds, and the names it may be a form of.
    """
    keys = {word, *(f"={form}" for form in forms_of(word)), *(f"~{sound}" for sound in sounds_of(word))}
    if len(word) >= FUZZY_CHARS_MIN:
        keys.update(word[:place] + word[place + 1 :] for place in range(len(word)))
    return frozenset(keys)


def filing_keys(readings: Iterable[Reading], birth_date: BirthDate | None, *, space: str = "") -> frozenset[int]:
    """Return the keys that a name, by all its readings, is filed under. `space` keeps collections of names apart."""
    keys: set[int] = set()
    for words in _filing_ways(readings):
        keys.update(_key(space, word) for word in words)
        keys.update(_key(space, *sorted(pair)) for pair in combinations(words, 2))
        keys.update(_key(space, word, f"{other[0]}.") for word, other in permutations(words, 2))
    if birth_date is not None and _is_telling(birth_date):
        keys.add(_key(space, str(birth_date)))
    return frozenset(keys)


def filed_words(readings: Iterable[Reading]) -> frozenset[str]:
    """Return the words by which a name can be found: those that must have spelling keys."""
    return frozenset(word for words in _filing_ways(readings) for word in words if is_searchable(word))


def words_to_find(readings: Iterable[Reading]) -> frozenset[str]:
    """Return the words of which words on record that are like them are wanted."""
    return frozenset(word for each in _joined_ways(readings) for word in each if is_searchable(word))


def parts_to_find(words: Iterable[str]) -> frozenset[str]:
    """Return what is wanted itself alone: the parts of words that may be two written together."""
    return frozenset(part for word in words for parts in _splits(word) for part in parts)


def most_alike(word: str, found: Iterable[str]) -> dict[str, float]:
    """Return those of the words found by spelling keys that are like it, the most alike first."""
    alike = {other: quality for other in found if (quality := likeness(word, other)) >= NEAR}
    best = sorted(alike.items(), key=lambda pair: (-pair[1], abs(len(pair[0]) - len(word)), pair[0]))
    return dict(best[:ALIKE_MAX])


def probes_for(
    readings: Sequence[Reading], birth_date: BirthDate | None, alike: Alike, *, space: str = ""
) -> list[Probe]:
    """Return where to look for names like this one."""
    found: dict[int, Probe] = {}
    for words in _ways(readings, alike):
        for probe in _probes_of(words, alike, space):
            if probe.key not in found or found[probe.key].weight < probe.weight:
                found[probe.key] = probe
    for date in _dates(birth_date):
        key = _key(space, str(date))
        found[key] = Probe(key, _DATE_WEIGHT, DATE_ROWS_MAX, _DATE_SLOT)
    return list(found.values())


def _probes_of(words: Sequence[str], alike: Alike, space: str) -> Iterator[Probe]:
    pair_count = max(len(words) * (len(words) - 1) // 2, 1)
    tried = max(2, int((PROBES_MAX / pair_count) ** 0.5))
    likes = [list(alike.get(word, {}).items())[:tried] for word in words]
    for left, right in combinations(range(len(words)), 2):
        for one, quality in likes[left]:
            for other, other_quality in likes[right]:
                key = _key(space, *sorted((one, other)))
                yield Probe(key, quality * other_quality, PAIR_ROWS_MAX, _slot(left, right))
    for place, word in enumerate(words):
        for other_place, like in enumerate(likes):
            if other_place != place:
                for other, quality in like:
                    if quality >= SLIP or not is_searchable(word):
                        key = _key(space, other, f"{word[0]}.")
                        slot = _slot(min(place, other_place), max(place, other_place))
                        # A word that is on record as its initial is one of few such ways; an initial asked for is all.
                        rows_max = SHORTENED_ROWS_MAX if is_searchable(word) else INITIAL_ROWS_MAX
                        yield Probe(key, _INITIAL_WEIGHT * quality, rows_max, slot)
        for other, quality in likes[place]:
            yield Probe(_key(space, other), _WORD_WEIGHT * quality, WORD_ROWS_MAX, _slot(place, place))


def _slot(left: int, right: int) -> int:
    return left * FILED_WORDS_MAX + right


def _ways(readings: Iterable[Reading], alike: Alike) -> list[Reading]:
    """Return the ways in which a name may be on record: each reading, with neighbours joined, and with a word split.

    A word is split where both parts are on record and it is not itself.
    """
    ways = _joined_ways(readings)
    for way in tuple(ways):
        for place, word in enumerate(way):
            if word not in alike.get(word, ()):
                split = next((parts for parts in _splits(word) if all(part in alike for part in parts)), ())
                ways += [_filed_words((*way[:place], *split, *way[place + 1 :]))] if split else []
    return list(dict.fromkeys(ways))


def _joined_ways(readings: Iterable[Reading]) -> list[Reading]:
    whole = [way for reading in readings for way in (reading, *joined_neighbours(reading))]
    return list(dict.fromkeys(_filed_words(way) for way in whole))


def _splits(word: str) -> list[tuple[str, str]]:
    """Return the ways to split a long word in two, the most even first."""
    places = sorted(range(PART_CHARS_MIN, len(word) - PART_CHARS_MIN + 1), key=lambda place: abs(2 * place - len(word)))
    return [(word[:place], word[place:]) for place in places]


def _filing_ways(readings: Iterable[Reading]) -> set[Reading]:
    """Return the ways in which a recorded name may be asked for: its particles may be written with the next word."""
    ways = set()
    for reading in readings:
        ways.add(_filed_words(reading))
        if len(major_words(reading)) < len(reading):
            ways.update(_filed_words(way) for way in joined_neighbours(reading))
    return ways


def _filed_words(reading: Reading) -> Reading:
    return tuple(dict.fromkeys(major_words(reading)))[:FILED_WORDS_MAX]


def _dates(birth_date: BirthDate | None) -> list[BirthDate]:
    """Return the dates of birth that may be on record for this one: itself, and with day and month swapped."""
    if birth_date is None or not _is_telling(birth_date):
        return []
    assert birth_date.month is not None
    assert birth_date.day is not None
    swapped = BirthDate(birth_date.year, birth_date.day, birth_date.month)
    return [birth_date, swapped] if birth_date.day <= 12 and swapped != birth_date else [birth_date]


def _is_telling(birth_date: BirthDate) -> bool:
    """Return whether few people share it: a full date, and not the filler of registers that know the year alone."""
    return birth_date.day is not None and (birth_date.month, birth_date.day) != (1, 1)


def _key(space: str, *parts: str) -> int:
    return zlib.crc32(" ".join((space, *parts)).encode()) - 2**31
