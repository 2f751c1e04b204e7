"""Whoever may do anything is found, at each place that chance decides, and the first entry that is wrong is named.

What each class of tampering takes to be found, beside the log's public key:

    body, leaf, frontier, row deleted, rows swapped          nothing: what is stored contradicts itself
    deleted and renumbered, inserted, tail cut, history
        written anew with its tiles, tile                    nothing: what was signed before contradicts it
    checkpoint edited, signed by another key                 nothing: the signatures
    page of a table, file of a dump, folder of tiles         nothing: checksums, hashes
    everything rolled back                                   a checkpoint kept elsewhere, or the witness's line on one
    entry forged that no checkpoint covers yet               Kafka: `--against-kafka`; a second later it is covered

Whoever also has the log's key can sign another history: then only the checkpoint kept elsewhere, and the witness, who
signs no second history of a size, tell. `PLACES` of each class are tried; with CETS_TEST_LONG=1, a hundred.
"""

import os
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.audit.domain.header import decode_header
from services.audit.domain.record import decode_body
from services.audit.domain.tiles import TILE_HASHES
from services.audit.verifier.folder import tile_path
from services.audit.verifier.report import INTACT, TAMPERED
from shared.db.pool import Connection, Pool
from tests.conftest import Kafka
from tests.depth import IS_LONG
from tests.integration.audit import tampering
from tests.integration.audit.conftest import Verify, Write
from tests.integration.audit.signed_logs import IDS, TABLES, TOPIC, pin
from tests.integration.audit.tampering import OF_LOG, SIZE, Attack, flipped, keep_all, put_back
from tests.servers import Database, drop_database
from tests.unit.audit.records import a_record

PLACES = 100 if IS_LONG else 3
PAGE_BYTES = 8_192
WITHIN_VALUES = (*range(16), *range(32, 132))
"""Bytes of an event's id, and of the fixed places of the header behind it, from where the id begins in a row."""
COPY_BEGIN_BYTES, COPY_PLACE_BYTES = 47, 22
"""In a row of COPY's binary format: what stands before the event's id, and of that what says of which entry it is."""

CLASSES: dict[str, Attack] = {
    "body": tampering.change_body,
    "leaf": tampering.change_leaf,
    "frontier": tampering.change_frontier,
    "history written anew": tampering.change_history,
    "deleted": tampering.delete_row,
    "deleted and renumbered": tampering.delete_and_renumber,
    "swapped": tampering.swap_rows,
    "tail cut": tampering.cut_tail,
    "inserted": tampering.insert_row,
    "checkpoint edited": tampering.edit_checkpoint,
    "signed by another key": tampering.sign_with_another_key,
    "tile": tampering.change_tile,
}


def first_named(said: str, place: str) -> bool:
    """Return whether a place is the first that is named of the log, or of the checkpoints."""
    lines = [line for line in said.splitlines() if line.startswith("  ")]
    name = place if place.startswith("checkpoint") else f"{TOPIC}[2] {place}"
    of_its_kind = [line for line in lines if line.startswith("  " + name.partition(" ")[0])]
    return bool(of_its_kind) and of_its_kind[0].startswith(f"  {name}: ")


@pytest.mark.parametrize("name", CLASSES)
async def test_what_contradicts_itself_or_what_was_signed_is_found_without_and_with_a_checkpoint_kept_elsewhere(
    verified: Verify, attacker: Connection, tmp_path: Path, name: str
) -> None:
    kept, chance = await pin(attacker, tmp_path), Random(name)
    await keep_all(attacker)
    for _ in range(PLACES):
        place = await CLASSES[name](attacker, chance)
        for given in ([], [kept]):
            code, said = await verified(checkpoint=given)
            assert (code == INTACT, first_named(said, place)) == (False, True), (place, said)
        await put_back(attacker)
    assert (await verified(checkpoint=[kept]))[0] == INTACT


async def test_what_another_key_signed_is_placed_by_the_checkpoint_kept_elsewhere(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    """Not by what was forged with it, which agrees with the entries."""
    kept = await pin(attacker, tmp_path)
    await tampering.sign_with_another_key(attacker, Random(1))
    code, said = await verified(checkpoint=[kept])
    assert (code, f"  {TOPIC}[2] entry 0: the entries from here to 899 do not" in said) == (TAMPERED, True), said


async def test_a_roll_back_of_everything_takes_a_checkpoint_kept_elsewhere(
    verified: Verify, attacker: Connection, tmp_path: Path
) -> None:
    kept, chance = await pin(attacker, tmp_path), Random("roll-back")
    await keep_all(attacker)
    for _ in range(PLACES):
        place = await tampering.roll_everything_back(attacker, chance)
        code, said = await verified()
        assert code == INTACT, said
        code, said = await verified(checkpoint=[kept])
        assert (code == INTACT, first_named(said, place)) == (False, True), (place, said)
        await put_back(attacker)


async def test_an_entry_forged_after_the_last_checkpoint_takes_kafka(
    verified: Verify, attacker: Connection, tmp_path: Path, write: Write, kafka: Kafka
) -> None:
    """All records lie on Kafka; the last are not signed yet."""
    kept, chance = await pin(attacker, tmp_path), Random("forged")
    for table in TABLES:
        await attacker.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    await write([a_record(offset=SIZE + n) for n in range(20)])
    for table in TABLES:
        await attacker.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    await keep_all(attacker)
    prefix = await send_log(attacker, kafka)
    against = partial(verified, checkpoint=[kept], against_kafka=kafka.bootstrap, given_prefix=prefix)
    code, said = await against()
    assert (code, "Of the entries 920 are, byte for byte," in said) == (INTACT, True), said
    for _ in range(PLACES):
        place = await tampering.forge_unsigned(attacker, chance)
        code, said = await verified(checkpoint=[kept])
        assert code == INTACT, said
        code, said = await against()
        assert (code, first_named(said, place)) == (TAMPERED, True), (place, said)
        await put_back(attacker)


async def send_log(attacker: Connection, kafka: Kafka) -> str:
    """Put what the log of `TOPIC` holds on Kafka, as it lay there, on a topic under another prefix; return that."""
    prefix = f"{kafka.prefix}kept."
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        # The records keep their times, which are long ago: Kafka would remove them when it next looks.
        kept = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
        await admin.create_topics([NewTopic(prefix + TOPIC, 4, 1, topic_configs=kept)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        for row in await attacker.fetch(f"SELECT header, body FROM entry WHERE {OF_LOG} ORDER BY index"):
            header, body = decode_header(row["header"]), decode_body(row["body"])
            where = {"partition": header.partition, "timestamp_ms": header.timestamp_ms}
            await producer.send(prefix + header.topic, body.value, body.key, headers=list(body.headers), **where)
        await producer.flush()
    finally:
        await producer.stop()
    return prefix


@pytest.mark.parametrize("is_checked", [True, False])
async def test_a_bit_of_a_page_is_found(
    verified: Verify, attacker: Connection, pool: Pool, database: Database, postgres_url: str, is_checked: bool
) -> None:
    """By PostgreSQL's checksums anywhere in a page; by our hashes where they are ignored, in a value of an entry.

    A copy of the database, file by file, has nothing in memory yet when a bit of its file is changed. Lengths of values
    are left alone where checksums are ignored: with another one PostgreSQL may crash, and then nothing can be said.
    """
    data = Path(await attacker.fetchval("SHOW data_directory"))
    if not os.access(data, os.R_OK):
        pytest.skip("the server's files are not on this machine")
    assert await attacker.fetchval("SHOW data_checksums") == "on"
    node = Path(await attacker.fetchval("SELECT pg_relation_filepath('entry')")).name
    rows = await attacker.fetch(
        "SELECT min(index) AS index, (ctid::text::point)[0]::integer AS page FROM entry WHERE head_id = "
        "(SELECT id FROM head WHERE topic = $1) GROUP BY page",
        TOPIC,
    )
    first_of_page = {row["page"]: row["index"] for row in rows}
    await attacker.close()
    await pool.close()
    chance, name = Random(f"page {is_checked}"), f"{urlsplit(database.superuser_url).path[1:]}_page"
    server: Any = await asyncpg.connect(postgres_url)
    for _ in range(PLACES):
        origin = urlsplit(database.superuser_url).path[1:]
        await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{origin}" STRATEGY file_copy')
        oid = await server.fetchval("SELECT oid FROM pg_database WHERE datname = $1", name)
        file = data / "base" / str(oid) / node
        raw = file.read_bytes()
        if is_checked:
            page = chance.choice(list(first_of_page))
            bit, index = 8 * PAGE_BYTES * page + chance.randrange(8 * PAGE_BYTES), first_of_page[page]
        else:
            index = chance.randrange(SIZE)
            bit = 8 * (raw.index(IDS[index].bytes) + chance.choice(WITHIN_VALUES)) + chance.randrange(8)
        with file.open("r+b") as opened:
            opened.write(flipped(raw, chance, bit=bit))
        settings = "" if is_checked else "?ignore_checksum_failure=on"
        url = urlunsplit(urlsplit(database.superuser_url)._replace(path=f"/{name}"))
        code, said = await verified(given_url=url + settings)
        assert (code, first_named(said, f"entry {index}")) == (TAMPERED, True), (index, bit, said)
        await drop_database(postgres_url, name)
    await server.close()


async def test_a_bit_of_a_dump_is_found(verified: Verify, attacker: Connection, tmp_path: Path) -> None:
    folder, chance = tmp_path / "dump", Random("dump")
    kept = await pin(attacker, tmp_path)
    assert (await verified(write_dump=str(folder)))[0] == INTACT
    assert (await verified(dump=str(folder), checkpoint=[kept]))[0] == INTACT
    file = folder / "entry.copy"
    raw = file.read_bytes()
    for _ in range(PLACES):
        index = chance.randrange(SIZE - 1)
        begin, end = (raw.index(IDS[n].bytes) - COPY_BEGIN_BYTES for n in (index, index + 1))
        bit = chance.randrange(8 * (begin + COPY_PLACE_BYTES), 8 * end)
        file.write_bytes(flipped(raw, chance, bit=bit))
        code, said = await verified(dump=str(folder), checkpoint=[kept])
        assert (code, first_named(said, f"entry {index}")) == (TAMPERED, True), (index, bit, said)
        file.write_bytes(raw)


async def test_a_bit_of_a_folder_of_tiles_is_found(verified: Verify, attacker: Connection, tmp_path: Path) -> None:
    folder, chance = tmp_path / "tiles", Random("tiles")
    kept = await pin(attacker, tmp_path)
    assert (await verified(write_tiles=str(folder)))[0] == INTACT
    assert (await verified(tiles=str(folder), checkpoint=[kept], given_url=""))[0] == INTACT
    for _ in range(PLACES):
        index = chance.randrange(SIZE)
        tile, place = divmod(index, TILE_HASHES)
        kinds: list[int | str] = ["entries", 0, *([1] if tile < SIZE // TILE_HASHES else [])]
        what = chance.choice(kinds)
        width = TILE_HASHES if tile < SIZE // TILE_HASHES else SIZE % TILE_HASHES
        path = tile_path(1, 0, SIZE // TILE_HASHES) if what == 1 else tile_path(what, tile, width)
        file = folder / TOPIC / "2" / path
        raw = file.read_bytes()
        if what == "entries":
            begin = 0
            for _ in range(place):
                begin += 2 + int.from_bytes(raw[begin : begin + 2])
            bit = chance.randrange(8 * begin, 8 * (begin + 2 + int.from_bytes(raw[begin : begin + 2])))
        else:
            bit = chance.randrange(256) + 256 * (tile if what else place)
        file.write_bytes(flipped(raw, chance, bit=bit))
        code, said = await verified(tiles=str(folder), checkpoint=[kept], given_url="")
        named = f"entry {tile * TILE_HASHES if what == 1 else index}"
        assert (code, first_named(said, named)) == (TAMPERED, True), (what, index, bit, said)
        file.write_bytes(raw)
