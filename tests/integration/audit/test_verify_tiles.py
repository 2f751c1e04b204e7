"""A folder of tiles is what C2SP tlog-tiles says, holds what was signed and no body, and is verified by itself."""

from base64 import b64decode
from pathlib import Path
from random import Random

import pytest

from services.audit.domain.merkle import Frontier, leaf_hash
from services.audit.domain.note import SigningKey
from services.audit.handlers.checkpoints import SIGNED_AT_ONCE, sign_grown
from services.audit.handlers.log import append
from services.audit.verifier.folder import tile_path
from services.audit.verifier.report import INCOMPLETE, INTACT, TAMPERED, USAGE
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from tests.integration.audit.conftest import Verify
from tests.integration.audit.signed_logs import (
    COSIGNER,
    IDS,
    SIGNER,
    TOPIC,
    keep,
    pin,
    rebuild,
    remake_tiles,
    rewrite,
    roll_back,
)
from tests.integration.audit.tampering import OF_LOG, OTHER, keep_all, put_back, sign_anew, swap_rows
from tests.unit.audit.records import a_record
from tests.unit.audit.test_merkle import merkle_tree_hash


@pytest.fixture
async def folder(verified: Verify, attacker: Connection, tmp_path: Path) -> Path:
    """What was signed thrice, as a folder."""
    return await write_tiles(verified, tmp_path / "tiles")


async def write_tiles(verified: Verify, folder: Path) -> Path:
    code, said = await verified(write_tiles=str(folder))
    assert (code, said.startswith("written: ")) == (INTACT, True), said
    return folder


def log_of(folder: Path) -> Path:
    return folder / TOPIC / "2"


def another_tree(size: int) -> Frontier:
    return Frontier().extend([bytes(32)] * size)


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_tiles_lie_where_the_specification_says() -> None:
    """Its own example is the first."""
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 255, 1) == "tile/entries/255.p/1"
    assert tile_path(1, 0, 256) == "tile/1/000"
    assert tile_path(2, 1_000, 7) == "tile/2/x001/000.p/7"


async def test_someone_else_s_reader_finds_the_signed_root(folder: Path) -> None:
    """By the words of the specification, with none of our code but the hash."""
    log = log_of(folder)
    assert files_of(log) == [
        "checkpoint",
        *(f"tile/0/{n:03}" for n in range(3)),
        "tile/0/003.p/132",
        "tile/1/000.p/3",
        *(f"tile/entries/{n:03}" for n in range(3)),
        "tile/entries/003.p/132",
    ]
    origin, size, root, *_ = (log / "checkpoint").read_text(encoding="utf-8").split("\n")
    assert (origin, size) == (f"cets.example/audit/{TOPIC}/2", "900")
    data: list[bytes] = []
    for path in files_of(log / "tile" / "entries"):
        raw = (log / "tile" / "entries" / path).read_bytes()
        while raw:
            length = int.from_bytes(raw[:2])
            data, raw = [*data, raw[2 : 2 + length]], raw[2 + length :]
    leaves = [leaf_hash(each) for each in data]
    assert merkle_tree_hash(leaves) == b64decode(root)
    tiles = [(log / "tile/0" / path).read_bytes() for path in files_of(log / "tile/0")]
    assert b"".join(tiles) == b"".join(leaves)
    above = [merkle_tree_hash(leaves[first : first + 256]) for first in (0, 256, 512)]
    assert (log / "tile/1/000.p/3").read_bytes() == b"".join(above)


async def test_a_folder_holds_no_body(folder: Path, attacker: Connection) -> None:
    body = await attacker.fetchval("SELECT body FROM entry WHERE event_id = $1", IDS[7])
    bundle = (log_of(folder) / "tile/entries/000").read_bytes()
    assert IDS[7].bytes in bundle
    assert str(IDS[7]).encode() in body
    assert str(IDS[7]).encode() not in bundle


async def test_a_folder_is_intact_by_itself_and_with_what_was_kept_elsewhere(
    verified: Verify, attacker: Connection, folder: Path, tmp_path: Path
) -> None:
    code, said = await verified(tiles=str(folder), given_url="")
    assert (code, said.startswith("intact: 901 entries of 2 partitions hash to")) == (INTACT, True), said
    signed = "It is signed by cets.example/audit, and what it says of 2 of 2 logs by cets.example/witness."
    assert f"{signed} None kept elsewhere was given." in said
    for last in (True, False):
        kept = await pin(attacker, tmp_path, last=last)
        code, said = await verified(tiles=str(folder), checkpoint=[kept], given_url="")
        assert (code, "2 roots kept elsewhere were compared." in said) == (INTACT, True), said


async def test_a_folder_can_be_written_from_a_dump(verified: Verify, folder: Path, tmp_path: Path) -> None:
    dump, other = str(tmp_path / "dump"), tmp_path / "other"
    assert (await verified(write_dump=dump))[0] == INTACT
    assert (await verified(dump=dump, write_tiles=str(other), given_url=""))[0] == INTACT
    assert files_of(other) == files_of(folder)
    assert all((other / path).read_bytes() == (folder / path).read_bytes() for path in files_of(folder))


async def test_a_folder_from_before_a_checkpoint_that_was_kept_is_older(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    kept = await pin(attacker, tmp_path)
    await roll_back(attacker)
    older = await write_tiles(verified, tmp_path / "older")
    assert (await verified(tiles=str(older)))[0] == INTACT
    code, said = await verified(tiles=str(older), checkpoint=[kept])
    assert (code, f"{TOPIC}[2] entry 300: {kept} says that it had 900 entries, and it has 300" in said) == (
        INCOMPLETE,
        True,
    ), said


async def test_a_checkpoint_of_a_log_that_the_folder_has_not_misses_it(
    verified: Verify, folder: Path, tmp_path: Path
) -> None:
    keep(tmp_path / "kept", SIGNER.sign_all([("linker.leads", 1, another_tree(5))]))
    code, said = await verified(tiles=str(folder), checkpoint=[str(tmp_path / "kept")])
    assert (code, "linker.leads[1] entry 0: " in said) == (INCOMPLETE, True), said


async def test_another_history_under_the_same_key_is_found_within_what_was_kept(
    verified: Verify, attacker: Connection, folder: Path, tmp_path: Path
) -> None:
    keep(tmp_path / "kept", SIGNER.sign_all([(TOPIC, 2, another_tree(500))]))
    code, said = await verified(tiles=str(folder), checkpoint=[str(tmp_path / "kept")])
    assert code == TAMPERED
    reason = f"the entries from here to 499 do not hash to what {tmp_path / 'kept'} says of them"
    assert f"{TOPIC}[2] entry 0: {reason}" in said


async def test_what_the_key_s_owner_signed_out_of_order_or_of_elsewhere_is_found(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    await keep_all(attacker)
    await swap_rows(attacker, Random(1))
    await remake_tiles(attacker)
    await sign_anew(attacker, SIGNER)
    folder = await write_tiles(verified, tmp_path / "swapped")
    code, said = await verified(tiles=str(folder))
    assert (code, "by the Kafka offsets, this is not its place" in said) == (TAMPERED, True), said
    await put_back(attacker)
    await attacker.execute(f"UPDATE entry SET header = set_byte(header, 5, 3) WHERE {OF_LOG} AND index = 700")
    await attacker.execute(
        f"UPDATE entry SET leaf = sha256('\\x00' || header || commit) WHERE {OF_LOG} AND index = 700"
    )
    await rebuild(attacker)
    await sign_anew(attacker, SIGNER)
    folder = await write_tiles(verified, tmp_path / "elsewhere")
    code, said = await verified(tiles=str(folder))
    assert (code, f"{TOPIC}[2] entry 700: its header names another partition" in said) == (TAMPERED, True), said


CHANGES = {
    "tile/entries/001": ("entry 256", "it is missing, or its bundle cannot be read from it on"),
    "tile/entries/003.p/132": ("entry 768", "it is missing, or its bundle cannot be read from it on"),
    "tile/0/002": ("entry 512", "tile 2 of level 0 is missing or cannot be read"),
    "tile/1/000.p/3": ("entry 0", "tile 0 of level 1 is missing or cannot be read"),
}


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_file_that_is_missing_or_cut_is_named(
    verified: Verify, folder: Path, path: str, is_there: bool
) -> None:
    file, (place, reason) = log_of(folder) / path, CHANGES[path]
    raw = file.read_bytes()
    file.unlink()
    if is_there:
        # Cut within the bundle's last entry, or the tile's last hash.
        file.write_bytes(raw[:-1])
        if "entries" in path:
            place = f"entry {int(place.partition(' ')[2]) + (255 if path.endswith('001') else 131)}"
    code, said = await verified(tiles=str(folder))
    assert (code, f"{TOPIC}[2] {place}: {reason}" in said) == (TAMPERED, True), said


async def test_what_follows_in_a_bundle_and_entries_of_elsewhere_are_found(verified: Verify, folder: Path) -> None:
    file = log_of(folder) / "tile/entries/003.p/132"
    raw = file.read_bytes()
    file.write_bytes(raw + b"\x00\x01x")
    assert "entry 899: something follows it in its bundle" in (await verified(tiles=str(folder)))[1]
    file.write_bytes(raw)
    for old, new in (("checkpoint", "query.activity/2/checkpoint"), ("tile/0/000", "tile/0/001")):
        target = log_of(folder) / old
        kept, source = target.read_bytes(), (folder if "activity" in new else log_of(folder)) / new
        target.write_bytes(source.read_bytes())
        code, said = await verified(tiles=str(folder))
        assert (code, f"{TOPIC}[2]" in said, "query.activity" in said) == (TAMPERED, True, False), said
        target.write_bytes(kept)
    assert (await verified(tiles=str(folder)))[0] == INTACT


async def test_checkpoints_of_a_folder_must_be_signed(verified: Verify, folder: Path, tmp_path: Path) -> None:
    for file, said_of_it in (
        (folder / "checkpoint", "tampered: "),
        (log_of(folder) / "checkpoint", "its own checkpoint is not what that of all logs says"),
    ):
        text = file.read_text(encoding="utf-8")
        keep(file, text.replace("900", "901"))
        code, said = await verified(tiles=str(folder))
        assert (code, said_of_it in said) == (TAMPERED, True), said
        keep(file, text)
    own = log_of(folder) / "checkpoint"
    text = own.read_text(encoding="utf-8")
    by_witness = text[text.index(f"\u2014 {COSIGNER.name}") :]
    keep(own, text.replace(by_witness, ""))
    assert "what it says of 1 of 2 logs by" in (await verified(tiles=str(folder)))[1]
    body = text.partition("\n\n")[0] + "\n"
    keep(own, SigningKey(body.partition("\n")[0], OTHER.key).sign(body))
    code, said = await verified(tiles=str(folder))
    assert (code, "its own checkpoint is not signed by cets.example/audit" in said) == (TAMPERED, True), said
    line = COSIGNER.cosign("another\n", at_s=1)
    keep(own, text.replace(by_witness, line))
    code, said = await verified(tiles=str(folder))
    assert (code, "the line of cets.example/witness under its checkpoint is not by its key" in said) == (TAMPERED, True)
    (folder / "checkpoint").unlink()
    code, said = await verified(tiles=str(folder))
    assert (code, len(said.splitlines())) == (INCOMPLETE, 1)


async def test_nothing_is_written_of_what_is_not_what_was_signed(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    await rewrite(attacker, 150)
    await remake_tiles(attacker)
    folder = tmp_path / "tiles"
    code, said = await verified(write_tiles=str(folder))
    assert (code, f"{TOPIC}[2] is not what was signed of it" in said) == (TAMPERED, True), said
    assert not (folder / "checkpoint").exists()
    assert (await verified(write_tiles=str(folder)))[0] == USAGE
    await attacker.execute("UPDATE checkpoint SET note = replace(note, '900', '901')")
    assert (await verified(write_tiles=str(tmp_path / "more")))[0] == TAMPERED
    await attacker.execute("DELETE FROM cosignature; DELETE FROM log_checkpoint; DELETE FROM checkpoint")
    code, said = await verified(write_tiles=str(tmp_path / "most"))
    assert (code, "nothing was signed yet" in said) == (INCOMPLETE, True)


@pytest.mark.parametrize("more", [{"since": "x"}, {"dump": "x"}, {"prove": "x"}, {"against_kafka": ""}])
async def test_what_a_folder_of_tiles_cannot_answer_is_not_asked(verified: Verify, more: dict[str, str]) -> None:
    assert (await verified(tiles="x", **more))[0] == USAGE


async def test_three_levels_are_written_and_read(verified: Verify, pool: Pool, tmp_path: Path) -> None:
    """From 65,536 entries on the second level has a full tile. Nobody need have followed them."""
    count, batch = 65_536 + 300, 5_000
    for first in range(0, count, batch):
        async with pool.acquire() as connection, connection.transaction():
            records = [a_record(offset=n, value=None) for n in range(first, min(first + batch, count))]
            await append(connection, records)
    for _ in range(count // SIGNED_AT_ONCE + 1):
        async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
            await sign_grown(reader, connection, SIGNER, SystemClock())
    folder = await write_tiles(verified, tmp_path / "tiles")
    upper = [path for path in files_of(log_of(folder)) if path.startswith(("tile/1", "tile/2"))]
    assert upper == ["tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"]
    code, said = await verified(tiles=str(folder))
    assert (code, said.startswith(f"intact: {count:,} entries")) == (INTACT, True), said
    for path, place in {"tile/2/000.p/1": 0, "tile/1/001.p/1": 65_536, "tile/1/000": 65_280}.items():
        file = log_of(folder) / path
        raw = file.read_bytes()
        file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
        code, said = await verified(tiles=str(folder))
        assert (code, f"{TOPIC}[2] entry {place}: tile " in said) == (TAMPERED, True), said
        file.write_bytes(raw)
