"""Problem documents (RFC 9457): one table from our errors to status and type. They reveal nothing but the rule."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.db.pool import TRANSIENT
from shared.errors import (
    CetsError,
    Conflict,
    FieldError,
    Forbidden,
    InProgress,
    NotFound,
    Rejected,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
NAMES: dict[type[CetsError], str] = {
    Unauthenticated: "unauthenticated",
    Forbidden: "forbidden",
    NotFound: "not_found",
    Conflict: "conflict",
    InProgress: "idempotency_in_progress",
    TooManyRequests: "too_many_requests",
    Unavailable: "unavailable",
}
"""What each of our errors is called; a `Rejected` carries its own name."""
STATUS = {
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "idempotency_in_progress": 409,
    "invalid": 422,
    "malformed": 400,
    "not_json": 400,
    "broken_off": 400,
    "too_large": 413,
    "media_refused": 415,
    "unsupported_media_type": 415,
    "too_many_requests": 429,
    "unavailable": 503,
    "failed": 500,
}
HEADERS = {
    "unauthenticated": {"WWW-Authenticate": "Bearer"},
    "idempotency_in_progress": {"Retry-After": str(RETRY_AFTER_S)},
    "too_large": {"Connection": "close"},
    "unavailable": {"Retry-After": str(RETRY_AFTER_S)},
}
TITLES = {
    "unauthenticated": "No valid token",
    "forbidden": "Capability lacking",
    "not_found": "Not found",
    "method_not_allowed": "Method not allowed",
    "conflict": "Conflict",
    "idempotency_in_progress": "Idempotency-Key in use",
    "invalid": "Invalid fields",
    "malformed": "Malformed request",
    "not_json": "Not JSON",
    "broken_off": "Body broken off",
    "too_large": "Too large",
    "media_refused": "Media refused",
    "unsupported_media_type": "Unsupported media type",
    "too_many_requests": "Too many requests",
    "unavailable": "Unavailable",
    "failed": "Failed",
}


class FieldProblem(BaseModel):
    """Where in the request, and what is wrong there."""

    loc: list[str | int]
    msg: str


class ProblemDocument(BaseModel):
    """The body of every answer that is an error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    request_id: UUID


@dataclass(frozen=True, slots=True)
class Problem:
    """What will be answered, before it is written."""

    name: str
    status: int
    detail: str
    errors: Sequence[FieldError] = ()
    headers: dict[str, str] = field(default_factory=dict)
    capability: str | None = None

    def render(self, request_id: UUID) -> Response:
        """Return the answer."""
        document = {
            "type": f"/problems/{self.name}",
            "title": TITLES[self.name],
            "status": self.status,
            "detail": self.detail,
            "errors": [{"loc": list(error.loc), "msg": error.msg} for error in self.errors],
            "request_id": request_id,
        }
        return Response(orjson.dumps(document), self.status, self.headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return what an exception is to the caller; a bug says no more than that it failed."""
    if isinstance(error, RequestValidationError):
        return _of_parameters(error)
    if isinstance(error, HTTPException):
        return _of_framework(error)
    if isinstance(error, asyncpg.DataError):
        # The database's own words may quote the value.
        error = Rejected("a value is out of range")
    if isinstance(error, TRANSIENT):
        error = Unavailable("the service cannot store or read just now; nothing was kept, so try again")
    if not isinstance(error, CetsError):
        return Problem("failed", 500, "the request failed; the operators are told, quote the request id")
    name = error.problem if isinstance(error, Rejected) else NAMES.get(type(error), "failed")
    return Problem(
        name,
        STATUS[name],
        error.detail,
        errors=error.errors if isinstance(error, Rejected) else (),
        headers=_headers(error, name),
        capability=error.capability if isinstance(error, Forbidden) else None,
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of error answers, for a route's documentation."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {status: {"description": "A problem document", "content": content} for status in statuses}


def _headers(error: CetsError, name: str) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_s)}
    return HEADERS.get(name, {})


def _of_parameters(error: RequestValidationError) -> Problem:
    errors = [FieldError(tuple(e["loc"]), str(e["msg"])) for e in error.errors()]
    return Problem("invalid", STATUS["invalid"], "some fields are not valid", errors)


def _of_framework(error: HTTPException) -> Problem:
    if error.status_code == STATUS["method_not_allowed"]:
        allowed = dict(error.headers or {})
        return Problem("method_not_allowed", error.status_code, "this path does not take that method", headers=allowed)
    return Problem("not_found", STATUS["not_found"], "there is nothing here")
