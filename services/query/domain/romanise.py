"""Words of other scripts in Latin letters, as registers write them.

anyascii knows every letter, and no name. What stands here is what it cannot know: names whose spelling is settled
(`known_forms`), which part of a Chinese or Korean name is the family's, and letters that depend on their place or on
the language. Arabic and Hebrew write hardly any vowels; those that are missing here are passed over by `sounds`.
"""

import re
import unicodedata

from anyascii import anyascii

from services.query.domain.forms import latin_of
from services.query.domain.known_forms import FAMILY_NAMES

_ARABIC_ARTICLE, _ARABIC_SERVANT = "ال", "عبد"
_ARTICLE_WORD_CHARS_MIN = 4
# Alef and ain are vowels to those who write Latin letters; anyascii leaves both out.
_ABJAD = str.maketrans({"ا": "a", "ع": "a", "ة": "a", "ى": "a", "א": "a", "ע": "a", "ו": "w"})
# A nasal sign is n far more often than m. Greek pairs of letters that are one sound; Thai vowels written before theirs.
_NASALS = str.maketrans(dict.fromkeys("\u0902\u0982\u0a02\u0a70\u0a82\u0b02\u0c02\u0c82\u0d02", "n"))
_PLACED = (
    (re.compile("(?<!^)ב"), "v"),
    (re.compile("^פ"), "p"),
    (re.compile("[פף]$"), "f"),
    (re.compile("פ"), "p"),
    (re.compile("^μπ"), "b"),
    (re.compile("^ντ"), "d"),
    (re.compile("^γκ"), "g"),
    (re.compile("ου"), "ou"),
    (re.compile("(?<=[αε])υ(?=[βγδζλμνραειουω])"), "v"),
    (re.compile("(?<=[αε])υ"), "f"),
    (re.compile("γγ"), "ng"),
    (re.compile("([เแโใไ])(.)"), r"\2\1"),
)
# Ukrainian reads two letters otherwise than Russian; a name does not always tell which it is.
_UKRAINIAN = str.maketrans({"г": "h", "и": "y"})


def romanised_names(words: list[str]) -> list[list[str]]:
    """Return the ways in which a name is written in Latin letters, the usual one first.

    A Chinese or Korean given name of two syllables is written as one word and as two; a Cyrillic one in the Russian and
    in the Ukrainian way.
    """
    is_alone = len(words) == 1
    ways = [[part for word in words for part in _parts(word, is_whole_name=is_alone)]]
    if is_alone and is_syllabic(words[0]):
        family, given = _family_and_given(words[0])
        if len(given) > 1:
            ways.append([_letters(family), *(_letters(syllable) for syllable in given)])
    others = [word.translate(_UKRAINIAN) if _is_cyrillic(word) else word for word in words]
    if others != words:
        ways.append([part for word in others for part in _parts(word, is_whole_name=is_alone)])
    return [[word for word in way if word] for way in ways]


def is_syllabic(word: str) -> bool:
    """Return whether a word is written by syllables, as Chinese and Korean are."""
    return unicodedata.name(word[0], "").startswith(("CJK UNIFIED", "HANGUL SYLLABLE"))


def _parts(word: str, *, is_whole_name: bool) -> list[str]:
    """Return a word in Latin letters, and what is written together there apart.

    That is the family's syllable, which stands first in Chinese and Korean names, and the Arabic article.
    """
    if word.isascii():
        return [word]
    if known := latin_of(word) or (FAMILY_NAMES.get(word) if len(word) > 1 else None):
        return [known]
    if is_whole_name and len(word) > 1 and is_syllabic(word):
        return [_letters(part) for part in _family_and_given(word)]
    if word.startswith(_ARABIC_SERVANT + _ARABIC_ARTICLE):
        return ["abdul", *_parts(word.removeprefix(_ARABIC_SERVANT + _ARABIC_ARTICLE), is_whole_name=False)]
    if word.startswith(_ARABIC_ARTICLE) and len(word) >= _ARTICLE_WORD_CHARS_MIN:
        return ["al", *_parts(word.removeprefix(_ARABIC_ARTICLE), is_whole_name=False)]
    return [_letters(word)]


def _family_and_given(name: str) -> tuple[str, str]:
    size = 2 if len(name) > 2 and name[:2] in FAMILY_NAMES else 1
    return name[:size], name[size:]


def _letters(text: str) -> str:
    if known := FAMILY_NAMES.get(text) or latin_of(text):
        return known
    text = text.translate(_ABJAD).translate(_NASALS)
    for written, read in _PLACED:
        text = written.sub(read, text)
    return "".join(char for char in anyascii(text).lower() if char.isalnum())


def _is_cyrillic(word: str) -> bool:
    return "\u0400" <= word[0] <= "\u04ff"
