"""Each sensor flags what it is for at its threshold, and not one below; each flag names the events it rests on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.audit.domain.sensors import NAMES, see
from services.audit.domain.sensors.day import SHIFT, Asked, Day, Lent, Own, Viewed
from tests.builders import new_id

START = datetime(2026, 3, 20, tzinfo=UTC)
NOON = START + timedelta(hours=12)


def a_lookup(minute: float = 0, **fields: Any) -> Asked:
    """Return an explained look-up about somebody else than any other."""
    event_id, at = new_id(), fields.pop("occurred_at", NOON + timedelta(minutes=minute))
    return Asked(
        **{
            "event_id": event_id,
            "occurred_at": at,
            "request_id": event_id,
            "names_reason": True,
            "is_for_traveller": False,
            "is_for_redress": False,
            "is_self": False,
            "person": event_id.bytes,
            "likeness": frozenset(),
            "told_at": at - timedelta(days=3),
            "own": (),
            "visits": ((event_id, at),),
            **fields,
        }
    )


def unexplained(minute: float = 0, **fields: Any) -> Asked:
    return a_lookup(minute, told_at=None, **fields)


def a_day(*asked: Asked, **fields: Any) -> Day:
    return Day(**{"actor_id": "hsi.agent.x", "role": "hsi.agent", "start": START, "asked": asked, **fields})


def flagged(day: Day) -> dict[str, list[UUID]]:
    return {flag.sensor: list(flag.event_ids) for flag in see(day)}


def ids(asked: tuple[Asked, ...]) -> list[UUID]:
    return [each.event_id for each in asked]


def test_a_quiet_day_is_not_flagged() -> None:
    assert see(a_day()) == []
    assert see(a_day(*(a_lookup(30 * n) for n in range(20)))) == []


def test_the_names_of_sensors_are_those_of_their_flags() -> None:
    day = a_day(
        *(unexplained(n, names_reason=False, likeness=frozenset({b"w"}), is_self=True) for n in range(30)),
        *(unexplained(n, own=(Own("tip", "x", None),)) for n in range(15)),
        unexplained(50, visits=tuple((new_id(), NOON - timedelta(days=n)) for n in range(9))),
        viewed=(Viewed(new_id(), NOON, 10_000),),
        past_hours=tuple(START - timedelta(days=day, hours=5) for day in range(1, 20)),
    )
    assert set(flagged(day)) == set(NAMES)


def test_references_that_name_nothing_are_flagged_from_the_fourth_request_on() -> None:
    vague = tuple(unexplained(60 * n, names_reason=False) for n in range(4))
    assert flagged(a_day(*vague, unexplained(5))) == {"no_reason": ids(vague)}
    assert flagged(a_day(*vague[:3])) == {}
    assert flagged(a_day(*(replace(each, told_at=NOON) for each in vague))) == {}


@pytest.mark.parametrize(("role", "count"), [("hsi.agent", 24), ("ceiu.analyst", 32), ("cbp.att", 65)])
def test_so_many_unexplained_requests_are_more_than_a_roles_work_takes(role: str, count: int) -> None:
    spread = tuple(unexplained(9 * n) for n in range(count))
    assert flagged(a_day(*spread, role=role)) == {"no_reason": ids(spread)}
    assert flagged(a_day(*spread[1:], role=role)) == {}
    once = tuple(replace(each, request_id=spread[0].request_id) for each in spread)
    assert "no_reason" not in flagged(a_day(*once, role=role)), "a list is one request"


def test_lookups_for_redress_are_counted_by_themselves() -> None:
    redress = tuple(unexplained(29 * n, is_for_redress=True) for n in range(24))
    others = tuple(unexplained(29 * n + 9) for n in range(23))
    assert flagged(a_day(*sorted((*redress[1:], *others), key=lambda each: each.occurred_at))) == {}
    assert flagged(a_day(*redress)) == {"no_reason": ids(redress)}


@pytest.mark.parametrize("minutes", [0, 11])
def test_midnight_cuts_nothing_in_two(minutes: int) -> None:
    """Half of it before midnight; twelve hours is how long a stretch may be, and it is the day on which it ends."""
    evening = tuple(
        unexplained(occurred_at=START + timedelta(minutes=(n - 2) * 240 + minutes), names_reason=False)
        for n in range(4)
    )
    assert flagged(a_day(*evening)) == {"no_reason": ids(evening)}
    [flag] = see(a_day(*evening))
    assert (flag.start, flag.end) == (START - SHIFT, START + timedelta(days=1))
    longer = (replace(evening[0], occurred_at=evening[0].occurred_at - timedelta(seconds=1)), *evening[1:])
    assert flagged(a_day(*longer)) == {}
    before = tuple(replace(each, occurred_at=each.occurred_at - timedelta(hours=9)) for each in evening)
    assert flagged(a_day(*before)) == {}, "the day before was told of it"
    alike = tuple(
        a_lookup(occurred_at=START + timedelta(minutes=n - 4), likeness=frozenset({b"word"})) for n in range(8)
    )
    assert flagged(a_day(*alike)) == {"enumeration": ids(alike)}
    own = tuple(replace(each, occurred_at=START - timedelta(minutes=1), is_self=True) for each in evening[:1])
    assert flagged(a_day(*own)) == {}, "the day before was told of it"


def test_a_list_of_ones_own_is_flagged_when_most_of_it_is_looked_up_again() -> None:
    own = (Own("manifest", "m", 10),)
    most = tuple(unexplained(9 * n, own=own) for n in range(6))
    assert flagged(a_day(*most)) == {"own_reason": ids(most)}
    assert flagged(a_day(*most[1:])) == {}
    at_once = tuple(replace(each, request_id=most[0].request_id) for each in most)
    assert flagged(a_day(*at_once)) == {}, "what its screening had answered"
    assert flagged(a_day(*(replace(each, own=(Own("manifest", "m", 11),)) for each in most))) == {}
    few = tuple(unexplained(9 * n, own=(Own("manifest", "m", 2),)) for n in range(5))
    assert flagged(a_day(*few)) == {}
    same = tuple(replace(each, person=b"one") for each in most)
    assert flagged(a_day(*same)) == {}


def test_a_list_that_somebody_else_submitted_is_flagged_when_one_person_looks_most_of_it_up_again() -> None:
    """Two who each submit the list for the other look as honest as two who work together, but for that."""
    lent = (Lent("m", 10),)
    most = tuple(a_lookup(9 * n, lent=lent) for n in range(6))
    assert flagged(a_day(*most)) == {"own_reason": ids(most)}
    assert flagged(a_day(*most[:5], a_lookup(54, lent=(Lent("o", 10),)))) == {}
    assert flagged(a_day(*(replace(each, lent=(Lent("m", 11),)) for each in most))) == {}
    request = new_id()
    assert flagged(a_day(*(replace(each, request_id=request) for each in most))) == {}


def test_many_people_under_a_tip_of_ones_own_are_flagged_and_are_not_unexplained_besides() -> None:
    circle = tuple(unexplained(9 * n, own=(Own("tip", "t", None), Own("lead", "l", None))) for n in range(12))
    assert flagged(a_day(*circle)) == {"own_reason": ids(circle)}
    assert flagged(a_day(*circle[1:])) == {}
    asked = tuple(unexplained(n / 2, own=(Own("tip", str(n), None),), names_reason=False) for n in range(40))
    assert flagged(a_day(*asked)) == {}


def test_eight_neighbours_within_half_an_hour_are_an_enumeration() -> None:
    alike = tuple(a_lookup(4 * n, likeness=frozenset({b"word", new_id().bytes})) for n in range(8))
    assert flagged(a_day(*alike)) == {"enumeration": ids(alike)}
    assert flagged(a_day(*alike[1:])) == {}
    slower = tuple(replace(each, occurred_at=NOON + 5 * n * timedelta(minutes=1)) for n, each in enumerate(alike))
    assert flagged(a_day(*slower)) == {}
    same = tuple(replace(each, person=b"one") for each in alike)
    assert flagged(a_day(*same)) == {}, "one person looked up eight times is no neighbours"


def test_neighbours_within_one_large_request_are_the_list_that_was_given() -> None:
    request = new_id()
    assert flagged(a_day(*(a_lookup(0, likeness=frozenset({b"word"}), request_id=request) for n in range(20)))) == {}


def test_a_list_that_is_cut_into_smaller_ones_is_a_list_still() -> None:
    halves = tuple(replace(unexplained(30 * half), request_id=UUID(int=half)) for half in (1, 2) for _ in range(15))
    assert flagged(a_day(*halves)) == {"enumeration": ids(halves)}
    assert flagged(a_day(*halves[1:])) == {}
    again = tuple(replace(each, person=other.person) for each, other in zip(halves[15:], halves, strict=False))
    assert flagged(a_day(*halves[:15], *again)) == {}, "the same people twice are fifteen"


def test_a_list_one_by_one_or_at_once_that_nothing_explains_is_an_enumeration() -> None:
    one_by_one = tuple(unexplained(3 * n) for n in range(16))
    assert flagged(a_day(*one_by_one)) == {"enumeration": ids(one_by_one)}
    assert flagged(a_day(*one_by_one[1:])) == {}
    request = new_id()
    at_once = tuple(unexplained(0, request_id=request) for _ in range(30))
    assert flagged(a_day(*at_once)) == {"enumeration": ids(at_once)}
    travellers = [unexplained(0, request_id=request, is_for_traveller=True) for _ in range(50)]
    assert flagged(a_day(*travellers)) == {"enumeration": [each.event_id for each in travellers]}
    assert flagged(a_day(*travellers[1:])) == {}
    vague = tuple(replace(each, is_for_traveller=True, names_reason=False) for each in at_once)
    assert flagged(a_day(*vague)) == {"enumeration": ids(vague)}, "travellers of what flight?"
    assert flagged(a_day(*(replace(each, told_at=NOON) for each in at_once))) == {}


@pytest.mark.parametrize(("told_at", "days"), [(None, 5), (NOON - timedelta(days=20), 8)])
def test_one_person_on_many_days_is_flagged_sooner_when_nothing_explains_it(
    told_at: datetime | None, days: int
) -> None:
    visits = tuple((new_id(), NOON - timedelta(days=day)) for day in reversed(range(days)))
    [flag] = see(a_day(a_lookup(told_at=told_at, visits=visits)))
    assert (flag.sensor, list(flag.event_ids)) == ("repeated", [event_id for event_id, _ in visits])
    assert (flag.start, flag.end) == (START - timedelta(days=29), START + timedelta(days=1))
    assert see(a_day(a_lookup(told_at=told_at, visits=visits[1:]))) == []
    over_midnight = (*visits[:-1], (new_id(), visits[-2][1] + timedelta(hours=12)))
    assert see(a_day(a_lookup(told_at=told_at, visits=over_midnight))) == [], "an evening is one visit"
    at_once = tuple((new_id(), NOON) for _ in range(20))
    assert see(a_day(a_lookup(told_at=told_at, visits=at_once))) == [], "a day is one visit"


def test_one_lookup_of_oneself_is_enough() -> None:
    own = a_lookup(is_self=True)
    assert flagged(a_day(a_lookup(), own)) == {"self_lookup": [own.event_id]}


OFFICE_DAYS = tuple(
    START - timedelta(days=day) + timedelta(hours=hour) for day in range(1, 21) for hour in (9, 10, 12, 15)
)


def test_a_peak_at_night_is_flagged_by_ones_own_habit() -> None:
    night = tuple(a_lookup(occurred_at=START + timedelta(hours=3, minutes=9 * n)) for n in range(7))
    assert flagged(a_day(*night, past_hours=OFFICE_DAYS)) == {"off_hours": ids(night)}
    assert flagged(a_day(*night[1:], past_hours=OFFICE_DAYS)) == {}
    at_night = tuple(hour - timedelta(hours=7) for hour in OFFICE_DAYS)
    assert flagged(a_day(*night, past_hours=at_night)) == {}
    assert flagged(a_day(*night, past_hours=OFFICE_DAYS[:20])) == {}, "nobody has a habit in the first two weeks"
    assert flagged(a_day(*night, past_hours=OFFICE_DAYS, role="cbp.att")) == {}, "shifts move"
    news = tuple(replace(each, told_at=START) for each in night)
    assert flagged(a_day(*news, past_hours=OFFICE_DAYS)) == {}, "called in because of something"


@pytest.mark.parametrize(
    ("role", "records"), [("hsi.agent", 600), ("cbp.att", 3_000), ("auditor", 100_000), ("system.admin", 6_000)]
)
def test_more_records_than_a_roles_work_takes_are_a_bulk_view(role: str, records: int) -> None:
    """It rests on the pages that showed most of them, not on whatever else was looked at beside."""
    viewed = tuple(Viewed(new_id(), NOON, records // 10) for _ in range(10))
    assert flagged(a_day(viewed=viewed, role=role)) == {}
    more = (*viewed, Viewed(new_id(), NOON, 1))
    assert flagged(a_day(viewed=more, role=role)) == {"bulk_view": [each.event_id for each in viewed]}


def test_more_of_a_day_never_takes_a_flag_or_its_evidence_away() -> None:
    day = a_day(
        *(
            unexplained(
                n,
                names_reason=n % 3 > 0,
                likeness=frozenset({bytes([n % 2])}),
                visits=tuple((new_id(), NOON - timedelta(days=d)) for d in range(n % 7)),
            )
            for n in range(60)
        ),
        past_hours=OFFICE_DAYS,
    )
    before: dict[tuple[str, str], set[UUID]] = {}
    for count in range(61):
        flags = {(flag.sensor, flag.reason): set(flag.event_ids) for flag in see(replace(day, asked=day.asked[:count]))}
        assert all(known <= flags[key] for key, known in before.items())
        before = flags
    assert len(before) >= 4
