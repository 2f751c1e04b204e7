"""Reading a request's body: media type, size, characters, form; refused before anything is stored."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect

from shared.errors import FieldError, Rejected
from shared.http.media import HEAD_BYTES, refuse_media, refuse_media_head

JSON = "application/json"
CHARSET = "utf-8"
ERRORS_MAX = 100
NOT_JSON = "the body is not JSON, or is nested too deeply"
MEDIA_PREFIXES = ("multipart/", "image/", "video/", "audio/", "application/octet-stream")


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


async def read_optional_json(request: Request, model: type[Model], *, bytes_max: int) -> Model:
    """Return the request's JSON body as `model`, an empty object where there is none; raises as `read_json` does."""
    raw = await read_bytes(request, bytes_max=bytes_max)
    if raw:
        require_media_type(request, JSON)
    return parse_json(raw or b"{}", model)


def parse_json(raw: bytes, model: type[Model]) -> Model:
    """Return `raw` as `model`; raises `Rejected` as `read_json` does."""
    refuse_media(raw)
    if b"\\u0000" in raw and (places := _bad_places(raw, _has_nul)):
        raise _not_storable(places, "must not hold a NUL character")
    try:
        found = model.model_validate_json(raw)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        if faults[0]["type"] == "json_invalid" or not _is_json(raw):
            if places := _bad_places(raw, _is_torn):
                raise _not_storable(places, "must not hold half of a surrogate pair") from error
            raise Rejected(NOT_JSON, problem="not_json") from error
        errors = [FieldError(tuple(e["loc"]), e["msg"].removeprefix("Value error, ")) for e in faults[:ERRORS_MAX]]
        raise Rejected("some fields are not valid", errors=errors) from error
    if places := _repeated_places(raw):
        raise _not_storable(places, "must stand only once in its object: of two, one would be lost")
    return found


def require_media_type(request: Request, *expected: str, names_charset: bool = False) -> str:
    """Return the type that the body is declared as, when that is expected; media is never taken.

    The body must be uncompressed and in UTF-8, unless its content `names_charset` itself.
    """
    declared, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    if declared.startswith(MEDIA_PREFIXES):
        raise Rejected("media, forms with files and other binary content are never taken here", problem="media_refused")
    if declared not in expected:
        raise Rejected(f"the body must be {' or '.join(expected)}", problem="unsupported_media_type")
    pairs = (parameter.partition("=") for parameter in parameters)
    if not names_charset and any(
        name.strip() == "charset" and value.strip(' "') != CHARSET for name, _, value in pairs
    ):
        raise Rejected("the body must be in UTF-8", problem="unsupported_media_type")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Rejected("the body must not be compressed", problem="unsupported_media_type")
    return declared


async def read_bytes(request: Request, *, bytes_max: int) -> bytes:
    """Return the whole body, giving up as soon as it is known to be larger than `bytes_max`."""
    return b"".join([chunk async for chunk in read_chunks(request, bytes_max=bytes_max)])


async def read_chunks(request: Request, *, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    Raises:
        Rejected: `too_large` once more than `bytes_max` came, `media_refused` once it is seen to begin as a media file.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > bytes_max:
        raise _too_large(bytes_max)
    size_bytes, head = 0, b""
    try:
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes > bytes_max:
                raise _too_large(bytes_max)
            if len(head) < HEAD_BYTES:
                head += chunk[:HEAD_BYTES]
                refuse_media_head(head)
            yield chunk
    except ClientDisconnect as error:
        raise Rejected("the body broke off", problem="broken_off") from error


def _too_large(bytes_max: int) -> Rejected:
    return Rejected(f"the body may have at most {bytes_max} bytes", problem="too_large")


def _bad_places(raw: bytes, is_bad: Callable[[str], bool]) -> list[tuple[str | int, ...]]:
    """Return where texts stand that cannot be kept: the slow way, walked for suspicious bodies only."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    return list(islice(_places(document, is_bad), ERRORS_MAX))


def _is_json(raw: bytes) -> bool:
    """Return whether it is JSON by the letter: pydantic reads `NaN` and the infinities, which JSON has not."""
    try:
        json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _repeated_places(raw: bytes) -> list[tuple[str | int, ...]]:
    """Return where names stand that their object has more than once; pydantic keeps the last of them.

    Raises:
        Rejected: it is not JSON by the letter, though pydantic reads it.
    """
    repeated: dict[int, tuple[dict[str, Any], set[str]]] = {}

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated[id(found)] = found, {name for name, count in counts.items() if count > 1}
        return found

    try:
        document = json.loads(raw, object_pairs_hook=read_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Rejected(NOT_JSON, problem="not_json") from error
    if not repeated:
        return []
    places = (
        (*place, name)
        for place, node in _nodes(document)
        if id(node) in repeated
        for name in sorted(repeated[id(node)][1])
    )
    return list(islice(places, ERRORS_MAX))


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _not_storable(places: Sequence[tuple[str | int, ...]], sentence: str) -> Rejected:
    return Rejected("some fields are not valid", errors=[FieldError(place, sentence) for place in places])


def _places(document: Any, is_bad: Callable[[str], bool]) -> Iterator[tuple[str | int, ...]]:
    """Yield where bad texts stand; of a bad name, only what holds it can be told."""
    for place, node in _nodes(document, is_bad):
        if (isinstance(node, str) and is_bad(node)) or (isinstance(node, dict) and any(map(is_bad, node))):
            yield place


def _nodes(
    document: Any, is_bad: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield all parts of a document with their places, without recursion; none that stands under a bad name."""
    left: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while left:
        place, node = left.pop()
        yield place, node
        if isinstance(node, dict):
            left += [((*place, name), value) for name, value in node.items() if not is_bad(name)]
        elif isinstance(node, list):
            left += [((*place, index), value) for index, value in enumerate(node)]


def _has_nul(text: str) -> bool:
    return "\x00" in text


def _is_torn(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
