"""How alike two words of names are."""

from functools import lru_cache

from rapidfuzz.distance import OSA

from services.query.domain.forms import forms_of
from services.query.domain.sounds import sound_of
from services.query.domain.words import is_searchable

SAME, FORM, SLIP, SOUND, INITIAL, OTHER = 1.0, 0.9, 0.8, 0.7, 0.5, 0.0
"""The same word; another form of the same name; spelled alike; sounding alike; an initial; another word."""

PAIRS_KEPT = 200_000
FUZZY_CHARS_MIN = 4
"""A slip in a shorter word makes another word of it more often than not."""
TWO_SLIPS_CHARS_MIN = 8
SOUND_LETTERS_MIN = 0.5
"""Words that sound alike have so many of their letters in common; others only have their consonants so."""


@lru_cache(maxsize=PAIRS_KEPT)
def likeness(left: str, right: str) -> float:
    """Return how alike two folded words are; the order of the two does not matter.

    One slip is a letter more, less or other, or two neighbours swapped; long words may have two. What sounds alike may
    be two slips apart where it is short (Yusuf, Youssef), since its consonants agree.
    """
    if left == right:
        return SAME if is_searchable(left) else INITIAL
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    if not is_searchable(shorter):
        return INITIAL if longer[0] == shorter else OTHER
    if not forms_of(left).isdisjoint(forms_of(right)):
        return FORM
    if len(longer) >= FUZZY_CHARS_MIN:
        slips_max = 2 if len(longer) >= TWO_SLIPS_CHARS_MIN else 1
        if OSA.distance(left, right, score_cutoff=slips_max) <= slips_max:
            return SLIP
        sound = sound_of(left)
        if sound and sound == sound_of(right) and OSA.normalized_similarity(left, right) >= SOUND_LETTERS_MIN:
            return SOUND
    return OTHER
