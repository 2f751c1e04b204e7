"""The whole stack, as `make up` starts it: the demo's claims hold, its logs keep silent, it rests, stops and heals.

The tests stand in the order of a working day, and each leaves the stack running.
"""

import asyncio
import base64
import re
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.fault.check import read_ends, settle
from tests.fault.stack import Stack
from tests.waiting import eventually

IDLE_S = 5.0
BACK_S = 5.0
CONSUMING_S = 10.0
READY_S = 60.0

CANARY = "quokkaplume"
"""A word nobody else writes; it stands in every personal field that the test sends."""
TIP = {
    "source_ref": f"{CANARY}-reference-1",
    "source": "tipline",
    "reported_at": "2026-03-01T10:00:00Z",
    "incident": {"type": "enticement", "narrative": f"{CANARY} narrative", "city": f"{CANARY}ville", "country": "US"},
    "parties": [
        {
            "role": "subject",
            "names": [f"{CANARY.capitalize()} Inventado"],
            "birth_date": "1980-02-03",
            "identifiers": [
                {"type": "email", "value": f"{CANARY}@example.org"},
                {"type": "username", "value": f"{CANARY}_77", "service": "socialA"},
            ],
        }
    ],
}
WRONG_TIP = {**TIP, "incident": {"type": f"{CANARY} type"}, f"{CANARY} field": f"{CANARY} value"}
QUESTION = {
    "purpose": "traveller_targeting",
    "reference": f"{CANARY} flight",
    "name": f"{CANARY.upper()} INVENTADO",
    "birth_date": "1980-02-03",
    "emails": [f"{CANARY}@example.org"],
}
NAMED = "SELECT DISTINCT name->>0 AS word FROM query.record, jsonb_array_elements(names) AS name"
KEYED = "SELECT DISTINCT exact AS word FROM query.record_key WHERE type = 'email'"
KEPT = "SELECT count(*) FROM intake.tip"
HAS_CANARY = "SELECT count(*) FROM query.record_key WHERE canonical LIKE $1"
NEXT_WRITER = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
"""Every transaction that writes takes a number from this counter."""
RESTLESS_S = 60.0
"""PostgreSQL's own housekeeping, which writes too, follows a load for so long at most."""


@pytest.mark.timeout(180)
def test_every_claim_of_the_demo_holds(stack: Stack) -> None:
    told = stack.run("deploy.local.demo", check=False)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    assert "the verifier re-read every entry: intact" in told.stdout


async def test_no_log_holds_what_a_tip_a_question_or_a_token_said(stack: Stack) -> None:
    """Personal data goes the whole way, good, wrong and unauthenticated; then every byte of every log is searched."""
    tokens = {account: stack.token(account) for account in ("source.tipline", "cbp.att")}
    async with httpx.AsyncClient(timeout=30) as client:
        intake, query = stack.addresses["intake"], stack.addresses["query"]
        source = {"Authorization": f"Bearer {tokens['source.tipline']}"}
        officer = {"Authorization": f"Bearer {tokens['cbp.att']}"}
        assert (await client.post(f"{intake}/v1/tips", json=TIP, headers=source)).status_code == 202
        assert (await client.post(f"{intake}/v1/tips", json=WRONG_TIP, headers=source)).status_code == 422
        assert (await client.get(f"{intake}/v1/tips/{CANARY}?q={CANARY}", headers=source)).status_code in {404, 422}
        assert (await client.post(f"{query}/v1/lookups", json=QUESTION, headers={})).status_code == 401
        forged = {"Authorization": f"Bearer {tokens['cbp.att'][:-8]}{CANARY}"}
        assert (await client.post(f"{query}/v1/lookups", json=QUESTION, headers=forged)).status_code == 401
        await eventually(lambda: _value(stack, HAS_CANARY, f"%{CANARY}%"), timeout_s=30)
        answer = await client.post(f"{query}/v1/lookups", json=QUESTION, headers=officer)
        assert [match["grade"] for match in answer.json()["matches"]] == ["confirmed"]
    words = {word for sql in (NAMED, KEYED) for word in await _words(stack, sql)}
    assert len(words) > 100, "the demo's people are in the database"
    secret = {key.read_text().strip() for key in (stack.home / "keys").iterdir() if key.suffix != ".pem"}
    text = [line for line in (stack.home / "keys" / "token_private.pem").read_text().splitlines() if "-" not in line]
    canaries = {CANARY, *words, *secret, *text, *(token.split(".")[2] for token in tokens.values())}
    logs = sorted(path for path in (stack.home / "logs").rglob("*") if path.is_file())
    assert len(logs) >= 10
    assert sum(log.stat().st_size for log in logs) > 1_000
    assert _found_in(logs, canaries) == []


async def test_an_idle_stack_writes_nothing(stack: Stack) -> None:
    """After all is carried through, some seconds pass in which no topic grows and no transaction writes."""
    await settle(stack)
    assert await read_ends(stack), "there are topics to look at"

    async def rests() -> bool:
        before = await _value(stack, NEXT_WRITER), await read_ends(stack)
        # This is no wait for something to happen: it is the time in which nothing may.
        await asyncio.sleep(IDLE_S)
        return (await _value(stack, NEXT_WRITER), await read_ends(stack)) == before

    # What the linker learns at rest, it learns and tells once everything else is carried through.
    assert await eventually(rests, timeout_s=RESTLESS_S)


@pytest.mark.timeout(180)
async def test_what_was_stored_is_there_after_down_and_up(stack: Stack) -> None:
    before = await _value(stack, KEPT)
    assert before > 500
    stack.run("deploy.local", "down")
    assert stack.find("postgres") is None
    stack.run("deploy.local", "up")
    assert await _value(stack, KEPT) == before
    async with httpx.AsyncClient(timeout=30) as client:
        headers = {"Authorization": f"Bearer {stack.token('source.tipline')}"}
        again = await client.post(f"{stack.addresses['intake']}/v1/tips", json=TIP, headers=headers)
        assert again.json()["status"] == "duplicate"
    verified = stack.run("services.audit", "verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("name", ["intake-http", "query-worker"])
async def test_a_process_that_was_killed_is_back_and_working_soon(name: str, stack: Stack) -> None:
    victim = stack.find(name)
    assert victim is not None
    killed_at = time.monotonic()
    victim.kill()
    await eventually(lambda: _is_back(stack, name, not_pid=victim.pid), timeout_s=READY_S)
    back_s = time.monotonic() - killed_at
    word = f"back{name.replace('-', '')}"
    tip = {**TIP, "source_ref": word}
    tip["parties"] = [{"role": "subject", "identifiers": [{"type": "email", "value": f"{word}@example.org"}]}]
    async with httpx.AsyncClient(timeout=30) as client:
        headers = {"Authorization": f"Bearer {stack.token('source.tipline')}"}
        posted = await client.post(f"{stack.addresses['intake']}/v1/tips", json=tip, headers=headers)
        assert posted.status_code == 202
    await eventually(lambda: _value(stack, HAS_CANARY, f"{word}%"), timeout_s=READY_S)
    working_s = time.monotonic() - killed_at
    assert back_s < BACK_S
    assert working_s < CONSUMING_S


async def _is_back(stack: Stack, name: str, *, not_pid: int) -> bool:
    service, _, kind = name.partition("-")
    offsets = {"http": 10, "worker": 20}
    order = ("intake", "linker", "referral", "query", "audit")
    url = f"http://127.0.0.1:{stack.port_base + offsets[kind] + order.index(service)}/readyz"
    found = await asyncio.to_thread(stack.find, name)
    if found is None or found.pid == not_pid:
        return False
    async with httpx.AsyncClient(timeout=2) as client:
        try:
            return (await client.get(url)).status_code == 200
        except httpx.TransportError:
            return False


async def _value(stack: Stack, sql: str, *values: object) -> Any:
    connection = await asyncpg.connect(stack.addresses["postgres"])
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


async def _words(stack: Stack, sql: str) -> list[str]:
    """Return what people are called and how they write to them, as stored; short words could stand anywhere."""
    connection = await asyncpg.connect(stack.addresses["postgres"])
    try:
        return [row["word"] for row in await connection.fetch(sql) if len(row["word"]) >= 8]
    finally:
        await connection.close()


def _found_in(logs: list[Path], canaries: set[str]) -> list[str]:
    """Return which canary stands in which log, whatever the case, plain or as base64."""
    spelled = [word for canary in canaries for word in (canary, base64.b64encode(canary.encode()).decode().rstrip("="))]
    pattern = re.compile("|".join(map(re.escape, spelled)).encode(), re.IGNORECASE)
    return [f"{log.name}: {found!r}" for log in logs for found in sorted(set(pattern.findall(log.read_bytes())))[:5]]
