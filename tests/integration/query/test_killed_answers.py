"""Query as a process, killed in the middle of answers, with no broker anywhere: what was answered is on record."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from tests.conftest import Keys
from tests.depth import IS_LONG
from tests.integration.query.conftest import Facts
from tests.integration.query.facts import a_party, a_tip, an_email
from tests.integration.query.test_lookups import EMAIL
from tests.servers import CHECKOUT, Database, free_port
from tests.waiting import eventually

KILLS = 200 if IS_LONG else 3
ASKERS = 8
READY_S = 30.0
SEED = 11
QUESTION = {"purpose": "traveller_targeting", "reference": "ZZ 123", "emails": [EMAIL]}


@contextmanager
def serving(database: Database, keys: Keys, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m services.query http`; whatever became of it, it is gone afterwards."""
    values = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database.url("query"),
        # Nobody listens there: what is answered waits in the outbox.
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "TOKEN_PUBLIC_KEY_FILE": keys.public_file,
        "PRODUCER_KEY_FILE": keys.producer_file,
        "HTTP_PORT": port,
    }
    environ = {**os.environ, "CETS_HOME": str(folder / "no-home")}
    environ |= {f"QUERY_{name}": str(value) for name, value in values.items()}
    with (folder / "http.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.query", "http"], cwd=CHECKOUT, env=environ, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.mark.timeout(60 + 10 * KILLS)
async def test_no_answer_leaves_without_its_record(
    facts: Facts, database: Database, keys: Keys, tmp_path: Path
) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL))))
    chance, answered, port = random.Random(SEED), list[str](), free_port()
    headers = {"Authorization": f"Bearer {keys.token('cbp.att')}"}

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            try:
                response = await client.post("/v1/lookups", json=QUESTION, headers=headers)
            except httpx.TransportError:
                return
            if response.status_code == 429:
                await asyncio.sleep(0.05)
                continue
            assert response.status_code == 200, response.text
            assert len(response.json()["matches"]) == 1
            answered.append(response.json()["lookup_id"])

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:

        async def is_ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        for _ in range(KILLS):
            with serving(database, keys, tmp_path, port) as process:
                await eventually(is_ready, timeout_s=READY_S)
                before = len(answered)
                async with asyncio.TaskGroup() as tasks:
                    for _ in range(ASKERS):
                        tasks.create_task(ask(client))
                    wanted = before + chance.randint(1, 40)

                    async def are_answered(wanted: int = wanted) -> bool:
                        return len(answered) >= wanted

                    await eventually(are_answered, timeout_s=READY_S)
                    process.kill()
    rows = await facts.pool.fetch("SELECT value FROM outbox")
    events = [orjson.loads(row["value"]) for row in rows]
    recorded = {event["subject"]["id"] for event in events if event["type"] == "lookup.answered"}
    kept = {str(row["lookup_id"]) for row in await facts.pool.fetch("SELECT lookup_id FROM lookup")}
    assert len(answered) >= KILLS
    assert set(answered) <= recorded
    assert recorded == kept, "an answer and its event are stored together or not at all"
