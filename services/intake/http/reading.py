"""How what is posted is read: refused when it is not what it must be, and brought into its canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from services.intake.domain.content import Submission, canonical
from services.intake.handlers.take import Sources
from services.intake.http.desk import TipDesk
from services.intake.http.forms import TipForm
from shared.errors import FieldError, Forbidden, Rejected
from shared.http.body import JSON, parse_json, read_bytes, require_media_type
from shared.security import Principal

TIP_BYTES_MAX = 192 * 1024

Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes use besides the edge."""

    sources: Sources
    desk: TipDesk
    chunk_lines: int


async def read_form(request: Request, model: type[Form]) -> tuple[Form, dict[str, Any]]:
    """Return the JSON body as `model`, and as those of its fields that say something, in the order of the model.

    Raises:
        Rejected: as `shared.http.body.read_json` does.
    """
    form = parse_json(await read_raw(request), model)
    return form, form.model_dump(exclude_defaults=True)


async def read_raw(request: Request) -> bytes:
    """Return the body, declared as JSON and at most 192 KiB; raises `Rejected` for any other."""
    require_media_type(request, JSON)
    return await read_bytes(request, bytes_max=TIP_BYTES_MAX)


def read_tip(raw: bytes, principal: Principal, kinds: Mapping[str, str]) -> Submission:
    """Return a tip's JSON text as what its source submits.

    Raises:
        Rejected: as `read_form`; or its source is not registered.
        Forbidden: it is not the caller's to submit in that source's name.
    """
    form = parse_json(raw, TipForm)
    content, digest = canonical(form.model_dump(exclude_defaults=True))
    if principal.source != form.source and (principal.source is not None or not principal.can("tip.enter")):
        raise Forbidden(f"this token may not submit for the source {form.source}", capability="tip.enter")
    kind = kinds.get(form.source)
    if kind is None:
        raise Rejected("some fields are not valid", errors=[FieldError(("source",), "is not a registered source")])
    return Submission(form.source, kind, form.source_ref, content, digest)
