"""What of a new answer is news."""

from uuid import UUID

import pytest

from services.query.domain.answer import Answer, Answered, Standing
from services.query.domain.grade import Grade, Match
from services.query.domain.telling import Change, Telling, compare
from tests.builders import new_id
from tests.fakes import START

TIP, OTHER = new_id(), new_id()
BEFORE = Telling("confirmed", True, "developing")


def an_answer(
    *tip_ids: UUID, grade: Grade = Grade.CONFIRMED, state: str | None = "open", is_cut: bool = False
) -> Answer:
    """Return an answer with one match that rests on these tips, or with none."""
    match = Match(new_id(), new_id(), grade, 1.0, (), (), (), tip_ids)
    answered = Answered(match, Standing(new_id(), lead_state=state, tier="T2"))
    return Answer(new_id(), START, (answered,) if tip_ids else (), is_cut)


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (an_answer(TIP, grade=Grade.NAME_ONLY), Telling("name_only", False, "developing")),
        (an_answer(TIP, state="closed"), Telling("confirmed", False, "closed")),
        (an_answer(TIP, state=None), Telling("confirmed", False, "none")),
        (an_answer(), None),
    ],
)
def test_another_grade_another_stage_and_no_match_are_news(answer: Answer, after: Telling | None) -> None:
    changes, told = compare({TIP: BEFORE}, answer)
    assert changes == [Change(TIP, BEFORE, after)]
    assert told == ({TIP: after} if after else {})


@pytest.mark.parametrize("state", ["open", "held", "referred"])
def test_an_investigation_that_is_handed_over_goes_on(state: str) -> None:
    changes, _ = compare({TIP: BEFORE}, an_answer(TIP, state=state))
    assert changes == []


def test_each_tip_is_news_once() -> None:
    changes, told = compare({TIP: BEFORE}, an_answer(TIP, OTHER))
    assert changes == [Change(OTHER, None, BEFORE)]
    assert compare(told, an_answer(TIP, OTHER))[0] == []
    assert compare(told, an_answer(OTHER, TIP))[0] == []


def test_what_an_answer_that_is_cut_leaves_out_stays_told() -> None:
    """A match that is crowded out and comes back is no news, either time."""
    changes, told = compare({TIP: BEFORE}, an_answer(OTHER, is_cut=True))
    assert [change.tip_id for change in changes] == [OTHER]
    assert set(told) == {TIP, OTHER}
    assert compare(told, an_answer(TIP, OTHER))[0] == []
    assert [change.tip_id for change in compare(told, an_answer(OTHER))[0]] == [TIP]


def test_what_is_silent_stays_told_and_is_no_news_when_it_goes_or_comes_back() -> None:
    changes, told = compare({TIP: BEFORE}, an_answer(), silent={TIP})
    assert (changes, told) == ([], {TIP: BEFORE})
    assert compare(told, an_answer(TIP)) == ([], {TIP: BEFORE})


def test_beside_what_is_silent_all_else_is_news() -> None:
    gone = new_id()
    changes, told = compare({TIP: BEFORE, gone: BEFORE}, an_answer(OTHER), silent={TIP})
    assert {(change.tip_id, change.before, change.after) for change in changes} == {
        (gone, BEFORE, None),
        (OTHER, None, BEFORE),
    }
    assert told == {TIP: BEFORE, OTHER: BEFORE}


def test_what_changed_while_it_was_silent_is_news_when_it_is_told_again() -> None:
    _, told = compare({TIP: BEFORE}, an_answer(), silent={TIP})
    changes, _ = compare(told, an_answer(TIP, state="closed"))
    assert changes == [Change(TIP, BEFORE, Telling("confirmed", False, "closed"))]
