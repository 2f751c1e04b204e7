"""The HTTP of audit, for auditors: the table of its routes. Looking is itself on record.

anomalies  what is wrong with the log, and where
entries    events on record: the list, an actor's day, who was shown a record
exports    a range of the log with its proof
flags      what sensors flagged, and look-ups with what explains them
proofs     what is signed, and the proof that an event is in it
reports    the periodic audit: a report for each month, and who signed it off
"""

from services.audit.http.anomalies import AnomalyItem, get_anomalies
from services.audit.http.entries import DeedItem, EntryItem, get_entries, get_timeline, get_views
from services.audit.http.exports import ExportRequest, post_export
from services.audit.http.flags import FlagItem, LookupItem, get_flags, get_lookups
from services.audit.http.proofs import CheckpointShown, ProofShown, get_checkpoint, get_proof
from services.audit.http.reports import (
    ReportItem,
    ReportWhole,
    SignatureRequest,
    SignatureTaken,
    get_report,
    get_reports,
    post_signature,
)
from shared.events.audit import AuditExportedV1, ReportSignedV1
from shared.http import VIEW, Page, Route

_NDJSON = {
    "responses": {
        "200": {
            "description": "One line of JSON each, as services/audit/domain/export.py describes",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    }
}
NEEDS = ("audit.read",)
READ_OR_SIGN = ("audit.read", "audit.sign")
ROUTES = (
    Route("GET", "/v1/entries", get_entries, needs=NEEDS, answers={200: Page[EntryItem]}, records=VIEW),
    Route("GET", "/v1/entries/{event_id}/proof", get_proof, needs=NEEDS, answers={200: ProofShown}, records=VIEW),
    Route("GET", "/v1/actors/{actor}/timeline", get_timeline, needs=NEEDS, answers={200: Page[DeedItem]}, records=VIEW),
    Route("GET", "/v1/records/{record_id}/views", get_views, needs=NEEDS, answers={200: Page[DeedItem]}, records=VIEW),
    Route("GET", "/v1/checkpoint", get_checkpoint, needs=NEEDS, answers={200: CheckpointShown}, records=VIEW),
    Route(
        "POST",
        "/v1/exports",
        post_export,
        needs=NEEDS,
        answers={200: None},
        takes=ExportRequest,
        records=(AuditExportedV1,),
        openapi=_NDJSON,
    ),
    Route("GET", "/v1/anomalies", get_anomalies, needs=NEEDS, answers={200: Page[AnomalyItem]}, records=VIEW),
    Route("GET", "/v1/flags", get_flags, needs=NEEDS, answers={200: Page[FlagItem]}, records=VIEW),
    Route("GET", "/v1/lookups", get_lookups, needs=NEEDS, answers={200: Page[LookupItem]}, records=VIEW),
    Route("GET", "/v1/reports", get_reports, needs=READ_OR_SIGN, answers={200: Page[ReportItem]}, records=VIEW),
    Route("GET", "/v1/reports/{report_id}", get_report, needs=READ_OR_SIGN, answers={200: ReportWhole}, records=VIEW),
    Route(
        "POST",
        "/v1/reports/{report_id}/signatures",
        post_signature,
        needs=("audit.sign",),
        answers={201: SignatureTaken},
        takes=SignatureRequest,
        records=(ReportSignedV1,),
    ),
)
