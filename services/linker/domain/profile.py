"""What a tip says of its subject besides identifiers: names and birth dates, and how two such descriptions agree.

With them it keeps the setting of what it reports (`setting.py`), which is stored and merged as they are.

They support or contradict other evidence, and never link by themselves. They are also the yardstick by which the
linker learns what an equal identifier is worth, since they are given independently of it. A name from which a handle is
made is not: all who call themselves alena77 are named Alena.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal

from rapidfuzz.distance import JaroWinkler

from services.linker.domain.facts import Party, Research, TipContent
from services.linker.domain.setting import NOWHERE, Setting, merge_settings, setting_of
from shared.identifiers import BirthDate, compare_birth_dates, fold_name, parse_birth_date
from shared.identifiers.handles import family_of, handle_of, read_look_alikes

Agreement = Literal["agrees", "near", "differs"]

NAMES_MAX = 8
BIRTHS_MAX = 4
WORDS_MAX = 8
"""What stands beyond is not compared, so that no tip makes work without end."""

AGREES_MIN = 0.93
NEAR_MIN = 0.85
DIFFERS_MAX = 0.78
"""Of the closeness of two names. Between the last two nothing is said. Set on the benchmark's worlds."""
WORD_DIFFERS_MAX = 0.65
"""A word below it has no partner in the other name: a family shares one word and not the other."""
HANDLE_TYPES = frozenset({"username", "email", "payment"})
ECHO_CHARS_MIN = 3
"""A shorter word of a name is found in a handle by chance."""
_INITIAL = 0.9
_PAIRS_KEPT = 200_000
_YEARS_APART = 2
"""Years that are only known as such, and so far apart, contradict."""

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The subjects of one tip, taken together: names as sorted folded words, birth dates as given, both sorted.

    `echoes` are the names that a handle of the same tip repeats, or the other way round. `names_several`: the tip
    speaks of several subjects, so that what it says of one says nothing of another.
    """

    names: tuple[Name, ...] = ()
    births: tuple[str, ...] = ()
    echoes: tuple[Name, ...] = ()
    names_several: bool = False
    setting: Setting = NOWHERE

    def without_echoes(self) -> "Profile":
        """Return what is told independently of handles."""
        if not self.echoes:
            return self
        names = tuple(name for name in self.names if name not in self.echoes)
        return Profile(names, self.births, setting=self.setting)


NOBODY = Profile()


def profile_of(content: TipContent, research: Sequence[Research] = ()) -> Profile:
    """Return how a tip and its research results describe the subjects; what cannot be read is left out."""
    parties = (content.parties, *(result.parties for result in research))
    reports = [[party for party in told if party.role == "subject"] for told in parties]
    subjects = list(chain.from_iterable(reports))
    described = _described(subjects)
    handles = set(_handles(subjects)) if described.names else set()
    echoes = tuple(name for name in described.names if any(_is_echo(name, handle) for handle in handles))
    several = any(map(_are_several, reports))
    return replace(described, echoes=echoes, names_several=several, setting=setting_of(content))


def compare_names(left: Profile, right: Profile) -> Agreement | None:
    """Return how the closest two names agree; None when a side has none, or nothing can be said."""
    if not left.names or not right.names:
        return None
    closest = max(
        [
            _closeness(one, other) if one <= other else _closeness(other, one)
            for one in left.names
            for other in right.names
        ]
    )
    if closest >= NEAR_MIN:
        return "agrees" if closest >= AGREES_MIN else "near"
    return "differs" if closest < DIFFERS_MAX else None


def compare_births(left: Profile, right: Profile) -> Agreement | None:
    """Return how the closest two birth dates agree; None when a side has none, or nothing can be said."""
    if not left.births or not right.births:
        return None
    if len(left.births) == len(right.births) == 1:
        return _compare_births(left.births[0], right.births[0])
    found = {_compare_births(one, other) for one in left.births for other in right.births}
    order: tuple[Agreement, ...] = ("agrees", "near")
    best = next((word for word in order if word in found), None)
    return best or ("differs" if found == {"differs"} else None)


def merge(left: Profile, right: Profile) -> Profile:
    """Return the description of two tips of one person. Which of its names are echoes is no longer asked."""
    return Profile(
        tuple(sorted({*left.names, *right.names})[:NAMES_MAX]),
        tuple(sorted({*left.births, *right.births})[:BIRTHS_MAX]),
        setting=merge_settings(left.setting, right.setting),
    )


def _described(subjects: Sequence[Party]) -> Profile:
    names = {tuple(sorted(fold_name(name)))[:WORDS_MAX] for party in subjects for name in party.names}
    births = {party.birth_date for party in subjects if party.birth_date and _read(party.birth_date)}
    return Profile(tuple(sorted(names - {()})[:NAMES_MAX]), tuple(sorted(births)[:BIRTHS_MAX]))


def _are_several(subjects: Sequence[Party]) -> bool:
    """Return whether a report speaks of several people: it lists two, and not because one has two accounts."""
    return any(
        "agrees" not in (compare_names(one, other), compare_births(one, other))
        for one, other in pairwise(map(_described, ([party] for party in subjects)))
    )


def _handles(subjects: Iterable[Party]) -> Iterator[str]:
    for party in subjects:
        for given in party.identifiers:
            if given.type in HANDLE_TYPES and (handle := handle_of(given.value.partition("@")[0])):
                yield handle


def _is_echo(name: Name, handle: str) -> bool:
    """Return whether a word of the name is in the handle, or what is lasting of the handle in a word of the name."""
    written, family = read_look_alikes(handle), family_of(handle)
    words = (read_look_alikes(word) for word in name if len(word) >= ECHO_CHARS_MIN)
    return any(word in written or (family and family in word) for word in words)


@lru_cache(maxsize=_PAIRS_KEPT)
def _closeness(left: Name, right: Name) -> float:
    """Return how alike two names are, 0 to 1: each word of the shorter with its best partner, weighted by length.

    One word without a partner is enough to tell them apart, whatever the others are.
    """
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    rest, total, weight, least = list(longer), 0.0, 0, 1.0
    for word in shorter:
        quality, best = max((_word_closeness(word, other), other) for other in rest)
        rest.remove(best)
        total += quality * max(2, len(word))
        weight += max(2, len(word))
        least = min(least, quality)
    return min(total / weight, least) if least < WORD_DIFFERS_MAX else total / weight


def _word_closeness(left: str, right: str) -> float:
    if left == right:
        return 1.0
    if len(left) == 1 or len(right) == 1:
        return _INITIAL if left[0] == right[0] else 0.0
    return JaroWinkler.similarity(left, right)


@lru_cache(maxsize=_PAIRS_KEPT)
def _compare_births(left: str, right: str) -> Agreement | None:
    """Compare two days. A day that stands for "year only" and less than a day say little, unless the years differ."""
    one, other = _read(left), _read(right)
    assert one is not None
    assert other is not None
    if not (_is_day(one) and _is_day(other)):
        return "differs" if abs(one.year - other.year) >= _YEARS_APART else None
    if one == other:
        return "agrees"
    is_slip = sum(a != b for a, b in zip(left, right, strict=True)) == 1
    return "near" if is_slip or compare_birth_dates(one, other) == "close" else "differs"


def _is_day(birth: BirthDate) -> bool:
    return birth.day is not None and (birth.month, birth.day) != (1, 1)


@lru_cache(maxsize=_PAIRS_KEPT)
def _read(text: str) -> BirthDate | None:
    try:
        return parse_birth_date(text)
    except ValueError:
        return None
