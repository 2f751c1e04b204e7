"""Which values may join tips, up to which frequency, and how much they weigh: the numbers of the linker, versioned.

They are starting values, written down with their reasons, and not yet estimates from real data. Other values get
another `version`; nothing outside this file knows a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from types import MappingProxyType
from typing import Literal

Strength = Literal["strong", "medium", "weak"]
Standing = Literal["joins", "shows", "too_common", "viral", "single", "unruled"]

STRENGTHS: tuple[Strength, ...] = ("strong", "medium", "weak")
"""Strongest first."""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How one type of identifier links.

    `tip_count_max`: a value that more distinct tips hold says nothing about any of them, and links none.
    `weight`: bits of evidence that two tips speak of one person when nobody else holds the value; above 0.
    """

    strength: Strength
    tip_count_max: int
    weight: float


@dataclass(frozen=True, slots=True)
class KeyStat:
    """How common a value is: the distinct tips that hold it and may link by it, and those that call it viral."""

    tip_count: int
    viral_count: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the numbers. A type without a row never links; only `joining` strengths make clusters."""

    version: str
    types: Mapping[str, TypeRule]
    joining: frozenset[Strength] = frozenset({"strong"})

    def standing(self, key_type: str, stat: KeyStat) -> Standing:
        """Return what a value does now: joins its holders, only shows a link, or why it does neither."""
        rule = self.types.get(key_type)
        if rule is None:
            return "unruled"
        if stat.tip_count < 2:
            return "single"
        if stat.viral_count > 0:
            return "viral"
        if stat.tip_count > rule.tip_count_max:
            return "too_common"
        return "joins" if rule.strength in self.joining else "shows"

    def weight(self, key_type: str, tip_count: int) -> float:
        """Return the bits that a value held by `tip_count` (at least 2) tips gives to a pair of them; never below 0.

        Each doubling of the other holders halves the odds that a given one of them is the same person: one bit less.
        Only the value's own frequency enters. A term for the size of the whole store would move every link with every
        tip, and the result would depend on when a component was last touched.
        """
        return max(0.0, self.types[key_type].weight - log2(tip_count - 1))


def crossing(key_type: str, before: KeyStat, after: KeyStat, rules: Rules) -> Literal["capped", "uncapped"] | None:
    """Return whether a value just became too common (or viral) to link, stopped being so, or neither."""
    silent = ("too_common", "viral")
    was_silent = rules.standing(key_type, before) in silent
    is_silent = rules.standing(key_type, after) in silent
    if was_silent == is_silent:
        return None
    return "capped" if is_silent else "uncapped"


FOUNDATION = Rules(
    version="2026-11-25",
    types=MappingProxyType(
        {
            "document": TypeRule("strong", 50, 18.0),
            "account": TypeRule("strong", 50, 18.0),
            "email": TypeRule("strong", 50, 16.0),
            "username": TypeRule("strong", 50, 14.0),
            "phone": TypeRule("strong", 30, 14.0),
            "device": TypeRule("strong", 30, 14.0),
            "payment": TypeRule("strong", 30, 14.0),
            "sha256": TypeRule("strong", 10, 10.0),
            "sha1": TypeRule("strong", 10, 10.0),
            "md5": TypeRule("strong", 10, 9.0),
            "url": TypeRule("medium", 20, 6.0),
        }
    ),
)
"""The first rules. Caps count distinct *tips*; the two systems they are compared with count other things: Senzing (its
configuration 3.5.0, as in the repository senzing-garage/knowledge-base) persons, MISP (2.5) records.

- document, account, email, username (within its service): 50. Senzing stops at 5 *persons*; one prolific person may be
  in dozens of tips with one address, and a cap of 5 tips would cut exactly the worst offenders. Placeholders
  (`noreply@`, `admin` without a service) never get here: normalisation already refuses them.
- phone, device, payment: 30. Families and shops share them, numbers are handed on; Senzing allows 10 persons.
- file hashes: 10. A file says less about who sent it than about who else has it: MISP stops at 20 for *showing* a
  correlation, and here a hash joins clusters. Beyond ten holders it circulates.
- url: shown, never joins: profile pages are persons, landing pages are crowds, and nothing here tells them apart.
- ip: no row. Many people share one address; it would need its time and port (RFC 6302), which these rules do not read.

Weights order the evidence and are what a constrained cluster gives up last. Their order is a judgement: first what is
issued to one person, then what is handed on or shared, then files and pages. The differences matter, the absolute
values do not yet.
"""
