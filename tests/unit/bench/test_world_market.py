"""The market world is what its docstring says: desks that each know else, changing personas, shared money."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from deploy.local.layout import CHECKOUT
from shared.identifiers import normalise_identifier
from tests.bench.linking.market_people import SIZE_MAX
from tests.bench.linking.world import World
from tests.bench.linking.worlds.market import BUNDLE, DESKS, FILLERS, MISTYPED, NO_REGION, NOBODY, generate

TIPS = 2_000


@cache
def world() -> World:
    return generate(1, TIPS)


def subjects_of(tip: dict[str, Any]) -> list[dict[str, Any]]:
    return [party for party in tip["parties"] if party["role"] == "subject"]


def rows_of(tip: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for party in subjects_of(tip) for row in party["identifiers"]]


def holders_of(type_: str) -> dict[str, set[str]]:
    """Return the offenders on whose tips each value stands as the subject's."""
    holders: dict[str, set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        for row in rows_of(tip):
            if row["type"] == type_:
                holders[row["value"]].add(actor)
    return holders


def test_tips_stand_in_order_of_arrival() -> None:
    times = [tip["reported_at"] for tip in world().tips]
    assert times == sorted(times)


def test_another_process_with_another_hash_seed_draws_the_same_world() -> None:
    code = "from tests.bench.linking.worlds.market import generate as g; import hashlib; "
    code += "print(hashlib.sha256(repr(g(4, 400)).encode()).hexdigest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_identifiers_are_well_formed_but_for_what_clerks_get_wrong() -> None:
    fillers = {value for _, value in FILLERS}
    rows = [row for tip in world().tips for row in rows_of(tip) if row["value"] not in fillers]
    scopes = [{name: row.get(name) for name in ("service", "region", "country")} for row in rows]
    unread = [
        row
        for row, scope in zip(rows, scopes, strict=True)
        if normalise_identifier(row["type"], row["value"], **scope) is None
    ]
    phones = sum(row["type"] == "phone" for row in unread)
    assert 0 < phones < NO_REGION * sum(row["type"] == "phone" for row in rows)
    assert len(unread) - phones < MISTYPED * len(rows)


def test_sources_report_in_about_the_shares_of_their_desks() -> None:
    counts = Counter(tip["source"] for tip in world().tips)
    for source in {desk.source for desk in DESKS.values()}:
        share = sum(desk.weight for desk in DESKS.values() if desk.source == source) / 100
        assert counts[source] / TIPS == pytest.approx(share, abs=0.06)


def test_the_form_tells_one_thing_or_two_and_other_desks_more() -> None:
    told = defaultdict(list)
    for tip in world().tips:
        party = subjects_of(tip)[0]
        told[tip["source"]].append(len(party["identifiers"]) + len(party.get("names", ())))
    means = {source: sum(counts) / len(counts) for source, counts in told.items()}
    assert means.pop("tipline") < 1.8
    assert min(means.values()) > 2.5


def test_offenders_have_one_to_forty_five_tips_and_most_one() -> None:
    sizes = Counter(Counter(world().actors).values())
    assert 15 < max(sizes) <= SIZE_MAX
    assert sizes[1] > 0.5 * sum(sizes.values())
    nobodies = sum(actor.startswith("nobody") for actor in world().actors)
    assert nobodies / TIPS == pytest.approx(NOBODY, abs=0.015)


def test_money_numbers_mailboxes_and_devices_are_shared_by_offenders_and_passports_hardly() -> None:
    most = {type_: max(map(len, holders_of(type_).values())) for type_ in ("payment", "phone", "email", "device")}
    assert min(most.values()) > 1, most
    assert most["payment"] > 4
    shared = [len(actors) > 1 for actors in holders_of("document").values()]
    assert sum(shared) < 0.1 * len(shared)


def test_some_tips_name_two_suspects_and_count_as_the_first_ones() -> None:
    bundles = [tip for tip in world().tips if len(subjects_of(tip)) == 2]
    assert 0 < len(bundles) < BUNDLE * TIPS
    assert {tip["source"] for tip in bundles} <= {"police", "interpol", "foreign_police", "field"}


def test_one_name_comes_in_several_spellings() -> None:
    spelled: dict[str, set[str]] = defaultdict(set)
    for tip, actor in zip(world().tips, world().actors, strict=True):
        if len(subjects_of(tip)) == 1:
            spelled[actor].update(subjects_of(tip)[0].get("names", ()))
    names = [name for found in spelled.values() for name in found]
    assert max(map(len, spelled.values())) > 3
    assert any(not name.isascii() for name in names)
