"""The HTTP of audit, for auditors: the table of its routes. Looking is itself on record.

entries  events on record: the list, an actor's day, who was shown a record
proofs   what is signed, and the proof that an event is in it
"""

from services.audit.http.entries import DeedItem, EntryItem, get_entries, get_timeline, get_views
from services.audit.http.proofs import CheckpointShown, ProofShown, get_checkpoint, get_proof
from shared.http import VIEW, Page, Route

NEEDS = ("audit.read",)
ROUTES = (
    Route("GET", "/v1/entries", get_entries, needs=NEEDS, answers={200: Page[EntryItem]}, records=VIEW),
    Route("GET", "/v1/entries/{event_id}/proof", get_proof, needs=NEEDS, answers={200: ProofShown}, records=VIEW),
    Route("GET", "/v1/actors/{actor}/timeline", get_timeline, needs=NEEDS, answers={200: Page[DeedItem]}, records=VIEW),
    Route("GET", "/v1/records/{record_id}/views", get_views, needs=NEEDS, answers={200: Page[DeedItem]}, records=VIEW),
    Route("GET", "/v1/checkpoint", get_checkpoint, needs=NEEDS, answers={200: CheckpointShown}, records=VIEW),
)
