"""The keys that audit's log and its witness sign with: made once, kept as PEM; their public halves are handed on."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from services.audit.domain.note import LOG, WITNESS, SigningKey

LOG_NAME, WITNESS_NAME = "cets.local/audit", "cets.local/witness"
"""An operator changes them in the settings before the first start, to names that nobody else has."""


def keep_log_key(file: Path, public: Path) -> str:
    """Return the public key (vkey) of audit's log; a key that is missing is made, and `public` written."""
    return _keep(file, public, LOG_NAME, LOG)


def keep_witness_key(file: Path, public: Path) -> str:
    """Return the public key (vkey) of the witness, as `keep_log_key`."""
    return _keep(file, public, WITNESS_NAME, WITNESS)


def _keep(file: Path, public: Path, name: str, kind: bytes) -> str:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(file, pem)
    private = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(private, Ed25519PrivateKey)
    vkey = SigningKey(name, private, kind).verifying.vkey()
    _write(public, f"{vkey}\n".encode())
    return vkey


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        kept.write(content)
    draft.replace(file)
