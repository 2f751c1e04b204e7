"""Comparing two person names, and the keys by which close spellings of a word find one another.

The order of words does not count; a slip of the keyboard, a missing middle name, an initial and words written together
do little harm. Nicknames, transliteration and other scripts are not understood here: a name in two scripts is two
recorded names of one party.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import total_ordering
from itertools import pairwise

from rapidfuzz.distance import OSA

from shared.identifiers import fold_name

WORDS_MAX = 12
"""Words of a name that are looked at; the longest real ones have about ten."""
WORD_CHARS_MAX = 40
"""What is longer is cut, so that a word has few keys."""
FUZZY_CHARS_MIN = 4
"""A slip in a shorter word makes another word of it more often than not."""
TWO_SLIPS_CHARS_MIN = 8

# Particles, titles and generations: too common to tell people apart, and dropped by half of all registers.
_MINOR_WORDS = frozenset(
    {
        "al", "bin", "bint", "da", "dal", "das", "de", "del", "della", "der", "di", "do", "dos", "du", "el", "ibn",
        "la", "las", "le", "los", "van", "von", "y",
        "dr", "jr", "miss", "mr", "mrs", "ms", "sr",
    }
)  # fmt: skip
_WHOLE, _SLIP, _INITIAL = 1.0, 0.8, 0.5
_IDEOGRAPH_MIN = "\u2e80"


class NameLevel(IntEnum):
    """How much of two names agrees, from little to much."""

    PARTIAL = 1
    """Two words agree, and each name has others that the other name lacks: a shared surname, or a relative."""
    WEAK = 2
    """One name fits into the other, but by initials or by one word only."""
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


def words_of(name: str) -> tuple[str, ...]:
    """Return the name's folded words as they are compared: at most twelve, each at most 40 characters."""
    return tuple(word[:WORD_CHARS_MAX] for word in fold_name(name)[:WORDS_MAX])


def compare_names(given: Sequence[str], recorded: Sequence[str]) -> NameMatch | None:
    """Return how two names, as `words_of` gives them, agree; None when they do not."""
    left = _major(_written_together(given, recorded))
    right = _major(_written_together(recorded, given))
    pairs = _pair_up(left, right)
    whole = sum(quality > _INITIAL for quality in pairs)
    is_one_slip = pairs.count(_WHOLE) == 0 and whole == 1 and max(len(left), len(right)) > 1
    if whole == 0 or is_one_slip:
        # One word that is merely spelled alike, among others, is another name: Maria, and Mario Rossi.
        return None
    fits_in = len(pairs) == min(len(left), len(right))
    if fits_in:
        level = NameLevel.STRONG if whole >= 2 else NameLevel.WEAK
    elif whole >= 2:
        level = NameLevel.PARTIAL
    else:
        return None
    closeness = sum(pairs) / max(len(left), len(right))
    return NameMatch(level, closeness, _describe(pairs, left, right))


def is_searchable(word: str) -> bool:
    """Return whether a word can find records: not an initial, which half of all names would answer to.

    One Chinese or Korean character is a whole word.
    """
    return len(word) > 1 or word >= _IDEOGRAPH_MIN


def spelling_keys(word: str) -> frozenset[str]:
    """Return the keys of a word: two words that are one slip of the keyboard apart have a key in common.

    The keys are the word and, from four characters on, the word with any one character left out. Words that share a key
    may be up to two slips apart.
    """
    if len(word) < FUZZY_CHARS_MIN:
        return frozenset((word,))
    return frozenset((word, *(word[:i] + word[i + 1 :] for i in range(len(word)))))


def search_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words to look for: the searchable ones, and neighbours written together; minor ones only if alone."""
    together = (left + right for left, right in pairwise(words))
    found = dict.fromkeys(word[:WORD_CHARS_MAX] for word in (*_major(words), *together) if is_searchable(word))
    return tuple(found)


def _major(words: Sequence[str]) -> Sequence[str]:
    """Leave out particles and titles, unless there is nothing else."""
    return [word for word in words if word not in _MINOR_WORDS] or words


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
            pairs.append(_WHOLE if is_searchable(word) else _INITIAL)
        else:
            rest_left.append(word)
    if rest_left and rest_right:
        # Sorted, so that the order in which a name is given cannot matter.
        pairs += _pair_up_near(sorted(rest_left), sorted(rest_right))
    return pairs


def _pair_up_near(left: Sequence[str], right: Sequence[str]) -> list[float]:
    near = [(q, i, j) for i, a in enumerate(left) for j, b in enumerate(right) if (q := _quality(a, b))]
    pairs: list[float] = []
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for quality, i, j in sorted(near, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if i not in taken_left and j not in taken_right:
            taken_left.add(i)
            taken_right.add(j)
            pairs.append(quality)
    return pairs


def _quality(left: str, right: str) -> float:
    """Return how well two different words agree: 0.8 for slips, 0.5 for an initial, 0.0 not at all."""
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    if not is_searchable(shorter):
        return _INITIAL if longer[0] == shorter else 0.0
    if len(longer) < FUZZY_CHARS_MIN:
        return 0.0
    slips_max = 2 if len(longer) >= TWO_SLIPS_CHARS_MIN else 1
    return _SLIP if OSA.distance(left, right, score_cutoff=slips_max) <= slips_max else 0.0


def _describe(pairs: Sequence[float], left: Sequence[str], right: Sequence[str]) -> str:
    whole, slips, initials = (pairs.count(quality) for quality in (_WHOLE, _SLIP, _INITIAL))
    if whole == len(left) == len(right):
        return "the same words, in any order"
    parts = [f"{_counted(whole, 'word')} the same"] if whole else []
    parts += [f"{_counted(slips, 'word')} spelled alike"] if slips else []
    parts += [f"{_counted(initials, 'initial')} that fit{'s' if initials == 1 else ''}"] if initials else []
    alone = [(len(left) - len(pairs), "given"), (len(right) - len(pairs), "recorded")]
    parts += [f"{_counted(count, 'word')} only {where}" for count, where in alone if count]
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
