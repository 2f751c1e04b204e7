"""Take passenger lists, show them with what is known of each passenger, and have them looked up again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.query.domain.manifest import LIVE_AFTER_DEPARTURE, Manifest, ManifestState, state_of
from services.query.domain.question import read_question
from services.query.handlers.desk import Desk, asker_of
from services.query.handlers.lookups import show_answers
from services.query.store import manifests, passengers, touched
from services.query.store.manifests import KeptManifest, KeptPassenger, Screening
from shared.db.pool import Connection
from shared.errors import FieldError, NotFound, Rejected
from shared.events.activity import ManifestPersonal, ManifestSubmittedV1, ScreeningRequestedV1
from shared.events.envelope import Context
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Result:
    """A passenger, and the newest answer about them as the reader may see it; None while there is none."""

    passenger: KeptPassenger
    document: dict[str, Any] | None


async def submit_manifest(
    desk: Desk, transaction: Connection, caller: Principal, context: Context, manifest: Manifest
) -> UUID:
    """Keep a list, and let a worker look its passengers up; return its id.

    Raises:
        Rejected: its flight is over, or nobody on it can be looked up.
    """
    now = desk.clock.now()
    if now >= manifest.departure.ends_at:
        hours = LIVE_AFTER_DEPARTURE.total_seconds() / 3600
        fault = FieldError(("departs_at",), f"the flight departed more than {hours:g} hours ago")
        raise Rejected("some fields are not valid", errors=[fault])
    if not any(passenger.asked for passenger in manifest.passengers):
        fault = FieldError(("passengers",), "there is nobody on the list who can be looked for")
        raise Rejected("some fields are not valid", errors=[fault])
    manifest_id = desk.clock.new_id()
    numbers = await manifests.add_manifest(transaction, manifest_id, manifest, asker_of(caller), submitted_at=now)
    filed = [
        (number, read_question(passenger.asked, today=now.date()))
        for number, passenger in zip(numbers, manifest.passengers, strict=True)
        if passenger.asked
    ]
    await passengers.file_passengers(transaction, filed)
    await manifests.add_screening(transaction, manifest_id, Screening(desk.clock.new_id(), now, context))
    payload = ManifestSubmittedV1(
        manifest_id=manifest_id,
        format=manifest.format,
        passenger_count=len(manifest.passengers),
        remark_count=len(manifest.remarks) + sum(len(passenger.remarks) for passenger in manifest.passengers),
        ends_at=manifest.departure.ends_at,
        personal=ManifestPersonal(flight_number=manifest.flight, departs_at=manifest.departure.given),
    )
    await desk.announce(transaction, context, manifest_id, payload)
    await touched.await_projections(transaction)
    return manifest_id


async def screen_again(
    desk: Desk, transaction: Connection, caller: Principal, context: Context, manifest_id: UUID
) -> UUID:
    """Let a worker look all passengers of a list up again, also when its flight is over; return the screening's id.

    Raises:
        NotFound: the caller's agency has no such list.
    """
    await get_manifest(transaction, caller, manifest_id)
    screening_id = desk.clock.new_id()
    await manifests.add_screening(transaction, manifest_id, Screening(screening_id, desk.clock.now(), context))
    payload = ScreeningRequestedV1(manifest_id=manifest_id, screening_id=screening_id)
    await desk.announce(transaction, context, manifest_id, payload)
    return screening_id


async def get_manifest(transaction: Connection, caller: Principal, manifest_id: UUID) -> KeptManifest:
    """Return a list of the caller's agency.

    Raises:
        NotFound: there is no such list.
    """
    found = await manifests.find_manifest(transaction, manifest_id, agency=caller.agency)
    if found is None:
        raise NotFound("there is no such manifest")
    return found


async def list_results(
    desk: Desk, transaction: Connection, caller: Principal, manifest_id: UUID, *, after: int, count_max: int
) -> list[Result]:
    """Return passengers of a list from behind the place `after`, each with what the caller may read of the answer."""
    found = await manifests.list_passengers(transaction, manifest_id, after=after, count_max=count_max)
    lookup_ids = [passenger.lookup_id for passenger in found if passenger.lookup_id]
    shown = await show_answers(desk, transaction, caller, lookup_ids)
    documents: dict[str, dict[str, Any]] = {document["lookup_id"]: document for document in shown}
    return [Result(passenger, documents.get(str(passenger.lookup_id))) for passenger in found]


async def list_manifests(
    transaction: Connection, caller: Principal, *, before: UUID | None, count_max: int
) -> Sequence[KeptManifest]:
    """Return the lists of the caller's agency, the newest first."""
    return await manifests.list_manifests(transaction, agency=caller.agency, before=before, count_max=count_max)


def state_now(desk: Desk, manifest: KeptManifest) -> ManifestState:
    """Return how far a list is at this moment."""
    return state_of(manifest.progress, is_over=desk.clock.now() >= manifest.ends_at)
