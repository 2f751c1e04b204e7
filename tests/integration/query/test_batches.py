"""Many look-ups at once: each is answered as if it came alone, all of them or none, and each is on record."""

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from services.query.domain.answer import Contact
from services.query.domain.grade import Match
from services.query.domain.question import Asked, Question, read_question
from services.query.domain.rarity import RECORDS_MIN
from services.query.domain.sight import NO_OFFICE, Sight
from services.query.handlers.desk import Desk
from services.query.handlers.lookups import QUESTIONS_AT_ONCE, find_answers
from services.query.http.batches import TRAVELLERS_MAX
from services.query.store import search
from services.query.store.projection import add_records
from shared.clock import SystemClock
from shared.db.pool import Connection
from shared.errors import Unavailable
from shared.kafka.outbox import Outbox
from tests.bench.lookup.damage import KINDS
from tests.bench.lookup.population import people
from tests.depth import deep
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_party, a_tip, an_email
from tests.integration.query.test_lookups import EMAIL, events_of
from tests.integration.query.test_silent_leads import a_subject


def a_batch(*travellers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a batch; travellers that name no reference are counted from 0."""
    named = [{"traveller_ref": str(place), **traveller} for place, traveller in enumerate(travellers)]
    return {"purpose": "traveller_targeting", "reference": "XY 123", "travellers": named, **fields}


async def post(officer: Officer, body: dict[str, Any], **headers: str) -> Any:
    return await officer.post("/v1/lookups/batch", body, **headers)


async def test_each_traveller_of_a_batch_is_answered_as_alone_and_put_on_record(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL), name="Ana Lopez")), a_tip(a_party(name="Bo Li")))
    asked: list[dict[str, Any]] = [
        {"emails": [EMAIL]},
        {"name": "Nobody Atall"},
        {"name": "LI BO"},
        {"emails": [EMAIL], "name": "Bo Li"},
    ]
    answered = await post(cbp, a_batch(*asked))
    assert answered.status_code == 200, answered.text
    results = answered.json()["results"]
    assert [result["traveller_ref"] for result in results] == ["0", "1", "2", "3"]
    assert [result["matches"] for result in results] == [await cbp.find(**each) for each in asked]
    events = await events_of(facts, "lookup.answered")
    assert [event["subject"]["id"] for event in events[:4]] == [result["lookup_id"] for result in results]
    assert {event["actor"]["id"] for event in events} == {"cbp.att"}
    for result in results:
        again = (await cbp.get(f"/v1/lookups/{result['lookup_id']}")).json()
        assert again["matches"] == result["matches"]


async def test_a_large_batch_is_answered_in_its_order_though_its_parts_are_worked_on_side_by_side(
    facts: Facts, cbp: Officer
) -> None:
    names = [
        f"{first} {last}" for first in ("Ana", "Boris", "Chen", "Dilip", "Eva") for last in ("Adler", "Baker", "Ito")
    ]
    await facts.tell(*(a_tip(a_party(name=name)) for name in names))
    asked = [{"name": name} for name in (names * QUESTIONS_AT_ONCE)[: 3 * QUESTIONS_AT_ONCE + 1]]
    results = (await post(cbp, a_batch(*asked))).json()["results"]
    alone = {name: await cbp.find(name=name) for name in names}
    assert [result["matches"] for result in results] == [alone[each["name"]] for each in asked]


@pytest.mark.parametrize("seed", range(deep(2)))
async def test_an_answer_is_the_same_whatever_else_is_asked_with_it(facts: Facts, seed: int) -> None:
    """Weights and all, in a world large enough for names to be weighed by how rare their words are."""
    chance = Random(seed)
    register = list(people(5 * RECORDS_MIN, seed))
    async with facts.pool.acquire() as connection, connection.transaction():
        await add_records(connection, [a_subject(person.names) for person in register])
    names = [damage(person, chance) for person in chance.sample(register, 20) for damage in KINDS.values()]
    today = SystemClock().now().date()
    questions = [read_question(Asked(name=name), today=today) for name in dict.fromkeys(names) if name]
    chance.shuffle(questions)
    async with facts.pool.acquire() as connection:
        together = await matches_of(connection, questions)
        alone = [(await matches_of(connection, [question]))[0] for question in questions]
    assert together == alone


async def matches_of(connection: Connection, questions: Sequence[Question]) -> list[list[Match]]:
    """Return what each question is answered when all are asked together."""
    desk = Desk(clock=SystemClock(), outbox=Outbox(shards=2), ceiu=Contact("ceiu"))
    sight = Sight(sees_all=False, office=NO_OFFICE)
    answers = await find_answers(desk, connection, sight, questions, matches_max=[60] * len(questions))
    return [[answered.match for answered in answer.matches] for answer in answers]


async def test_what_goes_wrong_in_a_part_of_a_batch_is_told_as_itself(
    facts: Facts, cbp: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(search, "find_candidates", fail)
    refused = await post(cbp, a_batch({"name": "Ana Lopez"}, {"name": "Bo Li"}))
    assert refused.status_code == 503


async def test_others_are_served_while_the_names_of_a_batch_are_read(facts: Facts, cbp: Officer) -> None:
    """Long Chinese names take the most; what counts is the processor's time, since the machine may be busy."""
    chance = Random(1)
    names = ["".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(99)) for _ in range(400)]
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            started = time.thread_time()
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.thread_time() - started)

    watcher = asyncio.create_task(watch())
    # The last cannot be read, so that the batch is read and goes no further.
    answered = await post(cbp, a_batch(*({"name": name} for name in names), {"name": "*"}))
    watcher.cancel()
    assert answered.status_code == 422, answered.text
    assert longest_s < 0.1


async def test_a_traveller_may_ask_for_fewer_matches(facts: Facts, cbp: Officer) -> None:
    await facts.tell(*(a_tip(a_party(name="Ana Lopez")) for _ in range(3)))
    answered = await post(cbp, a_batch({"name": "Ana Lopez", "max_matches": 2}, {"name": "Ana Lopez"}))
    assert [(len(r["matches"]), r["truncated"]) for r in answered.json()["results"]] == [(2, True), (3, False)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"birth_date": "2999-01-01"}, ["travellers", 1, "birth_date"]),
        ({"name": "*"}, ["travellers", 1, "name"]),
        ({"emails": ["a@example.org", "nonsense"]}, ["travellers", 1, "emails", 1]),
        ({"traveller_ref": "0"}, ["travellers", 1, "traveller_ref"]),
        ({"traveller_ref": ""}, ["travellers", 1, "traveller_ref"]),
        ({"surname": "Lopez"}, ["travellers", 1, "surname"]),
        ({"name": None}, ["travellers", 1]),
    ],
)
async def test_a_batch_with_a_traveller_that_cannot_be_read_is_refused_whole(
    facts: Facts, cbp: Officer, change: dict[str, Any], place: list[Any]
) -> None:
    answered = await post(cbp, a_batch({"name": "Ana Lopez"}, {"name": "Bo Li", **change}))
    assert answered.status_code == 422, answered.text
    assert [error["loc"] for error in answered.json()["errors"]] == [place]
    assert await events_of(facts, "lookup.answered") == []
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 0


async def test_a_thousand_travellers_are_answered_and_one_more_is_refused(facts: Facts, cbp: Officer) -> None:
    travellers = [{"name": f"Traveller Number{place}", "documents": [f"X{place:08}"]} for place in range(1_000)]
    answered = await post(cbp, a_batch(*travellers))
    assert answered.status_code == 200, answered.text
    assert len(await events_of(facts, "lookup.answered")) == len(answered.json()["results"]) == TRAVELLERS_MAX
    refused = await post(cbp, a_batch(*travellers, {"name": "One More"}))
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["travellers"])
    assert (await post(cbp, a_batch())).status_code == 422


async def test_a_batch_sent_again_under_its_key_is_not_answered_anew(facts: Facts, cbp: Officer) -> None:
    await facts.tell(a_tip(a_party(name="Ana Lopez")))
    body, key = a_batch({"name": "Ana Lopez"}, {"name": "Bo Li"}), {"Idempotency-Key": "k"}
    first, again = [(await post(cbp, body, **key)).json() for _ in range(2)]
    assert first == again
    assert len(await events_of(facts, "lookup.answered")) == 2
    assert (await post(cbp, a_batch({"name": "Ana Lopez"}), **key)).status_code == 409
