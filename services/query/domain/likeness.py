"""How alike two words of names are."""

from collections.abc import Iterator
from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from services.query.domain.forms import forms_of
from services.query.domain.sounds import consonants_of, sounds_of
from services.query.domain.words import is_searchable

SAME, FORM, SLIP, SOUND, NEAR, INITIAL, OTHER = 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.0
"""The same word; another form of the name; spelled alike; sounding alike; spelled nearly alike; an initial; another."""

PAIRS_KEPT, WORDS_KEPT = 50_000, 60_000
SLIPS_MAX = ((8, 2), (4, 1))
"""Words of so many letters and more are spelled alike with so many slips; in a shorter word one makes another word."""
NEAR_SLIPS_MAX = ((8, 3), (5, 2), (3, 1))
"""With so many they are nearly so: enough beside another word that agrees, and never by itself."""
BEGINS_CHARS = 4
SOUND_CHARS_MIN = 4
"""A shorter word has too little sound to go by: Min is not Mun."""
SOUND_LETTERS_MIN = 0.5
"""Words that sound alike have so many of their letters in common; others only have their consonants so."""
VOWELS_MIN, SOUND_CONSONANTS_MIN = 0.25, 0.6
"""A word with fewer vowels comes from a script that leaves them out; then so many consonants are enough."""
SHORT_CHARS_MIN, ENDING_CHARS_MIN = 3, 4
_FAMILIAR_ENDINGS = ("ie", "ey", "y", "i", "o", "a", "e")


def likeness(left: str, right: str) -> float:
    """Return how alike two folded words are; the order of the two does not matter.

    A slip is a letter more, less or other, or two neighbours swapped. What sounds alike may be further apart (Yusuf,
    Youssef), since its consonants agree.
    """
    if left == right:
        return SAME if is_searchable(left) else INITIAL
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    if len(shorter) == 1 and not is_searchable(shorter):
        return INITIAL if longer[0] == shorter else OTHER
    forms = forms_of(left)
    if forms and not forms.isdisjoint(forms_of(right)):
        return FORM
    letters = len(longer)
    slips_max, near_slips_max, half = _limits(letters)
    slips = OSA.distance(left, right, score_cutoff=half)
    if slips <= half:
        if slips <= slips_max:
            return SLIP
        if letters >= SOUND_CHARS_MIN and not sounds_of(left).isdisjoint(sounds_of(right)):
            return SOUND
        if slips <= near_slips_max:
            return NEAR
    # Most words that are compared are far apart, and with most of them this is all that is looked at.
    elif letters >= SOUND_CHARS_MIN and (_lacks_vowels(left) or _lacks_vowels(right)) and _sound_alike(left, right):
        return SOUND
    # Whatever is the beginning or the end of the other shares its first two letters or its last.
    may_be_part = shorter[:2] == longer[:2] or shorter[-1] == longer[-1]
    return NEAR if may_be_part and (_begin_alike(left, right) or _is_short_for(shorter, longer)) else OTHER


kept_likeness = lru_cache(maxsize=PAIRS_KEPT)(likeness)
"""The same, for words that are compared again and again."""


def _sound_alike(left: str, right: str) -> bool:
    """Return whether two words sound alike of which less than half the letters agree, one lacking its vowels."""
    if sounds_of(left).isdisjoint(sounds_of(right)):
        return False
    return OSA.normalized_similarity(consonants_of(left), consonants_of(right)) >= SOUND_CONSONANTS_MIN


@lru_cache(maxsize=WORDS_KEPT)
def _lacks_vowels(word: str) -> bool:
    return sum(map(word[1:].count, "aeiou")) < VOWELS_MIN * (len(word) - 1)


def _is_short_for(short: str, full: str) -> bool:
    """Return whether a word is the beginning or the end of a name, with what makes it familiar: Barb, Tommy, Nando."""
    if len(full) < len(short):
        return False
    if len(short) >= ENDING_CHARS_MIN and full.endswith(short):
        return True
    if not full.startswith(short[:SHORT_CHARS_MIN]):
        return False
    return any(len(stem) >= SHORT_CHARS_MIN and full.startswith(stem) for stem in _stems_of(short))


def _stems_of(short: str) -> Iterator[str]:
    """Yield what a familiar form may be made of: tommy, tomm and tom of Tommy."""
    yield short
    for ending in filter(short.endswith, _FAMILIAR_ENDINGS):
        stem = short.removesuffix(ending)
        yield stem
        if stem[-2:-1] == stem[-1:]:
            yield stem[:-1]


def _begin_alike(left: str, right: str) -> bool:
    """Return whether the first half of two short words is the same: Chol, Chun."""
    return len(left) == len(right) == BEGINS_CHARS and left[: BEGINS_CHARS // 2] == right[: BEGINS_CHARS // 2]


@cache
def _limits(letters: int) -> tuple[int, int, int]:
    """Return with how many slips words of so many letters are spelled alike, nearly so, and may sound alike."""
    slips_max, near_slips_max = (
        next((slips for letters_min, slips in table if letters >= letters_min), 0)
        for table in (SLIPS_MAX, NEAR_SLIPS_MAX)
    )
    return slips_max, near_slips_max, int(letters * (1 - SOUND_LETTERS_MIN))
