"""All SQL of the periodic audit: what a month's report counts, the reports, their signatures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.audit.domain.report import Deeds, Findings, Lookups
from shared.db.pool import Connection, Row

COUNT_TIMEOUT_S = 600.0
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(7300, 2)"
LOCK_SIGNATURES = "SELECT pg_advisory_xact_lock(7300, 3)"
# Looked for each minute, so not by reading all; and what no service sent may bear any time.
SELECT_FIRST = """
SELECT min(oldest.occurred_at)
FROM head
    CROSS JOIN LATERAL (
        SELECT event.occurred_at FROM event
        WHERE event.head_id = head.id AND event.is_verified IS NOT FALSE
        ORDER BY event.occurred_at
        LIMIT 1
    ) AS oldest"""
SELECT_MADE = """
SELECT report.month, count(report_signature.role) AS signature_count
FROM report LEFT JOIN report_signature ON report_signature.report_id = report.report_id
GROUP BY report.month
ORDER BY report.month"""
# Of those that no one did, the attempts of callers who were not known. Each service tells of a session that it sees for
# the first time, and all of that is one login. What no service sent is nobody's deed, nor is what was sent once and is
# there again.
COUNT_DEEDS = """
SELECT told.actor_id, told.type, told.outcome, COALESCE(sum(told.count), count(told.session))::bigint AS count
FROM (
        SELECT event.actor_id, event.type, event.outcome,
            CASE event.subject_kind WHEN 'session' THEN event.subject_id END AS session,
            CASE event.subject_kind WHEN 'session' THEN NULL ELSE count(*) END AS count
        FROM head JOIN event ON event.head_id = head.id
        WHERE event.occurred_at >= $1 AND event.occurred_at < $2
            AND (event.actor_id IS NOT NULL OR event.type = ANY ($3::text[]))
            AND event.is_verified IS NOT FALSE
            AND NOT EXISTS (
                SELECT FROM anomaly
                WHERE anomaly.head_id = event.head_id AND anomaly.index = event.index
                    AND anomaly.kind = 'repeated_number')
        GROUP BY event.actor_id, event.type, event.outcome, event.subject_kind, session
    ) AS told
GROUP BY told.actor_id, told.type, told.outcome
ORDER BY told.actor_id, told.type, told.outcome"""
COUNT_LOOKUPS = """
SELECT lookup.actor_id, lookup.agency, lookup.office, lookup.purpose, count(*) AS count,
    count(*) FILTER (WHERE lookup.match_count > 0) AS matched,
    count(*) FILTER (
        WHERE NOT EXISTS (
            SELECT FROM lookup_reason WHERE lookup_reason.event_id = lookup.event_id AND NOT lookup_reason.is_own)
    ) AS unexplained
FROM lookup
WHERE lookup.occurred_at >= $1 AND lookup.occurred_at < $2
GROUP BY lookup.actor_id, lookup.agency, lookup.office, lookup.purpose
ORDER BY lookup.actor_id, lookup.agency, lookup.office, lookup.purpose"""
# A window ends with the day that was flagged, so that of a month's last day at the next month's beginning.
COUNT_FLAGS = """
SELECT flag.sensor, count(*) AS count FROM flag
WHERE flag.to_at > $1 AND flag.to_at <= $2
GROUP BY flag.sensor
ORDER BY flag.sensor"""
COUNT_ENTRIES = """
SELECT count(*) FROM head JOIN event ON event.head_id = head.id
WHERE event.occurred_at >= $1 AND event.occurred_at < $2"""
COUNT_ANOMALIES = """
SELECT anomaly.kind, count(*) AS count
FROM anomaly
WHERE anomaly.noticed_at >= $1 AND anomaly.noticed_at < $2
GROUP BY anomaly.kind
ORDER BY anomaly.kind"""
COUNT_MISSING = """
SELECT COALESCE(sum(missing_number.last - missing_number.first + 1), 0)::bigint FROM missing_number
WHERE missing_number.noticed_at >= $1 AND missing_number.noticed_at < $2"""
INSERT_REPORT = """
INSERT INTO report (month, report_id, made_at, document, sha256) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT report_once DO NOTHING RETURNING report_id"""
SELECT_REPORTS = """
SELECT report.report_id, report.month, report.made_at, report.sha256, report.document
FROM report
WHERE $1::date IS NULL OR report.month < $1
ORDER BY report.month DESC
LIMIT $2"""
SELECT_REPORT = """
SELECT report.report_id, report.month, report.made_at, report.sha256, report.document
FROM report
WHERE report.report_id = $1"""
SELECT_SIGNATURES = """
SELECT report_id, role, signer, signed_at, remark FROM report_signature
WHERE report_id = ANY ($1::uuid[])
ORDER BY report_id, signed_at"""
INSERT_SIGNATURE = """
INSERT INTO report_signature (report_id, role, signer, signed_at, remark) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING role"""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a report off, in which role."""

    role: str
    signer: str
    signed_at: datetime
    remark: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A month's report; `sha256` is that of the document's UTF-8 bytes."""

    report_id: UUID
    month: date
    made_at: datetime
    sha256: bytes
    document: str
    signatures: Sequence[Signature]


async def try_lock(transaction: Connection) -> bool:
    """Return whether this transaction is the one that makes reports now."""
    taken: bool = await transaction.fetchval(TRY_LOCK)
    return taken


async def lock_signatures(transaction: Connection) -> None:
    """Wait until no other transaction is about to sign."""
    await transaction.execute(LOCK_SIGNATURES)


async def find_first(connection: Connection) -> datetime | None:
    """Return when the oldest event happened, but for those that no service sent."""
    first: datetime | None = await connection.fetchval(SELECT_FIRST, timeout=COUNT_TIMEOUT_S)
    return first


async def list_made(connection: Connection) -> dict[date, int]:
    """Return the months that have a report, and how many signatures each has."""
    return {row["month"]: row["signature_count"] for row in await connection.fetch(SELECT_MADE)}


async def count_findings(
    transaction: Connection, from_at: datetime, to_at: datetime, *, unknown: Collection[str]
) -> Findings:
    """Return what the log says of a time; of events that nobody known did, only those of the types `unknown` count."""
    span = (from_at, to_at)

    async def rows(statement: str, *more: object) -> list[Row]:
        return await transaction.fetch(statement, *span, *more, timeout=COUNT_TIMEOUT_S)

    return Findings(
        entry_count=await transaction.fetchval(COUNT_ENTRIES, *span, timeout=COUNT_TIMEOUT_S),
        deeds=[Deeds(*row.values()) for row in await rows(COUNT_DEEDS, [*unknown])],
        lookups=[Lookups(*row.values()) for row in await rows(COUNT_LOOKUPS)],
        flags=[(row["sensor"], row["count"]) for row in await rows(COUNT_FLAGS)],
        anomalies=[(row["kind"], row["count"]) for row in await rows(COUNT_ANOMALIES)],
        missing_numbers=await transaction.fetchval(COUNT_MISSING, *span),
    )


async def add_report(transaction: Connection, report: Report) -> bool:
    """Add a report, without its signatures; return whether its month had none."""
    columns = (report.month, report.report_id, report.made_at, report.document, report.sha256)
    return await transaction.fetchval(INSERT_REPORT, *columns) is not None


async def list_reports(transaction: Connection, *, before: date | None, limit: int) -> list[Report]:
    """Return the last `limit` reports of months before `before`, newest first."""
    return await _with_signatures(transaction, await transaction.fetch(SELECT_REPORTS, before, limit))


async def find_report(transaction: Connection, report_id: UUID) -> Report | None:
    """Return one report."""
    found = await _with_signatures(transaction, await transaction.fetch(SELECT_REPORT, report_id))
    return found[0] if found else None


async def add_signature(transaction: Connection, report_id: UUID, signature: Signature) -> bool:
    """Add a signature, unless the report has one of this role or this person; return whether it was added."""
    columns = (report_id, signature.role, signature.signer, signature.signed_at, signature.remark)
    return await transaction.fetchval(INSERT_SIGNATURE, *columns) is not None


async def _with_signatures(transaction: Connection, rows: Sequence[Row]) -> list[Report]:
    signatures: dict[UUID, list[Signature]] = {row["report_id"]: [] for row in rows}
    for row in await transaction.fetch(SELECT_SIGNATURES, list(signatures)):
        report_id, *fields = row.values()
        signatures[report_id].append(Signature(*fields))
    return [Report(**dict(row), signatures=signatures[row["report_id"]]) for row in rows]
