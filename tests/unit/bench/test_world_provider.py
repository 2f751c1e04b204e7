"""The provider world is valid, repeatable, as large as it says, and neither too clean nor too poor to learn from."""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from random import Random
from typing import Any

import pytest

from services.intake.http.forms import TipForm
from tests.bench.linking.provider_networks import DAY_S, Pool
from tests.bench.linking.provider_pictures import new_picture, take_encoding
from tests.bench.linking.provider_words import imei
from tests.bench.linking.world import World
from tests.bench.linking.worlds.provider import DESKS, generate

TIPS = 3_000


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1, TIPS)


def test_same_seed_draws_the_same_world(world: World) -> None:
    again = generate(1, TIPS)
    assert json.dumps(again.tips) == json.dumps(world.tips)
    assert again.actors == world.actors
    assert json.dumps(generate(2, 100).tips) != json.dumps(generate(1, 100).tips)


def test_intake_takes_every_tip(world: World) -> None:
    for tip in world.tips:
        TipForm.model_validate_json(json.dumps(tip))
        assert any(party["role"] == "subject" for party in tip["parties"])


def test_tips_are_named_once_and_come_in_order_of_arrival(world: World) -> None:
    assert len(world.tips) == len(world.actors) == TIPS
    assert len({(tip["source"], tip["source_ref"]) for tip in world.tips}) == TIPS
    arrivals = [datetime.fromisoformat(tip["reported_at"]) for tip in world.tips]
    assert arrivals == sorted(arrivals)


def test_sources_and_persons_have_the_stated_sizes(world: World) -> None:
    sources = Counter(tip["source"] for tip in world.tips)
    for source, desk in DESKS.items():
        assert sources[source] / TIPS == pytest.approx(desk.share / 100, abs=0.03)
    sizes = Counter(world.actors).values()
    assert max(sizes) <= 60
    assert sum(size <= 3 for size in sizes) > 0.75 * len(sizes)
    assert max(sizes) > 20


def test_joining_whatever_is_equal_joins_strangers(world: World) -> None:
    everything = [set(values(tip)) for tip in world.tips]
    assert pairwise_f1(join(everything), world.actors) < 0.2


def test_a_reader_who_knew_would_find_most_of_a_persons_tips(world: World) -> None:
    own = [
        {(actor, folded) for value in values(tip) if (folded := fold(value))}
        for tip, actor in zip(world.tips, world.actors, strict=True)
    ]
    assert 0.93 < pairwise_f1(join(own), world.actors) < 0.995


def test_an_address_at_home_serves_one_line_at_a_time() -> None:
    rng = Random(1)
    pool = Pool(24 << 24, 5, is_exclusive=True)
    leases = [(pool.lease(rng, start, start + DAY_S), start) for start in range(0, 100 * DAY_S, DAY_S // 3)]
    for address, start in leases:
        assert [other for other, since in leases if abs(since - start) < DAY_S].count(address) == 1


def test_copies_stay_near_their_original() -> None:
    rng = Random(1)
    picture = new_picture(rng, is_flagged=False)
    for _ in range(200):
        take_encoding(rng, picture)
    original, *copies = picture.encodings
    assert copies
    assert all(4 <= (copy.pdq ^ original.pdq).bit_count() <= 28 for copy in copies)
    assert len({copy.digest for copy in picture.encodings}) == len(picture.encodings)


def test_an_imei_ends_in_its_check_digit() -> None:
    rng = Random(1)
    for digits in (imei(rng) for _ in range(50)):
        doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(digits)]
        assert len(digits) == 15
        assert sum(sum(divmod(digit, 10)) for digit in doubled) % 10 == 0


def values(tip: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for party in tip["parties"]:
        for identifier in party.get("identifiers", ()):
            yield identifier["type"], identifier["value"]
    for file in tip["files"]:
        yield "file", file["md5"]


def fold(value: tuple[str, str]) -> tuple[str, str] | None:
    """Return what a value has in common with its other spellings; nothing for a handle that has too few letters."""
    kind, text = value
    if kind == "ip" and ":" in text:
        return kind, ":".join(text.split(":")[:4])
    if kind == "phone":
        return kind, "".join(filter(str.isdigit, text))
    if kind == "email":
        local, _, domain = text.lower().partition("@")
        is_folding = domain in {"gmail.com", "googlemail.com"}
        return kind, local.partition("+")[0].replace(".", "") if is_folding else text.lower()
    if kind == "username":
        letters = "".join(filter(str.isalpha, text.lower().translate(str.maketrans("4310", "aeio"))))
        return (kind, letters) if len(letters) >= 5 else None
    return value


def join(keys: Sequence[set[Any]]) -> list[int]:
    """Return a cluster per tip, when tips with a key in common are joined."""
    parents = list(range(len(keys)))

    def root(tip: int) -> int:
        while parents[tip] != tip:
            parents[tip] = parents[parents[tip]]
            tip = parents[tip]
        return tip

    first: dict[Hashable, int] = {}
    for tip, mine in enumerate(keys):
        for key in mine:
            parents[root(tip)] = root(first.setdefault(key, tip))
    return [root(tip) for tip in range(len(keys))]


def pairwise_f1(clusters: Sequence[int], actors: Sequence[str]) -> float:
    def pairs(names: Iterable[Hashable]) -> int:
        return sum(count * (count - 1) // 2 for count in Counter(names).values())

    return 2 * pairs(zip(clusters, actors, strict=True)) / (pairs(clusters) + pairs(actors))
