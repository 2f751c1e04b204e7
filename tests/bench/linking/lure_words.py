"""Words of the lure world: made-up words, handles by habit or fashion, and how people copy them down. No IO."""

from dataclasses import dataclass
from random import Random
from typing import Literal

HABIT_WEIGHTS = {"stem": 34, "mark": 22, "manager": 18, "fashion": 26}
"""How offenders name accounts: see `Habit`."""
FASHION_RATE = 0.22
"""Of the handles of whoever has a habit, those that follow the fashion all the same."""

_ONSETS = ("b", "br", "d", "dr", "f", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "p", "r", "s", "sh", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ie", "ou")
_CODAS = ("", "", "", "l", "m", "n", "r", "s", "t", "x")
_SYLLABLES = tuple(onset + vowel + coda for onset in _ONSETS for vowel in _VOWELS for coda in _CODAS)
_FASHION_NAMES_TEXT = """Mia Emma Luna Chloe Zoe Lily Ella Ava Sofia Maya Nora Leah Ruby Jade Kayla Jenny Amber Tessa
Alina Bella Jake Tyler Ryan Ethan Noah Liam Mason Logan Lucas Dylan Kevin Alex Sam Jordan Robin Kim"""
_FASHION_NAMES = tuple(_FASHION_NAMES_TEXT.split())
_FASHION_WORDS = ("vibes", "sky", "moon", "play", "star", "rose", "gg", "daily", "here", "xo", "real", "new")
_HANDLE_FASHIONS = (
    "{name}.{word}",
    "its{name}{number}",
    "{name}_{number}",
    "real.{name}",
    "{name}{word}{number}",
    "the.{name}",
    "{name}_{word}",
    "{name}{number}",
)
_DISPLAY_FASHIONS = ("{Name}", "{Name} 💕", "its {Name}", "{Name} ✨", "real {Name}", "{Name} (new acc)", "{Name} 🎮")
_STEM_SHAPES = ("{0}", "{0}_", "{0}{1}", "x{0}", "{0}.{1}", "_{0}{1}", "mr{0}", "{0}tv", "{0}{0[0]}")
_LEET = str.maketrans("aeio", "4310")
_MANAGER_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_MARK_LETTERS = "qxzvkjwy"


@dataclass(frozen=True, slots=True)
class Habit:
    """How one person names accounts.

    `stem`: a word of their own, decorated. `mark`: a fashionable name that ends in always the same odd letters.
    `manager`: a few strings of a password manager, used again letter by letter. `fashion`: as everybody does.
    """

    kind: Literal["stem", "mark", "manager", "fashion"]
    own: tuple[str, ...]


def skewed(rng: Random, count: int, power: float = 2.0) -> int:
    """Return a number from 0 to `count` - 1, the low ones far more often; a higher power leans more."""
    return int(count * rng.random() ** power)


def draw_word(rng: Random, syllables: int) -> str:
    """Return a made-up word; two syllables give some three million."""
    return "".join(rng.choices(_SYLLABLES, k=syllables))


def draw_code(rng: Random, letters: str, length: int) -> str:
    """Return so many letters of these."""
    return "".join(rng.choices(letters, k=length))


def draw_first_name(rng: Random) -> str:
    """Return a first name; some are very common."""
    return _FASHION_NAMES[skewed(rng, len(_FASHION_NAMES), 1.5)]


def draw_display_name(rng: Random) -> str:
    """Return a display name after the fashion, as many unrelated people have it."""
    return rng.choice(_DISPLAY_FASHIONS).format(Name=draw_first_name(rng))


def draw_habit(rng: Random) -> Habit:
    """Return a new person's habit."""
    kind = rng.choices(("stem", "mark", "manager", "fashion"), tuple(HABIT_WEIGHTS.values()))[0]
    if kind == "stem":
        return Habit("stem", (draw_word(rng, rng.choice((2, 2, 3))), str(rng.randrange(1, 1000))))
    if kind == "mark":
        return Habit("mark", (draw_code(rng, _MARK_LETTERS, 3) + str(rng.randrange(1, 100)),))
    if kind == "manager":
        return Habit("manager", tuple(draw_code(rng, _MANAGER_LETTERS, 11) for _ in range(rng.randint(1, 3))))
    return Habit("fashion", ())


def draw_handle(rng: Random, habit: Habit) -> str:
    """Return a handle for another account of whoever has this habit."""
    if habit.kind == "fashion" or rng.random() < FASHION_RATE:
        return _fashionable(rng)
    if habit.kind == "manager":
        return rng.choice(habit.own)
    if habit.kind == "mark":
        return f"{draw_first_name(rng).lower()}{rng.choice(('', '.', '_'))}{habit.own[0]}"
    stem, number = habit.own
    handle = rng.choice(_STEM_SHAPES).format(stem, number if rng.random() < 0.7 else rng.randrange(100))
    return handle.translate(_LEET) if rng.random() < 0.12 else handle


def spell_by_hand(rng: Random, handle: str) -> str:
    """Return a handle as a person writes it into a form: with an @, capitals, sometimes a slip."""
    chance = rng.random()
    if chance < 0.16:
        return f"@{handle}"
    if chance < 0.26:
        return handle.capitalize()
    if chance < 0.28:
        return mistype(rng, handle)
    return handle


def mistype(rng: Random, text: str) -> str:
    """Return the text with two neighbours swapped, or one letter left out."""
    if len(text) < 3:
        return text
    at = rng.randrange(len(text) - 1)
    return text[:at] + (text[at + 1] + text[at] if rng.random() < 0.5 else "") + text[at + 2 :]


def _fashionable(rng: Random) -> str:
    shape = _HANDLE_FASHIONS[skewed(rng, len(_HANDLE_FASHIONS), 1.5)]
    name, word = draw_first_name(rng).lower(), rng.choice(_FASHION_WORDS)
    return shape.format(name=name, word=word, number=skewed(rng, 1000))
