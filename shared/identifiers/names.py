"""Person names as comparable tokens. A name is support for other evidence, never a link key."""

import unicodedata
from collections.abc import Iterator

from shared.identifiers.text import is_invisible

NAME_CHARS_MAX = 1_000
"""What stands beyond is not read; no person's name comes near it."""

# Written inside one word in names (O'Brien, Nu'man, D’Souza), in the many shapes that keyboards produce.
_APOSTROPHES = frozenset("'`´‘’‛ʹʻʼʽʾʿ＇")

# Letters that Unicode does not take apart, as travel documents spell them (ICAO 9303 part 3, section 6), except that
# ø and å lose their mark like every other letter here: either spelling of a pair is seen in the wild.
_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}

_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_ASCII |= dict.fromkeys(map(ord, "'`"), "")


def fold_name(name: str) -> tuple[str, ...]:
    """Return the name's tokens in the order given, folded: `José O'Neill-Łuczak` is (jose, oneill, luczak).

    Latin, Greek, Cyrillic, Arabic and Hebrew lose their marks; other scripts keep theirs, which there make the vowels.
    Apostrophes join, every other sign parts; particles (de, al, van) stay. Never raises; () when nothing readable is
    left. Callers that do not care for the order sort.
    """
    text = name[:NAME_CHARS_MAX]
    if not text.isascii():
        text = _without_marks(text).casefold()
    if not text.isascii():
        # Case folding may bring out a mark that the first pass could not see, as in İ.
        text = unicodedata.normalize("NFKC", _without_marks(text))
    if text.isascii():
        # Most names are by now, and a table is many times as fast as a look at each character.
        return tuple(text.translate(_ASCII).split())
    return tuple("".join(char if _is_in_word(char) else " " for char in text).split())


def _without_marks(text: str) -> str:
    return "".join(_LETTERS.get(char, char) for char in _kept(unicodedata.normalize("NFKD", text)))


def _kept(text: str) -> Iterator[str]:
    for char in text:
        if char in _APOSTROPHES:
            continue
        if char.isascii() or not (_is_strippable_mark(char) or is_invisible(char)):
            yield char


def _is_strippable_mark(char: str) -> bool:
    """Accents (U+0300), Hebrew points (U+0591), Arabic vowel signs and hamza (U+064B), superscript alef and tatweel."""
    return (
        "\u0300" <= char <= "\u036f"
        or "\u0591" <= char <= "\u05c7"
        or "\u064b" <= char <= "\u065f"
        or char in "\u0670\u0640"
    )


def _is_in_word(char: str) -> bool:
    # Combining vowels of Indic and other scripts are marks (M), and belong to their word.
    return char.isalnum() or unicodedata.category(char)[0] == "M"
