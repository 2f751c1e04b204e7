"""Sensors follow the real log: what explains a look-up, what is flagged, and that neither depends on how it is read."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.audit.domain.explain import LATE_MAX
from services.audit.domain.sensors.day import SHIFT
from services.audit.handlers.sensors import PATIENCE
from services.audit.store import flags, sensors
from shared.db.pool import Connection, Pool
from shared.events.activity import (
    RecordViewedV1,
)
from shared.events.envelope import Actor, Event
from tests.builders import an_event
from tests.fakes import START
from tests.integration.audit.looking import (
    BOSTON,
    CBP,
    CEIU,
    COLLEAGUE,
    DAY,
    DENVER,
    LEAD,
    OTHER_CEIU,
    PASSENGER,
    REQUEST,
    TIP,
    Log,
    a_lead,
    a_lookup,
    a_manifest,
    a_notice,
    a_notice_taken,
    a_passenger,
    a_referral,
    a_research,
    a_review,
    a_screening,
    a_tip,
    told,
)

COUNT_STALE = """
SELECT count(*) FROM lookup JOIN lookup_standing AS now USING (event_id) WHERE now.standing <> lookup.standing"""


async def explained(pool: Pool, lookup: Event) -> list[str]:
    rows = await pool.fetch("SELECT kind FROM lookup_reason WHERE event_id = $1 ORDER BY kind", lookup.event_id)
    assert await pool.fetchval(COUNT_STALE) == 0, "what is kept with the look-up is what the view says"
    return [row["kind"] for row in rows]


LATER = START + timedelta(hours=1)
SEEN = ("lookup", "listed", "reason", "reason_name", "viewed", "worked")


@pytest.mark.parametrize(
    ("reason", "lookup", "kinds"),
    [
        (a_manifest(), a_lookup(CBP, "LH400", at=LATER, personal=PASSENGER), ["manifest"]),
        (a_manifest(at=START + timedelta(seconds=1)), a_lookup(CBP, "LH400", personal=PASSENGER), []),
        (a_manifest(), a_lookup(CBP, "flight lh 400 / seat 3", at=LATER, personal=PASSENGER), ["manifest"]),
        (a_manifest(), a_lookup(CBP, "LH401", at=LATER, personal=PASSENGER), []),
        (a_manifest(), a_lookup(CBP, "LH400", at=START + 2 * DAY, personal=PASSENGER), []),
        (a_manifest(), a_lookup(CEIU, "LH400", at=LATER, personal=PASSENGER), []),
        (a_manifest(actor=CEIU), a_lookup(CBP, "LH400", at=LATER, personal=PASSENGER), []),
        (a_manifest(), a_lookup(CBP, "x", at=LATER, request=REQUEST), ["manifest"]),
        (a_screening(), a_lookup(CBP, "x", at=START + timedelta(minutes=25), request=REQUEST), ["manifest"]),
        (a_lead(), a_lookup(CEIU, f"lead {LEAD}", at=LATER), ["lead"]),
        (a_lead(), a_lookup(CEIU, lead_ids=[LEAD], at=LATER), ["lead"]),
        (a_lead(aliases=[TIP]), a_lookup(CEIU, str(TIP), at=LATER), ["lead"]),
        (a_lead(), a_lookup(CBP, lead_ids=[LEAD], at=LATER), []),
        (a_lead(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_lead("closed"), a_lookup(CEIU, lead_ids=[LEAD], at=START + 29 * DAY), ["lead"]),
        (a_lead("closed"), a_lookup(CEIU, lead_ids=[LEAD], at=START + 31 * DAY), []),
        (a_lead(at=START + LATE_MAX), a_lookup(CEIU, lead_ids=[LEAD]), ["lead"]),
        (a_lead(at=START + LATE_MAX + timedelta(seconds=1)), a_lookup(CEIU, lead_ids=[LEAD]), []),
        (a_referral(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), ["referral"]),
        (a_referral(), a_lookup(BOSTON, str(TIP), at=LATER), ["referral"]),
        (a_referral(), a_lookup(DENVER, lead_ids=[LEAD], at=LATER), []),
        (a_referral(None), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), ["notice"]),
        (a_notice(), a_lookup(BOSTON, str(TIP), at=LATER), ["notice"]),
        (a_notice(is_told=False), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(by="lookup"), a_lookup(BOSTON, lead_ids=[LEAD], at=LATER), []),
        (a_notice(), a_lookup(BOSTON, lead_ids=[LEAD], at=START + 2 * DAY), []),
        (a_tip(), a_lookup(CEIU, "ct 2026/99", at=LATER), ["tip"]),
        (a_tip(), a_lookup(CEIU, f"tip {TIP}", at=LATER), ["tip"]),
        (a_tip(), a_lookup(BOSTON, "CT-2026-99", at=LATER), []),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_a_lookup_is_explained_by_what_its_unit_knew(
    log: Log, reason: Event, lookup: Event, kinds: list[str], late: bool
) -> None:
    known = [reason, a_passenger()]
    for event in (lookup, *known) if late else (*known, lookup):
        await log.tell(event)
    assert await explained(log.pool, lookup) == kinds


@pytest.mark.parametrize(
    ("personal", "is_on_it"),
    [
        ({"name": "Ana María López García", "birth_date": "1980-02-03"}, True),
        ({"name": "Lopez, Ana", "birth_date": "1980-02-03"}, True),
        ({"documents": ["x 1234567"]}, True),
        ({"name": "Somebody Else", "birth_date": "1970-01-01", "documents": ["X1234567"]}, True),
        ({"name": "garcia lopez maria ana"}, True),
        ({"name": "Ana María López García", "birth_date": "1980"}, True),
        ({"name": "Ana López"}, False),
        ({"name": "Ana María López García", "birth_date": "1980-02-04"}, False),
        ({"name": "Ana", "birth_date": "1980-02-03"}, False),
        ({"name": "Ana Moreno", "birth_date": "1980-02-03"}, False),
        ({"name": "Rosa Invented", "birth_date": "1970-01-01", "documents": ["X1234568"]}, False),
        ({"emails": ["ana@example.org"]}, False),
    ],
)
async def test_a_list_explains_lookups_of_those_who_are_on_it(log: Log, personal: Any, is_on_it: bool) -> None:
    by_flight = a_lookup(CBP, "LH400", at=LATER, personal=personal)
    by_id = a_lookup(CBP, f"list {LEAD}", at=LATER, personal=personal)
    await log.tell(a_manifest(), a_passenger(), by_flight, by_id)
    kinds = ["manifest"] if is_on_it else []
    assert [await explained(log.pool, by_flight), await explained(log.pool, by_id)] == [kinds, kinds]


async def test_a_list_explains_nothing_before_it_was_screened_nor_by_a_lookup_made_by_hand(log: Log) -> None:
    early, by_hand = (a_lookup(CBP, "LH400", at=at, personal=PASSENGER) for at in (START, LATER))
    traveller: dict[str, Any] = {"purpose": "traveller_targeting"}
    await log.tell(a_manifest(), early, by_hand, a_lookup(CBP, "LH400", personal=PASSENGER, **traveller))
    await log.tell(a_passenger(at=LATER + timedelta(minutes=1)))
    assert [await explained(log.pool, early), await explained(log.pool, by_hand)] == [[], []]


async def test_a_list_without_birth_dates_explains_by_the_very_same_words(log: Log) -> None:
    dated = [a_lookup(CBP, "LH400", at=LATER, personal={"name": n, "birth_date": "1980-02-03"}) for n in ("B A", "B C")]
    named = [a_lookup(CBP, "LH400", at=LATER, personal={"name": name}) for name in ("Bo Al", "Bo")]
    whole = a_lookup(CBP, "LH400", at=LATER, personal={"name": "Bo Al", "birth_date": "1980-02-03"})
    await log.tell(a_manifest(), a_passenger({"name": "AL BO"}), *dated, *named, whole)
    assert [await explained(log.pool, each) for each in (*dated, *named, whole)] == [
        [], [], ["manifest"], [], ["manifest"],
    ]  # fmt: skip


async def standing(pool: Pool, lookup: Event) -> str:
    found: str = await pool.fetchval("SELECT standing FROM lookup_standing WHERE event_id = $1", lookup.event_id)
    return found


@pytest.mark.parametrize(
    ("known", "lookup", "stands"),
    [
        ([a_manifest(), a_passenger()], a_lookup(CBP, "LH400", at=LATER, personal=PASSENGER), "own_reason"),
        (
            [a_manifest(actor=COLLEAGUE), a_passenger(actor=COLLEAGUE)],
            a_lookup(CBP, "LH400", at=LATER, personal=PASSENGER),
            "explained",
        ),
        ([a_manifest()], a_passenger(at=LATER), "explained"),
        ([a_tip(CEIU)], a_lookup(CEIU, str(TIP), at=LATER), "own_reason"),
        ([a_tip(OTHER_CEIU)], a_lookup(CEIU, str(TIP), at=LATER), "explained"),
        ([a_tip()], a_lookup(CEIU, str(TIP), at=LATER), "explained"),
        ([a_tip(CEIU), a_review(CEIU)], a_lookup(CEIU, str(TIP), at=LATER), "own_reason"),
        ([a_tip(CEIU), a_review(OTHER_CEIU)], a_lookup(CEIU, str(TIP), at=LATER), "explained"),
        ([a_tip(CEIU), a_review(OTHER_CEIU, at=START + DAY)], a_lookup(CEIU, str(TIP), at=LATER), "own_reason"),
        ([a_tip(CEIU), a_lead(tips=[TIP])], a_lookup(CEIU, str(LEAD), at=LATER), "own_reason"),
        ([a_tip(CEIU), a_lead(tips=[TIP])], a_lookup(OTHER_CEIU, str(LEAD), at=LATER), "explained"),
        (
            [a_tip(CEIU), a_tip(OTHER_CEIU, tip_id=LEAD), a_lead(tips=[TIP, LEAD])],
            a_lookup(CEIU, str(LEAD), at=LATER),
            "explained",
        ),
        ([a_lead(tips=[TIP])], a_lookup(CEIU, str(LEAD), at=LATER), "explained"),
        ([a_tip(CEIU), a_notice()], a_lookup(CEIU, lead_ids=[LEAD], at=LATER), "explained"),
        (
            [a_tip(), a_research(CEIU, request=REQUEST), a_notice(request=REQUEST)],
            a_lookup(CEIU, lead_ids=[LEAD], at=LATER),
            "own_reason",
        ),
        (
            [a_tip(), a_research(CEIU, request=REQUEST), a_notice(request=REQUEST)],
            a_lookup(OTHER_CEIU, lead_ids=[LEAD], at=LATER),
            "explained",
        ),
        (
            [a_research(CEIU, request=REQUEST), a_notice(request=REQUEST), a_notice_taken(CEIU)],
            a_lookup(CEIU, lead_ids=[LEAD], at=LATER),
            "own_reason",
        ),
        (
            [a_research(CEIU, request=REQUEST), a_notice(request=REQUEST), a_notice_taken(OTHER_CEIU)],
            a_lookup(CEIU, lead_ids=[LEAD], at=LATER),
            "explained",
        ),
        ([], a_lookup(CEIU, "R-2026-1", at=LATER, purpose="redress"), "redress"),
        ([a_lead()], a_lookup(CEIU, str(LEAD), at=LATER, purpose="redress"), "explained"),
        ([], a_lookup(CEIU, at=LATER), "unexplained"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_what_nobody_else_stands_for_is_ones_own_reason(
    log: Log, known: list[Event], lookup: Event, stands: str, late: bool
) -> None:
    for event in (lookup, *reversed(known)) if late else (*known, lookup):
        await log.tell(event)
    assert await standing(log.pool, lookup) == stands
    assert await log.pool.fetchval(COUNT_STALE) == 0


async def test_of_a_things_states_the_newest_before_the_lookup_counts(log: Log) -> None:
    moved = a_referral("sac-denver", at=START + 2 * DAY)
    early = [a_lookup(actor, lead_ids=[LEAD], at=START + DAY) for actor in (BOSTON, DENVER)]
    later = [a_lookup(actor, lead_ids=[LEAD], at=START + 3 * DAY) for actor in (BOSTON, DENVER)]
    gone = a_referral("sac-denver", at=START + 4 * DAY, gone=True)
    long_gone = a_lookup(DENVER, lead_ids=[LEAD], at=START + 35 * DAY)
    await log.tell(gone, *later, a_referral(), long_gone, *early, moved)
    assert [await explained(log.pool, lookup) for lookup in (*early, *later, long_gone)] == [
        ["referral"], [], [], ["referral"], [],
    ]  # fmt: skip


async def test_a_name_that_comes_later_lets_states_before_it_explain(log: Log) -> None:
    by_alias = a_lookup(CEIU, str(TIP), at=LATER)
    await log.tell(a_lead(), by_alias)
    assert await explained(log.pool, by_alias) == []
    await log.tell(a_lead(aliases=[TIP], at=START + DAY))
    assert await explained(log.pool, by_alias) == ["lead"]


async def test_a_state_that_comes_late_takes_back_what_explained(log: Log) -> None:
    """Its topic was read behind."""
    lookup = a_lookup(BOSTON, lead_ids=[LEAD], at=START + 2 * DAY)
    await log.tell(a_referral(), lookup)
    assert await explained(log.pool, lookup) == ["referral"]
    await log.tell(a_referral("sac-denver", at=START + DAY))
    assert await explained(log.pool, lookup) == []


def some_abuse(*, and_more: int = 1_000) -> list[Event]:
    """Two days of each kind of look-ups and views, in the order of time, with manifests and leads between them.

    With so many events more that no sensor cares for, a log that is read anew takes several steps.
    """
    minute = timedelta(minutes=1)
    # Of a colleague's list of many, some are looked up by hand.
    events = [a_manifest(actor=COLLEAGUE, passenger_count=200), a_lead(), a_referral(), a_tip()]
    flying = [{"name": f"Passenger{n} Listed{n}", "birth_date": "1980-02-03"} for n in range(40)]
    events += [a_passenger(each, actor=COLLEAGUE) for each in flying]
    events += [a_lookup(CBP, "LH400", at=START + 2 * n * minute, personal=each) for n, each in enumerate(flying)]
    # Ten to midnight till ten past.
    evening = START.replace(hour=23, minute=50)
    alike = [a_lookup(OTHER_CEIU, personal={"name": f"Name{n} Same"}, at=evening + 2 * n * minute) for n in range(10)]
    events += [*alike, a_tip(OTHER_CEIU, tip_id=REQUEST)]
    events += [a_lookup(OTHER_CEIU, str(REQUEST), at=START + 9 * n * minute) for n in range(13)]
    for day in (0, 1):
        at = START + day * DAY + timedelta(hours=2)
        events += [a_lookup(BOSTON, "asap", at=at + 7 * n * minute) for n in range(6)]
        events += [
            a_lookup(DENVER, personal={"name": f"Other{n} Family"}, at=at + 2 * n * minute, lead_ids=[LEAD])
            for n in range(12)
        ]
        events += [a_lookup(CBP, "LH400", at=at, personal={"emails": ["ME@example.org"]})]
        viewed = RecordViewedV1(route="GET /v1/tips", kind="tip", record_ids=[], record_count=500)
        events += [told(viewed, "intake.activity", DENVER, at=at + n * minute) for n in range(3)]
    # Their referral is come to last, when there are many more.
    events += [a_lookup(BOSTON, lead_ids=[LEAD], at=START + 9 * n * minute) for n in range(60)]
    events += [an_event(topic="query.activity", occurred_at=START + 6 * DAY + n * minute) for n in range(and_more)]
    again = {"name": "Old Friend", "birth_date": "1980-02-03"}
    events += [a_lookup(CEIU, "C-2026-1", personal=again, at=START + day * DAY) for day in range(7)]
    return sorted(events, key=lambda event: event.occurred_at)


def cut(events: Sequence[Event], size: int) -> Iterable[Sequence[Event]]:
    return (events[first : first + size] for first in range(0, len(events), size))


async def test_flags_are_the_same_however_the_log_is_read_and_none_comes_twice(log: Log, superuser: Connection) -> None:
    """As it came; then all of it anew, one topic after another, on top of the flags there are; then without them."""
    events = some_abuse()
    for part in cut(events, 17):
        await log.append(*part)
        await log.follow()
    await log.tell(events[-1])
    live = await log.flags()
    assert {(sensor, actor) for sensor, actor, _, _ in live} == {
        ("no_reason", BOSTON.id),
        ("enumeration", DENVER.id),
        ("self_lookup", CBP.id),
        ("bulk_view", DENVER.id),
        ("repeated", CEIU.id),
        ("enumeration", OTHER_CEIU.id),
        ("own_reason", OTHER_CEIU.id),
    }
    assert len(live) == 4 * 2 + 3 + 2
    for kept in (True, False):
        for table in (*SEEN, "due", "projected", "event", "shown"):
            await superuser.execute(f"TRUNCATE {table}")
        if not kept:
            await superuser.execute("ALTER TABLE flag DISABLE TRIGGER ALL")
            await superuser.execute("ALTER TABLE flag_event DISABLE TRIGGER ALL")
            await superuser.execute("TRUNCATE flag, flag_event")
        await log.follow()
        assert await log.flags() == live
        assert await log.pool.fetchval(COUNT_STALE) == 0
        assert await log.pool.fetchval("SELECT count(*) FROM due WHERE occurred_at < $1", events[-1].occurred_at) == 0


async def test_a_lookup_is_judged_once_something_later_is_told_of(log: Log) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(4)]
    await log.append(*vague)
    await log.follow()
    assert await log.flags() == set(), "what explains it may be on its way"
    await log.append(an_event(occurred_at=vague[-1].occurred_at + PATIENCE))
    await log.follow()
    [(sensor, actor, begin, evidence)] = await log.flags()
    assert (sensor, actor, begin) == ("no_reason", BOSTON.id, START.replace(hour=0) - SHIFT)
    assert evidence == {event.event_id for event in vague}
    counted = log.metrics.registry.get_sample_value("cets_flags_total", {"sensor": "no_reason"})
    assert counted == 1


async def test_evidence_grows_with_the_day_and_a_flag_is_never_taken_back(log: Log, superuser: Connection) -> None:
    vague = [a_lookup(BOSTON, "asap", at=START + timedelta(minutes=n)) for n in range(6)]
    await log.tell(*vague[:4])
    await log.tell(*vague[4:])
    [(*_, evidence)] = await log.flags()
    assert evidence == {event.event_id for event in vague}
    for statement in ("DELETE FROM flag_event", "UPDATE flag SET reason = ''", "TRUNCATE flag CASCADE"):
        with pytest.raises(Exception, match="only added to"):
            await superuser.execute(statement)


async def test_services_and_lists_screened_by_them_are_not_flagged(log: Log) -> None:
    service = Actor(id="query", kind="service", agency="CBP")
    sweeps = [a_lookup(service, "asap", at=START + timedelta(minutes=n)) for n in range(9)]
    screened = [a_lookup(CBP, "asap", at=START, request=REQUEST, personal={"name": f"A{n} Same"}) for n in range(99)]
    travels = a_lookup(CBP, "LH400", at=START, request=REQUEST, personal={"emails": ["me@example.org"]})
    await log.tell(a_manifest(), *sweeps, *screened, travels)
    assert await log.flags() == set()


@pytest.mark.parametrize(("news", "found"), [([], {"repeated"}), ([4], set()), ([8], {"repeated"})])
async def test_what_is_new_about_a_person_lets_the_days_be_counted_anew(
    log: Log, news: list[int], found: set[str]
) -> None:
    """Days 0 to 8 under a lead; eight of them are too many, since the lead was last heard of."""
    again = {"name": "Old Friend", "birth_date": "1980-02-03"}
    visits = [
        a_lookup(CEIU, personal=again, lead_ids=[LEAD], at=START + day * DAY + timedelta(hours=1)) for day in range(9)
    ]
    await log.tell(a_lead(), *visits, *(a_lead(at=START + day * DAY) for day in news))
    assert {sensor for sensor, *_ in await log.flags()} == found


async def test_two_who_submit_lists_for_each_other_are_seen(log: Log) -> None:
    """Nothing of what they look up rests on their own word."""
    people = [{"name": f"Passenger{n} Listed{n}", "birth_date": "1980-02-03"} for n in range(10)]
    minute = timedelta(minutes=1)
    asked = [a_lookup(CBP, "LH400", at=LATER + 7 * n * minute, personal=each) for n, each in enumerate(people[:7])]
    screened = [a_passenger(each, actor=COLLEAGUE) for each in people]
    await log.tell(a_manifest(actor=COLLEAGUE, passenger_count=10), *screened, *asked)
    [(sensor, actor, _, evidence)] = await log.flags()
    assert (sensor, actor, set(evidence)) == ("own_reason", CBP.id, {each.event_id for each in asked})
    assert {await standing(log.pool, each) for each in asked} == {"explained"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([a_research(CEIU, at=START + 4 * DAY)], {"repeated"}),
        ([a_review(CEIU, at=START + 4 * DAY)], {"repeated"}),
        ([a_research(OTHER_CEIU, at=START + 4 * DAY)], set()),
        ([a_lead(tips=[TIP], at=START + 4 * DAY)], set()),
        (
            [
                a_research(CEIU, at=START + 4 * DAY, request=REQUEST),
                a_lead(tips=[TIP], at=START + 4 * DAY, request=REQUEST),
            ],
            {"repeated"},
        ),
    ],
)
async def test_what_one_says_oneself_and_what_comes_of_it_is_no_news(
    log: Log, said: list[Event], found: set[str]
) -> None:
    """Of somebody else's tip, and of its lead."""
    again = {"name": "Old Friend", "birth_date": "1980-02-03"}
    visits = [
        a_lookup(CEIU, str(TIP), personal=again, lead_ids=[LEAD], at=START + day * DAY + timedelta(hours=1))
        for day in range(9)
    ]
    await log.tell(a_tip(), a_lead(tips=[TIP]), *visits, *said)
    assert {sensor for sensor, *_ in await log.flags()} == found


async def test_every_statement_fits_the_schema(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for room in (sensors, flags):
            for name, text in vars(room).items():
                if name.isupper() and isinstance(text, str) and "\n" in text:
                    await connection.prepare(text)
