"""What decides whether leads wait for a person: what ties their clusters to others, and what people released."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.domain.evidence import Key, role_reason
from services.linker.domain.hold import CONTENT_GROUP, VICTIM_TIPS_MAX, Release, Spread
from services.linker.domain.rules import Rules
from services.linker.domain.snapshot import Hold
from services.linker.store.values import key_id_of
from shared.db.pool import Connection, Row

VICTIM_HOLDS_IT = role_reason("victim")

# A lead of few tips is never held for a tie, so only the others may have to be looked at again.
SELECT_NEIGHBOURS = """
WITH tying AS (
    SELECT unnest($1::uuid[]) AS key_id
    UNION
    SELECT key.key_id FROM holding JOIN key ON key.key_id = holding.key_id
    WHERE holding.tip_id = ANY($2::uuid[]) AND holding.links
        AND key.tip_count > 1 AND key.standing IN ('joins', 'shows') AND key.type <> ALL($3::text[])
), near AS (
    SELECT DISTINCT membership.cluster_id
    FROM tying JOIN holding ON holding.key_id = tying.key_id AND holding.links
        JOIN membership ON membership.tip_id = holding.tip_id
)
SELECT lead.anchor_tip_id, lead.cluster_id, size.tip_count, lead.held_reason, lead.held_type, lead.held_identifier,
    lead.held_scope
FROM near
    JOIN lead ON lead.cluster_id = near.cluster_id AND lead.merged_into IS NULL AND lead.state <> 'closed'
    CROSS JOIN LATERAL (
        SELECT count(*) AS tip_count FROM membership WHERE membership.cluster_id = near.cluster_id
    ) AS size
WHERE size.tip_count >= $4"""
SELECT_VICTIM_ANCHORS = """
WITH shared AS (
    SELECT key_id, array_agg(DISTINCT tip_id) AS tip_ids FROM holding
    WHERE role = 'victim' AND reason = $2 AND key_id = ANY($1::uuid[])
    GROUP BY key_id HAVING count(DISTINCT tip_id) <= $3
)
SELECT DISTINCT lead.anchor_tip_id
FROM shared CROSS JOIN LATERAL unnest(shared.tip_ids) AS holder (tip_id)
    JOIN membership ON membership.tip_id = holder.tip_id
    JOIN lead ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL"""
SELECT_SAME_VICTIM = """
WITH mine AS MATERIALIZED (
    SELECT DISTINCT membership.cluster_id, holding.key_id
    FROM membership JOIN holding ON holding.tip_id = membership.tip_id
    WHERE membership.cluster_id = ANY($1::uuid[]) AND holding.role = 'victim' AND holding.reason = $2
), shared AS (
    SELECT holding.key_id, array_agg(DISTINCT holding.tip_id) AS tip_ids FROM holding
    WHERE holding.role = 'victim' AND holding.reason = $2 AND holding.key_id IN (SELECT mine.key_id FROM mine)
    GROUP BY holding.key_id HAVING count(DISTINCT holding.tip_id) <= $3
)
SELECT DISTINCT mine.cluster_id, holder.tip_id
FROM mine JOIN shared ON shared.key_id = mine.key_id
    CROSS JOIN LATERAL unnest(shared.tip_ids) AS holder (tip_id)
    JOIN membership ON membership.tip_id = holder.tip_id AND membership.cluster_id <> mine.cluster_id"""
SELECT_SPREADS = """
WITH tying AS MATERIALIZED (
    SELECT DISTINCT holding.key_id
    FROM membership JOIN holding ON holding.tip_id = membership.tip_id AND holding.links
    WHERE membership.cluster_id = ANY($1::uuid[])
)
SELECT key.type, key.value, key.scope, key.tip_count, membership.cluster_id,
    count(DISTINCT membership.tip_id) AS holder_count
FROM tying
    JOIN key ON key.key_id = tying.key_id AND key.tip_count > 1 AND key.standing IN ('joins', 'shows')
        AND key.type <> ALL($2::text[])
    JOIN holding ON holding.key_id = key.key_id AND holding.links
    JOIN membership ON membership.tip_id = holding.tip_id
GROUP BY key.key_id, membership.cluster_id"""
SELECT_ACTIONABLE_CLUSTERS = """
SELECT membership.cluster_id, array_agg(membership.tip_id) AS tip_ids
FROM membership LEFT JOIN review ON review.tip_id = membership.tip_id
WHERE membership.cluster_id = ANY($1::uuid[])
GROUP BY membership.cluster_id
HAVING count(*) >= $2 AND bool_or(review.decision = 'actionable')"""
SELECT_RELEASES = """
SELECT membership.cluster_id, release.held_reason, release.type, release.value, release.scope, release.tip_count
FROM membership
    JOIN lead ON lead.anchor_tip_id = membership.tip_id
    JOIN release ON release.lead_id = lead.lead_id
WHERE membership.cluster_id = ANY($1::uuid[])"""
SELECT_HOLD = """
SELECT lead.held_reason, lead.held_type, lead.held_identifier, lead.held_scope,
    (SELECT count(*) FROM membership WHERE membership.cluster_id = lead.cluster_id) AS tip_count
FROM lead WHERE lead.lead_id = $1 AND lead.state = 'held'"""
ADD_RELEASE = """
INSERT INTO release (lead_id, number, held_reason, type, value, scope, tip_count, reason, released_by, released_at)
SELECT $1, COALESCE(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM release WHERE lead_id = $1
RETURNING number"""

ADD_SILENCE = """
INSERT INTO silence (lead_id, number, silent, reason, decided_by, decided_at)
SELECT asked.lead_id, (SELECT COALESCE(max(number), 0) + 1 FROM silence WHERE silence.lead_id = asked.lead_id),
    $2, $3, $4, $5
FROM unnest($1::uuid[]) AS asked (lead_id)
RETURNING lead_id, number"""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A live lead as it is stored, with the size of its cluster."""

    anchor_tip_id: UUID
    cluster_id: UUID
    tip_count: int
    hold: Hold | None


async def load_neighbours(
    transaction: Connection, keys: Iterable[Key], tip_ids: Collection[UUID], rules: Rules
) -> list[Neighbour]:
    """Return the leads, large enough to be held for a tie, whose tips hold one of `keys` or a value of `tip_ids`."""
    rows = await transaction.fetch(
        SELECT_NEIGHBOURS,
        [key_id_of(key) for key in keys],
        list(tip_ids),
        _content_types(rules),
        rules.tied_tips_min,
    )
    return [Neighbour(row["anchor_tip_id"], row["cluster_id"], row["tip_count"], read_hold(row)) for row in rows]


async def load_victim_anchors(transaction: Connection, keys: Iterable[Key], *, changed_max: int) -> set[UUID]:
    """Return the anchors of leads of whose victims one holds one of the values, unless more do than are told of.

    `changed_max`: so many tips may just have begun or ceased to hold one.
    """
    rows = await transaction.fetch(
        SELECT_VICTIM_ANCHORS, [key_id_of(key) for key in keys], VICTIM_HOLDS_IT, VICTIM_TIPS_MAX + changed_max
    )
    return {row["anchor_tip_id"] for row in rows}


async def load_same_victim(transaction: Connection, cluster_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return, by cluster, the tips elsewhere of whose victims one shares an identifier with a victim of its own."""
    found: dict[UUID, set[UUID]] = {}
    for row in await transaction.fetch(SELECT_SAME_VICTIM, list(cluster_ids), VICTIM_HOLDS_IT, VICTIM_TIPS_MAX):
        found.setdefault(row["cluster_id"], set()).add(row["tip_id"])
    return found


async def load_spreads(transaction: Connection, cluster_ids: Collection[UUID], rules: Rules) -> dict[Key, Spread]:
    """Return the values that say something and that tips of the clusters share with others, by all that hold them."""
    counts: dict[Key, dict[UUID, int]] = {}
    tip_counts: dict[Key, int] = {}
    for row in await transaction.fetch(SELECT_SPREADS, list(cluster_ids), _content_types(rules)):
        key = Key(row["type"], row["value"], row["scope"])
        tip_counts[key] = row["tip_count"]
        counts.setdefault(key, {})[row["cluster_id"]] = row["holder_count"]
    return {key: Spread(tip_counts[key], found) for key, found in counts.items() if len(found) > 1}


async def load_actionable_clusters(
    transaction: Connection, cluster_ids: Collection[UUID], *, tips_min: int
) -> dict[UUID, list[UUID]]:
    """Return the tips of those of the clusters that are of so many tips and have a lead."""
    rows = await transaction.fetch(SELECT_ACTIONABLE_CLUSTERS, list(cluster_ids), tips_min)
    return {row["cluster_id"]: row["tip_ids"] for row in rows}


async def load_releases(transaction: Connection, cluster_ids: Collection[UUID]) -> dict[UUID, list[Release]]:
    """Return what people released of the leads that each cluster anchors."""
    found: dict[UUID, list[Release]] = {}
    for row in await transaction.fetch(SELECT_RELEASES, list(cluster_ids)):
        found.setdefault(row["cluster_id"], []).append(_release(row))
    return found


async def find_hold(transaction: Connection, lead_id: UUID) -> tuple[Hold, int] | None:
    """Return why a lead is held, and how many tips it has; None when it is not held."""
    row = await transaction.fetchrow(SELECT_HOLD, lead_id)
    if row is None or (hold := read_hold(row)) is None:
        return None
    return hold, row["tip_count"]


async def add_release(
    transaction: Connection, lead_id: UUID, release: Release, *, reason: str, released_by: str, released_at: datetime
) -> int:
    """Store that a person let a held lead go on; return the release's number among the lead's."""
    number: int = await transaction.fetchval(
        ADD_RELEASE,
        lead_id,
        release.reason,
        *(release.identifier or (None, None, None)),
        release.tip_count,
        reason,
        released_by,
        released_at,
    )
    return number


async def add_silence(
    transaction: Connection,
    lead_ids: Sequence[UUID],
    *,
    silent: bool,
    reason: str,
    decided_by: str,
    decided_at: datetime,
) -> dict[UUID, int]:
    """Store that a person made leads silent, or not any more; return the decision's number among each lead's."""
    rows = await transaction.fetch(ADD_SILENCE, lead_ids, silent, reason, decided_by, decided_at)
    return {row["lead_id"]: row["number"] for row in rows}


def read_hold(row: Row) -> Hold | None:
    """Return why a lead is held from the columns of its row that say so; None when it is not."""
    if row["held_reason"] is None:
        return None
    is_named = row["held_type"] is not None
    key = Key(row["held_type"], row["held_identifier"], row["held_scope"]) if is_named else None
    return Hold(row["held_reason"], key)


def _release(row: Row) -> Release:
    identifier = Key(row["type"], row["value"], row["scope"]) if row["type"] is not None else None
    return Release(row["held_reason"], identifier, row["tip_count"])


def _content_types(rules: Rules) -> list[str]:
    return [name for name, rule in rules.types.items() if rule.group == CONTENT_GROUP]
