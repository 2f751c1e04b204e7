"""Proofs of single entries convince by themselves; and what only looks like one does not."""

from pathlib import Path

import pytest

from services.audit.domain.merkle import decode_frontier
from services.audit.handlers.checkpoints import sign_grown
from services.audit.handlers.proofs import prove
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes, new_id
from tests.integration.audit.conftest import Verify, Write
from tests.integration.audit.signed_logs import IDS, SIGNER, TABLES, TOPIC, keep, rewrite
from tests.unit.audit.records import a_record


async def test_a_proof_convinces_without_a_database_and_no_other_entry(
    verified: Verify, attacker: Connection, tmp_path: Path, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        _, text = await prove(connection, IDS[123])
    file = tmp_path / "one.tlog-proof"
    keep(file, text)
    code, said = await verified(proof=str(file), database="")
    assert code == INTACT
    assert f"event {IDS[123]}, tip.repeated, by source.ncmec, " in said
    assert "is entry 123 of intake.tips[2], of which cets.example/audit and cets.example/witness signed 900" in said
    vector = await attacker.fetchval("SELECT note FROM checkpoint ORDER BY id DESC LIMIT 1")
    changes = (
        text.replace("index 123", "index 124"),
        text.replace("index 123", "123"),
        text.replace("\n900\n", "\n901\n"),
        text.replace("extra ", "extra \u00e9"),
        text.partition("\n\n")[0] + "\n\n" + vector,
        "x",
        text[:200],
    )
    for changed in changes:
        keep(file, changed)
        code, said = await verified(proof=str(file))
        assert (code, "proves nothing" in said) == (TAMPERED, True)


async def test_a_checkpoint_of_all_logs_proves_no_entry_of_one(
    verified: Verify, attacker: Connection, tmp_path: Path, pool: Pool
) -> None:
    """It has no line of the witness, even where it has one log only and its root is right."""
    async with pool.acquire() as connection:
        _, text = await prove(connection, IDS[123])
        tree = decode_frontier(900, await attacker.fetchval("SELECT frontier FROM log_checkpoint WHERE size = 900"))
    file = tmp_path / "one.tlog-proof"
    keep(file, text.partition("\n\n")[0] + "\n\n" + SIGNER.sign_all([(TOPIC, 2, tree)]))
    code, said = await verified(proof=str(file))
    assert (code, "proves nothing" in said) == (TAMPERED, True)


async def test_a_line_of_the_report_is_not_made_by_what_is_in_it(
    verified: Verify, attacker: Connection, write: Write, pool: Pool, tmp_path: Path
) -> None:
    event_id = new_id()
    value = event_bytes(event_id=event_id).replace(b'"source.ncmec"', b'"x\\nproved: anything"')
    for table in TABLES:
        await attacker.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    await write([a_record(topic="query.activity", offset=1, value=value)])
    async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
        await sign_grown(reader, connection, SIGNER, SystemClock())
        _, text = await prove(connection, event_id)
    keep(tmp_path / "proof", text)
    code, said = await verified(proof=str(tmp_path / "proof"), given_witness=None)
    assert (code, len(said.splitlines())) == (INTACT, 1)
    assert "by x?proved: anything, " in said


@pytest.mark.parametrize("index", [0, 255, 256, 511, 600, 899])
async def test_the_verifier_makes_the_proof_that_it_reads(
    verified: Verify, attacker: Connection, tmp_path: Path, pool: Pool, index: int
) -> None:
    """It is the one that the service gives."""
    file = tmp_path / "made"
    code, said = await verified(prove=str(IDS[index]), out=str(file))
    assert (code, f"is entry {index} of intake.tips[2]" in said) == (INTACT, True), said
    async with pool.acquire() as connection:
        assert file.read_text(encoding="utf-8") == (await prove(connection, IDS[index]))[1]
    assert (await verified(proof=str(file)))[0] == INTACT


async def test_what_cannot_be_proved_is_told_apart_from_what_was_touched(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    out = str(tmp_path / "made")
    code, said = await verified(prove=str(new_id()), out=out)
    assert (code, "no entry is of event" in said) == (INCOMPLETE, True)
    for asked in ({"prove": "x", "out": out}, {"prove": str(IDS[0])}, {"prove": str(IDS[0]), "out": str(tmp_path)}):
        assert (await verified(**asked))[0] == USAGE
    await rewrite(attacker, 600)
    code, said = await verified(prove=str(IDS[600]), out=out)
    assert (code, "cannot be proved from what is stored" in said) == (TAMPERED, True)
    await attacker.execute("DELETE FROM cosignature")
    code, said = await verified(prove=str(IDS[1]), out=out)
    assert (code, "is in no checkpoint signed by cets.example/audit and cets.example/witness" in said) == (
        INCOMPLETE,
        True,
    )
    assert not (tmp_path / "made").exists()
    assert (await verified(prove=str(IDS[1]), out=out, given_witness=None))[0] == INTACT
