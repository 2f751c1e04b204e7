"""Leads, what their offices and people say of them, and the newest event about each thing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.linker.domain.cluster import Judgement
from services.linker.domain.lead import Lead, LeadChange
from services.linker.domain.priority import Tier
from services.linker.domain.snapshot import Priority
from services.linker.store.holds import read_hold
from shared.db.pool import Connection, Row

AnnouncementKind = Literal["lead", "cluster", "links", "notice"]

SELECT_LEADS = """
SELECT lead.lead_id, lead.anchor_tip_id, lead.opened_at, lead.version, lead.state, lead.cluster_id, lead.digest,
    lead.merged_into, lead.split_from, lead.held_reason, lead.held_type, lead.held_identifier, lead.held_scope,
    told.is_referred, told.concluded, chosen.tier, chosen.reason, chosen.over_tier, lead.silent,
    COALESCE(asked.silent, false) AS is_silenced
FROM lead
    CROSS JOIN LATERAL (
        SELECT COALESCE(bool_or(referral.state IN ('sent', 'acknowledged', 'accepted')), false) AS is_referred,
            array_agg(listed.tip_id) FILTER (WHERE referral.state = 'closed' AND listed.tip_id IS NOT NULL) AS concluded
        FROM referral LEFT JOIN LATERAL unnest(referral.tip_ids) AS listed (tip_id) ON referral.state = 'closed'
        WHERE referral.lead_id = lead.lead_id
    ) AS told
    LEFT JOIN LATERAL (
        SELECT tier, reason, over_tier FROM priority WHERE priority.lead_id = lead.lead_id ORDER BY number DESC LIMIT 1
    ) AS chosen ON true
    LEFT JOIN LATERAL (
        SELECT silent FROM silence WHERE silence.lead_id = lead.lead_id ORDER BY number DESC LIMIT 1
    ) AS asked ON true
WHERE lead.anchor_tip_id = ANY($1::uuid[])"""
SELECT_TELLING = """
SELECT anchor_tip_id AS tip_id FROM lead WHERE anchor_tip_id = ANY($1::uuid[])
UNION
SELECT tip_id FROM review WHERE tip_id = ANY($1::uuid[]) AND decision = 'actionable'"""
SELECT_ANCHORS = "SELECT lead_id, anchor_tip_id FROM lead WHERE lead_id = ANY($1::uuid[])"
SAVE_LEADS = """
INSERT INTO lead (lead_id, anchor_tip_id, version, state, tier, cluster_id, digest, opened_at, merged_into, split_from,
    held_reason, held_type, held_identifier, held_scope, evidence_expires_at,
    silent)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::uuid[], $7::bytea[],
    $8::timestamptz[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::timestamptz[], $16::boolean[])
ON CONFLICT ON CONSTRAINT lead_pkey DO UPDATE
    SET version = excluded.version, state = excluded.state, tier = excluded.tier, cluster_id = excluded.cluster_id,
        digest = excluded.digest, merged_into = excluded.merged_into, split_from = excluded.split_from,
        held_reason = excluded.held_reason, held_type = excluded.held_type,
        held_identifier = excluded.held_identifier, held_scope = excluded.held_scope,
        evidence_expires_at = excluded.evidence_expires_at, silent = excluded.silent"""
SAVE_REFERRALS = """
INSERT INTO referral (referral_id, version, lead_id, state, office, tip_ids)
SELECT given.referral_id, given.version, given.lead_id, given.state, given.office,
    ARRAY(SELECT jsonb_array_elements_text(given.tip_ids::jsonb)::uuid)
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[])
    AS given (referral_id, version, lead_id, state, office, tip_ids)
ON CONFLICT ON CONSTRAINT referral_pkey DO UPDATE
    SET version = excluded.version, lead_id = excluded.lead_id, state = excluded.state, office = excluded.office,
        tip_ids = excluded.tip_ids
    WHERE referral.version < excluded.version
RETURNING lead_id"""
HAVE_REFERRALS = "SELECT EXISTS (SELECT FROM referral WHERE lead_id = ANY($1::uuid[]))"
ADD_PRIORITY = """
INSERT INTO priority (lead_id, number, tier, over_tier, reason, decided_by, decided_at)
SELECT $1, COALESCE(max(number), 0) + 1, $2, $3, $4, $5, $6 FROM priority WHERE lead_id = $1
RETURNING number"""
ADD_JUDGEMENT = """
INSERT INTO judgement (judgement_id, left_tip_id, right_tip_id, decision, reason, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
SELECT_JUDGEMENT = """
SELECT judgement.judgement_id, judgement.left_tip_id, judgement.right_tip_id, judgement.decision, judgement.decided_at,
    taken.judgement_id IS NOT NULL AS is_withdrawn
FROM judgement LEFT JOIN judgement_withdrawal AS taken ON taken.judgement_id = judgement.judgement_id
WHERE judgement.judgement_id = $1"""
WITHDRAW_JUDGEMENT = """
INSERT INTO judgement_withdrawal (judgement_id, reason, withdrawn_by, withdrawn_at) VALUES ($1, $2, $3, $4)"""
COUNT_JUDGEMENTS = """
SELECT count(*) + count(taken.judgement_id)
FROM judgement LEFT JOIN judgement_withdrawal AS taken ON taken.judgement_id = judgement.judgement_id
WHERE judgement.left_tip_id = $1 AND judgement.right_tip_id = $2"""
SELECT_ANNOUNCED = """
SELECT subject_id, version, digest FROM announcement WHERE kind = $1 AND subject_id = ANY($2::uuid[])"""
SAVE_ANNOUNCEMENTS = """
INSERT INTO announcement (kind, subject_id, version, digest, occurred_at, event)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::bytea[], $5::timestamptz[], $6::bytea[])
ON CONFLICT ON CONSTRAINT announcement_pkey DO UPDATE
    SET version = excluded.version, digest = excluded.digest, occurred_at = excluded.occurred_at,
        event = excluded.event"""
SELECT_ANNOUNCEMENTS = """
SELECT kind, subject_id, event FROM announcement
WHERE (kind, subject_id) > ($1, $2) AND occurred_at >= $3
ORDER BY kind, subject_id
LIMIT $4"""


@dataclass(frozen=True, slots=True)
class ReferralState:
    """A referral as referral last said; `tip_ids` is what its office was told of."""

    referral_id: UUID
    version: int
    lead_id: UUID
    state: str
    office: str | None
    tip_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Announcement:
    """The newest event about something. `digest` is kept for links alone."""

    kind: AnnouncementKind
    subject_id: UUID
    version: int
    occurred_at: datetime
    event: bytes
    digest: bytes | None = None


async def load_leads(transaction: Connection, tip_ids: Collection[UUID]) -> list[Lead]:
    """Return every lead that one of the tips anchors, with what its offices and people said of it."""
    return [_lead(row) for row in await transaction.fetch(SELECT_LEADS, list(tip_ids))]


async def list_telling(transaction: Connection, tip_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the tips for which there is a lead, or will be: they anchor one, or are actionable."""
    return frozenset(row["tip_id"] for row in await transaction.fetch(SELECT_TELLING, list(tip_ids)))


async def load_anchors(transaction: Connection, lead_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the anchors of those leads that are known."""
    return {row["lead_id"]: row["anchor_tip_id"] for row in await transaction.fetch(SELECT_ANCHORS, list(lead_ids))}


async def save_leads(transaction: Connection, changes: Sequence[LeadChange]) -> None:
    """Store the leads' new states."""
    leads = [change.lead for change in changes]
    held_keys = [lead.held_by.identifier if lead.held_by else None for lead in leads]
    await transaction.execute(
        SAVE_LEADS,
        [lead.lead_id for lead in leads],
        [lead.anchor_tip_id for lead in leads],
        [lead.version for lead in leads],
        [lead.state for lead in leads],
        [change.snapshot.tier for change in changes],
        [lead.cluster_id for lead in leads],
        [lead.digest for lead in leads],
        [lead.opened_at for lead in leads],
        [lead.merged_into for lead in leads],
        [lead.split_from for lead in leads],
        [lead.held_by.reason if lead.held_by else None for lead in leads],
        [key.type if key else None for key in held_keys],
        [key.value if key else None for key in held_keys],
        [key.scope if key else None for key in held_keys],
        [change.snapshot.evidence_expires_at for change in changes],
        [lead.silent for lead in leads],
    )


async def save_referrals(transaction: Connection, referrals: Collection[ReferralState]) -> set[UUID]:
    """Store each state that is newer than what is known, and return its leads, of which some may be unseen."""
    rows = await transaction.fetch(
        SAVE_REFERRALS,
        [referral.referral_id for referral in referrals],
        [referral.version for referral in referrals],
        [referral.lead_id for referral in referrals],
        [referral.state for referral in referrals],
        [referral.office for referral in referrals],
        # PostgreSQL has no array of arrays of unlike lengths.
        ["[" + ",".join(f'"{tip_id}"' for tip_id in referral.tip_ids) + "]" for referral in referrals],
    )
    return {row["lead_id"] for row in rows}


async def have_referrals(transaction: Connection, lead_ids: Sequence[UUID]) -> bool:
    """Return whether referral said something of one of the leads."""
    found: bool = await transaction.fetchval(HAVE_REFERRALS, lead_ids)
    return found


async def add_priority(
    transaction: Connection,
    lead_id: UUID,
    tier: Tier | None,
    *,
    over: Tier,
    reason: str,
    decided_by: str,
    decided_at: datetime,
) -> int:
    """Store that a person set the lead's tier over that of its tips, or took it back (None).

    The decision's number is returned.
    """
    number: int = await transaction.fetchval(ADD_PRIORITY, lead_id, tier, over, reason, decided_by, decided_at)
    return number


async def add_judgement(transaction: Connection, judgement: Judgement, *, reason: str, decided_by: str) -> None:
    """Store a judgement; its tips are in the order of a pair."""
    await transaction.execute(
        ADD_JUDGEMENT,
        judgement.judgement_id,
        judgement.left_tip_id,
        judgement.right_tip_id,
        judgement.decision,
        reason,
        decided_by,
        judgement.decided_at,
    )


async def find_judgement(transaction: Connection, judgement_id: UUID) -> Judgement | None:
    """Return the judgement of this id, withdrawn or not."""
    row = await transaction.fetchrow(SELECT_JUDGEMENT, judgement_id)
    return Judgement(**row) if row is not None else None


async def withdraw_judgement(
    transaction: Connection, judgement_id: UUID, *, reason: str, withdrawn_by: str, withdrawn_at: datetime
) -> None:
    """Store that a judgement no longer counts."""
    await transaction.execute(WITHDRAW_JUDGEMENT, judgement_id, reason, withdrawn_by, withdrawn_at)


async def count_judgements(transaction: Connection, judgement: Judgement) -> int:
    """Return how many judgements and withdrawals there were of the judgement's pair."""
    count: int = await transaction.fetchval(COUNT_JUDGEMENTS, judgement.left_tip_id, judgement.right_tip_id)
    return count


async def load_announced(
    transaction: Connection, kind: AnnouncementKind, subject_ids: Collection[UUID]
) -> dict[UUID, tuple[int, bytes | None]]:
    """Return version and digest of the newest event of this kind about each subject that had one."""
    rows = await transaction.fetch(SELECT_ANNOUNCED, kind, list(subject_ids))
    return {row["subject_id"]: (row["version"], row["digest"]) for row in rows}


async def save_announcements(transaction: Connection, announcements: Sequence[Announcement]) -> None:
    """Keep events, each in the place of the one before it about the same thing."""
    await transaction.execute(
        SAVE_ANNOUNCEMENTS,
        [each.kind for each in announcements],
        [each.subject_id for each in announcements],
        [each.version for each in announcements],
        [each.digest for each in announcements],
        [each.occurred_at for each in announcements],
        [each.event for each in announcements],
    )


async def list_announcements(
    transaction: Connection, after: tuple[str, UUID], *, since: datetime, count_max: int
) -> list[tuple[AnnouncementKind, UUID, bytes]]:
    """Return kept events that occurred from `since` on, by kind and subject, those after the key `after`."""
    rows = await transaction.fetch(SELECT_ANNOUNCEMENTS, *after, since, count_max)
    return [(row["kind"], row["subject_id"], row["event"]) for row in rows]


def _lead(row: Row) -> Lead:
    return Lead(
        lead_id=row["lead_id"],
        anchor_tip_id=row["anchor_tip_id"],
        opened_at=row["opened_at"],
        version=row["version"],
        state=row["state"],
        cluster_id=row["cluster_id"],
        digest=row["digest"],
        merged_into=row["merged_into"],
        split_from=row["split_from"],
        is_referred=row["is_referred"],
        concluded=frozenset(row["concluded"] or ()),
        held_by=read_hold(row),
        priority=Priority(row["tier"], row["reason"], row["over_tier"]) if row["tier"] is not None else None,
        is_silenced=row["is_silenced"],
        silent=row["silent"],
    )
