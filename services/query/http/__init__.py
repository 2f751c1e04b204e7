"""The HTTP of query: the table of its routes.

lookups  look-ups: asked, and read again
batches  many look-ups at once
manifests  passenger lists
alerts   alerts about their passengers
notes    notes on records
handoffs  answers handed over into risk assessments
statistics  figures over time
desk     what a route finds in its call
"""

from services.query.http.alerts import (
    AlertAcknowledged,
    AlertAcknowledgementRequest,
    AlertShown,
    get_alerts,
    post_alert_acknowledgement,
)
from services.query.http.batches import BatchAnswer, BatchRequest, post_batch
from services.query.http.handoffs import (
    FollowUpRequest,
    HandoffRequest,
    HandoffShown,
    get_handoff_shown,
    get_handoffs,
    post_follow_up,
    post_handoff,
)
from services.query.http.lookups import LookupAnswer, LookupRequest, get_lookup, post_lookup
from services.query.http.manifests import (
    OTHER_LISTS,
    ManifestForm,
    ManifestShown,
    ManifestTaken,
    ManifestWhole,
    ScreeningTaken,
    get_manifest_results,
    get_manifests,
    post_manifest,
    post_screening,
)
from services.query.http.notes import NoteRequest, NoteShown, get_notes, post_note
from services.query.http.statistics import StatisticsShown, get_statistics
from shared.events.activity import (
    AlertAcknowledgedV1,
    HandoffFollowedUpV1,
    HandoffRecordedV1,
    LookupAnsweredV1,
    ManifestSubmittedV1,
    NoteAddedV1,
    ScreeningRequestedV1,
)
from shared.http import VIEW, Page, Route
from shared.http.route import Rate

LOOKUP_RATE = Rate(per_s=100, burst=1_000)
BATCH_RATE = Rate(per_s=5, burst=50)
"""A batch is worth at least twenty look-ups: it costs as much as several hundred when it is full, and its size is not
known before its body is read, which the guard stands before."""

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/lookups",
        post_lookup,
        needs=("lookup",),
        answers={200: LookupAnswer},
        records=(LookupAnsweredV1,),
        takes=LookupRequest,
        rate=LOOKUP_RATE,
    ),
    Route(
        "POST",
        "/v1/lookups/batch",
        post_batch,
        needs=("lookup",),
        answers={200: BatchAnswer},
        records=(LookupAnsweredV1,),
        takes=BatchRequest,
        rate=BATCH_RATE,
    ),
    Route("GET", "/v1/lookups/{lookup_id}", get_lookup, needs=("lookup",), answers={200: LookupAnswer}, records=VIEW),
    Route(
        "POST",
        "/v1/records/{record_id}/notes",
        post_note,
        needs=("note.add",),
        answers={201: NoteShown},
        records=(NoteAddedV1,),
        takes=NoteRequest,
    ),
    Route(
        "GET",
        "/v1/records/{record_id}/notes",
        get_notes,
        needs=("note.read",),
        answers={200: Page[NoteShown]},
        records=VIEW,
    ),
    Route(
        "POST",
        "/v1/manifests",
        post_manifest,
        needs=("manifest.submit",),
        answers={202: ManifestTaken},
        records=(ManifestSubmittedV1,),
        takes=ManifestForm,
        rate=BATCH_RATE,
        openapi={"requestBody": {"content": OTHER_LISTS}},
    ),
    Route(
        "GET",
        "/v1/manifests",
        get_manifests,
        needs=("manifest.submit",),
        answers={200: Page[ManifestShown]},
        records=VIEW,
    ),
    Route(
        "GET",
        "/v1/manifests/{manifest_id}",
        get_manifest_results,
        needs=("manifest.submit",),
        answers={200: ManifestWhole},
        records=VIEW,
    ),
    Route(
        "POST",
        "/v1/manifests/{manifest_id}/screenings",
        post_screening,
        needs=("manifest.submit",),
        answers={202: ScreeningTaken},
        records=(ScreeningRequestedV1,),
        rate=BATCH_RATE,
    ),
    Route("GET", "/v1/alerts", get_alerts, needs=("alert.read",), answers={200: Page[AlertShown]}, records=VIEW),
    Route(
        "POST",
        "/v1/alerts/{alert_id}/acknowledgements",
        post_alert_acknowledgement,
        needs=("alert.read",),
        answers={201: AlertAcknowledged},
        records=(AlertAcknowledgedV1,),
        takes=AlertAcknowledgementRequest,
    ),
    Route(
        "POST",
        "/v1/lookups/{lookup_id}/handoffs",
        post_handoff,
        needs=("lookup",),
        answers={201: HandoffShown},
        records=(HandoffRecordedV1,),
        takes=HandoffRequest,
    ),
    Route("GET", "/v1/handoffs", get_handoffs, needs=("lookup",), answers={200: Page[HandoffShown]}, records=VIEW),
    Route(
        "GET",
        "/v1/handoffs/{handoff_id}",
        get_handoff_shown,
        needs=("lookup",),
        answers={200: HandoffShown},
        records=VIEW,
    ),
    Route(
        "POST",
        "/v1/handoffs/{handoff_id}/follow_ups",
        post_follow_up,
        needs=("lookup",),
        answers={201: HandoffShown},
        records=(HandoffFollowedUpV1,),
        takes=FollowUpRequest,
    ),
    Route(
        "GET",
        "/v1/statistics",
        get_statistics,
        needs=("statistics.read",),
        answers={200: StatisticsShown},
        records=VIEW,
        openapi={
            "responses": {
                "200": {
                    "description": "As `format` says",
                    "content": {"text/csv": {"schema": {"type": "string"}}},
                }
            }
        },
    ),
)
