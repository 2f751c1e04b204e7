"""The HTTP of query: the table of its routes.

lookups  look-ups: asked, and read again
batches  many look-ups at once
notes    notes on records
desk     what a route finds in its call
"""

from services.query.http.batches import BatchAnswer, BatchRequest, post_batch
from services.query.http.lookups import LookupAnswer, LookupRequest, get_lookup, post_lookup
from services.query.http.notes import NoteRequest, NoteShown, get_notes, post_note
from shared.http import Page, Route
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
        takes=LookupRequest,
        rate=LOOKUP_RATE,
    ),
    Route(
        "POST",
        "/v1/lookups/batch",
        post_batch,
        needs=("lookup",),
        answers={200: BatchAnswer},
        takes=BatchRequest,
        rate=BATCH_RATE,
    ),
    Route("GET", "/v1/lookups/{lookup_id}", get_lookup, needs=("lookup",), answers={200: LookupAnswer}),
    Route(
        "POST",
        "/v1/records/{record_id}/notes",
        post_note,
        needs=("note.add",),
        answers={201: NoteShown},
        takes=NoteRequest,
    ),
    Route("GET", "/v1/records/{record_id}/notes", get_notes, needs=("note.read",), answers={200: Page[NoteShown]}),
)
