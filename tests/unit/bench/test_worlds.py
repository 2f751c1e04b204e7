"""What holds for every kind of world of the linking bench, whatever it assumes."""

import pytest

from services.intake.http.forms import TipForm
from tests.bench.linking.__main__ import find_worlds

WORLDS = find_worlds()


@pytest.fixture(params=sorted(WORLDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_same_seed_gives_the_same_world_and_another_seed_another(kind: str) -> None:
    generate = WORLDS[kind]
    assert generate(7, 300) == generate(7, 300)
    assert generate(7, 300).tips != generate(8, 300).tips


@pytest.mark.parametrize("tip_count", [1, 2, 999])
def test_a_world_has_exactly_the_tips_asked_for(kind: str, tip_count: int) -> None:
    small = WORLDS[kind](3, tip_count)
    assert len(small.tips) == len(small.actors) == tip_count


def test_every_tip_is_valid_for_intake_and_named_once(kind: str) -> None:
    tips = WORLDS[kind](1, 2_000).tips
    for tip in tips:
        TipForm.model_validate(tip)
    assert len({(tip["source"], tip["source_ref"]) for tip in tips}) == len(tips)
