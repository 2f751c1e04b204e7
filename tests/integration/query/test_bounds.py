"""No input makes a look-up slow, or scan a table: names, identifiers and registers made to be as much work as can be.

Time is the best of three tries, each with another name of its kind, so that neither a busy machine nor a word met
before decides.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from random import Random
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from services.query.app import SERVICE
from services.query.domain.answer import Contact
from services.query.domain.evidence import HeldKey
from services.query.domain.question import Asked, read_question
from services.query.domain.sight import NO_OFFICE, Sight
from services.query.domain.subject import NAMES_MAX, Subject
from services.query.domain.words import WORDS_MAX, Name, readings_of
from services.query.handlers.desk import Desk
from services.query.handlers.lookups import find_answers
from services.query.store import projection
from shared.clock import SystemClock
from shared.db.pool import Connection, connect
from shared.kafka.outbox import Outbox
from tests.bench.lookup.population import people
from tests.builders import new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_membership, a_party, a_review, a_tip, an_email
from tests.servers import Database

SECONDS_MAX = 0.25
TRIES = 3
PEOPLE, CROWD, DOSSIERS = 12_000, 3_000, 80
NAME_CHARS_MAX = 200
BIRTH_DATE, TODAY = "1980-02-03", date(2026, 11, 26)
SHARED_EMAIL = "front.desk@example.org"
SHORT = ("ana", "ali", "jose", "juan", "li", "wang", "kim", "lee", "van", "omar", "ivan", "mia")
"""Borne by the whole crowd."""
ARABIC = ("محمد", "أحمد", "عبدالله", "علي", "حسن", "الرشيد", "فاطمة", "خالد", "يوسف")
CYRILLIC = ("Иванов", "Сергей", "Александр", "Владимирович", "Мария", "Ольга", "Петров", "Дмитрий")
VIETNAMESE = ("Nguyễn", "Trần", "Thị", "Văn", "Minh", "Anh", "Hoàng", "Phạm", "Huỳnh", "Đặng", "Thanh", "Tuấn")

Draw = Callable[[Random, Sequence[str]], str]
"""Makes a name, given the commonest words on record."""
NAMES: Mapping[str, Draw] = {
    "the commonest words": lambda chance, words: " ".join(chance.sample(words[:16], WORDS_MAX)),
    "two of the commonest words": lambda chance, words: " ".join(chance.sample(words[:4], 2)),
    "common short words": lambda chance, _: " ".join(chance.sample(SHORT, WORDS_MAX)),
    "common words": lambda chance, words: "-".join(chance.sample(words, WORDS_MAX)),
    "one endless word": lambda chance, _: "".join(chance.choices("aeioulmnrst", k=NAME_CHARS_MAX)),
    "words run together": lambda chance, words: " ".join("".join(chance.sample(words, 3))[:15] for _ in range(12)),
    "words that begin alike": lambda chance, words: " ".join(
        (chance.choice(words) + "ianosalvadore")[:length] for length in range(3, 15)
    ),
    "words a letter apart": lambda chance, words: _letter_apart(chance.choice([w for w in words if len(w) == 7])),
    "initials": lambda chance, words: f"a b c d e f g h i j k {chance.choice(words)}",
    "one letter again and again": lambda chance, _: " ".join(chance.choice("abcd") * n for n in range(2, 14)),
    "marks upon marks": lambda chance, words: "\u0301" * 90 + chance.choice(words) + "\u0308" * 90,
    "Hangul words": lambda chance, _: " ".join(_syllables(chance, "김이박최정강민서준지우현수영", 3)),
    "Han characters": lambda chance, _: " ".join(_syllables(chance, "王李张刘陈杨小明伟芳娜敏", 1)),
    "Han words": lambda chance, _: " ".join(_syllables(chance, "王李张刘陈杨小明伟芳娜敏", 2)),
    "one endless word of Han": lambda chance, _: "".join(_syllables(chance, "王李张刘陈杨小明伟芳娜敏", 15)),
    "Arabic words": lambda chance, _: " ".join(chance.choices(ARABIC, k=WORDS_MAX)),
    "Cyrillic words": lambda chance, _: " ".join(chance.choices(CYRILLIC, k=WORDS_MAX)),
    "Vietnamese words": lambda chance, _: " ".join(chance.sample(VIETNAMESE, WORDS_MAX)),
}


@pytest.fixture
async def common_words(facts: Facts, database: Database) -> list[str]:
    """The commonest words of a register that is full, and full of people who are hard to tell apart."""
    chance = Random(5)
    crowd = (" ".join(chance.sample(SHORT, 8)) for _ in range(CROWD))
    dossiers = ([" ".join(chance.sample(SHORT, WORDS_MAX)) for _ in range(NAMES_MAX)] for _ in range(DOSSIERS))
    subjects = [
        *(_subject(person.names, person.born) for person in people(PEOPLE, 5)),
        *(_subject([name], BIRTH_DATE) for name in crowd),
        *(_subject(dossier, BIRTH_DATE) for dossier in dossiers),
    ]
    left = iter(subjects)
    while part := list(islice(left, 5_000)):
        async with facts.pool.acquire() as connection, connection.transaction():
            await projection.add_records(connection, part)
    await _analyse(database)
    rows = await facts.pool.fetch("SELECT word FROM name_word WHERE word ~ '^[a-z]+$' ORDER BY holders DESC LIMIT 300")
    return [row["word"] for row in rows]


@pytest.mark.alone
@pytest.mark.timeout(240)
async def test_no_input_makes_a_look_up_slow(common_words: Sequence[str], cbp: Officer) -> None:
    chance = Random(6)
    many = {
        "emails": [SHARED_EMAIL, *(f"{word}@example.org" for word in common_words[:19])],
        "usernames": common_words[:20],
        "phones": [f"+1202555{number:04}" for number in range(20)],
        "documents": [f"X{number:08}" for number in range(20)],
    }

    def draw(kind: str) -> dict[str, Any]:
        name = NAMES[kind](chance, common_words)[:NAME_CHARS_MAX]
        return {"name": name, "birth_date": BIRTH_DATE}

    times_s = {kind: await _best_time(cbp, partial(draw, kind)) for kind in NAMES}
    times_s["an identifier that everybody holds"] = await _best_time(cbp, lambda: {"emails": [SHARED_EMAIL]})
    times_s["all that may be asked"] = await _best_time(cbp, lambda: {**many, **draw("common short words")})
    assert {kind: seconds for kind, seconds in times_s.items() if seconds > SECONDS_MAX} == {}


async def test_no_statement_of_a_look_up_scans_a_table(facts: Facts, database: Database) -> None:
    """Each is looked at by the keys of an index: also by plans made while it was small, which outlive that time."""
    tip = a_tip(a_party(an_email(SHARED_EMAIL), name="Ana López"))
    await facts.tell(tip, a_review(tip.tip_id, "actionable"), a_membership(tip.tip_id, new_id()))
    await _look_up_by_index(facts, database)


async def test_nor_does_one_while_nearly_all_hold_the_same_identifier(facts: Facts, database: Database) -> None:
    """By what is known of the table then, all of it seems to be asked for with any identifier."""
    async with facts.pool.acquire() as connection, connection.transaction():
        await projection.add_records(connection, [_subject([f"Ana López {n}"], BIRTH_DATE) for n in range(CROWD)])
    await _look_up_by_index(facts, database)


async def _look_up_by_index(facts: Facts, database: Database) -> None:
    """Look up Ana López and what she shares; fail when a statement reads a table by anything but keys of an index."""
    await _analyse(database)
    desk = Desk(clock=SystemClock(), outbox=Outbox(shards=1), ceiu=Contact("ceiu"))
    question = read_question(Asked(name="Ana López", emails=(SHARED_EMAIL,)), today=TODAY)
    said: list[LoggedQuery] = []
    async with facts.pool.acquire() as connection, connection.transaction():
        for name, value in SERVICE.database_settings.items():
            await connection.execute(f"SET LOCAL {name} = '{value}'")
        with connection.query_logger(said.append):
            [answer] = await find_answers(desk, connection, Sight(False, NO_OFFICE), [question], matches_max=[10])
        assert answer.matches
        scans = [scan for each in said for scan in await _scans_of(connection, each.query)]
    assert {scan["Relation Name"] for scan in scans} >= {"spelling", "name_word", "name_key", "record", "record_key"}
    unbound = [scan for scan in scans if scan.keys().isdisjoint(("Index Cond", "Recheck Cond"))]
    # The highest number of a record is the last of its index.
    assert [(scan.get("Index Name"), scan.get("Scan Direction")) for scan in unbound] == [
        ("record_record_no", "Backward")
    ]


async def _scans_of(connection: Connection, statement: str) -> list[dict[str, Any]]:
    """Return the nodes of a statement's plan that read a table of ours, as plans are made in this transaction.

    A plan for any values is that for none too.
    """
    values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statement))))
    await connection.execute(f"PREPARE look_up AS {statement}")
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE look_up{f'({values})' if values else ''}")
    await connection.execute("DEALLOCATE look_up")
    nodes = (node for node in _nodes(json.loads(plan)[0]["Plan"]) if "Relation Name" in node)
    # The driver asks for types of its own accord, once a connection.
    return [node for node in nodes if not node["Relation Name"].startswith("pg_")]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def _analyse(database: Database) -> None:
    owner = await connect(database.owner_url("query"), name="test-owner")
    await owner.execute("VACUUM ANALYZE")
    await owner.close()


async def _best_time(officer: Officer, draw: Callable[[], dict[str, Any]]) -> float:
    """Return how long a look-up takes, in seconds, at the best of some tries."""
    times_s = []
    for _ in range(TRIES):
        fields = draw()
        started = time.perf_counter()
        await officer.look_up(max_matches=50, **fields)
        times_s.append(time.perf_counter() - started)
    return min(times_s)


def _letter_apart(word: str) -> str:
    shorter = [word[:place] + word[place + 1 :] for place in range(len(word))]
    return " ".join([*shorter, *(word + letter for letter in "aeinr")])


def _syllables(chance: Random, letters: str, length: int) -> Iterator[str]:
    return ("".join(chance.sample(letters * 2, length)) for _ in range(WORDS_MAX))


def _subject(names: Sequence[str], birth_date: str | None) -> Subject:
    record_id = new_id()
    key = HeldKey("email", SHARED_EMAIL, SHARED_EMAIL)
    return Subject(record_id, record_id, None, tuple(Name(n, readings_of(n)) for n in names), birth_date, (key,))
