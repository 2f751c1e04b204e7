"""The invented register of the look-up bench, and the ways in which its names are written otherwise."""

from random import Random

import pytest

from tests.bench.lookup.damage import KINDS
from tests.bench.lookup.population import people


def test_a_seed_makes_the_same_people_however_many_are_made() -> None:
    few = list(people(50, 3))
    assert list(people(200, 3))[:50] == few
    assert list(people(50, 4)) != few


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_damage_changes_some_names_and_says_so_of_the_others(kind: str) -> None:
    chance, register = Random(1), list(people(400, 5))
    written = [(person, KINDS[kind](person, chance)) for person in register]
    changed = [(person, name) for person, name in written if name is not None]
    assert len(changed) >= 15
    assert all((name == person.name) is (kind == "exact") for person, name in changed)


def test_most_names_are_had_by_few() -> None:
    names = [person.name for person in people(5_000, 1)]
    assert len(set(names)) > 4_500
