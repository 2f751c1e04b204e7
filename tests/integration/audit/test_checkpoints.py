"""What is signed is what is stored, read again; and what was signed can be proved, entry by entry."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from services.audit.app import SERVICE
from services.audit.domain.merkle import Frontier, leaf_hash
from services.audit.domain.note import LOG, VerifyingKey, read_checkpoint, read_note
from services.audit.domain.proof import verify_consistency, verify_inclusion
from services.audit.domain.signer import Signer
from services.audit.domain.tiles import TILE_HASHES, full_tiles
from services.audit.handlers import checkpoints
from services.audit.handlers.checkpoints import Step, sign_grown
from services.audit.handlers.proofs import consistency_of, prove
from services.audit.signing import Checkpointer
from services.audit.store import checkpoints as store
from services.audit.store.checkpoints import Unwitnessed
from services.audit.verifier.signed import check_proof
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from shared.errors import Conflict, NotFound
from shared.metrics import Metrics
from tests.builders import event_bytes, new_id
from tests.conftest import CallService
from tests.integration.audit.conftest import Write
from tests.unit.audit.records import a_record

Sign = Callable[[], Awaitable[Step]]
NAME = "cets.example/audit"
SIGNER = Signer(NAME, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ORIGIN = f"{NAME}/intake.tips/2"
PUBLIC = SIGNER.key.public_key().public_bytes_raw()


@pytest.fixture
def sign(pool: Pool) -> Sign:
    """Make one checkpoint, as the worker does."""

    async def sign() -> Step:
        async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
            return await sign_grown(reader, connection, SIGNER, SystemClock())

    return sign


async def leaves_of(superuser: Connection) -> list[bytes]:
    return [row["leaf"] for row in await superuser.fetch("SELECT leaf FROM entry ORDER BY head_id, index")]


async def test_a_checkpoint_signs_every_log_and_idle_logs_are_not_signed_again(
    write: Write, sign: Sign, superuser: Connection
) -> None:
    await write([a_record(offset=offset, value=event_bytes(event_id=new_id())) for offset in range(5)])
    await write([a_record(topic="query.activity", partition=0, offset=9)])
    assert (await sign()).entry_count == 6
    note = await superuser.fetchval("SELECT note FROM checkpoint")
    assert VerifyingKey(NAME, LOG, PUBLIC).has_signed(note)
    name, *lines = read_note(note)[0].splitlines()
    assert name == NAME
    leaves = await leaves_of(superuser)
    assert [line.split(" ")[:3] for line in lines] == [["intake.tips", "2", "5"], ["query.activity", "0", "1"]]
    assert b64decode(lines[0].split(" ")[3]) == Frontier().extend(leaves[:5]).root()
    own = await superuser.fetchval("SELECT note FROM log_checkpoint WHERE size = 5")
    assert VerifyingKey(ORIGIN, LOG, PUBLIC).has_signed(own)
    assert read_checkpoint(read_note(own)[0]).root == Frontier().extend(leaves[:5]).root()

    assert (await sign()).entry_count == 0
    assert await superuser.fetchval("SELECT count(*) FROM checkpoint") == 1


async def test_tiles_and_proofs_are_the_same_however_often_was_signed(
    write: Write, sign: Sign, superuser: Connection, pool: Pool
) -> None:
    ids = [new_id() for _ in range(3 * TILE_HASHES + 10)]
    records = [a_record(offset=place, value=event_bytes(event_id=id_)) for place, id_ in enumerate(ids)]
    sizes = [1, 100, TILE_HASHES, TILE_HASHES + 1, 2 * TILE_HASHES + 255, len(records)]
    for start, end in zip([0, *sizes], sizes, strict=False):
        await write(records[start:end])
        assert (await sign()).entry_count == end - start
    leaves = await leaves_of(superuser)
    rows = await superuser.fetch("SELECT level, index, root, hashes FROM tile ORDER BY level, index")
    expected = full_tiles(0, 0, leaves)
    assert [tuple(row) for row in rows] == [(0, each.index, each.root, b"".join(each.hashes)) for each in expected]
    root = Frontier().extend(leaves).root()
    async with pool.acquire() as connection:
        for index in (0, 255, 256, 600, len(ids) - 1):
            entry, proof = await prove(connection, ids[index])
            head, _, note = proof.partition("\n\n")
            first, extra, place, *path = head.splitlines()
            data = b64decode(extra.removeprefix("extra "))
            assert (first, place) == ("c2sp.org/tlog-proof@v1", f"index {index}")
            assert (entry.index, leaf_hash(data)) == (index, leaves[index])
            assert VerifyingKey(ORIGIN, LOG, PUBLIC).has_signed(note)
            assert verify_inclusion(leaf_hash(data), index, len(ids), [b64decode(line) for line in path], root)
        head_id = await superuser.fetchval("SELECT id FROM head")
        for old in sizes:
            (proof_of_growth,) = await consistency_of(
                connection, [Unwitnessed(head_id, len(ids), "", SystemClock().now(), old)]
            )
            old_root = Frontier().extend(leaves[:old]).root()
            assert verify_consistency(old, len(ids), proof_of_growth, old_root, root)


async def test_more_than_one_checkpoint_signs_for_is_left_to_the_next(
    write: Write, sign: Sign, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SIGNED_AT_ONCE", 7)
    monkeypatch.setattr(checkpoints, "READ_AT_ONCE", 3)
    for partition in (0, 1):
        await write([a_record(partition=partition, offset=offset, value=None) for offset in range(10)])
    steps = [await sign() for _ in range(3)]
    assert [(step.entry_count, step.has_more) for step in steps] == [(7, True), (7, True), (6, False)]
    rows = await superuser.fetch(
        "SELECT log_checkpoint.size, log_checkpoint.frontier, head.size AS head_size, head.frontier AS kept "
        "FROM log_checkpoint JOIN head ON head.id = log_checkpoint.head_id"
    )
    whole = [row for row in rows if row["size"] == row["head_size"]]
    assert [row["frontier"] for row in whole] == [row["kept"] for row in whole]
    assert len(whole) == 2


@pytest.mark.parametrize(
    ("harm", "index"),
    [
        ("UPDATE entry SET body = '\\x00' WHERE index = 3", 3),
        ("UPDATE entry SET header = header || '\\x00' WHERE index = 4", 4),
        ("UPDATE entry SET leaf = sha256(leaf) WHERE index = 2", 2),
        ("DELETE FROM entry WHERE index = 3", 3),
        ("UPDATE head SET frontier = overlay(frontier placing '\\x00'::bytea from 1)", 0),
        ("UPDATE entry SET leaf = sha256(leaf) WHERE index = 1", 0),
    ],
)
async def test_what_is_not_what_was_written_is_never_signed(
    write: Write, sign: Sign, superuser: Connection, harm: str, index: int
) -> None:
    await write([a_record(offset=offset, value=None) for offset in range(2)])
    await write([a_record(topic="query.activity", offset=0, value=None)])
    await sign()
    await write([a_record(offset=offset, value=None) for offset in range(2, 300)])
    await write([a_record(topic="query.activity", offset=1, value=None)])
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL; ALTER TABLE head DISABLE TRIGGER ALL")
    mine = "(SELECT id FROM head WHERE topic = 'intake.tips')"
    column = "head_id" if "entry" in harm else "id"
    await superuser.execute(f"{harm} {'AND' if 'WHERE' in harm else 'WHERE'} {column} = {mine}")
    step = await sign()
    ((place, error),) = step.unsound.items()
    assert (place, error.index) == ("intake.tips[2]", index)
    assert step.entry_count == 1, "the other log is signed for"
    sizes = await superuser.fetch(
        "SELECT topic, max(log_checkpoint.size) AS size "
        "FROM log_checkpoint JOIN head ON head.id = log_checkpoint.head_id GROUP BY topic"
    )
    assert {row["topic"]: row["size"] for row in sizes} == {"intake.tips": 2, "query.activity": 2}
    newest = await superuser.fetchval("SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1")
    assert "intake.tips 2 2 " in newest


async def test_a_log_that_is_not_sound_keeps_no_other_waiting_and_is_told_of_at_once(
    write: Write, pool: Pool, superuser: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has more to be read than one checkpoint may, and stands before the others."""
    monkeypatch.setattr(checkpoints, "SIGNED_AT_ONCE", 5)
    await write([a_record(offset=offset, value=None) for offset in range(20)])
    await write([a_record(topic="query.activity", offset=0, value=None)])
    await superuser.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    mine = "(SELECT id FROM head WHERE topic = 'intake.tips')"
    await superuser.execute(f"UPDATE entry SET body = '\\x00' WHERE index = 2 AND head_id = {mine}")
    metrics = Metrics()
    checkpointer = Checkpointer(pool, SIGNER, SystemClock(), metrics)
    with capture_logs() as logs:
        for _ in range(3):
            await checkpointer.work()
    assert [(each["event"], each["log"], each["index"]) for each in logs] == [("log_unsound", "intake.tips[2]", 2)]
    assert metrics.registry.get_sample_value("cets_unsound_logs") == 1
    assert await superuser.fetchval("SELECT array_agg(size) FROM log_checkpoint") == [1]


async def test_a_head_that_says_less_than_was_signed_is_told_of(
    write: Write, sign: Sign, superuser: Connection
) -> None:
    await write([a_record(offset=offset, value=None) for offset in range(4)])
    await sign()
    await superuser.execute("ALTER TABLE head DISABLE TRIGGER ALL")
    await superuser.execute("UPDATE head SET frontier = sha256(frontier)")
    assert {place: error.index for place, error in (await sign()).unsound.items()} == {"intake.tips[2]": 0}
    await superuser.execute("UPDATE head SET size = 2, frontier = sha256(frontier)")
    assert {place: error.index for place, error in (await sign()).unsound.items()} == {"intake.tips[2]": 2}


async def test_two_workers_sign_one_after_the_other(write: Write, sign: Sign, superuser: Connection) -> None:
    await write([a_record(offset=offset, value=None) for offset in range(50)])
    steps = await asyncio.gather(sign(), sign())
    assert sum(step.entry_count for step in steps) == 50
    assert await superuser.fetchval("SELECT count(*) FROM log_checkpoint") == 1


async def test_an_entry_is_proved_once_a_checkpoint_covers_it(write: Write, sign: Sign, pool: Pool) -> None:
    id_ = new_id()
    await write([a_record(offset=0, value=event_bytes(event_id=id_))])
    async with pool.acquire() as connection:
        with pytest.raises(Conflict, match="not in a checkpoint yet"):
            await prove(connection, id_)
        with pytest.raises(NotFound):
            await prove(connection, new_id())
    await sign()
    async with pool.acquire() as connection:
        entry, _ = await prove(connection, id_)
    assert entry.size == 1


async def test_a_cosigned_checkpoint_is_preferred_and_a_line_is_kept_as_it_came_first(
    write: Write, sign: Sign, pool: Pool
) -> None:
    id_ = new_id()
    await write([a_record(offset=0, value=event_bytes(event_id=id_))])
    await sign()
    async with pool.acquire() as connection:
        (waiting,) = await store.list_unwitnessed(connection, "w")
        await store.add_cosignatures(connection, "w", {(waiting.head_id, 1): "— w AAAA\n"})
        await store.add_cosignatures(connection, "w", {(waiting.head_id, 1): "— w BBBB\n"})
        assert await store.list_unwitnessed(connection, "w") == []
    await write([a_record(offset=1, value=None)])
    await sign()
    async with pool.acquire() as connection:
        entry, proof = await prove(connection, id_)
        assert (entry.size, proof.endswith("— w AAAA\n")) == (1, True)
        (waiting,) = await store.list_unwitnessed(connection, "w")
        assert (waiting.size, waiting.old_size) == (2, 1)
        shown = await store.find_checkpoint(connection)
    assert shown is not None
    assert [log.size for log in shown.logs] == [2]


@pytest.mark.parametrize("table", ["tile", "checkpoint", "log_checkpoint", "cosignature"])
async def test_what_was_signed_is_only_added_to(
    write: Write, sign: Sign, superuser: Connection, pool: Pool, table: str
) -> None:
    await write([a_record(offset=0, value=None)])
    await sign()
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(Exception, match="only added to"):
            await superuser.execute(statement)
        async with pool.acquire() as connection:
            with pytest.raises(Exception, match=r"permission denied|only added to"):
                await connection.execute(statement)


async def test_an_auditor_is_shown_checkpoint_and_proof_and_that_is_on_record(
    write: Write, sign: Sign, call_service: CallService, superuser: Connection
) -> None:
    caller = await call_service(SERVICE)

    async def ask(path: str, account: str = "auditor") -> Any:
        return await caller.client.get(path, headers=caller.as_(account))

    id_ = new_id()
    await write([a_record(offset=0, value=event_bytes(event_id=id_))])
    assert (await ask("/v1/checkpoint")).status_code == 404
    assert (await ask(f"/v1/entries/{id_}/proof")).status_code == 409
    await sign()
    shown = (await ask("/v1/checkpoint")).json()
    assert VerifyingKey(NAME, LOG, PUBLIC).has_signed(shown["note"])
    assert [(log["topic"], log["partition"], log["size"]) for log in shown["logs"]] == [("intake.tips", 2, 1)]
    proved = (await ask(f"/v1/entries/{id_}/proof")).json()
    assert (proved["event_id"], proved["index"], proved["size"]) == (str(id_), 0, 1)
    assert check_proof(proved["proof"], VerifyingKey(NAME, LOG, PUBLIC), None).startswith(f"event {id_}, ")
    assert (await ask(f"/v1/entries/{new_id()}/proof")).status_code == 404
    assert (await ask("/v1/entries/nonsense/proof")).status_code == 422
    assert (await ask("/v1/checkpoint", "ceiu.analyst")).status_code == 403
    rows = await superuser.fetch("SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox ORDER BY id")
    viewed = [json.loads(row["event"]) for row in rows]
    routes = [event["payload"]["route"] for event in viewed if event["type"] == "record.viewed"]
    assert routes == ["GET /v1/checkpoint", "GET /v1/entries/{event_id}/proof"]
