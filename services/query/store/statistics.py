"""What statistics count: kept small beside look-ups and tips, and read day by day.

Statements are given the first and the last day of a period, or its first moment and the first one behind it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from services.query.domain.facts import TipCounted
from services.query.domain.sight import Sight
from services.query.domain.statistics import TOTAL, AnswerTimes, By, Count, Period
from shared.db.pool import Connection, Row

# Figures are of any days and read much: what is best for them hangs on which, and a scan may be.
PLAN_FREELY = "SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true)"
UPSERT_COUNTED_TIPS = """
INSERT INTO counted_tip (tip_id, version, source, source_kind, incident_type, received_at)
SELECT row.tip_id, row.version, row.source, row.source_kind, row.incident_type, row.received_at
FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS row (tip_id, version, source, source_kind, incident_type, received_at)
ON CONFLICT ON CONSTRAINT counted_tip_pkey DO UPDATE SET
    version = greatest(counted_tip.version, excluded.version),
    source = CASE WHEN excluded.version >= counted_tip.version THEN excluded.source ELSE counted_tip.source END,
    source_kind = CASE WHEN excluded.version >= counted_tip.version THEN excluded.source_kind
        ELSE counted_tip.source_kind END,
    incident_type = CASE WHEN excluded.version >= counted_tip.version THEN excluded.incident_type
        ELSE counted_tip.incident_type END,
    received_at = least(counted_tip.received_at, excluded.received_at),
    is_stale = counted_tip.is_stale AND excluded.version < counted_tip.version"""
FOLD = """
WITH due AS MATERIALIZED (
    SELECT lookup_id FROM counted_lookup WHERE answered_at < $1
    ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM counted_lookup USING due WHERE counted_lookup.lookup_id = due.lookup_id
    RETURNING counted_lookup.answered_at, counted_lookup.agency, counted_lookup.office, counted_lookup.purpose,
        counted_lookup.duration_ms, counted_lookup.confirmed, counted_lookup.probable, counted_lookup.name_only,
        counted_lookup.contradicted
), folded AS (
    INSERT INTO counted_day (day, agency, office, purpose, duration_ms, lookups, confirmed, probable, name_only,
        contradicted)
    SELECT (answered_at AT TIME ZONE 'UTC')::date, agency, office, purpose, duration_ms, count(*), sum(confirmed),
        sum(probable), sum(name_only), sum(contradicted)
    FROM gone
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT ON CONSTRAINT counted_day_key DO UPDATE SET lookups = counted_day.lookups + excluded.lookups,
        confirmed = counted_day.confirmed + excluded.confirmed, probable = counted_day.probable + excluded.probable,
        name_only = counted_day.name_only + excluded.name_only,
        contradicted = counted_day.contradicted + excluded.contradicted
)
SELECT count(*) FROM gone"""
COUNT_LOOKUPS = """
SELECT day, agency, office, purpose, sum(lookups)::bigint AS lookups, sum(confirmed)::bigint AS confirmed,
    sum(probable)::bigint AS probable, sum(name_only)::bigint AS name_only, sum(contradicted)::bigint AS contradicted
FROM answered
WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR agency = $3)
GROUP BY 1, 2, 3, 4"""
# Few leads are silent; only the answers that told of their tips are looked at.
COUNT_HIDDEN_HITS = """
WITH hidden AS MATERIALIZED (
    SELECT membership.tip_id
    FROM hidden_clusters($4) AS silent JOIN membership ON membership.cluster_id = silent.cluster_id
), touched AS (
    SELECT DISTINCT hit_tip.lookup_id, hit_tip.place, hit_tip.grade FROM hidden JOIN hit_tip USING (tip_id)
)
SELECT (lookup.answered_at AT TIME ZONE 'UTC')::date AS day, lookup.agency, COALESCE(lookup.office, '') AS office,
    touched.grade, count(*) AS hits
FROM touched JOIN lookup USING (lookup_id)
WHERE lookup.answered_at >= $1 AND lookup.answered_at < $2 AND lookup.agency = $3
    AND NOT EXISTS (
        SELECT FROM hit_tip
        WHERE hit_tip.lookup_id = touched.lookup_id AND hit_tip.place = touched.place
            AND hit_tip.tip_id NOT IN (SELECT hidden.tip_id FROM hidden)
    )
GROUP BY 1, 2, 3, 4"""
# The least duration that a share of all does not exceed. The null bucket is that of all together.
MEASURE_ANSWER_TIMES = """
WITH counted AS (
    SELECT day, office, duration_ms, sum(lookups) AS answers FROM answered
    WHERE day BETWEEN $1 AND $2 AND agency = $3 AND duration_ms IS NOT NULL
    GROUP BY 1, 2, 3
), placed AS (
    SELECT CASE $4::text WHEN 'day' THEN to_char(day, 'YYYY-MM-DD') WHEN 'week' THEN to_char(day, 'IYYY"-W"IW')
            WHEN 'month' THEN to_char(day, 'YYYY-MM') WHEN 'office' THEN COALESCE(NULLIF(office, ''), 'none')
            ELSE 'total' END AS bucket, duration_ms, answers
    FROM counted
), summed AS (
    SELECT bucket, duration_ms, sum(answers) AS answers FROM placed
    GROUP BY GROUPING SETS ((bucket, duration_ms), (duration_ms))
), ranked AS (
    SELECT bucket, duration_ms, sum(answers) OVER (PARTITION BY bucket ORDER BY duration_ms) AS so_far,
        sum(answers) OVER (PARTITION BY bucket) AS whole
    FROM summed
)
SELECT bucket, min(duration_ms) FILTER (WHERE so_far >= 0.5 * whole) AS p50,
    min(duration_ms) FILTER (WHERE so_far >= 0.95 * whole) AS p95, max(duration_ms) AS max
FROM ranked GROUP BY bucket"""
# A note counts for those who may read it, until another supersedes it.
COUNT_NOTES = """
SELECT (note.created_at AT TIME ZONE 'UTC')::date AS day, note.agency, COALESCE(note.office, '') AS office, note.kind,
    note.additional_screening, note.outcome IS NOT NULL AS has_outcome, count(*) AS notes
FROM note
    LEFT JOIN membership ON membership.tip_id = note.tip_id
    LEFT JOIN review ON review.tip_id = note.tip_id
WHERE note.created_at >= $1 AND note.created_at < $2 AND ($3::text IS NULL OR note.agency = $3)
    AND NOT EXISTS (SELECT FROM note AS later WHERE later.supersedes = note.note_id)
    AND NOT is_hidden(COALESCE(membership.cluster_id, note.tip_id), $4)
    AND ($5 OR review.decision IS DISTINCT FROM 'not_actionable')
GROUP BY 1, 2, 3, 4, 5, 6"""
COUNT_HANDOFFS = """
SELECT (handoff.recorded_at AT TIME ZONE 'UTC')::date AS day, handoff.agency,
    COALESCE(handoff.from_office, '') AS office, count(*) AS handoffs
FROM handoff
WHERE handoff.recorded_at >= $1 AND handoff.recorded_at < $2 AND ($3::text IS NULL OR handoff.agency = $3)
    AND EXISTS (
        SELECT FROM hit_tip LEFT JOIN membership USING (tip_id)
        WHERE hit_tip.lookup_id = handoff.lookup_id
            AND NOT is_hidden(COALESCE(membership.cluster_id, hit_tip.tip_id), $4)
    )
GROUP BY 1, 2, 3"""
COUNT_FOLLOW_UPS = """
SELECT (handoff_step.taken_at AT TIME ZONE 'UTC')::date AS day, handoff.agency,
    COALESCE(handoff.from_office, '') AS office, handoff_step.state, count(*) AS steps
FROM handoff_step JOIN handoff USING (handoff_id)
WHERE handoff_step.taken_at >= $1 AND handoff_step.taken_at < $2 AND ($3::text IS NULL OR handoff.agency = $3)
    AND EXISTS (
        SELECT FROM hit_tip LEFT JOIN membership USING (tip_id)
        WHERE hit_tip.lookup_id = handoff.lookup_id
            AND NOT is_hidden(COALESCE(membership.cluster_id, hit_tip.tip_id), $4)
    )
GROUP BY 1, 2, 3, 4"""
COUNT_MANIFESTS = """
SELECT (submitted_at AT TIME ZONE 'UTC')::date AS day, agency, COALESCE(office, '') AS office, count(*) AS manifests,
    sum(passenger_count) AS passengers
FROM manifest
WHERE submitted_at >= $1 AND submitted_at < $2 AND ($3::text IS NULL OR agency = $3)
GROUP BY 1, 2, 3"""
# What is hidden is asked once, of silent leads, which are few: to ask it of each tip costs more than all else.
COUNT_TIPS = """
SELECT (counted_tip.received_at AT TIME ZONE 'UTC')::date AS day, counted_tip.source, counted_tip.incident_type,
    count(*) AS tips
FROM counted_tip LEFT JOIN membership USING (tip_id)
WHERE counted_tip.received_at >= $1 AND counted_tip.received_at < $2
    AND COALESCE(membership.cluster_id, counted_tip.tip_id)
        NOT IN (SELECT hidden.cluster_id FROM hidden_clusters($3) AS hidden)
GROUP BY 1, 2, 3"""
# Clusters as of now. A tip is linked when another is in its cluster; without a lead its tier is none.
COUNT_LINKED_TIPS = """
SELECT (counted_tip.received_at AT TIME ZONE 'UTC')::date AS day, COALESCE(theirs.tier, 'none') AS tier,
    count(*) AS tips
FROM counted_tip
    JOIN membership USING (tip_id)
    LEFT JOIN LATERAL (
        SELECT lead.tier FROM lead
        WHERE lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL
        ORDER BY lead.state = 'closed', lead.opened_at, lead.lead_id LIMIT 1
    ) AS theirs ON true
WHERE counted_tip.received_at >= $1 AND counted_tip.received_at < $2
    AND membership.cluster_id NOT IN (SELECT hidden.cluster_id FROM hidden_clusters($3) AS hidden)
    AND EXISTS (
        SELECT FROM membership AS other
        WHERE other.cluster_id = membership.cluster_id AND other.tip_id <> membership.tip_id
    )
GROUP BY 1, 2"""
COUNT_LEADS = """
SELECT (opened_at AT TIME ZONE 'UTC')::date AS day, tier, count(*) AS leads
FROM lead
WHERE opened_at >= $1 AND opened_at < $2 AND merged_into IS NULL
    AND cluster_id NOT IN (SELECT hidden.cluster_id FROM hidden_clusters($3) AS hidden)
GROUP BY 1, 2"""
COUNT_REFERRALS = """
SELECT (referral.changed_at AT TIME ZONE 'UTC')::date AS day, COALESCE(referral.office, '') AS office,
    referral.state, count(*) AS referrals
FROM referral LEFT JOIN lead USING (lead_id)
WHERE referral.changed_at >= $1 AND referral.changed_at < $2
    AND (
        lead.cluster_id IS NULL
        OR lead.cluster_id NOT IN (SELECT hidden.cluster_id FROM hidden_clusters($3) AS hidden)
    )
GROUP BY 1, 2, 3"""

_GRADES = ("confirmed", "probable", "name_only", "contradicted")


async def plan_freely(transaction: Connection) -> None:
    """Let PostgreSQL plan each statement for its values, from here to the end of the transaction."""
    await transaction.execute(PLAN_FREELY)


async def fold_lookups(connection: Connection, *, before: datetime, count_max: int) -> int:
    """Put some of what was counted of look-ups before a day together with the rest of their days; return how many."""
    return int(await connection.fetchval(FOLD, before, count_max))


async def save_counted_tips(connection: Connection, facts: Sequence[TipCounted]) -> None:
    """Keep what statistics count of tips, each once: the newest content, and the earliest time."""
    if facts:
        await connection.execute(
            UPSERT_COUNTED_TIPS,
            [fact.tip_id for fact in facts],
            [fact.version for fact in facts],
            [fact.source for fact in facts],
            [fact.source_kind for fact in facts],
            [fact.incident_type for fact in facts],
            [fact.received_at for fact in facts],
        )


async def count_work(connection: Connection, period: Period, sight: Sight, *, agency: str | None) -> list[Count]:
    """Return what an agency, or with None each of them, did: look-ups, hits, notes, hand-offs and passenger lists."""
    begin, end = _bounds(period)
    counts = _of_lookups(await connection.fetch(COUNT_LOOKUPS, period.first, period.last, agency))
    if not sight.is_whole:
        rows = await connection.fetch(COUNT_HIDDEN_HITS, begin, end, agency, sight.office)
        counts += [Count("hits", r["day"], -r["hits"], r["grade"], r["agency"], r["office"]) for r in rows]
    notes = await connection.fetch(COUNT_NOTES, begin, end, agency, sight.office, sight.sees_all)
    counts += [Count("notes", r["day"], r["notes"], r["kind"], r["agency"], r["office"]) for r in notes]
    counts += _of_screenings(notes)
    rows = await connection.fetch(COUNT_HANDOFFS, begin, end, agency, sight.office)
    counts += [Count("handoffs", r["day"], r["handoffs"], "", r["agency"], r["office"]) for r in rows]
    rows = await connection.fetch(COUNT_FOLLOW_UPS, begin, end, agency, sight.office)
    counts += [Count("follow_ups", r["day"], r["steps"], r["state"], r["agency"], r["office"]) for r in rows]
    return counts + await count_manifests(connection, period, agency=agency)


async def count_manifests(connection: Connection, period: Period, *, agency: str | None) -> list[Count]:
    """Return how many passenger lists were submitted, and how many passengers are on them."""
    rows = await connection.fetch(COUNT_MANIFESTS, *_bounds(period), agency)
    return [Count("manifests", r["day"], r["manifests"], "", r["agency"], r["office"]) for r in rows] + [
        Count("passengers", r["day"], r["passengers"], "", r["agency"], r["office"]) for r in rows
    ]


async def count_facts(connection: Connection, period: Period, sight: Sight) -> list[Count]:
    """Return how many tips came, how many are linked, and the leads and referrals, as far as they may be told."""
    bounds = (*_bounds(period), sight.office)
    counts = [
        Count("tips", r["day"], r["tips"], r["incident_type"], source=r["source"])
        for r in await connection.fetch(COUNT_TIPS, *bounds)
    ]
    counts += [
        Count("linked_tips", r["day"], r["tips"], r["tier"]) for r in await connection.fetch(COUNT_LINKED_TIPS, *bounds)
    ]
    counts += [Count("leads", r["day"], r["leads"], r["tier"]) for r in await connection.fetch(COUNT_LEADS, *bounds)]
    counts += [
        Count("referrals", r["day"], r["referrals"], r["state"], office=r["office"])
        for r in await connection.fetch(COUNT_REFERRALS, *bounds)
    ]
    return counts


async def measure_answer_times(connection: Connection, period: Period, by: By, *, agency: str) -> list[AnswerTimes]:
    """Return how long an agency's answers took, bucket by bucket and altogether; only the total unless over time or by
    office.
    """
    rows = await connection.fetch(MEASURE_ANSWER_TIMES, period.first, period.last, agency, by)
    return [AnswerTimes(row["bucket"] or TOTAL, row["p50"], row["p95"], row["max"]) for row in rows]


def _of_lookups(rows: Sequence[Row]) -> list[Count]:
    counts = []
    for r in rows:
        whose = (r["agency"], r["office"])
        counts.append(Count("lookups", r["day"], r["lookups"], r["purpose"], *whose))
        counts += [Count("hits", r["day"], r[grade], grade, *whose) for grade in _GRADES if r[grade]]
    return counts


def _of_screenings(notes: Sequence[Row]) -> list[Count]:
    counts = []
    for r in notes:
        parts = {"with_outcome": r["has_outcome"], "additional": r["additional_screening"] is True}
        parts["not_additional"] = r["additional_screening"] is False
        counts += [
            Count("screenings", r["day"], r["notes"], part, r["agency"], r["office"])
            for part, holds in parts.items()
            if holds
        ]
    return counts


def _bounds(period: Period) -> tuple[datetime, datetime]:
    begin = datetime.combine(period.first, time(), UTC)
    return begin, begin + timedelta(days=period.days)
