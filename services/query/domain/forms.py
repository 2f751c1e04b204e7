"""Other forms of a name: short ones, and the same name as other languages and scripts write it.

They come from the package `nicknames` (English), from `known_forms` and, of Chinese names, from `wade_giles`; why not
from rigour, which knows ten times as many: DECISIONS.md no. 41.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache

from nicknames import NickNamer

from services.query.domain.known_forms import OTHER_SPELLINGS, SHORT_FORMS
from services.query.domain.wade_giles import pinyin_of
from shared.identifiers import fold_name

_NO_FORMS: frozenset[str] = frozenset()
WORDS_KEPT = 60_000
"""The same words are compared again and again."""


@lru_cache(maxsize=WORDS_KEPT)
def forms_of(word: str) -> frozenset[str]:
    """Return the names that the folded word may be a form of; two words that share one are alike.

    A word nobody knows as a name has none.
    """
    return _forms().get(word, _NO_FORMS) | pinyin_of(word)


@cache
def _forms() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for full, short in (*NickNamer.default_lookup().items(), *_short_forms()):
        # A full name is a form of itself, so that it meets those that are short for it.
        found[full].add(full)
        for each in short:
            found[each] |= {each, full}
    # Of other spellings, each entry is a form, called by its number. What is short for a name is short for it in every
    # language: Sasha is Aleksandr, Oleksandr and Alexandros.
    entries: defaultdict[str, set[str]] = defaultdict(set)
    for number, spellings in enumerate(_spellings()):
        for each in spellings:
            entries[each].add(f"#{number}")
    return {
        word: frozenset(found.get(word, ())).union(*(entries.get(each, ()) for each in (word, *found.get(word, ()))))
        for word in (*found, *entries)
    }


def latin_of(word: str) -> str | None:
    """Return the usual Latin spelling of a name of another script, the first of its entry; None if it is not known."""
    return _latin_spellings().get(word)


@cache
def _latin_spellings() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for first, *others in _spellings():
        for each in others:
            if not each.isascii():
                found.setdefault(each, first)
    return found


def _spellings() -> list[list[str]]:
    return [[" ".join(fold_name(each)) for each in entry.split(",")] for entry in _entries(OTHER_SPELLINGS)]


def _short_forms() -> list[tuple[str, list[str]]]:
    entries = (entry.partition(": ") for entry in _entries(SHORT_FORMS))
    return [(full, short.split(", ")) for full, _, short in entries]


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(";") if entry.strip()]
