"""Comparing two person names, word by word.

The order of words does not count; a slip of the keyboard, a nickname, another transliteration, a missing middle name,
an initial and words written together do little harm.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache, total_ordering
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from services.query.domain.likeness import FORM, INITIAL, NEAR, SAME, SLIP, SOUND, kept_likeness
from services.query.domain.rarity import UNKNOWN, Rarity
from services.query.domain.words import Reading, is_particle, is_searchable, major_words

_PARTICLE = 0.4
"""The same particle: less than an initial, which is at least somebody's own."""
_KINDS = (
    (SAME, "the same"),
    (FORM, "another form of the name"),
    (SLIP, "spelled alike"),
    (SOUND, "sounding alike"),
    (NEAR, "spelled nearly alike"),
)
_BITS_LESS = {SAME: 0.0, SLIP: 1.0, FORM: 3.0, NEAR: 3.0, SOUND: 4.0}
"""What is less than the same word says so much less than that."""
_INITIAL_BITS, _PARTICLE_BITS = 2.0, 0.5
_OTHER_BITS, _MISSING_BITS = -6.0, -1.0
"""For a word of each name that the other has not, and for one that only one of them has more. Like the bits above they
were found on FEBRL 3 and 4 (invented people with typing errors), within a wide and flat range of others as good."""
_THE_SAME = "the same words, in any order"
READINGS_KEPT, JUDGEMENTS_KEPT = 10_000, 10_000
"""The same names are compared again and again; and how many words of two agree, and how much, varies little."""
WHOLE_CHARS_A_SLIP = 5
"""Names are alike as a whole, wherever the blanks are, with one slip for so many letters."""


class NameLevel(IntEnum):
    """How much of two names agrees, from little to much."""

    PARTIAL = 1
    """Two words agree, and each name has others that the other name lacks: a shared surname, or a relative."""
    WEAK = 2
    """One name fits into the other, but by one word only, or by initials, or not very closely."""
    STRONG = 3
    """One name fits into the other by at least two words."""


@total_ordering
@dataclass(frozen=True, slots=True)
class NameMatch:
    """How two names agree, and what that says, in bits; greater matches are better."""

    level: NameLevel
    bits: float
    detail: str

    def __lt__(self, other: "NameMatch") -> bool:
        return (self.level, self.bits) < (other.level, other.bits)


class _Pairing(NamedTuple):
    """Which words of two names are paired, and how alike each pair is; so many words of each were to be paired."""

    pairs: Sequence[tuple[float, str, str]]
    left_count: int
    right_count: int

    def bits(self, rarity: Rarity) -> float:
        shared = sum([_bits_of(pair, rarity) for pair in self.pairs])
        fewer, more = sorted((self.left_count, self.right_count))
        return shared + _OTHER_BITS * (fewer - len(self.pairs)) + _MISSING_BITS * (more - fewer)


class _Written(NamedTuple):
    """A reading, made ready to be compared: without titles and particles; each two neighbours, and all, as one word."""

    major: Sequence[str]
    neighbours: frozenset[str]
    whole: str


class _Agreement(NamedTuple):
    """How two readings agree; `weighed` is what that weighs, None when it weighs nothing."""

    level: NameLevel
    detail: str
    weighed: _Pairing | None

    def match(self, rarity: Rarity) -> NameMatch:
        return NameMatch(self.level, self.weighed.bits(rarity) if self.weighed else 0.0, self.detail)


class Comparison(NamedTuple):
    """How two names agree, by each two of their readings that do; what that says is weighed by `match`."""

    given: Sequence[Reading]
    agreements: Sequence[_Agreement]

    @property
    def weighed_words(self) -> set[str]:
        """The words whose rarity tells what it says that the names agree, besides all words of the name given."""
        pairs = [pair for each in self.agreements if each.weighed for pair in each.weighed.pairs]
        return {word for quality, left, right in pairs if quality > INITIAL for word in (left, right)}

    def match(self, rarity: Rarity) -> NameMatch | None:
        """Return how the names agree by the two readings that agree best; None when none do.

        That the whole name is the same says as much as the most telling reading of it: it is no less the same for being
        written as two words in one and as three in another, and nothing that is merely alike says more.
        """
        best = max([each.match(rarity) for each in self.agreements], default=None)
        if best is None or len(self.given) == 1 or all(each.detail != _THE_SAME for each in self.agreements):
            return best
        bits = max(_paired(reading, reading).bits(rarity) for reading in self.given)
        return NameMatch(best.level, max(best.bits, bits), _THE_SAME)


def compare(given: Sequence[Reading], recorded: Sequence[Reading]) -> Comparison:
    """Return two names compared."""
    agreements = [_agreement_of(left, right) for left in given for right in recorded]
    return Comparison(given, [each for each in agreements if each])


def compare_readings(
    given: Sequence[Reading], recorded: Sequence[Reading], rarity: Rarity = UNKNOWN
) -> NameMatch | None:
    """Return how two names agree; None when they do not."""
    return compare(given, recorded).match(rarity)


def _agreement_of(given: Reading, recorded: Reading) -> _Agreement | None:
    pairing = _paired(given, recorded)
    qualities = tuple([quality for quality, _, _ in pairing.pairs])
    level, detail = _judged(qualities, pairing.left_count, pairing.right_count)
    if (level is None or level is NameLevel.PARTIAL) and _are_written_alike(given, recorded):
        return _Agreement(NameLevel.WEAK, "spelled alike but for the blanks", pairing if level else None)
    return _Agreement(level, detail, pairing) if level else None


@lru_cache(maxsize=JUDGEMENTS_KEPT)
def _judged(qualities: Sequence[float], left_count: int, right_count: int) -> tuple[NameLevel | None, str]:
    """Return how much of two names agrees that have so many words, by how alike those are that were paired."""
    level = _level_of(qualities, left_count, right_count)
    return level, _describe(qualities, left_count, right_count) if level else ""


def _level_of(qualities: Sequence[float], left_count: int, right_count: int) -> NameLevel | None:
    whole = [quality for quality in qualities if quality > INITIAL]
    is_one_slip = len(whole) == 1 and whole[0] < FORM and max(left_count, right_count) > 1
    if not whole or is_one_slip:
        # One word that is merely spelled alike, among others, is another name: Maria, and Mario Rossi.
        return None
    if len(qualities) == min(left_count, right_count):
        return NameLevel.STRONG if sum(quality >= SOUND for quality in whole) >= 2 else NameLevel.WEAK
    return NameLevel.PARTIAL if len(whole) >= 2 else None


def _are_written_alike(given: Reading, recorded: Reading) -> bool:
    """Return whether two whole names are hardly a slip apart: Ah-mi, Ahim; Plat Ono Vich, Platonovich.

    With as many words in both it is one slip at most: Ana and Eva Fernandez are two people.
    """
    left, right = _written(given).whole, _written(recorded).whole
    slips_max = min(len(left), len(right)) // WHOLE_CHARS_A_SLIP
    if len(given) == len(recorded):
        slips_max = min(slips_max, 1)
    return bool(slips_max and OSA.distance(left, right, score_cutoff=slips_max) <= slips_max)


def name_bits(given: Sequence[Reading], recorded: Sequence[Reading], rarity: Rarity) -> float:
    """Return what two names say for or against one person, in bits, whether or not they agree; 0.0 if one is none."""
    return max((_paired(left, right).bits(rarity) for left in given for right in recorded), default=0.0)


def _paired(given: Reading, recorded: Reading) -> _Pairing:
    left, right = _words_beside(given, recorded), _words_beside(recorded, given)
    return _Pairing(_pair_up(left, right), len(left), len(right))


def _bits_of(pair: tuple[float, str, str], rarity: Rarity) -> float:
    quality, left, right = pair
    if quality == _PARTICLE:
        return _PARTICLE_BITS
    return _INITIAL_BITS if quality == INITIAL else rarity.bits_of(left, right) - _BITS_LESS[quality]


@lru_cache(maxsize=READINGS_KEPT)
def _written(words: Reading) -> _Written:
    neighbours = frozenset([left + right for left, right in pairwise(words)])
    return _Written(major_words(words), neighbours, "".join(words))


def _words_beside(words: Reading, other: Collection[str]) -> Sequence[str]:
    """Return the words to be paired with those of another name."""
    written = _written(words)
    return written.major if written.neighbours.isdisjoint(other) else major_words(_written_together(words, other))


def _written_together(words: Reading, other: Collection[str]) -> Reading:
    """Join neighbours that the other name writes as one word: al rashid, alrashid."""
    joined: list[str] = []
    is_taken = False
    for place, word in enumerate(words):
        pair = "".join(words[place : place + 2])
        if is_taken:
            is_taken = False
        elif pair != word and pair in other:
            joined.append(pair)
            is_taken = True
        else:
            joined.append(word)
    return tuple(joined)


def _pair_up(left: Sequence[str], right: Sequence[str]) -> list[tuple[float, str, str]]:
    """Pair each word with at most one of the other name, the most alike first."""
    pairs: list[tuple[float, str, str]] = []
    rest_left, rest_right = [], list(right)
    for word in left:
        if word in rest_right:
            rest_right.remove(word)
            pairs.append((_worth_of_same(word), word, word))
        else:
            rest_left.append(word)
    if rest_left and rest_right:
        # Sorted, so that the order in which a name is given cannot matter.
        pairs += _pair_up_alike(sorted(rest_left), sorted(rest_right))
    return pairs


def _worth_of_same(word: str) -> float:
    if is_particle(word):
        return _PARTICLE
    return SAME if is_searchable(word) else INITIAL


def _pair_up_alike(left: Sequence[str], right: Sequence[str]) -> list[tuple[float, str, str]]:
    unlike = [(-q, i, j) for i, a in enumerate(left) for j, b in enumerate(right) if (q := kept_likeness(a, b))]
    pairs: list[tuple[float, str, str]] = []
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for unlikeness, i, j in sorted(unlike):
        if i not in taken_left and j not in taken_right:
            taken_left.add(i)
            taken_right.add(j)
            pairs.append((-unlikeness, left[i], right[j]))
    return pairs


def _describe(qualities: Sequence[float], left_count: int, right_count: int) -> str:
    initials, particles = qualities.count(INITIAL), qualities.count(_PARTICLE)
    if qualities.count(SAME) + particles == left_count == right_count:
        return _THE_SAME
    parts = [f"{_counted(qualities.count(kind), 'word')} {words}" for kind, words in _KINDS if kind in qualities]
    parts += [f"{_counted(particles, 'particle')} the same"] if particles else []
    parts += [f"{_counted(initials, 'initial')} that fit{'s' if initials == 1 else ''}"] if initials else []
    alone = [(left_count - len(qualities), "given"), (right_count - len(qualities), "recorded")]
    parts += [f"{_counted(count, 'word')} only {where}" for count, where in alone if count]
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
