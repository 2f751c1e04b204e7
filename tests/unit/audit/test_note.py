"""Signed notes in their published form: golden bytes never change, and what is no note is refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.note import (
    WITNESS,
    BadNote,
    Checkpoint,
    SigningKey,
    decode_base64,
    read_checkpoint,
    read_note,
    read_vkey,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_KEY, WITNESS_KEY = SigningKey("cets.example/log", KEY), SigningKey("cets.example/witness", KEY, WITNESS)
CHECKPOINT = Checkpoint("cets.example/log", 3, bytes(32))
TEXT = "cets.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
LOG_LINE = (
    "— cets.example/log TERzcfisPf5n4J4bO5Qo8MKn0hj/7Ag6QAUmiaxXlqiJahMsWkZtR+mNvCSQ2PB/aQOFbZ6HFuhcHSyPekeME4eYqQ8=\n"
)
WITNESS_LINE = (
    "— cets.example/witness "
    "mk9thQAAAABlU/EABeL7zeU5NDqY/uRFUDQTdxGxM8N0BjLV6H75UcK25m81YCpB7jMyCz0Ivj0ATT7NkX4eLNpfAnaovL7O5G/AAA==\n"
)
NOTE = f"{TEXT}\n{LOG_LINE}"


def test_a_checkpoint_is_signed_in_the_bytes_it_always_was() -> None:
    assert CHECKPOINT.text() == TEXT
    assert LOG_KEY.sign(TEXT) == NOTE
    assert WITNESS_KEY.cosign(TEXT, at_s=1_700_000_000) == WITNESS_LINE
    assert LOG_KEY.verifying.vkey() == "cets.example/log+4c447371+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert WITNESS_KEY.verifying.vkey() == "cets.example/witness+9a4f6d85+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def test_what_was_signed_is_read_again() -> None:
    text, lines = read_note(NOTE + WITNESS_LINE)
    assert (text, [name for name, _ in lines]) == (TEXT, ["cets.example/log", "cets.example/witness"])
    assert read_checkpoint(text) == CHECKPOINT
    for key in (LOG_KEY.verifying, WITNESS_KEY.verifying):
        assert read_vkey(key.vkey()) == key
        assert key.has_signed(NOTE + WITNESS_LINE)


def test_the_example_of_the_published_form_is_read() -> None:
    note = (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "— quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    )
    text, [(name, raw)] = read_note(note)
    assert text.endswith("\n\ned è subito sera.\n")
    assert (name, raw[:4].hex()) == ("quasimodo.example/salvatore", "367ba04b")


def test_a_signature_is_of_this_text_by_this_key_under_this_name_and_of_this_kind() -> None:
    key, whole = LOG_KEY.verifying, NOTE + WITNESS_LINE
    assert not key.has_signed(whole.replace("\n3\n", "\n4\n"))
    assert not WITNESS_KEY.verifying.has_signed(whole.replace("\n3\n", "\n4\n"))
    assert not key.under("cets.example/other").has_signed(whole)
    assert not SigningKey("cets.example/log", Ed25519PrivateKey.generate()).verifying.has_signed(whole)
    assert not SigningKey("cets.example/log", KEY, WITNESS).verifying.has_signed(whole)
    later = WITNESS_LINE.replace("AAAABlU/EABeL7", "AAAABlU/EBBeL7")
    assert later != WITNESS_LINE
    assert not WITNESS_KEY.verifying.has_signed(NOTE + later)
    assert not WITNESS_KEY.verifying.has_signed(NOTE + LOG_LINE.replace("example/log", "example/witness"))


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        NOTE.removesuffix("\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("\n3\n", "\n3\r\n"),
        f"{TEXT}\n— a+b AAAAAAAA\n",
        f"{TEXT}\n—  AAAAAAAA\n",
        f"{TEXT}\n— a AAAA\n",
        f"{TEXT}\n— a !!!!\n",
        f"{TEXT}\n{LOG_LINE * 101}",
        "x" * 1_000_001,
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        read_note(note)


@pytest.mark.parametrize(
    "text",
    ["", "log\n", "log\n3\n", "log\n03\nAAAA\n", TEXT.replace("\n3\n", "\n-3\n"), TEXT.replace("AAAA=", "AAAAA"),
     TEXT.replace("\n3\n", f"\n{2**63}\n"), TEXT.removesuffix("\n"), f"{TEXT}\n",
     f"{TEXT}more\n\nlast\n", "\n3\n" + TEXT.split("\n")[2] + "\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_checkpoint(text)


def test_lines_after_the_root_are_let_pass() -> None:
    assert read_checkpoint(f"{TEXT}more\nlast\n") == CHECKPOINT


def test_a_witness_that_signs_for_a_time_beyond_all_times_has_not_signed() -> None:
    assert WITNESS_KEY.verifying.has_signed(NOTE + WITNESS_KEY.cosign(TEXT, at_s=2**63 - 1))
    assert not WITNESS_KEY.verifying.has_signed(NOTE + WITNESS_KEY.cosign(TEXT, at_s=2**63))


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AQ==", LOG_KEY.verifying.vkey().replace("4c44", "4c45"), "é"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_vkey(text)


def test_a_signature_is_written_in_one_way_only() -> None:
    """The last letter before the padding has bits that mean nothing: another one there is another text."""
    assert decode_base64("AA==") == b"\x00"
    for other in ("AB==", "AA=", "AA", "A\u00e9==", "AA==\n"):
        with pytest.raises(BadNote):
            decode_base64(other)


def test_a_note_with_a_wrong_line_of_a_known_key_is_not_signed_by_it_and_lines_of_others_do_not_count() -> None:
    key = LOG_KEY.verifying
    other_text = LOG_KEY.sign(TEXT.replace("3", "4")).rpartition("\n\n")[2]
    assert not key.has_signed(NOTE + other_text)
    assert not key.has_signed(f"{TEXT}\n{other_text}{LOG_LINE}")
    same_name = SigningKey("cets.example/log", Ed25519PrivateKey.generate()).sign("another\n").rpartition("\n\n")[2]
    assert key.has_signed(NOTE + same_name + WITNESS_LINE)
