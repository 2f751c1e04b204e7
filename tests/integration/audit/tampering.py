"""What someone can do to a signed log who may do anything in its database, each at a place that chance decides.

An attack takes a connection and a source of chance, does its work on the log of `TOPIC`, and returns what the report
has to name first: `entry 7`, or `checkpoint 2`.
"""

from collections.abc import Awaitable, Callable
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.merkle import Frontier, decode_frontier
from services.audit.domain.signer import Signer
from services.audit.domain.tiles import TILE_HASHES
from shared.db.pool import Connection
from tests.integration.audit.signed_logs import NAME, SIZES, TOPIC, rebuild, remake_tiles, rewrite

Attack = Callable[[Connection, Random], Awaitable[str]]

SIZE = SIZES[-1]
OF_LOG = "head_id = (SELECT id FROM head WHERE topic = 'intake.tips')"
FAR = 1_000_000
OTHER = Signer(NAME, Ed25519PrivateKey.generate())
"""The key of someone else, under the log's name."""
TABLES = ("head", "projected", "entry", "event", "tile", "checkpoint", "log_checkpoint", "cosignature")


async def keep_all(attacker: Connection) -> None:
    """Remember everything, and take away what would keep an attack from being written."""
    await attacker.execute(
        "ALTER TABLE entry DROP CONSTRAINT entry_kind, DROP CONSTRAINT entry_kafka_offset, DROP CONSTRAINT entry_opaque"
    )
    await attacker.execute("ALTER TABLE head DROP CONSTRAINT head_next_offset, DROP CONSTRAINT head_frontier")
    for table in TABLES:
        await attacker.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")


async def put_back(attacker: Connection) -> None:
    """Make everything what it was."""
    await attacker.execute(f"TRUNCATE {', '.join(TABLES)}")
    for table in TABLES:
        await attacker.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}")


def covered_from(index: int) -> int:
    """Return the first entry of the checkpoint that covers an entry."""
    return max((size for size in SIZES if size <= index), default=0)


def within_tiles(index: int, *, are_remade: bool) -> int:
    """Return the entry to be named where its leaf is another: itself while a full tile has the one that was signed."""
    is_exact = index < SIZE - SIZE % TILE_HASHES and not are_remade
    return index if is_exact else covered_from(index)


async def change_body(attacker: Connection, chance: Random) -> str:
    return await _flip(attacker, chance, "entry", "body")


async def change_leaf(attacker: Connection, chance: Random) -> str:
    return await _flip(attacker, chance, "entry", "leaf")


async def _flip(attacker: Connection, chance: Random, table: str, column: str) -> str:
    index = chance.randrange(SIZE)
    raw = await attacker.fetchval(f"SELECT {column} FROM {table} WHERE {OF_LOG} AND index = $1", index)
    await attacker.execute(
        f"UPDATE {table} SET {column} = $2 WHERE {OF_LOG} AND index = $1", index, flipped(raw, chance)
    )
    return f"entry {index}"


async def change_frontier(attacker: Connection, chance: Random) -> str:
    raw = await attacker.fetchval("SELECT frontier FROM head WHERE topic = $1", TOPIC)
    bit = chance.randrange(8 * len(raw))
    await attacker.execute("UPDATE head SET frontier = $2 WHERE topic = $1", TOPIC, flipped(raw, chance, bit=bit))
    first, _ = decode_frontier(SIZE, raw).spans()[bit // 256]
    return f"entry {first}"


async def change_history(attacker: Connection, chance: Random) -> str:
    """Body, commit, leaf, head, and sometimes the tiles: all that follows from an entry but what was signed."""
    index, are_remade = chance.randrange(SIZE), chance.random() < 0.5
    await rewrite(attacker, index)
    if are_remade:
        await remake_tiles(attacker)
    return f"entry {within_tiles(index, are_remade=are_remade)}"


async def delete_row(attacker: Connection, chance: Random) -> str:
    index = chance.randrange(SIZE)
    for table in ("entry", "event"):
        await attacker.execute(f"DELETE FROM {table} WHERE {OF_LOG} AND index = $1", index)
    return f"entry {index}"


async def delete_and_renumber(attacker: Connection, chance: Random) -> str:
    """The log is then shorter than what was signed of it; what is before the end is told by its root or its offsets."""
    index, are_remade = chance.randrange(SIZE - 1), chance.random() < 0.5
    for table in ("entry", "event"):
        await attacker.execute(f"DELETE FROM {table} WHERE {OF_LOG} AND index = $1", index)
        await _move(attacker, table, above=index, by=-1)
    await attacker.execute(f"UPDATE projected SET index = index - 1 WHERE {OF_LOG}")
    await rebuild(attacker)
    if are_remade:
        await remake_tiles(attacker)
        return f"entry {covered_from(index) if index < SIZES[1] else index}"
    return f"entry {index}"


async def swap_rows(attacker: Connection, chance: Random) -> str:
    first, second = sorted(chance.sample(range(SIZE), 2))
    for table in ("entry", "event"):
        await attacker.execute(f"UPDATE {table} SET index = {FAR} WHERE {OF_LOG} AND index = $1", first)
        await attacker.execute(f"UPDATE {table} SET index = $2 WHERE {OF_LOG} AND index = $1", second, first)
        await attacker.execute(f"UPDATE {table} SET index = $1 WHERE {OF_LOG} AND index = {FAR}", second)
    await rebuild(attacker)
    await attacker.execute("UPDATE head SET next_offset = $2 WHERE topic = $1", TOPIC, SIZE)
    return f"entry {first}"


async def cut_tail(attacker: Connection, chance: Random) -> str:
    size = chance.randrange(1, SIZE)
    await rebuild(attacker, size=size)
    return f"entry {size}"


async def insert_row(attacker: Connection, chance: Random) -> str:
    """A copy of an entry, under another id, behind it; all that follow are moved, with their offsets and headers."""
    index, are_remade = chance.randrange(1, SIZE), chance.random() < 0.5
    for table in ("entry", "event"):
        await _move(attacker, table, above=index - 1, by=1)
    await attacker.execute(
        "UPDATE entry SET kafka_offset = kafka_offset + 1, "
        f"header = overlay(header placing int8send(kafka_offset + 1) from 7) WHERE {OF_LOG} AND index > $1",
        index,
    )
    await _forge(attacker, source=index - 1, index=index)
    await rebuild(attacker)
    if are_remade:
        await remake_tiles(attacker)
    return f"entry {within_tiles(index, are_remade=are_remade)}"


async def _forge(attacker: Connection, *, source: int, index: int) -> None:
    """Write an entry that is like another, but for its id and place, and make every leaf from it on anew."""
    await attacker.execute(
        "INSERT INTO entry (head_id, index, kafka_offset, kind, event_id, header, commit, leaf, body) "
        "SELECT head_id, $2, $2, kind, forged.id, overlay(overlay(header placing int8send($2) from 7) "
        "placing uuid_send(forged.id) from 39), commit, leaf, body "
        f"FROM entry, (SELECT gen_random_uuid() AS id) AS forged WHERE {OF_LOG} AND index = $1",
        *(source, index),
    )
    await attacker.execute(
        "INSERT INTO event SELECT head_id, $2, occurred_at, type, subject_kind, subject_id, actor_id, outcome "
        f"FROM event WHERE {OF_LOG} AND index = $1",
        *(source, index),
    )
    await attacker.execute(f"UPDATE projected SET index = index + 1 WHERE {OF_LOG}")
    await attacker.execute(
        f"UPDATE entry SET leaf = sha256('\\x00' || header || commit) WHERE {OF_LOG} AND index >= $1", index
    )


async def forge_unsigned(attacker: Connection, chance: Random) -> str:
    """An entry that no checkpoint covers yet is another: only Kafka knows."""
    index = chance.randrange(SIZE, await attacker.fetchval("SELECT size FROM head WHERE topic = $1", TOPIC))
    await rewrite(attacker, index)
    return f"entry {index}"


async def roll_everything_back(attacker: Connection, chance: Random) -> str:
    """Entries, heads, tiles, checkpoints, as a copy of the database from then has them."""
    size = chance.randrange(SIZES[0], SIZE)
    signed = covered_from(size)
    for table in ("cosignature", "log_checkpoint"):
        await attacker.execute(f"DELETE FROM {table} WHERE size > $1", signed)
    await attacker.execute("DELETE FROM checkpoint WHERE id NOT IN (SELECT checkpoint_id FROM log_checkpoint)")
    await attacker.execute("DELETE FROM tile WHERE index >= $1", signed // TILE_HASHES)
    await rebuild(attacker, size=size)
    return f"entry {size}"


EDITED = (("checkpoint", "note", "id"), ("log_checkpoint", "note", "checkpoint_id"))


async def edit_checkpoint(attacker: Connection, chance: Random) -> str:
    """A letter of a note that was signed."""
    table, column, id_ = chance.choice(EDITED)
    rows = await attacker.fetch(f"SELECT ctid, {id_} AS id, {column} AS text FROM {table} ORDER BY ctid")
    row = chance.choice(rows)
    place = chance.randrange(len(row["text"]))
    letter = "B" if row["text"][place] == "A" else "A"
    text = row["text"][:place] + letter + row["text"][place + 1 :]
    await attacker.execute(f"UPDATE {table} SET {column} = $2 WHERE ctid = $1", row["ctid"], text)
    return f"checkpoint {row['id']}"


async def sign_with_another_key(attacker: Connection, chance: Random) -> str:
    """History written anew, tiles, and every checkpoint signed anew under the log's name."""
    index = chance.randrange(SIZE)
    await rewrite(attacker, index)
    await remake_tiles(attacker)
    await sign_anew(attacker, OTHER)
    return "checkpoint 1"


async def sign_anew(attacker: Connection, signer: Signer) -> None:
    """Make every checkpoint anew from what the entries are now."""
    head_id = await attacker.fetchval("SELECT id FROM head WHERE topic = $1", TOPIC)
    leaves = await attacker.fetch("SELECT leaf FROM entry WHERE head_id = $1 ORDER BY index", head_id)
    (other,) = await attacker.fetch("SELECT id, topic, partition, size, frontier FROM head WHERE id <> $1", head_id)
    beside = decode_frontier(other["size"], other["frontier"])
    await attacker.execute("DELETE FROM cosignature")
    await attacker.execute(
        "UPDATE log_checkpoint SET note = $2 WHERE head_id = $1",
        *(other["id"], signer.sign_log(other["topic"], other["partition"], beside)),
    )
    for size in SIZES:
        tree = Frontier().extend([row["leaf"] for row in leaves[:size]])
        id_ = await attacker.fetchval(
            "UPDATE log_checkpoint SET frontier = $3, note = $4 WHERE head_id = $1 AND size = $2 "
            "RETURNING checkpoint_id",
            *(head_id, size, tree.encode(), signer.sign_log(TOPIC, 2, tree)),
        )
        note = signer.sign_all([(TOPIC, 2, tree), (other["topic"], other["partition"], beside)])
        await attacker.execute("UPDATE checkpoint SET note = $2 WHERE id = $1", id_, note)


async def change_tile(attacker: Connection, chance: Random) -> str:
    tile, column = chance.randrange(SIZE // TILE_HASHES), chance.choice(["hashes", "root"])
    where = f"{OF_LOG} AND level = 0 AND index = $1"
    raw = await attacker.fetchval(f"SELECT {column} FROM tile WHERE {where}", tile)
    bit = chance.randrange(8 * len(raw))
    await attacker.execute(f"UPDATE tile SET {column} = $2 WHERE {where}", tile, flipped(raw, chance, bit=bit))
    return f"entry {tile * TILE_HASHES + (bit // 256 if column == 'hashes' else 0)}"


async def _move(attacker: Connection, table: str, *, above: int, by: int) -> None:
    """Count the rows behind one anew, by way of numbers that none has."""
    await attacker.execute(f"UPDATE {table} SET index = index + {FAR} WHERE {OF_LOG} AND index > $1", above)
    await attacker.execute(f"UPDATE {table} SET index = index - {FAR} + $1 WHERE {OF_LOG} AND index >= {FAR}", by)


def flipped(raw: bytes, chance: Random, *, bit: int | None = None) -> bytes:
    """Return the bytes with one bit another."""
    at = chance.randrange(8 * len(raw)) if bit is None else bit
    changed = bytearray(raw)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)
