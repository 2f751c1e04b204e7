"""All SQL of query. Every function works inside the caller's transaction, the projection's on many rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

import orjson

from services.query.domain.answer import Answer, Contact, Standing
from services.query.domain.evidence import HeldKey, Record
from services.query.domain.facts import Fact, LeadFact, MembershipFact, ReferralFact, ReviewFact
from services.query.domain.names import spelling_keys
from services.query.domain.note import Note
from services.query.domain.question import Asked, Question
from services.query.domain.sight import Sight
from services.query.domain.subject import Subject
from shared.db.pool import Connection, Row
from shared.security import Principal

CANDIDATES_MAX = 200
"""Records looked at in one look-up: so many that hold an identifier asked for, and as many that share words."""
NAMED_MAX = 2 * CANDIDATES_MAX
"""Records looked at for their names before those that the caller may not see are left out."""

# The projection

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

# Look-ups

# OFFSET 0 and LIMIT 1 fence the inner queries: each is an index look-up per row, and never the scan of a whole table
# that the planner else takes for cheaper while tables are small.
FIND_CANDIDATES = """
WITH near AS (
    SELECT DISTINCT asked.place, spelled.word
    FROM unnest($1::text[], $2::integer[]) AS asked (key, place)
        CROSS JOIN LATERAL (SELECT spelling.word FROM spelling WHERE spelling.key = asked.key OFFSET 0) AS spelled
), named AS (
    SELECT worded.record_id, count(DISTINCT near.place) AS shared_words,
        count(DISTINCT near.place) + COALESCE(bool_or(worded.birth_date = $5), false)::integer AS agreement
    FROM near
        CROSS JOIN LATERAL (
            SELECT record_word.record_id, record_word.birth_date FROM record_word
            WHERE record_word.word = near.word OFFSET 0
        ) AS worded
    GROUP BY worded.record_id
    ORDER BY agreement DESC, worded.record_id LIMIT $8
), held AS (
    SELECT holder.record_id,
        jsonb_agg(jsonb_build_array(asked.type, holder.exact, asked.canonical, holder.scope)) AS keys
    FROM unnest($3::text[], $4::text[]) AS asked (type, canonical)
        CROSS JOIN LATERAL (
            SELECT record_key.record_id, record_key.exact, record_key.scope FROM record_key
            WHERE record_key.type = asked.type AND record_key.canonical = asked.canonical OFFSET 0
        ) AS holder
    GROUP BY holder.record_id
), found AS (
    SELECT COALESCE(named.record_id, held.record_id) AS record_id, held.keys,
        COALESCE(named.shared_words, 0) AS shared_words, COALESCE(named.agreement, 0) AS agreement
    FROM named FULL JOIN held ON held.record_id = named.record_id
), ranked AS (
    SELECT found.record_id, whole.tip_id, whole.person_id, whole.names, whole.birth_date, found.keys,
        found.shared_words,
        row_number() OVER (PARTITION BY found.keys IS NULL ORDER BY found.agreement DESC, found.record_id) AS place
    FROM found
        CROSS JOIN LATERAL (
            SELECT record.tip_id, COALESCE(membership.cluster_id, record.tip_id) AS person_id, record.names,
                record.birth_date, review.decision, membership.cluster_id
            FROM record
                LEFT JOIN membership ON membership.tip_id = record.tip_id
                LEFT JOIN review ON review.tip_id = record.tip_id
            WHERE record.record_id = found.record_id LIMIT 1
        ) AS whole
    WHERE ($6 OR whole.decision IS DISTINCT FROM 'not_actionable')
        AND NOT is_hidden(whole.cluster_id, $9)
)
SELECT record_id, tip_id, person_id, names, birth_date, keys, shared_words, place FROM ranked
WHERE place <= $7"""
FIND_STANDINGS = """
SELECT asked.person_id, oldest.record_id, lead.lead_id, lead.state, lead.tier, office.office, office.office_name,
    office.office_phone
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
            LEFT JOIN review ON review.tip_id = member.tip_id
        WHERE $2 OR review.decision IS DISTINCT FROM 'not_actionable'
        ORDER BY theirs.record_id LIMIT 1
    ) AS oldest
    LEFT JOIN LATERAL (
        SELECT lead.lead_id, lead.state, lead.tier FROM lead
        WHERE lead.cluster_id = asked.person_id AND lead.merged_into IS NULL
        ORDER BY lead.state = 'closed', lead.opened_at, lead.lead_id LIMIT 1
    ) AS lead ON true
    LEFT JOIN LATERAL (
        SELECT referral.office, referral.office_name, referral.office_phone FROM referral
        WHERE referral.lead_id = lead.lead_id AND referral.office IS NOT NULL AND referral.state <> 'recalled'
        ORDER BY referral.state = 'closed', referral.changed_at DESC, referral.referral_id DESC LIMIT 1
    ) AS office ON true"""
INSERT_LOOKUP = """
INSERT INTO lookup (lookup_id, answered_at, actor, agency, office, purpose, reference, asked, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
SELECT_LOOKUP = "SELECT asked, answer FROM lookup WHERE lookup_id = $1 AND agency = $2"
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

# Notes

FIND_PERSON = """
SELECT record.tip_id, COALESCE(membership.cluster_id, record.tip_id) AS person_id
FROM record
    LEFT JOIN membership ON membership.tip_id = record.tip_id
    LEFT JOIN review ON review.tip_id = record.tip_id
WHERE record.record_id = $1 AND ($2 OR review.decision IS DISTINCT FROM 'not_actionable')
    AND NOT is_hidden(membership.cluster_id, $3)"""
NOTES_OF_PERSON = """
SELECT note.note_id, note.record_id, note.created_at, note.author, note.agency, note.office, note.kind,
    note.flight_number, note.flight_date, note.additional_screening, note.outcome, note.text, note.supersedes,
    later.note_id AS superseded_by
FROM note
    LEFT JOIN note AS later ON later.supersedes = note.note_id
    LEFT JOIN review ON review.tip_id = note.tip_id
WHERE note.tip_id IN (SELECT membership.tip_id FROM membership WHERE membership.cluster_id = $1 UNION ALL SELECT $1)
    AND ($2 OR (note.agency = $3 AND review.decision IS DISTINCT FROM 'not_actionable'))"""
LIST_NOTES = NOTES_OF_PERSON + "\n    AND note.note_id > $4\nORDER BY note.note_id LIMIT $5"
FIND_NOTE = NOTES_OF_PERSON + "\n    AND note.note_id = $4"
INSERT_NOTE = """
INSERT INTO note (note_id, record_id, tip_id, created_at, author, agency, office, kind, flight_number, flight_date,
    additional_screening, outcome, text, supersedes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT ON CONSTRAINT note_supersedes DO NOTHING
RETURNING note_id"""


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


async def find_candidates(connection: Connection, question: Question, sight: Sight) -> tuple[list[Record], bool]:
    """Return the records that may answer, and whether more that may were left out: of those within the caller's sight.

    Records that hold an identifier come in any case, up to `CANDIDATES_MAX`; of the others as many, those with most
    words of the name (the equal birth date counting as one).
    """
    words = question.search_words
    spelled = [(key, place) for place, word in enumerate(words) for key in sorted(spelling_keys(word))]
    rows = await connection.fetch(
        FIND_CANDIDATES,
        [key for key, _ in spelled],
        [place for _, place in spelled],
        [key.type for key in question.search_keys],
        [key.canonical for key in question.search_keys],
        str(question.birth_date) if question.birth_date else None,
        sight.sees_all,
        CANDIDATES_MAX + 1,
        NAMED_MAX,
        sight.office,
    )
    left_out = [row for row in rows if row["place"] > CANDIDATES_MAX]
    # What shares one word of several is hardly ever a match; its being left out is no news to anyone.
    is_cut = any(row["keys"] or row["shared_words"] >= min(2, len(words)) for row in left_out)
    return [_record(row) for row in rows if row["place"] <= CANDIDATES_MAX], is_cut


async def find_standings(connection: Connection, person_ids: Sequence[UUID], *, sees_all: bool) -> dict[UUID, Standing]:
    """Return what stands behind each person."""
    if not person_ids:
        return {}
    rows = await connection.fetch(FIND_STANDINGS, person_ids, sees_all)
    return {row["person_id"]: _standing(row) for row in rows}


async def add_lookup(
    connection: Connection,
    caller: Principal,
    answer: Answer,
    *,
    purpose: str,
    reference: str,
    asked: Asked,
    document: dict[str, Any],
) -> None:
    """Keep a look-up with the answer it gets."""
    await connection.execute(
        INSERT_LOOKUP,
        answer.lookup_id,
        answer.answered_at,
        caller.id,
        caller.agency,
        caller.office,
        purpose,
        reference,
        asdict(asked),
        document,
    )


async def find_lookup(connection: Connection, lookup_id: UUID, *, agency: str) -> tuple[Asked, dict[str, Any]] | None:
    """Return what an agency's look-up asked, and the answer it got."""
    row = await connection.fetchrow(SELECT_LOOKUP, lookup_id, agency)
    if row is None:
        return None
    asked: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row["asked"].items()
    }
    return Asked(**asked), row["answer"]


async def find_records(
    connection: Connection,
    question: Question,
    *,
    tip_ids: Sequence[UUID],
    record_ids: Sequence[UUID],
    sight: Sight,
) -> list[Record]:
    """Return those of these tips' and these records that are in sight, with their identifiers that are asked for."""
    rows = await connection.fetch(
        FIND_RECORDS,
        tip_ids,
        record_ids,
        [key.type for key in question.search_keys],
        [key.canonical for key in question.search_keys],
        sight.sees_all,
        sight.office,
    )
    return [_record(row) for row in rows]


async def find_person(connection: Connection, record_id: UUID, sight: Sight) -> tuple[UUID, UUID] | None:
    """Return a record's tip and person, or None when a look-up could not answer with it."""
    row = await connection.fetchrow(FIND_PERSON, record_id, sight.sees_all, sight.office)
    return (row["tip_id"], row["person_id"]) if row is not None else None


async def list_notes(
    connection: Connection, person_id: UUID, *, agency: str, sees_all: bool, after: UUID, count_max: int
) -> list[Note]:
    """Return a person's notes, oldest first, from behind the note `after`: one agency's, or with `sees_all` all."""
    return [_note(row) for row in await connection.fetch(LIST_NOTES, person_id, sees_all, agency, after, count_max)]


async def find_note(
    connection: Connection, person_id: UUID, note_id: UUID, *, agency: str, sees_all: bool
) -> Note | None:
    """Return one of the notes that `list_notes` lists."""
    row = await connection.fetchrow(FIND_NOTE, person_id, sees_all, agency, note_id)
    return _note(row) if row is not None else None


async def add_note(connection: Connection, note: Note, *, tip_id: UUID) -> bool:
    """Add a note; return False, adding nothing, when the one it supersedes was superseded by another."""
    added = await connection.fetchval(
        INSERT_NOTE,
        note.note_id,
        note.record_id,
        tip_id,
        note.created_at,
        note.author,
        note.agency,
        note.office,
        note.kind,
        note.flight_number,
        note.flight_date,
        note.additional_screening,
        note.outcome,
        note.text,
        note.supersedes,
    )
    return added is not None


async def _add_spellings(connection: Connection, words: set[str]) -> None:
    """Make new words findable. They are sorted, so that two workers with words in common never wait in a circle."""
    rows = await connection.fetch(SELECT_NEW_WORDS, sorted(words))
    spelled = sorted((key, row["word"]) for row in rows for key in spelling_keys(row["word"]))
    if spelled:
        await connection.execute(INSERT_SPELLINGS, [key for key, _ in spelled], [word for _, word in spelled])


def _names_of(subject: Subject) -> str:
    pairs = [(name, " ".join(words)) for name, words in zip(subject.names, subject.words, strict=True)]
    return orjson.dumps(pairs).decode()


def _record(row: Row) -> Record:
    return Record(
        record_id=row["record_id"],
        tip_id=row["tip_id"],
        person_id=row["person_id"],
        names=tuple(name for name, _ in row["names"]),
        words=tuple(tuple(words.split(" ")) for _, words in row["names"]),
        birth_date=row["birth_date"],
        keys=tuple(HeldKey(*key) for key in row["keys"] or ()),
    )


def _standing(row: Row) -> Standing:
    return Standing(
        record_id=row["record_id"],
        lead_id=row["lead_id"],
        lead_state=row["state"],
        tier=row["tier"],
        contact=Contact(row["office"], row["office_name"], row["office_phone"]) if row["office"] else None,
    )


def _note(row: Row) -> Note:
    return Note(**dict(row))
