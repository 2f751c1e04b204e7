"""The candidates of look-ups, found by indexes alone, with a fixed number of statements, however many there are."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from services.query.domain.evidence import Compared, Record, compare_records
from services.query.domain.name_keys import (
    SLOTS_MAX,
    WHOLE_SLOT_MIN,
    WHOLE_WEIGHT,
    Alike,
    Meeting,
    Plan,
    Probe,
    most_alike,
    parts_to_find,
    plan_for,
    spelling_keys,
    words_to_find,
)
from services.query.domain.question import Question
from services.query.domain.rarity import UNKNOWN, Rarity
from services.query.domain.sight import Sight
from services.query.domain.words import Reading
from services.query.store.people import record_of
from shared.db.pool import Connection, Row

CANDIDATES_MAX = 60
"""Records looked at in one look-up: so many that hold an identifier asked for, and as many that are named alike."""
SHARE_MIN, AGREEMENT_ENOUGH = 51, 75
"""In hundredths. A name is looked at when it agrees half as much as the one that agrees best, or nearly in two words,
or in one and the birth date: beside the same name, those that share a surname and an initial (70 of 140) are noise."""
NAMED_MAX = 2 * CANDIDATES_MAX
"""Records looked at for their names before those that the caller may not see are left out."""
HOLDERS_MAX = 2_000
"""Holders of identifiers looked at in one look-up, of each as many, by id: what more hold tells nobody apart."""

PLANNED_ONCE: Mapping[str, str] = MappingProxyType(
    {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"},
)
"""Settings of connections that look-ups are made on. What was planned once is right for every look-up, and to plan anew
takes longer than most statements do. PostgreSQL would: to it one look-up is cheaper than the ten for which it thinks a
plan of any use must be made. And a plan that outlives the time when a table was small must not scan it."""

FIND_WORDS = """
SELECT asked.place, array_agg(spelled.word) AS words
FROM unnest($1::text[], $2::integer[]) AS asked (key, place)
    CROSS JOIN LATERAL (SELECT spelling.word FROM spelling WHERE spelling.key = asked.key OFFSET 0) AS spelled
GROUP BY asked.place"""
FIND_RARITY = """
SELECT counted.record_count, name_word.word, name_word.holders
FROM (SELECT max(record.record_no) AS record_count FROM record) AS counted
    LEFT JOIN name_word ON name_word.word = ANY($1::text[])"""

# OFFSET 0, LIMIT and sub-selects fence the inner queries: each is an index look-up per row, and never the scan of a
# whole table or index that the planner else takes for cheaper while tables are small. A look-up's probes are arrays of
# its own, so that the best names of each are picked from its own alone. They are written as texts: the driver looks at
# each number of an array three times.
FIND_CANDIDATES = """
WITH named AS (
    SELECT asked.place AS question, best.record_no, best.agreement
    FROM (
            SELECT given.place, given.keys::integer[], given.weights::integer[], given.rows_max::integer[],
                given.slots::integer[], given.met_slots::integer[], given.meeting_slots::integer[]
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
                AS given (keys, weights, rows_max, slots, met_slots, meeting_slots, place)
            OFFSET 0
        ) AS asked
        CROSS JOIN LATERAL (
            WITH filed AS MATERIALIZED (
                SELECT name.record_no, probe.slot, probe.weight
                FROM unnest(asked.keys, asked.weights, asked.rows_max, asked.slots)
                        AS probe (key, weight, rows_max, slot)
                    CROSS JOIN LATERAL (
                        SELECT name_key.record_no FROM name_key WHERE name_key.key = probe.key LIMIT probe.rows_max
                    ) AS name
            ), met AS (
                SELECT whole.record_no, array_agg(whole.slot) AS slots, array_agg(whole.weight) AS weights
                FROM (
                        SELECT filed.record_no, filed.slot, max(filed.weight) AS weight
                        FROM filed WHERE filed.slot >= $7
                        GROUP BY filed.record_no, filed.slot
                    ) AS whole
                GROUP BY whole.record_no HAVING count(*) > 1
            ), agreed AS (
                SELECT filed.record_no, filed.slot, filed.weight FROM filed
                UNION ALL
                SELECT met.record_no, meeting.slot, one.weight * other.weight
                FROM met
                    CROSS JOIN LATERAL unnest(met.slots, met.weights) AS one (slot, weight)
                    CROSS JOIN LATERAL unnest(met.slots, met.weights) AS other (slot, weight)
                    CROSS JOIN LATERAL (
                        SELECT asked.meeting_slots[array_position(asked.met_slots, one.slot * $8 + other.slot)] AS slot
                        OFFSET 0
                    ) AS meeting
                WHERE one.slot < other.slot AND meeting.slot IS NOT NULL
            )
            SELECT slotted.record_no,
                sum(CASE WHEN slotted.slot >= $7 THEN $9 * slotted.weight ELSE slotted.weight END) AS agreement
            FROM (
                    SELECT agreed.record_no, agreed.slot, max(agreed.weight) AS weight
                    FROM agreed GROUP BY agreed.record_no, agreed.slot
                ) AS slotted
            GROUP BY slotted.record_no
            ORDER BY agreement DESC, slotted.record_no LIMIT $10
        ) AS best
), called AS (
    SELECT worth.question, worth.agreement, whole.record_id, whole.tip_id, whole.names, whole.birth_date
    FROM (
            SELECT question, record_no, agreement, max(agreement) OVER (PARTITION BY question) AS best FROM named
        ) AS worth
        CROSS JOIN LATERAL (
            SELECT record.record_id, record.tip_id, record.names, record.birth_date
            FROM record WHERE record.record_no = worth.record_no LIMIT 1
        ) AS whole
    WHERE 100 * worth.agreement >= LEAST($11 * worth.best, 100 * $12)
), holder AS (
    SELECT asked.question, held.record_id,
        jsonb_agg(jsonb_build_array(asked.type, held.exact, asked.canonical, held.scope)) AS keys
    FROM unnest($13::integer[], $14::text[], $15::text[], $16::integer[]) AS asked (question, type, canonical, rows_max)
        CROSS JOIN LATERAL (
            SELECT record_key.record_id, record_key.exact, record_key.scope FROM record_key
            WHERE record_key.type = asked.type AND record_key.canonical = asked.canonical
            ORDER BY record_key.record_id LIMIT asked.rows_max
        ) AS held
    GROUP BY asked.question, held.record_id
), held AS (
    SELECT holder.question, holder.record_id, holder.keys, whole.tip_id, whole.names, whole.birth_date
    FROM holder
        CROSS JOIN LATERAL (
            SELECT record.tip_id, record.names, record.birth_date
            FROM record WHERE record.record_id = holder.record_id LIMIT 1
        ) AS whole
), found AS (
    SELECT COALESCE(called.question, held.question) AS question,
        COALESCE(called.record_id, held.record_id) AS record_id, COALESCE(called.tip_id, held.tip_id) AS tip_id,
        COALESCE(called.names, held.names) AS names, COALESCE(called.birth_date, held.birth_date) AS birth_date,
        held.keys, COALESCE(called.agreement, 0) AS agreement
    FROM called FULL JOIN held ON held.question = called.question AND held.record_id = called.record_id
), ranked AS (
    SELECT found.question, found.record_id, found.tip_id, COALESCE(told.cluster_id, found.tip_id) AS person_id,
        found.names, found.birth_date, found.keys, found.agreement,
        row_number() OVER (
            PARTITION BY found.question, found.keys IS NULL ORDER BY found.agreement DESC, found.record_id
        ) AS place
    FROM found
        CROSS JOIN LATERAL (
            SELECT (SELECT membership.cluster_id FROM membership WHERE membership.tip_id = found.tip_id) AS cluster_id,
                (SELECT review.decision FROM review WHERE review.tip_id = found.tip_id) AS decision
            LIMIT 1
        ) AS told
    WHERE ($17 OR told.decision IS DISTINCT FROM 'not_actionable')
        AND (SELECT true FROM hiding_leads(told.cluster_id, $18) LIMIT 1) IS NULL
)
SELECT question, record_id, tip_id, person_id, names, birth_date, keys, agreement, place FROM ranked
WHERE place <= $19"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The records that may answer a look-up, with their names compared; `is_cut` tells that more were left out.

    `rarity` is that of all words by which these comparisons are weighed, so that no answer hangs on what else is asked.
    """

    records: Sequence[Record]
    compared: Compared
    is_cut: bool
    rarity: Rarity


class Turns:
    """A connection that several tasks use, which take turns at it: while one waits for an answer, others work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def fetch(self, statement: str, *arguments: object) -> Sequence[Row]:
        """Return the rows of a statement."""
        async with self._turn:
            rows: Sequence[Row] = await self._connection.fetch(statement, *arguments)
        # Whoever is next sends a statement now, and not when all was computed that comes of these rows.
        await asyncio.sleep(0)
        return rows


async def find_candidates(
    connection: Connection | Turns, questions: Sequence[Question], sight: Sight
) -> list[Candidates]:
    """Return of each question, in order, the records that may answer: of those within the asker's sight.

    Records that hold an identifier come in any case, up to `CANDIDATES_MAX`; of the others as many, those that agree
    most in name and birth date.
    """
    alike = await find_alike(connection, FIND_WORDS, [each.readings for each in questions])
    asked = {word for each in questions for reading in each.readings for word in reading}
    rarity = await find_rarity(connection, asked.union(*(those for theirs in alike for those in theirs.values())))
    plans: list[Plan] = []
    for each, theirs in zip(questions, alike, strict=True):
        plans.append(plan_for(each.readings, each.birth_date, theirs, holders=rarity.holders))
        # Others are served between the questions, here and below.
        await asyncio.sleep(0)
    probes, meetings = [plan.probes for plan in plans], [plan.meetings for plan in plans]
    keys = [(number, key) for number, each in enumerate(questions, 1) for key in each.search_keys]
    rows = await connection.fetch(
        FIND_CANDIDATES,
        *_columns(Probe, probes),
        *_columns(Meeting, meetings),
        WHOLE_SLOT_MIN,
        SLOTS_MAX,
        WHOLE_WEIGHT,
        NAMED_MAX,
        SHARE_MIN,
        AGREEMENT_ENOUGH,
        [number for number, _ in keys],
        [key.type for _, key in keys],
        [key.canonical for _, key in keys],
        [HOLDERS_MAX // len(questions[number - 1].search_keys) for number, _ in keys],
        sight.sees_all,
        sight.office,
        CANDIDATES_MAX + 1,
    )
    found: defaultdict[int, list[Record]] = defaultdict(list)
    cut: set[int] = set()
    for row in rows:
        number = row["question"]
        if row["place"] <= CANDIDATES_MAX:
            found[number].append(record_of(row))
        elif row["keys"] or row["agreement"] >= _telling(questions[number - 1]):
            cut.add(number)
    compared: list[Compared] = []
    for number, question in enumerate(questions, 1):
        compared.append(compare_records(question, found[number]))
        await asyncio.sleep(0)
    weighed = (each.weighed_words for theirs in compared for each in theirs.values())
    if more := set().union(*weighed) - rarity.holders.keys():
        rarity = rarity.joined_with(await find_rarity(connection, more))
    return [Candidates(found[number], theirs, number in cut, rarity) for number, theirs in enumerate(compared, start=1)]


async def find_alike(connection: Connection | Turns, statement: str, names: Sequence[Sequence[Reading]]) -> list[Alike]:
    """Return of each name, by its readings, the words that are like its own.

    `statement` is given spelling keys, each with the place of the word asked for, and finds words by them: those of one
    place in one row, since a look-up finds hundreds. A part of a word is looked for by itself alone, also beside a name
    that it is a whole word of.
    """
    wanted = [_wanted(readings) for readings in names]
    words = sorted({word for each in wanted for word in each.items()})
    if not words:
        return [{} for _ in names]
    spelled = [
        (key, place)
        for place, (word, is_part) in enumerate(words)
        for key in ([word] if is_part else sorted(spelling_keys(word)))
    ]
    rows = await connection.fetch(statement, [key for key, _ in spelled], [place for _, place in spelled])
    alike: dict[tuple[str, bool], dict[str, float]] = {}
    for row in rows:
        word = words[row["place"]]
        # It may be found by several keys.
        alike[word] = most_alike(word[0], set(row["words"]))
        # Others are served between the words.
        await asyncio.sleep(0)
    return [{word[0]: alike[word] for word in each.items() if word in alike} for each in wanted]


async def find_rarity(connection: Connection | Turns, words: Collection[str]) -> Rarity:
    """Return how rare words are; of those that nobody has, that nobody has them."""
    if not words:
        return UNKNOWN
    rows = await connection.fetch(FIND_RARITY, words)
    held = {row["word"]: row["holders"] for row in rows if row["word"] is not None}
    # Numbers are given once and never again, so that the highest is a little more than there are records.
    return Rarity(rows[0]["record_count"] or 0, dict.fromkeys(words, 0) | held)


def _wanted(readings: Sequence[Reading]) -> dict[str, bool]:
    """Return the words of which words like them are wanted, and of each whether it is but a part of one."""
    words = words_to_find(readings)
    return dict.fromkeys(parts_to_find(words), True) | dict.fromkeys(words, False)


def _telling(question: Question) -> int:
    """Return from how much on, in hundredths, a name is likely a match: if of several words it shares more than one."""
    return 90 if any(len(reading) > 1 for reading in question.readings) else 10


def _columns(kind: type[Probe | Meeting], parts: Sequence[Sequence[Probe | Meeting]]) -> list[list[str]]:
    """Return the fields of the rows, each as a column of arrays: one of each part."""
    return [
        ["{" + ",".join([str(row[place]) for row in part]) + "}" for part in parts]
        for place in range(len(kind._fields))
    ]
