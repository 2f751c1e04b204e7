"""Signed notes: a text, and below it a line for each who signed (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

note        text, an empty line, signature lines; the text ends with a newline
line        "— " name " " base64(key id || signature) newline
key id      the first 4 bytes of SHA-256(name || newline || kind || public key)
kind        01: Ed25519 over the text. 04: a witness's, over "cosignature/v1", the time and the text; its signature
begins with that time, 8 bytes, seconds since 1970
vkey        name "+" key id in hex "+" base64(kind || public key): how public keys are handed on
checkpoint  a text of three lines: origin, size, base64 of the root; lines after these say nothing to us, none is empty
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.audit.domain.merkle import HASH_BYTES

LOG, WITNESS = b"\x01", b"\x04"
KEY_ID_BYTES, TIME_BYTES, KEY_BYTES = 4, 8, 32
NOTE_BYTES_MAX = 1_000_000
LINES_MAX = 100
TIME_MAX_S = 2**63 - 1
_DASH = "\u2014 "


class BadNote(ValueError):
    """The text is not what it should be; the message says in what way."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key under its owner's name; `kind` is `LOG` or `WITNESS`."""

    name: str
    kind: bytes
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a line names the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:KEY_ID_BYTES]

    def vkey(self) -> str:
        """Return the key as it is handed on."""
        return f"{self.name}+{self.id.hex()}+{b64encode(self.kind + self.public).decode()}"

    def under(self, name: str) -> "VerifyingKey":
        """Return the same key under another name: a log of several signs for each under that one's own."""
        return VerifyingKey(name, self.kind, self.public)

    def has_signed(self, note: str) -> bool:
        """Return whether a line of the note is this key's, and every such line is right.

        Raises:
            BadNote: the note cannot be read.
        """
        text, lines = read_note(note)
        own = [raw for name, raw in lines if (name, raw[:KEY_ID_BYTES]) == (self.name, self.id)]
        return bool(own) and all(self._is_right(text, raw) for raw in own)

    def _is_right(self, text: str, raw: bytes) -> bool:
        signature, signed = raw[KEY_ID_BYTES:], text.encode()
        if self.kind == WITNESS:
            at_s, signature = int.from_bytes(signature[:TIME_BYTES], "big"), signature[TIME_BYTES:]
            if at_s > TIME_MAX_S:
                return False
            signed = _cosigned(at_s, text)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under its owner's name."""

    name: str
    private: Ed25519PrivateKey
    kind: bytes = LOG

    @property
    def verifying(self) -> VerifyingKey:
        """The public half."""
        return VerifyingKey(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the text as a note that this key has signed."""
        return f"{text}\n{self._line(self.private.sign(text.encode()))}"

    def cosign(self, text: str, *, at_s: int) -> str:
        """Return the line by which a witness signs the text of a checkpoint at a time, seconds since 1970."""
        return self._line(at_s.to_bytes(TIME_BYTES, "big") + self.private.sign(_cosigned(at_s, text)))

    def _line(self, signature: bytes) -> str:
        return f"{_DASH}{self.name} {b64encode(self.verifying.id + signature).decode()}\n"


def read_vkey(text: str) -> VerifyingKey:
    """Return the key that is written so.

    Raises:
        BadNote: it is no key of these kinds, or its id is another key's.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = decode_base64(encoded)
    key = VerifyingKey(name, raw[:1], raw[1:])
    if not _is_name(name) or key.kind not in (LOG, WITNESS) or len(key.public) != KEY_BYTES:
        raise BadNote("not a public key of a log or a witness")
    if key.id.hex() != key_id:
        raise BadNote("the key's id is not its own")
    return key


def read_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text, and of each line the name, and key id and signature.

    Raises:
        BadNote: it is no note.
    """
    if len(note) > NOTE_BYTES_MAX or any(letter < " " and letter != "\n" for letter in note):
        raise BadNote("too long, or with control characters")
    text, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise BadNote("no empty line before signature lines, or no newline at the end")
    lines = list(_read_lines(signatures))
    if not 1 <= len(lines) <= LINES_MAX:
        raise BadNote(f"not 1 to {LINES_MAX} signature lines")
    return f"{text}\n", lines


def read_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text is.

    Raises:
        BadNote: it is none.
    """
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines):
        raise BadNote("not three lines or more, or an empty one")
    origin, size, root = lines[:3]
    if not is_size(size):
        raise BadNote("no size on the second line")
    raw = decode_base64(root)
    if len(raw) != HASH_BYTES:
        raise BadNote("no root on the third line")
    return Checkpoint(origin, int(size), raw)


def is_size(text: str) -> bool:
    """Return whether a text is a size: decimal, without leading zeros, below 2**63."""
    is_plain = text.isascii() and text.isdecimal() and len(text) <= 19 and (text == "0" or text[0] != "0")
    return is_plain and int(text) < 2**63


def decode_base64(encoded: str) -> bytes:
    """Return the bytes that are written so, in their one way.

    Raises:
        BadNote: it is not base64, or has bits at its end that say nothing.
    """
    try:
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise BadNote("not base64") from error
    if b64encode(raw).decode() != encoded:
        raise BadNote("not base64 in its one way")
    return raw


def _cosigned(at_s: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def _read_lines(signatures: str) -> Iterator[tuple[str, bytes]]:
    for line in signatures.removesuffix("\n").split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = decode_base64(encoded)
        if not line.startswith(_DASH) or not _is_name(name) or len(raw) <= KEY_ID_BYTES:
            raise BadNote("a signature line cannot be read")
        yield name, raw


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)
