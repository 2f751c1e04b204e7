"""How tasks share the connection that they search on, and what is stored of what they find."""

import asyncio
from typing import Any, cast

from services.query.store.lookups import INSERT_LOOKUPS
from services.query.store.search import Turns
from shared.db.pool import Connection
from shared.kafka.outbox import INSERT_OUTBOX


async def test_a_statement_that_waits_is_sent_before_the_rows_of_the_last_one_are_worked_with() -> None:
    said: list[str] = []

    class Database:
        async def fetch(self, statement: str) -> list[Any]:
            said.append(f"{statement} is sent")
            await asyncio.sleep(0)
            return []

    turns = Turns(cast(Connection, Database()))

    async def work(name: str) -> None:
        await turns.fetch(name)
        said.append(f"{name} is worked with")

    await asyncio.gather(work("one"), work("other"))
    assert said == ["one is sent", "other is sent", "one is worked with", "other is worked with"]


def test_a_look_up_is_announced_with_the_statement_of_the_outbox() -> None:
    assert " ".join(INSERT_OUTBOX.split()) in " ".join(INSERT_LOOKUPS.split())
