"""How many tips are linked anew in one turn at the graph: as many as others can wait for."""

from services.linker.app import TIPS_AT_ONCE_MAX, TURN_MAX_S, TURN_MIN_S, paced

SHORT_S, LONG_S = TURN_MIN_S / 2, TURN_MAX_S * 2


def test_more_are_taken_after_a_short_turn_and_fewer_after_a_long_one() -> None:
    assert paced(8, 8, SHORT_S) == 16
    assert paced(8, 11, SHORT_S) == 16, "their components come with them"
    assert paced(8, 8, (TURN_MIN_S + TURN_MAX_S) / 2) == 8
    assert paced(8, 8, LONG_S) == 4
    assert paced(1, 1, LONG_S) == 1
    assert paced(TIPS_AT_ONCE_MAX, TIPS_AT_ONCE_MAX, SHORT_S) == TIPS_AT_ONCE_MAX


def test_turns_with_little_to_do_do_not_make_the_next_a_long_one() -> None:
    assert paced(8, 0, SHORT_S) == 8
    assert paced(8, 7, SHORT_S) == 8
