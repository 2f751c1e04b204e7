"""All SQL of intake. Who changes a tip holds its row lock; several are locked in the order of (source, source_ref)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.domain.tip import Known, State, Tip
from shared.db.pool import Connection, Pool, Row

LIST_SOURCE_KINDS = "SELECT name, kind FROM source ORDER BY name"
INSERT_TIPS = """
WITH made AS (
    INSERT INTO tip (tip_id, source, source_ref, received_at, changed_at)
    SELECT given.tip_id, given.source, given.source_ref, $6, $6
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (tip_id, source, source_ref)
    ON CONFLICT ON CONSTRAINT tip_source_ref_key DO NOTHING
    RETURNING tip_id
)
INSERT INTO tip_version (tip_id, version, revision, content_hash, event, received_at)
SELECT given.tip_id, 1, 1, given.content_hash, given.event, $6
FROM unnest($1::uuid[], $4::bytea[], $5::bytea[]) AS given (tip_id, content_hash, event)
    JOIN made ON made.tip_id = given.tip_id
RETURNING tip_id"""
# What locks or changes tips names them by a list, and joins them to nothing: when somebody else has changed a tip since
# the statement began, PostgreSQL evaluates the join anew for that row alone, and 18.0 and 18.1 then lose the row if it
# is joined to an array or a WITH query.
LOCK_TIPS_BY_KEY = """
SELECT tip_id, source, source_ref, state, version, revision, decision, reopened_because
FROM tip
WHERE tip_id = ANY (ARRAY(
        SELECT named.tip_id
        FROM unnest($1::text[], $2::text[]) AS given (source, source_ref)
            JOIN tip AS named ON named.source = given.source AND named.source_ref = given.source_ref
    ))
ORDER BY source, source_ref FOR NO KEY UPDATE"""
LOCK_TIP = """
SELECT tip_id, source, source_ref, state, version, revision, decision, reopened_because
FROM tip WHERE tip_id = $1 FOR NO KEY UPDATE"""
SELECT_CONTENT_HASHES = "SELECT tip_id, content_hash FROM tip_version WHERE tip_id = ANY($1::uuid[])"
SELECT_CONTENTS = """
SELECT tip.tip_id, tip_version.event
FROM tip JOIN tip_version ON tip_version.tip_id = tip.tip_id AND tip_version.version = tip.version
WHERE tip.tip_id = ANY($1::uuid[])"""
UPDATE_TIPS = """
UPDATE tip SET state = given.state, version = given.version, revision = given.revision, decision = given.decision,
    reopened_because = given.reopened_because, changed_at = $7
FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[])
    AS given (tip_id, state, version, revision, decision, reopened_because)
WHERE tip.tip_id = given.tip_id"""
INSERT_VERSIONS = """
INSERT INTO tip_version (tip_id, version, revision, content_hash, event, received_at)
SELECT given.tip_id, given.version, given.revision, given.content_hash, given.event, $6
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bytea[], $5::bytea[])
    AS given (tip_id, version, revision, content_hash, event)"""
SELECT_TIP = """
SELECT tip.tip_id, tip.source, source.kind AS source_kind, tip.source_ref, tip.state, tip.version, tip.decision,
    tip.reopened_because, tip.received_at, tip.changed_at, tip.tier, tip_version.event
FROM tip JOIN source ON source.name = tip.source
    JOIN tip_version ON tip_version.tip_id = tip.tip_id AND tip_version.version = COALESCE($3::integer, tip.version)
WHERE tip.tip_id = $1 AND ($2::text IS NULL OR tip.source = $2)"""
SELECT_VERSIONS = "SELECT version, received_at FROM tip_version WHERE tip_id = $1 ORDER BY version DESC LIMIT $2"
SELECT_TIPS = """
SELECT tip.tip_id, tip.source, source.kind AS source_kind, tip.source_ref, tip.state, tip.version, tip.decision,
    tip.reopened_because, tip.received_at, tip.changed_at, tip.tier, tip_version.event
FROM tip JOIN source ON source.name = tip.source
    JOIN tip_version ON tip_version.tip_id = tip.tip_id AND tip_version.version = tip.version
WHERE ($1::text IS NULL OR tip.source = $1) AND ($2::text IS NULL OR tip.state = $2)
    AND ($3::uuid IS NULL OR tip.tip_id > $3)
ORDER BY tip.tip_id LIMIT $4"""
SELECT_QUEUE = """
SELECT tip.tip_id, tip.source, source.kind AS source_kind, tip.source_ref, tip.state, tip.version, tip.decision,
    tip.reopened_because, tip.received_at, tip.changed_at, tip.tier, tip_version.event
FROM tip JOIN source ON source.name = tip.source
    JOIN tip_version ON tip_version.tip_id = tip.tip_id AND tip_version.version = tip.version
WHERE tip.state = 'awaiting_review' AND ($1::text IS NULL OR (tip.tier, tip.tip_id) > ($1, $2::uuid))
ORDER BY tip.tier, tip.tip_id LIMIT $3"""
LOCK_OLD_TIERS = """
SELECT FROM tip
WHERE tip_id = ANY (ARRAY(
        SELECT known.tip_id
        FROM unnest($1::uuid[], $2::integer[]) AS told (tip_id, version) JOIN tip AS known ON known.tip_id = told.tip_id
        WHERE known.tier_version < told.version
    ))
ORDER BY source, source_ref FOR NO KEY UPDATE"""
UPDATE_TIERS = """
UPDATE tip SET tier = told.tier, tier_version = told.version
FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS told (tip_id, version, tier)
WHERE tip.tip_id = told.tip_id AND tip.tier_version < told.version"""
SELECT_NEXT_REVIEW_NUMBER = "SELECT COALESCE(max(number), 0) + 1 FROM review WHERE tip_id = $1"
INSERT_REVIEW = """
INSERT INTO review (review_id, tip_id, number, revision, decision, reviewed_at, event)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
SELECT_REVIEWS = """
SELECT number, event FROM review WHERE tip_id = $1 AND number > $2 ORDER BY number LIMIT $3"""
SELECT_NEXT_RESEARCH_NUMBER = "SELECT COALESCE(max(number), 0) + 1 FROM research WHERE tip_id = $1"
INSERT_RESEARCH = """
INSERT INTO research (research_id, tip_id, number, revision, recorded_at, event) VALUES ($1, $2, $3, $4, $5, $6)"""
SELECT_RESEARCH = """
SELECT number, event FROM research WHERE tip_id = $1 AND number > $2 ORDER BY number LIMIT $3"""
TIP_EXISTS = "SELECT EXISTS (SELECT FROM tip WHERE tip_id = $1)"
SELECT_ACTIONABLE = "SELECT tip_id FROM tip WHERE tip_id = ANY($1::uuid[]) AND decision = 'actionable'"
LOCK_LINKS = """
SELECT tip_id, version, actionable_ids FROM tip_link WHERE tip_id = ANY($1::uuid[]) ORDER BY tip_id FOR UPDATE"""
UPSERT_LINKS = """
INSERT INTO tip_link (tip_id, version, actionable_ids)
SELECT (row ->> 'tip_id')::uuid, (row ->> 'version')::integer,
    ARRAY(SELECT jsonb_array_elements_text(row -> 'actionable_ids')::uuid)
FROM jsonb_array_elements($1::jsonb) AS row
ON CONFLICT ON CONSTRAINT tip_link_pkey DO UPDATE
    SET version = excluded.version, actionable_ids = excluded.actionable_ids
    WHERE tip_link.version < excluded.version"""
REOPEN_TIPS = """
UPDATE tip SET state = 'awaiting_review', reopened_because = $2, changed_at = $3
WHERE tip_id = ANY (ARRAY(
        SELECT tip_id FROM tip WHERE tip_id = ANY($1::uuid[]) AND state = 'not_actionable'
        ORDER BY source, source_ref FOR NO KEY UPDATE
    ))
RETURNING tip_id"""
UPSERT_OUTCOMES = """
WITH given AS (
    SELECT told.referral_id, told.version, told.state, told.outcome, told.is_referred, told.is_accepted,
        told.is_declined
    FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::boolean[])
        AS told (referral_id, version, state, outcome, is_referred, is_accepted, is_declined)
    WHERE NOT EXISTS (
        SELECT FROM source_outcome AS known
        WHERE known.referral_id = told.referral_id AND known.version >= told.version)
), listed AS (
    SELECT named.referral_id, tip.source, count(*) AS tip_count
    FROM unnest($8::uuid[], $9::uuid[]) AS named (referral_id, tip_id) JOIN tip ON tip.tip_id = named.tip_id
    GROUP BY named.referral_id, tip.source
), counted AS (
    SELECT referral_id, source, tip_count FROM listed
    UNION ALL
    -- A source whose tips have all left the lead keeps what once became of them, over no tips.
    SELECT known.referral_id, known.source, 0
    FROM source_outcome AS known JOIN given ON given.referral_id = known.referral_id
    WHERE (known.referral_id, known.source) NOT IN (SELECT referral_id, source FROM listed)
)
INSERT INTO source_outcome AS known (referral_id, source, version, state, outcome, tip_count,
    is_referred, is_accepted, is_declined)
SELECT given.referral_id, counted.source, given.version, given.state, given.outcome, counted.tip_count,
    given.is_referred, given.is_accepted, given.is_declined
FROM given JOIN counted ON counted.referral_id = given.referral_id
ON CONFLICT ON CONSTRAINT source_outcome_pkey DO UPDATE SET
    version = excluded.version, state = excluded.state, outcome = excluded.outcome, tip_count = excluded.tip_count,
    is_referred = known.is_referred OR excluded.is_referred,
    is_accepted = known.is_accepted OR excluded.is_accepted,
    is_declined = known.is_declined OR excluded.is_declined"""
SELECT_SOURCES = """
SELECT source.name, source.kind,
    COALESCE(standing.tips, '{}') AS tips,
    COALESCE(followed.referred, 0) AS referred, COALESCE(followed.accepted, 0) AS accepted,
    COALESCE(followed.declined, 0) AS declined, COALESCE(followed.closed, 0) AS closed,
    COALESCE(followed.outcomes, '{}') AS outcomes
FROM source
    LEFT JOIN (
        SELECT source, jsonb_object_agg(state, tips) AS tips
        FROM (SELECT source, state, sum(tips) AS tips FROM tip_count GROUP BY source, state) AS counted
        GROUP BY source
    ) AS standing ON standing.source = source.name
    LEFT JOIN (
        SELECT source, sum(referred) AS referred, sum(accepted) AS accepted, sum(declined) AS declined,
            sum(tips) FILTER (WHERE state = 'closed') AS closed,
            jsonb_object_agg(outcome, tips) FILTER (WHERE state = 'closed' AND outcome IS NOT NULL) AS outcomes
        FROM (
            SELECT source, state, outcome, sum(tip_count) AS tips,
                sum(tip_count) FILTER (WHERE is_referred) AS referred,
                sum(tip_count) FILTER (WHERE is_accepted) AS accepted,
                sum(tip_count) FILTER (WHERE is_declined) AS declined
            FROM source_outcome GROUP BY source, state, outcome
        ) AS counted
        GROUP BY source
    ) AS followed ON followed.source = source.name
WHERE $1::text IS NULL OR source.name = $1
ORDER BY source.name"""
SELECT_TIP_IDS = "SELECT tip_id FROM tip WHERE tip_id > $1 ORDER BY tip_id LIMIT $2"
SELECT_EVENTS = """
SELECT tip_id, revision, event FROM tip_version WHERE tip_id = ANY($1::uuid[]) AND received_at >= $2
UNION ALL
SELECT tip_id, revision, event FROM review WHERE tip_id = ANY($1::uuid[]) AND reviewed_at >= $2
UNION ALL
SELECT tip_id, revision, event FROM research WHERE tip_id = ANY($1::uuid[]) AND recorded_at >= $2
ORDER BY tip_id, revision"""


@dataclass(frozen=True, slots=True)
class Content:
    """One content of a tip, as the event that announced it."""

    tip: Tip
    content_hash: bytes
    event: bytes


@dataclass(frozen=True, slots=True)
class StoredTip:
    """A tip as it is shown. `tier` is empty until the linker tells it."""

    tip_id: UUID
    source: str
    source_kind: str
    source_ref: str
    state: State
    version: int
    decision: State | None
    reopened_because: str | None
    received_at: datetime
    changed_at: datetime
    tier: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one referral's events say: newest state, and whether it ever was sent, accepted, declined."""

    referral_id: UUID
    version: int
    state: str
    outcome: str | None
    is_referred: bool
    is_accepted: bool
    is_declined: bool
    tip_ids: tuple[UUID, ...]


async def list_source_kinds(connection: Connection | Pool) -> dict[str, str]:
    """Return the kind of each registered source, by name."""
    return {row["name"]: row["kind"] for row in await connection.fetch(LIST_SOURCE_KINDS)}


async def insert_tips(transaction: Connection, contents: Sequence[Content], received_at: datetime) -> set[UUID]:
    """Store tips with their first content, where the reference is new; return the ids of those that were.

    The contents come in the order of (source, source_ref), each reference once.
    """
    rows = await transaction.fetch(
        INSERT_TIPS,
        [c.tip.tip_id for c in contents],
        [c.tip.source for c in contents],
        [c.tip.source_ref for c in contents],
        [c.content_hash for c in contents],
        [c.event for c in contents],
        received_at,
    )
    return {row["tip_id"] for row in rows}


async def lock_tips(transaction: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Tip]:
    """Lock the tips of these (source, source_ref) and return them by key."""
    rows = await transaction.fetch(LOCK_TIPS_BY_KEY, [key[0] for key in keys], [key[1] for key in keys])
    return {tip.key: tip for tip in map(_tip, rows)}


async def find_locked_tip(transaction: Connection, tip_id: UUID) -> Tip | None:
    """Lock a tip and return it, if there is one of this id."""
    row = await transaction.fetchrow(LOCK_TIP, tip_id)
    return _tip(row) if row else None


async def list_content_hashes(transaction: Connection, tip_ids: Sequence[UUID]) -> dict[UUID, set[bytes]]:
    """Return the hashes of every content each tip had; ask with the tips locked."""
    found: dict[UUID, set[bytes]] = {tip_id: set() for tip_id in tip_ids}
    for row in await transaction.fetch(SELECT_CONTENT_HASHES, tip_ids):
        found[row["tip_id"]].add(row["content_hash"])
    return found


async def list_contents(transaction: Connection, tip_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Return the event of each tip's newest content; ask with the tips locked."""
    return {row["tip_id"]: row["event"] for row in await transaction.fetch(SELECT_CONTENTS, list(tip_ids))}


async def update_tips(transaction: Connection, tips: Sequence[Tip], changed_at: datetime) -> None:
    """Store the new state of locked tips."""
    await transaction.execute(
        UPDATE_TIPS,
        [tip.tip_id for tip in tips],
        [tip.state for tip in tips],
        [tip.version for tip in tips],
        [tip.revision for tip in tips],
        [tip.decision for tip in tips],
        [tip.reopened_because for tip in tips],
        changed_at,
    )


async def insert_versions(transaction: Connection, contents: Sequence[Content], received_at: datetime) -> None:
    """Store further contents of locked tips."""
    await transaction.execute(
        INSERT_VERSIONS,
        [c.tip.tip_id for c in contents],
        [c.tip.version for c in contents],
        [c.tip.revision for c in contents],
        [c.content_hash for c in contents],
        [c.event for c in contents],
        received_at,
    )


async def find_tip(
    transaction: Connection, tip_id: UUID, *, source: str | None, version: int | None
) -> StoredTip | None:
    """Return a tip with its newest content or the one asked for; None when it is unknown or not of `source`."""
    row = await transaction.fetchrow(SELECT_TIP, tip_id, source, version)
    return _stored(row) if row else None


async def list_versions(transaction: Connection, tip_id: UUID, *, limit: int) -> list[tuple[int, datetime]]:
    """Return number and arrival of a tip's newest contents, newest first."""
    return [(row["version"], row["received_at"]) for row in await transaction.fetch(SELECT_VERSIONS, tip_id, limit)]


async def list_tips(
    transaction: Connection, *, source: str | None, state: State | None, after: UUID | None, limit: int
) -> list[StoredTip]:
    """Return tips with their newest content, in the order of their ids, which is that of their arrival."""
    return [_stored(row) for row in await transaction.fetch(SELECT_TIPS, source, state, after, limit)]


async def list_queue(transaction: Connection, *, after: tuple[str, UUID] | None, limit: int) -> list[StoredTip]:
    """Return tips that await review: those of unknown tier, then the most urgent, in each tier the first to arrive."""
    return [_stored(row) for row in await transaction.fetch(SELECT_QUEUE, *(after or (None, None)), limit)]


async def update_tiers(transaction: Connection, tiers: Mapping[UUID, tuple[int, str]]) -> None:
    """Store version and tier of tips, where that is newer than what is known."""
    tip_ids, versions, names = list(tiers), [v for v, _ in tiers.values()], [tier for _, tier in tiers.values()]
    # Two statements, as only a second one sees what it had to wait for.
    await transaction.execute(LOCK_OLD_TIERS, tip_ids, versions)
    await transaction.execute(UPDATE_TIERS, tip_ids, versions, names)


async def has_tip(transaction: Connection, tip_id: UUID) -> bool:
    """Return whether there is a tip of this id."""
    return bool(await transaction.fetchval(TIP_EXISTS, tip_id))


async def next_review_number(transaction: Connection, tip_id: UUID) -> int:
    """Return the number of a locked tip's next review."""
    return int(await transaction.fetchval(SELECT_NEXT_REVIEW_NUMBER, tip_id))


async def insert_review(
    transaction: Connection, tip: Tip, *, review_id: UUID, number: int, reviewed_at: datetime, event: bytes
) -> None:
    """Store a review of a locked tip that stands as decided."""
    await transaction.execute(
        INSERT_REVIEW, review_id, tip.tip_id, number, tip.revision, tip.decision, reviewed_at, event
    )


async def list_reviews(transaction: Connection, tip_id: UUID, *, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Return number and event of a tip's reviews, oldest first, behind number `after`."""
    return [(row["number"], row["event"]) for row in await transaction.fetch(SELECT_REVIEWS, tip_id, after, limit)]


async def next_research_number(transaction: Connection, tip_id: UUID) -> int:
    """Return the number of a locked tip's next research result."""
    return int(await transaction.fetchval(SELECT_NEXT_RESEARCH_NUMBER, tip_id))


async def insert_research(
    transaction: Connection, tip: Tip, *, research_id: UUID, number: int, recorded_at: datetime, event: bytes
) -> None:
    """Store a research result of a locked tip."""
    await transaction.execute(INSERT_RESEARCH, research_id, tip.tip_id, number, tip.revision, recorded_at, event)


async def list_research(transaction: Connection, tip_id: UUID, *, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Return number and event of a tip's research results, oldest first, behind number `after`."""
    return [(row["number"], row["event"]) for row in await transaction.fetch(SELECT_RESEARCH, tip_id, after, limit)]


async def list_actionable(transaction: Connection, tip_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the tips whose newest review found them actionable."""
    return {row["tip_id"] for row in await transaction.fetch(SELECT_ACTIONABLE, list(set(tip_ids)))}


async def lock_links(transaction: Connection, tip_ids: Iterable[UUID]) -> dict[UUID, Known]:
    """Lock and return what was last heard of the tips' links, of those with any to actionable tips."""
    rows = await transaction.fetch(LOCK_LINKS, list(tip_ids))
    return {row["tip_id"]: Known(row["version"], frozenset(row["actionable_ids"])) for row in rows}


async def upsert_links(transaction: Connection, known: Mapping[UUID, Known]) -> None:
    """Remember the newest news of the tips' links."""
    rows = [
        {"tip_id": str(tip_id), "version": news.version, "actionable_ids": sorted(map(str, news.actionable_ids))}
        for tip_id, news in sorted(known.items())
    ]
    await transaction.execute(UPSERT_LINKS, rows)


async def reopen_tips(transaction: Connection, tip_ids: Sequence[UUID], because: str, now: datetime) -> set[UUID]:
    """Put those of the tips that stand as not actionable back before a person; return their ids."""
    return {row["tip_id"] for row in await transaction.fetch(REOPEN_TIPS, tip_ids, because, now)}


async def upsert_outcomes(transaction: Connection, outcomes: Sequence[Outcome]) -> None:
    """Keep what became of each source's tips in these referrals, each named once; older versions change nothing."""
    members = [(outcome.referral_id, tip_id) for outcome in outcomes for tip_id in outcome.tip_ids]
    await transaction.execute(
        UPSERT_OUTCOMES,
        [outcome.referral_id for outcome in outcomes],
        [outcome.version for outcome in outcomes],
        [outcome.state for outcome in outcomes],
        [outcome.outcome for outcome in outcomes],
        [outcome.is_referred for outcome in outcomes],
        [outcome.is_accepted for outcome in outcomes],
        [outcome.is_declined for outcome in outcomes],
        [referral_id for referral_id, _ in members],
        [tip_id for _, tip_id in members],
    )


async def list_sources(transaction: Connection, *, source: str | None) -> list[dict[str, Any]]:
    """Return the sources, or the one named, with the numbers of their tips by state and by what became of them."""
    return [dict(row) for row in await transaction.fetch(SELECT_SOURCES, source)]


async def list_tip_ids(transaction: Connection, *, after: UUID, limit: int) -> list[UUID]:
    """Return ids of tips in order."""
    return [row["tip_id"] for row in await transaction.fetch(SELECT_TIP_IDS, after, limit)]


async def list_events(transaction: Connection, tip_ids: Sequence[UUID], since: datetime) -> list[tuple[UUID, bytes]]:
    """Return what was published about these tips from `since` on, each tip's in order."""
    return [(row["tip_id"], row["event"]) for row in await transaction.fetch(SELECT_EVENTS, tip_ids, since)]


def _tip(row: Row) -> Tip:
    return Tip(
        tip_id=row["tip_id"],
        source=row["source"],
        source_ref=row["source_ref"],
        state=State(row["state"]),
        version=row["version"],
        revision=row["revision"],
        decision=State(row["decision"]) if row["decision"] else None,
        reopened_because=row["reopened_because"],
    )


def _stored(row: Row) -> StoredTip:
    return StoredTip(**dict(row))
