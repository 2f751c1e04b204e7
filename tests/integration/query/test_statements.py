"""What an officer waits for: how many statements, how they are planned, and what is stored with which."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asyncpg.connection import LoggedQuery

from services.query.app import SERVICE
from services.query.domain.answer import Contact
from services.query.domain.question import Asked, read_question
from services.query.domain.sight import NO_OFFICE, Asker, Sight
from services.query.domain.statistics import Period
from services.query.handlers.desk import Desk
from services.query.handlers.lookups import answer_lookups, rehearse
from services.query.handlers.statistics import show_statistics
from services.query.store.search import find_candidates
from shared.clock import SystemClock
from shared.db.pool import Connection
from shared.events.envelope import Context
from shared.kafka.outbox import Outbox
from shared.metrics import Metrics
from shared.security import Principal
from shared.service import open_tools
from tests.builders import new_id
from tests.conftest import CallService, Keys, settings_of
from tests.fakes import START
from tests.integration.query.conftest import Facts, Officer
from tests.integration.query.facts import a_party, a_tip, an_email
from tests.servers import Database

EMAIL = "kamran@example.org"
SETTINGS = "SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')"
COUNT_OPEN = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'query-http'"""


@pytest.fixture
async def connection(database: Database, keys: Keys) -> AsyncIterator[Connection]:
    """A connection of the process that answers, in no transaction."""
    settings = settings_of(SERVICE, database, keys)
    tools = await open_tools(SERVICE, settings, Metrics(), SystemClock(), process="http")
    async with tools.pool.acquire() as connection:
        yield connection
    await tools.pool.close()


async def test_every_connection_is_open_and_rehearsed_before_anybody_asks(
    facts: Facts, call_service: CallService
) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL), name="Kamran Farsi")))
    officer = Officer(await call_service(SERVICE, is_rehearsed=True), "cbp.att")
    assert await facts.pool.fetchval(COUNT_OPEN) == SERVICE.settings.model_fields["database_pool_size"].default
    assert await facts.pool.fetchval("SELECT count(*) FROM lookup") == 0, "a rehearsal keeps nothing"
    assert len(await officer.find(emails=[EMAIL])) == 1


async def test_an_answer_and_its_event_are_stored_by_the_last_of_few_statements(
    facts: Facts, connection: Connection
) -> None:
    await facts.tell(a_tip(a_party(an_email(EMAIL), name="Kamran Farsi")))
    clock = SystemClock()
    desk = Desk(clock=clock, outbox=Outbox(shards=2), ceiu=Contact("ceiu"))
    question = read_question(Asked(name="Kamran Farsi", emails=(EMAIL,)), today=clock.now().date())
    said: list[LoggedQuery] = []
    await rehearse(desk, connection)
    with connection.query_logger(said.append):
        [document] = await answer_lookups(
            desk,
            connection,
            Asker("cbp.att", "CBP", None),
            Context(None, new_id()),
            purpose="investigation",
            reference="ZZ 123",
            questions=[question],
            matches_max=10,
        )
        # The driver tells of a statement in the loop's next turn.
        await asyncio.sleep(0)
    assert document["matches"]
    assert ["INSERT" in each.query for each in said] == [False, False, False, False, True]
    assert await facts.pool.fetchval("SELECT lookup_id::text FROM lookup") == document["lookup_id"]
    assert await facts.pool.fetchval("SELECT key FROM outbox") == document["lookup_id"].encode()


async def test_look_ups_are_planned_once_and_figures_for_their_days(facts: Facts, connection: Connection) -> None:
    assert tuple(await connection.fetchrow(SETTINGS) or ()) == ("force_generic_plan", "off")
    today = SystemClock().now().date()
    analyst = Principal("an.analyst", "person", "ceiu.analyst", "ICE", None, None, "s", START)
    async with connection.transaction():
        await show_statistics(connection, analyst, "day", Period(today, today))
        assert tuple(await connection.fetchrow(SETTINGS) or ()) == ("auto", "on")
    assert tuple(await connection.fetchrow(SETTINGS) or ()) == ("force_generic_plan", "off")


async def test_how_rare_a_word_is_is_known_of_all_that_names_agree_in(facts: Facts, connection: Connection) -> None:
    """Olumide is not met by how Loumid is spelled, but like it beside a surname that agrees; Veredo weighs nothing."""
    await facts.tell(a_tip(a_party(name="Olumide Oluyedela Veredo")), a_tip(a_party(name="Olumide Jones")))
    question = read_question(Asked(name="Loumid Oluyedela"), today=SystemClock().now().date())
    [found] = await find_candidates(connection, [question], Sight(sees_all=False, office=NO_OFFICE))
    assert found.rarity.holders == {"loumid": 0, "oluyedela": 1, "olumide": 2}
