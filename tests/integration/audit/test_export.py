"""`POST /v1/exports`: what happened in a time, with its proof; who gets it is on record first."""

import argparse
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.audit.app import SERVICE
from services.audit.handlers import exports
from services.audit.handlers.log import append
from services.audit.verifier.options import Options
from services.audit.verifier.report import INTACT, TAMPERED, USAGE
from services.audit.verifier.run import run
from shared.db.pool import Pool
from shared.kafka.consume import Record
from tests.builders import event_bytes, new_id
from tests.conftest import Caller, CallService
from tests.fakes import START
from tests.integration.audit.conftest import Write, follow
from tests.integration.audit.signed_logs import COSIGNER, KEY, sign
from tests.unit.audit.records import a_record

HOUR = {"from": "2026-03-01T11:00:00Z", "to": "2026-03-01T12:00:00Z", "recipient": "A court", "authority": "Order 7"}


@pytest.fixture
async def caller(call_service: CallService) -> Caller:
    """Audit's HTTP."""
    return await call_service(SERVICE)


def at(minutes: int, offset: int, topic: str = "intake.tips") -> Record:
    value = event_bytes(event_id=new_id(), occurred_at=START + timedelta(minutes=minutes))
    return a_record(topic=topic, offset=offset, value=value)


@pytest.fixture
async def signed(write: Write, pool: Pool) -> None:
    """A day of two logs, a minute between events, signed in the middle and at the end."""
    await write([at(n, n) for n in range(90)])
    await sign(pool)
    await write([at(n, n) for n in range(90, 700)] + [at(5 * n, n, "query.activity") for n in range(20)])
    await sign(pool)


async def export(caller: Caller, tmp_path: Path, **changes: Any) -> Path:
    body = {**HOUR, **changes}
    response = await caller.client.post("/v1/exports", json=body, headers=caller.as_("auditor"))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    file = tmp_path / "export"
    file.write_text(response.text, encoding="utf-8")
    return file


async def looked_at(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    given = Options(key=KEY, witness=COSIGNER.verifying)
    code = await run(given, argparse.Namespace(export=str(file)))
    return code, capsys.readouterr().out


@pytest.mark.usefixtures("signed")
async def test_what_happened_in_a_time_is_given_out_with_its_proof(
    caller: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await export(caller, tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["topic"], line["first"], line["beyond"]) for line in lines if "before" in line] == [
        ("intake.tips", 60, 120),
        ("query.activity", 12, 20),
    ]
    assert lines[2]["event"]["occurred_at"] == "2026-03-01T11:00:00Z"
    code, said = await looked_at(file, capsys)
    assert (code, said.partition(" of ")[0]) == (INTACT, "proved: 68 entries")


@pytest.mark.usefixtures("signed")
async def test_one_topic_and_a_time_of_nothing(
    caller: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await export(caller, tmp_path, topic="query.activity", **{"from": "2026-03-01T00:00:00Z"})
    assert (await looked_at(file, capsys))[1].startswith("proved: 20 entries of 1 partitions")
    file = await export(caller, tmp_path, topic="linker.leads")
    assert len(file.read_text().splitlines()) == 2
    assert (await looked_at(file, capsys))[0] == INTACT
    body = {**HOUR, "topic": "no.such.topic"}
    response = await caller.client.post("/v1/exports", json=body, headers=caller.as_("auditor"))
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, ["topic"])


@pytest.mark.usefixtures("signed")
async def test_what_is_not_signed_yet_is_not_given_out(caller: Caller, tmp_path: Path, write: Write) -> None:
    await write([at(700, 700)])
    file = await export(caller, tmp_path, to="2026-03-02T10:00:00Z", topic="intake.tips")
    section = json.loads(file.read_text().splitlines()[1])
    assert (section["first"], section["beyond"]) == (60, 700)


@pytest.mark.usefixtures("signed")
async def test_while_the_log_is_not_followed_so_far_nothing_is_given_out_that_would_lack_it(
    caller: Caller, tmp_path: Path, pool: Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, [at(700, 700)])
    await export(caller, tmp_path)
    late = {**HOUR, "to": "2026-03-02T10:00:00Z"}
    response = await caller.client.post("/v1/exports", json=late, headers=caller.as_("auditor"))
    assert (response.status_code, response.json()["type"]) == (503, "/problems/unavailable")
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE convert_from(value, 'UTF8') LIKE '%exported%'") == 1
    await follow(pool)
    await export(caller, tmp_path, to=late["to"])


@pytest.mark.usefixtures("signed")
async def test_a_file_that_was_touched_or_is_none_says_so(
    caller: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await export(caller, tmp_path)
    file.write_text(file.read_text().replace("2026-03-01T11:07:00Z", "2026-03-01T11:08:00Z"), encoding="utf-8")
    code, said = await looked_at(file, capsys)
    assert code == TAMPERED
    assert "line 10:" in said
    assert (await looked_at(tmp_path / "none", capsys))[0] == USAGE


@pytest.mark.usefixtures("signed")
async def test_to_whom_and_why_is_on_record_before_the_first_line(caller: Caller, tmp_path: Path, pool: Pool) -> None:
    await export(caller, tmp_path)
    rows = await pool.fetch("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    event = rows[-1]["event"]
    assert (event["type"], event["actor"]["id"]) == ("audit.exported", "auditor")
    assert (event["payload"]["log_count"], event["payload"]["entry_count"]) == (2, 68)
    assert event["payload"]["personal"]["recipient"] == "A court"
    kept = {name: value for name, value in event["payload"].items() if name != "personal"}
    assert (kept["recipient"], kept["authority"]) == ("A court", "Order 7"), "whatever becomes of what is personal"


@pytest.mark.usefixtures("signed")
async def test_what_the_first_line_says_is_told_of_by_the_log(
    caller: Caller, tmp_path: Path, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await export(caller, tmp_path)
    event = await pool.fetchval("SELECT convert_from(value, 'UTF8')::jsonb FROM outbox ORDER BY id DESC LIMIT 1")
    hashed = event["payload"]["head_sha256"]
    assert hashed == hashlib.sha256(file.read_bytes().partition(b"\n")[0]).hexdigest()
    _, said = await looked_at(file, capsys)
    assert f"of request {event['subject']['id']}, whose head_sha256 must be {hashed}" in said
    file.write_text(file.read_text().replace("A court", "A clerk", 1), encoding="utf-8")
    assert hashed not in (await looked_at(file, capsys))[1]


@pytest.mark.usefixtures("signed")
async def test_too_much_at_once_is_refused_with_the_count(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ENTRIES_MAX", 67)
    response = await caller.client.post("/v1/exports", json=HOUR, headers=caller.as_("auditor"))
    assert response.status_code == 422
    assert "68" in response.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"recipient": " "}, "recipient"),
        ({"authority": None}, "authority"),
        ({"from": HOUR["to"]}, "from"),
        ({"to": "yesterday"}, "to"),
        ({"topic": "\0"}, "topic"),
        ({"more": 1}, "more"),
    ],
)
async def test_an_order_that_cannot_be_meant_is_refused(caller: Caller, changes: dict[str, Any], named: str) -> None:
    response = await caller.client.post("/v1/exports", json={**HOUR, **changes}, headers=caller.as_("auditor"))
    assert response.status_code == 422
    assert named in str(response.json()["errors"])
