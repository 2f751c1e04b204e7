"""The life of a tip: amended, reviewed, researched, looked at again."""

import itertools
from uuid import RFC_4122, UUID

import pytest

from services.intake.domain.tip import AMENDED, Known, State, Tip, Verdict, amend, is_news, research, review, tip_id_of
from tests.builders import new_id

GOOD, BAD = Verdict(True, True, True), Verdict(True, False, True)
A, B = new_id(), new_id()


def a_tip() -> Tip:
    return Tip(new_id(), "ncmec", "CT-1", State.AWAITING_REVIEW, version=1, revision=1)


def test_the_id_of_a_new_tip_is_as_fresh_as_any_and_ends_alike_whenever_it_is_posted() -> None:
    fresh = new_id()
    made, again, other = (
        tip_id_of(*each) for each in ((fresh, "ncmec", "CT-1"), (new_id(), "ncmec", "CT-1"), (fresh, "ncmec", "CT-2"))
    )
    assert str(made)[:19] == str(fresh)[:19] == str(other)[:19]
    assert (made.version, made.variant) == (7, RFC_4122)
    assert str(made)[19:] == str(again)[19:] != str(other)[19:]


@pytest.mark.parametrize("limbs", list(itertools.product([True, False], repeat=3)))
def test_a_tip_is_actionable_if_and_only_if_all_limbs_hold(limbs: tuple[bool, bool, bool]) -> None:
    assert Verdict(*limbs).decision is (State.ACTIONABLE if all(limbs) else State.NOT_ACTIONABLE)


def test_the_newest_review_counts() -> None:
    tip = review(review(a_tip(), GOOD), BAD)
    assert (tip.state, tip.decision, tip.version, tip.revision) == (State.NOT_ACTIONABLE, State.NOT_ACTIONABLE, 1, 3)


def test_an_amendment_keeps_the_decision_and_asks_for_another_look() -> None:
    tip = amend(review(a_tip(), GOOD))
    assert (tip.state, tip.decision, tip.reopened_because) == (State.AWAITING_REVIEW, State.ACTIONABLE, AMENDED)
    assert (tip.version, tip.revision) == (2, 3)
    assert review(tip, GOOD).reopened_because is None


def test_a_tip_never_decided_is_not_called_reopened() -> None:
    assert amend(a_tip()).reopened_because is None


def test_research_decides_nothing() -> None:
    tip = review(a_tip(), BAD)
    assert research(tip) == Tip(tip.tip_id, "ncmec", "CT-1", State.NOT_ACTIONABLE, 1, 3, State.NOT_ACTIONABLE)


@pytest.mark.parametrize(
    ("known", "found", "is_linked", "expected"),
    [
        (None, {A}, True, True),
        (None, set(), False, False),
        (None, set(), True, True),
        (Known(1, frozenset()), set(), True, False),
        (Known(1, frozenset({A})), {A}, True, False),
        (Known(1, frozenset({A})), {A, B}, True, True),
        (Known(1, frozenset({A})), {B}, True, True),
        (Known(1, frozenset({A, B})), {A}, True, False),
        (Known(1, frozenset({A})), set(), False, False),
    ],
)
def test_only_a_new_actionable_tip_is_news(
    known: Known | None, found: set[UUID], *, is_linked: bool, expected: bool
) -> None:
    assert is_news(known, found, is_linked_to_actionable=is_linked) is expected
