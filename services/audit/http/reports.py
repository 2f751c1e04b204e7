"""The periodic audit's reports, and their signatures."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.audit.domain.report import SIGNING_ROLES
from services.audit.handlers.reports import sign_report
from services.audit.store import reports as store
from services.audit.store.reports import Report
from shared.db.pool import Connection
from shared.errors import NotFound
from shared.http import Call, Cursor, Limit, Page, answer, create, cut, hash_of, read_cursor, read_json, wrong_cursor
from shared.http.body import Body
from shared.http.page import PAGE_ITEMS_DEFAULT
from shared.http.types import NotBlank

BODY_BYTES_MAX = 16 * 1024


class SignatureShown(BaseModel):
    """Who signed, in which role."""

    role: str
    signer: str
    signed_at: datetime
    remark: str | None


class ReportItem(BaseModel):
    """A month's report, without what it says."""

    report_id: UUID
    month: date
    """Its first day."""
    made_at: datetime
    sha256: str
    """Of the report as canonical JSON: keys sorted, no spaces, UTF-8."""
    signatures: list[SignatureShown]
    missing: list[str]
    """The roles that have yet to sign."""


class ReportWhole(ReportItem):
    """A month's report."""

    report: dict[str, Any]


class SignatureRequest(Body):
    """A signature, over what was read."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    remark: Annotated[str, Field(max_length=4_000), NotBlank()] | None = None


class SignatureTaken(SignatureShown):
    """A signature, and whether the report has both now."""

    report_id: UUID
    complete: bool


async def get_reports(request: Request, cursor: Cursor = None, limit: Limit = PAGE_ITEMS_DEFAULT) -> Response:
    """List the reports, the newest month first. A month's is made a day after its end; before there is none."""
    call: Call = request.state.call
    before = _month(cursor)
    async with call.transaction() as transaction:
        found = await store.list_reports(transaction, before=before, limit=limit + 1)
        shown, following = cut(found, limit, lambda report: [report.month.isoformat()])
        await call.record_view(transaction, "report", [report.report_id for report in shown])
    return answer(Page[ReportItem](items=[ReportItem(**_fields(report)) for report in shown], cursor=following))


async def get_report(request: Request, report_id: UUID) -> Response:
    """Show a month's report."""
    call: Call = request.state.call
    async with call.transaction() as transaction:
        report = await store.find_report(transaction, report_id)
        if report is None:
            raise NotFound("report")
        await call.record_view(transaction, "report", [report_id])
    return answer(ReportWhole(**_fields(report), report=json.loads(report.document)))


async def post_signature(request: Request, report_id: UUID) -> Response:
    """Sign a report off, in the caller's role."""
    call: Call = request.state.call
    body = await read_json(request, SignatureRequest, bytes_max=BODY_BYTES_MAX)

    async def work(transaction: Connection) -> tuple[int, BaseModel]:
        signature, complete = await sign_report(
            transaction,
            call.principal,
            call.context,
            report_id,
            sha256=body.sha256,
            remark=body.remark,
            outbox=call.edge.outbox,
            clock=call.edge.clock,
        )
        shown = SignatureShown.model_validate(signature, from_attributes=True)
        return 201, SignatureTaken(**shown.model_dump(), report_id=report_id, complete=complete)

    return await create(call, work, request_hash=hash_of(body))


def _month(cursor: str | None) -> date | None:
    key = read_cursor(cursor, length=1)
    if key is None:
        return None
    try:
        return date.fromisoformat(str(key[0]))
    except ValueError as error:
        raise wrong_cursor() from error


def _fields(report: Report) -> dict[str, Any]:
    signed: Sequence[SignatureShown] = [
        SignatureShown.model_validate(each, from_attributes=True) for each in report.signatures
    ]
    return {
        "report_id": report.report_id,
        "month": report.month,
        "made_at": report.made_at,
        "sha256": report.sha256.hex(),
        "signatures": signed,
        "missing": [role for role in SIGNING_ROLES if role not in {each.role for each in signed}],
    }
