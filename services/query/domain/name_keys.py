"""The keys that names are filed under and found by.

A name is filed under each two of its words together, each word with another's initial, each word alone, and the birth
date. A look-up first finds words like those asked for among all words ever met, by their spelling keys; then the names
that hold two of them together. So neither a slip nor another form of a name needs a look at more than a few names, and
what half the world is called is never read word by word.

Keys are hashes of 32 bits: another name under the same key costs a comparison, and is not found alike.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, islice, permutations
from types import MappingProxyType
from typing import Any, NamedTuple
from zlib import crc32

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
SHORTENED_ROWS_MAX = 60
WORD_ROWS_MAX = 100
DATE_ROWS_MAX = 400
"""Names read under one key at most. More hold it only if it tells nobody apart."""
WHOLE_NAMES_MAX = 4_000
"""Names of rare words read in one look-up; of further words pairs are looked for instead."""
_WHOLE_ROWS_MAX = 2 * WORD_ROWS_MAX
"""Read of a word that at most `WORD_ROWS_MAX` hold: all, with what was filed since they were counted."""
_INITIAL_WEIGHT, _WORD_WEIGHT = 5, 2
DATE_WEIGHT = 74
"""Of a birth date alone: so little that the forty in a million who share it are not looked at beside somebody whose
name agrees too (`AGREEMENT_ENOUGH`), and more than of two words that are merely spelled alike."""
WORDS_KEPT = 10_000
_DATE_SLOT = -1
WHOLE_SLOT_MIN = FILED_WORDS_MAX**2
"""From here on a slot is a word asked for, and its probes read all names that hold a word like it."""
SLOTS_MAX = 1 << 12
WHOLE_WEIGHT = _WORD_WEIGHT
"""What is found in such a slot counts so many times its weight."""

Alike = Mapping[str, Mapping[str, float]]
"""Of each word asked for, the words on record that are like it, and how much."""
_NONE: Mapping[str, Any] = MappingProxyType({})


class Probe(NamedTuple):
    """A key to look under: how much a name found there agrees, in hundredths, and how many are read at most.

    Of the probes of one slot a name counts the best alone: that it holds a word in three spellings says no more. In a
    slot from `WHOLE_SLOT_MIN` on the weight is in tenths: how much the word is like the one asked for.
    """

    key: int
    weight: int
    rows_max: int
    slot: int


class Meeting(NamedTuple):
    """Two slots of words of which all names are read: a name found in both holds the two words together.

    It agrees in `slot` as much as the product of what it is found with; no key of the two words is looked under. `both`
    is the lesser of the two slots, times `SLOTS_MAX`, and the greater.
    """

    both: int
    slot: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to look for names like one."""

    probes: Sequence[Probe]
    meetings: Sequence[Meeting]


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
    letters = len(word)
    best = [(-q, abs(len(other) - letters), other) for other in found if (q := likeness(word, other)) >= NEAR]
    return {other: -unlikeness for unlikeness, _, other in sorted(best)[:ALIKE_MAX]}


def plan_for(
    readings: Iterable[Reading],
    birth_date: BirthDate | None,
    alike: Alike,
    *,
    holders: Mapping[str, int] = _NONE,
    space: str = "",
) -> Plan:
    """Return where to look for names like this one.

    `holders` counts the names that hold a word, as far as that is known. Of rare words all names are read, and met with
    each other: hardly one pair of them is anybody's name, and to look for each would be most of the work.
    """
    best: dict[tuple[int, int], Probe] = {}
    meetings: dict[Meeting, None] = {}
    slots: dict[str, int] = {}
    rare: dict[str, int] = {}
    for words in _ways(readings, alike):
        tried = _tried(words, alike, holders, slots, rare)
        for probe in chain(_pair_probes(tried, space), _initial_probes(tried, space), _word_probes(tried, space)):
            key, weight, _, slot = probe
            # A word is read for each word asked for that it is like; of other keys the best use counts.
            place = (key, slot if slot >= WHOLE_SLOT_MIN else 0)
            other = best.get(place)
            if other is None or other.weight < weight:
                best[place] = probe
        meetings.update(dict.fromkeys(_meetings_of(tried)))
    for date in _dates(birth_date):
        key = _key(space, str(date))
        best[key, 0] = Probe(key, DATE_WEIGHT, DATE_ROWS_MAX, _DATE_SLOT)
    return Plan(list(best.values()), list(meetings))


@dataclass(frozen=True, slots=True)
class _Tried:
    """A word of a name, and the words on record that are like it: how much, in tenths; which are rare, or common."""

    word: str
    like: Mapping[str, int]
    rare: Set[str]
    common: Set[str]
    whole_slot: int

    def can_meet(self, other: "_Tried") -> bool:
        """Return whether a name that holds a word like each holds two: none is like both that were asked for."""
        return self.like.keys().isdisjoint(other.like)


def _tried(
    words: Reading, alike: Alike, holders: Mapping[str, int], slots: dict[str, int], rare: dict[str, int]
) -> list[_Tried]:
    """Return what is tried of a way to write the name; `slots` and `rare` grow by what the way has that is new."""
    pair_count = max(len(words) * (len(words) - 1) // 2, 1)
    count = max(2, int((PROBES_MAX / pair_count) ** 0.5))
    left = WHOLE_NAMES_MAX - sum(rare.values())
    tried = []
    for word in words:
        like = {other: round(10 * quality) for other, quality in islice(alike.get(word, _NONE).items(), count)}
        for other in like:
            held = holders.get(other, WORD_ROWS_MAX + 1)
            if other not in rare and held <= min(WORD_ROWS_MAX, left):
                rare[other] = held
                left -= held
        common = {other for other in like if holders.get(other, 0) > WORD_ROWS_MAX}
        slot = slots.setdefault(word, WHOLE_SLOT_MIN + len(slots))
        tried.append(_Tried(word, like, like.keys() & rare, common, slot))
    return tried


def _pair_probes(tried: Sequence[_Tried], space: str) -> Iterator[Probe]:
    for (left, ours), (right, theirs) in combinations(enumerate(tried), 2):
        slot, can_meet = _slot(left, right), ours.can_meet(theirs)
        whole = [(other, quality, *_ends(space, other)) for other, quality in theirs.like.items()]
        not_rare = [each for each in whole if each[0] not in theirs.rare]
        for one, quality in ours.like.items():
            begun, end = _ends(space, one)
            for other, other_quality, other_begun, other_end in not_rare if can_meet and one in ours.rare else whole:
                hashed = crc32(other_end, begun) if one < other else crc32(end, other_begun)
                yield Probe(hashed - 2**31, quality * other_quality, PAIR_ROWS_MAX, slot)


def _initial_probes(tried: Sequence[_Tried], space: str) -> Iterator[Probe]:
    """Yield where names are that have an initial for a word asked for, or any word that begins so.

    The latter are all that an initial asked for may be. Of those of a word that nobody has some are read: a word with
    two slips is not found by its spelling.
    """
    for (place, asked), (other_place, named) in permutations(enumerate(tried), 2):
        initial, slot = asked.word[0], _slot(min(place, other_place), max(place, other_place))
        is_initial = not is_searchable(asked.word)
        for other, quality in named.like.items():
            weight = _INITIAL_WEIGHT * quality
            if is_initial:
                yield Probe(_key(space, other, f"{initial}."), weight, INITIAL_ROWS_MAX, slot)
            elif quality >= 10 * SLIP:
                yield Probe(_key(space, *sorted((other, initial))), weight, SHORTENED_ROWS_MAX, slot)
                if asked.word not in asked.like:
                    yield Probe(_key(space, other, f"{initial}."), weight, SHORTENED_ROWS_MAX, slot)


def _word_probes(tried: Sequence[_Tried], space: str) -> Iterator[Probe]:
    for place, asked in enumerate(tried):
        for other, quality in asked.like.items():
            if other in asked.rare:
                yield Probe(_key(space, other), quality, _WHOLE_ROWS_MAX, asked.whole_slot)
            elif other not in asked.common or len(tried) == 1:
                # Of a common word beside others a few names, whichever, would only be in the way.
                yield Probe(_key(space, other), _WORD_WEIGHT * quality, WORD_ROWS_MAX, _slot(place, place))


def _meetings_of(tried: Sequence[_Tried]) -> Iterator[Meeting]:
    for (left, ours), (right, theirs) in combinations(enumerate(tried), 2):
        if ours.rare and theirs.rare and ours.can_meet(theirs):
            one, other = sorted((ours.whole_slot, theirs.whole_slot))
            yield Meeting(one * SLOTS_MAX + other, _slot(left, right))


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
    return crc32(" ".join((space, *parts)).encode()) - 2**31


@lru_cache(maxsize=WORDS_KEPT)
def _ends(space: str, word: str) -> tuple[int, bytes]:
    """Return a word hashed as the first of a key's two, and what it adds to the hash as the second."""
    return crc32(f"{space} {word}".encode()), f" {word}".encode()
