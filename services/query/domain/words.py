"""The words of a name: as written, and as they read in Latin letters.

A name in another script has two readings, which are two recorded names of one person: `王小明` and `wang xiaoming`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from anyascii import anyascii

from services.query.domain.known_forms import KOREAN_SURNAMES
from shared.identifiers import fold_name

WORDS_MAX = 12
"""Words of a name that are looked at; the longest real ones have about ten."""
WORD_CHARS_MAX = 40
"""What is longer is cut, so that a word has few keys."""

# Too common to tell people apart, and dropped by half of all registers.
_PARTICLES = frozenset(
    {
        "al", "ben", "bin", "bint", "da", "dal", "das", "de", "del", "della", "der", "di", "do", "dos", "du", "el",
        "ibn", "la", "las", "le", "los", "van", "von", "y",
    }
)  # fmt: skip
_TITLES = frozenset(
    {
        "dr", "general", "haji", "hajji", "jr", "madam", "maulana", "miss", "mr", "mrs", "ms", "mulla", "mullah",
        "president", "prof", "shaikh", "sheikh", "sir", "sr",
    }
)  # fmt: skip
# Where two names were run together by a form that lost the blank: AlisherUsmanov.
_RUN_TOGETHER = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z]{2})")
_SYLLABLES = ("CJK UNIFIED", "HANGUL SYLLABLE")
_ARABIC_ARTICLE = "ال"
_ARABIC_ARTICLE_WORD_CHARS_MIN = 4
_IDEOGRAPH_MIN = "\u2e80"

Reading = tuple[str, ...]
"""A name's words, folded, in the order given: at most twelve, each at most 40 characters."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as given, with its readings."""

    given: str
    readings: tuple[Reading, ...]


def readings_of(name: str) -> tuple[Reading, ...]:
    """Return the name as written, and, where that is not in Latin letters, as it is romanised; () if unreadable."""
    written = fold_name(_RUN_TOGETHER.sub(" ", name))[:WORDS_MAX]
    if not written:
        return ()
    return tuple(dict.fromkeys(_cut(words) for words in (written, _romanised(written)) if words))


def major_words(words: Sequence[str]) -> Sequence[str]:
    """Leave out titles and particles; what stands first or last may be a name (Le, Do), and stays."""
    named = [word for word in words if word not in _TITLES] or words
    return [word for place, word in enumerate(named) if place in (0, len(named) - 1) or word not in _PARTICLES]


def is_particle(word: str) -> bool:
    """Return whether a word is hardly ever a name of its own."""
    return word in _PARTICLES


def is_searchable(word: str) -> bool:
    """Return whether a word can find records: not an initial, which half of all names would answer to.

    One Chinese or Korean character is a whole word.
    """
    return len(word) > 1 or word >= _IDEOGRAPH_MIN


def joined_neighbours(words: Sequence[str]) -> list[Reading]:
    """Return the name with two neighbours written as one word, for each two: `al rashid` is also `alrashid`."""
    return [(*words[:place], left + right, *words[place + 2 :]) for place, (left, right) in enumerate(pairwise(words))]


def _cut(words: Sequence[str]) -> Reading:
    return tuple(word[:WORD_CHARS_MAX] for word in words[:WORDS_MAX])


def _romanised(words: Sequence[str]) -> list[str]:
    if all(word.isascii() for word in words):
        return list(words)
    found = [part for word in words for part in _romanised_word(word, is_whole_name=len(words) == 1)]
    return [word for word in found if word]


def _romanised_word(word: str, *, is_whole_name: bool) -> list[str]:
    """Return a word in Latin letters, and what is written together there apart.

    That is the family's syllable, which stands first in Chinese and Korean names, and the Arabic article.
    """
    if word.isascii():
        return [word]
    if is_whole_name and len(word) > 1 and unicodedata.name(word[0], "").startswith(_SYLLABLES):
        return [KOREAN_SURNAMES.get(word[0]) or _letters(word[0]), _letters(word[1:])]
    if word.startswith(_ARABIC_ARTICLE) and len(word) >= _ARABIC_ARTICLE_WORD_CHARS_MIN:
        return ["al", _letters(word.removeprefix(_ARABIC_ARTICLE))]
    return [_letters(word)]


def _letters(text: str) -> str:
    return "".join(char for char in anyascii(text).lower() if char.isalnum())
