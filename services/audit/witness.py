"""A witness of audit's logs, `python -m services.audit.witness`: a process with a key and a storage of its own.

It signs a log's checkpoint only when that continues the last one it signed of this log (C2SP tlog-witness), so that
whoever holds its line knows that nothing was taken back or told to others in another way. It knows of a log nothing but
its newest checkpoint, and needs neither database nor Kafka. Run it where audit's administrators have no say.
"""

import sqlite3
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.audit.domain.merkle import HASH_BYTES, Frontier
from services.audit.domain.note import (
    LOG,
    WITNESS,
    BadNote,
    Checkpoint,
    SigningKey,
    VerifyingKey,
    is_size,
    read_checkpoint,
    read_note,
    read_vkey,
)
from services.audit.domain.proof import PROOF_MAX, verify_consistency
from services.audit.domain.witnessing import SIZE_TYPE
from shared.logging import configure_logging
from shared.settings import load_settings

REQUEST_BYTES_MAX = 64 * 1024
LOCK_TIMEOUT_S = 5.0
EMPTY_ROOT = Frontier().root()
CREATE = """
CREATE TABLE IF NOT EXISTS witnessed (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
) STRICT, WITHOUT ROWID"""
SELECT = "SELECT size, root, note FROM witnessed WHERE origin = ?"
KEEP = """
INSERT INTO witnessed (origin, size, root, note) VALUES (?, ?, ?, ?)
ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note"""

log = structlog.get_logger()


class WitnessSettings(BaseSettings):
    """Of the witness alone; each is an environment variable with the prefix `WITNESS_`."""

    model_config = SettingsConfigDict(env_prefix="WITNESS_", extra="ignore", frozen=True)

    name: str = Field(default="cets.local/witness", pattern=r"^[^\s+]{1,200}$")
    """Its name in the lines it signs."""
    key_file: Path = Path("witness.pem")
    """Its Ed25519 private key, PEM; no one else has it."""
    log_key: str = ""
    """The public key of audit's logs (vkey), under the name that begins the name of each of them."""
    folder: Path = Path("witness")
    """Where it keeps what it has signed."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8200, ge=1, le=65_535)
    log_level: str = "INFO"


class Answer(Exception):
    """Ends a request with a status; the text is for whoever asks, or the size that the protocol wants."""

    def __init__(self, status: int, text: str, media_type: str = "text/plain") -> None:
        super().__init__(text)
        self.status = status
        self.media_type = media_type


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the size that the log takes for our newest, the proof from there on, and the note to sign."""

    old_size: int
    proof: Sequence[bytes]
    note: str
    text: str
    checkpoint: Checkpoint


class Witness:
    """Signs what continues the last it signed, one at a time."""

    def __init__(self, key: SigningKey, log_key: VerifyingKey, folder: Path, now_s: Callable[[], float]) -> None:
        """Open the storage, made on the first call.

        Raises:
            sqlite3.Error, OSError: it cannot be opened.
        """
        self._key = key
        self._log_key = log_key
        self._now_s = now_s
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = folder / "witnessed.sqlite"
        with closing(self._open()) as storage:
            storage.execute("PRAGMA journal_mode = WAL")
            storage.execute(CREATE)

    def add_checkpoint(self, body: bytes) -> str:
        """Return the signed line, once what was signed is on the disk.

        Raises:
            Answer: it signs nothing.
        """
        asked = read_request(body)
        origin = asked.checkpoint.origin
        if not origin.startswith(f"{self._log_key.name}/"):
            raise Answer(404, "this log is not known here\n")
        if not self._log_key.under(origin).has_signed(asked.note):
            raise Answer(403, "the note is not signed by the log's key\n")
        if asked.old_size > asked.checkpoint.size:
            raise Answer(400, "the old size is larger than the checkpoint's\n")
        with closing(self._open()) as storage:
            storage.execute("BEGIN IMMEDIATE")
            size, root, note = storage.execute(SELECT, (origin,)).fetchone() or (0, EMPTY_ROOT, "")
            self._compare(asked, Checkpoint(origin, size, root), note)
            storage.execute(KEEP, (origin, asked.checkpoint.size, asked.checkpoint.root, asked.note))
            storage.execute("COMMIT")
        return self._key.cosign(asked.text, at_s=int(self._now_s()))

    def _compare(self, asked: Asked, known: Checkpoint, note: str) -> None:
        """Refuse what does not continue the checkpoint that is known; the empty tree's when none is."""
        now = asked.checkpoint
        if asked.old_size != known.size:
            raise Answer(409, f"{known.size}\n", SIZE_TYPE)
        if now.size == known.size and now.root != known.root:
            log.error("log_forked", origin=known.origin, size=known.size, known=note, given=asked.note)
            raise Answer(409, "a tree of this size is known, with another root\n")
        if known.size == 0:
            is_next = not asked.proof
        else:
            is_next = verify_consistency(known.size, now.size, asked.proof, known.root, now.root)
        if not is_next:
            log.error("log_inconsistent", origin=known.origin, known=note, given=asked.note)
            raise Answer(422, "the proof does not show that the log continues what was signed\n")

    def _open(self) -> sqlite3.Connection:
        storage = sqlite3.connect(self._file, timeout=LOCK_TIMEOUT_S, isolation_level=None)
        storage.execute("PRAGMA synchronous = FULL")
        return storage


def read_request(body: bytes) -> Asked:
    """Return what is asked.

    Raises:
        Answer: it is no request, with status 400.
    """
    try:
        head, gap, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        word, _, size = first.partition(" ")
        if not gap or word != "old" or not is_size(size):
            raise BadNote("it does not begin with the old size, and an empty line after the proof")
        if len(lines) > PROOF_MAX:
            raise BadNote(f"more than {PROOF_MAX} hashes")
        proof = [b64decode(line, validate=True) for line in lines]
        if any(len(node) != HASH_BYTES for node in proof):
            raise BadNote("a line of the proof is no hash")
        text, _ = read_note(note)
        return Asked(int(size), proof, note, text, read_checkpoint(text))
    # A bad note, no UTF-8, no base64.
    except ValueError as error:
        raise Answer(400, f"this cannot be read: {error}\n") from error


def create_app(witness: Witness) -> Starlette:
    """Return the application."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > REQUEST_BYTES_MAX:
                return PlainTextResponse("this is too long\n", 413)
        try:
            return PlainTextResponse(await run_in_threadpool(witness.add_checkpoint, body))
        except Answer as answer:
            log.warning("not_signed", status=answer.status)
            # Just this type, as the protocol wants it, without the character set that would be added.
            return Response(str(answer), answer.status, {"content-type": answer.media_type})

    async def tell_health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/healthz", tell_health),
            Route("/readyz", tell_health),
        ]
    )


def open_witness(settings: WitnessSettings) -> Witness:
    """Return the witness that the settings describe.

    Raises:
        ValueError, OSError, sqlite3.Error: a key or the storage cannot be read.
    """
    private = load_pem_private_key(settings.key_file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError(f"{settings.key_file} is no Ed25519 key")
    log_key = read_vkey(settings.log_key)
    if log_key.kind != LOG:
        raise ValueError("WITNESS_LOG_KEY is not the key of a log")
    return Witness(SigningKey(settings.name, private, WITNESS), log_key, settings.folder, time.time)


def main() -> int:
    """Serve until SIGTERM; return 2 when a setting cannot be used."""
    try:
        settings = load_settings(WitnessSettings)
        configure_logging("audit", "witness", settings.log_level)
        app = create_app(open_witness(settings))
    except (ValidationError, ValueError, OSError, sqlite3.Error) as error:
        print(f"the witness cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    uvicorn.run(
        app, host=settings.http_host, port=settings.http_port, log_config=None, access_log=False, server_header=False
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
