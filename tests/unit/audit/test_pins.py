"""What was kept elsewhere: notes, or an answer of `GET /v1/checkpoint`, whose newest may lack a witness's line."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.merkle import Frontier
from services.audit.domain.note import WITNESS, BadNote, SigningKey, read_note
from services.audit.domain.signer import Signer
from services.audit.verifier.signed import NotSigned, read_pins

NAME = "cets.example/audit"
SIGNER = Signer(NAME, Ed25519PrivateKey.generate())
KEY = SigningKey(NAME, SIGNER.key).verifying
COSIGNER = SigningKey("cets.example/witness", Ed25519PrivateKey.generate(), WITNESS)
TREES = {"intake.tips": Frontier().extend([b"a" * 32]), "linker.leads": Frontier().extend([b"b" * 32, b"c" * 32])}


def note_of(topic: str, *, by: SigningKey | None = COSIGNER) -> str:
    note = SIGNER.sign_log(topic, 0, TREES[topic])
    return note + (by.cosign(read_note(note)[0], at_s=1_800_000_000) if by else "")


def an_answer(*notes: str) -> str:
    whole = SIGNER.sign_all([(topic, 0, tree) for topic, tree in TREES.items()])
    return json.dumps({"note": whole, "logs": [{"note": note} for note in notes]})


def places(text: str) -> list[tuple[str, int]]:
    return sorted((pin.topic, pin.size) for pin in read_pins(text, "a file", KEY, COSIGNER.verifying))


def test_a_log_too_fresh_for_the_witness_is_pinned_by_the_checkpoint_of_all() -> None:
    answer = an_answer(note_of("intake.tips"), note_of("linker.leads", by=None))
    assert places(answer) == [("intake.tips", 1), ("intake.tips", 1), ("linker.leads", 2)]


def test_a_line_that_is_not_the_witnesss_is_refused_there_too() -> None:
    forger = SigningKey(COSIGNER.verifying.name, Ed25519PrivateKey.generate(), WITNESS)
    with pytest.raises(NotSigned):
        places(an_answer(note_of("intake.tips", by=forger)))


def test_a_note_by_itself_must_have_the_line() -> None:
    assert places(note_of("intake.tips")) == [("intake.tips", 1)]
    with pytest.raises(NotSigned):
        places(note_of("intake.tips", by=None))


@pytest.mark.parametrize("text", ["", "{}", '{"note": 1, "logs": []}', '{"note": "x", "logs": {}}', "{" * 100_000])
def test_what_holds_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        places(text)
