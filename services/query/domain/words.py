"""The words of a name: as written, and as they read in Latin letters.

A name in another script has two readings, which are two recorded names of one person: `王小明` and `wang xiaoming`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.query.domain.romanise import romanised_names
from shared.identifiers import fold_name

WORDS_MAX = 12
"""Words of a name that are looked at; the longest real ones have about ten. Of more, initials are left out first."""
WORD_CHARS_MAX = 40
"""What is longer is cut, so that a word has few keys."""

# Too common to tell people apart, and dropped by half of all registers.
_PARTICLES = frozenset(
    {
        "al", "bar", "ben", "bin", "bint", "binti", "da", "dal", "das", "de", "del", "della", "den", "der", "di",
        "do", "dos", "du", "el", "ibn", "la", "las", "le", "los", "ould", "ter", "ul", "van", "von", "wald", "y",
    }
)  # fmt: skip
_TITLES = frozenset(
    {
        "alhaj", "alhaji", "brigadier", "captain", "cheikh", "colonel", "don", "dona", "dr", "engineer", "frau",
        "general", "hadji", "haj", "haji", "hajj", "hajji", "herr", "hon", "jr", "lieutenant", "madam", "madame",
        "major", "maulana", "maulavi", "maulawi", "mawlana", "mawlavi", "mawlawi", "miss", "mme", "molla", "mollah",
        "molvi", "monsieur", "mr", "mrs", "ms", "mulla", "mullah", "ostad", "ph", "phd", "president", "prof",
        "professor", "qari", "qazi", "rev", "reverend", "senor", "senora", "shaikh", "shaykh", "sheekh", "sheik",
        "sheikh", "shekh", "sir", "sr", "sra", "ustad", "ustadh", "ustaz",
    }
)  # fmt: skip
_MINOR = _TITLES | _PARTICLES
_ARTICLES_WRITTEN = frozenset({"al", "el", "ul"})
# Where two names were run together by a form that lost the blank: AlisherUsmanov.
_RUN_TOGETHER = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z]{2})")
# Initials run together, in a name that is not all capitals: JC Juncker. A vowel would make it a word (Kim Jong UN).
_INITIALS = re.compile(r"(?<![\w'])(?!NG\b)[B-DF-HJ-NP-TV-XZ]{2,3}(?![\w'.])")
# The l of the Arabic article becomes the letter that follows: es Sayed, ash-Shami.
_ARTICLES = frozenset(f"{vowel}{letter}" for vowel in "aeu" for letter in ("d", "n", "r", "s", "sh", "t", "z", "l"))
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
    apart = _RUN_TOGETHER.sub(" ", name)
    if not apart.isupper():
        apart = _INITIALS.sub(lambda found: " ".join(found.group()), apart)
    written = _with_plain_articles(_looked_at(fold_name(apart)))
    if not written:
        return ()
    ways = [written] if all(word.isascii() for word in written) else [written, *romanised_names(written)]
    return tuple(dict.fromkeys(_cut(words) for words in ways if words))


def major_words(words: Sequence[str]) -> Sequence[str]:
    """Leave out titles and particles; what stands first or last may be a name (Le, Do), and stays.

    A title after an article is a name (El Sheikh), an article before two other words is none.
    """
    if _MINOR.isdisjoint(words):
        return words
    named = [
        word
        for place, word in enumerate(words)
        if word not in _TITLES or (place > 0 and words[place - 1] in _ARTICLES_WRITTEN)
    ] or words
    if len(named) > 2 and named[0] in _ARTICLES_WRITTEN:
        named = named[1:]
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


def _with_plain_articles(words: Sequence[str]) -> list[str]:
    """Write the Arabic article as al, whatever it became before the letter that follows."""
    following = [*words[1:], ""][: len(words)]
    return [
        "al" if word in _ARTICLES and word[1:] != "l" and after.startswith(word[1:]) else word
        for word, after in zip(words, following, strict=True)
    ]


def _cut(words: Sequence[str]) -> Reading:
    return tuple(word[:WORD_CHARS_MAX] for word in _looked_at(words))


def _looked_at(words: Sequence[str]) -> Sequence[str]:
    if len(words) <= WORDS_MAX:
        return words
    places = sorted(range(len(words)), key=lambda place: not is_searchable(words[place]))
    return [words[place] for place in sorted(places[:WORDS_MAX])]
