"""Tips, reviews and research, values and who holds them, judgements, components and clusters.

One transaction at a time works here (`lock_graph`), so that each decision sees all that was decided before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from pydantic import TypeAdapter

from services.linker.domain.cluster import Judgement, Membership, Move
from services.linker.domain.evidence import Holding, Key
from services.linker.domain.facts import Decision, Research, Review, TipContent, TipFacts, facts_of
from services.linker.domain.rules import KeyStat, Standing
from shared.db.pool import Connection, Row

CONTENT = TypeAdapter(TipContent)
RESEARCH = TypeAdapter(Research)

# A turn asks for a few rows of large tables, by index. Plans are made for the arrays at hand: one made while the
# tables were empty would be kept. And before PostgreSQL has statistics of what just came in, it would rather read
# tables whole: at 60,000 tips that was 126 ms a turn, and is 1 ms with nested loops.
LOCK_GRAPH = """
SELECT pg_advisory_xact_lock(7200, 0), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('max_parallel_workers_per_gather', '0', true)"""
SAVE_TIPS = """
INSERT INTO tip (tip_id, tip_version, source, source_ref, content)
SELECT given.tip_id, given.tip_version, given.source, given.source_ref, given.content::jsonb
FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[])
    AS given (tip_id, tip_version, source, source_ref, content)
ON CONFLICT ON CONSTRAINT tip_pkey DO UPDATE
    SET tip_version = excluded.tip_version, source = excluded.source, source_ref = excluded.source_ref,
        content = excluded.content
    WHERE tip.tip_version < excluded.tip_version
RETURNING tip_id"""
SAVE_REVIEWS = """
INSERT INTO review (tip_id, review_number, decision)
SELECT given.tip_id, given.review_number, given.decision
FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS given (tip_id, review_number, decision)
ON CONFLICT ON CONSTRAINT review_pkey DO UPDATE
    SET review_number = excluded.review_number, decision = excluded.decision
    WHERE review.review_number < excluded.review_number
RETURNING tip_id"""
ADD_RESEARCH = """
INSERT INTO research (tip_id, research_number, content)
SELECT given.tip_id, given.research_number, given.content::jsonb
FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS given (tip_id, research_number, content)
ON CONFLICT ON CONSTRAINT research_pkey DO NOTHING
RETURNING tip_id"""
SELECT_CONTENTS = "SELECT tip_id, content::text FROM tip WHERE tip_id = ANY($1::uuid[])"
SELECT_RESEARCH = """
SELECT tip_id, content::text FROM research WHERE tip_id = ANY($1::uuid[]) ORDER BY tip_id, research_number"""
SELECT_DECISIONS = "SELECT tip_id, decision FROM review WHERE tip_id = ANY($1::uuid[])"
SELECT_TIP_IDS = "SELECT tip_id FROM tip WHERE tip_id = ANY($1::uuid[])"
REMOVE_HOLDINGS = """
DELETE FROM holding USING key WHERE holding.tip_id = ANY($1::uuid[]) AND key.key_id = holding.key_id
RETURNING holding.tip_id, key.type, key.value, key.scope, holding.exact, holding.role, holding.party_id,
    holding.origin, holding.is_verified, holding.is_viral, holding.links, holding.reason"""
ADD_HOLDINGS = """
INSERT INTO holding (tip_id, number, key_id, exact, role, party_id, origin, is_verified, is_viral, links, reason)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
    $8::boolean[], $9::boolean[], $10::boolean[], $11::text[])"""
RAISE_COUNTS = """
INSERT INTO key (key_id, type, scope, value, tip_count, viral_count)
SELECT given.key_id, given.type, given.scope, given.value, given.tip_count, given.viral_count
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[])
    AS given (key_id, type, scope, value, tip_count, viral_count)
ON CONFLICT ON CONSTRAINT key_pkey DO UPDATE
    SET tip_count = key.tip_count + excluded.tip_count, viral_count = key.viral_count + excluded.viral_count
    WHERE excluded.tip_count > 0 OR excluded.viral_count > 0
RETURNING key_id, tip_count, viral_count, standing"""
LOWER_COUNTS = """
UPDATE key SET tip_count = key.tip_count + given.tip_count, viral_count = key.viral_count + given.viral_count
FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS given (key_id, tip_count, viral_count)
WHERE key.key_id = given.key_id
RETURNING key.key_id, key.tip_count, key.viral_count, key.standing"""
SAVE_STANDINGS = """
UPDATE key SET standing = given.standing, value_id = COALESCE(key.value_id, given.value_id),
    crossings = key.crossings + (given.value_id IS NOT NULL)::integer
FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS given (key_id, standing, value_id)
WHERE key.key_id = given.key_id
RETURNING key.key_id, key.value_id, key.crossings"""
SELECT_REGION = """
WITH touched AS (
    SELECT component_id FROM membership WHERE tip_id = ANY($1::uuid[])
    UNION
    SELECT membership.component_id FROM holding JOIN membership ON membership.tip_id = holding.tip_id
    WHERE holding.links AND holding.key_id = ANY($2::uuid[])
)
SELECT membership.tip_id, membership.cluster_id, membership.component_id, membership.version
FROM touched JOIN membership ON membership.component_id = touched.component_id"""
SELECT_JOINING = """
SELECT key.type, key.value, key.scope, array_agg(DISTINCT holding.tip_id) AS tip_ids
FROM holding JOIN key ON key.key_id = holding.key_id
WHERE holding.tip_id = ANY($1::uuid[]) AND holding.links AND key.standing = 'joins'
GROUP BY key.key_id"""
SELECT_JUDGEMENTS = """
SELECT judgement.judgement_id, judgement.left_tip_id, judgement.right_tip_id, judgement.decision, judgement.decided_at
FROM judgement
WHERE judgement.left_tip_id = ANY($1::uuid[]) AND judgement.right_tip_id = ANY($1::uuid[])
    AND NOT EXISTS (SELECT FROM judgement_withdrawal AS taken WHERE taken.judgement_id = judgement.judgement_id)"""
SELECT_JUDGED_WITH = """
SELECT judgement.left_tip_id, judgement.right_tip_id FROM judgement
WHERE judgement.left_tip_id = ANY($1::uuid[]) OR judgement.right_tip_id = ANY($1::uuid[])"""
SAVE_MEMBERSHIPS = """
INSERT INTO membership (tip_id, cluster_id, component_id, version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[])
ON CONFLICT ON CONSTRAINT membership_pkey DO UPDATE
    SET cluster_id = excluded.cluster_id, component_id = excluded.component_id, version = excluded.version"""
SELECT_LINKING = """
WITH mine AS (
    SELECT DISTINCT key_id FROM holding WHERE tip_id = ANY($1::uuid[]) AND links
)
SELECT holding.tip_id, key.type, key.value, key.scope, key.tip_count, key.viral_count, holding.exact, holding.role,
    holding.party_id, holding.origin, holding.is_verified, holding.is_viral, holding.links, holding.reason
FROM mine
    JOIN key ON key.key_id = mine.key_id AND key.standing IN ('joins', 'shows')
    JOIN holding ON holding.key_id = key.key_id AND holding.links"""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A value whose count changed, and how it stood before."""

    key: Key
    stat: KeyStat
    standing: Standing


@dataclass(frozen=True, slots=True)
class Crossing:
    """A value under the name that events have for it, and how often it crossed its cap, either way."""

    value_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a tip is filed, and in how many clusters it was so far."""

    membership: Membership
    version: int


def key_id_of(key: Key) -> UUID:
    """Return the first 128 bits of SHA-256 over type, scope and value, which hold no NUL."""
    return UUID(bytes=sha256("\0".join((key.type, key.scope, key.value)).encode()).digest()[:16])


async def lock_graph(transaction: Connection) -> None:
    """Wait until no other transaction decides about the graph; the lock goes with this one."""
    await transaction.execute(LOCK_GRAPH)


async def save_tips(transaction: Connection, contents: Collection[TipContent]) -> set[UUID]:
    """Store each content that is newer than what is known, and return its tips."""
    rows = await transaction.fetch(
        SAVE_TIPS,
        [content.tip_id for content in contents],
        [content.tip_version for content in contents],
        [content.source for content in contents],
        [content.source_ref for content in contents],
        [CONTENT.dump_json(content).decode() for content in contents],
    )
    return {row["tip_id"] for row in rows}


async def save_reviews(transaction: Connection, reviews: Collection[Review]) -> set[UUID]:
    """Store each review that is newer than what is known, and return its tips, of which some may be unseen."""
    rows = await transaction.fetch(
        SAVE_REVIEWS,
        [review.tip_id for review in reviews],
        [review.review_number for review in reviews],
        [review.decision for review in reviews],
    )
    return {row["tip_id"] for row in rows}


async def add_research(transaction: Connection, results: Mapping[tuple[UUID, int], Research]) -> set[UUID]:
    """Store research results by tip and number, each once, and return the tips of the new ones."""
    rows = await transaction.fetch(
        ADD_RESEARCH,
        [tip_id for tip_id, _ in results],
        [number for _, number in results],
        [RESEARCH.dump_json(result).decode() for result in results.values()],
    )
    return {row["tip_id"] for row in rows}


async def load_contents(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, TipContent]:
    """Return the newest content of those tips that are known."""
    rows = await transaction.fetch(SELECT_CONTENTS, list(tip_ids))
    return {row["tip_id"]: CONTENT.validate_json(row["content"]) for row in rows}


async def load_research(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, list[Research]]:
    """Return the research results of those tips that have some, the oldest first."""
    found: dict[UUID, list[Research]] = {}
    for row in await transaction.fetch(SELECT_RESEARCH, list(tip_ids)):
        found.setdefault(row["tip_id"], []).append(RESEARCH.validate_json(row["content"]))
    return found


async def load_decisions(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, Decision]:
    """Return what the newest review of each tip decided; an un-reviewed tip is absent."""
    return {row["tip_id"]: row["decision"] for row in await transaction.fetch(SELECT_DECISIONS, list(tip_ids))}


async def load_facts(
    transaction: Connection, tip_ids: Collection[UUID], decisions: Mapping[UUID, Decision]
) -> dict[UUID, TipFacts]:
    """Return what leads need to know of those tips that are known, `decisions` being those of their newest reviews."""
    contents = await load_contents(transaction, tip_ids)
    research = await load_research(transaction, tip_ids)
    return {
        tip_id: facts_of(content, research.get(tip_id, ()), decision=decisions.get(tip_id))
        for tip_id, content in contents.items()
    }


async def known_tips(transaction: Connection, tip_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the tips that have come."""
    return {row["tip_id"] for row in await transaction.fetch(SELECT_TIP_IDS, list(tip_ids))}


async def replace_holdings(
    transaction: Connection, tip_ids: Collection[UUID], holdings: Sequence[Holding]
) -> list[Holding]:
    """Let `holdings` be all that the tips hold, and return what they held before. Counts are changed separately."""
    removed = [_holding(row) for row in await transaction.fetch(REMOVE_HOLDINGS, list(tip_ids))]
    await transaction.execute(
        ADD_HOLDINGS,
        [holding.tip_id for holding in holdings],
        _numbered(holdings),
        [key_id_of(holding.key) for holding in holdings],
        [holding.exact for holding in holdings],
        [holding.role for holding in holdings],
        [holding.party_id for holding in holdings],
        [holding.origin for holding in holdings],
        [holding.is_verified for holding in holdings],
        [holding.is_viral for holding in holdings],
        [holding.links for holding in holdings],
        [holding.reason for holding in holdings],
    )
    return removed


async def change_counts(transaction: Connection, deltas: Mapping[Key, KeyStat]) -> list[KeyChange]:
    """Add to the counts of values, a new value from 0; return those whose counts are others now.

    A delta's counts may be below 0, of values that are known.
    """
    keys = {key_id_of(key): key for key in deltas}
    raised: list[tuple[UUID, Key, KeyStat]] = []
    lowered: list[tuple[UUID, Key, KeyStat]] = []
    for key_id, key in keys.items():
        is_lower = deltas[key].tip_count < 0 or deltas[key].viral_count < 0
        (lowered if is_lower else raised).append((key_id, key, deltas[key]))
    rows = await transaction.fetch(
        RAISE_COUNTS,
        [key_id for key_id, _, _ in raised],
        [key.type for _, key, _ in raised],
        [key.scope for _, key, _ in raised],
        [key.value for _, key, _ in raised],
        [delta.tip_count for _, _, delta in raised],
        [delta.viral_count for _, _, delta in raised],
    )
    if lowered:
        rows += await transaction.fetch(
            LOWER_COUNTS,
            [key_id for key_id, _, _ in lowered],
            [delta.tip_count for _, _, delta in lowered],
            [delta.viral_count for _, _, delta in lowered],
        )
    return [
        KeyChange(keys[row["key_id"]], KeyStat(row["tip_count"], row["viral_count"]), row["standing"]) for row in rows
    ]


async def save_standings(
    transaction: Connection, standings: Mapping[Key, Standing], new_value_ids: Mapping[Key, UUID]
) -> dict[Key, Crossing]:
    """Store how values stand now; those with a new id crossed their cap, and are returned under the id they keep."""
    keys = {key_id_of(key): key for key in standings}
    rows = await transaction.fetch(
        SAVE_STANDINGS, list(keys), list(standings.values()), [new_value_ids.get(key) for key in standings]
    )
    found = {keys[row["key_id"]]: row for row in rows}
    return {key: Crossing(found[key]["value_id"], found[key]["crossings"]) for key in new_value_ids}


async def load_region(transaction: Connection, tip_ids: Collection[UUID], keys: Iterable[Key]) -> dict[UUID, Filed]:
    """Return where every tip is filed whose component holds one of the tips, or a holder of one of the values."""
    rows = await transaction.fetch(SELECT_REGION, list(tip_ids), [key_id_of(key) for key in keys])
    return {row["tip_id"]: Filed(Membership(row["cluster_id"], row["component_id"]), row["version"]) for row in rows}


async def load_joining(transaction: Connection, tip_ids: Collection[UUID]) -> dict[Key, list[UUID]]:
    """Return the values by which some of the tips are joined, each with its holders among them."""
    rows = await transaction.fetch(SELECT_JOINING, list(tip_ids))
    return {Key(row["type"], row["value"], row["scope"]): row["tip_ids"] for row in rows}


async def load_judgements(transaction: Connection, tip_ids: Collection[UUID]) -> list[Judgement]:
    """Return the judgements between two of the tips that were not withdrawn."""
    return [Judgement(**row) for row in await transaction.fetch(SELECT_JUDGEMENTS, list(tip_ids))]


async def load_judged_with(transaction: Connection, tip_id: UUID) -> set[UUID]:
    """Return the tip and all that someone ever judged together with it."""
    rows = await transaction.fetch(SELECT_JUDGED_WITH, [tip_id])
    return {tip_id, *(row["left_tip_id"] for row in rows), *(row["right_tip_id"] for row in rows)}


async def save_memberships(transaction: Connection, moves: Sequence[Move], versions: Sequence[int]) -> None:
    """Store where tips are filed now."""
    await transaction.execute(
        SAVE_MEMBERSHIPS,
        [move.tip_id for move in moves],
        [move.now.cluster_id for move in moves],
        [move.now.component_id for move in moves],
        versions,
    )


async def load_linking(
    transaction: Connection, tip_ids: Collection[UUID]
) -> tuple[dict[Key, list[Holding]], dict[Key, KeyStat]]:
    """Return the values that link the tips to others now, with all their holdings, and how common each is."""
    holdings: dict[Key, list[Holding]] = {}
    stats: dict[Key, KeyStat] = {}
    for row in await transaction.fetch(SELECT_LINKING, list(tip_ids)):
        holding = _holding(row)
        holdings.setdefault(holding.key, []).append(holding)
        stats[holding.key] = KeyStat(row["tip_count"], row["viral_count"])
    return holdings, stats


def _numbered(holdings: Sequence[Holding]) -> list[int]:
    """Return each holding's number within its tip, from 1."""
    last: dict[UUID, int] = {}
    numbers = []
    for holding in holdings:
        last[holding.tip_id] = last.get(holding.tip_id, 0) + 1
        numbers.append(last[holding.tip_id])
    return numbers


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
