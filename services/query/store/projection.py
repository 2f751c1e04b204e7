"""The projection: subjects, decisions, clusters, leads and referrals, each as new as the newest fact about it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from uuid import UUID

import orjson

from services.query.domain.facts import Fact, LeadFact, MembershipFact, ReferralFact, ReviewFact
from services.query.domain.names import spelling_keys
from services.query.domain.subject import Subject
from shared.db.pool import Connection

UPSERT_TIP = """
INSERT INTO tip (tip_id, version)
SELECT row.tip_id, row.version FROM unnest($1::uuid[], $2::integer[]) AS row (tip_id, version)
ON CONFLICT ON CONSTRAINT tip_pkey DO UPDATE SET version = excluded.version WHERE tip.version < excluded.version
RETURNING tip_id"""
DELETE_RECORDS = """
WITH gone AS (
    DELETE FROM record WHERE tip_id = ANY($1::uuid[]) AND research_id IS NULL RETURNING record_id
), gone_key AS (
    DELETE FROM record_key USING gone WHERE record_key.record_id = gone.record_id
)
DELETE FROM record_word USING gone WHERE record_word.record_id = gone.record_id"""
INSERT_RECORDS = """
INSERT INTO record (record_id, tip_id, research_id, names, birth_date)
SELECT row.record_id, row.tip_id, row.research_id, row.names::jsonb, row.birth_date
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
    AS row (record_id, tip_id, research_id, names, birth_date)
ON CONFLICT ON CONSTRAINT record_pkey DO NOTHING
RETURNING record_id"""
INSERT_KEYS = """
INSERT INTO record_key (type, canonical, record_id, exact, scope)
SELECT row.type, row.canonical, row.record_id, row.exact, row.scope
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[])
    AS row (type, canonical, record_id, exact, scope)"""
INSERT_WORDS = """
INSERT INTO record_word (word, record_id, birth_date)
SELECT row.word, row.record_id, row.birth_date
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS row (word, record_id, birth_date)"""
SELECT_NEW_WORDS = """
SELECT asked.word FROM unnest($1::text[]) AS asked (word)
WHERE NOT EXISTS (SELECT FROM spelling WHERE spelling.key = asked.word AND spelling.word = asked.word)"""
INSERT_SPELLINGS = """
INSERT INTO spelling (key, word)
SELECT row.key, row.word FROM unnest($1::text[], $2::text[]) AS row (key, word)
ON CONFLICT ON CONSTRAINT spelling_pkey DO NOTHING"""
UPSERT_REVIEW = """
INSERT INTO review (tip_id, version, decision)
SELECT row.tip_id, row.version, row.decision
FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS row (tip_id, version, decision)
ON CONFLICT ON CONSTRAINT review_pkey DO UPDATE SET version = excluded.version, decision = excluded.decision
    WHERE review.version < excluded.version"""
UPSERT_MEMBERSHIP = """
INSERT INTO membership (tip_id, version, cluster_id)
SELECT row.tip_id, row.version, row.cluster_id
FROM unnest($1::uuid[], $2::integer[], $3::uuid[]) AS row (tip_id, version, cluster_id)
ON CONFLICT ON CONSTRAINT membership_pkey DO UPDATE SET version = excluded.version, cluster_id = excluded.cluster_id
    WHERE membership.version < excluded.version"""
UPSERT_LEAD = """
INSERT INTO lead (lead_id, version, cluster_id, state, tier, opened_at, merged_into, silent)
SELECT row.lead_id, row.version, row.cluster_id, row.state, row.tier, row.opened_at, row.merged_into, row.silent
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::uuid[], $8::boolean[])
    AS row (lead_id, version, cluster_id, state, tier, opened_at, merged_into, silent)
ON CONFLICT ON CONSTRAINT lead_pkey DO UPDATE SET version = excluded.version, cluster_id = excluded.cluster_id,
    state = excluded.state, tier = excluded.tier, opened_at = excluded.opened_at, merged_into = excluded.merged_into,
    silent = excluded.silent WHERE lead.version < excluded.version"""
UPSERT_REFERRAL = """
INSERT INTO referral (referral_id, version, lead_id, state, office, office_name, office_phone, changed_at)
SELECT row.referral_id, row.version, row.lead_id, row.state, row.office, row.office_name, row.office_phone,
    row.changed_at
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
    AS row (referral_id, version, lead_id, state, office, office_name, office_phone, changed_at)
ON CONFLICT ON CONSTRAINT referral_pkey DO UPDATE SET version = excluded.version, lead_id = excluded.lead_id,
    state = excluded.state, office = excluded.office, office_name = excluded.office_name,
    office_phone = excluded.office_phone, changed_at = excluded.changed_at WHERE referral.version < excluded.version"""
UPSERT_FACTS: Mapping[type[Fact], str] = {
    ReviewFact: UPSERT_REVIEW,
    MembershipFact: UPSERT_MEMBERSHIP,
    LeadFact: UPSERT_LEAD,
    ReferralFact: UPSERT_REFERRAL,
}


async def advance_tips(connection: Connection, versions: Mapping[UUID, int]) -> set[UUID]:
    """Note the versions of tips' contents, and return the tips for which that is news."""
    if not versions:
        return set()
    rows = await connection.fetch(UPSERT_TIP, list(versions), list(versions.values()))
    return {row["tip_id"] for row in rows}


async def remove_records(connection: Connection, tip_ids: Sequence[UUID]) -> None:
    """Remove the tips' own records; those of research results stay."""
    if tip_ids:
        await connection.execute(DELETE_RECORDS, tip_ids)


async def add_records(connection: Connection, subjects: Sequence[Subject]) -> None:
    """Add records; one that is there already stays as it is."""
    if not subjects:
        return
    rows = await connection.fetch(
        INSERT_RECORDS,
        [subject.record_id for subject in subjects],
        [subject.tip_id for subject in subjects],
        [subject.research_id for subject in subjects],
        [_names_of(subject) for subject in subjects],
        [subject.birth_date for subject in subjects],
    )
    added = {row["record_id"] for row in rows}
    fresh = [subject for subject in subjects if subject.record_id in added]
    keys = [(key, subject.record_id) for subject in fresh for key in subject.keys]
    await connection.execute(
        INSERT_KEYS,
        [key.type for key, _ in keys],
        [key.canonical for key, _ in keys],
        [record_id for _, record_id in keys],
        [key.exact for key, _ in keys],
        [key.scope for key, _ in keys],
    )
    words = [(word, subject) for subject in fresh for word in {word for name in subject.words for word in name}]
    await connection.execute(
        INSERT_WORDS,
        [word for word, _ in words],
        [subject.record_id for _, subject in words],
        [subject.birth_date for _, subject in words],
    )
    await _add_spellings(connection, {word for word, _ in words})


async def save_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Store facts of one kind, each about another thing; those that are no newer than what is known do nothing."""
    if facts:
        kind = type(facts[0])
        columns = [[getattr(fact, field.name) for fact in facts] for field in fields(kind)]
        await connection.execute(UPSERT_FACTS[kind], *columns)


async def _add_spellings(connection: Connection, words: set[str]) -> None:
    """Make new words findable. They are sorted, so that two workers with words in common never wait in a circle."""
    rows = await connection.fetch(SELECT_NEW_WORDS, sorted(words))
    spelled = sorted((key, row["word"]) for row in rows for key in spelling_keys(row["word"]))
    if spelled:
        await connection.execute(INSERT_SPELLINGS, [key for key, _ in spelled], [word for _, word in spelled])


def _names_of(subject: Subject) -> str:
    pairs = [(name, " ".join(words)) for name, words in zip(subject.names, subject.words, strict=True)]
    return orjson.dumps(pairs).decode()
