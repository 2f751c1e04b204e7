"""What statistics count: each statement counts one kind of thing once through, by time, agency, office or what else.

`$1` and `$2` are the time, the second not in it; `$3` is what it is counted by, `$4` the agency, null for every one.
"""

from collections.abc import Sequence
from datetime import datetime

from services.query.domain.statistics import By, Figure
from shared.db.pool import Connection

LOOKUPS = """
WITH counted AS (
    SELECT lookup.agency, lookup.duration_ms, lookup.grades,
        CASE $3::text WHEN 'agency' THEN lookup.agency WHEN 'office' THEN COALESCE(lookup.office, '')
            ELSE to_char(date_trunc($3, lookup.answered_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD') END AS bucket
    FROM lookup
    WHERE lookup.answered_at >= $1 AND lookup.answered_at < $2 AND ($4::text IS NULL OR lookup.agency = $4)
), summed AS (
    SELECT bucket, agency, count(*)::float8 AS lookups,
        count(*) FILTER (WHERE grades <> '{}')::float8 AS lookups_with_match,
        COALESCE(sum((grades ->> 'confirmed')::integer), 0)::float8 AS matches_confirmed,
        COALESCE(sum((grades ->> 'probable')::integer), 0)::float8 AS matches_probable,
        COALESCE(sum((grades ->> 'name_only')::integer), 0)::float8 AS matches_name_only,
        COALESCE(sum((grades ->> 'contradicted')::integer), 0)::float8 AS matches_contradicted,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS answer_ms_p50,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS answer_ms_p95,
        max(duration_ms) AS answer_ms_max
    FROM counted GROUP BY bucket, agency
)
SELECT summed.bucket, summed.agency, told.figure, told.value
FROM summed
    CROSS JOIN LATERAL (
        VALUES ('lookups', lookups), ('lookups_with_match', lookups_with_match),
            ('matches_confirmed', matches_confirmed), ('matches_probable', matches_probable),
            ('matches_name_only', matches_name_only), ('matches_contradicted', matches_contradicted),
            ('answer_ms_p50', answer_ms_p50), ('answer_ms_p95', answer_ms_p95), ('answer_ms_max', answer_ms_max)
    ) AS told (figure, value)"""
GRADES = """
SELECT graded.key AS bucket, lookup.agency, 'matches' AS figure, sum(graded.value::integer)::float8 AS value
FROM lookup CROSS JOIN LATERAL jsonb_each_text(lookup.grades) AS graded
WHERE lookup.answered_at >= $1 AND lookup.answered_at < $2 AND ($4::text IS NULL OR lookup.agency = $4)
    AND $3::text = 'grade'
GROUP BY graded.key, lookup.agency"""
DONE = """
WITH done AS (
    SELECT created_at AS at, agency, office, 'notes_' || kind AS figure, 1 AS value FROM note
    UNION ALL
    SELECT created_at, agency, office, 'additional_screenings', 1 FROM note WHERE additional_screening
    UNION ALL
    SELECT created_at, agency, author_office, 'handoffs', 1 FROM handoff
    UNION ALL
    SELECT handoff_step.created_at, handoff.agency, handoff.author_office, 'follow_ups_done', 1
    FROM handoff_step JOIN handoff ON handoff.handoff_id = handoff_step.handoff_id WHERE handoff_step.state = 'done'
    UNION ALL
    SELECT submitted_at, agency, office, told.figure, told.value
    FROM manifest CROSS JOIN LATERAL (VALUES ('manifests', 1), ('passengers', passenger_count)) AS told (figure, value)
    UNION ALL
    SELECT alert.raised_at, alert.agency, manifest.office, 'alerts', 1
    FROM alert JOIN manifest ON manifest.manifest_id = alert.manifest_id
)
SELECT CASE $3::text WHEN 'agency' THEN done.agency WHEN 'office' THEN COALESCE(done.office, '')
        ELSE to_char(date_trunc($3, done.at AT TIME ZONE 'UTC'), 'YYYY-MM-DD') END AS bucket,
    done.agency, done.figure, sum(done.value)::float8 AS value
FROM done
WHERE done.at >= $1 AND done.at < $2 AND ($4::text IS NULL OR done.agency = $4)
GROUP BY 1, done.agency, done.figure"""
# Tips of a lead are those of its cluster; a cluster of one tip links nothing.
TIPS_AND_LEADS = """
WITH happened AS (
    SELECT received_at AS at, source, NULL AS office, NULL AS tier, told.figure
    FROM counted_tip CROSS JOIN LATERAL (VALUES ('tips'), ('tips_' || incident_type)) AS told (figure)
    UNION ALL
    SELECT opened_at, NULL, NULL, tier, told.figure
    FROM lead CROSS JOIN LATERAL (VALUES ('leads'), ('leads_' || state)) AS told (figure) WHERE merged_into IS NULL
    UNION ALL
    SELECT counted_tip.received_at, counted_tip.source, NULL, lead.tier, 'linked_tips'
    FROM counted_tip
        JOIN membership ON membership.tip_id = counted_tip.tip_id
        LEFT JOIN lead ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL
    WHERE EXISTS (
        SELECT FROM membership AS other
        WHERE other.cluster_id = membership.cluster_id AND other.tip_id <> membership.tip_id
    )
    UNION ALL
    SELECT referral.changed_at, NULL, COALESCE(referral.office, ''), lead.tier, told.figure
    FROM referral
        LEFT JOIN lead ON lead.lead_id = referral.lead_id
        CROSS JOIN LATERAL (VALUES ('referrals'), ('referrals_' || referral.state)) AS told (figure)
)
SELECT counted.bucket, $4::text AS agency, counted.figure, count(*)::float8 AS value
FROM (
        SELECT happened.figure, CASE $3::text WHEN 'source' THEN happened.source WHEN 'office' THEN happened.office
            WHEN 'tier' THEN happened.tier
            ELSE to_char(date_trunc($3, happened.at AT TIME ZONE 'UTC'), 'YYYY-MM-DD') END AS bucket
        FROM happened WHERE happened.at >= $1 AND happened.at < $2
    ) AS counted
WHERE counted.bucket IS NOT NULL
GROUP BY counted.bucket, counted.figure"""


async def count_activity(
    connection: Connection, start: datetime, end: datetime, *, by: By, agency: str | None
) -> list[Figure]:
    """Return what an agency's people did, or every agency's: look-ups, notes, hand-offs, lists, alerts."""
    if by == "grade":
        return await _figures(connection, (GRADES,), start, end, by=by, agency=agency)
    return await _figures(connection, (LOOKUPS, DONE), start, end, by=by, agency=agency)


async def count_records(connection: Connection, start: datetime, end: datetime, *, by: By, agency: str) -> list[Figure]:
    """Return what is on record: tips by when they came, leads by when they opened, referrals by their last change."""
    return await _figures(connection, (TIPS_AND_LEADS,), start, end, by=by, agency=agency)


async def _figures(
    connection: Connection, statements: Sequence[str], start: datetime, end: datetime, *, by: By, agency: str | None
) -> list[Figure]:
    rows = [row for sql in statements for row in await connection.fetch(sql, start, end, by, agency)]
    found = [Figure(row["bucket"], row["agency"], row["figure"], row["value"]) for row in rows]
    return sorted(found, key=lambda figure: (figure.bucket, figure.agency, figure.figure))
