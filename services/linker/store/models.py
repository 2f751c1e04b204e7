"""What was learned from the tips, and what there is to learn from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from services.linker.domain.caution import Value
from services.linker.domain.evidence import Key
from services.linker.domain.model import Learned, Model, Tally
from services.linker.domain.rules import Rules
from services.linker.store.values import read_tally
from shared.db.pool import Connection

LEARNED = TypeAdapter(Learned)

# Of the present edition of the rules: what was learned in other words is kept, and no longer counts.
SELECT_VERSION = """
SELECT number FROM model WHERE substring(version FROM '^[^+.]*') = $1 ORDER BY number DESC LIMIT 1"""
SELECT_MODEL = "SELECT learned::text FROM model WHERE number = $1"
SELECT_LAST_LESSON = """
SELECT version, tip_count, read_to, learned_at FROM model
WHERE substring(version FROM '^[^+.]*') = $1 ORDER BY number DESC LIMIT 1"""
ADD_MODEL = """
INSERT INTO model (version, tip_count, read_to, learned_at, learned) VALUES ($1, $2, $3, $4, $5::text::jsonb)
RETURNING number"""
COUNT_TIPS = "SELECT count(*) FROM tip"
SELECT_READ_TO = "SELECT COALESCE(sum(next_offset), 0)::bigint FROM fence WHERE topic = 'intake.tips'"
COUNT_SHARED = "SELECT count(*) FROM key WHERE tip_count > 1 AND viral_count = 0"
COUNT_HANDLES = "SELECT count(*) FROM key WHERE type = 'handle'"
# Key ids are hashes: those below a bound are a sample that does not depend on when they came.
SELECT_TALLIES = """
SELECT type, scope, value, tip_count, tally FROM key
WHERE tip_count > 1 AND viral_count = 0 AND key_id < $1 AND tally <> '{}'"""
SELECT_HANDLES = "SELECT value FROM key WHERE type = 'handle' AND key_id < $1"
SELECT_STRANGERS = "SELECT tip_id FROM tip ORDER BY substr(tip_id::text, 20), tip_id LIMIT $1"
# The last digits of a tip's id are a hash's, and not those by which tips are put in no order.
SELECT_SAMPLE = """SELECT tip_id FROM tip WHERE right(tip_id::text, 7) COLLATE "C" < $1"""
SELECT_SAYING = """
SELECT key.type, key.scope, key.value, key.tip_count, key.tally FROM key
WHERE key.standing IN ('joins', 'shows') AND key.key_id IN (
    SELECT holding.key_id
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links)"""
SELECT_VALUES = """
WITH shared AS MATERIALIZED (
    SELECT holding.key_id, array_agg(DISTINCT holding.tip_id) AS tip_ids
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links
    GROUP BY holding.key_id HAVING count(*) > 1
)
SELECT key.type, key.scope, key.value, key.tip_count, key.tally, shared.tip_ids
FROM shared JOIN key ON key.key_id = shared.key_id
WHERE key.standing IN ('joins', 'shows')"""
# Below and above, since an index finds those; <> would read all that is linked already, at every step again.
# Whole components, so that each is looked at once.
SELECT_STALE = """
WITH below AS (
    SELECT tip_id FROM tip WHERE linked_by < $1 ORDER BY linked_by, tip_id LIMIT $2
), above AS (
    SELECT tip_id FROM tip WHERE linked_by > $1 ORDER BY linked_by, tip_id LIMIT $2
), chosen AS MATERIALIZED (
    SELECT tip_id FROM below UNION ALL SELECT tip_id FROM above LIMIT $2
)
SELECT tip_id FROM chosen
UNION
SELECT membership.tip_id FROM membership
WHERE membership.component_id IN (
    SELECT mine.component_id FROM chosen JOIN membership AS mine ON mine.tip_id = chosen.tip_id)"""
COUNT_STALE = "SELECT count(*) FROM tip WHERE linked_by <> $1"
ID_MAX = (1 << 128) - 1
SAMPLE_DIGITS_END = 1 << 28


@dataclass(frozen=True, slots=True)
class Lesson:
    """A model, by its version, and what it was learned from: so many tips, all that had been read (`load_read_to`)."""

    version: str
    tip_count: int
    read_to: int
    learned_at: datetime


async def find_model_number(transaction: Connection, rules: Rules) -> int | None:
    """Return the number of the newest model, or None before anything was learned."""
    number: int | None = await transaction.fetchval(SELECT_VERSION, rules.edition)
    return number


async def load_model(transaction: Connection, number: int, rules: Rules) -> Model:
    """Return the model of a number, under the present rules."""
    return Model(LEARNED.validate_json(await transaction.fetchval(SELECT_MODEL, number)), rules)


async def find_last_lesson(transaction: Connection, rules: Rules) -> Lesson | None:
    """Return what the newest model was learned from, or None before anything was."""
    row = await transaction.fetchrow(SELECT_LAST_LESSON, rules.edition)
    return None if row is None else Lesson(**row)


async def add_model(transaction: Connection, learned: Learned, lesson: Lesson) -> int:
    """Store what was learned, which counts from now on; return the model's number."""
    text = LEARNED.dump_json(learned).decode()
    given = (lesson.version, lesson.tip_count, lesson.read_to, lesson.learned_at, text)
    return int(await transaction.fetchval(ADD_MODEL, *given))


async def count_tips(transaction: Connection) -> int:
    """Return how many tips there are."""
    return int(await transaction.fetchval(COUNT_TIPS))


async def load_read_to(transaction: Connection) -> int:
    """Return how far intake's topic was read: the sum of its partitions' offsets, another one after each record."""
    return int(await transaction.fetchval(SELECT_READ_TO))


async def list_tallies(transaction: Connection, *, count_max: int) -> list[tuple[Key, int, Tally]]:
    """Return values that several tips hold, by how many, with what those say of it, whatever the order they came in.

    They are about `count_max` at most, and none that is too common.
    """
    bound = _bound(await transaction.fetchval(COUNT_SHARED), count_max)
    return [
        (Key(row["type"], row["value"], row["scope"]), row["tip_count"], read_tally(row["tally"]))
        for row in await transaction.fetch(SELECT_TALLIES, bound)
    ]


async def list_handles(transaction: Connection, *, count_max: int) -> list[str]:
    """Return handles, about `count_max` of them at most, whatever the order they came in."""
    bound = _bound(await transaction.fetchval(COUNT_HANDLES), count_max)
    return [row["value"] for row in await transaction.fetch(SELECT_HANDLES, bound)]


async def list_strangers(transaction: Connection, *, count_max: int) -> list[UUID]:
    """Return tips in an order that means nothing."""
    return [row["tip_id"] for row in await transaction.fetch(SELECT_STRANGERS, count_max)]


async def list_sample(transaction: Connection, *, count_max: int) -> list[UUID]:
    """Return about `count_max` tips at most, whatever the order they came in."""
    count = await count_tips(transaction)
    bound = "g" if count <= count_max else f"{SAMPLE_DIGITS_END * count_max // count:07x}"
    return [row["tip_id"] for row in await transaction.fetch(SELECT_SAMPLE, bound)]


async def list_saying(transaction: Connection, tip_ids: Collection[UUID]) -> list[tuple[Key, int, Tally]]:
    """Return the values that say something and that one of the tips holds, by how many, with what those say of it."""
    rows = await transaction.fetch(SELECT_SAYING, list(tip_ids))
    return [(Key(row["type"], row["value"], row["scope"]), row["tip_count"], read_tally(row["tally"])) for row in rows]


async def load_values(transaction: Connection, tip_ids: Collection[UUID]) -> dict[Key, Value]:
    """Return the values that say something and that two of the tips hold."""
    return {
        Key(row["type"], row["value"], row["scope"]): Value(row["tip_count"], read_tally(row["tally"]), row["tip_ids"])
        for row in await transaction.fetch(SELECT_VALUES, list(tip_ids))
    }


async def list_stale(transaction: Connection, version: str, *, count_max: int) -> list[UUID]:
    """Return `count_max` tips at most that were last linked by another model, and all of their components."""
    return [row["tip_id"] for row in await transaction.fetch(SELECT_STALE, version, count_max)]


async def count_stale(transaction: Connection, version: str) -> int:
    """Return how many tips were last linked by another model."""
    return int(await transaction.fetchval(COUNT_STALE, version))


def _bound(found: int, count_max: int) -> UUID:
    """Return the id below which about `count_max` of so many lie."""
    return UUID(int=ID_MAX if found <= count_max else ID_MAX * count_max // found)
