"""When a lead waits for a person: pure, from clusters, what they share and what people released."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.linker.domain.cluster import Judgement, Shared, cluster
from services.linker.domain.evidence import Key
from services.linker.domain.hold import Release, Spread, hold_of, parted_clusters, ties_of
from services.linker.domain.model import Model
from services.linker.domain.profile import Profile
from services.linker.domain.rules import RULES
from services.linker.domain.snapshot import Hold

A, B, C, D = (UUID(int=number) for number in range(1, 5))
MAIL, PHONE = Key("email", "a@example.org"), Key("phone", "+16175552301")
IP, IP_PORT = Key("ip", "203.0.113.9 10256"), Key("ip_port", "203.0.113.9 40112 7")
WEAK = 0.75
"""Just reliable enough to join two tips alone, and not strong."""


def bridges_of(
    shared: dict[Key, Shared], profiles: dict[UUID, Profile] | None = None, *judgements: Judgement
) -> list[tuple[Key, ...]]:
    judged = {(each.left_tip_id, each.right_tip_id): each for each in judgements}
    return [each.bridges for each in cluster([A, B], shared, profiles or {}, judged, model=Model())]


def test_two_tips_joined_by_one_weak_value_hang_on_it() -> None:
    assert bridges_of({MAIL: Shared([A, B], WEAK)}) == [(MAIL,)]


@pytest.mark.parametrize("agreed", [Profile(births=("1980-02-03",)), Profile(names=(("invented", "rosa"),))])
def test_a_strong_value_a_second_one_a_name_a_birth_date_or_a_person_is_no_weak_bridge(agreed: Profile) -> None:
    weak = {MAIL: Shared([A, B], WEAK)}
    assert bridges_of({MAIL: Shared([A, B], 0.9)}) == [()]
    assert bridges_of({**weak, PHONE: Shared([A, B], 0.3)}) == [()]
    assert bridges_of(weak, {A: agreed, B: agreed}) == [()]
    same = Judgement(C, A, B, "same", datetime(2026, 3, 1, tzinfo=UTC))
    assert bridges_of(weak, None, same) == [()]


def test_a_file_is_no_second_identifier() -> None:
    shown = Key("sha256", "0" * 64)
    assert bridges_of({MAIL: Shared([A, B], WEAK), shown: Shared([A, B], 0.9)}) == [(MAIL,)]
    assert bridges_of({MAIL: Shared([A, B], WEAK), Key("ip", "203.0.113.9 1"): Shared([A, B], 0.3)}) == [()]


def test_a_kind_that_is_only_a_hint_is_a_weak_bridge_however_reliable() -> None:
    """An advertising id can be reset; the id of the hardware cannot."""
    advertising, hardware = Key("device", "0a1b2c3d", "uuid"), Key("device", "490154203237518", "imei")
    assert bridges_of({advertising: Shared([A, B], 0.97)}) == [(advertising,)]
    assert bridges_of({hardware: Shared([A, B], 0.97)}) == [()]


def crossings_of(profiles: dict[UUID, Profile], shared: dict[Key, Shared]) -> list[tuple[Key, ...]]:
    return [each.crossings for each in cluster([A, B, C], shared, profiles, {}, model=Model())]


def test_what_only_a_tip_of_several_people_joins_is_a_crossing_and_what_another_ties_too_is_none() -> None:
    mixed = {B: Profile(names_several=True)}
    ann, bob = Key("email", "ann@example.org"), Key("email", "bob@example.org")
    both = {ann: Shared([A, B], 0.98), bob: Shared([B, C], 0.9)}
    assert crossings_of(mixed, both) == [(bob,)]
    assert crossings_of({}, both) == [()]
    assert crossings_of(mixed, {**both, PHONE: Shared([A, C], 0.9)}) == [()]
    assert [each.crossings for each in cluster([A, B], {ann: Shared([A, B], 0.98)}, mixed, {}, model=Model())] == [()]


def test_the_first_reason_that_no_release_covers_holds_a_lead() -> None:
    large = RULES.held_tips_max + 1
    released: list[Release] = []

    def held(tip_count: int, *ties: Key) -> Hold | None:
        return hold_of(tip_count, bridges=[MAIL], crossings=[PHONE], ties=ties, releases=released, rules=RULES)

    for hold in (
        Hold("weak_bridge", MAIL),
        Hold("several_people", PHONE),
        Hold("weak_tie", IP),
        Hold("many_tips"),
    ):
        assert held(large, IP) == hold
        released.append(Release(hold.reason, hold.identifier, large))
    assert held(large, IP) is None
    assert held(large, IP, IP_PORT) == Hold("weak_tie", IP_PORT)
    assert held(2 * large, IP) == Hold("many_tips")


def test_one_group_of_values_ties_two_clusters_and_a_second_group_does_not() -> None:
    both = Spread(2, {A: 1, B: 1})
    unknown = {A: Profile(), B: Profile()}
    assert ties_of({IP: both, IP_PORT: both}, unknown, (), rules=RULES) == {A: (IP,), B: (IP,)}
    assert ties_of({IP: both, PHONE: both}, unknown, (), rules=RULES) == {}
    assert ties_of({Key("sha256", "0" * 64): both}, unknown, (), rules=RULES) == {}
    assert ties_of({IP: both}, {A: Profile()}, (), rules=RULES) == {}, "the other has no lead, or too few tips"


def test_two_handles_of_one_making_tie_two_clusters_and_two_of_different_making_do_not() -> None:
    both, unknown = Spread(2, {A: 1, B: 1}), {A: Profile(), B: Profile()}
    dark, dark_mail = Key("username", "dark_lord77", "x"), Key("email", "darklord@example.org")
    assert ties_of({dark: both, dark_mail: both}, unknown, (), rules=RULES) == {A: (dark_mail,), B: (dark_mail,)}
    assert ties_of({dark: both, MAIL: both}, unknown, (), rules=RULES) == {}


def test_a_value_that_enough_others_hold_ties_nobody() -> None:
    unknown = {A: Profile(), B: Profile()}
    for others, is_tied in ((RULES.tie_others_max, True), (RULES.tie_others_max + 1, False)):
        ties = ties_of({IP: Spread(40 + others, {A: 20, B: 20})}, unknown, (), rules=RULES)
        assert (A in ties) is is_tied


def test_clusters_that_are_told_apart_are_not_tied() -> None:
    both = {IP: Spread(2, {A: 1, B: 1})}
    births = {A: Profile(births=("1980-02-03",)), B: Profile(births=("1991-11-30",))}
    assert ties_of(both, births, (), rules=RULES) == {}
    assert parted_clusters([(C, D)], {C: B, D: A}) == {(A, B)}
    assert ties_of(both, {A: Profile(), B: Profile()}, {(A, B)}, rules=RULES) == {}
