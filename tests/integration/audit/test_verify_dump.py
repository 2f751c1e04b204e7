"""A dump is verified as the database is that it was made of; and each of its bits counts."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from services.audit.verifier import whole
from services.audit.verifier.dump import TABLES
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes
from tests.integration.audit.conftest import Verify, Write
from tests.integration.audit.signed_logs import IDS, TOPIC, pin, rebuild, rewrite, roll_back
from tests.unit.audit.records import POISON, a_record

Dump = Callable[[], Awaitable[str]]
FILES = ("entry", *TABLES)
FLIPS = 12


@pytest.fixture
def dump(verified: Verify, tmp_path: Path) -> Dump:
    """Write a dump and return its folder."""

    async def dump() -> str:
        folder = tmp_path / "dump"
        code, said = await verified(write_dump=str(folder))
        assert (code, said.startswith("written: ")) == (INTACT, True), said
        return str(folder)

    return dump


def flip(file: Path, bit: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[bit // 8] ^= 1 << bit % 8
    file.write_bytes(raw)


async def test_a_dump_is_found_to_be_what_the_database_is(
    verified: Verify, attacker: Connection, dump: Dump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await pin(attacker, tmp_path)
    folder = await dump()
    assert (await verified(dump=folder, checkpoint=[kept])) == (await verified(checkpoint=[kept]))
    assert (await verified(dump=folder, since=kept)) == (await verified(since=kept))
    monkeypatch.setattr(whole, "SPLIT_MIN", 0)
    code, said = await verified(dump=folder, database="")
    assert (code, said.startswith("intact: 901 entries")) == (INTACT, True), said
    out = str(tmp_path / "proof")
    assert (await verified(dump=folder, prove=str(IDS[700]), out=out))[0] == INTACT
    assert (await verified(proof=out))[0] == INTACT


async def test_a_dump_is_its_owner_s_alone_and_written_once(verified: Verify, attacker: Connection, dump: Dump) -> None:
    folder = await dump()
    assert os.stat(folder).st_mode & 0o077 == 0
    assert (await verified(write_dump=folder))[0] == USAGE
    code, said = await verified(write_dump=f"{folder}.more", dump=folder)
    assert (code, "reads a database, not a dump" in said) == (USAGE, True)


@pytest.mark.parametrize("option", ["dump", "tiles"])
async def test_a_folder_that_is_not_there_is_wrong_usage(verified: Verify, tmp_path: Path, option: str) -> None:
    """A mistyped name says nothing about the log."""
    code, said = await verified(**{option: str(tmp_path / "absent")})
    assert (code, f"--{option}: {tmp_path / 'absent'} is no folder" in said) == (USAGE, True), said


async def test_extreme_entries_and_all_kinds_are_read_from_a_dump(verified: Verify, write: Write, dump: Dump) -> None:
    times = [b"0002-01-01T00:00:00Z", b"9998-12-31T23:59:59.999999Z", b"1969-12-31T23:59:59.999999Z"]
    values: list[bytes | None] = [event_bytes().replace(b"2026-03-01T10:00:00Z", time) for time in times]
    values += [None, b"", POISON, values[0], event_bytes(subject_id="é" * 100), b"x" * 250_000]
    await write([a_record(offset=n, value=value) for n, value in enumerate(values)])
    code, said = await verified(dump=await dump())
    assert (code, said.startswith("intact: 9 entries of 1 partitions (4 event, 1 duplicate, 4 opaque)")) == (
        INTACT,
        True,
    ), said


async def change_tile(attacker: Connection) -> None:
    await attacker.execute("UPDATE tile SET hashes = overlay(hashes placing '\\x00000000' from 225) WHERE index = 1")


async def hide_duplicate(attacker: Connection) -> None:
    await attacker.execute("UPDATE entry SET kind = 'duplicate' WHERE index = 7; DELETE FROM event WHERE index = 7")


async def repeat_event(attacker: Connection) -> None:
    """The repeat is written anew with its header, so that only the event before it tells."""
    await attacker.execute("DROP INDEX entry_event_id")
    await attacker.execute(
        "UPDATE entry SET header = overlay(entry.header placing uuid_send(earlier.event_id) from 39), event_id = "
        "earlier.event_id FROM entry AS earlier WHERE entry.index = 9 AND earlier.index = 4 "
        "AND earlier.head_id = entry.head_id"
    )
    await attacker.execute("UPDATE entry SET leaf = sha256('\\x00' || header || commit) WHERE index = 9")
    await rebuild(attacker)
    await attacker.execute("DELETE FROM cosignature; DELETE FROM log_checkpoint; DELETE FROM checkpoint")
    await attacker.execute("DELETE FROM tile")


ATTACKS: dict[str, tuple[Callable[[Connection], Awaitable[None]], int, str]] = {
    "history written anew": (lambda attacker: rewrite(attacker, 150), TAMPERED, "[2] entry 150: tile 0 of level 0"),
    "tile": (change_tile, TAMPERED, "entry 263: tile 1 of level 0"),
    "cut tail": (lambda attacker: rebuild(attacker, size=850), INCOMPLETE, "entry 850: its own newest checkpoint"),
    "roll-back": (roll_back, INCOMPLETE, "entry 300: "),
    "hidden": (hide_duplicate, TAMPERED, "entry 7: it says to be of kind duplicate"),
    "repeated": (repeat_event, TAMPERED, "entry 9: it says to be of kind event, but an earlier"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_what_was_done_to_the_database_is_found_in_its_dump(
    verified: Verify, attacker: Connection, dump: Dump, tmp_path: Path, name: str
) -> None:
    attack, expected, said_of_it = ATTACKS[name]
    kept = await pin(attacker, tmp_path) if name == "roll-back" else None
    await attack(attacker)
    code, said = await verified(dump=await dump(), checkpoint=[kept] if kept else [])
    assert (code, said_of_it in said) == (expected, True), said


async def test_a_changed_bit_of_an_entry_is_found_at_its_place(
    verified: Verify, attacker: Connection, dump: Dump
) -> None:
    file = Path(await dump()) / "entry.copy"
    for index in (0, 511, 899):
        raw = file.read_bytes()
        flip(file, 8 * (raw.index(IDS[index].bytes) + 200))
        code, said = await verified(dump=str(file.parent))
        assert (code, f"{TOPIC}[2] entry {index}: " in said) == (TAMPERED, True), said
        file.write_bytes(raw)


@pytest.mark.parametrize("name", FILES)
async def test_no_bit_of_a_dump_can_be_changed_unseen(
    verified: Verify, attacker: Connection, pool: Pool, dump: Dump, name: str
) -> None:
    file = Path(await dump()) / f"{name}.copy"
    whole = file.read_bytes()
    for bit in Random(name).sample(range(8 * len(whole)), min(FLIPS, 8 * len(whole))):
        flip(file, bit)
        code, said = await verified(dump=str(file.parent))
        assert code in (TAMPERED, INCOMPLETE), (bit, said)
        file.write_bytes(whole)


async def test_a_dump_that_was_cut_says_where(verified: Verify, attacker: Connection, dump: Dump) -> None:
    file = Path(await dump()) / "entry.copy"
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.index(IDS[700].bytes)])
    code, said = await verified(dump=str(file.parent))
    assert code == TAMPERED
    assert f"{TOPIC}[2] entry 700: entry.copy cannot be read: it ends within the row at byte " in said
    file.write_bytes(whole[:-2])
    code, said = await verified(dump=str(file.parent))
    assert (code, "the log: entry.copy cannot be read: it ends within" in said) == (TAMPERED, True), said


async def test_a_dump_without_some_of_its_files_is_not_read(
    verified: Verify, attacker: Connection, dump: Dump, tmp_path: Path
) -> None:
    folder = Path(await dump())
    for name in ("tile", "entry"):
        (folder / f"{name}.copy").unlink()
        code, said = await verified(dump=str(folder))
        assert (code, f"{name}.copy" in said, len(said.splitlines())) == (INCOMPLETE, True, 1)
