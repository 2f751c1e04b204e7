"""How the names of a culture are made, and how its tables are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Culture:
    """How names of a culture are made. A tail name is a head, up to two middles and an end.

    `share`: of the population, relative to the others. `double`: how many have two surnames. `middle`: how many have a
    second given name. `joined`: given names of two syllables written together (Chinese) or with a hyphen (Korean).
    """

    share: float
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    heads: tuple[str, ...] = ()
    middles: tuple[str, ...] = ("",)
    ends: tuple[str, ...] = ()
    is_surname_first: bool = False
    double: float = 0.0
    middle: float = 0.25
    joined: str | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of one name in Latin letters."""
    nicknames: Mapping[str, str] = field(default_factory=dict)
    script: Mapping[str, str] = field(default_factory=dict)
    """Letters or syllables of its own script, by their usual Latin form. "" is a vowel that the script leaves out; `^`
    stands for the beginning of a word."""


def listed(text: str) -> tuple[str, ...]:
    """Return words apart; `_` stands for a blank within one."""
    return tuple(word.replace("_", " ") for word in text.split())


def mapped(text: str) -> dict[str, str]:
    """Return `key=value` words as a mapping."""
    return dict(pair.split("=") for pair in text.split())
