"""The clock of a tip's evidence: the time its source gives it, and the orders that stop it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.facts import Order, Research, TipContent, facts_of
from services.linker.domain.preservation import FOR_EVER, LETTER_HOLDS, clock_of, expiry_of
from services.linker.domain.priority import PRESERVED, PRESERVED_MAX, Factor, assess, clocks_of
from tests.unit.linker.test_lead_priority import REPORTED, tip, uid

BASE = datetime(2027, 3, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def letter(served_at: datetime, returned_at: datetime | None = None) -> Order:
    return Order("preservation_letter", served_at, returned_at=returned_at)


moments = st.integers(-400 * 24, 1_100 * 24).map(lambda hours: REPORTED + timedelta(hours=hours))
orders = st.lists(
    st.builds(
        Order,
        st.sampled_from(["preservation_letter", "summons", "subpoena"]),
        moments,
        due_at=st.none() | moments,
        returned_at=st.none() | moments,
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("order", "days"),
    [
        (letter(BASE - 14 * DAY), 90),
        (letter(BASE - 14 * DAY, returned_at=BASE - 4 * DAY), 10),
        (Order("preservation_letter", BASE - 14 * DAY, due_at=BASE), 90),
        (Order("summons", BASE - 14 * DAY, due_at=BASE + 16 * DAY), 30),
        (Order("subpoena", BASE - 14 * DAY), 90),
        (Order("summons", BASE - 14 * DAY, due_at=BASE, returned_at=BASE + DAY), 15),
        (Order("summons", BASE - 14 * DAY, due_at=BASE - 15 * DAY), 0),
        (letter(BASE), 90),
        (letter(BASE + DAY), 0),
        (letter(REPORTED - 80 * DAY), 10),
    ],
    ids=[
        "letter_not_returned", "letter_returned", "no_day_is_due_for_a_letter", "summons_until_due", "no_day_given",
        "returned_counts_before_due", "due_before_it_was_served", "served_on_the_last_moment", "served_too_late",
        "time_before_the_report",
    ],
)  # fmt: skip
def test_an_order_stops_the_clock_for_the_days_it_holds(order: Order, days: int) -> None:
    assert clock_of("ncmec", REPORTED, [order]).expires_at == BASE + days * DAY


def test_overlapping_letters_do_not_count_twice_and_a_renewal_adds_its_own_time() -> None:
    first = letter(BASE - 50 * DAY)
    renewed = letter(BASE - 20 * DAY)
    assert clock_of("ncmec", REPORTED, [first, first]).expires_at == BASE + 90 * DAY
    clock = clock_of("ncmec", REPORTED, [renewed, first])
    assert (clock.expires_at, clock.preserved_until) == (BASE + 120 * DAY, renewed.served_at + LETTER_HOLDS)


def test_a_letter_that_comes_in_time_thanks_to_another_counts() -> None:
    second = letter(BASE + 60 * DAY)
    assert clock_of("ncmec", REPORTED, [second]).expires_at == BASE
    assert clock_of("ncmec", REPORTED, [second, letter(BASE - DAY)]).expires_at == BASE + 151 * DAY


@given(orders, st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(served: list[Order], chance: Random) -> None:
    expected = clock_of("ncmec", REPORTED, served)
    chance.shuffle(served)
    assert clock_of("ncmec", REPORTED, served) == expected


@given(orders)
def test_no_order_ever_brings_the_end_nearer_and_repeats_add_nothing(served: list[Order]) -> None:
    clock = clock_of("ncmec", REPORTED, served)
    assert clock.expires_at >= BASE
    assert (clock.expires_at > BASE) == (clock.preserved_until is not None)
    assert clock_of("ncmec", REPORTED, served * 2) == clock
    for number in range(len(served)):
        assert clock_of("ncmec", REPORTED, served[:number] + served[number + 1 :]).expires_at <= clock.expires_at


@pytest.mark.parametrize("year", [1, 9999])
def test_an_impossible_time_stops_nobody(year: int) -> None:
    absurd = datetime(year, 1, 1, tzinfo=UTC)
    assert clock_of("ncmec", REPORTED, [letter(absurd)]).expires_at == BASE
    assert clock_of("ncmec", absurd, [letter(REPORTED, absurd)]).expires_at == FOR_EVER
    assert clock_of("ncmec", REPORTED, [letter(REPORTED, absurd)]).expires_at == (FOR_EVER if year > 1 else BASE)


def test_a_source_without_a_provider_behind_it_has_90_days() -> None:
    assert expiry_of("tipline", REPORTED) == REPORTED + 90 * DAY
    assert expiry_of("police", REPORTED) == expiry_of("anyone", REPORTED) == BASE


def test_only_orders_that_were_served_count_among_research_results() -> None:
    content = TipContent(uid(1), 1, "ncmec", "CT-1", REPORTED, "possession")
    served = Research(kind="preservation_letter", served_at=BASE - DAY)
    others = [replace(served, served_at=None), replace(served, kind="public_search"), Research()]
    assert facts_of(content, [*others, served], decision=None).orders == (letter(BASE - DAY),)


def test_a_lead_expires_with_its_first_tip_and_names_those_whose_evidence_is_preserved() -> None:
    preserved = replace(tip(1), orders=(letter(BASE - DAY),))
    assessment = assess([preserved, replace(tip(2), reported_at=REPORTED + 20 * DAY)])
    assert assessment.evidence_expires_at == BASE + 20 * DAY
    assert assessment.factors[-1] == Factor("evidence_preserved", "expiry moved to 2027-05-30", uid(1))
    assert assessment.tier == assess([tip(1), tip(2)]).tier


def test_a_lead_names_so_many_preserved_tips_and_no_more_those_that_expire_first() -> None:
    crowd = [
        replace(tip(number), reported_at=REPORTED - number * DAY, orders=(letter(REPORTED),))
        for number in range(1, PRESERVED_MAX + 10)
    ]
    named = [factor.source_tip_id for factor in assess(crowd).factors if factor.factor == PRESERVED]
    assert named == [each.tip_id for each, _ in clocks_of(crowd)][:PRESERVED_MAX]
    assert named[0] == crowd[-1].tip_id
