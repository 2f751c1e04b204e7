"""What names, birth dates and settings say of a link, among its reasons. Beside an identifier only: alone they link
nobody.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from uuid import UUID

from services.linker.domain.descriptions import likeness_bits
from services.linker.domain.links import Evidence, Link, by_strength
from services.linker.domain.model import Model
from services.linker.domain.profile import NOBODY, Agreement, Profile, compare_births, compare_names
from services.linker.domain.setting import ATTRIBUTES, GAPS_DAYS, Setting, compare_told

PAIR = 2
"""Tips that a likeness is of."""

_WORDS: Mapping[tuple[str, Agreement], tuple[str, str]] = MappingProxyType(
    {
        ("birth_date", "agrees"): ("same_birth_date", "same birth date"),
        ("birth_date", "near"): ("near_birth_date", "birth dates that differ by a slip"),
        ("birth_date", "differs"): ("different_birth_date", "different birth dates"),
        ("name", "agrees"): ("same_name", "same name, apart from spelling and order"),
        ("name", "near"): ("near_name", "similar names"),
        ("name", "differs"): ("different_name", "different names"),
    }
)
_PLACES: Mapping[tuple[str, bool], tuple[str, str]] = MappingProxyType(
    {
        ("country", True): ("same_country", "reported of the same country"),
        ("country", False): ("different_country", "reported of different countries"),
        ("city", True): ("same_city", "reported of the same city"),
        ("city", False): ("different_city", "reported of different cities"),
        ("platform", True): ("same_platform", "reported of the same platform"),
        ("platform", False): ("different_platform", "reported of different platforms"),
    }
)
SAYS_MIN = 0.1
"""What a setting says is told from so many bits on."""
NEAR_DAYS = GAPS_DAYS[1]
"""Two reports this far apart are called near, whether that speaks for one person here or against it."""


def with_likeness(
    tip_id: UUID, links: Iterable[Link], profiles: Mapping[UUID, Profile], model: Model
) -> tuple[Link, ...]:
    """Return the links of a tip with what else is said of the two beside their identifiers, in `links_of`'s order.

    They come behind the identifiers, which they support or contradict, what says most for one person first, and leave
    alone how strong a link is. They weigh what they weigh when clusters are made: together at most the rules'
    `likeness_bits_max`, of which the birth date takes its part first; below 0 when they contradict. What a setting says
    hangs on the kind of the surest value shared; it is left out where it says next to nothing, and before anything is
    learned.
    """
    mine = profiles.get(tip_id, NOBODY)
    found = [
        replace(link, evidence=(*link.evidence, *_said_besides(link, mine, profiles.get(link.tip_id, NOBODY), model)))
        if link.evidence
        else link
        for link in links
    ]
    return tuple(sorted(found, key=by_strength))


def _said_besides(link: Link, left: Profile, right: Profile, model: Model) -> Sequence[Evidence]:
    said = chain(_likenesses(left, right, model), _settings(link.evidence[0], left.setting, right.setting, model))
    return sorted(said, key=lambda evidence: -evidence.weight)


def _settings(surest: Evidence, left: Setting, right: Setting, model: Model) -> Iterator[Evidence]:
    found = compare_told(left, right)
    bits = model.told_bits(surest.kind, left, right)
    # Before anything is learned there are no bits.
    for place, said in enumerate(bits):
        agrees = found[place]
        if agrees is not None and abs(said) >= SAYS_MIN:
            rule, detail = _PLACES[ATTRIBUTES[place], agrees]
            yield _support(rule, ATTRIBUTES[place], _told(left.told[place], right.told[place]), detail, said)
    said = model.time_bits(left.days, right.days)
    if abs(said) >= SAYS_MIN:
        days = abs(left.days[0] - right.days[0])
        detail = f"reported {days} days apart" if days > 1 else "reported at the same time, to a day"
        yield _support("near_in_time" if days <= NEAR_DAYS else "far_in_time", "time", str(days), detail, said)


def _likenesses(left: Profile, right: Profile, model: Model) -> Iterator[Evidence]:
    most = model.rules.likeness_bits_max
    births = compare_births(left, right)
    bits = min(most, likeness_bits(births, model.learned.births, compared=len(left.births) * len(right.births)))
    if births is not None:
        yield _evidence("birth_date", births, _told(left.births, right.births), bits)
    names = compare_names(left, right)
    if names is not None:
        told = _told(map(" ".join, left.names), map(" ".join, right.names))
        yield _evidence(
            "name",
            names,
            told,
            min(most - bits, likeness_bits(names, model.learned.names, compared=len(left.names) * len(right.names))),
        )


def _evidence(type: str, agreement: Agreement, value: str, bits: float) -> Evidence:
    rule, detail = _WORDS[type, agreement]
    return _support(rule, type, value, detail, bits)


def _support(rule: str, type: str, value: str, detail: str, bits: float) -> Evidence:
    return Evidence(rule, type, type, value, detail, weight=round(bits, 2), frequency=PAIR, strength="weak")


def _told(left: Iterable[str], right: Iterable[str]) -> str:
    """Return what both say; where that is nothing, what each says."""
    one, other = set(left), set(right)
    both = one & other
    return _listed(both) if both else f"{_listed(one)} / {_listed(other)}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
