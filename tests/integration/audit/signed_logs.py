"""Two logs that were signed thrice, and what someone can do to them who may do anything in the database."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.merkle import Frontier
from services.audit.domain.note import WITNESS, SigningKey, read_note
from services.audit.domain.signer import Signer
from services.audit.domain.tiles import full_tiles
from services.audit.handlers.checkpoints import sign_grown
from services.audit.store import checkpoints as store
from shared.clock import SystemClock
from shared.db.pool import Connection, Pool
from tests.builders import event_bytes, new_id
from tests.unit.audit.records import a_record

Write = Callable[..., Awaitable[None]]

NAME, TOPIC = "cets.example/audit", "intake.tips"
SIGNER = Signer(NAME, Ed25519PrivateKey.generate())
KEY = SigningKey(NAME, SIGNER.key).verifying
COSIGNER = SigningKey("cets.example/witness", Ed25519PrivateKey.generate(), WITNESS)
SIZES = (100, 300, 900)
"""Entries of the first log at its three checkpoints; the other has one entry."""
IDS = [new_id() for _ in range(SIZES[-1])]

TABLES = ("entry", "head", "tile", "checkpoint", "log_checkpoint", "cosignature")


async def grow(write: Write, pool: Pool, first: int, beyond: int) -> None:
    """Write entries and sign for them, with the witness's lines."""
    await write([a_record(offset=n, value=event_bytes(event_id=IDS[n])) for n in range(first, beyond)])
    await sign(pool)


async def sign(pool: Pool) -> None:
    """Sign for what was written, with the witness's lines."""
    async with pool.acquire() as reader, pool.acquire() as connection, connection.transaction():
        await sign_grown(reader, connection, SIGNER, SystemClock())
        lines = {
            (each.head_id, each.size): COSIGNER.cosign(read_note(each.note)[0], at_s=1_800_000_000)
            for each in await store.list_unwitnessed(connection, COSIGNER.name)
        }
        await store.add_cosignatures(connection, COSIGNER.name, lines)


def keep(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


async def pin(attacker: Connection, tmp_path: Path, *, last: bool = True) -> str:
    """Return a file with the newest checkpoint, or the oldest."""
    file = tmp_path / "pinned"
    order = "DESC" if last else "ASC"
    keep(file, await attacker.fetchval(f"SELECT note FROM checkpoint ORDER BY id {order} LIMIT 1"))
    return str(file)


async def rebuild(attacker: Connection, *, size: int | None = None) -> None:
    """Cut the first log to a size, and make its head as if its entries had always been these."""
    head_id = await attacker.fetchval("SELECT id FROM head WHERE topic = $1", TOPIC)
    if size is not None:
        await attacker.execute("DELETE FROM entry WHERE head_id = $1 AND index >= $2", head_id, size)
        await attacker.execute("DELETE FROM event WHERE head_id = $1 AND index >= $2", head_id, size)
        await attacker.execute("UPDATE projected SET index = $2 WHERE head_id = $1", head_id, size)
    rows = await attacker.fetch("SELECT leaf, kafka_offset FROM entry WHERE head_id = $1 ORDER BY index", head_id)
    tree = Frontier().extend([row["leaf"] for row in rows])
    await attacker.execute(
        "UPDATE head SET size = $2, frontier = $3, next_offset = $4 WHERE id = $1",
        *(head_id, tree.size, tree.encode(), rows[-1]["kafka_offset"] + 1),
    )


async def remake_tiles(attacker: Connection) -> None:
    """Make the tiles of the first log as if its entries had always been these."""
    head_id = await attacker.fetchval("SELECT id FROM head WHERE topic = $1", TOPIC)
    leaves = await attacker.fetch("SELECT leaf FROM entry WHERE head_id = $1 ORDER BY index", head_id)
    for tile in full_tiles(0, 0, [row["leaf"] for row in leaves]):
        await attacker.execute(
            "UPDATE tile SET root = $3, hashes = $4 WHERE head_id = $1 AND level = 0 AND index = $2",
            *(head_id, tile.index, tile.root, b"".join(tile.hashes)),
        )


async def rewrite(attacker: Connection, index: int) -> None:
    """Change an entry's body, and all that follows from it in entry and head."""
    head_id = await attacker.fetchval("SELECT id FROM head WHERE topic = $1", TOPIC)
    await attacker.execute("UPDATE entry SET body = body || '\\x00' WHERE head_id = $1 AND index = $2", head_id, index)
    await attacker.execute("UPDATE entry SET commit = sha256(body) WHERE head_id = $1 AND index = $2", head_id, index)
    await attacker.execute(
        "UPDATE entry SET leaf = sha256('\\x00' || header || commit) WHERE head_id = $1 AND index = $2", head_id, index
    )
    await rebuild(attacker)


async def roll_back(attacker: Connection) -> None:
    """Restore everything as it was at the second checkpoint."""
    await attacker.execute("DELETE FROM cosignature WHERE size > 300; DELETE FROM log_checkpoint WHERE size > 300")
    await attacker.execute("DELETE FROM checkpoint WHERE id NOT IN (SELECT checkpoint_id FROM log_checkpoint)")
    await attacker.execute("DELETE FROM tile WHERE index > 0")
    await rebuild(attacker, size=300)
