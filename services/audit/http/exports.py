"""A range of the log with its proof, for whoever has the public keys: who gets it is on record first."""

from typing import Annotated

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, model_validator

from services.audit.domain.export import head_hash
from services.audit.handlers.exports import Order, prepare_export, write_export
from services.audit.http.entries import ID_PATTERN
from shared.events.audit import AuditExportedPersonal, AuditExportedV1
from shared.http import Call, read_json
from shared.http.body import Body
from shared.http.types import NotBlank, Time

BODY_BYTES_MAX = 16 * 1024
TOPIC_CHARS_MAX = 249
Said = Annotated[str, Field(max_length=500), NotBlank()]


class ExportRequest(Body):
    """What to export: all that happened from a time to before another, of one topic or of all."""

    from_at: Annotated[Time, Field(alias="from")]
    to_at: Annotated[Time, Field(alias="to")]
    topic: Annotated[str, Field(min_length=1, max_length=TOPIC_CHARS_MAX, pattern=ID_PATTERN)] | None = None
    recipient: Said
    """Who gets it."""
    authority: Said
    """The law, order or case it is given out under."""

    @model_validator(mode="after")
    def _is_a_time(self) -> "ExportRequest":
        if self.from_at >= self.to_at:
            raise ValueError("`from` must lie before `to`")
        return self


async def post_export(request: Request) -> Response:
    """Stream an export; the format is described in services/audit/domain/export.py."""
    call: Call = request.state.call
    body = await read_json(request, ExportRequest, bytes_max=BODY_BYTES_MAX)
    order = Order(body.from_at, body.to_at, body.topic, body.recipient, body.authority)
    async with call.transaction() as transaction:
        export = await prepare_export(
            transaction, call.edge.parts, order, request_id=call.request_id, now=call.edge.clock.now()
        )
        payload = AuditExportedV1(
            recipient=order.recipient,
            authority=order.authority,
            from_at=order.from_at,
            to_at=order.to_at,
            topic=order.topic,
            log_count=len(export.ranges),
            entry_count=export.entry_count,
            head_sha256=head_hash(export.head),
            personal=AuditExportedPersonal(recipient=order.recipient, authority=order.authority),
        )
        await call.record(transaction, payload)
    return StreamingResponse(write_export(call.edge.pool, export), media_type="application/x-ndjson")
