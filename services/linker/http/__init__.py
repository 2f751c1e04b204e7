"""The linker's HTTP: the table of its routes.

models     what comes in and what is answered
reads      links of a tip, the export of clusters, leads
decisions  judgements, tiers set by hand, held leads released, leads made silent
notices    the inbox of an agency or office
desk       what a route finds in its call
"""

from typing import Any

from services.linker.http.decisions import post_judgement, post_priority, post_release, post_silence, post_withdrawal
from services.linker.http.models import (
    GraphShown,
    JudgementRequest,
    JudgementShown,
    LeadDetail,
    LeadShown,
    LinkShown,
    PriorityRequest,
    PriorityShown,
    ReleaseRequest,
    ReleaseShown,
    SilenceRequest,
    SilenceShown,
    WithdrawalRequest,
)
from services.linker.http.notices import (
    AcknowledgementRequest,
    AcknowledgementShown,
    NoticeShown,
    get_notices,
    post_acknowledgement,
)
from services.linker.http.reads import get_clusters, get_graph, get_lead, get_leads, get_links
from shared.events.linker import (
    JudgementRecordedV1,
    JudgementWithdrawnV1,
    LeadClosedV1,
    LeadMergedV1,
    LeadOpenedV1,
    LeadPrioritisedV1,
    LeadReleasedV1,
    LeadSilencedV1,
    LeadUpdatedV1,
    NoticeAcknowledgedV1,
    NoticeRaisedV1,
    TipClusteredV1,
)
from shared.http import VIEW, Page, Route
from shared.http.body import Body

_NDJSON = {
    "responses": {
        "200": {
            "description": "Each tip once, one JSON object a line: tip_id, source, source_ref, cluster_id",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    }
}


def _optional(body: type[Body]) -> dict[str, Any]:
    content = {"application/json": {"schema": body.model_json_schema()}}
    return {"requestBody": {"required": False, "content": content}}


SETTLED = (TipClusteredV1, LeadOpenedV1, LeadUpdatedV1, LeadMergedV1, LeadClosedV1, NoticeRaisedV1)
"""What may follow from a person's decision at once: clusters, leads and notices are brought in line with it."""
ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/v1/tips/{tip_id}/links", get_links, needs=("link.read",), answers={200: Page[LinkShown]}, records=VIEW
    ),
    Route(
        "GET", "/v1/clusters", get_clusters, needs=("link.export",), answers={200: None}, records=VIEW, openapi=_NDJSON
    ),
    Route(
        "POST",
        "/v1/judgements",
        post_judgement,
        needs=("link.decide",),
        answers={201: JudgementShown},
        records=(JudgementRecordedV1,),
        follows=SETTLED,
        takes=JudgementRequest,
    ),
    Route(
        "POST",
        "/v1/judgements/{judgement_id}/withdrawal",
        post_withdrawal,
        needs=("link.decide",),
        answers={201: JudgementShown},
        records=(JudgementWithdrawnV1,),
        follows=SETTLED,
        openapi=_optional(WithdrawalRequest),
    ),
    Route("GET", "/v1/leads", get_leads, needs=("lead.read",), answers={200: Page[LeadShown]}, records=VIEW),
    Route("GET", "/v1/leads/{lead_id}", get_lead, needs=("lead.read",), answers={200: LeadDetail}, records=VIEW),
    Route("GET", "/v1/leads/{lead_id}/graph", get_graph, needs=("lead.read",), answers={200: GraphShown}, records=VIEW),
    Route(
        "POST",
        "/v1/leads/{lead_id}/priority",
        post_priority,
        needs=("lead.prioritise",),
        answers={201: PriorityShown},
        records=(LeadPrioritisedV1,),
        follows=SETTLED,
        takes=PriorityRequest,
    ),
    Route(
        "POST",
        "/v1/leads/{lead_id}/release",
        post_release,
        needs=("lead.refer",),
        answers={201: ReleaseShown},
        records=(LeadReleasedV1,),
        follows=SETTLED,
        takes=ReleaseRequest,
    ),
    Route(
        "POST",
        "/v1/leads/{lead_id}/silence",
        post_silence,
        needs=("lead.refer",),
        answers={201: SilenceShown},
        records=(LeadSilencedV1,),
        follows=SETTLED,
        takes=SilenceRequest,
    ),
    Route("GET", "/v1/notices", get_notices, needs=("notice.read",), answers={200: Page[NoticeShown]}, records=VIEW),
    Route(
        "POST",
        "/v1/notices/{notice_id}/acknowledgements",
        post_acknowledgement,
        needs=("notice.read",),
        answers={201: AcknowledgementShown},
        records=(NoticeAcknowledgedV1,),
        openapi=_optional(AcknowledgementRequest),
    ),
)
