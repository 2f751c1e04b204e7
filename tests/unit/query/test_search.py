"""How tasks share the connection that they search on, and what is stored of what they find."""

import asyncio
from typing import Any, cast

from services.query.domain.likeness import NEAR, SAME
from services.query.domain.name_keys import DATE_WEIGHT, WHOLE_WEIGHT, plan_for, spelling_keys
from services.query.domain.words import Reading
from services.query.store.lookups import INSERT_LOOKUPS
from services.query.store.search import AGREEMENT_ENOUGH, SHARE_MIN, Turns, find_alike
from shared.db.pool import Connection
from shared.identifiers import parse_birth_date
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


async def test_what_may_be_a_part_of_a_word_is_looked_for_alone_also_beside_somebody_who_is_called_so() -> None:
    """Maari sounds like Mar, the person, and is not spelled like the beginning of Margrethe."""
    words = ("jones", "maari", "marj")

    class Database:
        async def fetch(self, statement: str, keys: list[str], places: list[int]) -> list[Any]:
            asked = list(zip(keys, places, strict=True))
            found = [(place, word) for word in words for key, place in asked if key in spelling_keys(word)]
            return [
                {"place": place, "words": [word for its, word in found if its == place]}
                for place in dict.fromkeys(place for place, _ in found)
            ]

    database = cast(Connection, Database())
    names: list[list[Reading]] = [[("margrethe",)], [("mar", "jones")]]
    alone = [(await find_alike(database, "", [name]))[0] for name in names]
    assert await find_alike(database, "", names) == alone
    assert [set(theirs.get("mar", ())) for theirs in alone] == [{"marj"}, {"marj", "maari"}]


def test_a_look_up_is_announced_with_the_statement_of_the_outbox() -> None:
    assert " ".join(INSERT_OUTBOX.split()) in " ".join(INSERT_LOOKUPS.split())


def test_strangers_of_the_same_birth_date_are_looked_at_only_where_no_name_agrees_well() -> None:
    alike = {word: {word: SAME} for word in ("ana", "lopez")}
    plan = plan_for([("ana", "lopez")], parse_birth_date("1980-02-03"), alike)
    pair = max(probe.weight for probe in plan.probes)
    least = min(SHARE_MIN * (pair + DATE_WEIGHT), 100 * AGREEMENT_ENOUGH)
    assert least > 100 * DATE_WEIGHT
    assert least <= 100 * (DATE_WEIGHT + WHOLE_WEIGHT * 10 * NEAR)
    assert 100 * DATE_WEIGHT >= SHARE_MIN * 100 * NEAR * NEAR
