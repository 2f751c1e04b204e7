"""The candidates of a look-up, found by indexes alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.query.domain.evidence import Record
from services.query.domain.names import spelling_keys
from services.query.domain.question import Question
from services.query.domain.sight import Sight
from services.query.store.people import record_of
from shared.db.pool import Connection

CANDIDATES_MAX = 200
"""Records looked at in one look-up: so many that hold an identifier asked for, and as many that share words."""
NAMED_MAX = 2 * CANDIDATES_MAX
"""Records looked at for their names before those that the caller may not see are left out."""

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


@dataclass(frozen=True, slots=True)
class Candidates:
    """The records that may answer a look-up; `is_cut` tells that more that may were left out."""

    records: Sequence[Record]
    is_cut: bool


async def find_candidates(connection: Connection, questions: Sequence[Question], sight: Sight) -> list[Candidates]:
    """Return the candidates of each question, in order."""
    return [await _find_candidates(connection, question, sight) for question in questions]


async def _find_candidates(connection: Connection, question: Question, sight: Sight) -> Candidates:
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
    return Candidates([record_of(row) for row in rows if row["place"] <= CANDIDATES_MAX], is_cut)
