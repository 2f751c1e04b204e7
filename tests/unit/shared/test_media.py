"""Media is found in a body and within texts, however it is spelt there, and nothing else is taken for it."""

import base64
import json
import random
import secrets
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.http.media import BEGINNINGS, HEAD_BYTES, find_media, holds_media, is_media, refuse_media

NOISE = random.Random(7).randbytes(200)
FILES = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "jpeg of a camera": b"\xff\xd8\xff\xe1\x1c\x45Exif\x00\x00MM",
    "jpeg with a profile": b"\xff\xd8\xff\xe2\x02\x40ICC_PROFILE\x00",
    "jpeg of another kind": b"\xff\xd8\xff\xed\x00\x2c",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "bmp": b"BM\x36\x84\x03\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x40\x01\x00\x00",
    "icon": b"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">',
    "tiff": b"II*\x00\x08\x00\x00\x00\x0f\x00",
    "tiff, the other order": b"MM\x00*\x00\x00\x00\x08\x00\x0f",
    "tiff whose tables come last": b"II*\x00\xb4\x6a\x01\x00",
    "heic": b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00",
    "avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
    "mp4": b"\x00\x00\x00\x18ftypmp42",
    "mov": b"\x00\x00\x00\x14ftypqt  ",
    "old mov": b"\x00\x03\x5e\x2dmoov\x00\x00\x00\x6cmvhd",
    "matroska": b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x86",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "flv": b"FLV\x01\x05\x00\x00\x00\x09",
    "asf": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
    "mpeg program": b"\x00\x00\x01\xba\x44\x00\x04",
    "mpeg video": b"\x00\x00\x01\xb3\x16\x00\xf0\x15",
    "mpeg transport": b"\x47\x40\x11\x10\x00\x42\xf0\x25",
    "ogg": b"OggS\x00\x02\x00\x00",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x0f\x76",
    "mp3 without a tag": b"\xff\xfb\x90\x64\x00\x00\x00\x00",
    "flac": b"fLaC\x00\x00\x00\x22",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "gzip": b"\x1f\x8b\x08\x00\x6e\x5d\x9f\x68\x00\x03",
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "rar": b"Rar!\x1a\x07\x01\x00",
    "pdf": b"%PDF-1.7\n",
}
UNSURE = {"jpeg of another kind", "tiff whose tables come last", "mpeg program", "mpeg video", "gzip"}
"""Their beginnings are too short to be known in the middle of a run of digits."""


def wrapped(text: str, width: int, end: str = "\n") -> str:
    return end.join(text[at : at + width] for at in range(0, len(text), width))


SPELLINGS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "URL-safe base64": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
    "base64 of a mail": lambda raw: wrapped(base64.b64encode(raw).decode(), 76, "\r\n"),
    "base64 in narrow lines": lambda raw: wrapped(base64.b64encode(raw).decode(), 5),
    "base64 in a program": lambda raw: wrapped(base64.b64encode(raw).decode(), 60, "\\n"),
    "base64 within text": lambda raw: f"see attachment: {base64.b64encode(raw).decode()}, as agreed",
    "a data URL": lambda raw: f"data:image/png;base64,{base64.b64encode(raw).decode()}",
    "a data URL of another name": lambda raw: f"data:;base64,{base64.b64encode(raw).decode()}",
    "hexadecimal": lambda raw: raw.hex(),
    "hexadecimal in capitals": lambda raw: "0x" + raw.hex().upper(),
}
SURE_SPELLINGS: dict[str, Callable[[bytes], str]] = {
    "base64 glued to a word": lambda raw: f"attachment{base64.b64encode(raw).decode()}",
    "hexadecimal in lines": lambda raw: wrapped(raw.hex(), 60),
    "a dump": lambda raw: "00000000: " + raw.hex(" ", 2),
    "bytes with colons": lambda raw: raw.hex(":"),
    "escapes of a program": lambda raw: "".join(f"\\x{byte:02x}" for byte in raw),
    "an array": lambda raw: ", ".join(f"0x{byte:02X}" for byte in raw),
}
WAYS = [(kind, way) for kind in FILES for way in (*SPELLINGS, *(SURE_SPELLINGS if kind not in UNSURE else ()))]


def spelt(kind: str, way: str) -> str:
    return (SPELLINGS | SURE_SPELLINGS)[way](FILES[kind] + NOISE)


def _all_escaped(text: str) -> str:
    digits = text.encode("utf-16-be", "surrogatepass").hex()
    return '"' + "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4)) + '"'


ESCAPES: tuple[Callable[[str], str], ...] = (
    json.dumps,
    lambda text: json.dumps(text).replace("/", "\\/"),
    lambda text: json.dumps(text).replace("+", "\\u002b"),
    _all_escaped,
)


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_media_is_found_in_a_text_and_in_every_json_of_it(kind: str, way: str) -> None:
    text = spelt(kind, way)
    assert holds_media(text)
    for escape in ESCAPES:
        with pytest.raises(Rejected) as refused:
            refuse_media(f'{{"kept": "x", "told": ["", {escape(text)}]}}'.encode())
        assert refused.value.problem == "media_refused"
        assert [error.loc for error in refused.value.errors] == [("told", 1)]


@pytest.mark.parametrize("kind", FILES)
def test_a_file_in_place_of_a_document_is_called_what_it_is(kind: str) -> None:
    raw = FILES[kind] + NOISE
    assert is_media(raw[:HEAD_BYTES])
    with pytest.raises(Rejected) as refused:
        refuse_media(raw)
    assert refused.value.problem == "media_refused"


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_beginning_in_the_table_is_found(beginning: str) -> None:
    digits = beginning.replace(" ", "").replace("?", "5")
    raw = bytes.fromhex(digits + "0" * (len(digits) % 2)) + NOISE
    assert is_media(raw)
    assert holds_media(raw.hex())
    assert holds_media(base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    "text",
    [
        "data:image/svg+xml,%3Csvg",
        "DATA:Video/MP4;base64,AAAA",
        "data%3Aimage%2Fpng%3Bbase64%2CAAAA",
        "see data:application/zip;base64,AAAA",
        # The smallest picture there is, and a head cut off behind its first fields.
        "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        "89504e470d0a1a0a0000000d49484452",
        "ffd8ffe000104a46494600010100000100010000",
        "iVBORw0KGgoAAAANSUhEUgAAAAE=",
    ],
)
def test_a_short_text_with_media_is_found(text: str) -> None:
    assert holds_media(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data: none",
        "DATA:TEXT/PLAIN,hello",
        "metadata:image/png, 3 of them",
        "the type in its data:image/png; size 10",
        "https://x.example/9j/" + "a" * 60,
        "https://x.example//" + "u" * 200,
        "R0lGOD is how it begins, iVBORw0KGgo another",
        "89504e470d0a1a0a is how a PNG begins",
        "iVBORw0KGg" + "!" * 100,
        "GkXfo" * 10,
        "ffd8ffe1" + "5" * 56,
        "ffffffff-0000-0000-ffff-ffffef05ac4a",
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQ" + "C" * 200,
        "dark9j ata: ΩΩ",
        "\ud800 half a pair",
    ],
)
def test_harmless_text_is_passed_over(text: str) -> None:
    assert not holds_media(text)


def prose(chance: random.Random) -> str:
    words = ["the", "account", "Ana", "sent", "a", "https://x.example", "12:30,", "Überall", "R2-D2"]
    return " ".join(chance.choice(words) for _ in range(100))


RANDOM: dict[str, tuple[int, Callable[[random.Random], str]]] = {
    "hashes": (20_000, lambda chance: chance.randbytes(chance.choice([16, 20, 32, 64])).hex()),
    "a list of hashes": (500, lambda chance: ", ".join(chance.randbytes(32).hex() for _ in range(50))),
    "short tokens": (20_000, lambda chance: base64.urlsafe_b64encode(chance.randbytes(32)).decode()),
    "long tokens": (2_000, lambda chance: base64.urlsafe_b64encode(chance.randbytes(1_000)).decode()),
    "base64 of text": (2_000, lambda chance: base64.b64encode(prose(chance).encode()).decode()),
    "hexadecimal of text": (2_000, lambda chance: prose(chance).encode().hex()),
    "text": (2_000, prose),
    "ids": (1_000, lambda chance: " ".join(str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(20))),
    "numbers": (1_000, lambda chance: ", ".join(str(chance.randrange(10**9)) for _ in range(100))),
}


@pytest.mark.parametrize("kind", RANDOM)
def test_what_is_random_is_not_taken_for_media(kind: str) -> None:
    count, make = RANDOM[kind]
    chance = random.Random(secrets.randbits(64))
    assert [text for text in (make(chance) for _ in range(count)) if holds_media(text)] == []


@given(st.sampled_from(WAYS), st.text(max_size=20), st.sampled_from(ESCAPES))
def test_the_quick_look_never_misses_what_the_close_one_finds(
    way: tuple[str, str], before: str, escape: Callable[[str], str]
) -> None:
    text = before + spelt(*way)
    if holds_media(text):
        with pytest.raises(Rejected):
            refuse_media(escape(text).encode())


def test_media_is_found_at_any_depth_and_a_name_that_holds_it_is_not_repeated() -> None:
    png = spelt("png", "base64")
    value: Any = {"a": [{"b": png}, {"c": {png: 1, "d": png}}, 7, None, True], "e": {"f": "ok"}, "g": png}
    assert find_media(value) == [("a", 0, "b"), ("a", 1, "c"), ("g",)]
    assert find_media([png] * 1_000) == [(n,) for n in range(100)]
    assert find_media(png) == [()]


def test_what_is_no_json_is_left_to_its_reader() -> None:
    png = spelt("png", "base64").encode()
    for raw in (b'{"a": "' + png, b"[" * 100_000 + b'"' + png + b'"', b"\xff" + png):
        refuse_media(raw)


@given(st.binary(max_size=40))
def test_no_bytes_are_a_reason_to_fail(raw: bytes) -> None:
    is_media(raw)
    refuse_media(b'{"a": "' + raw + b'"}')
