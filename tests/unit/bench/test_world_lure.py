"""The lure world is what its docstring says: valid tips, its sizes and sources, and what offenders share and keep."""

from collections import Counter, defaultdict
from random import Random
from statistics import median
from typing import Any

import pytest

from services.intake.http.forms import TipForm
from tests.bench.linking.baselines import link_all_values
from tests.bench.linking.lure_money import draw_imei, draw_wallet, spell_bitcoin
from tests.bench.linking.lure_networks import DAY, Lease, Wanted, find_lease, lend
from tests.bench.linking.lure_pictures import draw_copy, draw_picture
from tests.bench.linking.lure_society import ACCOUNTS, CREW_SIZES, SOLD_RATE, Society
from tests.bench.linking.score import score_clusters
from tests.bench.linking.world import World
from tests.bench.linking.worlds.lure import SOURCE_WEIGHTS, generate

TIPS = 3_000


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1, TIPS)


@pytest.fixture(scope="module")
def society() -> Society:
    return Society(Random(2), 2_000)


def holders_of(world: World, type_: str, role: str = "subject") -> dict[str, set[str]]:
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for tip, actor in zip(world.tips, world.actors, strict=True):
        for given in identifiers_of(tip, role):
            if given["type"] == type_:
                holders[given["value"]].add(actor)
    return holders


def identifiers_of(tip: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [given for party in tip["parties"] if party["role"] == role for given in party["identifiers"]]


def test_every_tip_is_one_that_intake_takes(world: World) -> None:
    taken = [TipForm.model_validate(tip) for tip in world.tips]
    assert [(form.source, form.source_ref) for form in taken] == [(t["source"], t["source_ref"]) for t in world.tips]


def test_tips_come_in_order_and_have_names_of_their_own(world: World) -> None:
    times = [TipForm.model_validate(tip).reported_at for tip in world.tips]
    names = {(tip["source"], tip["source_ref"]) for tip in world.tips}
    assert times == sorted(times)
    assert len(names) == len(world.tips) == len(world.actors) == TIPS


def test_a_referred_tip_came_before(world: World) -> None:
    seen: set[str] = set()
    referred = 0
    for tip in world.tips:
        assert set(tip.get("related_refs", ())) <= seen
        referred += "related_refs" in tip
        seen.add(tip["source_ref"])
    assert referred > TIPS * 0.01


def test_sources_report_by_their_weights(world: World) -> None:
    counts = Counter(tip["source"] for tip in world.tips)
    for source, weight in SOURCE_WEIGHTS.items():
        assert counts[source] / TIPS == pytest.approx(weight / 100, abs=0.025)


def test_half_of_the_offenders_have_one_or_two_tips_and_some_fifty(world: World) -> None:
    sizes = Counter(world.actors).values()
    assert median(sizes) <= 2
    assert 40 <= max(sizes) <= 50


def test_a_crew_shares_its_wallet_and_numbers_pass_on_but_accounts_hardly(world: World) -> None:
    wallets = [actors for value, actors in holders_of(world, "payment").items() if value.startswith(("bc1", "0x"))]
    numbers, accounts = holders_of(world, "phone").values(), holders_of(world, "account").values()
    assert max(map(len, wallets)) >= 5
    assert sum(len(actors) > 1 for actors in numbers) > len(numbers) * 0.05
    assert 0 < sum(len(actors) > 1 for actors in accounts) < len(accounts) * 0.05


def test_schools_report_on_many_offenders(world: World) -> None:
    assert max(map(len, holders_of(world, "email", "reporter").values())) >= 5


def test_whoever_joins_all_that_is_equal_joins_nearly_all(world: World) -> None:
    clusters = link_all_values(world).clusters
    assert clusters is not None
    score = score_clusters(clusters, world.actors)
    assert score.f1 < 0.2
    assert score.largest > TIPS / 2


def test_a_file_comes_again_in_other_bytes_but_is_never_flagged(world: World) -> None:
    files = [file for tip in world.tips for file in tip.get("files", ())]
    assert files
    assert not any(file.get("viral") for file in files)
    picture = draw_picture(Random(1))
    copy = draw_copy(Random(2), picture)
    assert copy.digest != picture.digest
    assert 0 < (copy.pdq ^ picture.pdq).bit_count() <= 24


def test_offenders_hold_their_accounts_one_after_the_other(society: Society) -> None:
    for offender in society.offenders:
        for slot in offender.slots:
            assert slot.starts == sorted(slot.starts)
            assert slot.find_account(offender.end) is slot.accounts[-1]
        # Whatever was bought is in the first place.
        for slot in offender.slots[1:]:
            assert ACCOUNTS[0] <= len(slot.accounts) * len(offender.slots) <= ACCOUNTS[1]


def test_some_accounts_go_from_one_offender_to_another(society: Society) -> None:
    held = Counter(account for person in society.offenders for slot in person.slots for account in slot.accounts)
    assert 0.005 < sum(count > 1 for count in held.values()) / len(held) < SOLD_RATE


def test_crews_have_the_stated_sizes(society: Society) -> None:
    crews = Counter(id(offender.crew) for offender in society.offenders if offender.crew)
    assert crews
    # The last one may lack members, when the tips are used up.
    assert sum(not CREW_SIZES[0] <= members <= CREW_SIZES[1] for members in crews.values()) <= 1


def test_one_value_is_lent_to_one_at_a_time() -> None:
    rows: list[list[Lease]] = [[] for _ in range(40)]
    wanted = [Wanted(n * DAY, (n + 5) * DAY, n, row) for n, row in enumerate(rows)]
    names = iter(f"value-{n}" for n in range(40))
    lend(Random(1), wanted, lambda: next(names), relent_rate=1.0, idle_s=(0, DAY))
    for day in range(45):
        held = [value for row in rows if (value := find_lease(row, day * DAY))]
        assert len(set(held)) == len(held) <= 5
    assert len({row[0].value for row in rows}) < 10


def test_wallets_and_device_numbers_are_well_formed() -> None:
    rng = Random(1)
    assert {len(draw_wallet(rng)["value"]) for _ in range(20)} == {42}
    # The example of BIP 173.
    key_hash = 0x751E76E8199196D454941C45D1B3A323F1433BD6
    assert spell_bitcoin(key_hash) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    digits = [int(digit) for digit in draw_imei(rng)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    assert (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
