"""Text as identifiers need it: tidied, folded, and told apart from placeholders. Every function is linear."""

import unicodedata
from collections.abc import Mapping
from functools import cache

VALUE_CHARS_MAX = 2_083
"""The longest identifier that a source's schema allows (CyberTipline `idValue`); what is longer is none."""

# Invisible without being format characters (category Cf): joiners, Hangul and Khmer fillers, variation selectors.
_IGNORABLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)

_PLACEHOLDER_WORDS = frozenset(
    {
        "unknown", "unk", "none", "null", "nil", "nan", "na", "n/a", "n.a.", "undefined", "unspecified", "not known",
        "not provided", "not available", "not applicable", "no name", "noname", "anonymous", "anon", "redacted",
        "withheld", "deleted", "[deleted]", "deleted user", "deleteduser", "removed", "[removed]", "test", "user",
        "username", "guest", "various", "tbd",
    }
)  # fmt: skip


def tidy(value: str) -> str:
    """Return the value with compatibility forms unified, invisible characters dropped and white space collapsed.

    Unicode form NFKC. Returns "" for what cannot be an identifier: too long, empty, or with a control character or a
    lone surrogate in it (a key must be storable as PostgreSQL text).
    """
    if len(value) > VALUE_CHARS_MAX:
        return ""
    if value.isascii():
        text = " ".join(value.split())
        return text if text.isprintable() else ""
    visible = "".join(char for char in value if not is_invisible(char))
    text = " ".join(unicodedata.normalize("NFKC", visible).split())
    return "" if any(unicodedata.category(char) in ("Cc", "Cs") for char in text) else text


def is_invisible(char: str) -> bool:
    """Return whether the character leaves no ink: zero-width, bidirectional mark, filler or variation selector."""
    return unicodedata.category(char) == "Cf" or char in _IGNORABLE


def fold(text: str) -> str:
    """Return tidied text without difference of letter case, in NFKC; folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    # Folding takes some letters apart (ΐ), so they are put together again.
    return unicodedata.normalize("NFKC", text.casefold())


def lower(text: str) -> str:
    """Return the text in lower case, letter by letter: unlike `fold`, ß stays ß, and final sigma is no special case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", "".join(char.lower() for char in text))


def compact(text: str, separators: str) -> str:
    """Return the text without any of the separator characters."""
    return text.translate(_none_of(separators))


def is_repetition(text: str) -> bool:
    """Return whether the text is one character over and over, and no letter: 0000000, 9999, ----."""
    return len(set(text)) == 1 and not text[0].isalpha()


def is_placeholder(text: str) -> bool:
    """Return whether the folded text is what people and programs write when they have no value."""
    return text in _PLACEHOLDER_WORDS or is_repetition(text)


@cache
def _none_of(separators: str) -> Mapping[int, None]:
    """Return the table that leaves out these characters: our own few sets of them, never a source's text."""
    return dict.fromkeys(map(ord, separators))
