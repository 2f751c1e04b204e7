"""Finding an image or a video within text: such content is never stored here, not even by accident."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import re2

_HINT = re2.compile(rb"[aA][tT][aA]:|9j|iVBORw0KGg|R0lGOD|UklGR|GkXfo|Z0eX|\\u00")
"""Is in every JSON text in which `media_places` finds something; one pass over it, where `re` would take ten times as
long."""

_DATA_URI = re.compile(r"data:(?:image|video|audio)/", re.IGNORECASE)
_ENCODED = re.compile(
    r"(?:[/_]9j[/_]|iVBORw0KGg|R0lGOD|UklGR|GkXfo|[A-Za-z0-9+/_-]{5}[GWm2]Z0eX[AB])[A-Za-z0-9+/_-]{30,}"
)
"""Base64, plain or URL-safe, of JPEG, PNG, GIF, RIFF, Matroska or an `ftyp` box, and at least 20 bytes after it."""
_URL_SAFE = str.maketrans("-_", "+/")
_JPEG_MARKERS = {bytes([marker]) for marker in (*range(0xE0, 0xF0), 0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xFE)}


def is_media(head: bytes) -> bool:
    """Return whether something that begins with these bytes is an image or a video; 12 bytes tell all kinds."""
    return (
        head.startswith((b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\x1a\x45\xdf\xa3"))
        or (head.startswith(b"\xff\xd8\xff") and head[3:4] in _JPEG_MARKERS)
        or (head.startswith(b"RIFF") and head[8:12] in {b"WEBP", b"AVI "})
        or head[4:8] == b"ftyp"
    )


def may_hold_media(raw: bytes) -> bool:
    """Return whether a JSON text is worth a closer look: false for nearly all, and never false for one with media."""
    return _HINT.search(raw) is not None


def media_places(node: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where in a document a text holds an image or video, as a data URI or as base64."""
    if isinstance(node, str):
        if _holds_media(node):
            yield place
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from media_places(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from media_places(value, (*place, index))


def _holds_media(text: str) -> bool:
    if _DATA_URI.search(text):
        return True
    # 32 characters are 24 bytes: enough for every signature.
    return any(is_media(base64.b64decode(m[0][:32].translate(_URL_SAFE))) for m in _ENCODED.finditer(text))
