"""A rebuild: answers stay up while it lasts, what is told again replaces what was wrong, ids and notes stay."""

from services.query.handlers.rebuild import WORDS_AT_ONCE, await_rebuild, begin_rebuild, spell_anew
from shared.events.envelope import Event
from tests.builders import an_event, new_id
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import (
    a_lead,
    a_membership,
    a_party,
    a_referral,
    a_research_result,
    a_review,
    a_tip,
    an_amendment,
    an_email,
)
from tests.integration.query.test_lookups import EMAIL

FULL = {"name": "Ana Lopez", "birth_date": "1980-02-03"}


async def told(facts: Facts) -> list[Event]:
    """Tell of a referred lead with a tip, its amendment and a research result; return the events."""
    tip, cluster_id = a_tip(a_party(name="Ana Lopes")), new_id()
    lead = a_lead(cluster_id, state="referred")
    party = a_party(an_email(EMAIL), name="Ana Lopez", birth_date="1980-02-03")
    payloads = [
        tip,
        an_amendment(tip, party),
        a_review(tip.tip_id, "not_actionable"),
        a_review(tip.tip_id, "actionable", number=2),
        a_research_result(tip.tip_id, a_party(name="Ana Lopez", birth_date="1980-02-03")),
        lead,
        a_referral(lead),
    ]
    events = [an_event(payload) for payload in payloads]
    events.insert(3, a_membership(tip.tip_id, cluster_id))
    await facts.tell(*events)
    return events


async def test_what_is_told_again_replaces_what_was_wrong(facts: Facts, cbp: Officer) -> None:
    events = await told(facts)
    before = await cbp.find(**FULL)
    note = await cbp.add_note(before[0]["record_id"], text="Met at the gate.")
    # What a fault of ours, or a key made in another way, would have left behind.
    await facts.pool.execute("DELETE FROM name_key")
    await facts.pool.execute("UPDATE lead SET tier = 'T4'")
    assert await cbp.find(**FULL) == []
    await begin_rebuild(facts.pool)
    await facts.tell(*events)
    assert await await_rebuild(facts.pool, lambda _: None, idle_max_s=0.1) == 0
    assert await cbp.find(**FULL) == before
    assert await cbp.list_notes(before[0]["record_id"]) == [note]


async def test_answers_stay_up_and_never_go_back(facts: Facts, cbp: Officer) -> None:
    events = await told(facts)
    before = await cbp.find(**FULL)
    await begin_rebuild(facts.pool)
    assert await cbp.find(**FULL) == before
    for event in events:
        await facts.tell(event)
        assert await cbp.find(**FULL) == before, event.payload.TYPE


async def test_what_nobody_tells_again_is_counted_and_stays(facts: Facts, cbp: Officer) -> None:
    await told(facts)
    before = await cbp.find(**FULL)
    count = await begin_rebuild(facts.pool)
    said: list[str] = []
    assert await await_rebuild(facts.pool, said.append, idle_max_s=0.1) == count
    assert said == [f"0 of {count} facts were told again"]
    assert await cbp.find(**FULL) == before


async def test_a_key_that_finds_nothing_is_gone_after_it(facts: Facts) -> None:
    events = await told(facts)
    await facts.pool.execute("INSERT INTO name_key (key, record_no) VALUES (1, 1000000)")
    await begin_rebuild(facts.pool)
    await facts.tell(*events)
    await await_rebuild(facts.pool, lambda _: None, idle_max_s=0.1)
    assert await facts.pool.fetchval("SELECT count(*) FROM name_key WHERE record_no = 1000000") == 0


async def test_a_word_is_found_by_what_is_like_it_by_the_rules_of_now(facts: Facts, cbp: Officer) -> None:
    await facts.tell(an_event(a_tip(a_party(name="Xie Jingting"))))
    hsieh = {"name": "Hsieh Ching-ting"}
    found = await cbp.find(**hsieh)
    assert found
    # As rules left it that knew nothing of other spellings.
    await facts.pool.execute("DELETE FROM spelling WHERE key <> word")
    assert await cbp.find(**hsieh) == []
    said: list[str] = []
    assert await spell_anew(facts.pool, said.append) == 2
    assert await cbp.find(**hsieh) == found


async def test_more_words_than_are_spelled_at_once_are_all_spelled(facts: Facts) -> None:
    words = [f"word{number}" for number in range(WORDS_AT_ONCE + 1)]
    await facts.pool.execute("INSERT INTO name_word (word, holders) SELECT unnest($1::text[]), 1", words)
    assert await spell_anew(facts.pool, lambda _: None) == len(words)
    spelled = await facts.pool.fetchval("SELECT count(*) FROM spelling WHERE key = word")
    assert spelled == len(words)
