"""Finding an image, a video, a sound or an archive of them in what is sent: such content is never stored here.

It is found at the beginning of a body, and in any text of a document: as a data URL, as base64 (plain or URL-safe, on
one line or many), or as hexadecimal digits. One table says how each kind of file begins; how that looks in each
spelling follows from it. Not found: what is spelt in any other way, or enciphered; this stands against accidents.

A beginning of 40 bits and more is no accident, so it counts wherever it stands. A shorter one counts where a run of
digits begins, and only of a run longer than 64 bytes: hashes and most tokens are random, and there are many of them.
"""

import json
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any, TypeAlias

import re2

from shared.errors import FieldError, Rejected

Place: TypeAlias = tuple[str | int, ...]

HEAD_BYTES = 32
"""So much of a file shows what it is."""
SURE_BITS = 40
SURE_BYTES_MORE = 6
UNSURE_BYTES_MORE = 63
"""With the three bytes and a half of a beginning, more than the longest hash."""
PLACES_MAX = 100

BEGINNINGS = (
    # Images: PNG, GIF, BMP, Photoshop, DjVu, JPEG 2000 (in a box, and bare), JPEG XL; icons in one colour plane; SVG.
    "89504E47 0D0A1A0A", "47494638 3761", "47494638 3961", "424D???? ????0000 0000???? 0000??00 0000",
    "38425053 00010000", "41542654 464F524D", "0000000C 6A502020", "FF4FFF51 00", "0000000C 4A584C20",
    "00000100 0?00???? ??000100 ??00", "3C737667 20", "3C737667 0A", "3C737667 0D0A",
    # JPEG: JFIF, Exif, XMP, a colour profile, Adobe, a table of numbers; and whatever else may follow its first bytes.
    "FFD8FFE0 ????4A46 494600", "FFD8FFE1 ????4578 69660000", "FFD8FFE1 ????6874 74703A2F", "FFD8FFE2 ????4943 435F",
    "FFD8FFEE ????4164 6F6265", "FFD8FFDB 00430?", "FFD8FFDB 00840?",
    "FFD8FFE?", "FFD8FFC?", "FFD8FFDB", "FFD8FFDD", "FFD8FFFE",
    # TIFF and BigTIFF in both orders of bytes, and the raw formats of cameras that are one.
    "49492A00 08000000", "4D4D002A 00000008", "49492B00 08000000", "4D4D002B 00080000", "49492A00", "4D4D002A",
    # RIFF: WebP, AVI, WAVE. IFF: AIFF, plain and compressed.
    "52494646 ???????? 57454250", "52494646 ???????? 41564920", "52494646 ???????? 57415645",
    "464F524D ???????? 41494646", "464F524D ???????? 41494643",
    # The ISO family (MP4, MOV, 3GP, M4A, HEIC, AVIF); a QuickTime film from before there was `ftyp`.
    "000000?? 66747970", "000000?? 77696465", "00?????? 6D6F6F76", "00?????? 6D646174",
    # Matroska and WebM; Flash video; ASF, which is WMV and WMA; RealMedia; Ogg.
    "1A45DFA3 0100", "1A45DFA3 ??4286", "1A45DFA3", "464C5601 ??000000 09", "3026B275 8E66CF11", "2E524D46 000000",
    "4F676753 0002",
    # MPEG: program streams, bare video, transport streams that begin with one of the usual tables.
    "000001BA 4?", "000001BA 2?", "000001B3 ??????1?", "000001B3 ??????2?", "000001B3 ??????3?",
    "47400010 0000B0", "47400011 0000B0", "4740111? 0042F0",
    # Sound: MP3 with a tag, and one whose first frame holds no sound; AAC, AMR, FLAC.
    "4944330? 00?00000", "FFFA???? 00000000", "FFFB???? 00000000", "FFF2???? 00000000", "FFF3???? 00000000",
    "FFF1??80 ???FFC", "2321414D 52", "664C6143 00000022",
    # Archives, and what may hold anything: ZIP (and office documents), RAR, 7z, gzip, xz, bzip2, zstd, PDF, old Office.
    "504B0304 ??00???? ??00", "504B0304", "52617221 1A07", "377ABCAF 271C", "1F8B080?", "FD377A58 5A00",
    "425A683? 31415926 5359", "28B52FFD", "25504446 2D", "D0CF11E0 A1B11AE1",
)  # fmt: skip
"""How files begin, in hexadecimal digits; a question mark stands for any digit."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LETTER = "[A-Za-z0-9+/_-]"
_LINE_END = r"(?:\s|\\+[nrt]?)*"
"""Between two letters of base64: white space, escaped or not; and the backslash of an escaped slash."""
_BYTE = "[0-9A-Fa-f]{2}"
_SEPARATOR = r"(?:[\s:,-]|\\+[nrtx]?|0x)*"
"""Between two bytes in hexadecimal: what dumps and programs put there."""
_DATA_URL = r"""(?i:data(?:%3a|:)\s*(?:image|video|audio|application)(?:%2f|\\*/)[a-z0-9.+-]+(?:%3b|%2c|[;,])[^\s"])"""


def refuse_media(raw: bytes) -> None:
    """Pass when neither a body as a whole nor, if it is JSON, any text within is a media file.

    Costs three microseconds per kilobyte, and little more when there is something to look at closely.

    Raises:
        Rejected: `media_refused`, naming each field that holds media.
    """
    refuse_media_head(raw[:HEAD_BYTES])
    if _HINT.search(raw) is None:
        return
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        # Whoever reads it will say that it is not JSON.
        return
    if places := find_media(document):
        errors = [FieldError(place, "holds an image, a video, a sound or an archive") for place in places]
        raise Rejected("media is never taken here", errors=errors, problem="media_refused")


def refuse_media_head(head: bytes) -> None:
    """Pass unless a body that begins like this is a media file; raises `Rejected` (`media_refused`) otherwise."""
    if is_media(head):
        raise Rejected("media is never taken here", problem="media_refused")


def is_media(head: bytes) -> bool:
    """Return whether something that begins with these bytes, 32 at best, is a media file or an archive."""
    return _HEAD.search(head) is not None


def find_media(value: Any) -> list[Place]:
    """Return where in a value (as JSON has them) texts hold media: nowhere, or the first hundred places.

    Of a name that holds media, the place is that of its object, so that the name is not repeated.
    """
    found: list[Place] = []
    left: list[tuple[Place, Any]] = [((), value)]
    while left and len(found) < PLACES_MAX:
        place, node = left.pop()
        if isinstance(node, str):
            if holds_media(node):
                found.append(place)
        elif isinstance(node, dict):
            if any(map(holds_media, node)):
                found.append(place)
            else:
                left += [((*place, name), node[name]) for name in reversed(node)]
        elif isinstance(node, list):
            left += [((*place, index), node[index]) for index in reversed(range(len(node)))]
    return found


def holds_media(text: str) -> bool:
    """Return whether a text holds a media file, as a data URL, in base64 or in hexadecimal."""
    return _MEDIA.search(text.encode(errors="surrogatepass")) is not None


def _bits(beginning: str) -> str:
    digits = beginning.replace(" ", "")
    return "".join("????" if digit == "?" else f"{int(digit, 16):04b}" for digit in digits).rstrip("?")


def _parts(beginning: str, size: int) -> list[str]:
    """Return the bits of a beginning, so many at a time."""
    bits = _bits(beginning)
    bits += "?" * (-len(bits) % size)
    return [bits[at : at + size] for at in range(0, len(bits), size)]


@cache
def _fitting(part: str) -> list[int]:
    """Return the numbers whose bits are these, a question mark being either."""
    digits = [("0", "1") if bit == "?" else (bit,) for bit in part]
    return [int("".join(bits), 2) for bits in product(*digits)]


def _in_bytes(beginning: str) -> str:
    parts = map(_fitting, _parts(beginning, 8))
    return "".join("[" + "".join(rf"\x{byte:02x}" for byte in part) + "]" for part in parts)


def _in_base64(beginning: str) -> str:
    spelt = ("".join(_LETTERS[number] for number in _fitting(part)) for part in _parts(beginning, 6))
    return _LINE_END.join("[" + letters.replace("/", "/_").replace("+", r"+\-") + "]" for letters in spelt)


def _in_hexadecimal(beginning: str, separator: str) -> str:
    parts = map(_fitting, _parts(beginning, 8))
    spelt = (_BYTE if len(part) == 256 else _any_of(f"{byte:02x}" for byte in part) for part in parts)
    return f"(?i:{separator.join(spelt)})"


def _any_of(patterns: Iterable[str]) -> str:
    return "(?:" + "|".join(patterns) + ")"


def _patterns() -> tuple[Any, ...]:
    """Return what a file's head looks like, what a JSON text with media has in it, and what a text with media has.

    All are re2's, which reads any text in one pass, at a speed that no text can slow down; byte by byte, whatever those
    are.
    """
    sure = [beginning for beginning in BEGINNINGS if len(_bits(beginning).replace("?", "")) >= SURE_BITS]
    unsure = [beginning for beginning in BEGINNINGS if beginning not in sure]
    base64 = [_any_of(map(_in_base64, beginnings)) for beginnings in (sure, unsure)]
    hexadecimal = [
        _any_of(_in_hexadecimal(beginning, separator) for beginning in beginnings)
        for beginnings, separator in ((sure, _SEPARATOR), (unsure, ""))
    ]
    head = "(?s)^" + _any_of(map(_in_bytes, BEGINNINGS))
    hint = _any_of([_DATA_URL, r"\\u00[0-7]", *base64, *hexadecimal])
    media = _any_of(
        [
            _DATA_URL,
            f"{base64[0]}(?:{_LINE_END}{_LETTER}){{{SURE_BYTES_MORE * 4 // 3}}}",
            f"(?:^|[^A-Za-z0-9+/_-]){base64[1]}(?:{_LINE_END}{_LETTER}){{{UNSURE_BYTES_MORE * 4 // 3}}}",
            f"{hexadecimal[0]}(?:{_SEPARATOR}{_BYTE}){{{SURE_BYTES_MORE}}}",
            rf"(?:^|[^A-Za-z0-9]|[0\\]x){hexadecimal[1]}(?:{_BYTE}){{{UNSURE_BYTES_MORE}}}",
        ]
    )
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return tuple(re2.compile(pattern.encode(), options) for pattern in (head, hint, media))


_HEAD, _HINT, _MEDIA = _patterns()
