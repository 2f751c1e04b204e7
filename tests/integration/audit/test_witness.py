"""The witness as a process of its own: it signs what continues what it signed, and nothing else, whatever happens."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from services.audit import signing
from services.audit.domain.merkle import Frontier
from services.audit.domain.note import WITNESS, Checkpoint, SigningKey
from services.audit.domain.proof import consistency_path
from services.audit.domain.signer import Signer
from services.audit.domain.witnessing import SIZE_TYPE, request_of
from services.audit.handlers.checkpoints import sign_grown
from services.audit.signing import Witnessing
from services.audit.witness import Answer, Witness
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.metrics import Metrics
from tests.integration.audit.conftest import Write
from tests.servers import free_port
from tests.unit.audit.records import a_record
from tests.waiting import eventually

NAME = "cets.example/audit"
ORIGIN = f"{NAME}/intake.tips/2"
SIGNER = Signer(NAME, Ed25519PrivateKey.generate())
KEY = SigningKey("cets.example/witness", Ed25519PrivateKey.generate(), WITNESS)
OWN_KEY = SigningKey(ORIGIN, SIGNER.key)
LEAVES = [sha256(number.to_bytes(2, "big")).digest() for number in range(300)]


class Process:
    """A witness that can be killed and started again on what it kept."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        pem = KEY.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "witness.pem").write_bytes(pem)
        self._environ = {
            **os.environ,
            "CETS_HOME": str(folder),
            "WITNESS_NAME": KEY.name,
            "WITNESS_KEY_FILE": str(folder / "witness.pem"),
            "WITNESS_LOG_KEY": SigningKey(NAME, SIGNER.key).verifying.vkey(),
            "WITNESS_FOLDER": str(folder / "kept"),
            "WITNESS_HTTP_PORT": str(self.port),
        }

    async def start(self) -> None:
        words = [sys.executable, "-m", "services.audit.witness"]
        self._process = await asyncio.create_subprocess_exec(*words, env=self._environ)
        async with httpx.AsyncClient() as client:

            async def is_up() -> bool:
                try:
                    return (await client.get(f"{self.url}/healthz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(is_up)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def ask(self, body: bytes) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(f"{self.url}/add-checkpoint", content=body)

    async def sign(self, size: int, *, old: int, leaves: Sequence[bytes] = LEAVES) -> httpx.Response:
        """Ask for a checkpoint of the first `size` leaves, with the proof that it continues the first `old`."""

        def root(first: int, end: int) -> bytes:
            return Frontier().extend(leaves[first:end]).root()

        proof = consistency_path(old, size, root) if 0 < old <= size else []
        return await self.ask(request_of(old, proof, note_of(size, leaves)))


def note_of(size: int, leaves: Sequence[bytes] = LEAVES) -> str:
    return SIGNER.sign_log("intake.tips", 2, Frontier().extend(leaves[:size]))


def first_of(signer: Signer, leaf: bytes) -> bytes:
    """Return the request to sign a log of one leaf."""
    return request_of(0, [], signer.sign_log("query.activity", 0, Frontier(1, (leaf,))))


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(tmp_path)
    await process.start()
    yield process
    await process.kill()


async def test_it_signs_a_log_from_its_first_checkpoint_on_as_long_as_each_continues_the_last(witness: Process) -> None:
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 300)):
        answer = await witness.sign(size, old=old)
        assert answer.status_code == 200, answer.text
        assert KEY.verifying.has_signed(note_of(size) + answer.text)


async def test_it_tells_the_size_it_knows_to_whoever_takes_it_for_another(witness: Process) -> None:
    await witness.sign(8, old=0)
    for old in (0, 3, 9):
        answer = await witness.sign(10, old=old)
        assert (answer.status_code, answer.text) == (409, "8\n")
        assert answer.headers["content-type"] == SIZE_TYPE


async def test_it_signs_no_other_history_and_no_other_tree_of_one_size(witness: Process) -> None:
    await witness.sign(8, old=0)
    other = [*LEAVES[:3], sha256(b"other").digest(), *LEAVES[4:]]
    assert (await witness.sign(20, old=8, leaves=other)).status_code == 422
    assert (await witness.sign(8, old=8, leaves=other)).status_code == 409
    # A roll-back is told the size that was signed.
    assert (await witness.sign(5, old=5)).status_code == 409
    assert (await witness.sign(20, old=8)).status_code == 200


async def test_what_it_signed_outlives_it(witness: Process) -> None:
    await witness.sign(8, old=0)
    await witness.kill()
    await witness.start()
    assert (await witness.sign(5, old=0)).text == "8\n"
    assert (await witness.sign(9, old=8)).status_code == 200


async def test_of_two_that_continue_one_checkpoint_one_is_signed(witness: Process) -> None:
    await witness.sign(8, old=0)
    other = [*LEAVES[:8], sha256(b"other").digest(), *LEAVES[9:]]
    answers = await asyncio.gather(
        *(witness.sign(20, old=8, leaves=leaves) for leaves in (LEAVES, other) for _ in range(5))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), set(statuses)) == (1, {200, 409})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (b"old 0\n", 400),
        (b"new 0\n\n" + note_of(1).encode(), 400),
        (b"old 01\n\n" + note_of(1).encode(), 400),
        (b"old 2\n\n" + note_of(1).encode(), 400),
        (b"old 0\nAAAA\n\n" + note_of(1).encode(), 400),
        (f"old 0\né\n\n{note_of(1)}".encode(), 400),
        (request_of(0, [], OWN_KEY.sign(f"{Checkpoint(ORIGIN, 1, LEAVES[0]).text()}\n")), 400),
        (request_of(0, [], OWN_KEY.sign(Checkpoint(ORIGIN, 0, LEAVES[0]).text())), 409),
        (b"old 0\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n" + note_of(1).encode(), 400),
        (b"old 0\n" + b64encode(bytes(32)) + b"\n\n" + note_of(1).encode(), 422),
        (b"old 0\n\n" + note_of(1).replace("intake.tips/2\n1", "intake.tips/2\n2").encode(), 403),
        (first_of(SIGNER, b""), 400),
        (first_of(Signer(NAME, Ed25519PrivateKey.generate()), LEAVES[0]), 403),
        (first_of(Signer("else", SIGNER.key), LEAVES[0]), 404),
        (b"old 0\n\n" + b"x" * 70_000, 413),
    ],
)
async def test_what_it_cannot_sign_is_refused_as_the_protocol_says(witness: Process, body: bytes, status: int) -> None:
    answer = await witness.ask(body)
    assert answer.status_code == status, answer.text
    assert (await witness.sign(1, old=0)).status_code == 200, "nothing was kept of it"


def test_of_a_forked_log_both_notes_are_told_as_evidence(tmp_path: Path) -> None:
    witness = Witness(KEY, SigningKey(NAME, SIGNER.key).verifying, tmp_path, lambda: 1_700_000_000)
    witness.add_checkpoint(request_of(0, [], note_of(8)))
    other = note_of(8, [*LEAVES[:7], sha256(b"other").digest()])
    longer = note_of(9, [*LEAVES[:7], sha256(b"other").digest(), LEAVES[8]])
    with capture_logs() as logs:
        for given in (other, longer):
            with pytest.raises(Answer):
                witness.add_checkpoint(request_of(8, [], given))
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("log_forked", "error"),
        ("log_inconsistent", "error"),
    ]
    assert [(each["known"], each["given"]) for each in logs] == [(note_of(8), other), (note_of(8), longer)]


async def test_an_empty_log_has_one_root_and_can_grow(witness: Process) -> None:
    for old, size in ((0, 0), (0, 0), (0, 3)):
        assert (await witness.sign(size, old=old)).status_code == 200


Grow = Callable[[int, int], Awaitable[None]]


@pytest.fixture
def grow(write: Write, pool: Pool) -> Grow:
    """Write records of these offsets and sign for them."""

    async def grow(first: int, beyond: int) -> None:
        await write([a_record(offset=offset, value=None) for offset in range(first, beyond)])
        async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
            await sign_grown(reader, connection, SIGNER, SystemClock())

    return grow


def witnessing(pool: Pool, url: str) -> Witnessing:
    return Witnessing(pool, url, KEY.verifying, SystemClock(), Metrics())


async def test_the_worker_brings_each_checkpoint_to_the_witness_and_keeps_its_line(
    witness: Process, grow: Grow, pool: Pool, superuser: Connection
) -> None:
    part = witnessing(pool, witness.url)
    for first, beyond in ((0, 5), (5, 600), (600, 601)):
        await grow(first, beyond)
        await part.work()
    rows = await superuser.fetch(
        "SELECT size, note, line FROM cosignature JOIN log_checkpoint USING (head_id, size) ORDER BY size"
    )
    assert [row["size"] for row in rows] == [5, 600, 601]
    assert all(KEY.verifying.has_signed(row["note"] + row["line"]) for row in rows)


async def test_an_answer_that_was_lost_is_asked_for_again(
    witness: Process, grow: Grow, pool: Pool, superuser: Connection
) -> None:
    await grow(0, 5)
    note = await superuser.fetchval("SELECT note FROM log_checkpoint")
    assert (await witness.ask(request_of(0, [], note))).status_code == 200
    await grow(5, 9)
    await witnessing(pool, witness.url).work()
    assert await superuser.fetchval("SELECT size FROM cosignature") == 9


async def test_a_database_that_was_rolled_back_is_told_of_and_gets_no_line(
    witness: Process, grow: Grow, pool: Pool, superuser: Connection
) -> None:
    await grow(0, 5)
    await witnessing(pool, witness.url).work()
    for table in ("cosignature", "log_checkpoint", "entry", "head"):
        await superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL; DELETE FROM {table}")
    await grow(0, 3)
    with capture_logs() as logs:
        await witnessing(pool, witness.url).work()
    assert await superuser.fetchval("SELECT count(*) FROM cosignature") == 0
    assert [(each["event"], each["log_level"]) for each in logs] == [("witness_refuses", "error")]


async def test_while_the_witness_is_away_the_log_goes_on_and_an_alarm_is_raised(
    witness: Process,
    grow: Grow,
    pool: Pool,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signing, "AWAY_AFTER", timedelta(hours=1))
    part = witnessing(pool, witness.url)
    await witness.kill()
    with capture_logs() as logs:
        await grow(0, 5)
        await part.work()
        await grow(5, 7)
        await superuser.execute("ALTER TABLE checkpoint DISABLE TRIGGER ALL")
        # However new the newest is that waits: what counts is since when one does.
        await superuser.execute("UPDATE checkpoint SET made_at = made_at - interval '2 hours' WHERE id = 1")
        await part.work()
        await part.work()
    assert [(each["event"], each["log_level"]) for each in logs] == [("witness_away", "error")], "not again at once"
    assert await superuser.fetchval("SELECT max(size) FROM log_checkpoint") == 7
    await witness.start()
    await part.work()
    assert await superuser.fetchval("SELECT size FROM cosignature") == 7


@pytest.mark.parametrize(
    ("status", "content_type", "text"),
    [
        (200, "text/html", "<html>not the witness</html>\n"),
        (200, "text/plain", "— cets.example/witness AAAA\n"),
        (409, SIZE_TYPE, "9" * 5_000),
        (500, "text/plain", ""),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_refusal_and_stops_nothing(
    grow: Grow, pool: Pool, superuser: Connection, status: int, content_type: str, text: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type=content_type)

    await grow(0, 5)
    app = web.Application()
    app.router.add_post("/add-checkpoint", answer)
    async with TestServer(app) as server:
        with capture_logs() as logs:
            await witnessing(pool, str(server.make_url("/"))).work()
    assert [(each["event"], each["log_level"]) for each in logs] == [("witness_refuses", "error")]
    assert await superuser.fetchval("SELECT count(*) FROM cosignature") == 0
