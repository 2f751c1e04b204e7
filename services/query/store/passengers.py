"""The look-up the other way round: passengers of filed lists whom a touched tip may concern.

Passengers are filed by their identifiers and, as records are, by two words of their names together; each record of a
touched tip is then looked for among them. Too many found costs a look-up that changes nothing; one too few would be an
alert that is missed, so no answer is graded here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from services.query.domain.name_keys import (
    Alike,
    filed_words,
    filing_keys,
    most_alike,
    probes_for,
    spelling_keys,
    words_to_find,
)
from services.query.domain.question import Question
from services.query.domain.words import Reading, joined_neighbours
from services.query.store.people import names_of
from shared.db.pool import Connection
from shared.identifiers import BirthDate, parse_birth_date

AGREEMENT_MIN = 0.15
"""So much a name agrees that shares a word at least: whoever shares only that is looked up for nothing, but a name of
one word has no more to share."""

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
SELECT_NAMES = "SELECT DISTINCT names, birth_date FROM record WHERE tip_id = ANY($1::uuid[])"
FIND_WORDS = """
SELECT DISTINCT asked.place, spelled.word
FROM unnest($1::text[], $2::integer[]) AS asked (key, place)
    CROSS JOIN LATERAL (
        SELECT passenger_spelling.word FROM passenger_spelling WHERE passenger_spelling.key = asked.key OFFSET 0
    ) AS spelled"""
FIND_NAMED = """
SELECT DISTINCT named.passenger_no
FROM (
    SELECT probe.name, filed.passenger_no
    FROM unnest($1::integer[], $2::integer[], $3::real[]) AS probe (name, key, weight)
        CROSS JOIN LATERAL (
            SELECT passenger_name_key.passenger_no FROM passenger_name_key
            WHERE passenger_name_key.key = probe.key OFFSET 0
        ) AS filed
    GROUP BY probe.name, filed.passenger_no
    HAVING sum(probe.weight) >= $4
) AS named"""
FIND_HOLDERS = """
SELECT DISTINCT passenger_key.passenger_no
FROM record
    JOIN record_key ON record_key.record_id = record.record_id
    JOIN passenger_key ON passenger_key.type = record_key.type AND passenger_key.canonical = record_key.canonical
WHERE record.tip_id = ANY($1::uuid[])"""
FIND_TOLD = "SELECT DISTINCT passenger_no FROM told WHERE tip_id = ANY($1::uuid[])"
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


async def find_passengers(connection: Connection, touched_tip_ids: Sequence[UUID]) -> list[int]:
    """Return the filed passengers whom these tips may concern, or of whom they were told, in ascending order."""
    rows = await connection.fetch(SELECT_NAMES, touched_tip_ids)
    names = [
        (
            [reading for name in names_of(row) for reading in name.readings],
            parse_birth_date(row["birth_date"]) if row["birth_date"] else None,
        )
        for row in rows
    ]
    found = await _find_named(connection, names)
    for statement in (FIND_HOLDERS, FIND_TOLD):
        found.update(row["passenger_no"] for row in await connection.fetch(statement, touched_tip_ids))
    return sorted(found)


async def unfile_one(transaction: Connection, *, now: datetime) -> bool:
    """Let no touched tip find the passengers of one list whose flight is over; return False when there is none."""
    manifest_id = await transaction.fetchval(TAKE_OVER, now)
    if manifest_id is None:
        return False
    await transaction.execute(UNFILE, manifest_id)
    return True


async def _find_named(connection: Connection, names: Sequence[tuple[Sequence[Reading], BirthDate | None]]) -> set[int]:
    alike = await _find_alike(connection, [reading for readings, _ in names for reading in readings])
    probes = [
        (number, probe)
        for number, (readings, birth_date) in enumerate(names)
        for probe in probes_for(readings, birth_date, alike)
    ]
    rows = await connection.fetch(
        FIND_NAMED,
        [number for number, _ in probes],
        [probe.key for _, probe in probes],
        [probe.weight for _, probe in probes],
        AGREEMENT_MIN,
    )
    return {row["passenger_no"] for row in rows}


async def _find_alike(connection: Connection, readings: Sequence[Reading]) -> Alike:
    """Return the words of passengers that are like those of records."""
    wanted = {word: spelling_keys(word) for word in words_to_find(readings)}
    words = sorted(wanted)
    spelled = [(key, place) for place, word in enumerate(words) for key in sorted(wanted[word])]
    rows = await connection.fetch(FIND_WORDS, [key for key, _ in spelled], [place for _, place in spelled])
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        found[row["place"]].append(row["word"])
    return {word: most_alike(word, found[place]) for place, word in enumerate(words) if place in found}


def _ways(readings: Iterable[Reading]) -> list[Reading]:
    """Return the ways in which a passenger's name may be on record: a look-up joins neighbours too."""
    return [way for reading in readings for way in (reading, *joined_neighbours(reading))]
