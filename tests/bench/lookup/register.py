"""The people on record in the product's own index, and asked for over its HTTP."""

import asyncio
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from deploy.local.report import say
from services.query.domain.evidence import HeldKey
from services.query.domain.subject import Subject
from services.query.domain.words import Name, readings_of
from services.query.store import projection
from shared.db.pool import prepare_connection
from tests.bench.http import Connections, post
from tests.bench.lookup.population import Person
from tests.fault.stack import Stack

SUBJECTS_AT_ONCE = 5_000
ACCOUNTS = ("cbp.att", "cbp.supervisor", "ceiu.analyst", "ceiu.supervisor")
"""They take turns, so that none comes to the end of what it may ask in a second; of tips never reviewed all see all."""
_RECORDS, _TIPS = 1 << 100, 1 << 101


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up: the person meant, and what is asked."""

    person: Person
    fields: dict[str, Any]


class Register:
    """Says who is meant by a record."""

    def __init__(self) -> None:
        self._same_name = array("q")

    async def load(self, connection: asyncpg.Connection, people: Iterable[Person], count: int) -> float:
        """Store people as the projection stores subjects of tips; return how many a second."""
        started, told, left = time.monotonic(), 0, iter(people)
        while part := list(islice(left, SUBJECTS_AT_ONCE)):
            self._same_name.extend(hash(folded(person.name)) for person in part)
            async with connection.transaction():
                await projection.add_records(connection, [_subject(person) for person in part])
            done = len(self._same_name)
            if done * 20 // count > told:
                told = done * 20 // count
                say(f"{done:,} of {count:,} subjects, {done / (time.monotonic() - started):,.0f} a second")
        return len(self._same_name) / (time.monotonic() - started)

    def is_hit(self, person: Person, record_ids: Iterable[str]) -> bool:
        """Return whether one of the records is the person's, or of somebody of just the same name."""
        name = hash(folded(person.name))
        numbers = [UUID(record_id).int - _RECORDS for record_id in record_ids]
        held = len(self._same_name)
        return any(number == person.number or (number < held and self._same_name[number] == name) for number in numbers)


class Clerk:
    """Asks over kept connections, by several accounts in turn."""

    def __init__(self, connections: Connections, stack: Stack) -> None:
        self._connections = connections
        self._tokens = cycle([stack.token(account) for account in ACCOUNTS])

    async def ask(
        self, fields: dict[str, Any], path: str = "/v1/lookups", *, good: Sequence[int] = (200,)
    ) -> tuple[Any, float]:
        """Return the answer, and how long it took, in seconds."""
        body = {"purpose": "traveller_targeting", "reference": "BENCH", **fields}
        request = post(path, next(self._tokens), orjson.dumps(body))
        started = time.monotonic()
        answer = await self._connections.ask(request, good=good)
        return answer.json(), answer.at - started


async def connect_store(stack: Stack) -> asyncpg.Connection:
    """Return a connection to the stack's database that finds query's tables."""
    connection = await asyncpg.connect(
        stack.addresses["postgres"], server_settings={"search_path": "query", "jit": "off"}, command_timeout=3_600
    )
    await prepare_connection(connection)
    return connection


async def sizes_mb(connection: asyncpg.Connection, schema: str) -> Iterator[tuple[str, float]]:
    """Return the tables and indexes of a schema, with their sizes."""
    rows = await connection.fetch(
        """SELECT relname, pg_relation_size(pg_class.oid) / 1e6 AS size FROM pg_class
        WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'i') ORDER BY size DESC""",
        schema,
    )
    return iter([(row["relname"], float(row["size"])) for row in rows])


async def settled(connection: asyncpg.Connection) -> None:
    """Let the tables be as they are a while after such a load."""
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await asyncio.sleep(1.0)


def folded(name: str) -> Sequence[str]:
    """Return what two names have in common that are the same but for order, marks and hyphens."""
    return tuple(sorted(word for reading in readings_of(name)[:1] for word in reading))


def _subject(person: Person) -> Subject:
    keys = (HeldKey("email", person.email, person.email),) if person.email else ()
    return Subject(
        record_id=UUID(int=_RECORDS + person.number),
        tip_id=UUID(int=_TIPS + person.number),
        research_id=None,
        names=tuple(Name(name, readings_of(name)) for name in person.names),
        birth_date=person.born,
        keys=keys,
    )
