"""What people are shown: the links of a tip, a lead with all that speaks for it, and its graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.linker.domain.cluster import Judged, Judgement, Pair, newest_judgements, pair_of
from services.linker.domain.evidence import Key
from services.linker.domain.facts import TipFacts
from services.linker.domain.links import EVIDENCE_MIN, Evidence, Link, Worth
from services.linker.domain.model import Model, odds_bits
from services.linker.domain.rules import STRENGTHS, Strength
from services.linker.handlers.links import load_copies, load_explained_links, load_told
from services.linker.handlers.related import Related, list_related
from services.linker.handlers.turn import Desk
from services.linker.store import graph, shown
from services.linker.store import values as value_store
from services.linker.store.shown import FoundLead
from shared.db.pool import Connection
from shared.errors import NotFound

LINKED_TIPS_MAX = 50
LINKS_MAX = 500
"""Of a large lead the links among its oldest tips are listed; all links of any tip are shown with the tip."""


@dataclass(frozen=True, slots=True)
class LeadLink:
    """Why two tips of a lead belong together; the smaller id is on the left."""

    left_tip_id: UUID
    right_tip_id: UUID
    strength: Strength
    evidence: tuple[Evidence, ...]
    judgement: Judged | None


@dataclass(frozen=True, slots=True)
class WholeLead:
    """A lead, its members (the oldest first), the links among them, the strongest first, and the leads beside it."""

    lead: FoundLead
    members: tuple[TipFacts, ...]
    links: tuple[LeadLink, ...]
    related: tuple[Related, ...]


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that at least two members of a lead hold, how common it is anywhere, and what it weighs."""

    value_id: UUID
    key: Key
    frequency: int
    strength: Strength
    weight: float
    tip_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class LeadGraph:
    """What holds a lead together: its members, what they share, and what people judged about two of them.

    `copies` are pairs of members that show near copies of a picture, with what that says.
    """

    lead: FoundLead
    members: tuple[TipFacts, ...]
    values: tuple[SharedValue, ...]
    copies: tuple[tuple[Pair, Evidence], ...]
    judgements: tuple[Judgement, ...]


async def show_links(transaction: Connection, tip_id: UUID, *, desk: Desk) -> tuple[Link, ...]:
    """Return all links of a tip, the strongest first.

    Raises:
        NotFound: the tip is not known.
    """
    if not await graph.known_tips(transaction, [tip_id]):
        raise NotFound("there is no such tip")
    judged = await graph.load_judged_with(transaction, tip_id)
    judgements = newest_judgements(await graph.load_judgements(transaction, judged))
    links = await load_explained_links(transaction, [tip_id], judgements, model=await desk.model(transaction))
    return links[tip_id]


async def show_lead(transaction: Connection, lead_id: UUID, *, office: str | None, desk: Desk) -> WholeLead:
    """Return a lead, or the one that absorbed it; with `office`, only if that office was given it.

    Raises:
        NotFound: there is no such lead, as far as the caller may know.
    """
    lead, members, judgements = await _load(transaction, lead_id, office)
    listed = [tip.tip_id for tip in members[:LINKED_TIPS_MAX]]
    model = await desk.model(transaction)
    links = await load_explained_links(transaction, listed, newest_judgements(judgements), model=model, office=office)
    inside = {
        pair_of(tip_id, link.tip_id): link for tip_id, found in links.items() for link in found if link.tip_id in links
    }
    heaviest = sorted(inside.items(), key=_by_strength)[:LINKS_MAX]
    return WholeLead(
        lead,
        members,
        tuple(LeadLink(*pair, link.strength, link.evidence, link.judgement) for pair, link in heaviest),
        await list_related(transaction, lead, office=office),
    )


async def show_graph(transaction: Connection, lead_id: UUID, *, office: str | None, desk: Desk) -> LeadGraph:
    """Return what holds a lead together; raises as `show_lead` does."""
    lead, members, judgements = await _load(transaction, lead_id, office)
    tip_ids = {tip.tip_id for tip in members}
    holders, worth = await load_told(transaction, tip_ids, reliability_min=EVIDENCE_MIN, office=office)
    model = await desk.model(transaction)
    values = []
    for key, held in holders.items():
        inside = sorted(tip_ids & held.keys(), key=lambda tip_id: tip_id.int)
        if len(inside) > 1:
            values.append(_shared_value(key, inside, worth[key], model))
    values.sort(key=lambda value: (-value.weight, value.key))
    found = await load_copies(transaction, tip_ids, model.rules, reliability_min=EVIDENCE_MIN)
    copies = {
        pair_of(tip_id, other): evidence
        for tip_id, others in found.items()
        for other, evidence in others.items()
        if other in tip_ids
    }
    return LeadGraph(
        lead, members, tuple(values), tuple(sorted(copies.items())), tuple(newest_judgements(judgements).values())
    )


async def _load(
    transaction: Connection, lead_id: UUID, office: str | None
) -> tuple[FoundLead, tuple[TipFacts, ...], list[Judgement]]:
    await shown.freeze(transaction)
    lead = await shown.find_lead(transaction, lead_id, office=office)
    if lead is None:
        raise NotFound("there is no such lead")
    tip_ids = await shown.list_members(transaction, lead.cluster_id)
    facts = await graph.load_facts(transaction, tip_ids, await graph.load_decisions(transaction, tip_ids))
    judgements = await graph.load_judgements(transaction, tip_ids)
    return lead, tuple(facts[tip_id] for tip_id in tip_ids), judgements


def _by_strength(linked: tuple[Pair, Link]) -> tuple[int, float, Pair]:
    pair, link = linked
    return STRENGTHS.index(link.strength), -link.weight, pair


def _shared_value(key: Key, holders: Sequence[UUID], now: Worth, model: Model) -> SharedValue:
    return SharedValue(
        value_id=value_store.key_id_of(key),
        key=key,
        frequency=now.tip_count,
        strength=model.rules.strength_of(model.rules.kind_name(key.type, key.value, key.scope), now.reliability),
        weight=round(odds_bits(now.reliability), 2),
        tip_ids=tuple(holders),
    )
