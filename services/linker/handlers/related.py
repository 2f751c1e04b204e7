"""What a lead has to do with others, as its readers are told: by a victim, by a tie, by values that join nothing."""

from dataclasses import dataclass
from uuid import UUID

from services.linker.domain.links import relation_sentence
from services.linker.store import holds as hold_store
from services.linker.store import related as related_store
from services.linker.store.shown import FoundLead
from shared.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Related:
    """Another lead, and what relates it in a sentence."""

    lead_id: UUID
    reason: str


async def list_related(transaction: Connection, lead: FoundLead, *, office: str | None) -> tuple[Related, ...]:
    """Return the leads to be read beside a lead, once for each reason; that values are shared if none is better."""
    found = await hold_store.find_hold(transaction, lead.lead_id)
    tie = found[0].identifier if found is not None and found[0].reason == "weak_tie" else None
    tip_ids = [UUID(tip_id) for tip_id in lead.told["related"]]
    told: set[UUID] = set()
    related = []
    for each in await related_store.list_related_leads(transaction, lead.cluster_id, tip_ids, tie, office=office):
        if each.relation != "value" or each.lead_id not in told:
            related.append(Related(each.lead_id, relation_sentence(each.relation, each.type)))
        told.add(each.lead_id)
    return tuple(related)
