"""Which kinds of values may link tips, and what is assumed of each before anything is learned: versioned, by hand.

What is learned from the tips at hand is in `model.py`. Nothing outside these two files knows a number about a kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from services.linker.domain.lists import NO_LISTS, Lists
from shared.identifiers.handles import family_of, handle_of

Strength = Literal["strong", "medium", "weak"]
Standing = Literal["joins", "shows", "too_common", "viral", "single", "unruled"]
SAYING: frozenset[Standing] = frozenset({"joins", "shows"})
SILENT: frozenset[Standing] = frozenset({"too_common", "viral"})
"""A value that stands so says nothing about its holders, however many or few they are."""

Place = tuple[str, int]
"""The group of a value, and how coarse it is within that."""

STRENGTHS: tuple[Strength, ...] = ("strong", "medium", "weak")
"""Strongest first."""
STRONG_MIN, MEDIUM_MIN = 0.8, 0.5
"""Reliability from which a value is strong or medium evidence."""
WEAKENED = ":weakened"
"""Ends the name of a kind whose values are on a list that weakens them: they are learned of apart from the others."""
WEAKENED_FACTOR = 0.5
RELIABILITY_MAX = 0.98
HANDLE_GROUP = "handle"
HANDLES_KEPT = 50_000
RARE_AGAIN = 0.8
"""A value that was too common says something again when no more tips hold it than this part of what may."""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How one type of value links.

    `group`: values of one group tend to be shared together for one reason, so that of a pair's shared values only the
    best of each group counts, of handles the best of each making (`Rules.strand_of`). `reliability`: in which part of
    the pairs of holders of such a value the two are one person, assumed until learned, 0 to 1. `tip_count_max`: a value
    that more distinct tips hold links nothing (`Rules.is_too_common`).
    `joins`: a value may put tips into one cluster, when it is reliable; otherwise it only supports others that do.
    `is_hint`: however reliable, one such value is no strong evidence: a person's habit, or an id that can be reset.
    `coarseness`: values of a group include one another (who shares a user name shares its handle too, and the family of
    that); what a coarser one says is told by the pairs that share none that is finer.
    `reliability_max`: the most that its holders may prove. Of what people think up, a stranger who came to it too may
    be among ever so many tips of one person, so that one more tip is never as sure as they are together; and a source
    may name another's report by mistake, or to mislead.
    """

    group: str
    reliability: float
    tip_count_max: int
    joins: bool = True
    is_hint: bool = False
    coarseness: int = 0
    reliability_max: float = RELIABILITY_MAX


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the numbers. A type without a row never links; `type:scope` is a row of a kind's own.

    `joining_min`: reliability from which a value makes its two holders one component, to be looked at as one
    (`Model.is_sure`: the more hold it, the surer it must be); the least of these at which the components of
    `region_drawn` tips are `region_max` tips or fewer (`learn.py`), else the last. So many, about, a batch of
    that size has looked at anew, however much people share.
    `pair_bits`: odds (log2) from which two tips become one cluster, the least of these at which the part `right_min` of
    all pairs is right (`caution.py`); `pair_bits_unlearned` before anything is learned. `size_bits`: by how much more
    for each doubling of the smaller cluster, since a wrong link costs more there, and of a right one more would be seen
    (`Model.size_bits`). `growth_bits`: by how much more for each doubling of the whole beyond `grown`, so that no chain
    of likely links runs away. `crowd_bits_max`: the most that it says against a value that it may mean any two of many
    clusters (`Model.crowd_bits`); a hint, which strangers come to as well, has no such limit.
    `share_weight`: how much it says against a value that few of a cluster's tips hold, of those that tell one of its
    group (`Model.share_bits`); less of handles, of which a person has many, and at most `share_bits_max`.
    `coincidence_bits`: what a second likeness of another strand adds to its own odds, because two at once are rarer.
    `values_bits_max`: the most that all shared values say together of two clusters who are described otherwise: a
    household shares its address, its line and its card, and many more such do not make its members one.
    `likeness_bits_max`: the most that names and birth dates say together: people borrow them. What settings say
    is limited for each attribute and for time by itself (`Rates.closest_bits`, `Learned.gaps`).
    `held_tips_max`: a lead of more tips waits for a person. `tied_tips_min`: clusters of so many tips, each with a
    lead, wait when one value alone ties them. `tie_others_max`: a value that more tips besides hold is the crowd's.
    `lists`: what says nothing whoever holds it, or little. Their version is part of `version`, which holds no dot.
    """

    version: str
    types: Mapping[str, TypeRule]
    joining_min: tuple[float, ...] = (0.45, 0.55, 0.65, 0.75, 0.85)
    region_drawn: int = 500
    region_max: int = 16_000
    pair_bits: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5)
    pair_bits_unlearned: float = 1.0
    right_min: float = 0.975
    size_bits: float = 2.0
    size_bits_unlearned: float = 0.25
    growth_bits: float = 1.5
    grown: int = 25
    crowd_bits_max: float = 2.0
    share_weight: float = 1.0
    share_weight_handles: float = 0.2
    share_bits_max: float = 4.0
    coincidence_bits: float = 6.0
    values_bits_max: float = 10.0
    likeness_bits_max: float = 6.0
    held_tips_max: int = 25
    tied_tips_min: int = 3
    tie_others_max: int = 8
    lists: Lists = NO_LISTS

    @property
    def edition(self) -> str:
        """The version without that of the lists: a model of another edition was learned in other words."""
        return self.version.partition("+")[0]

    def with_lists(self, lists: Lists) -> "Rules":
        """Return the same rules with these lists: another version, by which whatever was read before is read again."""
        return replace(self, version=f"{self.version}+{lists.version}", lists=lists)

    def is_too_common(self, key_type: str, tip_count: int, former_count: int = 0) -> bool:
        """Return whether more tips hold a value than may, or held it in some version and not enough have let go of it.

        Without that, one tip that comes and goes would part what a value joins, and join it, again and again. It rests
        on what every tip ever said and not on when, so that any order of the tips gives the same.
        """
        count_max = self.types[key_type].tip_count_max
        return tip_count + former_count > count_max and tip_count > count_max * RARE_AGAIN

    def standing(self, key_type: str, tip_count: int, viral_count: int, *, former_count: int = 0) -> Standing:
        """Return what a value may do that so many hold: show a link, or more (`Model.standing`); or why it may not."""
        if key_type not in self.types:
            return "unruled"
        if tip_count < 2:
            return "single"
        if viral_count:
            return "viral"
        if self.is_too_common(key_type, tip_count, former_count):
            return "too_common"
        return "shows"

    def is_hint(self, key_type: str, scope: str) -> bool:
        """Return whether a value of a type is a hint, however reliable."""
        return self._rule(self.name_of(key_type, scope)).is_hint

    def strength_of(self, name: str, reliability: float, *, grades: int = 0) -> Strength:
        """Return how strong a link by one value of a kind is, by the kind's name.

        `grades` is by how many steps it is stronger for other reasons than its reliability, below 0 weaker; but what
        never joins by itself, or is a hint, is never strong.
        """
        rule = self._rule(name)
        best = 0 if rule.joins and not rule.is_hint else 1
        found = 0 if reliability >= STRONG_MIN else 1 if reliability >= MEDIUM_MIN else 2
        return STRENGTHS[min(max(best, max(best, found) - grades), len(STRENGTHS) - 1)]

    def may_join(self, key_type: str, tip_count: int, former_count: int = 0) -> bool:
        """Return whether a value that so many tips hold is of a kind, and rare enough, to join them."""
        rule = self.types.get(key_type)
        if rule is None or not rule.joins or tip_count < 2:
            return False
        return not self.is_too_common(key_type, tip_count, former_count)

    def place_of(self, key_type: str, scope: str) -> Place:
        """Return the group of a value, and its coarseness there."""
        rule = self.types.get(key_type)
        return self.group_of(key_type, scope), rule.coarseness if rule is not None else 0

    def group_of(self, key_type: str, scope: str) -> str:
        """Return the group of a value. An account number at a bank is no handle, as other payment values are."""
        if key_type == "payment" and scope in ("iban", "crypto"):
            return "money"
        rule = self.types.get(key_type)
        return rule.group if rule is not None else key_type

    def strand_of(self, key_type: str, value: str, scope: str) -> str:
        """Return what a value is shared as: of a pair's shared values only the best of each strand counts.

        It is the group, and of handles also how they are made: who shares a user name shares for the same reason the
        address and the family made of it, but for one of its own an address of another making.
        """
        group = self.group_of(key_type, scope)
        return f"{group} {_making_of(value)}" if group == HANDLE_GROUP else group

    def name_of(self, key_type: str, scope: str) -> str:
        """Return what a kind is called: the type, of devices also what sort of id it is, of files none."""
        if key_type in FILE_TYPES:
            return "file"
        return f"{key_type}:{scope}" if key_type == "device" else key_type

    def kind_name(self, key_type: str, value: str, scope: str) -> str:
        """Return what the kind of a value is called, told apart when a list weakens the value."""
        name = self.name_of(key_type, scope)
        return name + WEAKENED if self.lists.find_weakening(key_type, value) else name

    def prior_of(self, name: str) -> float:
        """Return the reliability assumed of a kind by its name."""
        prior = self._rule(name).reliability
        return prior * WEAKENED_FACTOR if name.endswith(WEAKENED) else prior

    def joins(self, name: str) -> bool:
        """Return whether values of a kind, by its name, may join tips."""
        return self._rule(name).joins

    def _rule(self, name: str) -> TypeRule:
        name = name.removesuffix(WEAKENED)
        return self.types.get(name) or self.types["sha256" if name == "file" else name.partition(":")[0]]


@lru_cache(maxsize=HANDLES_KEPT)
def _making_of(value: str) -> str:
    """Return what handles of one making have in common: their family, or what stands for it in one too short."""
    name = value.partition("@")[0]
    handle = handle_of(name) or name
    return family_of(handle) or handle


FILE_TYPES = frozenset({"sha256", "sha1", "md5"})

RULES = Rules(
    version="2026-12-09",
    types=MappingProxyType(
        {
            "document": TypeRule("papers", 0.97, 80),
            "account": TypeRule("handle", 0.97, 80),
            "email": TypeRule("handle", 0.95, 80),
            "username": TypeRule("handle", 0.90, 80),
            "payment": TypeRule("handle", 0.90, 80),
            "handle": TypeRule("handle", 0.50, 80, is_hint=True, coarseness=1, reliability_max=0.95),
            "handle_family": TypeRule("handle", 0.15, 80, is_hint=True, coarseness=2, reliability_max=0.90),
            "phone": TypeRule("phone", 0.85, 80),
            "device": TypeRule("device", 0.85, 80),
            "device:uuid": TypeRule("device", 0.75, 80, is_hint=True),
            "ip_port": TypeRule("network", 0.90, 40),
            "ip": TypeRule("network", 0.30, 40, joins=False),
            "ip_net": TypeRule("network", 0.15, 40, joins=False),
            "address": TypeRule("network", 0.50, 80),
            "reference": TypeRule("report", 0.60, 80, is_hint=True, reliability_max=0.90),
            "url": TypeRule("content", 0.60, 80),
            "sha256": TypeRule("content", 0.35, 80, joins=False),
            "sha1": TypeRule("content", 0.35, 80, joins=False),
            "md5": TypeRule("content", 0.35, 80, joins=False),
            "pdq": TypeRule("content", 0.35, 80, joins=False),
        }
    ),
)
"""The numbers were chosen on two unlike worlds of the linking benchmark, and tried on a third.

The cap of 80 stands above the most prolific persons known to us (some sixty tips with one address); a cap of 5 or 20,
as other systems have, would cut exactly the worst offenders. Whether a value below it is one person's or a crowd's is
not for a cap to say: that is what the model learns. Reliabilities are where learning starts; twenty pairs of holders
whose birth dates or names are told count as much. What never joins by itself: a file (it circulates) and a network
address without a port (thousands share it, RFC 6302). Names and birth dates are no values at all. A device's UUID is
mostly an advertising id, which its owner may reset.
"""
