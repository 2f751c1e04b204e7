"""Leads beside a lead, as its readers are told of them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from services.linker.domain.evidence import Key, role_reason
from services.linker.domain.hold import VICTIM_TIPS_MAX
from services.linker.domain.links import Relation
from services.linker.store.values import key_id_of
from shared.db.pool import Connection

SELECT_RELATED_LEADS = """
WITH named AS MATERIALIZED (
    SELECT holding.key_id, array_agg(DISTINCT holding.tip_id) AS tip_ids FROM holding
    WHERE holding.role = 'victim' AND holding.reason = $4 AND holding.key_id IN (
        SELECT mine.key_id FROM membership JOIN holding AS mine ON mine.tip_id = membership.tip_id
        WHERE membership.cluster_id = $1 AND mine.role = 'victim' AND mine.reason = $4
    )
    GROUP BY holding.key_id HAVING count(DISTINCT holding.tip_id) <= $5
), near AS (
    SELECT membership.cluster_id, 'victim' AS relation, key.type
    FROM named
        JOIN key ON key.key_id = named.key_id
        CROSS JOIN LATERAL unnest(named.tip_ids) AS holder (tip_id)
        JOIN membership ON membership.tip_id = holder.tip_id
    UNION
    SELECT membership.cluster_id, 'tie', key.type
    FROM key
        JOIN holding ON holding.key_id = key.key_id AND holding.links
        JOIN membership ON membership.tip_id = holding.tip_id
    WHERE key.key_id = $3
    UNION
    SELECT membership.cluster_id, 'value', '' FROM membership WHERE membership.tip_id = ANY($2::uuid[])
)
SELECT lead.lead_id, near.relation, near.type
FROM near JOIN lead ON lead.cluster_id = near.cluster_id AND lead.merged_into IS NULL
WHERE near.cluster_id <> $1
    AND ($6::text IS NULL OR NOT lead.silent OR was_given(lead.lead_id, $6))
ORDER BY lead.lead_id, near.relation = 'value', near.relation, near.type"""


@dataclass(frozen=True, slots=True)
class RelatedLead:
    """A lead that a victim relates to another, or the one value that ties them, or values that do not join them.

    `type` is that of the value, empty for the last.
    """

    lead_id: UUID
    relation: Relation
    type: str


async def list_related_leads(
    transaction: Connection, cluster_id: UUID, tip_ids: Collection[UUID], tie: Key | None, *, office: str | None
) -> list[RelatedLead]:
    """Return the leads that a victim, the value `tie`, or one of `tip_ids` relates to that of the cluster, by lead.

    With `office`, silent leads that this office was not given are left out.
    """
    rows = await transaction.fetch(
        SELECT_RELATED_LEADS,
        cluster_id,
        list(tip_ids),
        key_id_of(tie) if tie is not None else None,
        role_reason("victim"),
        VICTIM_TIPS_MAX,
        office,
    )
    return [RelatedLead(row["lead_id"], row["relation"], row["type"]) for row in rows]
