"""How urgent a lead is: an ordered tier with the factors that led to it, and when its evidence perishes.

The tiers are this system's own: T0 a child in immediate danger; T1 a victim who can be found, contact, travel
within 14 days, or an escalation; T2 production, enticement, travel, trafficking, or a repeat; T3 distribution; T4
possession and everything else. There is no score and no clock: a tier is a function of the tips alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from services.linker.domain.facts import IncidentType, TipContent, TipFacts, facts_of
from services.linker.domain.preservation import Clock, clock_of

Tier = Literal["T0", "T1", "T2", "T3", "T4"]
"""Most urgent first, also as text."""

LOWEST: Tier = "T4"
TRAVEL_DAYS_SOON = 14
PRESERVED = "evidence_preserved"
PRESERVED_MAX = 20
"""So many are named in a lead, those that expire first; all are among its clocks (`clocks_of`)."""

_FLAGS: Mapping[str, Tier] = MappingProxyType(
    {
        "child_in_immediate_danger": "T0",
        "escalated": "T1",
        "victim_identifiable": "T1",
        "contact_access": "T1",
    }
)
_INCIDENTS: Mapping[IncidentType, Tier] = MappingProxyType(
    {
        "production": "T2",
        "enticement": "T2",
        "travel": "T2",
        "trafficking": "T2",
        "distribution": "T3",
        "possession": "T4",
        "other": "T4",
    }
)
"""Travel and trafficking stand beside the other offences against a child in person."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for a tier: what it is, what it does ("raises to T1"), and the tip that says so.

    No tip says what a person decided (`lead.Lead.priority`).
    """

    factor: str
    effect: str
    source_tip_id: UUID | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """`factors`: most urgent first, each once, with the oldest tip that gives it; then whose evidence is preserved.

    `evidence_expires_at` is the earliest of the tips', in UTC.
    """

    tier: Tier
    factors: tuple[Factor, ...]
    evidence_expires_at: datetime | None


def assess(members: Iterable[TipFacts]) -> Assessment:
    """Return how urgent the tips are together. The order of the members does not matter.

    Tips that a person found not actionable are silent; un-reviewed ones speak, because danger does not wait for a
    review. A tip marked viral or informational lowers its incident to T4 and is no repeat, but its flags and its travel
    count in full. Without any tip that speaks, the tier is T4 and nothing expires.
    """
    speaking = sorted((tip for tip in members if tip.counts), key=lambda tip: tip.tip_id.int)
    found = [item for tip in speaking for item in _factors_of(tip)] + list(_repeat(speaking))
    oldest = {(factor, tier): tip_id for factor, tier, tip_id in reversed(found)}
    ranked = sorted(oldest.items(), key=lambda item: (item[0][1], item[0][0]))
    clocks = clocks_of(speaking)
    reasons = (Factor(factor, _effect(factor, tier), tip_id) for (factor, tier), tip_id in ranked)
    return Assessment(
        tier=ranked[0][0][1] if ranked else LOWEST,
        factors=(*reasons, *islice(_preserved(clocks), PRESERVED_MAX)),
        evidence_expires_at=clocks[0][1].expires_at if clocks else None,
    )


def own_tier(content: TipContent) -> Tier:
    """Return how urgent a tip is by its own words, whatever was decided about it: where it stands among the waiting."""
    return assess([facts_of(content, decision=None)]).tier


def clocks_of(members: Iterable[TipFacts]) -> tuple[tuple[TipFacts, Clock], ...]:
    """Return the tips that speak, each with the clock of its evidence, those that expire first before the others."""
    clocks = [(tip, clock_of(tip.source, tip.reported_at, tip.orders)) for tip in members if tip.counts]
    return tuple(sorted(clocks, key=lambda item: (item[1].expires_at, item[0].tip_id.int)))


def _preserved(clocks: Iterable[tuple[TipFacts, Clock]]) -> Iterator[Factor]:
    """Name tips whose clock an order stops; it changes no tier, but who works the lead must know how long it holds."""
    for tip, clock in clocks:
        if clock.preserved_until is not None:
            yield Factor(PRESERVED, f"expiry moved to {clock.expires_at.date().isoformat()}", tip.tip_id)


def _factors_of(tip: TipFacts) -> Iterator[tuple[str, Tier, UUID]]:
    for flag, tier in _FLAGS.items():
        if getattr(tip.urgency, flag):
            yield flag, tier, tip.tip_id
    yield from _travel(tip)
    if _is_lowered(tip):
        yield "viral" if tip.urgency.viral else "informational", LOWEST, tip.tip_id
    else:
        yield f"incident_{tip.incident_type}", _INCIDENTS[tip.incident_type], tip.tip_id


def _travel(tip: TipFacts) -> Iterator[tuple[str, Tier, UUID]]:
    """Planned travel, seen from the day of the report: a clock would change tiers with nobody's doing.

    One day before the report still counts, for the time zones; later travel is T2, since nothing raises it in time.
    """
    if tip.urgency.travel_on is not None:
        days_left = (tip.urgency.travel_on - tip.reported_at.date()).days
        if -1 <= days_left <= TRAVEL_DAYS_SOON:
            yield "travel_within_14_days", "T1", tip.tip_id
        elif days_left > TRAVEL_DAYS_SOON:
            yield "travel_planned", "T2", tip.tip_id


def _is_lowered(tip: TipFacts) -> bool:
    return tip.urgency.viral or tip.urgency.informational


def _repeat(oldest_first: Sequence[TipFacts]) -> Iterator[tuple[str, Tier, UUID]]:
    """A second tip that people found actionable makes a repeat; the tip that made it one is named."""
    solid = [tip for tip in oldest_first if tip.is_actionable and not _is_lowered(tip)]
    if len(solid) > 1:
        yield "repeat", "T2", solid[1].tip_id


def _effect(factor: str, tier: Tier) -> str:
    if factor in ("viral", "informational"):
        return f"lowers to {tier}"
    return f"{'keeps at' if tier == LOWEST else 'raises to'} {tier}"
