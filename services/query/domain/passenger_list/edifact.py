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
SEGMENTS_MAX = 200_000
"""A hundred for each traveller of the longest list."""
PARTS_MAX = 99
"""Elements of a segment, and components of an element."""
HEAD_BYTES = 256
"""Within so many bytes an interchange says its charset."""

_CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859_1", "UNOD": "iso8859_2", "UNOE": "iso8859_5",
    "UNOF": "iso8859_7", "UNOG": "iso8859_3", "UNOH": "iso8859_4", "UNOI": "iso8859_6", "UNOJ": "iso8859_8",
    "UNOK": "iso8859_9", "UNOW": "utf-8", "UNOX": "iso2022_jp", "UNOY": "utf-8",
}  # fmt: skip
_SYNTAX = re.compile(rb"UNB\s*[^A-Za-z0-9\s]\s*(UNO[A-Z])")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_DECODED = re.compile("[\udc80-\udcff]")
_BLANKS = " \t\r\n"
_RAW_CHARS_MAX = 2 * SEGMENT_CHARS_MAX
"""With the line breaks in it a segment is longer than its content."""


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
    """Yield the segments of one or more interchanges; empty ones are passed over, and so is a word behind the last UNZ.

    Raises:
        Rejected: there are too many segments, or one is cut off, too long, has too many elements, a tag that is none,
            a NUL, or a byte that is none of the charset that the head names; the segment's number is named.
    """
    charset = _charset(raw)
    text = raw.removeprefix(_BYTE_ORDER_MARK).decode(charset, "surrogateescape")
    tag = ""
    for number, (piece, signs, is_ended) in enumerate(_pieces(text), 1):
        # Some systems break lines wherever they are full.
        content = piece.replace("\r", "").replace("\n", "").strip(_BLANKS)
        if number > SEGMENTS_MAX:
            raise refused(number, f"is one more than the {SEGMENTS_MAX} a list may have")
        if not is_ended and tag == "UNZ" and not content.upper().startswith("U"):
            return
        if len(content) > SEGMENT_CHARS_MAX or len(piece) > _RAW_CHARS_MAX:
            raise refused(number, f"is longer than {SEGMENT_CHARS_MAX} characters")
        if not is_ended:
            raise refused(number, "is cut off: nothing ends it")
        if not content.isascii() and _NOT_DECODED.search(content):
            raise refused(number, f"holds a byte that is no character of the charset of the list ({charset})")
        if "\0" in content:
            raise refused(number, "holds a NUL character")
        segment = _segment(number, content, signs)
        tag = segment.tag
        yield segment


def refused(number: int, sentence: str) -> Rejected:
    """Return the refusal of a list because of one of its segments."""
    return Rejected(f"segment {number} {sentence}", errors=[FieldError(("segment", number), sentence)])


def _charset(raw: bytes) -> str:
    named = _SYNTAX.search(raw[:HEAD_BYTES])
    return _CHARSETS.get(named.group(1).decode(), "ascii") if named else "utf-8"


def _pieces(text: str) -> Iterator[tuple[str, _Signs, bool]]:
    """Yield the text of each segment, the signs that it is written with, and whether it is ended.

    One that is not ended in time comes last, and is no longer than needed to tell that it is too long.
    """
    signs, end, declared = _Signs(), -1, 0
    while (start := _skip_empty(text, end + 1, signs)) < len(text):
        if text.startswith("UNA", start):
            signs = _signs(text[start + 3 : start + 9])
            end, declared = start + 8, declared + 1
            if declared > SEGMENTS_MAX:
                raise Rejected("UNA comes too often", errors=[FieldError(("UNA",), f"comes over {SEGMENTS_MAX} times")])
            continue
        end = _end_of(text, start, signs)
        yield text[start : end if end >= 0 else start + _RAW_CHARS_MAX + 1], signs, end >= 0
        if end < 0:
            return


def _skip_empty(text: str, start: int, signs: _Signs) -> int:
    empty = _BLANKS + signs.terminator
    # No regular expression: whoever declares other signs each time would have one compiled each time.
    while start < len(text) and text[start] in empty:
        start += 1
    return start


def _signs(declared: str) -> _Signs:
    if len(declared) < 6 or len({declared[0], declared[1], declared[5]}) < 3 or declared[5].isalnum():
        raise Rejected("UNA must name six signs, and separators that differ", errors=[FieldError(("UNA",), "is wrong")])
    return _Signs(declared[0], declared[1], declared[3], declared[5])


def _end_of(text: str, start: int, signs: _Signs) -> int:
    """Return where the terminator stands that ends the segment beginning at `start`; -1 when it does not come soon.

    One behind an odd number of release characters does not.
    """
    last = start + _RAW_CHARS_MAX + 1
    end = text.find(signs.terminator, start, last)
    if end <= start or text[end - 1] != signs.release or signs.release == " ":
        return end
    # What is released is blotted out, pair by pair from the left; a letter ends no segment.
    blot = "aa" if signs.release != "a" else "bb"
    window = text[start:last].replace(signs.release * 2, blot).replace(signs.release + signs.terminator, blot)
    end = window.find(signs.terminator)
    return start + end if end >= 0 else -1


def _segment(number: int, content: str, signs: _Signs) -> Segment:
    head, *elements = _split(content, signs.element, signs)
    tag = head.strip(_BLANKS).upper()
    if not (2 <= len(tag) <= 3 and tag.isascii() and tag.isalnum()):
        raise refused(number, "does not begin with a tag of three letters")
    if len(elements) > PARTS_MAX:
        raise refused(number, f"has more than {PARTS_MAX} elements")
    composites = [_split(element, signs.component, signs) for element in elements]
    if any(len(composite) > PARTS_MAX for composite in composites):
        raise refused(number, f"has an element of more than {PARTS_MAX} components")
    return Segment(
        number,
        tag,
        tuple(tuple(part and _unreleased(part, signs).strip(_BLANKS) for part in each) for each in composites),
    )


def _split(text: str, separator: str, signs: _Signs) -> list[str]:
    """Split the text at separators that are not released."""
    if signs.release == " " or signs.release not in text:
        return text.split(separator)
    parts: list[str] = []
    held: list[str] = []
    for piece in text.split(separator):
        held.append(piece)
        if (len(piece) - len(piece.rstrip(signs.release))) % 2 == 0:
            parts.append(separator.join(held))
            held = []
    return [*parts, separator.join(held)] if held else parts


def _unreleased(text: str, signs: _Signs) -> str:
    """Return the text without its release characters, but for those that are released themselves."""
    if signs.release == " " or signs.release not in text:
        return text
    first, *others = text.split(signs.release)
    parts, pieces = [first], iter(others)
    for piece in pieces:
        parts.append(piece or signs.release + next(pieces, ""))
    return "".join(parts)
