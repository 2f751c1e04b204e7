"""Alerts: that the answer about a passenger changed, what of it a reader may still see, and who took note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.query.domain.sight import Sight
from services.query.domain.telling import Change, Telling
from shared.db.pool import Connection, Row

# So that numbers grow in the order of commits, and who reads on behind one misses none.
TAKE_TURN = "SELECT pg_advisory_xact_lock(7301, hashtext(current_schema()))"
INSERT_ALERTS = """
INSERT INTO alert (alert_id, raised_at, agency, manifest_id, passenger_no, lookup_id)
SELECT row.alert_id, $2, $3, $4, row.passenger_no, row.lookup_id
FROM unnest($1::uuid[], $5::bigint[], $6::uuid[]) WITH ORDINALITY AS row (alert_id, passenger_no, lookup_id, place)
ORDER BY row.place"""
INSERT_CHANGES = """
INSERT INTO alert_change (alert_id, tip_id, grade_before, relevant_before, investigation_before, grade_after,
    relevant_after, investigation_after)
SELECT row.alert_id, row.tip_id, row.grade_before, row.relevant_before, row.investigation_before, row.grade_after,
    row.relevant_after, row.investigation_after
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::boolean[], $8::text[])
    AS row (alert_id, tip_id, grade_before, relevant_before, investigation_before, grade_after, relevant_after,
        investigation_after)"""
LIST_ALERTS = """
SELECT alert.alert_no, alert.alert_id, alert.raised_at, alert.manifest_id, manifest.flight, manifest.departs_at,
    passenger.traveller_ref, passenger.asked ->> 'name' AS name, alert.lookup_id, shown.grade, shown.changes,
    taken.acknowledged_at, taken.acknowledged_by
FROM alert
    JOIN manifest ON manifest.manifest_id = alert.manifest_id
    JOIN passenger ON passenger.passenger_no = alert.passenger_no
    LEFT JOIN alert_acknowledgement AS taken ON taken.alert_id = alert.alert_id
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(to_jsonb(change) - 'alert_id' ORDER BY change.tip_id) AS changes,
            (array_agg(change.grade_after ORDER BY array_position($9::text[], change.grade_after)))[1] AS grade
        FROM alert_change AS change
            LEFT JOIN membership ON membership.tip_id = change.tip_id
            LEFT JOIN review ON review.tip_id = change.tip_id
        WHERE change.alert_id = alert.alert_id
            AND ($2 OR review.decision IS DISTINCT FROM 'not_actionable')
            AND NOT is_hidden(membership.cluster_id, $3)
    ) AS shown
WHERE alert.agency = $1 AND alert.alert_no > $4
    AND ($5::timestamptz IS NULL OR alert.raised_at >= $5)
    AND ($6::uuid IS NULL OR alert.manifest_id = $6)
    AND ($7::text IS NULL OR shown.grade = $7)
ORDER BY alert.alert_no LIMIT $8"""
LOCK_ALERT = "SELECT manifest_id FROM alert WHERE alert_id = $1 AND agency = $2 FOR UPDATE"
INSERT_ACKNOWLEDGEMENT = """
INSERT INTO alert_acknowledgement (alert_id, acknowledged_at, acknowledged_by, note) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT alert_acknowledgement_pkey DO NOTHING RETURNING alert_id"""

_GRADES = ["confirmed", "probable", "name_only", "contradicted"]


@dataclass(frozen=True, slots=True)
class Alert:
    """That the answer about a passenger changed, what was news, and the look-up that found it."""

    alert_id: UUID
    passenger_no: int
    traveller_ref: str
    lookup_id: UUID
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert as a reader may see it now. `grade` is the best of what matches since; None when nothing does."""

    alert_no: int
    alert_id: UUID
    raised_at: datetime
    manifest_id: UUID
    flight: str
    departs_at: str
    traveller_ref: str
    name: str | None
    lookup_id: UUID
    grade: str | None
    changes: Sequence[Change]
    acknowledged_at: datetime | None
    acknowledged_by: str | None


async def add_alerts(
    transaction: Connection, alerts: Sequence[Alert], *, manifest_id: UUID, agency: str, raised_at: datetime
) -> None:
    """Keep alerts about one list."""
    await transaction.execute(TAKE_TURN)
    await transaction.execute(
        INSERT_ALERTS,
        [alert.alert_id for alert in alerts],
        raised_at,
        agency,
        manifest_id,
        [alert.passenger_no for alert in alerts],
        [alert.lookup_id for alert in alerts],
    )
    changes = [(alert.alert_id, change) for alert in alerts for change in alert.changes]
    await transaction.execute(
        INSERT_CHANGES,
        [alert_id for alert_id, _ in changes],
        [change.tip_id for _, change in changes],
        *_columns([change.before for _, change in changes]),
        *_columns([change.after for _, change in changes]),
    )


async def list_alerts(
    connection: Connection,
    *,
    agency: str,
    sight: Sight,
    after: int,
    since: datetime | None,
    manifest_id: UUID | None,
    grade: str | None,
    count_max: int,
) -> list[ListedAlert]:
    """Return an agency's alerts, the oldest first, from behind the number `after`, with the changes in sight."""
    rows = await connection.fetch(
        LIST_ALERTS,
        agency,
        sight.sees_all,
        sight.office,
        after,
        since,
        manifest_id,
        grade,
        count_max,
        _GRADES,
    )
    return [_listed(row) for row in rows]


async def lock_alert(transaction: Connection, alert_id: UUID, *, agency: str) -> UUID | None:
    """Lock an alert of the agency; return its list's id, or None when there is no such alert."""
    manifest_id: UUID | None = await transaction.fetchval(LOCK_ALERT, alert_id, agency)
    return manifest_id


async def add_acknowledgement(
    transaction: Connection, alert_id: UUID, *, by: str, at: datetime, note: str | None
) -> bool:
    """Keep who took note; return False, keeping nothing, when somebody did before."""
    return await transaction.fetchval(INSERT_ACKNOWLEDGEMENT, alert_id, at, by, note) is not None


def _columns(tellings: Sequence[Telling | None]) -> list[list[Any]]:
    return [
        [getattr(telling, name) if telling else None for telling in tellings]
        for name in ("grade", "relevant", "investigation")
    ]


def _listed(row: Row) -> ListedAlert:
    fields: dict[str, Any] = dict(row)
    changes = [
        Change(UUID(change["tip_id"]), _telling(change, "before"), _telling(change, "after"))
        for change in fields.pop("changes") or ()
    ]
    return ListedAlert(changes=changes, **fields)


def _telling(change: dict[str, Any], side: str) -> Telling | None:
    if change[f"grade_{side}"] is None:
        return None
    return Telling(change[f"grade_{side}"], change[f"relevant_{side}"], change[f"investigation_{side}"])
