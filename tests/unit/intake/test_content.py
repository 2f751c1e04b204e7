"""Equal content has one hash, other content another; and a party's id follows from tip and position."""

import json
import random
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.content import identified, party_id
from tests.builders import new_id
from tests.fakes import START
from tests.unit.intake.bodies import a_full_tip, a_tip, read


def shuffled(node: Any, dice: random.Random) -> Any:
    """Return the document with the fields of every object in another order."""
    if isinstance(node, list):
        return [shuffled(item, dice) for item in node]
    if not isinstance(node, dict):
        return node
    keys = list(node)
    dice.shuffle(keys)
    return {key: shuffled(node[key], dice) for key in keys}


@given(st.integers())
def test_the_order_of_fields_does_not_matter(seed: int) -> None:
    body = json.dumps(shuffled(a_full_tip(), random.Random(seed)), indent=seed % 3)
    assert read(body.encode()).digest == read(a_full_tip()).digest


@given(st.integers(-(10**15), 10**15), st.integers(-14 * 60, 14 * 60))
def test_the_same_moment_in_another_zone_is_the_same_content(microseconds: int, offset_min: int) -> None:
    utc = START + timedelta(microseconds=microseconds)
    there = utc.astimezone(timezone(timedelta(minutes=offset_min)))
    assert read(a_tip(reported_at=there.isoformat())).digest == read(a_tip(reported_at=utc.isoformat())).digest


@pytest.mark.parametrize(
    "more",
    [
        {"parties": []},
        {"files": [], "related_refs": [], "urgency": {}},
        {"urgency": {"viral": False, "travel_on": None}},
        {"incident": {"type": "possession", "platform": None, "narrative": ""}},
        {"files": [{}, {"sha1": ""}, {"viral": False}]},
    ],
)
def test_what_says_nothing_is_as_if_absent(more: dict[str, Any]) -> None:
    assert read(a_tip(**more)).digest == read(a_tip()).digest
    assert read(a_tip(**more)).content == read(a_tip()).content


def test_an_empty_value_deep_within_is_as_if_absent() -> None:
    plain = a_tip(parties=[{"role": "subject", "identifiers": [{"type": "ip", "value": "192.0.2.1"}]}])
    identifier = {"type": "ip", "value": "192.0.2.1", "service": "", "verified": None}
    full = {
        "role": "subject",
        "names": [""],
        "identifiers": [identifier],
        "addresses": [{"city": ""}],
        "birth_date": None,
    }
    assert read(a_tip(parties=[full])).digest == read(plain).digest


@pytest.mark.parametrize(
    "other",
    [
        {"incident": {"type": "travel"}},
        {"reported_at": "2026-03-01T10:00:00.000001Z"},
        {"urgency": {"viral": True}},
        {"parties": [{"role": "victim"}]},
        {
            "parties": [
                {"role": "subject", "identifiers": [{"type": "email", "value": "a@b.example", "verified": False}]}
            ]
        },
        {"files": [{"pdq_quality": 0}]},
        {"related_refs": ["A"]},
    ],
)
def test_other_content_has_another_hash(other: dict[str, Any]) -> None:
    assert read(a_tip(**other)).digest != read(a_tip()).digest


def test_the_order_of_parties_matters_as_their_ids_go_by_position() -> None:
    parties = [{"role": "subject"}, {"role": "victim"}]
    assert read(a_tip(parties=parties)).digest != read(a_tip(parties=parties[::-1])).digest


def test_a_partys_id_is_a_uuid7_of_the_tips_moment_and_differs_by_tip_and_position() -> None:
    tips = [new_id() for _ in range(20)]
    ids = [party_id(tip, position) for tip in tips for position in range(50)]
    assert len(set(ids)) == len(ids)
    assert all(id_.version == 7 and id_.variant == "specified in RFC 4122" for id_ in ids)
    assert all(party_id(tip, 3).int >> 80 == tip.int >> 80 for tip in tips)


def test_a_position_keeps_its_id_whoever_else_comes_or_goes() -> None:
    tip = new_id()
    long = identified([{"role": "subject"}, {"role": "victim"}, {"role": "witness"}], tip)
    short = identified([{"role": "subject"}], tip)
    assert long[0]["party_id"] == short[0]["party_id"]
    assert long == identified([{"role": "subject"}, {"role": "victim"}, {"role": "witness"}], tip)
