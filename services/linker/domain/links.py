"""The links of tips: to whom, how strongly, and for which reasons, read off who holds which value now."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from services.linker.domain.cluster import Judged, Judgement, Pair
from services.linker.domain.evidence import WINDOWED, Key
from services.linker.domain.model import Model, odds_bits
from services.linker.domain.rules import STRENGTHS, Strength
from services.linker.domain.snapshot import HoldReason

Relation = Literal["victim", "tie", "value"]
"""How a lead has to do with another: by a victim, by the one value that ties them, by values that do not join them."""

GRADE_BITS = 2.0
"""What a grade of strength is worth. Each doubt about a value takes one: that the two were spelled differently, since
the provider's rule may have changed or be wrong; that a phone number may have a new owner. That both sources verified
the value gives one, though it never is stronger than its kind can be."""
PHONE_KEPT_DAYS = 365
"""Of tips that were reported further apart, a phone number may have changed hands."""
UNDATED: Mapping[UUID, datetime] = MappingProxyType({})

EVIDENCE_MIN = 0.05
"""A value that is less reliable says nothing, and is no evidence."""
EVIDENCE_MAX = 100
"""Of more values that two tips share the most reliable are told."""

_NOUNS = {
    "account": "account id",
    "address": "postal address",
    "device": "device id",
    "document": "document number",
    "email": "e-mail address",
    "handle": "handle, apart from punctuation, on any service",
    "handle_family": "handle, apart from digits and letters that look alike",
    "ip": "network address within two days",
    "ip_net": "household's network within two days",
    "ip_port": "network address and port within ten minutes",
    "md5": "file (MD5)",
    "payment": "payment handle",
    "phone": "phone number",
    "reference": "reference to a report",
    "sha1": "file (SHA-1)",
    "sha256": "file (SHA-256)",
    "url": "web address",
    "username": "user name",
}


@dataclass(frozen=True, slots=True)
class Worth:
    """How many distinct tips hold a value, and how reliable it is (`Model.reliability`)."""

    tip_count: int
    reliability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One value two tips share, or pictures of theirs that are near copies.

    `kind` is what the kind of the value is called (`Rules.kind_name`); `weight`: the odds that it is one person's, in
    bits; `frequency` in distinct tips.
    """

    rule: str
    kind: str
    type: str
    value: str
    detail: str
    weight: float
    frequency: int
    strength: Strength


class Held(NamedTuple):
    """How one tip holds a value: how it spells it, and whether only research found it or a source verified it."""

    exacts: tuple[str, ...]
    is_researched: bool = False
    is_verified: bool = False

    def __or__(self, other: "Held") -> "Held":
        return Held(
            self.exacts + other.exacts,
            self.is_researched and other.is_researched,
            self.is_verified or other.is_verified,
        )


Holders = Mapping[UUID, Held]
"""The tips that hold a value and may link by it, and how."""


@dataclass(frozen=True, slots=True)
class Link:
    """One other tip, why it is linked (heaviest first), and what a person decided about the two."""

    tip_id: UUID
    strength: Strength
    evidence: tuple[Evidence, ...]
    judgement: Judged | None
    rules_version: str

    @property
    def weight(self) -> float:
        """The bits of all evidence together."""
        return sum(evidence.weight for evidence in self.evidence)


def gather(holdings: Iterable[tuple[UUID, Held]]) -> Holders:
    """Return how each tip holds a value, which it may do in several spellings or roles."""
    found: dict[UUID, Held] = {}
    for tip_id, held in holdings:
        found[tip_id] = found[tip_id] | held if tip_id in found else held
    return found


NOTHING_BESIDES: Mapping[UUID, Mapping[UUID, Evidence]] = MappingProxyType({})


def links_of(
    tip_ids: Collection[UUID],
    holders: Mapping[Key, Holders],
    *,
    worth: Mapping[Key, Worth],
    judgements: Mapping[Pair, Judgement],
    model: Model,
    reported_at: Mapping[UUID, datetime] = UNDATED,
    besides: Mapping[UUID, Mapping[UUID, Evidence]] = NOTHING_BESIDES,
) -> dict[UUID, tuple[Link, ...]]:
    """Return the links of each tip, strongest first, then heaviest, then by the other's id.

    `holders` are of the tips' values; `worth` tells of each value that says something now (one that is absent, or not
    reliable, links nothing); `judgements` are the newest of each pair (`newest_judgements`), of which only the tips'
    own matter; `reported_at` is when the tips were reported, those without a phone number may be absent; `besides` is
    evidence of another kind, by tip and by the other tip. A pair that someone judged is listed even when it shares
    nothing.
    """
    found = {tip_id: defaultdict[UUID, list[Evidence]](list) for tip_id in tip_ids}
    telling = [key for key in holders if key in worth and worth[key].reliability >= EVIDENCE_MIN]
    for key in sorted(telling, key=lambda key: (-worth[key].reliability, key)):
        dated = reported_at if key.type == "phone" else UNDATED
        _add_evidence(found, holders[key], cache(partial(_evidence, key, worth[key], model)), dated)
    for tip_id, copies in besides.items():
        for other, evidence in copies.items():
            found[tip_id][other].append(evidence)
    decided: dict[UUID, dict[UUID, Judged]] = {tip_id: {} for tip_id in tip_ids}
    for pair, judgement in judgements.items():
        for tip_id, other in (pair, reversed(pair)):
            if tip_id in found:
                decided[tip_id][other] = judgement.decision
                found[tip_id].setdefault(other, [])
    return {
        tip_id: tuple(
            sorted(
                (_link(other, evidence, decided[tip_id].get(other), model) for other, evidence in others.items()),
                key=by_strength,
            )
        )
        for tip_id, others in found.items()
    }


def by_strength(link: Link) -> tuple[int, float, UUID]:
    """Return a link's place among others: the strongest first, then the heaviest."""
    return STRENGTHS.index(link.strength), -link.weight, link.tip_id


def hold_sentence(reason: HoldReason, key_type: str | None) -> str:
    """Return why a lead waits, and what would let it go on, as a person reads it; it never holds the value itself."""
    noun = _NOUNS.get(key_type or "", key_type)
    match reason:
        case "weak_bridge":
            return f"only the same {noun}, which is weak evidence, joins two parts of it: a second identifier would do"
        case "several_people":
            return (
                f"the same {noun} joins two parts of it only by a tip that speaks of several people: another tip that"
                " ties the two would do"
            )
        case "weak_tie":
            return (
                f"only the same {noun} ties it to another lead, too little to join the two: a second identifier would"
            )
        case "many_tips":
            return "so many tips are joined in it that a person should look at them first"


def relation_sentence(relation: Relation, key_type: str) -> str:
    """Return why one lead should be read beside another; it never holds the value itself."""
    noun = _NOUNS.get(key_type, key_type)
    match relation:
        case "victim":
            return f"a victim with the same {noun}"
        case "tie":
            return f"a tip with the same {noun}, too little to join the two"
        case "value":
            return "tips that share values with this lead's, too little to join them"


def _are_far_apart(tip_id: UUID, other: UUID, reported_at: Mapping[UUID, datetime]) -> bool:
    if tip_id not in reported_at or other not in reported_at:
        return False
    return abs(reported_at[tip_id] - reported_at[other]) > timedelta(days=PHONE_KEPT_DAYS)


def _link(other: UUID, evidence: Iterable[Evidence], judgement: Judged | None, model: Model) -> Link:
    # One user name on two services is told apart by its sentence.
    in_order = sorted(evidence, key=lambda item: (-item.weight, item.type, item.value, item.detail))
    items = tuple(_once_a_moment(in_order))
    strengths: list[Strength] = [item.strength for item in items]
    if judgement == "same":
        # A person's word is at least as good as an equal value.
        strengths.append("strong")
    return Link(other, min(strengths, key=STRENGTHS.index, default="weak"), items, judgement, model.version)


def _once_a_moment(items: Iterable[Evidence]) -> Iterator[Evidence]:
    """Yield the items without those of a window next to one that was told of: both may hold the same moment."""
    told: set[tuple[str, str, int]] = set()
    for item in items:
        if item.type in WINDOWED:
            line, _, number = item.value.rpartition(" ")
            window = int(number)
            if not told.isdisjoint(((item.type, line, window - 1), (item.type, line, window + 1))):
                continue
            told.add((item.type, line, window))
        yield item


def _add_evidence(
    found: Mapping[UUID, defaultdict[UUID, list[Evidence]]],
    held: Holders,
    evidence_of: Callable[[bool, bool, bool, bool], Evidence],
    dated: Mapping[UUID, datetime],
) -> None:
    """Add to each of the tips that hold a value what that says of them and each other holder.

    What is not `dated` is not long ago.
    """
    alike = _by_way(held)
    for tip_id in found.keys() & held.keys():
        others = found[tip_id]
        for theirs, tip_ids in alike.items():
            is_exact, is_researched, is_verified = _compare(held[tip_id], theirs)
            for other in tip_ids:
                if other != tip_id and len(others[other]) < EVIDENCE_MAX:
                    is_stale = bool(dated) and _are_far_apart(tip_id, other, dated)
                    others[other].append(evidence_of(is_exact, is_researched, is_verified, is_stale))


def _by_way(held: Holders) -> Mapping[Held, Sequence[UUID]]:
    """Return the holders of a value by how they hold it: most do alike, and are compared as one."""
    alike: dict[Held, list[UUID]] = {}
    for tip_id, how in held.items():
        alike.setdefault(how, []).append(tip_id)
    return alike


def _compare(mine: Held, theirs: Held) -> tuple[bool, bool, bool]:
    """Return whether two holders of a value spell it alike, whether one is by research, and whether both verified."""
    return (
        mine.exacts == theirs.exacts or not set(mine.exacts).isdisjoint(theirs.exacts),
        mine.is_researched or theirs.is_researched,
        mine.is_verified and theirs.is_verified,
    )


def _evidence(
    key: Key,
    now: Worth,
    model: Model,
    is_exact: bool,
    is_researched: bool,
    is_verified: bool,
    is_stale: bool,
) -> Evidence:
    grades = is_verified - (not is_exact) - is_stale
    kind = model.rules.kind_name(key.type, key.value, key.scope)
    return Evidence(
        rule=f"same_{key.type}" if is_exact else f"same_{key.type}_canonical",
        kind=kind,
        type=key.type,
        value=key.value,
        detail=_sentence(key, now.tip_count, is_exact=is_exact, is_researched=is_researched)
        + _remarks(key, model, is_stale=is_stale, is_verified=is_verified),
        weight=round(odds_bits(now.reliability) + GRADE_BITS * grades, 2),
        frequency=now.tip_count,
        strength=model.rules.strength_of(kind, now.reliability, grades=grades),
    )


def _remarks(key: Key, model: Model, *, is_stale: bool, is_verified: bool) -> str:
    """Return what else is to be said of a value that two tips share, to follow its sentence."""
    weakening = model.rules.lists.find_weakening(key.type, key.value)
    remarks = [
        "verified by both sources" if is_verified else "",
        "reported more than a year apart" if is_stale else "",
        weakening.words if weakening else "",
    ]
    return "".join(f", {remark}" for remark in remarks if remark)


def _sentence(key: Key, frequency: int, *, is_exact: bool, is_researched: bool) -> str:
    """Return the reason as a person reads it; it never holds the value itself, so that it may be kept for ever."""
    noun = f"same {_NOUNS.get(key.type, key.type)}"
    if key.scope and key.type in ("account", "username"):
        noun += f" on {key.scope}"
    spelling = ""
    if not is_exact:
        spelling = " after removing dots and +tag" if key.type == "email" else " in another spelling"
    return f"{noun}{spelling}, seen in {frequency} tips{', found by research' if is_researched else ''}"
