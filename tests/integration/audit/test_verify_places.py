"""Wherever in a signed log a change is made, its place is named exactly."""

from random import Random

import pytest

from services.audit.verifier.report import INTACT, TAMPERED
from shared.db.pool import Connection
from tests.depth import IS_LONG
from tests.integration.audit.conftest import Verify
from tests.integration.audit.signed_logs import SIZES, TOPIC

PLACES = 100 if IS_LONG else 4
AT = "head_id = (SELECT id FROM head WHERE topic = 'intake.tips') AND index"
CHANGES = {
    **{
        column: f"UPDATE entry SET {column} = set_bit({column}, $2 % (8 * length({column})), "
        f"1 - get_bit({column}, $2 % (8 * length({column})))) WHERE {AT} = $1"
        for column in ("body", "header", "commit", "leaf")
    },
    **{
        column: f"UPDATE event SET {column} = left({column}, -1) WHERE {AT} = $1 AND $2::integer >= 0"
        for column in ("type", "subject_kind", "subject_id", "actor_id", "outcome")
    },
    "kind": f"UPDATE entry SET kind = left(kind, -1) WHERE {AT} = $1 AND $2::integer >= 0",
    "event_id": f"UPDATE entry SET event_id = gen_random_uuid() WHERE {AT} = $1 AND $2::integer >= 0",
    "kafka_offset": f"UPDATE entry SET kafka_offset = $2::integer WHERE {AT} = $1",
    "occurred_at": f"UPDATE event SET occurred_at = occurred_at + make_interval(secs => $2::integer) WHERE {AT} = $1",
    "removed": f"DELETE FROM entry WHERE {AT} = $1 AND $2::integer >= 0",
    "tile": "UPDATE tile SET hashes = set_bit(hashes, $1 % 256 * 256 + $2 % 256, "
    f"1 - get_bit(hashes, $1 % 256 * 256 + $2 % 256)) WHERE level = 0 AND {AT} = $1 / 256",
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_anywhere_is_found_exactly_there(verified: Verify, attacker: Connection, name: str) -> None:
    """Entries and tiles are put back after each change, so that each is found by itself."""
    await attacker.execute("ALTER TABLE entry DROP CONSTRAINT entry_kind, DROP CONSTRAINT entry_kafka_offset")
    for table in ("entry", "event", "tile"):
        await attacker.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
    chance = Random(name)
    for _ in range(PLACES):
        index = chance.randrange(SIZES[-1] if name != "tile" else SIZES[-1] // 256 * 256)
        # Above every offset there is.
        number = chance.randrange(1_000, 1_000_000)
        await attacker.execute(CHANGES[name], index, number)
        code, said = await verified()
        assert (code, f"  {TOPIC}[2] entry {index}: " in said) == (TAMPERED, True), said
        for table in ("entry", "event", "tile"):
            await attacker.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")
    assert (await verified())[0] == INTACT
