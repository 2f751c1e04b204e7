"""Comparing two person names, word by word.

The order of words does not count; a slip of the keyboard, a nickname, another transliteration, a missing middle name,
an initial and words written together do little harm.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import total_ordering

from services.query.domain.likeness import FORM, INITIAL, NEAR, SAME, SLIP, SOUND, likeness
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
    """How two names agree. `closeness` runs from above 0.0 to 1.0 (the same words); greater matches are better."""

    level: NameLevel
    closeness: float
    detail: str

    def __lt__(self, other: "NameMatch") -> bool:
        return (self.level, self.closeness) < (other.level, other.closeness)


def compare_readings(given: Sequence[Reading], recorded: Sequence[Reading]) -> NameMatch | None:
    """Return how two names agree by the two readings that agree best; None when none do."""
    found = [match for left in given for right in recorded if (match := compare_names(left, right))]
    return max(found, default=None)


def compare_names(given: Reading, recorded: Reading) -> NameMatch | None:
    """Return how two names, each by one reading, agree; None when they do not."""
    left = major_words(_written_together(given, recorded))
    right = major_words(_written_together(recorded, given))
    pairs = _pair_up(left, right)
    whole = [quality for quality in pairs if quality > INITIAL]
    is_one_slip = len(whole) == 1 and whole[0] < FORM and max(len(left), len(right)) > 1
    if not whole or is_one_slip:
        # One word that is merely spelled alike, among others, is another name: Maria, and Mario Rossi.
        return None
    fits_in = len(pairs) == min(len(left), len(right))
    if fits_in:
        level = NameLevel.STRONG if sum(quality >= SOUND for quality in whole) >= 2 else NameLevel.WEAK
    elif len(whole) >= 2:
        level = NameLevel.PARTIAL
    else:
        return None
    closeness = sum(pairs) / max(len(left), len(right))
    return NameMatch(level, closeness, _describe(pairs, left, right))


def _written_together(words: Sequence[str], other: Collection[str]) -> list[str]:
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
    return joined


def _pair_up(left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Pair each word with at most one of the other name, the best pairs first, and return the pairs' qualities."""
    pairs: list[float] = []
    rest_left, rest_right = [], list(right)
    for word in left:
        if word in rest_right:
            rest_right.remove(word)
            pairs.append(_worth_of_same(word))
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


def _pair_up_alike(left: Sequence[str], right: Sequence[str]) -> list[float]:
    alike = [(q, i, j) for i, a in enumerate(left) for j, b in enumerate(right) if (q := likeness(a, b))]
    pairs: list[float] = []
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for quality, i, j in sorted(alike, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if i not in taken_left and j not in taken_right:
            taken_left.add(i)
            taken_right.add(j)
            pairs.append(quality)
    return pairs


def _describe(pairs: Sequence[float], left: Sequence[str], right: Sequence[str]) -> str:
    initials, particles = pairs.count(INITIAL), pairs.count(_PARTICLE)
    if pairs.count(SAME) + particles == len(left) == len(right):
        return "the same words, in any order"
    parts = [f"{_counted(pairs.count(kind), 'word')} {words}" for kind, words in _KINDS if kind in pairs]
    parts += [f"{_counted(particles, 'particle')} the same"] if particles else []
    parts += [f"{_counted(initials, 'initial')} that fit{'s' if initials == 1 else ''}"] if initials else []
    alone = [(len(left) - len(pairs), "given"), (len(right) - len(pairs), "recorded")]
    parts += [f"{_counted(count, 'word')} only {where}" for count, where in alone if count]
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
