"""A witness's answer is read for its own line alone, whatever stands beside it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.note import WITNESS, Checkpoint, SigningKey
from services.audit.domain.witnessing import SIZE_TYPE, Ahead, Refused, read_answer

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS_KEY = SigningKey("cets.example/witness", KEY, WITNESS)
TEXT = Checkpoint("cets.example/log", 3, bytes(32)).text()
NOTE = SigningKey("cets.example/log", KEY).sign(TEXT)
LINE = WITNESS_KEY.cosign(TEXT, at_s=1_700_000_000)


def read(status: int, text: str, content_type: str = "text/plain") -> str:
    return read_answer(status, content_type, text, note=NOTE, key=WITNESS_KEY.verifying)


@pytest.mark.parametrize("beside", ["", "— cets.example/other AAAAAAAA\n", "no line at all\n", "\u2028\n"])
def test_its_line_is_found_among_others(beside: str) -> None:
    assert read(200, f"{beside}{LINE}{beside}") == LINE


@pytest.mark.parametrize("text", ["", "<html></html>\n", LINE.removesuffix("\n"), LINE.replace("witness", "other")])
def test_without_its_line_it_refuses(text: str) -> None:
    with pytest.raises(Refused):
        read(200, text)


def test_the_size_that_it_knows_is_read() -> None:
    with pytest.raises(Ahead) as ahead:
        read(409, "8\n", SIZE_TYPE)
    assert ahead.value.size == 8


@pytest.mark.parametrize("text", ["", "\n", "08\n", "-1\n", "9" * 5_000])
def test_a_size_that_is_none_is_a_refusal(text: str) -> None:
    with pytest.raises(Refused):
        read(409, text, SIZE_TYPE)
