"""The same names under `pg_trgm`, in the same database: what an index of three-letter pieces finds, and how fast.

It is asked within the bench's own process, so that HTTP, the record of each look-up and its event, which the product's
times hold, are not in its times. What it finds is graded by the product's own rules.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import asyncpg

from services.query.domain.evidence import Record
from services.query.domain.grade import find_matches
from services.query.domain.question import Asked, read_question
from services.query.domain.words import Name, readings_of
from shared.errors import Rejected

THRESHOLD = 0.3
CANDIDATES_MAX = 60
MATCHES_MAX = 10

CREATE = """
CREATE SCHEMA trigram;
CREATE TABLE trigram.name (record_id uuid NOT NULL, given text NOT NULL, folded text NOT NULL, birth_date text)"""
COPY_NAMES = """
INSERT INTO trigram.name (record_id, given, folded, birth_date)
SELECT record_id, spelled ->> 0, spelled -> 1 ->> -1, birth_date
FROM query.record CROSS JOIN LATERAL jsonb_array_elements(names) AS spelled"""
INDEX_GIN = "CREATE INDEX name_gin ON trigram.name USING gin (folded extensions.gin_trgm_ops)"
INDEX_GIST = "CREATE INDEX name_gist ON trigram.name USING gist (folded extensions.gist_trgm_ops)"
FIND_GIN = """
SELECT record_id, given, birth_date FROM trigram.name WHERE folded OPERATOR(extensions.%) $1
ORDER BY extensions.similarity(folded, $1) DESC, record_id LIMIT $2"""
FIND_GIST = """
SELECT record_id, given, birth_date FROM trigram.name ORDER BY folded OPERATOR(extensions.<->) $1 LIMIT $2"""


async def build(connection: asyncpg.Connection, index: str) -> float:
    """Copy the names and index them; return how long that took, in seconds."""
    started = time.monotonic()
    await connection.execute("DROP SCHEMA IF EXISTS trigram CASCADE")
    await connection.execute(CREATE)
    await connection.execute(COPY_NAMES)
    await connection.execute(index)
    await connection.execute("VACUUM ANALYZE trigram.name")
    await connection.execute(f"SET pg_trgm.similarity_threshold = {THRESHOLD}")
    return time.monotonic() - started


async def ask(
    connection: asyncpg.Connection, statement: str, asked: Mapping[str, str], *, today: date
) -> tuple[list[str], float]:
    """Return the records found, best first, and how long it took, in seconds. What the product refuses finds nobody."""
    started = time.monotonic()
    try:
        question = read_question(Asked(name=asked["name"], birth_date=asked.get("birth_date")), today=today)
    except Rejected:
        return [], time.monotonic() - started
    rows = await connection.fetch(statement, " ".join(question.readings[-1]), CANDIDATES_MAX)
    records = [_record(row["record_id"], row["given"], row["birth_date"]) for row in rows]
    matches = find_matches(question, records)[:MATCHES_MAX]
    return [str(match.record_id) for match in matches], time.monotonic() - started


async def ask_all(
    connection: asyncpg.Connection, statement: str, asked: Sequence[Mapping[str, str]], *, today: date
) -> float:
    """Ask one after another, as there is nothing to be gained together; return how long all took, in seconds."""
    return sum([(await ask(connection, statement, each, today=today))[1] for each in asked])


def _record(record_id: UUID, given: str, birth_date: str | None) -> Record:
    own = UUID(bytes=record_id.bytes)
    return Record(own, own, own, (Name(given, readings_of(given)),), birth_date)
