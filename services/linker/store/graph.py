"""Tips, reviews and research, judgements, components and clusters.

One transaction at a time works here (`lock_graph`), so that each decision sees all that was decided before.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from services.linker.domain.cluster import Judgement, Membership, Move, Shared
from services.linker.domain.evidence import Key
from services.linker.domain.facts import Decision, Research, Review, TipContent, TipFacts, facts_of
from services.linker.domain.priority import Tier
from services.linker.domain.profile import Profile
from services.linker.domain.setting import NOWHERE, Setting
from services.linker.store.values import key_id_of
from shared.db.pool import Connection

CONTENT = TypeAdapter(TipContent)
RESEARCH = TypeAdapter(Research)
PROFILES_KEPT = 10_000

# A turn asks for a few rows of large tables, by index. Plans are made for the arrays at hand: one made while the
# tables were empty would be kept. And before PostgreSQL has statistics of what just came in, it would rather read
# tables whole, or some rows again for each of others: seconds for what takes milliseconds by index. Of many tips the
# holdings are asked for by a join for the same reason: given an array, it reads an index whole. And of the few rows of
# one value a bitmap is made at several times the cost of reading them. Between two statements a turn thinks, of tips
# that say very much for long; whoever hangs the watchdog ends before these two minutes are over.
LOCK_GRAPH = """
SELECT pg_advisory_xact_lock(7200, 0), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_material', 'off', true),
    set_config('enable_bitmapscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),
    set_config('work_mem', '64MB', true), set_config('idle_in_transaction_session_timeout', '120s', true)"""
SAVE_TIPS = """
INSERT INTO tip (tip_id, tip_version, source, source_kind, source_ref, content, profile, tier, linked_by)
SELECT given.tip_id, given.tip_version, given.source, given.source_kind, given.source_ref, given.content::jsonb,
    given.profile::jsonb, given.tier, $9
FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS given (tip_id, tip_version, source, source_kind, source_ref, content, profile, tier)
ON CONFLICT ON CONSTRAINT tip_pkey DO UPDATE
    SET tip_version = excluded.tip_version, source = excluded.source, source_kind = excluded.source_kind,
        source_ref = excluded.source_ref, content = excluded.content, profile = excluded.profile,
        tier = excluded.tier, linked_by = excluded.linked_by
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
SELECT_REPORTED_AT = """
SELECT tip_id, (content->>'reported_at')::timestamptz AS reported_at FROM tip WHERE tip_id = ANY($1::uuid[])"""
SELECT_RESEARCH = """
SELECT tip_id, content::text FROM research WHERE tip_id = ANY($1::uuid[]) ORDER BY tip_id, research_number"""
SELECT_DECISIONS = "SELECT tip_id, decision FROM review WHERE tip_id = ANY($1::uuid[])"
SELECT_TIP_IDS = "SELECT tip_id FROM tip WHERE tip_id = ANY($1::uuid[])"
SELECT_TIERS = "SELECT tip_id, tier FROM tip WHERE tip_id = ANY($1::uuid[])"
SELECT_PROFILES = "SELECT tip_id, profile::text FROM tip WHERE tip_id = ANY($1::uuid[])"
SAVE_PROFILES = """
UPDATE tip SET profile = given.profile::jsonb, tier = given.tier, linked_by = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (tip_id, profile, tier) WHERE tip.tip_id = given.tip_id"""
# A value that only supports others matters where two of one component hold it.
SELECT_REGION = """
WITH touched AS (
    SELECT component_id FROM membership WHERE tip_id = ANY($1::uuid[])
    UNION
    SELECT membership.component_id
    FROM unnest($2::uuid[]) AS joining (key_id) JOIN holding ON holding.key_id = joining.key_id AND holding.links
        JOIN membership ON membership.tip_id = holding.tip_id
    UNION
    SELECT membership.component_id
    FROM unnest($3::uuid[]) AS supporting (key_id) JOIN holding ON holding.key_id = supporting.key_id AND holding.links
        JOIN membership ON membership.tip_id = holding.tip_id
    GROUP BY holding.key_id, membership.component_id HAVING count(DISTINCT holding.tip_id) > 1
)
SELECT membership.tip_id, membership.cluster_id, membership.component_id, membership.version, membership.tier
FROM touched JOIN membership ON membership.component_id = touched.component_id"""
SELECT_SHARED = """
WITH shared AS MATERIALIZED (
    SELECT holding.key_id, array_agg(holding.tip_id) AS tip_ids
    FROM unnest($1::uuid[]) AS given (tip_id) JOIN holding ON holding.tip_id = given.tip_id AND holding.links
    GROUP BY holding.key_id HAVING count(*) > 1
)
SELECT key.type, key.value, key.scope, key.reliability, key.tip_count, key.standing, shared.tip_ids
FROM shared JOIN key ON key.key_id = shared.key_id AND key.tip_count > 1
WHERE key.standing IN ('joins', 'shows')"""
SELECT_MISREAD = """
SELECT tip_id, content::text FROM tip
WHERE tip_id = ANY($1::uuid[]) AND split_part(linked_by, '.', 1) <> $2"""
MARK_LINKED = "UPDATE tip SET linked_by = $2 WHERE tip_id = ANY($1::uuid[])"
SELECT_JUDGEMENTS = """
SELECT judgement.judgement_id, judgement.left_tip_id, judgement.right_tip_id, judgement.decision, judgement.decided_at
FROM judgement
WHERE judgement.left_tip_id = ANY($1::uuid[]) AND judgement.right_tip_id = ANY($1::uuid[])
    AND NOT EXISTS (SELECT FROM judgement_withdrawal AS taken WHERE taken.judgement_id = judgement.judgement_id)"""
SELECT_JUDGED_WITH = """
SELECT judgement.left_tip_id, judgement.right_tip_id FROM judgement WHERE judgement.left_tip_id = ANY($1::uuid[])
UNION ALL
SELECT judgement.left_tip_id, judgement.right_tip_id FROM judgement WHERE judgement.right_tip_id = ANY($1::uuid[])"""
SAVE_MEMBERSHIPS = """
INSERT INTO membership (tip_id, cluster_id, component_id, version, tier)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[])
ON CONFLICT ON CONSTRAINT membership_pkey DO UPDATE
    SET cluster_id = excluded.cluster_id, component_id = excluded.component_id, version = excluded.version,
        tier = excluded.tier"""


class Filed(NamedTuple):
    """Where a tip is filed, what tier was told with it, and how often it was told."""

    membership: Membership
    version: int
    tier: Tier | None


async def lock_graph(transaction: Connection) -> None:
    """Wait until no other transaction decides about the graph; the lock goes with this one."""
    await transaction.execute(LOCK_GRAPH)


async def save_tips(
    transaction: Connection,
    contents: Collection[TipContent],
    profiles: Mapping[UUID, Profile],
    tiers: Mapping[UUID, Tier],
    *,
    version: str,
) -> set[UUID]:
    """Store each content that is newer than what is known, with what follows from it, and return its tips.

    This version of the model links them from now on.
    """
    rows = await transaction.fetch(
        SAVE_TIPS,
        [content.tip_id for content in contents],
        [content.tip_version for content in contents],
        [content.source for content in contents],
        [content.source_kind for content in contents],
        [content.source_ref for content in contents],
        [CONTENT.dump_json(content).decode() for content in contents],
        [_profile_text(profiles[content.tip_id]) for content in contents],
        [tiers[content.tip_id] for content in contents],
        version,
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


async def load_reported_at(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when each of those tips that are known was reported."""
    rows = await transaction.fetch(SELECT_REPORTED_AT, list(tip_ids))
    return {row["tip_id"]: row["reported_at"] for row in rows}


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


async def load_misread(transaction: Connection, tip_ids: Collection[UUID], rules: str) -> dict[UUID, TipContent]:
    """Return the contents of those of the tips whose holdings were read by rules of another version."""
    rows = await transaction.fetch(SELECT_MISREAD, list(tip_ids), rules)
    return {row["tip_id"]: CONTENT.validate_json(row["content"]) for row in rows}


async def mark_linked(transaction: Connection, tip_ids: Collection[UUID], *, version: str) -> None:
    """Say by which version of the model tips were linked."""
    await transaction.execute(MARK_LINKED, list(tip_ids), version)


async def load_profiles(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, Profile]:
    """Return how the subjects of the tips are described."""
    rows = await transaction.fetch(SELECT_PROFILES, list(tip_ids))
    return {row["tip_id"]: _profile(row["profile"]) for row in rows}


async def save_profiles(
    transaction: Connection, profiles: Mapping[UUID, Profile], tiers: Mapping[UUID, Tier], *, version: str
) -> None:
    """Store how tips describe their subjects, and their tiers; this version of the model links them from now on."""
    texts = list(map(_profile_text, profiles.values()))
    await transaction.execute(SAVE_PROFILES, list(profiles), texts, [tiers[tip_id] for tip_id in profiles], version)


async def load_tiers(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, Tier | None]:
    """Return how urgent each tip is by its own words, None when that was not asked since it came."""
    return {row["tip_id"]: row["tier"] for row in await transaction.fetch(SELECT_TIERS, list(tip_ids))}


async def load_region(
    transaction: Connection, tip_ids: Collection[UUID], joining: Iterable[Key], supporting: Iterable[Key]
) -> dict[UUID, Filed]:
    """Return where every tip is filed whose component a change touches.

    That is a component of one of the tips, of a holder of a `joining` value, or of two holders of a `supporting` one.
    """
    rows = await transaction.fetch(
        SELECT_REGION,
        list(tip_ids),
        [key_id_of(key) for key in joining],
        [key_id_of(key) for key in supporting],
    )
    return {
        row["tip_id"]: Filed(Membership(row["cluster_id"], row["component_id"]), row["version"], row["tier"])
        for row in rows
    }


async def load_shared(transaction: Connection, tip_ids: Collection[UUID]) -> dict[Key, Shared]:
    """Return the values that at least two of the tips share, each with its holders among them."""
    rows = await transaction.fetch(SELECT_SHARED, list(tip_ids))
    return {
        Key(row["type"], row["value"], row["scope"]): Shared(
            holders,
            row["reliability"],
            others_count=row["tip_count"] - len(holders),
            joins=row["standing"] == "joins",
        )
        for row in rows
        if len(holders := set(row["tip_ids"])) > 1
    }


async def load_judgements(transaction: Connection, tip_ids: Collection[UUID]) -> list[Judgement]:
    """Return the judgements between two of the tips that were not withdrawn."""
    return [Judgement(**row) for row in await transaction.fetch(SELECT_JUDGEMENTS, list(tip_ids))]


async def load_judged_with(transaction: Connection, tip_id: UUID) -> set[UUID]:
    """Return the tip and all that someone ever judged together with it."""
    rows = await transaction.fetch(SELECT_JUDGED_WITH, [tip_id])
    return {tip_id, *(row["left_tip_id"] for row in rows), *(row["right_tip_id"] for row in rows)}


async def save_memberships(
    transaction: Connection, moves: Sequence[Move], versions: Sequence[int], tiers: Sequence[Tier | None]
) -> None:
    """Store where tips are filed now, and what tiers were told."""
    await transaction.execute(
        SAVE_MEMBERSHIPS,
        [move.tip_id for move in moves],
        [move.now.cluster_id for move in moves],
        [move.now.component_id for move in moves],
        versions,
        tiers,
    )


def _profile_text(profile: Profile) -> str:
    return orjson.dumps(profile).decode()


@lru_cache(maxsize=PROFILES_KEPT)
def _profile(text: str) -> Profile:
    """Return a profile as it is stored: a component's tips are read with each tip that joins it."""
    stored: dict[str, Any] = orjson.loads(text)
    names, echoes = (tuple(map(tuple, stored.get(field, ()))) for field in ("names", "echoes"))
    setting: dict[str, Any] = stored.get("setting", {})
    told = tuple(map(tuple, setting.get("told", NOWHERE.told)))
    return Profile(
        names,
        tuple(stored.get("births", ())),
        echoes,
        bool(stored.get("names_several")),
        Setting(told, tuple(setting.get("days", ()))),
    )
