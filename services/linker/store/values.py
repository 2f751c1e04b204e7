"""Values, who holds them, and how each stands."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from uuid import UUID

# The driver's own ids are made, hashed and sent several times faster.
from asyncpg.pgproto.pgproto import UUID as DriverUUID

from services.linker.domain.evidence import Holding, Key, KeyStat
from services.linker.domain.links import Held, Holders, Worth, gather
from services.linker.domain.model import NOTHING_TOLD, Tally
from services.linker.domain.rules import Place, Rules, Standing
from shared.db.pool import Connection, Row

REMOVE_HOLDINGS = """
DELETE FROM holding USING key WHERE holding.tip_id = ANY($1::uuid[]) AND key.key_id = holding.key_id
RETURNING holding.tip_id, key.type, key.value, key.scope, holding.exact, holding.role, holding.party_id,
    holding.origin, holding.is_verified, holding.is_viral, holding.links, holding.reason"""
HOLDING_COLUMNS = (
    *("tip_id", "number", "key_id", "exact", "role", "party_id", "origin"),
    *("is_verified", "is_viral", "links", "reason"),
)
# Most values are new, and one tip's alone: of those there is nothing to tell. In the order of the index, each page of
# it is visited once.
ADD_TO_COUNTS = """
WITH changed AS (
    INSERT INTO key (key_id, type, scope, value, tip_count, viral_count, former_count)
    SELECT given.key_id, given.type, given.scope, given.value, given.tip_count, given.viral_count, given.former_count
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[])
        AS given (key_id, type, scope, value, tip_count, viral_count, former_count)
    ORDER BY given.key_id
    ON CONFLICT ON CONSTRAINT key_pkey DO UPDATE
        SET tip_count = key.tip_count + excluded.tip_count, viral_count = key.viral_count + excluded.viral_count,
            former_count = key.former_count + excluded.former_count
    RETURNING key_id, tip_count, viral_count, former_count, standing, reliability, tally
)
SELECT * FROM changed WHERE tip_count > 1 OR standing <> 'single'"""
ADD_KEYS = """
INSERT INTO key (key_id, type, scope, value, tip_count, viral_count)
SELECT given.key_id, given.type, given.scope, given.value, 0, 0
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given (key_id, type, scope, value)
ORDER BY given.key_id
ON CONFLICT ON CONSTRAINT key_pkey DO NOTHING"""
TAKE_FROM_COUNTS = """
UPDATE key SET tip_count = key.tip_count + given.tip_count, viral_count = key.viral_count + given.viral_count,
    former_count = key.former_count + given.former_count
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[])
    AS given (key_id, tip_count, viral_count, former_count)
WHERE key.key_id = given.key_id
RETURNING key.key_id, key.tip_count, key.viral_count, key.former_count, key.standing, key.reliability, key.tally"""
TAKE_FORMER = """
DELETE FROM former_holding USING key
WHERE former_holding.tip_id = ANY($1::uuid[]) AND key.key_id = former_holding.key_id
RETURNING former_holding.tip_id, key.type, key.value, key.scope"""
ADD_FORMER = "INSERT INTO former_holding (tip_id, key_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])"
SELECT_KEYS = """
WITH mine AS MATERIALIZED (
    SELECT DISTINCT holding.key_id
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links
)
SELECT key.type, key.scope, key.value, key.tip_count, key.viral_count, key.former_count, key.standing, key.reliability,
    key.tally
FROM mine JOIN key ON key.key_id = mine.key_id AND key.tip_count > 1"""
SELECT_HOLDERS = """
SELECT given.key_id, array_agg(DISTINCT holding.tip_id) AS tip_ids
FROM unnest($1::uuid[]) AS given (key_id) JOIN holding ON holding.key_id = given.key_id AND holding.links
GROUP BY given.key_id"""
# What nobody else at hand holds is left out before the values are looked up: it is most of what there is.
SELECT_HELD = """
WITH shared AS MATERIALIZED (
    SELECT holding.key_id, array_agg(holding.tip_id) AS tip_ids
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links
    GROUP BY holding.key_id HAVING count(*) > 1
)
SELECT key.key_id, key.type, key.scope, key.tip_count, key.former_count, shared.tip_ids
FROM shared JOIN key ON key.key_id = shared.key_id AND key.tip_count > 1
WHERE key.viral_count = 0"""
SAVE_WEIGHED = """
UPDATE key SET standing = given.standing, reliability = given.reliability, tally = given.tally::smallint[],
    value_id = COALESCE(key.value_id, given.value_id),
    crossings = key.crossings + (given.value_id IS NOT NULL)::integer
FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::text[], $5::uuid[])
    AS given (key_id, standing, reliability, tally, value_id)
WHERE key.key_id = given.key_id
RETURNING key.key_id, key.value_id, key.crossings"""
SELECT_LINKING = """
WITH mine AS MATERIALIZED (
    SELECT DISTINCT holding.key_id
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links
)
SELECT key.type, key.value, key.scope, key.tip_count, key.reliability, held.tip_ids, held.exacts, held.researched,
    held.verified
FROM mine
    JOIN key ON key.key_id = mine.key_id AND key.tip_count > 1 AND key.standing IN ('joins', 'shows')
        AND key.reliability >= $2
    CROSS JOIN LATERAL (
        SELECT array_agg(holding.tip_id) AS tip_ids, array_agg(holding.exact) AS exacts,
            array_agg(holding.origin = 'research') AS researched, array_agg(holding.is_verified) AS verified
        FROM holding WHERE holding.key_id = key.key_id AND holding.links
    ) AS held"""


@dataclass(frozen=True, slots=True)
class Weighed:
    """How a value stands, how reliable it is, and what its holders say, from which that follows."""

    standing: Standing
    reliability: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A value that changed or whose holders did: how common it is now, and how it stood before."""

    key: Key
    stat: KeyStat
    before: Weighed


@dataclass(frozen=True, slots=True)
class Crossing:
    """A value under the name that events have for it, and how often it crossed its cap, either way."""

    value_id: UUID
    number: int


@lru_cache(maxsize=50_000)
def key_id_of(key: Key) -> UUID:
    """Return the first 128 bits of SHA-256 over type, scope and value, which hold no NUL."""
    return DriverUUID(sha256("\0".join((key.type, key.scope, key.value)).encode()).digest()[:16])


async def replace_holdings(
    transaction: Connection, tip_ids: Collection[UUID], holdings: Sequence[Holding]
) -> list[Holding]:
    """Let `holdings` be all that the tips hold, and return what they held before. Counts are changed separately."""
    removed = [_holding(row) for row in await transaction.fetch(REMOVE_HOLDINGS, list(tip_ids))]
    await transaction.copy_records_to_table(
        "holding",
        columns=HOLDING_COLUMNS,
        records=[
            (
                each.tip_id,
                number,
                key_id_of(each.key),
                each.exact,
                each.role,
                each.party_id,
                each.origin,
                each.is_verified,
                each.is_viral,
                each.links,
                each.reason,
            )
            for number, each in zip(_numbers(holdings), holdings, strict=True)
        ],
    )
    return removed


async def take_former(transaction: Connection, tip_ids: Collection[UUID]) -> set[tuple[UUID, Key]]:
    """Return what the tips no longer hold and did in an older version, and forget it."""
    rows = await transaction.fetch(TAKE_FORMER, list(tip_ids))
    return {(row["tip_id"], Key(row["type"], row["value"], row["scope"])) for row in rows}


async def add_former(transaction: Connection, former: Collection[tuple[UUID, Key]]) -> None:
    """Note what tips no longer hold and did in an older version."""
    await transaction.execute(ADD_FORMER, [tip_id for tip_id, _ in former], [key_id_of(key) for _, key in former])


async def add_keys(transaction: Connection, keys: Collection[Key]) -> None:
    """Store those of the values that are new, with nobody who may link by them."""
    await transaction.execute(
        ADD_KEYS,
        [key_id_of(key) for key in keys],
        [key.type for key in keys],
        [key.scope for key in keys],
        [key.value for key in keys],
    )


async def change_counts(transaction: Connection, deltas: Mapping[Key, KeyStat]) -> list[KeyChange]:
    """Add to the counts of values, of a new one to 0; what is added may be below or at 0.

    Returned are the values that several tips hold, or held when they were last weighed.
    """
    less = {key: delta for key, delta in deltas.items() if min(delta) < 0}
    more = {key: delta for key, delta in deltas.items() if key not in less} if less else deltas
    keys = {key_id_of(key): key for key in (*more, *less)}
    ids = list(keys)
    rows = await transaction.fetch(
        ADD_TO_COUNTS,
        ids[: len(more)],
        [key.type for key in more],
        [key.scope for key in more],
        [key.value for key in more],
        [delta.tip_count for delta in more.values()],
        [delta.viral_count for delta in more.values()],
        [delta.former_count for delta in more.values()],
    )
    if less:
        rows += await transaction.fetch(
            TAKE_FROM_COUNTS,
            ids[len(more) :],
            [delta.tip_count for delta in less.values()],
            [delta.viral_count for delta in less.values()],
            [delta.former_count for delta in less.values()],
        )
    return [_change(keys[row["key_id"]], row) for row in rows]


async def load_keys(transaction: Connection, tip_ids: Collection[UUID]) -> list[KeyChange]:
    """Return the values by which the tips might be linked to others, as they stand."""
    return [
        _change(Key(row["type"], row["value"], row["scope"]), row)
        for row in await transaction.fetch(SELECT_KEYS, list(tip_ids))
    ]


async def load_holders(transaction: Connection, keys: Iterable[Key]) -> dict[Key, list[UUID]]:
    """Return the tips that hold each value and may link by it."""
    ids = {key_id_of(key): key for key in keys}
    rows = await transaction.fetch(SELECT_HOLDERS, list(ids))
    return {ids[row["key_id"]]: row["tip_ids"] for row in rows}


async def load_held(
    transaction: Connection, tip_ids: Collection[UUID], rules: Rules
) -> dict[UUID, dict[Hashable, Place]]:
    """Return the values by which each tip may be joined to another of them, with the place of each."""
    held: dict[UUID, dict[Hashable, Place]] = {}
    for row in await transaction.fetch(SELECT_HELD, list(tip_ids)):
        if rules.may_join(row["type"], row["tip_count"], row["former_count"]):
            place = rules.place_of(row["type"], row["scope"])
            for tip_id in row["tip_ids"]:
                held.setdefault(tip_id, {})[row["key_id"]] = place
    return held


async def save_weighed(
    transaction: Connection, weighed: Mapping[Key, Weighed], new_value_ids: Mapping[Key, UUID]
) -> dict[Key, Crossing]:
    """Store how values stand now. Those with a new id crossed their cap, and are returned under the id they keep."""
    keys = {key_id_of(key): key for key in weighed}
    rows = await transaction.fetch(
        SAVE_WEIGHED,
        list(keys),
        [each.standing for each in weighed.values()],
        [each.reliability for each in weighed.values()],
        [_tally_text(each.tally) for each in weighed.values()],
        [new_value_ids.get(key) for key in weighed],
    )
    found = {keys[row["key_id"]]: row for row in rows}
    return {key: Crossing(found[key]["value_id"], found[key]["crossings"]) for key in new_value_ids}


async def load_linking(
    transaction: Connection, tip_ids: Collection[UUID], *, reliability_min: float
) -> tuple[dict[Key, Holders], dict[Key, Worth]]:
    """Return the values that link the tips to others now, with all who hold them, and what each is worth."""
    holders: dict[Key, Holders] = {}
    worth: dict[Key, Worth] = {}
    for row in await transaction.fetch(SELECT_LINKING, list(tip_ids), reliability_min):
        key = Key(row["type"], row["value"], row["scope"])
        how = zip(row["exacts"], row["researched"], row["verified"], strict=True)
        holders[key] = gather(
            (tip_id, Held((exact,), is_researched, is_verified))
            for tip_id, (exact, is_researched, is_verified) in zip(row["tip_ids"], how, strict=True)
        )
        worth[key] = Worth(row["tip_count"], row["reliability"])
    return holders, worth


def read_tally(stored: Sequence[int]) -> Tally:
    """Return a tally from its column, which is empty where nothing was told."""
    return Tally.of(stored) if stored else NOTHING_TOLD


def _tally_text(tally: Tally) -> str:
    """Return a tally as its column is written."""
    parts = [str(int(count)) for count in tally.counts()]
    while parts and parts[-1] == "0":
        parts.pop()
    return "{" + ",".join(parts) + "}"


def _change(key: Key, row: Row) -> KeyChange:
    before = Weighed(row["standing"], row["reliability"], read_tally(row["tally"]))
    return KeyChange(key, KeyStat(row["tip_count"], row["viral_count"], row["former_count"]), before)


def _numbers(holdings: Iterable[Holding]) -> Iterator[int]:
    """Yield each holding's number within its tip, from 1; those of a tip follow each other."""
    for _, held in groupby(holdings, attrgetter("tip_id")):
        yield from (number for number, _ in enumerate(held, 1))


def _holding(row: Row) -> Holding:
    return Holding(
        tip_id=row["tip_id"],
        key=Key(row["type"], row["value"], row["scope"]),
        exact=row["exact"],
        role=row["role"],
        party_id=row["party_id"],
        origin=row["origin"],
        is_verified=row["is_verified"],
        is_viral=row["is_viral"],
        links=row["links"],
        reason=row["reason"],
    )
