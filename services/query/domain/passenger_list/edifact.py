"""UN/EDIFACT: bytes into segments, tolerant of what airlines' systems do, in linear time whatever the bytes are.

Line ends are dropped wherever they stand, since some systems wrap at eighty characters; so are blanks round tags and
values.
A service string (UNA) may stand before each interchange and changes the separators from there on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shared.errors import FieldError, Rejected

SEGMENTS_MAX = 100_000
SEGMENT_CHARS_MAX = 4_096
DEFAULT_SEPARATORS = ":+.? '"
SERVICE_CHARS = 9
CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso-8859-1", "UNOD": "iso-8859-2", "UNOE": "iso-8859-5",
    "UNOF": "iso-8859-7", "UNOG": "iso-8859-3", "UNOH": "iso-8859-4", "UNOI": "iso-8859-6", "UNOJ": "iso-8859-8",
    "UNOK": "iso-8859-9", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
"""The character sets of ISO 9735; what another name stands for is not known."""
_SYNTAX = re.compile(rb"UNB\s*[^A-Za-z0-9\s]\s*(UNO[A-Z])")
_TAG = re.compile(r"[A-Z]{3}")
_BLANK = " \t\r\n\x00\x1a\ufeff"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment by its number in the file, counted from 1; elements begin behind the tag."""

    number: int
    tag: str
    elements: tuple[tuple[str, ...], ...]

    def value(self, element: int, component: int = 0) -> str:
        """Return a component, "" where there is none."""
        if element < len(self.elements) and component < len(self.elements[element]):
            return self.elements[element][component]
        return ""


def looks_like_edifact(raw: bytes) -> bool:
    """Return whether a body begins as an interchange does."""
    return raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:3] in (b"UNA", b"UNB")


def read_segments(raw: bytes) -> Iterator[Segment]:
    """Yield the segments; service strings are none, empty ones are counted and left out.

    What stands behind an interchange and begins no other is yielded as one segment `...`.

    Raises:
        Rejected: naming the segment that is cut off, too long, has no tag, or holds bytes of another character set.
    """
    text = _decode(raw)
    separators, place, number, is_open = DEFAULT_SEPARATORS, 0, 0, False
    end = len(text.rstrip(_BLANK))
    while (place := _skip_blank(text, place, end)) < end:
        if text.startswith("UNA", place):
            separators = _read_separators(text[place + 3 : place + SERVICE_CHARS], number + 1)
            place += SERVICE_CHARS
            continue
        number += 1
        if number > SEGMENTS_MAX:
            raise rejected(number, f"a file has at most {SEGMENTS_MAX} segments")
        found = _segment_pattern(separators).match(text, place, min(end, place + SEGMENT_CHARS_MAX))
        if not is_open and number > 1 and not text.startswith("UNB", place):
            yield Segment(number, "...", ())
            return
        if found is None:
            is_cut = end - place < SEGMENT_CHARS_MAX
            raise rejected(number, "is cut off: it has no end" if is_cut else "is too long")
        place = found.end()
        segment = _split(found[0][:-1], separators, number)
        if segment is not None:
            is_open = segment.tag != "UNZ"
            yield segment


def rejected(number: int, sentence: str) -> Rejected:
    """Return what is to be said of a file with something wrong in this segment."""
    return Rejected("the passenger list cannot be read", errors=[FieldError(("segment", number), sentence)])


def _decode(raw: bytes) -> str:
    found = _SYNTAX.search(raw[:4_096])
    syntax = found[1].decode() if found else "UNOA"
    if syntax not in CHARSETS:
        raise rejected(1, f"the character set {syntax} is not known")
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode(CHARSETS[syntax])
    except UnicodeDecodeError as error:
        ends = raw[SERVICE_CHARS - 1 : SERVICE_CHARS] if raw.startswith(b"UNA") else b"'"
        number = raw[: error.start].count(ends) + 1
        raise rejected(number, f"holds bytes that are not of its character set, {syntax}") from error


def _read_separators(given: str, number: int) -> str:
    used = given[:4] + given[5:]
    if len(given) < len(DEFAULT_SEPARATORS) or len(set(used)) < len(used) or any(c.isalnum() for c in used):
        raise rejected(number, "the service string UNA before it does not name six separators")
    return given


@lru_cache(maxsize=16)
def _segment_pattern(separators: str) -> re.Pattern[str]:
    """Return what a segment with its end looks like. It never looks at a character twice."""
    release, end = re.escape(separators[3]), re.escape(separators[5])
    if separators[3] == " ":
        return re.compile(rf"[^{end}]*+{end}")
    return re.compile(rf"[^{release}{end}]*+(?:{release}.[^{release}{end}]*+)*+{end}", re.DOTALL)


def _skip_blank(text: str, place: int, end: int) -> int:
    while place < end and text[place] in _BLANK:
        place += 1
    return place


def _split(text: str, separators: str, number: int) -> Segment | None:
    text = text.replace("\r", "").replace("\n", "").strip(_BLANK)
    if not text:
        return None
    component, element, release = separators[0], separators[1], separators[3]
    elements = [
        tuple(_unescape(part, release) for part in _cut(whole, component, release))
        for whole in _cut(text, element, release)
    ]
    tag = elements[0][0].upper()
    if not _TAG.fullmatch(tag):
        raise rejected(number, "does not begin with a tag of three letters")
    return Segment(number, tag, tuple(elements[1:]))


def _cut(text: str, separator: str, release: str) -> list[str]:
    """Cut at separators that are not released; what is released stays so."""
    if release == " " or release not in text:
        return text.split(separator)
    parts, start, place = [], 0, 0
    while place < len(text):
        if text[place] == release:
            place += 1
        elif text[place] == separator:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]


def _unescape(text: str, release: str) -> str:
    if release != " " and release in text:
        text = re.sub(f"{re.escape(release)}(.)", r"\1", text)
    return text.strip()
