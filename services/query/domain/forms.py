"""Other forms of a name: nicknames, and the same name in other languages and scripts.

The forms are those of rigour (people's names in Wikidata: محمد, Mohammed, Muhammad), of `nicknames` (English: Bob,
Robert), and our own short list, for what both lack. rigour's own front door needs a compiled ICU, which a bare machine
has not; what is used here is the part of it that brings its data along. Loading takes seconds and 250 MB, once.
"""

from collections import defaultdict
from functools import cache, lru_cache

from nicknames import NickNamer
from rigour._core import NameTypeTag, analyze_names

from services.query.domain.short_forms import SHORT_FORMS

FORMS_KEPT = 10_000


@lru_cache(maxsize=FORMS_KEPT)
def forms_of(word: str) -> frozenset[str]:
    """Return the names that the folded word may be a form of, by ids of no other meaning; two that share one are alike.

    A word nobody knows as a name has none.
    """
    forms = {f"{s.symbol.category.value}:{s.symbol.id}" for name in _analysed(word) for s in name.spans}
    known = {*_nicknames().canonicals_of(word), *_short_forms().get(word, ())}
    # A full name is a form of itself, so that it meets those that are short for it.
    return frozenset(forms | {f"SHORT:{full}" for full in (known | {word} if known or _is_full(word) else known)})


def load_forms() -> None:
    """Load the lists now rather than for the first name that is asked for; a process does nothing else meanwhile."""
    forms_of("maria")


def _analysed(word: str) -> set:  # type: ignore[type-arg]  # rigour's class is not generic
    return analyze_names(NameTypeTag.PER, [word], phonetics=False, consolidate=False, rewrite=False)


def _is_full(word: str) -> bool:
    return bool(_nicknames().nicknames_of(word)) or word in _full_names()


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


@cache
def _short_forms() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in SHORT_FORMS.strip().split("\n"):
        full, _, short = line.partition(": ")
        for each in filter(None, short.split(", ")):
            found[each].append(full)
    return dict(found)


@cache
def _full_names() -> frozenset[str]:
    return frozenset(full for names in _short_forms().values() for full in names)
