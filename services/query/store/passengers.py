"""The look-up the other way round: passengers of filed lists whom a touched tip may concern.

Passengers are filed by their identifiers and, as records are, by two words of their names together; each record of a
touched tip is then looked for among them. Whether it would answer for one of them is not decided here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from services.query.domain.evidence import Record
from services.query.domain.name_keys import filed_words, filing_keys, plan_for, spelling_keys
from services.query.domain.question import Asked, Question
from services.query.domain.words import Reading, joined_neighbours
from services.query.store.lookups import asked_of
from services.query.store.people import record_of
from services.query.store.search import find_alike
from shared.db.pool import Connection
from shared.identifiers import parse_birth_date

AGREEMENT_MIN = 25
"""A name that shares more than one word agrees so much, in hundredths; one of a single word has no more to share."""

INSERT_KEYS = """
INSERT INTO passenger_key (type, canonical, passenger_no)
SELECT row.type, row.canonical, row.passenger_no
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS row (type, canonical, passenger_no)
ON CONFLICT ON CONSTRAINT passenger_key_pkey DO NOTHING"""
INSERT_NAME_KEYS = """
INSERT INTO passenger_name_key (key, passenger_no)
SELECT row.key, row.passenger_no FROM unnest($1::integer[], $2::bigint[]) AS row (key, passenger_no)"""
SELECT_NEW_WORDS = """
SELECT asked.word FROM unnest($1::text[]) AS asked (word)
WHERE NOT EXISTS (
    SELECT FROM passenger_spelling
    WHERE passenger_spelling.key = asked.word AND passenger_spelling.word = asked.word
)"""
INSERT_SPELLINGS = """
INSERT INTO passenger_spelling (key, word)
SELECT row.key, row.word FROM unnest($1::text[], $2::text[]) AS row (key, word)
ON CONFLICT ON CONSTRAINT passenger_spelling_pkey DO NOTHING"""
SELECT_RECORDS = """
SELECT record_id, tip_id, tip_id AS person_id, names, birth_date, NULL AS keys FROM record
WHERE tip_id = ANY($1::uuid[]) ORDER BY record_id"""
FIND_WORDS = """
SELECT asked.place, array_agg(spelled.word) AS words
FROM unnest($1::text[], $2::integer[]) AS asked (key, place)
    CROSS JOIN LATERAL (
        SELECT passenger_spelling.word FROM passenger_spelling WHERE passenger_spelling.key = asked.key OFFSET 0
    ) AS spelled
GROUP BY asked.place"""
FIND_NAMED = """
SELECT named.place, named.passenger_no, passenger.asked
FROM (
        SELECT probe.place, filed.passenger_no, sum(probe.weight) AS agreement, bool_or(probe.is_short) AS is_short
        FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::boolean[]) AS probe (place, key, weight, is_short)
            CROSS JOIN LATERAL (
                SELECT passenger_name_key.passenger_no FROM passenger_name_key
                WHERE passenger_name_key.key = probe.key OFFSET 0
            ) AS filed
        GROUP BY probe.place, filed.passenger_no
    ) AS named
    CROSS JOIN LATERAL (
        SELECT passenger.asked FROM passenger WHERE passenger.passenger_no = named.passenger_no LIMIT 1
    ) AS passenger
WHERE named.agreement >= $5 OR named.is_short OR passenger.asked ->> 'name' !~ '\\S\\s+\\S'"""
FIND_HOLDERS = """
SELECT DISTINCT passenger_key.passenger_no
FROM record
    JOIN record_key ON record_key.record_id = record.record_id
    JOIN passenger_key ON passenger_key.type = record_key.type AND passenger_key.canonical = record_key.canonical
WHERE record.tip_id = ANY($1::uuid[])"""
# Of a person who is told of, every tip counts: so do those of the same cluster.
FIND_TOLD = """
SELECT DISTINCT told.passenger_no
FROM (
        SELECT unnest($1::uuid[]) AS tip_id
        UNION SELECT other.tip_id
        FROM membership JOIN membership AS other ON other.cluster_id = membership.cluster_id
        WHERE membership.tip_id = ANY($1::uuid[])
    ) AS touched
    JOIN told ON told.tip_id = touched.tip_id
    JOIN passenger ON passenger.passenger_no = told.passenger_no
    JOIN manifest ON manifest.manifest_id = passenger.manifest_id AND manifest.is_filed"""
# The manifest is locked, so that two workers do not wait for each other's rows.
TAKE_OVER = """
SELECT manifest_id FROM manifest WHERE is_filed AND ends_at <= $1 ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED"""
UNFILE = """
WITH gone AS (
    UPDATE manifest SET is_filed = false WHERE manifest_id = $1
), theirs AS MATERIALIZED (
    SELECT passenger_no FROM passenger WHERE manifest_id = $1
), gone_keys AS (
    DELETE FROM passenger_key USING theirs WHERE passenger_key.passenger_no = theirs.passenger_no
)
DELETE FROM passenger_name_key USING theirs WHERE passenger_name_key.passenger_no = theirs.passenger_no"""


async def file_passengers(connection: Connection, asked: Sequence[tuple[int, Question]]) -> None:
    """Let passengers, by their numbers, be found by what is looked for."""
    keys = [(key, number) for number, question in asked for key in question.search_keys]
    await connection.execute(
        INSERT_KEYS,
        [key.type for key, _ in keys],
        [key.canonical for key, _ in keys],
        [number for _, number in keys],
    )
    ways = [(number, question, _ways(question.readings)) for number, question in asked]
    filed = sorted((key, number) for number, question, way in ways for key in filing_keys(way, question.birth_date))
    await connection.execute(INSERT_NAME_KEYS, [key for key, _ in filed], [number for _, number in filed])
    words = sorted({word for _, _, way in ways for word in filed_words(way)})
    rows = await connection.fetch(SELECT_NEW_WORDS, words)
    spelled = sorted((key, row["word"]) for row in rows for key in spelling_keys(row["word"]))
    await connection.execute(INSERT_SPELLINGS, [key for key, _ in spelled], [word for _, word in spelled])


async def find_concerned(connection: Connection, touched_tip_ids: Sequence[UUID]) -> set[int]:
    """Return the passengers who hold an identifier of these tips' records, or are told of a tip of the same cluster."""
    return {
        row["passenger_no"]
        for statement in (FIND_HOLDERS, FIND_TOLD)
        for row in await connection.fetch(statement, touched_tip_ids)
    }


async def find_named(connection: Connection, touched_tip_ids: Sequence[UUID]) -> list[tuple[int, Asked, Record]]:
    """Return passengers with a record of these tips that is named about alike, and what of them is looked for."""
    records = [record_of(row) for row in await connection.fetch(SELECT_RECORDS, touched_tip_ids)]
    readings = [[reading for name in record.names for reading in name.readings] for record in records]
    alike = await find_alike(connection, FIND_WORDS, readings)
    probes = [
        (place, probe, min(map(len, theirs)) == 1)
        for place, (record, theirs, like) in enumerate(zip(records, readings, alike, strict=True))
        for probe in plan_for(theirs, parse_birth_date(record.birth_date) if record.birth_date else None, like).probes
        if theirs
    ]
    rows = await connection.fetch(
        FIND_NAMED,
        [place for place, _, _ in probes],
        [probe.key for _, probe, _ in probes],
        [probe.weight for _, probe, _ in probes],
        [is_short for _, _, is_short in probes],
        AGREEMENT_MIN,
    )
    return [(row["passenger_no"], asked_of(row["asked"]), records[row["place"]]) for row in rows]


async def unfile_one(transaction: Connection, *, now: datetime) -> bool:
    """Let no touched tip find the passengers of one list whose flight is over; return False when there is none."""
    manifest_id = await transaction.fetchval(TAKE_OVER, now)
    if manifest_id is None:
        return False
    await transaction.execute(UNFILE, manifest_id)
    return True


def _ways(readings: Iterable[Reading]) -> list[Reading]:
    """Return the ways in which a passenger's name may be on record: a look-up joins neighbours too."""
    return [way for reading in readings for way in (reading, *joined_neighbours(reading))]
