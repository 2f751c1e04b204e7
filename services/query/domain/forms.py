"""Other forms of a name: short ones, and the same name as other languages and scripts write it.

They come from the package `nicknames` (English) and from `known_forms`; why not from rigour, which knows ten times as
many: DECISIONS.md no. 41.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from nicknames import NickNamer

from services.query.domain.known_forms import OTHER_SPELLINGS, SHORT_FORMS
from shared.identifiers import fold_name

_NO_FORMS: frozenset[str] = frozenset()


def forms_of(word: str) -> frozenset[str]:
    """Return the names that the folded word may be a form of; two words that share one are alike.

    A word nobody knows as a name has none.
    """
    return _forms().get(word, _NO_FORMS)


@cache
def _forms() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for full, short in (*NickNamer.default_lookup().items(), *_lines_of_short_forms()):
        # A full name is a form of itself, so that it meets those that are short for it.
        found[full].add(full)
        for each in short:
            found[each] |= {each, full}
    # Of other spellings, each line is a form, called by its number.
    for number, line in enumerate(OTHER_SPELLINGS.strip().split("\n")):
        for each in line.split(", "):
            found[" ".join(fold_name(each))].add(f"#{number}")
    return {word: frozenset(forms) for word, forms in found.items()}


def _lines_of_short_forms() -> list[tuple[str, list[str]]]:
    lines = (line.partition(": ") for line in SHORT_FORMS.strip().split("\n"))
    return [(full, short.split(", ")) for full, _, short in lines]
