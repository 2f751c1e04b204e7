"""Passenger lists, who of them waits to be looked up, and what was told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.query.domain.manifest import Manifest, Passenger, Progress
from services.query.domain.question import Asked
from services.query.domain.sight import Asker
from services.query.domain.telling import Telling
from services.query.store.lookups import asked_of
from shared.db.pool import Connection, Row
from shared.events.envelope import Actor, Context

INSERT_MANIFEST = """
INSERT INTO manifest (manifest_id, submitted_at, submitted_by, agency, office, flight, departs_at, ends_at,
    passenger_count, remarks, is_filed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)"""
INSERT_PASSENGERS = """
INSERT INTO passenger (manifest_id, place, traveller_ref, kind, asked, remarks)
SELECT $1, row.place, row.traveller_ref, row.kind, row.asked::jsonb, row.remarks::jsonb
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
    WITH ORDINALITY AS row (traveller_ref, kind, asked, remarks, place)
ORDER BY row.place
RETURNING place, passenger_no"""
INSERT_SCREENING = """
INSERT INTO screening (screening_id, manifest_id, requested_at, actor, correlation_id, passengers_left)
VALUES ($1, $2, $3, $4, $5, 0)"""
# Who waits already is looked up once, after both were asked for. The locked rows are not joined: a passenger whom
# another transaction changed meanwhile would be lost from such a join on PostgreSQL 18.0 and 18.1.
LET_WAIT = """
WITH waiting AS (
    UPDATE passenger SET waiting_for = $2
    WHERE passenger_no = ANY (ARRAY(
            SELECT passenger_no FROM passenger
            WHERE manifest_id = $1 AND asked IS NOT NULL AND waiting_for IS NULL
            ORDER BY passenger_no FOR UPDATE
        ))
    RETURNING passenger_no
)
UPDATE screening SET passengers_left = (SELECT count(*) FROM waiting) WHERE screening_id = $2
RETURNING passengers_left"""
SELECT_MANIFEST = """
SELECT manifest.manifest_id, manifest.submitted_at, manifest.submitted_by, manifest.agency, manifest.office,
    manifest.flight, manifest.departs_at, manifest.ends_at, manifest.remarks, manifest.passenger_count,
    (SELECT count(*) FROM passenger
        WHERE passenger.manifest_id = manifest.manifest_id AND passenger.waiting_for IS NOT NULL) AS waiting_count
FROM manifest"""
FIND_MANIFEST = SELECT_MANIFEST + "\nWHERE manifest.manifest_id = $1 AND manifest.agency = $2"
LIST_MANIFESTS = SELECT_MANIFEST + (
    "\nWHERE manifest.agency = $1 AND ($2::uuid IS NULL OR manifest.manifest_id < $2)"
    "\nORDER BY manifest.manifest_id DESC LIMIT $3"
)
LIST_PASSENGERS = """
SELECT place, traveller_ref, kind, asked, remarks, lookup_id FROM passenger
WHERE manifest_id = $1 AND place > $2 ORDER BY place LIMIT $3"""
# A screening that another worker is at is passed over row by row.
TAKE_WAITING = """
WITH first AS MATERIALIZED (
    SELECT waiting_for FROM passenger WHERE waiting_for IS NOT NULL
    ORDER BY waiting_for, passenger_no LIMIT 1 FOR UPDATE SKIP LOCKED
)
SELECT passenger.passenger_no, passenger.manifest_id, passenger.waiting_for, passenger.traveller_ref, passenger.asked,
    passenger.lookup_id, passenger.touched_at
FROM first JOIN passenger ON passenger.waiting_for = first.waiting_for
ORDER BY passenger.passenger_no LIMIT $1 FOR UPDATE OF passenger SKIP LOCKED"""
TAKE_TOUCHED = """
WITH first AS MATERIALIZED (
    SELECT manifest_id FROM passenger WHERE touched_at IS NOT NULL AND waiting_for IS NULL
    ORDER BY passenger_no LIMIT 1 FOR UPDATE SKIP LOCKED
)
SELECT passenger.passenger_no, passenger.manifest_id, passenger.waiting_for, passenger.traveller_ref, passenger.asked,
    passenger.lookup_id, passenger.touched_at
FROM first JOIN passenger ON passenger.manifest_id = first.manifest_id
WHERE passenger.touched_at IS NOT NULL AND passenger.waiting_for IS NULL
ORDER BY passenger.passenger_no LIMIT $1 FOR UPDATE OF passenger SKIP LOCKED"""
SELECT_FLIGHT = (
    "SELECT agency, office, submitted_by, flight, ends_at, passenger_count FROM manifest WHERE manifest_id = $1"
)
SELECT_SCREENING = """
SELECT screening_id, requested_at, actor, correlation_id FROM screening WHERE screening_id = $1"""
SELECT_TOLD = """
SELECT passenger_no, tip_id, grade, relevant, investigation FROM told WHERE passenger_no = ANY($1::bigint[])"""
SELECT_SHOWN = """
SELECT passenger.passenger_no, hit_tip.tip_id
FROM passenger JOIN hit_tip ON hit_tip.lookup_id = passenger.lookup_id
WHERE passenger.passenger_no = ANY($1::bigint[])"""
DELETE_TOLD = "DELETE FROM told WHERE passenger_no = ANY($1::bigint[])"
INSERT_TOLD = """
INSERT INTO told (passenger_no, tip_id, grade, relevant, investigation)
SELECT row.passenger_no, row.tip_id, row.grade, row.relevant, row.investigation
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::boolean[], $5::text[])
    AS row (passenger_no, tip_id, grade, relevant, investigation)"""
SET_LOOKUPS = """
UPDATE passenger SET lookup_id = row.lookup_id
FROM unnest($1::bigint[], $2::uuid[]) AS row (passenger_no, lookup_id)
WHERE passenger.passenger_no = row.passenger_no"""
SET_DONE = "UPDATE passenger SET waiting_for = NULL, touched_at = NULL WHERE passenger_no = ANY($1::bigint[])"
COUNT_DOWN = """
UPDATE screening SET passengers_left = passengers_left - $2 WHERE screening_id = $1 RETURNING passengers_left"""
MEASURE = """
SELECT (SELECT count(*) FROM manifest WHERE is_filed) AS live,
    waiting.count AS waiting, COALESCE(extract(epoch FROM now() - waiting.since), 0)::float8 AS waiting_age_s,
    touched.count AS touched, COALESCE(extract(epoch FROM now() - touched.since), 0)::float8 AS touched_age_s
FROM (
        SELECT count(*) AS count, min(screening.requested_at) AS since
        FROM passenger JOIN screening ON screening.screening_id = passenger.waiting_for
        WHERE passenger.waiting_for IS NOT NULL
    ) AS waiting,
    (SELECT count(*) AS count, min(touched_at) AS since FROM passenger WHERE touched_at IS NOT NULL) AS touched"""


@dataclass(frozen=True, slots=True)
class KeptManifest:
    """A list as it is kept."""

    manifest_id: UUID
    submitted_at: datetime
    submitted_by: str
    flight: str
    departs_at: str
    ends_at: datetime
    remarks: tuple[str, ...]
    progress: Progress


@dataclass(frozen=True, slots=True)
class KeptPassenger:
    """A passenger and the newest answer about them; `place` counts from 1."""

    place: int
    traveller_ref: str
    kind: str
    asked: Asked | None
    remarks: tuple[str, ...]
    lookup_id: UUID | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A passenger who is looked up now, and the answer there was before, if any."""

    passenger_no: int
    manifest_id: UUID
    screening_id: UUID | None
    traveller_ref: str
    asked: Asked
    lookup_id: UUID | None
    touched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Flight:
    """For whom passengers of a list are looked up, and under which reference."""

    submitter: Asker
    flight: str
    ends_at: datetime
    passenger_count: int


@dataclass(frozen=True, slots=True)
class Screening:
    """A wish that all passengers of a list be looked up; `context` is what its events inherit."""

    screening_id: UUID
    requested_at: datetime
    context: Context


@dataclass(frozen=True, slots=True)
class Queue:
    """How much there is to do: lists that are live, and passengers who wait or were touched, with the oldest's age."""

    live: int
    waiting: int
    waiting_age_s: float
    touched: int
    touched_age_s: float


async def add_manifest(
    connection: Connection, manifest_id: UUID, manifest: Manifest, submitter: Asker, *, submitted_at: datetime
) -> list[int]:
    """Keep a list; return the numbers of its passengers, in their order."""
    await connection.execute(
        INSERT_MANIFEST,
        manifest_id,
        submitted_at,
        submitter.id,
        submitter.agency,
        submitter.office,
        manifest.flight,
        manifest.departure.given,
        manifest.departure.ends_at,
        len(manifest.passengers),
        manifest.remarks,
    )
    return await _add_passengers(connection, manifest_id, manifest.passengers)


async def add_screening(connection: Connection, manifest_id: UUID, screening: Screening) -> int:
    """Let all passengers who can be looked up and do not wait yet wait for a screening; return how many."""
    actor = screening.context.actor
    assert actor is not None
    await connection.execute(
        INSERT_SCREENING,
        screening.screening_id,
        manifest_id,
        screening.requested_at,
        actor.model_dump(),
        screening.context.correlation_id,
    )
    return int(await connection.fetchval(LET_WAIT, manifest_id, screening.screening_id))


async def find_manifest(connection: Connection, manifest_id: UUID, *, agency: str) -> KeptManifest | None:
    """Return a list of the agency."""
    row = await connection.fetchrow(FIND_MANIFEST, manifest_id, agency)
    return _manifest(row) if row is not None else None


async def list_manifests(
    connection: Connection, *, agency: str, before: UUID | None, count_max: int
) -> list[KeptManifest]:
    """Return an agency's lists, the newest first, from behind `before`."""
    return [_manifest(row) for row in await connection.fetch(LIST_MANIFESTS, agency, before, count_max)]


async def list_passengers(
    connection: Connection, manifest_id: UUID, *, after: int, count_max: int
) -> list[KeptPassenger]:
    """Return a list's passengers in their order, from behind the place `after`."""
    rows = await connection.fetch(LIST_PASSENGERS, manifest_id, after, count_max)
    return [
        KeptPassenger(
            row["place"],
            row["traveller_ref"],
            row["kind"],
            asked_of(row["asked"]) if row["asked"] else None,
            tuple(row["remarks"]),
            row["lookup_id"],
        )
        for row in rows
    ]


async def take_waiting(transaction: Connection, *, count_max: int) -> list[Waiting]:
    """Lock and return some passengers who wait for one screening, none that another transaction has."""
    return [_waiting(row) for row in await transaction.fetch(TAKE_WAITING, count_max)]


async def take_touched(transaction: Connection, *, count_max: int) -> list[Waiting]:
    """Lock and return some touched passengers of one list, none that another transaction has or that wait anyway."""
    return [_waiting(row) for row in await transaction.fetch(TAKE_TOUCHED, count_max)]


async def get_flight(connection: Connection, manifest_id: UUID) -> Flight:
    """Return for whom a list's passengers are looked up."""
    row = await connection.fetchrow(SELECT_FLIGHT, manifest_id)
    assert row is not None
    submitter = Asker(row["submitted_by"], row["agency"], row["office"])
    return Flight(submitter, row["flight"], row["ends_at"], row["passenger_count"])


async def get_screening(connection: Connection, screening_id: UUID) -> Screening:
    """Return a screening."""
    row = await connection.fetchrow(SELECT_SCREENING, screening_id)
    assert row is not None
    context = Context(Actor.model_validate(row["actor"]), row["correlation_id"])
    return Screening(row["screening_id"], row["requested_at"], context)


async def find_told(connection: Connection, passenger_nos: Sequence[int]) -> dict[int, dict[UUID, Telling]]:
    """Return what was last told of passengers, by tip."""
    told: dict[int, dict[UUID, Telling]] = {number: {} for number in passenger_nos}
    for row in await connection.fetch(SELECT_TOLD, passenger_nos):
        telling = Telling(row["grade"], row["relevant"], row["investigation"])
        told[row["passenger_no"]][row["tip_id"]] = telling
    return told


async def find_shown(connection: Connection, passenger_nos: Sequence[int]) -> dict[int, set[UUID]]:
    """Return the tips that the newest answers about passengers rest on."""
    shown: dict[int, set[UUID]] = {number: set() for number in passenger_nos}
    for row in await connection.fetch(SELECT_SHOWN, passenger_nos):
        shown[row["passenger_no"]].add(row["tip_id"])
    return shown


async def save_told(
    connection: Connection, told: Mapping[int, Mapping[UUID, Telling]], lookup_ids: Mapping[int, UUID]
) -> None:
    """Keep what is told of passengers from now on, and by which look-ups."""
    rows = [(number, tip_id, telling) for number, theirs in told.items() for tip_id, telling in theirs.items()]
    await connection.execute(DELETE_TOLD, list(told))
    await connection.execute(
        INSERT_TOLD,
        [number for number, _, _ in rows],
        [tip_id for _, tip_id, _ in rows],
        [telling.grade for _, _, telling in rows],
        [telling.relevant for _, _, telling in rows],
        [telling.investigation for _, _, telling in rows],
    )
    await connection.execute(SET_LOOKUPS, list(lookup_ids), list(lookup_ids.values()))


async def set_done(connection: Connection, passenger_nos: Sequence[int]) -> None:
    """Say that passengers neither wait nor are touched any more."""
    await connection.execute(SET_DONE, passenger_nos)


async def count_down(connection: Connection, screening_id: UUID, count: int) -> int:
    """Say that so many passengers of a screening are done; return how many are left. Only one ever meets zero."""
    return int(await connection.fetchval(COUNT_DOWN, screening_id, count))


async def measure_queue(connection: Connection) -> Queue:
    """Return how much there is to do."""
    row = await connection.fetchrow(MEASURE)
    assert row is not None
    return Queue(**dict(row))


async def _add_passengers(connection: Connection, manifest_id: UUID, passengers: Sequence[Passenger]) -> list[int]:
    rows = await connection.fetch(
        INSERT_PASSENGERS,
        manifest_id,
        [each.traveller_ref for each in passengers],
        [each.kind for each in passengers],
        [orjson.dumps(asdict(each.asked)).decode() if each.asked else None for each in passengers],
        [orjson.dumps(each.remarks).decode() for each in passengers],
    )
    numbers: dict[int, int] = {row["place"]: row["passenger_no"] for row in rows}
    return [numbers[place] for place in range(1, len(passengers) + 1)]


def _manifest(row: Row) -> KeptManifest:
    total = row["passenger_count"]
    return KeptManifest(
        row["manifest_id"],
        row["submitted_at"],
        row["submitted_by"],
        row["flight"],
        row["departs_at"],
        row["ends_at"],
        tuple(row["remarks"]),
        Progress(total - row["waiting_count"], total),
    )


def _waiting(row: Row) -> Waiting:
    fields: dict[str, Any] = dict(row)
    return Waiting(screening_id=fields.pop("waiting_for"), asked=asked_of(fields.pop("asked")), **fields)
