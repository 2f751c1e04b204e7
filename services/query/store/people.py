"""What is known of people and their records, as far as a caller may see it."""

from collections.abc import Sequence
from uuid import UUID

from services.query.domain.answer import Contact, Standing
from services.query.domain.evidence import HeldKey, Record
from services.query.domain.question import Question
from services.query.domain.sight import Sight
from services.query.domain.words import Name
from shared.db.pool import Connection, Row

FIND_STANDINGS = """
SELECT asked.person_id, oldest.record_id, lead.lead_id, lead.state, lead.tier, office.office, office.office_name,
    office.office_phone, office.is_live
FROM unnest($1::uuid[]) AS asked (person_id)
    CROSS JOIN LATERAL (
        SELECT theirs.record_id
        FROM (
                SELECT membership.tip_id FROM membership WHERE membership.cluster_id = asked.person_id
                UNION ALL SELECT asked.person_id
            ) AS member (tip_id)
            CROSS JOIN LATERAL (
                SELECT record.record_id FROM record WHERE record.tip_id = member.tip_id OFFSET 0
            ) AS theirs
        WHERE $2 OR (SELECT review.decision FROM review WHERE review.tip_id = member.tip_id)
            IS DISTINCT FROM 'not_actionable'
        ORDER BY theirs.record_id LIMIT 1
    ) AS oldest
    LEFT JOIN LATERAL (
        SELECT lead.lead_id, lead.state, lead.tier FROM lead
        WHERE lead.cluster_id = asked.person_id AND lead.merged_into IS NULL
        ORDER BY lead.state = 'closed', lead.opened_at, lead.lead_id LIMIT 1
    ) AS lead ON true
    LEFT JOIN LATERAL (
        SELECT referral.office, referral.office_name, referral.office_phone, referral.state <> 'closed' AS is_live
        FROM referral
        WHERE referral.lead_id = lead.lead_id AND referral.office IS NOT NULL AND referral.state <> 'recalled'
        ORDER BY referral.state = 'closed', referral.changed_at DESC, referral.referral_id DESC LIMIT 1
    ) AS office ON true"""
FIND_RECORDS = """
SELECT record.record_id, record.tip_id, COALESCE(membership.cluster_id, record.tip_id) AS person_id, record.names,
    record.birth_date, held.keys
FROM record
    LEFT JOIN membership ON membership.tip_id = record.tip_id
    LEFT JOIN review ON review.tip_id = record.tip_id
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(record_key.type, record_key.exact, record_key.canonical, record_key.scope))
            AS keys
        FROM unnest($3::text[], $4::text[]) AS asked (type, canonical)
            JOIN record_key ON record_key.type = asked.type AND record_key.canonical = asked.canonical
        WHERE record_key.record_id = record.record_id
    ) AS held
WHERE (record.tip_id = ANY($1::uuid[]) OR record.record_id = ANY($2::uuid[]))
    AND ($5 OR review.decision IS DISTINCT FROM 'not_actionable')
    AND NOT is_hidden(membership.cluster_id, $6)"""
FIND_PERSON = """
SELECT record.tip_id, COALESCE(membership.cluster_id, record.tip_id) AS person_id
FROM record
    LEFT JOIN membership ON membership.tip_id = record.tip_id
    LEFT JOIN review ON review.tip_id = record.tip_id
WHERE record.record_id = $1 AND ($2 OR review.decision IS DISTINCT FROM 'not_actionable')
    AND NOT is_hidden(membership.cluster_id, $3)"""

FIND_SILENT = """
SELECT membership.tip_id FROM membership
WHERE membership.tip_id = ANY($1::uuid[]) AND is_hidden(membership.cluster_id, $2)"""


async def find_standings(connection: Connection, person_ids: Sequence[UUID], *, sees_all: bool) -> dict[UUID, Standing]:
    """Return what stands behind each person."""
    if not person_ids:
        return {}
    rows = await connection.fetch(FIND_STANDINGS, person_ids, sees_all)
    return {row["person_id"]: _standing(row) for row in rows}


async def find_records(
    connection: Connection,
    questions: Sequence[Question],
    *,
    tip_ids: Sequence[UUID],
    record_ids: Sequence[UUID],
    sight: Sight,
) -> list[Record]:
    """Return those of these tips' and these records that are in sight, with their identifiers that any one asks for."""
    keys = list({(key.type, key.canonical) for question in questions for key in question.search_keys})
    rows = await connection.fetch(
        FIND_RECORDS,
        tip_ids,
        record_ids,
        [type_ for type_, _ in keys],
        [canonical for _, canonical in keys],
        sight.sees_all,
        sight.office,
    )
    return [record_of(row) for row in rows]


async def find_person(connection: Connection, record_id: UUID, sight: Sight) -> tuple[UUID, UUID] | None:
    """Return a record's tip and person, or None when a look-up could not answer with it."""
    row = await connection.fetchrow(FIND_PERSON, record_id, sight.sees_all, sight.office)
    return (row["tip_id"], row["person_id"]) if row is not None else None


async def find_silent(connection: Connection, tip_ids: Sequence[UUID], sight: Sight) -> set[UUID]:
    """Return those of these tips that are kept from the asker because their lead is silent."""
    return {row["tip_id"] for row in await connection.fetch(FIND_SILENT, tip_ids, sight.office)} if tip_ids else set()


def record_of(row: Row) -> Record:
    """Return a row of records as the domain knows it."""
    return Record(
        record_id=row["record_id"],
        tip_id=row["tip_id"],
        person_id=row["person_id"],
        names=names_of(row),
        birth_date=row["birth_date"],
        keys=tuple(HeldKey(*key) for key in row["keys"] or ()),
    )


def names_of(row: Row) -> tuple[Name, ...]:
    """Return the names of a row of records."""
    return tuple(
        [Name(given, tuple([tuple(words.split(" ")) for words in readings])) for given, readings in row["names"]]
    )


def _standing(row: Row) -> Standing:
    return Standing(
        record_id=row["record_id"],
        lead_id=row["lead_id"],
        lead_state=row["state"],
        tier=row["tier"],
        contact=Contact(row["office"], row["office_name"], row["office_phone"]) if row["office"] else None,
        is_with_office=bool(row["is_live"]),
    )
