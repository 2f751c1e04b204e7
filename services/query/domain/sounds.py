"""How a word sounds, roughly: the consonants, so that transliterations of one name meet.

Vowels are written down differently by everyone (Mohammed, Muhamad), voiced and unvoiced consonants by many (Wladimir,
Vladimir; Kim, Gim). This is for finding; how alike two words are is said by `likeness`.
"""

import re
from functools import lru_cache

SOUNDS_KEPT = 60_000
SOUND_MIN = 2
"""What has fewer consonants sounds like too much."""

# Longest first. A letter's own sound where the table is silent.
_WRITTEN = (
    ("tsch", "C"), ("dsch", "J"), ("shch", "S"), ("sch", "S"), ("tch", "C"), ("sh", "S"), ("ch", "C"), ("zh", "J"),
    ("dj", "J"), ("dzh", "J"), ("kh", "H"), ("gh", "G"), ("ph", "F"), ("th", "T"), ("dh", "D"), ("ck", "K"),
    ("ts", "Z"), ("tz", "Z"), ("cz", "C"), ("sz", "S"), ("rz", "J"), ("ks", "X"), ("qu", "K"), ("wh", "W"),
    ("oua", "wa"), ("oue", "we"), ("oui", "wi"), ("ce", "Se"), ("ci", "Si"), ("cy", "Sy"),
)  # fmt: skip
_SOUNDS = dict(_WRITTEN)
_PIECES = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_CLASS = dict.fromkeys(range(128)) | str.maketrans(
    {
        "b": "P", "p": "P", "B": "P", "P": "P", "v": "F", "w": "F", "W": "F", "f": "F", "F": "F", "d": "T", "D": "T",
        "t": "T", "T": "T", "g": "K", "G": "K", "k": "K", "K": "K", "q": "K", "c": "K", "j": "J", "J": "J", "z": "S",
        "Z": "S", "s": "S", "S": "S", "C": "S", "x": "S", "X": "S", "l": "L", "L": "L", "m": "M", "M": "M", "n": "N",
        "N": "N", "r": "R", "R": "R",
    }
)  # fmt: skip
_LEADING = dict.fromkeys("aeiouA", "A") | {"y": "J", "h": "H", "H": "H"}
"""What of a first letter is kept besides its class; it has none."""
_NOT_LATIN, _REPEATED = re.compile("[^\x00-\x7f]+"), re.compile(r"(.)(?=\1)")
_SILENT_J = re.compile("(?<=[aeiouy])j(?![aeiouy])")
_VOWELS = str.maketrans("", "", "aeiouwy")


@lru_cache(maxsize=SOUNDS_KEPT)
def sounds_of(word: str) -> frozenset[str]:
    """Return the ways in which a word sounds: its consonants by class, a doubled one once.

    None for a word without Latin letters, or of few sounds. A leading vowel is kept as A and a leading y as J: they
    tell Ali from Li. H counts only at the start. A w within is a consonant (Iwan) or a vowel (Arabic and Hebrew),
    and so is a j behind a vowel (Najm, Selenskyj).
    """
    sounds = _PIECES.sub(lambda found: _SOUNDS[found.group()], word)
    ways = {sounds, sounds[:1] + sounds[1:].replace("w", "").replace("W", ""), _SILENT_J.sub("", sounds)}
    return frozenset([code for code in map(_code, ways) if len(code) >= SOUND_MIN])


def consonants_of(word: str) -> str:
    """Return the letters of a word that every script writes."""
    return word.translate(_VOWELS)


def _code(sounds: str) -> str:
    coded = _LEADING.get(sounds[:1], "") + sounds.translate(_CLASS)
    return _REPEATED.sub("", coded if coded.isascii() else _NOT_LATIN.sub("", coded))
