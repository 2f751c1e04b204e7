"""All SQL of referral. Callers hold the lead's row lock while they change its referral."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.referral.domain.directory import Office
from services.referral.domain.referral import Change, Content, ReferralFacts, State
from shared.db.pool import Connection, Row

CREATE_LEADS = """
INSERT INTO lead (lead_id) SELECT lead_id FROM unnest($1::uuid[]) AS lead_id
ON CONFLICT ON CONSTRAINT lead_pkey DO NOTHING"""
LOCK_LEADS = "SELECT lead_id, version FROM lead WHERE lead_id = ANY($1::uuid[]) ORDER BY lead_id FOR UPDATE"
ADVANCE_LEADS = """
UPDATE lead SET version = seen.version
FROM unnest($1::uuid[], $2::integer[]) AS seen (lead_id, version)
WHERE lead.lead_id = seen.lead_id AND lead.version < seen.version"""
SELECT_NEWEST_OF_LEADS = """
SELECT DISTINCT ON (lead_id) referral_id, lead_id, lead_version, version, state, office, confidence, reason,
    alternatives, refused_by, outcome, content, opened_at, changed_at
FROM referral WHERE lead_id = ANY($1::uuid[])
ORDER BY lead_id, referral_id DESC"""
SELECT_ONE = """
SELECT referral_id, lead_id, lead_version, version, state, office, confidence, reason, alternatives, refused_by,
    outcome, content, opened_at, changed_at
FROM referral WHERE referral_id = $1"""
SELECT_PAGE = """
SELECT referral_id, lead_id, lead_version, version, state, office, confidence, reason, alternatives, refused_by,
    outcome, content, opened_at, changed_at
FROM referral
WHERE ($1::text IS NULL OR office = $1) AND ($2::text IS NULL OR state = $2)
    AND ($3::uuid IS NULL OR referral_id > $3)
ORDER BY referral_id LIMIT $4"""
UPSERT_REFERRALS = """
INSERT INTO referral (referral_id, lead_id, lead_version, version, state, office, tier, confidence, reason,
    alternatives, refused_by, outcome, content, opened_at, changed_at)
SELECT (row ->> 'referral_id')::uuid, (row ->> 'lead_id')::uuid, (row ->> 'lead_version')::integer,
    (row ->> 'version')::integer, row ->> 'state', row ->> 'office', row -> 'content' ->> 'tier',
    (row ->> 'confidence')::float8, row ->> 'reason',
    ARRAY(SELECT jsonb_array_elements_text(row -> 'alternatives')),
    ARRAY(SELECT jsonb_array_elements_text(row -> 'refused_by') ORDER BY 1),
    row ->> 'outcome', row -> 'content', $2, $2
FROM jsonb_array_elements($1::jsonb) AS row
ON CONFLICT ON CONSTRAINT referral_pkey DO UPDATE SET
    lead_version = excluded.lead_version, version = excluded.version, state = excluded.state,
    office = excluded.office, tier = excluded.tier, confidence = excluded.confidence, reason = excluded.reason,
    alternatives = excluded.alternatives, refused_by = excluded.refused_by, outcome = excluded.outcome,
    content = excluded.content, changed_at = excluded.changed_at
WHERE referral.version < excluded.version"""
INSERT_VERSIONS = """
INSERT INTO referral_version (referral_id, version, lead_id, lead_version, state, office, reason, actor, response,
    changed_at)
SELECT row.referral_id, row.version, row.lead_id, row.lead_version, row.state, row.office, row.reason, $8, $9, $10
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[])
    AS row (referral_id, version, lead_id, lead_version, state, office, reason)"""
INSERT_PUBLISHED = """
INSERT INTO published (event_id, topic, referral_id, office, value, occurred_at)
SELECT row.event_id, row.topic, row.referral_id, row.office, row.value, $6
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bytea[])
    AS row (event_id, topic, referral_id, office, value)"""
SELECT_PUBLISHED = """
SELECT event_id, topic, referral_id, office, value, occurred_at FROM published
WHERE (occurred_at, event_id) > ($1, $2) ORDER BY occurred_at, event_id LIMIT $3"""
# In one order, so that two workers that start never wait in a circle.
SAVE_LISTED = """
INSERT INTO listed_office (office, name, phone)
SELECT row.office, row.name, row.phone FROM unnest($1::text[], $2::text[], $3::text[]) AS row (office, name, phone)
ORDER BY row.office
ON CONFLICT ON CONSTRAINT listed_office_pkey DO UPDATE
    SET version = listed_office.version + 1, name = excluded.name, phone = excluded.phone
    WHERE (listed_office.name, listed_office.phone) IS DISTINCT FROM (excluded.name, excluded.phone)
RETURNING office, version"""

_CONTENT = TypeAdapter(Content)
_FACTS = TypeAdapter(list[ReferralFacts])


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral as stored: its facts, and when it was opened and last changed."""

    facts: ReferralFacts
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """An event as it was published, about a referral or else about an office."""

    event_id: UUID
    topic: str
    referral_id: UUID | None
    office: str | None
    value: bytes
    occurred_at: datetime


async def lock_leads(transaction: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Lock the leads' rows, made if need be, in the order of their ids; return the version applied of each."""
    ids = sorted(set(lead_ids))
    await transaction.execute(CREATE_LEADS, ids)
    return {row["lead_id"]: row["version"] for row in await transaction.fetch(LOCK_LEADS, ids)}


async def advance_leads(transaction: Connection, versions: Mapping[UUID, int]) -> None:
    """Remember the highest version applied of each lead."""
    await transaction.execute(ADVANCE_LEADS, list(versions), list(versions.values()))


async def list_newest(transaction: Connection, lead_ids: Iterable[UUID]) -> dict[UUID, ReferralFacts]:
    """Return the newest referral, live or final, of each lead that has any."""
    rows = await transaction.fetch(SELECT_NEWEST_OF_LEADS, list(lead_ids))
    return {row["lead_id"]: _read(row).facts for row in rows}


async def find_referral(transaction: Connection, referral_id: UUID) -> Referral | None:
    """Return a referral, or None."""
    row = await transaction.fetchrow(SELECT_ONE, referral_id)
    return None if row is None else _read(row)


async def list_referrals(
    transaction: Connection, *, office: str | None, state: str | None, after: UUID | None, limit: int
) -> list[Referral]:
    """Return referrals in the order they were opened, from behind `after` on."""
    return [_read(row) for row in await transaction.fetch(SELECT_PAGE, office, state, after, limit)]


async def save_changes(
    transaction: Connection, changes: Sequence[Change], *, actor: str | None, response: str | None, now: datetime
) -> None:
    """Keep every version of the changes, and the newest of each referral."""
    versions = [change.referral for change in changes]
    newest = {facts.referral_id: facts for facts in versions}
    await transaction.execute(UPSERT_REFERRALS, _FACTS.dump_python(list(newest.values()), mode="json"), now)
    await transaction.execute(
        INSERT_VERSIONS,
        [facts.referral_id for facts in versions],
        [facts.version for facts in versions],
        [facts.lead_id for facts in versions],
        [facts.lead_version for facts in versions],
        [facts.state for facts in versions],
        [facts.office for facts in versions],
        [facts.reason for facts in versions],
        actor,
        response,
        now,
    )


async def keep_published(transaction: Connection, events: Sequence[Published], *, now: datetime) -> None:
    """Keep events as they are published."""
    await transaction.execute(
        INSERT_PUBLISHED,
        [event.event_id for event in events],
        [event.topic for event in events],
        [event.referral_id for event in events],
        [event.office for event in events],
        [event.value for event in events],
        now,
    )


async def list_published(transaction: Connection, *, after: tuple[datetime, UUID], limit: int) -> list[Published]:
    """Return published events in the order of time, from behind `after` on."""
    rows = await transaction.fetch(SELECT_PUBLISHED, *after, limit)
    return [Published(**row) for row in rows]


async def save_listed(transaction: Connection, offices: Collection[Office]) -> dict[str, int]:
    """Keep name and phone of the offices as told; return the versions of those that were not told so before.

    Nobody else tells of those until this transaction ends.
    """
    rows = await transaction.fetch(
        SAVE_LISTED,
        [office.code for office in offices],
        [office.name for office in offices],
        [office.phone for office in offices],
    )
    return {row["office"]: row["version"] for row in rows}


def _read(row: Row) -> Referral:
    content: Any = row["content"]
    facts = ReferralFacts(
        referral_id=row["referral_id"],
        lead_id=row["lead_id"],
        lead_version=row["lead_version"],
        version=row["version"],
        state=State(row["state"]),
        office=row["office"],
        confidence=row["confidence"],
        reason=row["reason"],
        content=_CONTENT.validate_python(content),
        alternatives=tuple(row["alternatives"]),
        refused_by=frozenset(row["refused_by"]),
        outcome=row["outcome"],
    )
    return Referral(facts, row["opened_at"], row["changed_at"])
