"""Who holds a tip, who is told of whom, and which records a notice names."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from services.linker.domain.deconflict import (
    CEIU,
    Asked,
    TipStanding,
    Unit,
    asked_by,
    asked_key,
    choose,
    given_by,
    held_by,
    keys_asked_for,
    meet,
    warn_of_dual_role,
)
from services.linker.domain.evidence import Key

KEY = Key("email", "rosa@example.org")
CBP, BOSTON, POLICE = Unit("CBP"), Unit("ICE", "sac-boston"), Unit("police")


def a_standing(number: int = 1, **fields: Any) -> TipStanding:
    return TipStanding(UUID(int=number), **{"source": "ncmec", "source_kind": "ngo", **fields})


def a_question(unit: Unit, number: int = 100) -> Asked:
    return Asked(KEY, unit, UUID(int=number))


@pytest.mark.parametrize(
    ("source", "kind", "unit"),
    [
        ("ncmec", "ngo", CEIU),
        ("tipline", "public_tip_line", CEIU),
        ("police", "local_law_enforcement", POLICE),
        ("foreign_police", "foreign_law_enforcement", Unit("foreign_police")),
        ("interpol", "interpol", Unit("interpol")),
        ("field", "ice_office_domestic", Unit("ICE", "field")),
        ("attache", "ice_office_foreign", Unit("ICE", "attache")),
        ("police", "", CEIU),
    ],
)
def test_a_tip_is_the_units_whose_own_source_gave_it_else_the_ceius(source: str, kind: str, unit: Unit) -> None:
    tip = a_standing(source=source, source_kind=kind)
    assert (tip.giver, tip.holder) == (unit, unit)


def test_a_tip_is_the_offices_that_has_its_lead_whoever_gave_it() -> None:
    tip = a_standing(source="police", source_kind="local_law_enforcement", office="sac-boston")
    assert (tip.giver, tip.holder) == (POLICE, BOSTON)


def test_two_units_stand_in_one_order_whichever_of_them_touched() -> None:
    tip, question = held_by(a_standing(office="sac-boston")), asked_by(a_question(CBP))
    assert meet(KEY, [tip], [question]) == meet(KEY, [question], [tip])
    (found,) = meet(KEY, [tip], [question])
    assert (found.left.unit, found.right.unit) == (CBP, BOSTON)


def test_a_unit_is_not_told_of_itself() -> None:
    assert meet(KEY, [given_by(a_standing(1))], [held_by(a_standing(2)), asked_by(a_question(CEIU))]) == []


def test_a_tip_does_not_meet_itself_though_another_than_its_giver_has_it() -> None:
    tip = a_standing(office="sac-boston")
    assert meet(KEY, [given_by(tip)], [held_by(tip)]) == []


def test_two_units_meet_once_by_the_first_of_their_records() -> None:
    tips = [held_by(a_standing(number)) for number in (1, 2, 3)]
    (found,) = meet(KEY, [asked_by(a_question(CBP))], tips)
    assert found.right.record.record_id == UUID(int=1)


def test_a_silent_lead_is_told_to_its_holder_alone() -> None:
    tip = held_by(a_standing(office="sac-boston", is_silent=True))
    (found,) = meet(KEY, [asked_by(a_question(CBP))], [tip])
    assert [(side.unit, side.is_told) for side in (found.left, found.right)] == [(CBP, False), (BOSTON, True)]


def test_two_silent_leads_of_two_holders_tell_nobody() -> None:
    one = a_standing(1, office="sac-boston", is_silent=True)
    other = a_standing(2, office="sac-miami", is_silent=True)
    assert meet(KEY, [held_by(one)], [held_by(other)]) == []


def test_of_several_records_that_is_named_of_which_both_may_be_told() -> None:
    silent, open_ = held_by(a_standing(1, is_silent=True)), held_by(a_standing(2))
    for touched in permutations((silent, open_)):
        (found,) = meet(KEY, [asked_by(a_question(CBP))], touched)
        assert (found.reach, found.right.record.record_id) == (2, UUID(int=2))


@pytest.mark.parametrize(("unit", "is_told"), [(CBP, False), (POLICE, False), (BOSTON, True)])
def test_a_tip_found_not_actionable_is_told_to_ice_alone(unit: Unit, is_told: bool) -> None:
    assert a_standing(decision="not_actionable").is_open_to(unit) is is_told


def test_a_dual_role_is_told_to_the_ceiu_once() -> None:
    found = warn_of_dual_role(KEY, a_standing(1), a_standing(2, office="sac-boston", is_silent=True))
    assert (found.left.unit, found.right.unit, found.reach) == (CEIU, CEIU, 1)
    meeting = meet(KEY, [asked_by(a_question(CBP))], [held_by(a_standing())])
    assert len(choose([found, *meeting, found, *meeting])) == 2


def test_user_names_and_documents_are_counted_without_their_scope_and_nothing_else_is() -> None:
    assert asked_key(Key("username", "dark_77", "socialA")) == Key("username", "dark_77")
    assert asked_key(Key("document", "X1234567", "MX")) == Key("document", "X1234567")
    assert asked_key(Key("account", "77", "socialA")) == Key("account", "77", "socialA")


def test_a_lookup_names_each_value_once_and_only_what_can_tell_people_apart() -> None:
    given = [
        ("email", "R.osa+x@gmail.com"),
        ("email", "rosa@googlemail.com"),
        ("email", "none@none.com"),
        ("email", "no address"),
        ("username", "@Dark_77"),
        ("username", "unknown"),
        ("document", "A12"),
    ]
    assert keys_asked_for(given) == (Key("email", "rosa@gmail.com"), Key("username", "dark_77"))
