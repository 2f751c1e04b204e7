"""Whoever can write everything in the database, and has not the keys, is found by what was signed; and where."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.merkle import Frontier, decode_frontier
from services.audit.domain.signer import Signer
from services.audit.handlers.checkpoints import sign_grown
from services.audit.verifier import whole
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from tests.integration.audit.conftest import Verify, Write
from tests.integration.audit.signed_logs import (
    NAME,
    SIGNER,
    TABLES,
    TOPIC,
    keep,
    pin,
    rebuild,
    remake_tiles,
    rewrite,
    roll_back,
)
from tests.unit.audit.records import a_record
from tests.waiting import eventually

OTHER = Signer(NAME, Ed25519PrivateKey.generate())


async def test_what_was_signed_is_intact_with_and_without_a_checkpoint_kept_elsewhere(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    code, said = await verified()
    assert (code, "None kept elsewhere was given" in said) == (INTACT, True), said
    assert "It has 3 checkpoints, signed by cets.example/audit, and 4 lines by cets.example/witness." in said
    for last in (True, False):
        code, said = await verified(checkpoint=[await pin(attacker, tmp_path, last=last)])
        assert (code, "2 roots kept elsewhere were compared" in said) == (INTACT, True), said


@pytest.mark.parametrize(("index", "bound"), [(0, 0), (99, 0), (100, 100), (299, 100), (899, 300)])
async def test_history_that_was_written_anew_is_found_within_the_checkpoint_that_signed_for_it(
    verified: Verify, attacker: Connection, index: int, bound: int
) -> None:
    await rewrite(attacker, index)
    code, said = await verified()
    assert code == TAMPERED
    # The last 132 entries are in no full tile.
    reason = "tile " if index < 768 else "the entries from here to "
    assert f"{TOPIC}[2] entry {index if index < 768 else bound}: {reason}" in said, said
    await remake_tiles(attacker)
    code, said = await verified()
    assert (code, f"{TOPIC}[2] entry {bound}: the entries from here to " in said) == (TAMPERED, True), said


async def test_a_roll_back_of_everything_is_found_by_what_was_kept_elsewhere_alone(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    kept = await pin(attacker, tmp_path)
    await roll_back(attacker)
    assert (await verified())[0] == INTACT
    code, said = await verified(checkpoint=[kept])
    assert code == INCOMPLETE
    assert f"{TOPIC}[2] entry 300: {kept} says that it had 900 entries, and it has 300" in said


async def test_history_that_was_rolled_back_and_told_anew_is_tampered_with(
    verified: Verify, attacker: Connection, tmp_path: Path, write: Write, pool: Pool
) -> None:
    kept = await pin(attacker, tmp_path)
    await roll_back(attacker)
    await attacker.execute("UPDATE head SET next_offset = 301 WHERE size = 300")
    await write([a_record(offset=n, value=None) for n in range(301, 1_000)])
    async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
        await sign_grown(reader, connection, SIGNER, SystemClock())
    code, said = await verified(checkpoint=[kept])
    assert code == TAMPERED
    assert f"{TOPIC}[2] entry 300: the entries from here to 899 do not hash to what {kept} says of them" in said


async def test_a_tail_that_was_cut_off_is_less_than_was_signed(verified: Verify, attacker: Connection) -> None:
    await rebuild(attacker, size=850)
    code, said = await verified()
    assert code != INTACT
    assert f"{TOPIC}[2] entry 850: its own newest checkpoint says that it had 900 entries, and it has 850" in said


async def test_a_log_that_is_gone_is_missed(verified: Verify, attacker: Connection, tmp_path: Path) -> None:
    kept = await pin(attacker, tmp_path)
    await attacker.execute("DELETE FROM fence")
    for table in ("cosignature", "log_checkpoint", "tile", "entry"):
        await attacker.execute(f"DELETE FROM {table} WHERE head_id = (SELECT id FROM head WHERE topic = '{TOPIC}')")
    await attacker.execute(f"DELETE FROM head WHERE topic = '{TOPIC}'; DELETE FROM checkpoint WHERE id > 1")
    code, said = await verified(checkpoint=[kept])
    assert code != INTACT
    assert f"{TOPIC}[2] entry 0: {kept} says that it had 900 entries, and it has 0" in said


EDITS = {
    "UPDATE checkpoint SET note = replace(note, ' 300 ', ' 301 ')": "does not say what was signed of the single logs",
    "UPDATE checkpoint SET note = 'x' WHERE id = 2": "checkpoint 2: it is no signed note",
    "DELETE FROM checkpoint WHERE id = 3": "checkpoint 3: it is missing",
    "UPDATE log_checkpoint SET note = replace(note, '300', '301') WHERE size = 300": "is not what is kept beside it",
    "UPDATE log_checkpoint SET frontier = sha256(frontier) || substr(frontier, 33) WHERE size = 300": "kept beside it",
    "UPDATE log_checkpoint SET size = 270 WHERE size = 300": "checkpoint 2",
    "DELETE FROM log_checkpoint WHERE size = 300": "checkpoint 2: it does not say what was signed",
    "UPDATE cosignature SET size = 101 WHERE size = 100": "cosignatures of no checkpoint",
    "UPDATE cosignature SET line = replace(line, 'A', 'B') WHERE size = 300": "checkpoint 2",
    "UPDATE cosignature SET line = (SELECT line FROM cosignature WHERE size = 100) WHERE size = 300": "not by its key",
    "UPDATE cosignature SET witness = 'x' WHERE size = 300": "what is kept as the line of x",
    "UPDATE cosignature SET line = E'\\n' || line WHERE size = 300": "what is kept as the line of",
    "UPDATE tile SET hashes = overlay(hashes placing '\\x00000000' from 225) WHERE index = 1": "entry 263: tile 1",
    "UPDATE tile SET root = sha256(root) WHERE index = 2": "entry 512: tile 2 of level 0 does not hold",
    "DELETE FROM tile WHERE index = 1": "entry 256: tile 1 of level 0 is missing",
    "INSERT INTO tile SELECT head_id, 0, 9, root, hashes FROM tile WHERE index = 0": "more or fewer tiles of level 0",
    "INSERT INTO tile SELECT head_id, 1, 0, root, hashes FROM tile WHERE index = 0": "more or fewer tiles of level 1",
    "INSERT INTO tile SELECT 999, 0, 0, root, hashes FROM tile WHERE index = 0": "tiles of no log",
}


@pytest.mark.parametrize("edit", EDITS)
async def test_what_was_signed_cannot_be_edited(verified: Verify, attacker: Connection, edit: str) -> None:
    await attacker.execute(edit)
    code, said = await verified()
    assert code == TAMPERED, said
    assert EDITS[edit] in said


async def test_an_event_of_no_entry_is_shown_to_nobody(verified: Verify, attacker: Connection) -> None:
    for row in ("head_id, 5000", "999, 0"):
        await attacker.execute(
            f"INSERT INTO event SELECT {row}, occurred_at, type, subject_kind, subject_id, actor_id, outcome "
            "FROM event WHERE index = 7"
        )
        code, said = await verified()
        assert (code, "it is shown to auditors, and there is no such entry" in said) == (TAMPERED, True), said
        await attacker.execute("DELETE FROM event WHERE index = 5000")


async def test_what_another_key_has_signed_is_found(verified: Verify, attacker: Connection) -> None:
    """Everything is written anew, and signed anew, by someone who has every right but the key."""
    rows = await attacker.fetch(
        "SELECT head_id, log_checkpoint.size, log_checkpoint.frontier, topic, partition "
        "FROM log_checkpoint JOIN head ON head.id = log_checkpoint.head_id"
    )
    for row in rows:
        tree = decode_frontier(row["size"], row["frontier"])
        note = OTHER.sign_log(row["topic"], row["partition"], tree)
        await attacker.execute(
            "UPDATE log_checkpoint SET note = $3 WHERE head_id = $1 AND size = $2", row["head_id"], row["size"], note
        )
    code, said = await verified()
    assert code == TAMPERED
    assert "is not signed by the log's key" in said


async def test_a_checkpoint_that_was_kept_must_bear_the_signatures_and_be_readable(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    kept = Path(await pin(attacker, tmp_path))
    note = await attacker.fetchval("SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1")
    keep(kept, note.replace(" 900 ", " 901 "))
    assert (await verified(checkpoint=[str(kept)]))[0] == TAMPERED
    keep(kept, "nonsense")
    assert (await verified(checkpoint=[str(kept)]))[0] == USAGE
    assert (await verified(checkpoint=[str(tmp_path / "absent")]))[0] == USAGE
    assert (await verified(key="nonsense"))[0] == USAGE
    own = await attacker.fetchval("SELECT note FROM log_checkpoint WHERE size = 900")
    keep(kept, own)
    code, said = await verified(checkpoint=[str(kept)])
    assert (code, "not signed by cets.example/witness" in said) == (TAMPERED, True)
    line = await attacker.fetchval("SELECT line FROM cosignature WHERE size = 900")
    keep(kept, note + own + line)
    assert (await verified(checkpoint=[str(kept)]))[0] == INTACT
    keep(kept, json.dumps({"note": note, "logs": [{"note": own + line}]}))
    assert (await verified(checkpoint=[str(kept)]))[0] == INTACT


async def test_since_a_kept_checkpoint_only_what_came_later_is_read(
    verified: Verify, attacker: Connection, tmp_path: Path, pool: Pool, write: Write
) -> None:
    kept = await pin(attacker, tmp_path)
    for table in TABLES:
        await attacker.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    await write([a_record(offset=n, value=None) for n in range(900, 1_000)])
    code, said = await verified(since=kept)
    assert (code, said.startswith("intact: 489 entries")) == (INTACT, True), said
    await attacker.execute("ALTER TABLE entry DISABLE TRIGGER ALL")
    await attacker.execute("UPDATE entry SET body = '\\x00' WHERE index = 950")
    assert (await verified(since=kept))[0] == TAMPERED


async def test_an_older_checkpoint_is_compared_although_a_newer_one_says_where_to_begin(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    kept, older = await pin(attacker, tmp_path), tmp_path / "older"
    keep(older, SIGNER.sign_all([(TOPIC, 2, Frontier().extend([bytes(32)] * 100))]))
    code, said = await verified(since=kept, checkpoint=[str(older)])
    assert code == TAMPERED, said
    assert f"{TOPIC}[2] entry 0: the entries from here to 99 do not hash to what {older} says of them" in said


async def test_two_processes_find_what_one_does(
    verified: Verify, attacker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = await verified()
    monkeypatch.setattr(whole, "SPLIT_MIN", 0)
    assert (await verified()) == alone
    await rewrite(attacker, 300)
    await attacker.execute(
        "UPDATE entry SET body = '\\x00' WHERE head_id = (SELECT id FROM head WHERE topic = 'query.activity')"
    )
    code, said = await verified()
    assert code == TAMPERED
    assert f"{TOPIC}[2] entry 300: tile 1 of level 0 does not hold the hashes of the entries" in said
    assert "query.activity[2] entry 0: its body does not hash to its commit" in said


async def test_a_database_that_goes_away_from_one_of_two_processes_makes_it_incomplete(
    verified: Verify, attacker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "SPLIT_MIN", 0)
    async with attacker.transaction():
        await attacker.execute("LOCK TABLE entry IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(verified())
        await eventually(lambda: end_readers(attacker))
    code, said = await running
    assert (code, "nothing is said about the log" in said) == (INCOMPLETE, True), said


async def end_readers(superuser: Connection) -> bool:
    await superuser.execute("SELECT pg_stat_clear_snapshot()")
    return bool(await superuser.fetchval(END_READERS))


END_READERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'audit-verify' AND wait_event_type = 'Lock'"""


def test_the_verifier_imports_nothing_else_of_the_project() -> None:
    code = "import services.audit.verifier.__main__, sys; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = {name for name in imported.stdout.split() if name.partition(".")[0] in ("services", "shared", "deploy")}
    pure = ("check", "export", "header", "merkle", "note", "proof", "tiles")
    domain = {f"services.audit.domain.{name}" for name in pure}
    rest = {name for name in found if not name.startswith("services.audit.verifier")} - domain
    assert rest == {"services", "services.audit", "services.audit.domain"}
    # A dump or a folder is read without a client for a database or a broker.
    assert not {"asyncpg", "aiokafka"} & set(imported.stdout.split())


async def test_a_database_that_contradicts_what_was_kept_is_no_laggard(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    """Cut, and the checkpoint of what is gone is another: that is no state of this log from before."""
    kept = await pin(attacker, tmp_path)
    await rebuild(attacker, size=850)
    assert (await verified(checkpoint=[kept]))[0] == INCOMPLETE
    await attacker.execute(
        "UPDATE log_checkpoint SET frontier = sha256(frontier) || substr(frontier, 33) WHERE size = 900"
    )
    code, said = await verified(checkpoint=[kept])
    assert code == TAMPERED
    assert f"{TOPIC}[2] entry 850: {kept} and the database's own checkpoint say different things" in said


async def test_a_key_that_signed_two_histories_is_told(verified: Verify, attacker: Connection, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    keep(first, SIGNER.sign_all([(TOPIC, 2, Frontier().extend([bytes(32)] * 1_000))]))
    keep(second, SIGNER.sign_all([(TOPIC, 2, Frontier().extend([b"\x01" * 32] * 1_000))]))
    assert (await verified(checkpoint=[str(first)]))[0] == INCOMPLETE
    code, said = await verified(checkpoint=[str(first), str(second)])
    assert (code, "say different things of its first 1000 entries" in said) == (TAMPERED, True)


@pytest.mark.parametrize("table", ["checkpoint", "log_checkpoint", "cosignature", "tile"])
async def test_a_table_of_checkpoints_that_cannot_be_read_is_tampering(
    verified: Verify, attacker: Connection, table: str
) -> None:
    """The relation its long values lie in is lost."""
    column = {"tile": "hashes", "cosignature": "line"}.get(table, "note")
    await attacker.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
    long = "repeat('x', 9000)" if table != "tile" else "hashes"
    await attacker.execute(f"UPDATE {table} SET {column} = {long}")
    await attacker.execute("SET allow_system_table_mods = on")
    await attacker.execute(
        f"DELETE FROM pg_class WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = '{table}'::regclass)"
    )
    code, said = await verified()
    assert code == TAMPERED, said
    assert "cannot be read" in said or "the database cannot read it" in said


async def test_a_database_of_a_release_that_signed_nothing_says_so(verified: Verify, attacker: Connection) -> None:
    await attacker.execute("DROP TABLE cosignature, log_checkpoint, checkpoint, tile")
    code, said = await verified()
    assert (code, "It has no checkpoints, being of a release that signed nothing" in said) == (INTACT, True), said
