"""What HTTP shows: leads in lists and whole, clusters, and who may see which lead."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.linker.domain.priority import Tier
from shared.db.pool import Connection, Row

CLUSTER_ROWS_AT_ONCE = 1_000

SELECT_CLUSTERS = """
SELECT tip.tip_id, tip.source, tip.source_ref, membership.cluster_id
FROM membership JOIN tip ON tip.tip_id = membership.tip_id
ORDER BY membership.tip_id"""
COUNT_TIPS = "SELECT count(*) FROM membership"
FREEZE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
FIND_LEAD = """
SELECT standing.lead_id, standing.anchor_tip_id, standing.cluster_id, standing.tier,
    CASE WHEN $2::text IS NULL THEN standing.state ELSE state_for(standing.lead_id, $2) END AS state,
    office_of(standing.lead_id) AS office,
    ARRAY(SELECT alias.lead_id FROM lead AS alias WHERE alias.merged_into = standing.lead_id
          ORDER BY alias.opened_at, alias.lead_id) AS aliases,
    announcement.event
FROM lead AS asked
    JOIN lead AS standing ON standing.lead_id = COALESCE(asked.merged_into, asked.lead_id)
    JOIN announcement ON announcement.kind = 'lead' AND announcement.subject_id = standing.lead_id
WHERE asked.lead_id = $1
    AND ($2::text IS NULL OR was_given(standing.lead_id, $2))"""
LIST_LEADS = """
SELECT lead.lead_id, lead.tier, lead.opened_at AS place_at, office_of(lead.lead_id) AS office,
    CASE WHEN $3::text IS NULL THEN lead.state ELSE state_for(lead.lead_id, $3) END AS state, announcement.event
FROM lead
    JOIN announcement ON announcement.kind = 'lead' AND announcement.subject_id = lead.lead_id
WHERE lead.merged_into IS NULL
    AND ($1::text IS NULL OR lead.tier = $1)
    AND ($2::text IS NULL OR CASE WHEN $3::text IS NULL THEN lead.state ELSE state_for(lead.lead_id, $3) END = $2)
    AND ($3::text IS NULL OR was_given(lead.lead_id, $3))
    AND ($4::text IS NULL OR (lead.tier, lead.opened_at, lead.lead_id) > ($4, $5::timestamptz, $6::uuid))
ORDER BY lead.tier, lead.opened_at, lead.lead_id
LIMIT $7"""
LIST_PERISHING = """
SELECT lead.lead_id, lead.tier, lead.evidence_expires_at AS place_at, office_of(lead.lead_id) AS office,
    CASE WHEN $3::text IS NULL THEN lead.state ELSE state_for(lead.lead_id, $3) END AS state, announcement.event
FROM lead
    JOIN announcement ON announcement.kind = 'lead' AND announcement.subject_id = lead.lead_id
WHERE lead.merged_into IS NULL AND lead.evidence_expires_at BETWEEN $8 AND $9
    AND ($1::text IS NULL OR lead.tier = $1)
    AND CASE WHEN $2::text IS NULL THEN lead.state <> 'closed'
        WHEN $3::text IS NULL THEN lead.state = $2
        ELSE state_for(lead.lead_id, $3) = $2 END
    AND ($3::text IS NULL OR was_given(lead.lead_id, $3))
    AND ($4::text IS NULL OR (lead.tier, lead.evidence_expires_at, lead.lead_id) > ($4, $5::timestamptz, $6::uuid))
ORDER BY lead.tier, lead.evidence_expires_at, lead.lead_id
LIMIT $7"""
SELECT_UNTOLD = """
SELECT membership.tip_id
FROM membership JOIN lead ON lead.cluster_id = membership.cluster_id AND lead.silent AND lead.merged_into IS NULL
WHERE membership.tip_id = ANY($1::uuid[]) AND NOT was_given(lead.lead_id, $2)"""
SELECT_UNTOLD_LEADS = """
SELECT asked.lead_id
FROM lead AS asked JOIN lead AS standing ON standing.lead_id = COALESCE(asked.merged_into, asked.lead_id)
WHERE asked.lead_id = ANY($1::uuid[]) AND standing.silent AND NOT was_given(standing.lead_id, $2)"""
SELECT_MEMBERS = "SELECT tip_id FROM membership WHERE cluster_id = $1 ORDER BY tip_id"


@dataclass(frozen=True, slots=True)
class FoundLead:
    """A lead that stands. `told` is its newest event's payload; `office` has its live or closed referral, if any."""

    lead_id: UUID
    anchor_tip_id: UUID
    cluster_id: UUID
    state: str
    tier: Tier
    office: str | None
    aliases: tuple[UUID, ...]
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads to list. `office`: only those this office was given; `expires`: evidence expiring between the two."""

    tier: str | None = None
    state: str | None = None
    expires: tuple[datetime, datetime] | None = None
    office: str | None = None


@dataclass(frozen=True, slots=True)
class ListedLead:
    """A lead in a list, and its place there."""

    place: tuple[str, datetime, UUID]
    office: str | None
    told: dict[str, Any]


async def freeze(transaction: Connection) -> None:
    """Let everything this transaction reads from here on be of one moment; its first statement."""
    await transaction.execute(FREEZE)


async def find_lead(transaction: Connection, lead_id: UUID, *, office: str | None) -> FoundLead | None:
    """Return the lead, or the one that absorbed it; with `office`, only if it was given it, and as it may see it."""
    row = await transaction.fetchrow(FIND_LEAD, lead_id, office)
    if row is None:
        return None
    (told,) = await _told(transaction, [row], office)
    return FoundLead(
        lead_id=row["lead_id"],
        anchor_tip_id=row["anchor_tip_id"],
        cluster_id=row["cluster_id"],
        state=row["state"],
        tier=row["tier"],
        office=row["office"],
        aliases=tuple(row["aliases"]),
        told=told,
    )


async def list_leads(
    transaction: Connection, wanted: LeadFilter, after: tuple[str, datetime, UUID] | None, *, count_max: int
) -> list[ListedLead]:
    """Return standing leads, the most urgent first, then the oldest; those behind the place `after`.

    Of leads whose evidence expires, the one that expires first comes first within a tier; closed ones only when asked.
    """
    expires = wanted.expires or ()
    rows = await transaction.fetch(
        LIST_PERISHING if expires else LIST_LEADS,
        wanted.tier,
        wanted.state,
        wanted.office,
        *(after or (None, None, None)),
        count_max,
        *expires,
    )
    told = await _told(transaction, rows, wanted.office)
    return [
        ListedLead((row["tier"], row["place_at"], row["lead_id"]), row["office"], each)
        for row, each in zip(rows, told, strict=True)
    ]


async def list_untold(transaction: Connection, tip_ids: Collection[UUID], office: str) -> set[UUID]:
    """Return those of the tips that an office is not told of: silent leads have them that it was not given."""
    return {row["tip_id"] for row in await transaction.fetch(SELECT_UNTOLD, list(tip_ids), office)}


async def list_members(transaction: Connection, cluster_id: UUID) -> list[UUID]:
    """Return the tips of a cluster, the oldest first."""
    return [row["tip_id"] for row in await transaction.fetch(SELECT_MEMBERS, cluster_id)]


async def count_tips(transaction: Connection) -> int:
    """Return how many tips `stream_clusters` has at this moment."""
    count: int = await transaction.fetchval(COUNT_TIPS)
    return count


async def stream_clusters(transaction: Connection) -> AsyncIterator[Sequence[Row]]:
    """Yield tip_id, source, source_ref and cluster_id of every tip by id, some at a time.

    Each tip comes once, and all from one moment, when the transaction is at REPEATABLE READ or above.
    """
    cursor = await transaction.cursor(SELECT_CLUSTERS)
    while rows := await cursor.fetch(CLUSTER_ROWS_AT_ONCE):
        yield rows


async def _told(transaction: Connection, rows: Sequence[Row], office: str | None) -> list[dict[str, Any]]:
    """Return what was published of leads; to an office without silent leads that it was not given, and their tips.

    Nor is an office told that a lead of its own waits because of those alone: then `state` is not what was published.
    """
    payloads: list[dict[str, Any]] = [orjson.loads(row["event"])["payload"] for row in rows]
    if office is not None:
        related = [UUID(tip_id) for told in payloads for tip_id in told["related"]]
        untold = set(map(str, await list_untold(transaction, related, office)))
        for told in payloads:
            told["related"] = [tip_id for tip_id in told["related"] if tip_id not in untold]
        former = {told["split_from"] for told in payloads} - {None}
        hidden = {str(row["lead_id"]) for row in await transaction.fetch(SELECT_UNTOLD_LEADS, list(former), office)}
        for row, told in zip(rows, payloads, strict=True):
            if told["split_from"] in hidden:
                told["split_from"] = None
            if row["state"] != told["state"]:
                told |= {"state": row["state"], "held_by": None}
    return payloads
