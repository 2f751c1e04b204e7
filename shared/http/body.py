"""Reading a request's body: media type, size, characters, form; refused before anything is stored."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import FieldError, Rejected

JSON = "application/json"
MEDIA_PREFIXES = ("multipart/", "image/", "video/", "audio/")


class Body(BaseModel):
    """A request's body: types are taken strictly, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=BaseModel)


async def read_json(request: Request, model: type[Model], *, bytes_max: int) -> Model:
    """Return the request's JSON body as `model`.

    Raises:
        Rejected: problem `media_refused` or `unsupported_media_type` (415), `too_large` (413), `not_json` (400), or
            `invalid` (422), naming each field that is wrong.
    """
    require_media_type(request, JSON)
    return parse_json(await read_bytes(request, bytes_max=bytes_max), model)


def parse_json(raw: bytes, model: type[Model]) -> Model:
    """Return `raw` as `model`; raises `Rejected` as `read_json` does."""
    if b"\\u0000" in raw or b"\x00" in raw:
        raise _with_nul(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        if found[0]["type"] == "json_invalid":
            raise Rejected("the body is not JSON", problem="not_json") from error
        errors = [FieldError(tuple(e["loc"]), e["msg"]) for e in found[:100]]
        raise Rejected("some fields are not valid", errors=errors) from error


def require_media_type(request: Request, expected: str) -> None:
    """Pass when the body is declared as `expected`, uncompressed; media is never taken."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared.startswith(MEDIA_PREFIXES):
        raise Rejected("images, video, audio and forms with files are never taken here", problem="media_refused")
    if declared != expected:
        raise Rejected(f"the body must be {expected}", problem="unsupported_media_type")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected("the body must not be compressed", problem="unsupported_media_type")


async def read_bytes(request: Request, *, bytes_max: int) -> bytes:
    """Return the whole body, giving up as soon as it is known to be larger than `bytes_max`."""
    return b"".join([chunk async for chunk in read_chunks(request, bytes_max=bytes_max)])


async def read_chunks(request: Request, *, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; raises `Rejected` (`too_large`) once more than `bytes_max` came."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise _too_large(bytes_max)
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > bytes_max:
            raise _too_large(bytes_max)
        yield chunk


def _too_large(bytes_max: int) -> Rejected:
    return Rejected(f"the body may have at most {bytes_max} bytes", problem="too_large")


def _with_nul(raw: bytes) -> Rejected:
    """Name the field with the NUL: the slow way, walked for refused bodies only."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Rejected("the body is not JSON", problem="not_json")
    places = [FieldError(place, "must not hold a NUL character") for place in _nul_places(document, ())]
    if not places:
        # The six characters of the escape stand in the text behind a backslash of their own; a rare and odd value.
        places = [FieldError((), "must not hold the text \\u0000")]
    return Rejected("some fields are not valid", errors=places[:100])


def _nul_places(node: Any, place: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    if isinstance(node, str):
        return [place] if "\x00" in node else []
    children: list[tuple[str | int, Any]] = []
    if isinstance(node, dict):
        children = list(node.items())
    elif isinstance(node, list):
        children = list(enumerate(node))
    found = [(*place, key) for key, _ in children if isinstance(key, str) and "\x00" in key]
    return found + [inner for key, child in children for inner in _nul_places(child, (*place, key))]
