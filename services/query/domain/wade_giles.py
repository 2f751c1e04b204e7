"""Chinese names in Wade-Giles, as Taiwan's passports write them, and in pinyin, as China's do: Hsieh is Xie.

Passports leave out the marks that tell aspirated sounds from others and u from ü, so that one spelling in Wade-Giles
may be several in pinyin. The syllables and their spellings are those of the standard tables (ISO 7098; Wade 1867,
Giles 1892).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import groupby, islice, product

SYLLABLES_MAX = 3
"""More are not written together in a name."""
READINGS_MAX = 16
"""All that two syllables may be: in pinyin each is one of four at most."""
SYLLABLE_CHARS_MAX = 6

_GUTTURAL = "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo"
_PALATAL = "i ia ian iang iao ie in ing iong iu u uan ue un"
_DENTAL = "a ai an ang ao e en eng i ong ou u uan ui un uo"
_RETROFLEX = "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo"
_FINALS = {
    "": "a ai an ang ao e en er ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan ue uo",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu ong ou u uan ue un uo",
    "g": _GUTTURAL, "k": _GUTTURAL, "h": _GUTTURAL,
    "j": _PALATAL, "q": _PALATAL, "x": _PALATAL,
    "zh": _RETROFLEX, "ch": _RETROFLEX,
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u uan ui un uo",
    "z": _DENTAL, "c": _DENTAL, "s": _DENTAL,
    "y": "a an ang ao e i in ing ong ou u uan ue un",
    "w": "a ai an ang ei en eng o u",
}  # fmt: skip
"""The syllables of Mandarin in pinyin, by their beginnings; ü is written u."""
_INITIALS = {
    "b": "p", "d": "t", "g": "k", "j": "ch", "q": "ch", "x": "hs", "zh": "ch", "z": "ts", "c": "ts", "r": "j",
}  # fmt: skip
_WHOLE = {
    "er": ("erh",), "e": ("eh",), "you": ("yu",), "yan": ("yen",), "ye": ("yeh",),
    "yue": ("yueh",), "yong": ("yung",), "zi": ("tzu",), "ci": ("tzu",), "si": ("ssu", "szu"), "zhi": ("chih",),
    "chi": ("chih",), "shi": ("shih",), "ri": ("jih",), "ge": ("ko", "ke"), "ke": ("ko", "ke"), "he": ("ho", "he"),
    "gui": ("kuei",), "kui": ("kuei",), "guo": ("kuo",), "kuo": ("kuo",), "huo": ("huo",), "shuo": ("shuo",),
}  # fmt: skip
"""Syllables whose spelling follows no rule."""
_ENDINGS = {"ie": "ieh", "ue": "ueh", "ian": "ien", "ong": "ung", "iong": "iung", "uo": "o"}


def pinyin_of(word: str) -> frozenset[str]:
    """Return the ways in which a folded word is written in pinyin if it may be Wade-Giles and is no pinyin, as Hsieh.

    A word in pinyin that has such a spelling in Wade-Giles is its own form; others have none. What only looks so, as
    Toni does, gets forms that nobody is called.
    """
    if not _syllables().fullmatch(word):
        return frozenset()
    ways = (
        "".join(way)
        for syllables in _split(word, _pinyin_by_wade_giles())
        if any(each not in _wade_giles() for each in syllables)
        for way in product(*(sorted(_pinyin_by_wade_giles()[each]) for each in syllables))
    )
    own = {word} if any(_has_other_spelling(syllables) for syllables in _split(word, _wade_giles())) else set[str]()
    return frozenset(own.union(islice(ways, READINGS_MAX)))


def _has_other_spelling(syllables: tuple[str, ...]) -> bool:
    """Return whether one of some syllables in pinyin has a spelling in Wade-Giles that pinyin has not."""
    return any(spelling not in _wade_giles() for each in syllables for spelling in _wade_giles()[each])


def _split(word: str, syllables: Mapping[str, object], most: int = SYLLABLES_MAX) -> list[tuple[str, ...]]:
    """Return the ways to read a word as so many of these syllables at most."""
    if not word:
        return [()]
    if not most:
        return []
    return [
        (word[:end], *rest)
        for end in range(1, min(len(word), SYLLABLE_CHARS_MAX) + 1)
        if word[:end] in syllables
        for rest in _split(word[end:], syllables, most - 1)
    ]


@cache
def _syllables() -> re.Pattern[str]:
    """Return what a word is made of that is read here; hardly any is, and to see that is most of the work."""
    spelled = groupby(sorted({*_wade_giles(), *_pinyin_by_wade_giles()}), key=lambda syllable: syllable[0])
    begun = (f"{first}(?:{'|'.join(each[1:] for each in each_of_it)})" for first, each_of_it in spelled)
    return re.compile(f"(?:{'|'.join(begun)}){{1,{SYLLABLES_MAX}}}")


@cache
def _wade_giles() -> Mapping[str, tuple[str, ...]]:
    """Return of each syllable in pinyin how Wade-Giles writes it, without marks."""
    return {
        initial + final: _spellings(initial, final) for initial, finals in _FINALS.items() for final in finals.split()
    }


@cache
def _pinyin_by_wade_giles() -> Mapping[str, frozenset[str]]:
    found = defaultdict[str, set[str]](set)
    for syllable, spellings in _wade_giles().items():
        for spelling in spellings:
            found[spelling].add(syllable)
    return {spelling: frozenset(syllables) for spelling, syllables in found.items()}


def _spellings(initial: str, final: str) -> tuple[str, ...]:
    if whole := _WHOLE.get(initial + final):
        return whole
    return (_INITIALS.get(initial, initial) + _ENDINGS.get(final, final),)
