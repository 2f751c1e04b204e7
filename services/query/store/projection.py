"""The projection: subjects, decisions, clusters, leads and referrals, each as new as the newest fact about it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from uuid import UUID

import orjson

from services.query.domain.facts import Fact, LeadFact, MembershipFact, ReferralFact, ReviewFact
from services.query.domain.name_keys import filed_words, filing_keys, spelling_keys
from services.query.domain.subject import Subject
from services.query.domain.words import Name
from services.query.store.people import names_of
from shared.db.pool import Connection
from shared.identifiers import parse_birth_date

UPSERT_TIP = """
INSERT INTO tip (tip_id, version)
SELECT row.tip_id, row.version FROM unnest($1::uuid[], $2::integer[]) AS row (tip_id, version)
ON CONFLICT ON CONSTRAINT tip_pkey DO UPDATE SET version = excluded.version, is_stale = false
    WHERE tip.version < excluded.version OR (tip.is_stale AND tip.version = excluded.version)
RETURNING tip_id"""
DELETE_RECORDS = """
WITH gone AS (
    DELETE FROM record
    WHERE (tip_id = ANY($1::uuid[]) AND research_id IS NULL) OR (record_id = ANY($2::uuid[]) AND is_stale)
    RETURNING record_id, record_no, names, birth_date, is_counted
), gone_key AS (
    DELETE FROM record_key USING gone WHERE record_key.record_id = gone.record_id
)
SELECT record_no, names, birth_date, is_counted FROM gone"""
DELETE_NAME_KEYS = """
DELETE FROM name_key USING unnest($1::integer[], $2::integer[]) AS gone (key, record_no)
WHERE name_key.key = gone.key AND name_key.record_no = gone.record_no"""
INSERT_RECORDS = """
INSERT INTO record (record_id, tip_id, research_id, names, birth_date)
SELECT row.record_id, row.tip_id, row.research_id, row.names::jsonb, row.birth_date
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
    AS row (record_id, tip_id, research_id, names, birth_date)
ON CONFLICT ON CONSTRAINT record_pkey DO NOTHING
RETURNING record_id, record_no"""
INSERT_KEYS = """
INSERT INTO record_key (type, canonical, record_id, exact, scope)
SELECT row.type, row.canonical, row.record_id, row.exact, row.scope
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[])
    AS row (type, canonical, record_id, exact, scope)"""
INSERT_NAME_KEYS = """
INSERT INTO name_key (key, record_no)
SELECT row.key, row.record_no FROM unnest($1::integer[], $2::integer[]) AS row (key, record_no)
ON CONFLICT ON CONSTRAINT name_key_pkey DO NOTHING"""
COUNT_WORDS = """
INSERT INTO name_word (word, holders)
SELECT row.word, row.holders FROM unnest($1::text[], $2::integer[]) AS row (word, holders)
ON CONFLICT ON CONSTRAINT name_word_pkey DO UPDATE SET holders = name_word.holders + excluded.holders
RETURNING word, xmax = 0 AS is_new"""
# Few leads are silent, so all of their records are compared with all that are not counted, whatever changed. OFFSET 0:
# each is an index look-up per row. Of two workers who find the same record, the second finds nothing left to change.
UPDATE_COUNTED = """
WITH silent AS MATERIALIZED (
    SELECT named.record_no
    FROM lead
        CROSS JOIN LATERAL (
            SELECT membership.tip_id FROM membership WHERE membership.cluster_id = lead.cluster_id OFFSET 0
        ) AS filed
        CROSS JOIN LATERAL (SELECT record.record_no FROM record WHERE record.tip_id = filed.tip_id OFFSET 0) AS named
    WHERE lead.silent AND lead.merged_into IS NULL
)
UPDATE record SET is_counted = NOT record.is_counted
WHERE (record.is_counted AND record.record_no = ANY (ARRAY(SELECT silent.record_no FROM silent)))
    OR (NOT record.is_counted AND record.record_no <> ALL (ARRAY(SELECT silent.record_no FROM silent)))
RETURNING record.names, record.is_counted"""
INSERT_SPELLINGS = """
INSERT INTO spelling (key, word)
SELECT row.key, row.word FROM unnest($1::text[], $2::text[]) AS row (key, word)
ON CONFLICT ON CONSTRAINT spelling_pkey DO NOTHING"""
UPSERT_REVIEW = """
INSERT INTO review (tip_id, version, decision)
SELECT row.tip_id, row.version, row.decision
FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS row (tip_id, version, decision)
ON CONFLICT ON CONSTRAINT review_pkey DO UPDATE
    SET is_stale = false, version = excluded.version, decision = excluded.decision
    WHERE review.version < excluded.version
        OR (review.is_stale AND review.version = excluded.version)"""
UPSERT_MEMBERSHIP = """
INSERT INTO membership (tip_id, version, cluster_id)
SELECT row.tip_id, row.version, row.cluster_id
FROM unnest($1::uuid[], $2::integer[], $3::uuid[]) AS row (tip_id, version, cluster_id)
ON CONFLICT ON CONSTRAINT membership_pkey DO UPDATE
    SET is_stale = false, version = excluded.version, cluster_id = excluded.cluster_id
    WHERE membership.version < excluded.version
        OR (membership.is_stale AND membership.version = excluded.version)"""
UPSERT_LEAD = """
INSERT INTO lead (lead_id, version, cluster_id, state, tier, opened_at, merged_into, silent)
SELECT row.lead_id, row.version, row.cluster_id, row.state, row.tier, row.opened_at, row.merged_into, row.silent
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::uuid[], $8::boolean[])
    AS row (lead_id, version, cluster_id, state, tier, opened_at, merged_into, silent)
ON CONFLICT ON CONSTRAINT lead_pkey DO UPDATE
    SET is_stale = false, version = excluded.version, cluster_id = excluded.cluster_id,
    state = excluded.state, tier = excluded.tier, opened_at = excluded.opened_at, merged_into = excluded.merged_into,
    silent = excluded.silent WHERE lead.version < excluded.version
        OR (lead.is_stale AND lead.version = excluded.version)"""
UPSERT_REFERRAL = """
INSERT INTO referral (referral_id, version, lead_id, state, office, office_name, office_phone, changed_at)
SELECT row.referral_id, row.version, row.lead_id, row.state, row.office, row.office_name, row.office_phone,
    row.changed_at
FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
    AS row (referral_id, version, lead_id, state, office, office_name, office_phone, changed_at)
ON CONFLICT ON CONSTRAINT referral_pkey DO UPDATE
    SET is_stale = false, version = excluded.version, lead_id = excluded.lead_id,
    state = excluded.state, office = excluded.office, office_name = excluded.office_name,
    office_phone = excluded.office_phone, changed_at = excluded.changed_at WHERE referral.version < excluded.version
        OR (referral.is_stale AND referral.version = excluded.version)"""
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


async def remove_records(connection: Connection, tip_ids: Sequence[UUID], *, told_again: Sequence[UUID] = ()) -> None:
    """Remove the tips' own records; those of research results stay, but for stale ones that are `told_again`."""
    if not tip_ids and not told_again:
        return
    rows = await connection.fetch(DELETE_RECORDS, tip_ids, told_again)
    if not rows:
        return
    await _count_words(connection, [names_of(row) for row in rows if row["is_counted"]], by=-1)
    filed = [(key, row["record_no"]) for row in rows for key in _filing_keys(names_of(row), row["birth_date"])]
    await connection.execute(DELETE_NAME_KEYS, [key for key, _ in filed], [number for _, number in filed])


async def add_records(connection: Connection, subjects: Sequence[Subject]) -> None:
    """Add records; one that is there already stays as it is."""
    if not subjects:
        return
    rows = await connection.fetch(
        INSERT_RECORDS,
        [subject.record_id for subject in subjects],
        [subject.tip_id for subject in subjects],
        [subject.research_id for subject in subjects],
        [_names_document(subject) for subject in subjects],
        [subject.birth_date for subject in subjects],
    )
    numbers = {row["record_id"]: row["record_no"] for row in rows}
    fresh = [subject for subject in subjects if subject.record_id in numbers]
    keys = [(key, subject.record_id) for subject in fresh for key in subject.keys]
    await connection.execute(
        INSERT_KEYS,
        [key.type for key, _ in keys],
        [key.canonical for key, _ in keys],
        [record_id for _, record_id in keys],
        [key.exact for key, _ in keys],
        [key.scope for key, _ in keys],
    )
    filed = sorted(
        (key, numbers[subject.record_id])
        for subject in fresh
        for key in _filing_keys(subject.names, subject.birth_date)
    )
    await connection.execute(INSERT_NAME_KEYS, [key for key, _ in filed], [number for _, number in filed])
    await _count_words(connection, [subject.names for subject in fresh])


async def count_silent_out(connection: Connection) -> None:
    """Count the words of silent leads' records out, and of those that are silent no longer in again.

    How rare a word is must be the same whether or not there are records that its reader must not know of.
    """
    rows = await connection.fetch(UPDATE_COUNTED)
    for is_counted, by in ((False, -1), (True, 1)):
        if names := [names_of(row) for row in rows if row["is_counted"] is is_counted]:
            await _count_words(connection, names, by=by)


async def save_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Store facts of one kind, each about another thing; those that are no newer than what is known do nothing."""
    if facts:
        kind = type(facts[0])
        columns = [[getattr(fact, field.name) for fact in facts] for field in fields(kind)]
        await connection.execute(UPSERT_FACTS[kind], *columns)


async def spell_words(connection: Connection, words: Iterable[str]) -> None:
    """Make words findable by all that may be like them; what they are found by already stays."""
    spelled = sorted((key, word) for word in words for key in spelling_keys(word))
    if spelled:
        await connection.execute(INSERT_SPELLINGS, [key for key, _ in spelled], [word for _, word in spelled])


async def _count_words(connection: Connection, added: Sequence[Sequence[Name]], *, by: int = 1) -> None:
    """Count records' words, and make those that are new findable.

    They are sorted, so that two workers with words in common never wait in a circle.
    """
    counts = Counter(word for names in added for word in {w for name in names for w in filed_words(name.readings)})
    words = sorted(counts)
    rows = await connection.fetch(COUNT_WORDS, words, [by * counts[word] for word in words])
    await spell_words(connection, [row["word"] for row in rows if row["is_new"]])


def _names_document(subject: Subject) -> str:
    readings = [(name.given, [" ".join(words) for words in name.readings]) for name in subject.names]
    return orjson.dumps(readings).decode()


def _filing_keys(names: Iterable[Name], birth_date: str | None) -> frozenset[int]:
    born = parse_birth_date(birth_date) if birth_date else None
    return filing_keys([reading for name in names for reading in name.readings], born)
