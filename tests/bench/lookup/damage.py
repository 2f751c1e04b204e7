"""Thirteen ways in which the name of somebody on record is written by those who ask."""

import unicodedata
from collections.abc import Callable, Mapping
from random import Random

from tests.bench.lookup.cultures import CULTURES
from tests.bench.lookup.population import Person, given_name, written

Damage = Callable[[Person, Random], str | None]
"""Returns the name as asked, None where this person's cannot be written that way."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SLIP_CHARS_MIN = 4
_SOUNDS = (
    ("ou", "u"), ("ee", "i"), ("oo", "u"), ("q", "k"), ("kh", "h"), ("ov", "off"), ("sky", "skij"), ("ks", "x"),
    ("ph", "f"), ("w", "v"), ("sh", "sch"), ("zh", "j"), ("ai", "ay"), ("ch", "tch"), ("c", "k"), ("y", "i"),
    ("i", "y"),
)  # fmt: skip
_PLAIN = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "Ø": "O", "Ł": "L", "æ": "ae", "ß": "ss", "đ": "d", "Đ": "D"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "å": "aa"})


def exact(person: Person, chance: Random) -> str | None:
    """Just as it is on record."""
    return person.name


def one_typo(person: Person, chance: Random) -> str | None:
    """A letter more, less or other, or two swapped, in a word of four letters or more."""
    return _with_typos(person.name, 1, chance)


def two_typos(person: Person, chance: Random) -> str | None:
    """Two of them, in any words."""
    return _with_typos(person.name, 2, chance)


def swapped(person: Person, chance: Random) -> str | None:
    """Capitals, surnames on the other side, as in a passport."""
    first = CULTURES[person.culture].is_surname_first
    return written(person.given, person.surnames, is_surname_first=not first).upper()


def missing_middle(person: Person, chance: Random) -> str | None:
    """Without the second given name, or the second surname."""
    if len(person.given) + len(person.surnames) < 3:
        return None
    if len(person.given) > 1:
        return _written(person, given=person.given[:1])
    return _written(person, surnames=person.surnames[:1])


def initials(person: Person, chance: Random) -> str | None:
    """Given names by their first letters."""
    return _written(person, given=tuple(f"{name[0]}." for name in person.given))


def hyphened(person: Person, chance: Random) -> str | None:
    """Two words with a hyphen or as one; a hyphen as a blank or left out."""
    if "-" in person.name:
        return person.name.replace("-", chance.choice(("", " ")))
    if len(person.surnames) > 1:
        return _written(person, surnames=("-".join(person.surnames),))
    if len(person.given) > 1:
        return _written(person, given=(chance.choice(("", "-")).join(person.given),))
    return None


def transliterated(person: Person, chance: Random) -> str | None:
    """Another Latin spelling of a name of another script or language."""
    spellings = CULTURES[person.culture].spellings
    given = tuple(spellings.get(name, name) for name in person.given)
    surnames = tuple(spellings.get(name, name) for name in person.surnames)
    if (given, surnames) != (person.given, person.surnames):
        return _written(person, given=given, surnames=surnames)
    longest = max((*person.given, *person.surnames), key=len)
    for sound, other in chance.sample(_SOUNDS, len(_SOUNDS)):
        if sound in longest:
            return person.name.replace(longest, longest.replace(sound, other, 1))
    return None


def in_script(person: Person, chance: Random) -> str | None:
    """In the script of its language, whether or not that is on record."""
    return person.native or None


def extra_part(person: Person, chance: Random) -> str | None:
    """With a given name that is not on record."""
    more = given_name(person.culture, chance)
    return None if more in person.given else _written(person, given=(*person.given, more))


def diacritics(person: Person, chance: Random) -> str | None:
    """Without its marks, or with them as letters (ue); a plain name with a mark."""
    bare = _bare(person.name)
    if bare != person.name:
        spelled = _bare(person.name.translate(_UMLAUTS))
        return spelled if chance.random() < 0.5 else bare
    for letter, marked in (("a", "á"), ("o", "ö"), ("e", "é"), ("u", "ü")):
        if letter in person.name:
            return person.name.replace(letter, marked, 1)
    return None


def nickname(person: Person, chance: Random) -> str | None:
    """By what friends say."""
    nick = CULTURES[person.culture].nicknames.get(person.given[0])
    return _written(person, given=(nick, *person.given[1:])) if nick else None


def combined(person: Person, chance: Random) -> str | None:
    """A typo on top of another kind."""
    other = chance.choice((swapped, missing_middle, diacritics, transliterated, hyphened))(person, chance)
    slipped = _with_typos(other, 1, chance) if other else None
    return None if slipped == person.name else slipped


KINDS: Mapping[str, Damage] = {
    "exact": exact,
    "one typo": one_typo,
    "two typos": two_typos,
    "swap": swapped,
    "missing middle": missing_middle,
    "initials": initials,
    "hyphen": hyphened,
    "transliteration": transliterated,
    "script": in_script,
    "extra part": extra_part,
    "diacritics": diacritics,
    "nickname": nickname,
    "combined": combined,
}


def _day_and_month_swapped(person: Person, chance: Random) -> str | None:
    if not person.born or len(person.born) < len("1980-01-01") or person.born[5:7] == person.born[8:]:
        return None
    return f"{person.born[:4]}-{person.born[8:]}-{person.born[5:7]}" if person.born[8:] <= "12" else None


def _year_only(person: Person, chance: Random) -> str | None:
    return person.born[:4] if person.born and len(person.born) > len("1980") else None


def _wrong(person: Person, chance: Random) -> str | None:
    return f"{chance.randrange(1935, 2010)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"


BIRTH_DATES: Mapping[str, Damage] = {
    "with day and month swapped": _day_and_month_swapped,
    "by its year only": _year_only,
    "of somebody else": _wrong,
}
"""Returns the birth date as asked, None where the recorded one cannot be given that way."""


def _written(person: Person, given: tuple[str, ...] | None = None, surnames: tuple[str, ...] | None = None) -> str:
    first = CULTURES[person.culture].is_surname_first
    return written(given or person.given, surnames or person.surnames, is_surname_first=first)


def _with_typos(name: str, count: int, chance: Random) -> str | None:
    words = name.split()
    for _ in range(count):
        long = [place for place, word in enumerate(words) if len(word) >= SLIP_CHARS_MIN]
        if not long:
            return None
        place = chance.choice(long)
        words[place] = _slipped(words[place], chance)
    slipped = " ".join(words)
    return None if slipped == name else slipped


def _slipped(word: str, chance: Random) -> str:
    at = chance.randrange(1, len(word))
    match chance.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + chance.choice(LETTERS) + word[at:]
        case 2:
            return word[:at] + chance.choice(LETTERS) + word[at + 1 :]
        case _:
            return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).translate(_PLAIN)
