"""Other forms of a name: short ones, and the same name as other languages and scripts write it.

They come from the package `nicknames` (English) and from `known_forms`; why not from rigour, which knows ten times as
many: DECISIONS.md no. 41.
"""

from collections import defaultdict
from functools import cache, lru_cache

from nicknames import NickNamer

from services.query.domain.known_forms import OTHER_SPELLINGS, SHORT_FORMS
from shared.identifiers import fold_name

FORMS_KEPT = 10_000


@lru_cache(maxsize=FORMS_KEPT)
def forms_of(word: str) -> frozenset[str]:
    """Return the names that the folded word may be a form of; two words that share one are alike.

    A word nobody knows as a name has none.
    """
    full = {*_nicknames().canonicals_of(word), *_full_names().get(word, ())}
    # A full name is a form of itself, so that it meets those that are short for it.
    if full or word in _names_with_short_forms() or _nicknames().nicknames_of(word):
        full.add(word)
    return frozenset(full) | _spellings().get(word, frozenset())


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


@cache
def _full_names() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for full, short in _lines_of_short_forms():
        for each in short:
            found[each].append(full)
    return dict(found)


@cache
def _names_with_short_forms() -> frozenset[str]:
    return frozenset(full for full, _ in _lines_of_short_forms())


@cache
def _lines_of_short_forms() -> tuple[tuple[str, tuple[str, ...]], ...]:
    lines = (line.partition(": ") for line in SHORT_FORMS.strip().split("\n"))
    return tuple((full, tuple(short.split(", "))) for full, _, short in lines)


@cache
def _spellings() -> dict[str, frozenset[str]]:
    """Return of each word the lines it stands on, each called by its number."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for number, line in enumerate(OTHER_SPELLINGS.strip().split("\n")):
        for each in line.split(", "):
            found[" ".join(fold_name(each))].add(f"#{number}")
    return {word: frozenset(lines) for word, lines in found.items()}
