"""UN/EDIFACT as it comes: own separators, stray blanks and line breaks, any charset that its head names.

Written for ISO 9735 with what airlines' systems make of it. Every function is linear in the length of its input, and
every segment keeps its number (the first is 1, `UNA` has none) for whoever must say where something is wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import FieldError, Rejected

SEGMENT_CHARS_MAX = 4_096
"""The longest segments of passenger lists have some hundred."""
ELEMENTS_MAX = 99
HEAD_BYTES = 256
"""Within so many bytes an interchange says its charset."""

_CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859_1", "UNOD": "iso8859_2", "UNOE": "iso8859_5",
    "UNOF": "iso8859_7", "UNOG": "iso8859_3", "UNOH": "iso8859_4", "UNOI": "iso8859_6", "UNOJ": "iso8859_8",
    "UNOK": "iso8859_9", "UNOW": "utf-8", "UNOX": "iso2022_jp", "UNOY": "utf-8",
}  # fmt: skip
_SYNTAX = re.compile(rb"UNB\s*[^A-Za-z0-9\s]\s*(UNO[A-Z])")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its tag, and its elements, each a tuple of components; blanks around them are gone."""

    number: int
    tag: str
    elements: tuple[tuple[str, ...], ...]

    def component(self, element: int, component: int = 0) -> str:
        """Return a component, counted from 0 behind the tag; "" when there is none."""
        if element < len(self.elements) and component < len(self.elements[element]):
            return self.elements[element][component]
        return ""

    @property
    def qualifier(self) -> str:
        """What the segment is about: its first component."""
        return self.component(0)


@dataclass(frozen=True, slots=True)
class _Signs:
    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"


def read_segments(raw: bytes) -> Iterator[Segment]:
    """Yield the segments of one or more interchanges, those without a tag left out.

    Raises:
        Rejected: the text is in another charset than its head says, a segment is too long, has too many elements, a tag
            that is none, or is cut off; the segment's number is named.
    """
    text = _decoded(raw).lstrip(_BLANKS)
    signs = _Signs()
    number = 0
    for piece in _pieces(text):
        if isinstance(piece, _Signs):
            signs = piece
            continue
        # Some systems break lines wherever they are full.
        content = piece.replace("\r", "").replace("\n", "").strip(_BLANKS)
        number += 1
        if len(content) > SEGMENT_CHARS_MAX:
            raise refused(number, f"is longer than {SEGMENT_CHARS_MAX} characters")
        yield _segment(number, content, signs)


def refused(number: int, sentence: str) -> Rejected:
    """Return the refusal of a list because of one of its segments."""
    return Rejected(f"segment {number} {sentence}", errors=[FieldError(("segment", number), sentence)])


def _decoded(raw: bytes) -> str:
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    named = _SYNTAX.search(raw[:HEAD_BYTES])
    charset = _CHARSETS.get(named.group(1).decode(), "ascii") if named else "utf-8"
    try:
        return raw.decode(charset)
    except UnicodeDecodeError as error:
        number = raw[: error.start].count(b"'") + (0 if raw.lstrip().startswith(b"UNA") else 1)
        called = f"the charset that UNB names ({charset})" if named else "UTF-8"
        raise refused(max(number, 1), f"holds a byte that is no character of {called}") from None


def _pieces(text: str) -> Iterator[str | _Signs]:
    """Yield the text of each segment, and signs where `UNA` declares them; empty segments are passed over."""
    signs, start, number = _Signs(), 0, 0
    while True:
        start = _skip_empty(text, start, signs)
        if text.startswith("UNA", start):
            signs = _signs(text[start + 3 : start + 9])
            yield signs
            start += 9
            continue
        if start == len(text):
            return
        number += 1
        end = _end_of(text, start, signs)
        if end < 0:
            raise refused(number, "is cut off: nothing ends it")
        yield text[start:end]
        start = end + 1


def _skip_empty(text: str, start: int, signs: _Signs) -> int:
    found = re.compile(f"[{re.escape(_BLANKS + signs.terminator)}]*").match(text, start)
    assert found is not None
    return found.end()


def _signs(declared: str) -> _Signs:
    if len(declared) < 6 or len({declared[0], declared[1], declared[5]}) < 3 or declared[5].isalnum():
        raise Rejected("UNA must name six signs, and separators that differ", errors=[FieldError(("UNA",), "is wrong")])
    return _Signs(declared[0], declared[1], declared[3], declared[5])


def _end_of(text: str, start: int, signs: _Signs) -> int:
    """Return where the terminator stands that ends the segment beginning at `start`; -1 when there is none."""
    end = text.find(signs.terminator, start)
    while end >= 0 and _is_released(text, end, start, signs):
        end = text.find(signs.terminator, end + 1)
    return end


def _is_released(text: str, place: int, start: int, signs: _Signs) -> bool:
    """Return whether an odd number of release characters stands before `place`."""
    if signs.release == " ":
        return False
    first = place
    # What is longer than a segment may be is refused for that anyway.
    while first > max(start, place - SEGMENT_CHARS_MAX) and text[first - 1] == signs.release:
        first -= 1
    return (place - first) % 2 == 1


def _segment(number: int, content: str, signs: _Signs) -> Segment:
    head, *elements = _split(content, signs.element, signs)
    tag = head.strip(_BLANKS).upper()
    if not (2 <= len(tag) <= 3 and tag.isascii() and tag.isalnum()):
        raise refused(number, "does not begin with a tag of three letters")
    if len(elements) > ELEMENTS_MAX:
        raise refused(number, f"has more than {ELEMENTS_MAX} elements")
    return Segment(
        number,
        tag,
        tuple(
            tuple(_unreleased(part, signs).strip(_BLANKS) for part in _split(each, signs.component, signs))
            for each in elements
        ),
    )


def _split(text: str, separator: str, signs: _Signs) -> list[str]:
    """Split the text at separators that are not released."""
    parts: list[str] = []
    held: list[str] = []
    for piece in text.split(separator):
        held.append(piece)
        trailing = len(piece) - len(piece.rstrip(signs.release)) if signs.release != " " else 0
        if trailing % 2 == 0:
            parts.append(separator.join(held))
            held = []
    return [*parts, separator.join(held)] if held else parts


def _unreleased(text: str, signs: _Signs) -> str:
    if signs.release == " " or signs.release not in text:
        return text
    return re.sub(re.escape(signs.release) + "(.?)", r"\1", text, flags=re.DOTALL)
