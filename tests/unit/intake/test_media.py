"""Images and videos are found within text, however they are written, and nothing else is taken for one."""

import base64
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.media import is_media, may_hold_media, media_places
from shared.errors import Rejected
from tests.unit.intake.bodies import a_full_tip, a_tip, read

NOISE = random.Random(7).randbytes(200)
MEDIA = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + NOISE,
    "jpeg with a profile": b"\xff\xd8\xff\xe2" + NOISE,
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + NOISE,
    "gif": b"GIF89a" + NOISE,
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + NOISE,
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST" + NOISE,
    "mp4": b"\x00\x00\x00\x18ftypmp42" + NOISE,
    "heic": b"\x00\x00\x00\x24ftypheic" + NOISE,
    "matroska": b"\x1a\x45\xdf\xa3\x01\x00" + NOISE,
}


def spellings(content: bytes) -> dict[str, str]:
    plain = base64.b64encode(content).decode()
    return {
        "plain": plain,
        "URL-safe": base64.urlsafe_b64encode(content).decode(),
        "wrapped": base64.encodebytes(content).decode(),
        "within text": f"see attachment: {plain}, as agreed",
        "glued to a word": f"attachment{plain}",
        "data URI": f"data:image/png;base64,{plain}",
    }


@pytest.mark.parametrize("kind", MEDIA)
@pytest.mark.parametrize("spelling", spellings(b""))
def test_a_narrative_with_media_is_refused_by_name(kind: str, spelling: str) -> None:
    narrative = spellings(MEDIA[kind])[spelling]
    for escaped in (json.dumps, lambda text: json.dumps(text).replace("/", "\\/"), _all_escaped):
        raw = json.dumps(a_tip(incident={"type": "other", "narrative": "@"})).replace('"@"', escaped(narrative))
        with pytest.raises(Rejected) as refused:
            read(raw.encode())
        assert refused.value.problem == "media_refused"
        assert [error.loc for error in refused.value.errors] == [("incident", "narrative")]


def test_media_is_found_in_any_text_of_a_tip() -> None:
    png = spellings(MEDIA["png"])["plain"]
    party = {"role": "subject", "identifiers": [{"type": "url", "value": f"https://x.example/{png}"}]}
    with pytest.raises(Rejected) as refused:
        read(a_tip(parties=[party], related_refs=["ok", png[:190]]))
    places = [error.loc for error in refused.value.errors]
    assert places == [("parties", 0, "identifiers", 0, "value"), ("related_refs", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "data: none",
        "DATA:TEXT/PLAIN,hello",
        "https://x.example/9j/" + "a" * 60,
        base64.b64encode(b"only text, and a lot of it, " * 20).decode(),
        base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt " + NOISE).decode(),
        "R0lGOD is how it begins",
        "iVBORw0KGg" + "!" * 100,
        "89504e470d0a1a0a" * 8,
        "GkXfo" * 30,
        "dark9j ata: ΩΩ",
    ],
)
def test_harmless_text_is_kept(text: str) -> None:
    narrative = read(a_tip(incident={"type": "other", "narrative": text})).content["incident"]["narrative"]
    assert narrative == text


def test_a_full_tip_holds_no_media() -> None:
    assert list(media_places(dict(read(a_full_tip()).content))) == []


@given(st.sampled_from(sorted(MEDIA)), st.sampled_from(sorted(spellings(b""))), st.text(max_size=20))
def test_the_quick_look_never_misses_what_the_close_one_finds(kind: str, spelling: str, before: str) -> None:
    text = before + spellings(MEDIA[kind])[spelling]
    if list(media_places(text)):
        assert may_hold_media(json.dumps(text).encode())
        assert may_hold_media(json.dumps(text, ensure_ascii=False).encode())


@pytest.mark.parametrize("kind", MEDIA)
def test_media_in_place_of_json_is_called_so(kind: str) -> None:
    assert is_media(MEDIA[kind])
    with pytest.raises(Rejected) as refused:
        read(MEDIA[kind])
    assert refused.value.problem == "media_refused"


@given(st.binary(max_size=12))
def test_a_few_bytes_are_no_reason_to_fail(head: bytes) -> None:
    is_media(head)
    is_media(b"\xff\xd8\xff"[: len(head)])


def _all_escaped(text: Any) -> str:
    return '"' + "".join(f"\\u{ord(char):04x}" for char in text) + '"'
