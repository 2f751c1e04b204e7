"""Processes of audit that are killed: an export cut by it is never taken for whole, and a worker is succeeded."""

import argparse
import random
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from services.audit.verifier.options import Options
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED
from services.audit.verifier.run import run
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes
from tests.conftest import Kafka, Keys
from tests.integration.audit.conftest import Verify, Write
from tests.integration.audit.signed_logs import COSIGNER, KEY, sign
from tests.integration.workers import DRAIN_S, READY_S, Place, Worker
from tests.servers import Database
from tests.unit.audit.records import a_record
from tests.waiting import eventually

SEED, KILLS, CUTS = 17, 2, 20
ENTRIES, FEW = 5_000, 200
ORDER = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", "recipient": "A court", "authority": "Order 7"}


@pytest.fixture
def place(database: Database, kafka: Kafka, keys: Keys, tmp_path: Path) -> Place:
    """A place for audit's processes."""
    return Place("audit", database, kafka, keys, tmp_path)


async def code_of(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = await run(Options(key=KEY, witness=COSIGNER.verifying), argparse.Namespace(export=str(file)))
    return code, capsys.readouterr().out


async def fetch(server: Worker, *, kill_at: int | None = None, **order: str) -> bytes:
    """Return what came of an export; its server is killed once that is more than `kill_at` bytes."""
    came = b""
    headers = {"Authorization": f"Bearer {server.keys.token('auditor')}"}
    await eventually(server.is_ready, timeout_s=READY_S)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        with suppress(httpx.TransportError):
            async with client.stream("POST", "/v1/exports", json={**ORDER, **order}, headers=headers) as response:
                assert response.status_code == 200
                async for piece in response.aiter_raw():
                    came += piece
                    if kill_at is not None and len(came) > kill_at:
                        server.process.kill()
    return came


@pytest.mark.timeout(240)
async def test_an_export_that_a_kill_cut_is_incomplete(
    place: Place, pool: Pool, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """First it is fetched whole; then its server is killed somewhere within. Then a short one is cut anywhere.

    The long one is more than all that is on its way to us when its server is killed.
    """
    await write([a_record(offset=n, value=event_bytes()) for n in range(ENTRIES)])
    await write([a_record(topic="linker.leads", offset=n, value=event_bytes()) for n in range(FEW)])
    await sign(pool)
    chance, file = random.Random(SEED), place.folder / "export"
    with place.http() as server:
        whole, short = await fetch(server), await fetch(server, topic="linker.leads")
    for exported, count in ((whole, ENTRIES + FEW), (short, FEW)):
        file.write_bytes(exported)
        code, said = await code_of(file, capsys)
        assert (code, said.split()[1]) == (INTACT, f"{count:,}"), said
    for _ in range(KILLS):
        with place.http() as server:
            came = await fetch(server, kill_at=chance.randrange(len(whole) // 2))
        assert 0 < len(came) < len(whole)
        file.write_bytes(came)
        code, said = await code_of(file, capsys)
        assert (code, said.split()[0], "was cut off" in said) == (INCOMPLETE, "incomplete:", True), said
    ends = [n for n, byte in enumerate(short) if byte == ord("\n")]
    cuts = [0, *(end + by for end in (ends[0], ends[1], *chance.sample(ends[:-1], CUTS // 2)) for by in (0, 1))]
    for cut in (*cuts, *(chance.randrange(len(short) - 1) for _ in range(CUTS))):
        file.write_bytes(short[:cut])
        assert (await code_of(file, capsys))[0] == INCOMPLETE, cut


async def test_of_two_workers_beside_each_other_one_takes_over_what_the_other_did(
    place: Place, kafka: Kafka, pool: Pool, superuser: Connection, verified: Verify
) -> None:
    """Both read, each its partitions; one follows. It is killed, and all is the other's."""

    async def send(count: int) -> None:
        for n in range(count):
            await kafka.send("intake.tips", event_bytes(), key=str(n).encode())

    async def followed(count: int) -> bool:
        return bool(await pool.fetchval("SELECT count(*) = $1 FROM event", count))

    with place.worker() as first, place.worker() as second:
        await eventually(first.is_ready, timeout_s=READY_S)
        await eventually(second.is_ready, timeout_s=READY_S)
        await send(20)
        await eventually(partial(followed, 20), timeout_s=READY_S)
        first.process.kill()
        assert await first.ended(within_s=DRAIN_S) == -signal.SIGKILL
        await send(20)
        await eventually(partial(followed, 40), timeout_s=60)
        assert second.process.poll() is None
        assert await second.is_ready()
    code, said = await verified(given_prefix=place.kafka.prefix, given_witness=None)
    assert code != TAMPERED, said
    assert await superuser.fetchval("SELECT sum(size) FROM head") == 40
    assert await superuser.fetchval("SELECT count(DISTINCT event_id) FROM entry WHERE kind = 'event'") == 40
