"""How what is posted is read: refused when it is not what it must be, and brought into its canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from services.intake.domain.content import Submission, canonical
from services.intake.domain.media import is_media, may_hold_media, media_places
from services.intake.handlers.take import Sources
from services.intake.http.forms import TipForm
from shared.errors import FieldError, Forbidden, Rejected
from shared.http.body import JSON, parse_json, read_bytes, require_media_type
from shared.security import Principal

TIP_BYTES_MAX = 192 * 1024
BINARY = "application/octet-stream"
ERRORS_MAX = 100

Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes use besides the edge."""

    sources: Sources
    chunk_lines: int


async def read_form(request: Request, model: type[Form]) -> tuple[Form, dict[str, Any]]:
    """Return the JSON body as `model`, and as those of its fields that say something.

    Raises:
        Rejected: as `shared.http.body.read_json` does; and `media_refused` for an image or a video within.
    """
    raw = await read_raw(request)
    form = parse(raw, model)
    return form, fields_of(raw, form)


async def read_raw(request: Request) -> bytes:
    """Return the body, declared as JSON and at most 192 KiB; raises `Rejected` for any other."""
    refuse_binary(request)
    require_media_type(request, JSON)
    return await read_bytes(request, bytes_max=TIP_BYTES_MAX)


def read_tip(raw: bytes, principal: Principal, kinds: Mapping[str, str]) -> Submission:
    """Return a tip's JSON text as what its source submits.

    Raises:
        Rejected: as `read_form`; or its source is not registered.
        Forbidden: it is not the caller's to submit in that source's name.
    """
    form = parse(raw, TipForm)
    content, digest = canonical(fields_of(raw, form))
    if principal.source != form.source and (principal.source is not None or not principal.can("tip.enter")):
        raise Forbidden(f"this token may not submit for the source {form.source}", capability="tip.enter")
    kind = kinds.get(form.source)
    if kind is None:
        raise Rejected("some fields are not valid", errors=[FieldError(("source",), "is not a registered source")])
    return Submission(form.source, kind, form.source_ref, content, digest)


def refuse_binary(request: Request) -> None:
    """Pass unless the body is declared as binary, which is never taken."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared == BINARY:
        raise Rejected("binary content is never taken here", problem="media_refused")


def parse(raw: bytes, model: type[Form]) -> Form:
    """Return a JSON text as `model`.

    Raises:
        Rejected: as `shared.http.body.parse_json` does; a media file in place of JSON is named as what it is.
    """
    try:
        return parse_json(raw, model)
    except Rejected as error:
        if error.problem == "not_json" and is_media(raw[:32]):
            raise Rejected("images and videos are never taken here", problem="media_refused") from error
        raise


def fields_of(raw: bytes, form: BaseModel) -> dict[str, Any]:
    """Return the fields of a form that say something, in the order of the form.

    Raises:
        Rejected: `media_refused`, naming each field that holds an image or a video.
    """
    fields = form.model_dump(exclude_defaults=True)
    if may_hold_media(raw) and (places := list(media_places(fields))):
        errors = [FieldError(place, "holds an image or a video") for place in places[:ERRORS_MAX]]
        raise Rejected("images and videos are never taken here", errors=errors, problem="media_refused")
    return fields
